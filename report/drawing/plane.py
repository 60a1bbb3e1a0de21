"""The valence-arousal plane: where the answer lies, and where published ratings put the words for the seven classes.

The reference points are those the evidence engine computes with (``reasoning/data/evidence_affect.csv``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ...reasoning.evidence.tables import rows
from ...records import EmotionProbability

#: Half the width of the plane in units of the drawing: valence and arousal of 1.
REACH: Final = 100
#: Labels lie beside their point, on this side (dx, dy, anchor).
_LABEL_SIDES: Final = {
    "happiness": (22, 18, "end"),
    "surprise": (-10, 4, "end"),
    "anger": (9, 4, "start"),
    "fear": (0, -10, "middle"),
    "disgust": (0, 17, "middle"),
    "sadness": (0, 17, "middle"),
    "neutral": (9, 16, "start"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Anchor:
    """One emotion word on the plane; ``radius`` grows with its probability (by area)."""

    label: str
    x: float
    y: float
    radius: float
    label_x: float
    label_y: float
    side: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plane:
    """The answer's place (right is pleasant, up is activated; y grows downwards) and the reference points."""

    x: float
    y: float
    anchors: tuple[Anchor, ...]


def plane_of(valence: float | None, arousal: float | None, emotions: Sequence[EmotionProbability]) -> Plane | None:
    """Plane of an answer; None when it gives no valence or no arousal."""
    if valence is None or arousal is None:
        return None
    probabilities = {emotion.label: emotion.probability for emotion in emotions}
    anchors = tuple(
        _anchor(row["emotion"], float(row["valence"]), float(row["arousal"]), probabilities.get(row["emotion"], 0.0))
        for row in rows("evidence_affect.csv")
    )
    return Plane(x=round(REACH * valence, 1), y=round(-REACH * arousal, 1), anchors=anchors)


def _anchor(label: str, valence: float, arousal: float, probability: float) -> Anchor:
    x, y = REACH * valence, -REACH * arousal
    dx, dy, side = _LABEL_SIDES.get(label, (0, -10, "middle"))
    return Anchor(
        label=label, x=round(x, 1), y=round(y, 1), radius=round(2.5 + 9 * max(probability, 0.0) ** 0.5, 1),
        label_x=round(x + dx, 1), label_y=round(y + dy, 1), side=side,
    )  # fmt: skip
