"""Rows -> examples, all steps in order: which rows, in which order, with which pictures, asked how."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ...errors import RecordError
from ...prompts.render import CountTokens
from ...records import TrainingRow
from ..example import Example
from ..settings import DataSettings, Method
from .curriculum import in_order
from .drawing import some_rows
from .frames import rows_with_frames
from .rendering import render_example

#: Told a row's id and what was left out of it, or why it was left out itself.
OnNote = Callable[[str, str], None]

_BLIND = "left out: it has no picture, and GRPO takes no batch in which only some rows have one"


def make_examples(
    rows: Sequence[TrainingRow],
    data: DataSettings,
    folder: Path,
    *,
    method: Method,
    vision: bool,
    pixels_per_token: float | None = None,
    count_tokens: CountTokens | None = None,
    on_note: OnNote | None = None,
) -> Iterator[Example]:
    """Render rows for training.

    Parameters
    ----------
    rows : sequence of TrainingRow
        Of one split. ``data.most_rows`` and ``data.curriculum`` apply to them.
    data : DataSettings
        What is made of them.
    folder : Path
        Pictures are written to its sub-folder ``frames``.
    method : {"sft", "grpo"}
        ``grpo`` with pictures leaves out rows that have none: TRL 1.16 fails on a batch in which only some rows have
        pictures (its SFT does not).
    vision : bool
        Whether the model takes pictures; if not there are none, whatever ``data.frames`` says.
    pixels_per_token, count_tokens : optional
        Of the model.
    on_note : callable, optional
        Told what was left out, as it happens.

    Yields
    ------
    Example
        One at a time: nothing is kept.

    Raises
    ------
    RecordError
        A target cannot be read, or no row is left.
    ConfigError
        No such curriculum, preset or language, or a budget that does not hold the instructions.
    """
    tell = on_note or (lambda row_id, note: None)
    chosen = in_order(some_rows(rows, data.most_rows, data.seed), data.curriculum)
    pictured = vision and data.frames > 0
    data = data if pictured else replace(data, frames=0)
    left = len(chosen)
    for row, notes in _with_frames(chosen, data, folder, pictured, pixels_per_token):
        for note in notes:
            tell(row.id, note)
        if pictured and method == "grpo" and not row.frames:
            tell(row.id, _BLIND)
            left -= 1
            continue
        example = render_example(row, data, method=method, count_tokens=count_tokens)
        yield replace(example, notes=(*notes, *example.notes)) if notes else example
    if chosen and not left:
        raise RecordError(f"none of {len(chosen)} rows has a picture to show; for text alone set data.frames = 0")


def _with_frames(
    rows: Sequence[TrainingRow], data: DataSettings, folder: Path, pictured: bool, pixels_per_token: float | None
) -> Iterator[tuple[TrainingRow, tuple[str, ...]]]:
    if pictured:
        return rows_with_frames(rows, data, folder, pixels_per_token=pixels_per_token)
    return ((row, ()) for row in rows)
