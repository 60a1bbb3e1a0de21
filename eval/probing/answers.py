"""What two answers have in common: the distribution each gives, its class, and how much of it moved."""

from collections import Counter
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...records import Explanation
from ...records.labels import EMOTIONS
from ...rewards.classes import class_of, family_of
from ...rewards.distribution import normalised

Shares = NDArray[np.float64]

HAPPINESS: Final = EMOTIONS.index("happiness")


def shares_of(explanation: Explanation) -> Shares | None:
    """Probabilities of the seven classes, in the order of ``EMOTIONS``.

    Where an answer gives none, its labels stand for them, each with an equal share of the families that they belong
    to. None when there are neither.

    Examples
    --------
    >>> shares_of(Explanation(clip="a", labels=("furious", "worried"))).tolist()
    [0.0, 0.0, 0.5, 0.5, 0.0, 0.0, 0.0]
    """
    given = normalised({item.label: item.probability for item in explanation.emotions})
    if given is None:
        families = Counter(family for label in explanation.labels if (family := family_of(label)) is not None)
        given = normalised(families)
    return None if given is None else np.array(given, dtype=np.float64)


def top_of(shares: Shares) -> int:
    """Return the number of the likeliest class; of equal ones the first.

    Probabilities are compared to nine digits: noise of the last digit is no change of the answer.
    """
    return int(np.argmax(np.round(shares, 9)))


def moved(one: Shares, other: Shares) -> float:
    """Share of the probability that lies elsewhere: the total variation distance, 0 (equal) to 1.

    Examples
    --------
    >>> moved(np.array([0.5, 0.5, 0.0]), np.array([0.5, 0.0, 0.5]))
    0.5
    """
    return float(np.abs(one - other).sum() / 2)


def entropy(shares: Shares) -> float:
    """Shannon entropy in nats: 0 is sure, ln 7 = 1.95 knows nothing."""
    some = shares[shares > 0]
    return float(-(some * np.log(some)).sum()) + 0.0


def class_number(name: str | None) -> int | None:
    """Return the number of the class that a word names or is of the family of; None when there is none."""
    found = class_of(name) or family_of(name) if name else None
    return None if found is None else EMOTIONS.index(found)
