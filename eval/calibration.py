"""Whether confidence means anything: calibration error, reliability, risk over coverage.

How right an answer is may be 0 or 1, or the share of raters who chose the same class.

Calibration: bins of equally many answers by confidence (Nixon et al. 2019), made once on the clips as they are; equal
confidences share a bin, so a system that always says the same has one. With few clips the error is too high on average,
even of a calibrated system: see its interval, and compare systems on the same clips.

Risk over coverage: answers by confidence, the surest first; how often the first so many are wrong. Its area (AURC;
El-Yaniv & Wiener 2010, Geifman et al. 2019) is the mean over all coverages. Equal confidences share the error rate of
their group, so no order among them is made up.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from .measure import DrawnMeasure, Floats, Measure
from .pictures import Lines

#: Most bins of confidence.
BINS: Final = 10
#: Most points of a drawn curve.
_POINTS: Final = 200


def equal_mass_bins(confidence: Floats, bins: int = BINS) -> NDArray[np.intp]:
    """Bin of each answer: as many answers in each as equal confidences allow; bins count up with confidence.

    Examples
    --------
    >>> equal_mass_bins(np.array([0.9, 0.2, 0.5, 0.5, 0.5, 0.7]), bins=3).tolist()
    [2, 0, 1, 1, 1, 2]
    """
    if not len(confidence):
        return np.zeros(0, dtype=np.intp)
    middles = (stats.rankdata(confidence) - 0.5) / len(confidence)
    return np.minimum((middles * bins).astype(np.intp), bins - 1)


def calibration_measure(confidence: Floats, right: Floats, applies: NDArray[np.bool_], bins: int = BINS) -> Measure:
    """ECE, the expected calibration error: mean distance of confidence and accuracy, bins weighted by their answers.

    Parameters
    ----------
    confidence : float array ``[clips]``
        Probability of the class that was chosen.
    right : float array ``[clips]``
        How right that class is, 0 to 1.
    applies : bool array ``[clips]``
        Whether the clip counts.

    Examples
    --------
    >>> calibration_measure(np.full(4, 0.75), np.array([1.0, 1.0, 1.0, 0.0]), np.ones(4, dtype=bool)).value
    0.0
    """
    sums = np.zeros((len(confidence), bins + 1))
    rows = np.flatnonzero(applies)
    sums[rows, equal_mass_bins(confidence[applies], bins)] = confidence[applies] - right[applies]
    sums[rows, bins] = 1.0
    return Measure(name="ECE", sums=sums, of=_mean_gap, applies=applies, higher_is_better=False)


def _mean_gap(sums: Floats) -> Floats:
    return np.asarray(np.abs(sums[..., :-1]).sum(axis=-1) / sums[..., -1], dtype=np.float64)


def reliability(confidence: Floats, right: Floats, bins: int = BINS, level: float = 0.95) -> Lines:
    """Accuracy over mean confidence, bin by bin, with Wilson's intervals (wide ones where raters share an answer)."""
    of_bin = equal_mass_bins(confidence, bins)
    points, bands = [], []
    for number in np.unique(of_bin):
        chosen = of_bin == number
        rate, mean = float(right[chosen].mean()), float(confidence[chosen].mean())
        points.append((mean, rate))
        bands.append((mean, *wilson(rate, int(chosen.sum()), level)))
    return Lines(
        title="Reliability: how often answers of each confidence are right",
        x_title="confidence",
        y_title="accuracy",
        series={"answers": tuple(points)},
        bands={"answers": tuple(bands)},
        diagonal=True,
    )


