"""Valence and arousal: the distribution's mean position on two published scales.

``V = sum P(e) V(e)`` with the mean ratings of Russell & Mehrabian (1977) in ``reasoning/data/evidence_affect.csv``
and neutral at the origin. It says where the words for these emotions lie, nothing is measured beyond them.
"""

import math
from functools import cache

from ...records.labels import EMOTIONS
from .score import Scored
from .tables import rows


def valence_arousal(scored: Scored) -> tuple[float, float]:
    """Mean valence and arousal of the distribution, each in [-1, 1]; the origin when there is no evidence at all."""
    if not scored.contributions:
        return 0.0, 0.0
    valence, arousal = (
        math.fsum(p * place for p, place in zip(scored.probabilities, scale, strict=True)) for scale in _scales()
    )
    return round(valence, 4), round(arousal, 4)


@cache
def _scales() -> tuple[tuple[float, ...], tuple[float, ...]]:
    by_emotion = {row["emotion"]: row for row in rows("evidence_affect.csv")}
    return (
        tuple(float(by_emotion[emotion]["valence"]) for emotion in EMOTIONS),
        tuple(float(by_emotion[emotion]["arousal"]) for emotion in EMOTIONS),
    )
