"""Reward for valence and arousal."""

import math
from typing import Final

from ..records import Reference, Score
from .completion import Completion

_DIMENSIONS: Final = ("valence", "arousal")


def score_valence_arousal(completion: Completion, reference: Reference, /) -> Score | None:
    """Mean of max(0, 1 − |answer − reference|) over the dimensions that the reference has.

    Both are in [-1, 1], so an error of half the scale earns nothing. A dimension that the answer lacks counts 0. None
    when the reference has neither.

    Parts: ``valence`` and ``arousal``, the errors (absolute; None: not in the answer, or not in the reference).

    Examples
    --------
    >>> answer = Completion(text="", answered=True, valence=-0.5)
    >>> score_valence_arousal(answer, Reference(valence=-0.75, arousal=0.5)).value
    0.375
    """
    scores: list[float] = []
    errors: dict[str, float | str | None] = dict.fromkeys(_DIMENSIONS)
    for name in _DIMENSIONS:
        expected = _finite(getattr(reference, name))
        if expected is None:
            continue
        given = _finite(getattr(completion, name))
        if given is None:
            scores.append(0.0)
            continue
        errors[name] = abs(given - expected)
        scores.append(max(0.0, 1.0 - abs(given - expected)))
    if not scores:
        return None
    return Score(name="valence_arousal", value=sum(scores) / len(scores), parts=errors)


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
