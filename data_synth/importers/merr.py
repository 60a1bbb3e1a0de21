"""MERR: one JSON object, a sample by its name, as Emotion-LLaMA released it.

Keys of a sample: ``AU_list`` or ``peak_AU_list`` (codes that OpenFace found at the peak frame), ``audio_prior_list``
(prose on the voice), ``visual_objective_list`` (prose on the scene, where there is any), ``text`` (what is said),
``pseu_emotion`` (a label that a rule gave, no person), ``smp_reason_caption`` or ``caption`` (a language model's text).
``visual_prior_list`` says again what the codes say.
"""

from dataclasses import replace
from typing import Any, Final

from ...cues.imports.annotations import facs_cues
from ...eval.reading.cells import emotion_from
from ...eval.reading.rows import Row, clip_of, written
from ...records import Clip, Cue, Reference
from ...records.labels import Modality, parse_action_unit
from ..labelled import LabelledClip
from .annotated import annotated
from .origins import licence_of
from .reading import Reading

_CODES: Final = ("peak_au_list", "au_list")


def merr_clip(line: Row, reading: Reading) -> LabelledClip:
    """Make a clip of one sample."""
    name = clip_of(line, ("clip", "name", "id"))
    source = reading.source or "MERR"
    clip = Clip(id=name, transcript=written(line, "text", "subtitle"))
    prose: dict[Modality, str | None] = {
        "scene": _prose(line, "visual_objective_list"),
        "voice": _prose(line, "audio_prior_list"),
    }
    gold = Reference(emotion=emotion_from(written(line, "pseu_emotion", "emotion", "label")))
    found = annotated(clip, _face(line), prose, gold=gold, source="MERR")
    return LabelledClip(
        id=name,
        cueset=reading.cues_of(name) or found.cueset,
        reference=gold,
        text=written(line, "smp_reason_caption", "caption"),
        source=source,
        licence=licence_of(source),
        masked=found.masked,
        refused=found.refused,
    )


def _face(line: Row) -> list[Cue]:
    """Cues of the codes at the peak: there, without intensity."""
    found: Any = next((line[name] for name in _CODES if isinstance(line.get(name), list)), [])
    codes = dict.fromkeys(parsed[0] for one in found if (parsed := parse_action_unit(str(one).split(":")[0])))
    return [replace(cue, source="openface", marks=("presence_only", "other_scale")) for cue in facs_cues(codes)]


def _prose(line: Row, name: str) -> str | None:
    cell = line.get(name)
    if isinstance(cell, list):
        return " ".join(part for part in cell if isinstance(part, str)) or None
    return written(line, name)
