"""Cue bundles in the manner of MERR: OpenFace intensities at the peak frame, prose on scene and voice, a label.

Keys: ``clip``, ``corpus``, ``au_intensity``, ``peak_s``, ``scene``, ``voice``, ``transcript``, ``label``, ``valence``.
``au_words`` says again what the intensities say. The intensities are measured at one frame: they are cues to reason
from, and no coder's gold.
"""

from typing import Final

from ...cues.imports.annotations import peak_cues
from ...eval.reading.cells import emotion_from, intensities_from, labels_in
from ...eval.reading.rows import Row, clip_of, number_in, written
from ...records import Clip, Reference
from ...records.labels import Modality
from ..labelled import LabelledClip
from .annotated import annotated
from .origins import group_of, licence_of
from .reading import Reading

#: Valence of MER2023 and MER2024 goes from -5 to 5.
MER_SCALE: Final = 5.0


def bundle_clip(line: Row, reading: Reading) -> LabelledClip:
    """Make a clip of one bundle."""
    name = clip_of(line, ("clip", "id"))
    source = written(line, "corpus", "dataset") or reading.source or "unknown"
    clip = Clip(id=name, transcript=written(line, "transcript", "subtitle"))
    intensities = intensities_from(line.get("au_intensity", {}), "au_intensity")
    prose: dict[Modality, str | None] = {"scene": written(line, "scene"), "voice": written(line, "voice")}
    valence = number_in(line, "valence", -MER_SCALE, MER_SCALE)
    gold = Reference(
        labels=labels_in(line, "labels"),
        emotion=emotion_from(written(line, "label", "emotion")),
        valence=None if valence is None else valence / MER_SCALE,
    )
    face = peak_cues(intensities, number_in(line, "peak_s", 0.0))
    found = annotated(clip, face, prose, gold=gold, source="bundle")
    return LabelledClip(
        id=name,
        cueset=found.cueset,
        reference=gold,
        group=written(line, "group", "speaker", "dialogue", "session") or group_of(source, name),
        source=source,
        licence=licence_of(source),
        masked=found.masked,
        refused=found.refused,
    )
