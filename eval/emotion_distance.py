"""Earth mover's distance between distributions over the seven classes, exact, for many clips at once.

What it costs to move a share from one class to another is how far the two lie apart in the space of pleasure, arousal
and dominance, by the mean ratings of their words (Russell & Mehrabian 1977); neutral lies at the origin. Calling anger
disgust costs little then, calling it happiness much. Divided by the largest distance of two classes: 0 (equal) to 1.

The distance is the largest difference of means of a function that changes no faster than the distance (Kantorovich &
Rubinstein 1958). Such functions on seven points form a polytope, and only its corners matter: they are listed once,
and a distance is the largest of as many dot products.
"""

from functools import cache
from typing import Final

import numpy as np
from scipy.spatial import HalfspaceIntersection

from ..reasoning.evidence.tables import rows
from ..records.labels import EMOTIONS
from .measure import Floats

#: Mean dominance of the words whose pleasure and arousal stand in ``evidence_affect.csv`` (Russell & Mehrabian 1977).
_DOMINANCE: Final = {
    "happiness": 0.35,
    "sadness": -0.33,
    "anger": 0.25,
    "fear": -0.43,
    "surprise": -0.13,
    "disgust": 0.11,
    "neutral": 0.0,
}
#: Distributions at a time.
_ROWS: Final = 4096


@cache
def ground_distances() -> Floats:
    """Distance of any two classes, ``[7, 7]`` in the order of ``EMOTIONS``, the largest being 1.

    Examples
    --------
    >>> at = {name: number for number, name in enumerate(EMOTIONS)}
    >>> bool(ground_distances()[at["anger"], at["disgust"]] < 0.25 < ground_distances()[at["anger"], at["happiness"]])
    True
    """
    by_emotion = {row["emotion"]: row for row in rows("evidence_affect.csv")}
    places = np.array(
        [
            (float(by_emotion[name]["valence"]), float(by_emotion[name]["arousal"]), _DOMINANCE[name])
            for name in EMOTIONS
        ]
    )
    distances = np.sqrt(((places[:, None] - places[None]) ** 2).sum(axis=-1))
    return np.asarray(distances / distances.max(), dtype=np.float64)


def emotion_distances(ours: Floats, theirs: Floats) -> Floats:
    """Earth mover's distances of paired distributions.

    Parameters
    ----------
    ours, theirs : float array ``[clips, 7]``
        Rows sum to 1, classes in the order of ``EMOTIONS``.

    Returns
    -------
    float array ``[clips]``
        0 to 1.

    Examples
    --------
    >>> happy, sad = np.eye(7)[:1], np.eye(7)[1:2]
    >>> float(emotion_distances(happy, happy)[0]), round(float(emotion_distances(happy, sad)[0]), 3)
    (0.0, 1.0)
    """
    gaps = np.asarray(ours, dtype=np.float64) - np.asarray(theirs, dtype=np.float64)
    found = [(gaps[at : at + _ROWS] @ _corners()).max(axis=1) for at in range(0, len(gaps), _ROWS)]
    return np.clip(np.concatenate(found), 0.0, 1.0) if found else np.zeros(0)


@cache
def _corners() -> Floats:
    """Corners ``[7, k]`` of the functions with ``f[i] - f[j] <= distance[i, j]`` and ``f = 0`` for the last class.

    A constant added to a function changes no difference of means, so one class may be fixed.
    """
    distances = ground_distances()
    free = len(EMOTIONS) - 1
    unit = np.vstack([np.eye(free), np.zeros(free)])
    walls = [
        (*(unit[one] - unit[other]), -distances[one, other])
        for one in range(free + 1)
        for other in range(free + 1)
        if one != other
    ]
    corners = HalfspaceIntersection(np.array(walls), np.zeros(free)).intersections
    return np.hstack([corners, np.zeros((len(corners), 1))]).T
