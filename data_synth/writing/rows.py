"""A chosen draft -> TrainingRow, and ``rows.jsonl``: rows with what those need who read them without this package.

A line is the JSON of a :class:`~emoreason.records.TrainingRow` with three more keys: ``clip``, the id of the input
clip; ``mode``, how the label took part in the writing; ``prompt``, the chat messages that a model is asked with, as
training renders them. Where a row comes from stands in its ``origin``, in words and numbers.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from ... import __version__
from ...reasoning.batch.row import plain_id
from ...records import TrainingRow
from ...training.examples.rendering import render_example
from ...training.rows.stored import Beside, read_stored, write_lines_and_table, write_rows
from ...training.settings import DataSettings
from ..checked import Checked
from ..labelled import LabelledClip

__all__ = ["PARQUET", "ROWS", "clip_of", "mode_of", "prompt_of", "read_rows", "row_of", "variant_of", "write_row_files"]

ROWS: Final = "rows.jsonl"
PARQUET: Final = "rows.parquet"
#: Begins the names of what was measured in a draft, in ``origin``.
MEASURED: Final = "measured."

_DATA: Final = DataSettings(train=())


def row_of(clip: LabelledClip, checked: Checked, *, drafts: int = 1, **more: float | int | str | None) -> TrainingRow:
    """Make a row of a draft that passed the checks.

    Parameters
    ----------
    clip : LabelledClip
    checked : Checked
        Its chosen draft.
    drafts : int
        How many were written for the clip.
    more
        Further facts for ``origin`` (``difficulty`` …).

    Examples
    --------
    >>> from emoreason.data_synth.draft import Draft, Manner
    >>> from emoreason.records import Clip, Cue, CueSet, Reference
    >>> smile = Cue(id="face1.AU12.1", modality="face", code="AU12", subject="face1")
    >>> cueset = CueSet(clip=Clip(id="1"), cues=(smile,))
    >>> clip = LabelledClip(id="MELD/1", cueset=cueset, reference=Reference(emotion="happiness"))
    >>> draft = Draft(number=2, text="<think>Hm.</think>{}", manner=Manner(mode="label-blind"), writer="evidence")
    >>> row = row_of(clip, Checked(draft=draft, measures={"grounded": 1.0}))
    >>> row.id, clip_of(row), mode_of(row), row.origin["writer"], row.origin["measured.grounded"]
    ('MELD/1#2', 'MELD/1', 'label-blind', 'evidence', 1.0)
    """
    draft, manner = checked.draft, checked.draft.manner
    origin: dict[str, float | int | str | None] = {
        "clip": plain_id(clip.id),
        "mode": manner.mode,
        "source": clip.source,
        "licence": clip.licence,
        "source_row_sha256": clip.line_sha256 or None,
        "masked_words": sum(clip.masked.values()),
        "refused_texts": clip.refused,
        "writer": draft.writer,
        "prompt_version": draft.prompt_version,
        "style": manner.style,
        "temperature": manner.temperature,
        "seed": manner.seed,
        "draft": draft.number,
        "drafts": drafts,
        "retries": draft.retries,
        "checks": "passed" if checked.passed else ", ".join(dict.fromkeys(fault.reason for fault in checked.faults)),
        "reward": checked.reward,
        "emoreason": __version__,
    }
    measured = {f"{MEASURED}{name}": round(value, 4) for name, value in checked.measures.items()}
    return TrainingRow(
        id=f"{plain_id(clip.id)}#{draft.number}",
        cueset=clip.cueset,
        target=plain_id(draft.text),  # a model may write half a surrogate pair, which no file holds
        reference=clip.reference,
        group=clip.group,
        preset=manner.preset,
        language=manner.language,
        origin={**origin, **measured, **more},
    )


def clip_of(row: TrainingRow) -> str:
    """Id of the input clip that a row was made of."""
    return _origin_text(row, "clip") or row.cueset.clip.id


def mode_of(row: TrainingRow) -> str | None:
    """How the label took part in the writing of a row (``data_synth/draft.py``); another word where nobody wrote."""
    return _origin_text(row, "mode")


def variant_of(row: TrainingRow) -> str | None:
    """Name what was changed about the row (``without voice``); None for one as its clip is."""
    return _origin_text(row, "variant")


def prompt_of(row: TrainingRow) -> list[dict[str, Any]]:
    """Chat messages that a model is asked with to write the row's target, as training renders them."""
    return [dict(message) for message in render_example(row, _DATA).messages]


#: What stands beside the fields of a row.
BESIDE: Final[Beside] = {"clip": clip_of, "mode": mode_of, "prompt": prompt_of}


def write_row_files(rows: Iterable[TrainingRow], folder: Path, *, parquet: bool = True) -> int:
    """Write ``rows.jsonl`` and, in the same pass, ``rows.parquet``, each whole or not at all; return how many rows.

    Parameters
    ----------
    rows : iterable of TrainingRow
        Taken one by one: they need not fit in memory, and may come from the file that is written.
    folder : Path
        Where the files stand.
    parquet : bool
        Write ``rows.parquet`` as well.

    Raises
    ------
    RecordError
        A row cannot be written.
    """
    if parquet:
        return write_lines_and_table(rows, folder / ROWS, folder / PARQUET, beside=BESIDE)
    return write_rows(rows, folder / ROWS, beside=BESIDE)


def read_rows(folder: Path) -> Iterator[TrainingRow]:
    """Yield the rows of a synthesis.

    Raises
    ------
    RecordError
        A line is no row.
    ConfigError
        There are none.
    """
    return read_stored(folder / ROWS)


def _origin_text(row: TrainingRow, name: str) -> str | None:
    value = row.origin.get(name)
    return value if isinstance(value, str) else None
