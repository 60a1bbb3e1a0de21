"""Area under the ROC curve, with intervals: by clip (bootstrap), or of independent rows (DeLong).

Sources: DeLong, DeLong & Clarke-Pearson (1988); midranks as in Sun & Xu (2014).
"""

import warnings
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from .stats import Interval, TestResult, bootstrap_by_clip


def auc(scores: ArrayLike, positive: ArrayLike) -> float:
    """Area under the ROC curve: the chance that a positive row scores above a negative one, ties counting half.

    Parameters
    ----------
    scores : array_like of float
    positive : array_like of bool

    Returns
    -------
    float
        NaN when one of the classes is empty.

    Examples
    --------
    >>> auc([0.9, 0.4, 0.5, 0.1], [1, 1, 0, 0])
    0.75
    """
    values, positives = np.asarray(scores, dtype=float), np.asarray(positive, dtype=bool)
    n_positive = int(positives.sum())
    n_negative = len(positives) - n_positive
    if not n_positive or not n_negative:
        return float("nan")
    ranks = stats.rankdata(values)
    return float((ranks[positives].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def auc_interval(
    scores: ArrayLike, positive: ArrayLike, *, clips: Sequence[Hashable] | None = None, **options: Any
) -> Interval:
    """AUC with its bootstrap interval by clip; options as for :func:`bootstrap_by_clip`."""
    return bootstrap_by_clip(auc, scores, positive, clips=clips, **options)


def delong_interval(scores: ArrayLike, positive: ArrayLike, *, level: float = 0.95) -> Interval:
    """AUC with DeLong's interval, which takes every row for independent: a check for one row a clip."""
    area, covariance = _delong([scores], positive)
    half = float(stats.norm.ppf((1 + level) / 2)) * float(covariance[0, 0]) ** 0.5
    low, high = max(area[0] - half, 0.0), min(area[0] + half, 1.0)
    n_rows = len(np.asarray(positive))
    return Interval(value=area[0], low=low, high=high, level=level, n_clips=n_rows, method="DeLong")


def delong_test(ours: ArrayLike, theirs: ArrayLike, positive: ArrayLike) -> TestResult:
    """Test whether two scores of the same independent rows have the same AUC (two-sided); the statistic is z."""
    area, covariance = _delong([ours, theirs], positive)
    variance = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    difference = area[0] - area[1]
    n_rows = len(np.asarray(positive))
    if variance <= 0:
        return TestResult(statistic=0.0, p_value=1.0 if difference == 0 else 0.0, n=n_rows)
    z = difference / variance**0.5
    return TestResult(statistic=z, p_value=float(2 * stats.norm.sf(abs(z))), n=n_rows)


def _delong(columns: Sequence[ArrayLike], positive: ArrayLike) -> tuple[list[float], NDArray[np.float64]]:
    """AUCs and their covariance from placement values (midranks)."""
    is_positive = np.asarray(positive, dtype=bool)
    n_positive, n_negative = int(is_positive.sum()), int((~is_positive).sum())
    if min(n_positive, n_negative) < 2:
        raise ValueError(f"DeLong needs two rows of each class; got {n_positive} positive and {n_negative} negative")
    of_positive, of_negative = [], []
    for column in columns:
        values = np.asarray(column, dtype=float)
        ranks = stats.rankdata(values)
        of_positive.append((ranks[is_positive] - stats.rankdata(values[is_positive])) / n_negative)
        of_negative.append(1 - (ranks[~is_positive] - stats.rankdata(values[~is_positive])) / n_positive)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a NaN in the scores must not pass as a covariance
        covariance = np.atleast_2d(np.cov(of_positive)) / n_positive + np.atleast_2d(np.cov(of_negative)) / n_negative
    return [float(placed.mean()) for placed in of_positive], covariance
