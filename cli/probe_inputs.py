"""What ``emoreason probe`` works on: clips by their cues, and what is known of them."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ConfigError, EmoreasonError
from ..records import CueSet
from .inputs import read_inputs
from .terminal import complain, notice

if TYPE_CHECKING:
    from ..eval.sample import Gold


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeInputs:
    """Clips, the gold of those that have one, the files they come from, and how many rows failed."""

    cuesets: tuple[CueSet, ...]
    golds: "Mapping[str, Gold]"
    files: tuple[tuple[str, str], ...]
    failed: int

    @property
    def clips(self) -> int:
        """How many there are."""
        return len(self.cuesets)


def read_probe_inputs(
    inputs: Sequence[str],
    gold: str | None,
    *,
    speaker: str | None,
    language: str,
    limit: int | None,
    seed: int,
    by: Sequence[str],
) -> ProbeInputs:
    """Read clips and their gold; bad rows are told, the rest is taken.

    Raises
    ------
    ConfigError
        A file cannot be read, holds nothing usable, or the two files have no clip in common.
    """
    names = [_cue_file(name) for name in inputs]
    found, failed = _cuesets(names)
    rows = [] if gold is None else _golds(gold, speaker=speaker, language=language)
    if not inputs:
        found = {row.clip: row.reference.cueset for row in rows if row.reference.cueset is not None}
        if gold is not None and not found:
            raise ConfigError(f"{gold}: no row holds cues; give them with --input FILE")
    elif not found:
        raise ConfigError(f"{', '.join(inputs)}: holds no usable line of cues; see the errors above")
    golds = _joined(rows, found, gold)
    _check_columns(by, golds)
    clips = list(found)
    if limit is not None and limit < len(clips):
        chosen = set(random.Random(seed).sample(clips, limit))  # noqa: S311 - no secret
        clips = [clip for clip in clips if clip in chosen]
        notice(f"{limit} of {len(found)} clips, drawn by seed {seed}")
    files = (*(("input", name) for name in names if name != "-"), *([("gold", gold)] if gold is not None else []))
    return ProbeInputs(
        cuesets=tuple(found[clip] for clip in clips),
        golds={clip: golds[clip] for clip in clips if clip in golds},
        files=files,
        failed=failed,
    )


def _cue_file(name: str) -> str:
    folder = Path(name)
    return str(folder / "cues.jsonl") if name != "-" and folder.is_dir() else name


def _cuesets(names: Sequence[str]) -> tuple[dict[str, CueSet], int]:
    found: dict[str, CueSet] = {}
    failed = 0
    for source in read_inputs(names):
        try:
            cueset = source.cueset
            if cueset.clip.id in found:
                raise ConfigError(f"clip {cueset.clip.id!r:.80} has a line already; the first one counts")
        except EmoreasonError as error:
            failed += 1
            complain(source.place, error)
        else:
            found[cueset.clip.id] = cueset
    return found, failed


def _golds(path: str, *, speaker: str | None, language: str) -> "list[Gold]":
    from ..eval.reading.gold import read_gold

    read = read_gold(path, speaker=speaker, language=language)
    for place, why in read.problems:
        complain(place, why)
    for note in read.notes:
        notice(note)
    return read.golds


def _joined(rows: "Sequence[Gold]", found: Mapping[str, CueSet], gold: str | None) -> "dict[str, Gold]":
    from ..eval.reading.clip_names import ClipNames

    names = ClipNames(found)
    golds = {clip: row for row in rows if (clip := names.find(row.clip)) is not None}
    if gold is not None and not golds:
        raise ConfigError(
            f"{gold}: none of its {len(rows)} clips is among the {len(found)} inputs; ids must be the same"
        )
    if len(golds) < len(found) and gold is not None:
        notice(f"{len(golds)} of {len(found)} clips have a gold")
    return golds


def _check_columns(by: Sequence[str], golds: "Mapping[str, Gold]") -> None:
    there = sorted({name for row in golds.values() for name in row.columns})
    for column in by:
        if column not in there:
            raise ConfigError(f"--by {column}: no clip of the gold has it; there are {', '.join(there) or 'none'}")
