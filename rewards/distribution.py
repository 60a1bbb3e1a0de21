"""Distribution reward: how close the answer's probabilities are to how a crowd split."""

import math
from collections.abc import Mapping
from typing import Final

from ..records import Reference, Score
from ..records.labels import EMOTIONS
from .classes import class_of
from .completion import Completion

_NAME: Final = "distribution"


def score_distribution(completion: Completion, reference: Reference, /) -> Score | None:
    """1 − the Jensen-Shannon divergence (base 2, 0 to 1) between the answer's and the crowd's distribution.

    The divergence is taken, not its square root. Both sides are normalised to sum 1 over the seven classes. An answer
    without a distribution scores 0, also when it has labels: else leaving the distribution out could pay. None when the
    reference has no distribution.

    Parts: ``js_divergence`` and ``js_distance`` (its square root); None when the answer has no distribution.

    Examples
    --------
    >>> answer = Completion(text="", answered=True, distribution={"anger": 1.0})
    >>> score_distribution(answer, Reference(distribution={"anger": 3, "disgust": 1})).value > 0.8
    True
    """
    crowd = normalised(reference.distribution or {})
    if crowd is None:
        return None
    answer = normalised(completion.distribution or {})
    if answer is None:
        return Score(name=_NAME, value=0.0, parts={"js_divergence": None, "js_distance": None})
    divergence = js_divergence(answer, crowd)
    parts: dict[str, float | str | None] = {"js_divergence": divergence, "js_distance": math.sqrt(divergence)}
    return Score(name=_NAME, value=1.0 - divergence, parts=parts)


def normalised(shares: Mapping[str, float]) -> tuple[float, ...] | None:
    """Shares of the seven classes in the order of ``EMOTIONS``, summing to 1; None when nothing usable is given.

    Synonyms of a class are added to it. Other names, negative and non-finite shares are left out.

    Examples
    --------
    >>> normalised({"joy": 3, "neutral": 1, "boredom": 9})
    (0.75, 0.0, 0.0, 0.0, 0.0, 0.0, 0.25)
    """
    sums = dict.fromkeys(EMOTIONS, 0.0)
    for name, share in shares.items():
        emotion = class_of(name)
        if emotion is not None and math.isfinite(share) and share > 0:
            sums[emotion] += share
    largest = max(sums.values())
    if not 0 < largest < math.inf:
        return None
    scaled = [share / largest for share in sums.values()]  # no overflow of the sum, whatever the unit
    total = math.fsum(scaled)
    return tuple(share / total for share in scaled)


def js_divergence(first: tuple[float, ...], second: tuple[float, ...]) -> float:
    """Jensen-Shannon divergence in bits, 0 (equal) to 1 (nothing in common), of two distributions of one length.

    Source: Lin 1991, IEEE Transactions on Information Theory 37(1).
    """
    middle = [(one + other) / 2 for one, other in zip(first, second, strict=True)]
    halves = [_kl_bits(first, middle), _kl_bits(second, middle)]
    return min(1.0, max(0.0, math.fsum(halves) / 2))


def _kl_bits(shares: tuple[float, ...], middle: list[float]) -> float:
    pairs = zip(shares, middle, strict=True)  # of the smallest numbers the mean may be 0
    return math.fsum(share * math.log2(share / mean) for share, mean in pairs if share > 1e-300)
