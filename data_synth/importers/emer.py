"""EMER and OV-MERD: explanations that people checked, open-vocabulary labels, valence from -5 to 5, subtitles.

Keys: ``clip``, ``explanation_en``, ``explanation_zh``, ``open_vocab_labels``, ``label``, ``valence``,
``transcript_en``, ``transcript_zh``. An explanation names the emotion and reasons towards it: it is kept as the clip's
text and makes no cues. Cues come from a file of cues beside it; without one, only what was said is known.
"""

from ...eval.reading.cells import emotion_from, labels_in
from ...eval.reading.rows import Row, clip_of, number_in, written
from ...records import Clip, Reference
from ..labelled import LabelledClip
from .annotated import annotated
from .bundles import MER_SCALE
from .origins import licence_of
from .reading import Reading


def emer_clip(line: Row, reading: Reading) -> LabelledClip:
    """Make a clip of one explained sample; texts in the language asked for, else in the one there is."""
    name = clip_of(line, ("clip", "name", "id"))
    order = ("en", "zh") if reading.language == "en" else ("zh", "en")
    said = written(line, *(f"transcript_{language}" for language in order), "transcript", "subtitle")
    cueset = annotated(Clip(id=name, transcript=said), []).cueset
    valence = number_in(line, "valence", -MER_SCALE, MER_SCALE)
    return LabelledClip(
        id=name,
        cueset=reading.cues_of(name) or cueset,
        reference=Reference(
            labels=labels_in(line, "open_vocab_labels"),
            emotion=emotion_from(written(line, "label")),
            valence=None if valence is None else valence / MER_SCALE,
        ),
        text=written(line, *(f"explanation_{language}" for language in order)),
        source=reading.source or "EMER",
        licence=licence_of(reading.source or "EMER"),
    )
