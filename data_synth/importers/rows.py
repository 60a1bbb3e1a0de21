"""Clips or CueSets with labels in any table: what training reads, under the names of columns that people use.

A row has cues (``cueset`` or ``cues``; or ``path`` of a clip whose cues stand in a file of cues beside it) and any of
``labels``, ``emotion``, ``distribution``, ``valence``, ``arousal``, ``action_units``, ``reference``; also
``explanation``, ``group``, ``source`` and ``licence``. Training rows and labelled examples are read as well; what they
say a model should write is the clip's text.
"""

from dataclasses import replace
from typing import Any, Final

from ...eval.reading.cells import emotion_from
from ...eval.reading.rows import Row, written
from ...prompts.contract import parse_answer
from ...records import TrainingRow
from ...training.rows.lines import LineReading, row_of_line
from ..labelled import LabelledClip
from .origins import group_of, licence_of
from .reading import Reading

#: Names of columns -> the one that training knows.
_ALSO: Final = {
    "label": "emotion", "class": "emotion", "discrete": "emotion",
    "open_vocab_labels": "labels", "openset": "labels", "ov_labels": "labels",
    "crowd": "distribution", "facs": "action_units", "aus": "action_units",
    "speaker": "group", "speaker_id": "group", "session": "group", "dialogue": "group",
}  # fmt: skip
_OWN: Final = ("source", "corpus", "dataset", "licence", "license", "text", "mode", "prompt")


def labelled_row(line: Row, reading: Reading, place: str) -> LabelledClip:
    """Make a clip of one row."""
    plain: dict[str, Any] = {name: cell for name, cell in line.items() if name not in _OWN}
    explained = written(line, "text")
    if not isinstance(line.get("cueset"), dict):  # else `explanation` is what the row teaches
        explained = explained or written(line, "explanation", "description")
        plain = {name: cell for name, cell in plain.items() if name not in ("explanation", "description")}
        for name, known in _ALSO.items():
            if name in plain:
                plain.setdefault(known, plain.pop(name))
    row = row_of_line(place, plain, LineReading(reading.file, reading.language, reading.pool, set()))
    source = written(line, "source", "corpus", "dataset") or _stored_source(row) or reading.source or "unknown"
    return LabelledClip(
        id=row.id,
        cueset=row.cueset,
        reference=replace(row.reference, cueset=None, shown=None, emotion=emotion_from(row.reference.emotion)),
        text=explained or (parse_answer(row.target).think if row.target else None),
        group=row.group or group_of(source, row.id),
        source=source,
        licence=written(line, "licence", "license") or licence_of(source),
    )


def _stored_source(row: TrainingRow) -> str | None:
    found = row.origin.get("source")
    return found if isinstance(found, str) else None
