"""MELD's tables: one utterance a row, with its dialogue (``train_sent_emo.csv`` and its kin, also the dyadic ones).

Columns: ``Utterance``, ``Speaker``, ``Emotion``, ``Dialogue_ID``, ``Utterance_ID``, ``StartTime``, ``EndTime``. The
turns before it in the table are the clip's context. Face and voice come from a file of cues beside the table, by the
name of the clip (``dia3_utt4.mp4``).
"""

import re
from typing import Final

from ...errors import RecordError
from ...eval.reading.cells import emotion_from
from ...eval.reading.rows import Row, written
from ...records import Clip, Reference, Turn
from ..labelled import LabelledClip
from .annotated import annotated
from .origins import licence_of
from .reading import Reading

_TIME: Final = re.compile(r"(\d+):(\d\d):(\d\d)[,.](\d{1,3})")
#: Characters of Windows-1252 that stand in the tables under their numbers.
_MEANT: Final = {0x85: "…", 0x91: "‘", 0x92: "’", 0x93: "“", 0x94: "”", 0x96: "–", 0x97: "—"}


def meld_clip(line: Row, reading: Reading) -> LabelledClip:
    """Make a clip of one utterance."""
    dialogue = written(line, "old_dialogue_id", "dialogue_id")
    number = written(line, "old_utterance_id", "utterance_id")
    if dialogue is None or number is None:
        raise RecordError("names no clip; expected Dialogue_ID and Utterance_ID")
    said = (written(line, "utterance") or "").translate(_MEANT)
    speaker = written(line, "speaker") or ""
    name = f"dia{dialogue}_utt{number}"
    if reading.dialogue != dialogue:
        reading.dialogue, reading.turns = dialogue, []
    context = tuple(reading.turns)
    reading.turns.append(Turn(speaker, said))
    clip = Clip(id=name, duration_s=_duration_s(line), transcript=said or None, context=context)
    cueset = annotated(clip, []).cueset
    source = reading.source or "MELD"
    return LabelledClip(
        id=name,
        cueset=reading.cues_of(name) or cueset,
        reference=Reference(emotion=emotion_from(written(line, "emotion"))),
        # Each of MELD's files begins with dialogue 0 again.
        group=f"{source}/{reading.file.stem}/dia{dialogue}",
        source=source,
        licence=licence_of(source),
    )


def _duration_s(line: Row) -> float | None:
    """Length in seconds; None where the times are missing or run backwards, as some do."""
    times = [_TIME.fullmatch(written(line, name) or "") for name in ("starttime", "endtime")]
    if times[0] is None or times[1] is None:
        return None
    start, end = (
        int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{rest}")
        for hours, minutes, seconds, rest in (found.groups() for found in times if found)
    )
    return round(end - start, 3) if end > start else None
