"""RAF-AU, RAF-CE and RAF-ML: faces in the wild with a coder's FACS codes, a compound class and how a crowd voted.

One row per face: ``image``, ``facs`` (``1+4+L12``; null: no codes are known), ``compound`` (``sadly disgusted``),
``crowd`` (shares of six emotions). The official text files (:mod:`.raf_files`) are joined to such rows.
"""

from collections.abc import Mapping
from typing import Final

from ...cues.imports.annotations import facs_cues
from ...errors import RecordError
from ...eval.reading.cells import distribution_from, labels_in
from ...eval.reading.rows import Row, clip_of, written
from ...records import Clip, Reference
from ...records.labels import parse_action_unit
from ...rewards.classes import class_of
from ..labelled import LabelledClip
from .annotated import annotated
from .origins import licence_of
from .reading import Reading

#: Adverbs of compound classes -> labels.
_ADVERBS: Final = {
    "happily": "happy", "sadly": "sad", "fearfully": "fearful", "angrily": "angry", "disgustedly": "disgusted",
    "surprisedly": "surprised",
}  # fmt: skip


def raf_clip(line: Row, reading: Reading) -> LabelledClip:
    """Make a clip of one face."""
    name = clip_of(line, ("image", "clip", "id"))
    source = reading.source or "RAF"
    codes = _codes(written(line, "facs"))
    crowd = distribution_from(line["crowd"], "crowd", closed=True) if "crowd" in line else None
    # One face, no sound: 0 s long, as pictures are.
    clip = Clip(id=name, duration_s=0.0, has_video=True, has_audio=False)
    cueset = annotated(clip, facs_cues(codes or ()), picture=True).cueset
    return LabelledClip(
        id=name,
        cueset=reading.cues_of(name) or cueset,
        reference=Reference(
            labels=most_seen_first(labels_in(line, "labels") or compound_labels(written(line, "compound")), crowd),
            distribution=crowd,
            action_units=codes,
        ),
        source=source,
        licence=licence_of(source) or licence_of("RAF"),
    )


def compound_labels(compound: str | None) -> tuple[str, ...] | None:
    """Two labels of a compound class.

    Examples
    --------
    >>> compound_labels("disgustedly surprised"), compound_labels("Awed")
    (('disgusted', 'surprised'), ('awed',))
    """
    words = (compound or "").casefold().split()
    return tuple(dict.fromkeys(_ADVERBS.get(word, word) for word in words)) or None


def most_seen_first(labels: tuple[str, ...] | None, crowd: Mapping[str, float] | None) -> tuple[str, ...] | None:
    """Labels in the order of the crowd's votes: a compound class names its two in a fixed order.

    Examples
    --------
    >>> most_seen_first(("happy", "surprised"), {"surprise": 0.7, "happiness": 0.3})
    ('surprised', 'happy')
    """
    if labels is None or crowd is None:
        return labels
    return tuple(sorted(labels, key=lambda label: -crowd.get(class_of(label) or "", 0.0)))


def _codes(text: str | None) -> tuple[str, ...] | None:
    """FACS codes; a coder's slip of the pen is left out as long as others can be read. None: no codes are known."""
    if text is None or text.casefold() in ("null", "nan", "none"):
        return None
    parts = [part.strip() for part in text.replace(",", "+").split("+") if part.strip()]
    codes = tuple(part for part in parts if parse_action_unit(part) is not None)
    if parts and not codes and parts != ["0"]:
        raise RecordError(f"facs is {text[:40]!r}; expected FACS codes, as 1+4C+L12")
    return codes
