"""The emotion wheel: six sectors around neutral, each as large as its probability.

The six follow the order of Plutchik's circle (1980), in which neighbours resemble each other; its other two sectors
are not among the seven classes. Area, not length, is proportional to probability: the neutral disc in the middle and
the six sectors together always cover the same share of the wheel, one sector's worth.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ...records import EmotionProbability

ORDER: Final = ("happiness", "fear", "surprise", "sadness", "disgust", "anger")
RADIUS: Final = 100.0
_LABEL_RADIUS: Final = 112.0
_SECTOR: Final = math.tau / len(ORDER)
#: Sectors keep this distance from each other, in units of the drawing.
_SPACING: Final = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Sector:
    """One emotion: outline, place and side of its label, probability."""

    label: str
    probability: float
    path: str
    x: float
    y: float
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """Sectors, the radius of the neutral disc, and rings (radius, percent, label x and y)."""

    sectors: tuple[Sector, ...]
    neutral: float
    neutral_radius: float
    rings: tuple[tuple[float, int, float, float], ...]


def wheel_of(emotions: Sequence[EmotionProbability]) -> Wheel | None:
    """Wheel of a distribution over the seven classes; None when it has none of them."""
    probabilities = {emotion.label: max(emotion.probability, 0.0) for emotion in emotions}
    if not any(label in probabilities for label in ORDER):
        return None
    neutral = probabilities.get("neutral", 0.0)
    inner = RADIUS * math.sqrt(neutral / len(ORDER))
    sectors = tuple(_sector(number, label, probabilities.get(label, 0.0), inner) for number, label in enumerate(ORDER))
    rings = tuple(_ring(share, inner) for share in (0.25, 0.5, 0.75))
    return Wheel(sectors=sectors, neutral=neutral, neutral_radius=round(inner, 2), rings=rings)


def _outer(probability: float, inner: float) -> float:
    """Radius at which a sector beginning at ``inner`` has this probability's area."""
    return math.sqrt(RADIUS**2 * min(probability, 1.0) + inner**2)


def _ring(share: float, inner: float) -> tuple[float, int, float, float]:
    radius = _outer(share, inner)
    angle = _SECTOR / 2 - math.pi / 2  # between the first two sectors
    return round(radius, 2), round(100 * share), round(radius * math.cos(angle), 1), round(radius * math.sin(angle), 1)


def _sector(number: int, label: str, probability: float, inner: float) -> Sector:
    middle = number * _SECTOR - math.pi / 2
    outer = _outer(probability, inner)
    x, y = _LABEL_RADIUS * math.cos(middle), _LABEL_RADIUS * math.sin(middle)
    anchor = "middle" if abs(math.cos(middle)) < 0.1 else "start" if math.cos(middle) > 0 else "end"
    return Sector(
        label=label, probability=probability, path=_outline(middle, inner, outer), x=round(x, 1), y=round(y, 1),
        anchor=anchor,
    )  # fmt: skip


def _outline(middle: float, inner: float, outer: float) -> str:
    """Ring sector, from the left edge outside round to the left edge inside."""

    def corner(radius: float, side: int) -> str:
        # An equal distance from the edge on the inner and the outer arc keeps the spacing parallel.
        half = _SECTOR / 2 - min(_SPACING / 2 / radius, _SECTOR / 2) if radius > _SPACING else 0.0
        angle = middle + side * half
        return f"{radius * math.cos(angle):.2f} {radius * math.sin(angle):.2f}"

    return (
        f"M{corner(inner, -1)}L{corner(outer, -1)}A{outer:.2f} {outer:.2f} 0 0 1 {corner(outer, 1)}"
        f"L{corner(inner, 1)}A{inner:.2f} {inner:.2f} 0 0 0 {corner(inner, -1)}z"
    )