def wilson(rate: float, size: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a rate (Wilson 1927).

    Examples
    --------
    >>> tuple(round(end, 3) for end in wilson(0.5, 10))
    (0.237, 0.763)
    """
    z = float(stats.norm.ppf((1 + level) / 2))
    middle = (rate + z**2 / (2 * size)) / (1 + z**2 / size)
    half = z * (rate * (1 - rate) / size + z**2 / (4 * size**2)) ** 0.5 / (1 + z**2 / size)
    return max(middle - half, 0.0), min(middle + half, 1.0)


class RiskCoverage:
    """Risk over coverage of some answers.

    Parameters
    ----------
    confidence : sequence of float
        The surest answers come first.
    wrong : sequence of float
        How wrong each is, 0 to 1.

    Examples
    --------
    >>> curve = RiskCoverage([0.9, 0.8, 0.1], [0.0, 1.0, 1.0])
    >>> round(curve.area(np.arange(3)), 4)
    0.3889
    """

    def __init__(self, confidence: Sequence[float], wrong: Sequence[float]) -> None:
        _, order = np.unique(-np.asarray(confidence, dtype=np.float64), return_inverse=True)
        self._group = order.reshape(-1).astype(np.intp)
        self._wrong = np.asarray(wrong, dtype=np.float64)
        self._groups = int(self._group.max()) + 1 if self._group.size else 0
        self._harmonic = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, len(self._group) + 1))])

    def area(self, drawn: NDArray[np.intp]) -> float:
        """Mean risk over all coverages of the drawn answers, NaN without any.

        Within a group of n answers and an error rate e, after N answers of which E were wrong, the risk at N + k is
        (E + k e) / (N + k); over k these sum to (E - N e)(H(N + n) - H(N)) + n e, with H the harmonic numbers.
        """
        sizes, wrong = self._counts(drawn)
        after = np.cumsum(sizes)
        if not len(after):
            return float("nan")
        before = after - sizes
        rate = wrong / sizes
        if int(after[-1]) >= len(self._harmonic):
            self._harmonic = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, int(after[-1]) + 1))])
        gone = np.cumsum(wrong) - wrong - before * rate
        steps = self._harmonic[after.astype(np.intp)] - self._harmonic[before.astype(np.intp)]
        return float((gone * steps + wrong).sum() / after[-1])

    def _counts(self, drawn: NDArray[np.intp]) -> tuple[Floats, Floats]:
        """Answers and errors of each group that was drawn, the surest first."""
        groups = self._group[drawn]
        sizes = np.bincount(groups, minlength=self._groups).astype(np.float64)
        wrong = np.bincount(groups, weights=self._wrong[drawn], minlength=self._groups).astype(np.float64)
        return sizes[sizes > 0], wrong[sizes > 0]

    def points(self) -> tuple[tuple[float, float], ...]:
        """``(coverage, risk)`` after each group of equal confidence, thinned to some 200."""
        sizes, wrong = self._counts(np.arange(len(self._group)))
        covered = np.cumsum(sizes)
        thinned = np.unique(np.linspace(0, len(covered) - 1, min(len(covered), _POINTS)).round().astype(np.intp))
        risk = np.cumsum(wrong)[thinned] / covered[thinned]
        return tuple(zip((covered[thinned] / covered[-1]).tolist(), risk.tolist(), strict=True)) if len(covered) else ()


def area_measure(confidence: Floats, wrong: Floats | NDArray[np.bool_], applies: NDArray[np.bool_]) -> DrawnMeasure:
    """AURC of the clips that count, as a measure of all."""
    curve = RiskCoverage(confidence[applies].tolist(), wrong[applies].tolist())
    at = np.cumsum(applies) - 1

    def of(drawn: NDArray[np.intp]) -> float:
        return curve.area(at[drawn[applies[drawn]]])

    return DrawnMeasure(name="AURC", of=of, applies=applies, higher_is_better=False)


def risk_over_coverage(confidence: Floats, wrong: Floats | NDArray[np.bool_]) -> Lines:
    """Picture of risk over coverage."""
    points = RiskCoverage(confidence.tolist(), wrong.tolist()).points()
    return Lines(
        title="Risk over coverage: the surest answers first",
        x_title="share of clips answered",
        y_title="share of these answers that are wrong",
        series={"answers": points},
    )
