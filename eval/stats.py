"""Intervals and tests for scores of clips: bootstrap by clip, paired tests, correction for many tests.

Rows of one clip (two systems, three raters, several sentences) are not independent of each other. Everything here
therefore draws *clips*, and takes or leaves all rows of a clip together. The same seed gives the same numbers.

The resampling is written out because ``scipy.stats.bootstrap`` turns the whole interval to NaN when one resample has no
value (an AUC needs both classes); the tests hold the two together.

Sources: Efron & Tibshirani, An Introduction to the Bootstrap (1993; percentile and BCa intervals); Davison & Hinkley,
Bootstrap Methods and their Application (1997, 3.8; clusters); Koehn (2004; paired bootstrap of systems); McNemar
(1947); Holm (1979).
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Method = Literal["percentile", "BCa"]
Alternative = Literal["two-sided", "greater", "less"]
#: A statistic of rows: takes the columns, each resampled alike, and returns one number.
Statistic = Callable[..., float]

#: Bootstrap resamples and random permutations unless asked otherwise.
RESAMPLES: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate with its confidence interval.

    Attributes
    ----------
    value : float
        The statistic on the rows as they are.
    low, high : float
        Ends of the interval.
    level : float
        Confidence level, 0-1.
    n_clips : int
        Clips it rests on.
    method : str
        ``percentile``, ``BCa`` or ``DeLong``; ``percentile`` also where BCa is not defined.
    """

    value: float
    low: float
    high: float
    level: float
    n_clips: int
    method: str

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class TestResult:
    """A test: its statistic, its p-value, and how many clips (or pairs) decided it."""

    __test__ = False  # not a pytest class

    statistic: float
    p_value: float
    n: int


def bootstrap_drawn(
    statistic: Callable[[NDArray[np.intp]], float],
    n_clips: int,
    *,
    method: Method = "percentile",
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Bootstrap a statistic of drawn clips, for data that is more than rows (such as a matrix of clips by clips).

    Parameters
    ----------
    statistic : callable
        Takes the numbers of the drawn clips, int array ``[n_clips]`` with repeats, and returns a float. A resample on
        which it is NaN (one class only, say) is left out.
    n_clips : int
        How many there are; at least 2.
    method : str
        ``percentile``, or ``BCa``: corrected for bias and skew; it evaluates the statistic once more per clip.

    Raises
    ------
    ValueError
        There are fewer than two clips.
    """
    if n_clips < 2:
        raise ValueError(f"a bootstrap by clip needs at least two clips; got {n_clips}")
    clips = np.arange(n_clips)
    value = float(statistic(clips))
    rng = np.random.default_rng(seed)
    drawn = np.array([statistic(rng.integers(0, n_clips, n_clips)) for _ in range(resamples)], dtype=float)
    drawn = drawn[np.isfinite(drawn)]
    shares = np.array([(1 - level) / 2, (1 + level) / 2])
    used: str = method
    if method == "BCa":
        left_out = np.array([statistic(np.delete(clips, clip)) for clip in clips], dtype=float)
        corrected = _bca_shares(value, drawn, left_out[np.isfinite(left_out)], shares)
        used, shares = ("BCa", corrected) if corrected is not None else ("percentile", shares)
    low, high = np.quantile(drawn, shares) if drawn.size else (np.nan, np.nan)
    return Interval(value=value, low=float(low), high=float(high), level=level, n_clips=n_clips, method=used)


def _bca_shares(
    value: float, drawn: NDArray[np.float64], left_out: NDArray[np.float64], shares: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Shares of the bootstrap distribution that bound a BCa interval (Efron & Tibshirani 1993, 14.10); None if none."""
    below = (np.mean(drawn < value) + np.mean(drawn <= value)) / 2 if drawn.size else 0.0
    deviation = left_out.mean() - left_out if left_out.size else np.zeros(1)
    spread = float((deviation**2).sum()) ** 1.5
    if not 0 < below < 1 or spread == 0:
        return None
    bias = stats.norm.ppf(below)
    skew = float((deviation**3).sum()) / (6 * spread)
    z = bias + stats.norm.ppf(shares)
    return np.asarray(stats.norm.cdf(bias + z / (1 - skew * z)), dtype=np.float64)


def bootstrap_by_clip(
    statistic: Statistic,
    *columns: ArrayLike,
    clips: Sequence[Hashable] | None = None,
    method: Method = "percentile",
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Interval:
    """Interval of any statistic of rows, drawing clips with all their rows.

    Parameters
    ----------
    statistic : callable
        Takes the columns (arrays over rows) and returns a float.
    *columns : array_like
        One or more, equally long, shape ``[rows, ...]``.
    clips : sequence, optional
        The clip of each row. Without it every row is a clip of its own.
    method : str
        ``percentile`` or ``BCa``.
    level : float
        Confidence level.
    resamples : int
        Bootstrap resamples.
    seed : int
        Seed of the generator.

    Returns
    -------
    Interval

    Raises
    ------
    ValueError
        Columns of unequal length, or fewer than two clips.

    Examples
    --------
    >>> print(bootstrap_by_clip(np.mean, [0, 1, 1, 1], clips=["a", "a", "b", "b"], seed=1))
    0.750 [0.500, 1.000]
    """
    arrays = [np.asarray(column) for column in columns]
    rows = _rows_of_clips(arrays, clips)

    def of_drawn(drawn: NDArray[np.intp]) -> float:
        taken = np.concatenate([rows[clip] for clip in drawn])
        return float(statistic(*(array[taken] for array in arrays)))

    return bootstrap_drawn(of_drawn, len(rows), method=method, level=level, resamples=resamples, seed=seed)


def paired_bootstrap(
    statistic: Statistic,
    ours: ArrayLike,
    theirs: ArrayLike,
    *columns: ArrayLike,
    clips: Sequence[Hashable] | None = None,
    **options: Any,
) -> Interval:
    """Interval of ``statistic(ours, *columns) - statistic(theirs, *columns)``, both on the same drawn clips.

    Parameters
    ----------
    statistic : callable
        Takes one system's column and the shared columns.
    ours, theirs : array_like
        Values of two systems for the same rows.
    *columns : array_like
        What both are compared with, such as the labels.
    clips : sequence, optional
        The clip of each row.
    **options
        ``method``, ``level``, ``resamples``, ``seed`` of :func:`bootstrap_by_clip`.

    Examples
    --------
    >>> print(paired_bootstrap(np.mean, [0.9, 0.8, 0.7], [0.5, 0.4, 0.3]))
    0.400 [0.400, 0.400]
    """

    def difference(one: NDArray[Any], other: NDArray[Any], *rest: NDArray[Any]) -> float:
        return float(statistic(one, *rest)) - float(statistic(other, *rest))

    return bootstrap_by_clip(difference, ours, theirs, *columns, clips=clips, **options)


def _rows_of_clips(arrays: Sequence[NDArray[Any]], clips: Sequence[Hashable] | None) -> list[NDArray[np.intp]]:
    """Return the row numbers of each clip, clips in the order of their first row."""
    lengths = {len(array) for array in arrays} | ({len(clips)} if clips is not None else set())
    if len(lengths) != 1:
        raise ValueError(f"columns and clips must be equally long; got lengths {sorted(lengths)}")
    if clips is None:
        return [np.array([row]) for row in range(lengths.pop())]
    rows: dict[Hashable, list[int]] = {}
    for row, clip in enumerate(clips):
        rows.setdefault(clip, []).append(row)
    return [np.array(numbers) for numbers in rows.values()]


def _clip_differences(ours: ArrayLike, theirs: ArrayLike, clips: Sequence[Hashable] | None) -> NDArray[np.float64]:
    difference = np.asarray(ours, dtype=float) - np.asarray(theirs, dtype=float)
    return np.array([difference[rows].mean() for rows in _rows_of_clips([difference], clips)])


def paired_permutation_test(
    ours: ArrayLike,
    theirs: ArrayLike,
    *,
    clips: Sequence[Hashable] | None = None,
    alternative: Alternative = "two-sided",
    resamples: int = 9999,
    seed: int = 0,
) -> TestResult:
    """Test whether two systems score alike on average, by swapping them within clips (Fisher's sign-flip test).

    The statistic is the mean over clips of the mean difference of a clip. All ``2 ** n`` swaps are tried when there are
    at most ``resamples`` of them, else random ones.

    Examples
    --------
    >>> paired_permutation_test([2, 3, 4, 5], [1, 1, 1, 1]).p_value
    0.125
    """
    differences = _clip_differences(ours, theirs, clips)
    found = stats.permutation_test(
        (differences,),
        lambda sample, axis: np.mean(sample, axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=resamples,
        batch=max(1, 2_000_000 // max(len(differences), 1)),
        alternative=alternative,
        rng=np.random.default_rng(seed),
    )
    return TestResult(statistic=float(found.statistic), p_value=float(found.pvalue), n=len(differences))


def sign_test(
    ours: ArrayLike,
    theirs: ArrayLike,
    *,
    clips: Sequence[Hashable] | None = None,
    alternative: Alternative = "two-sided",
) -> TestResult:
    """Test whether one system is better on more clips than the other; ties are left out. ``n`` counts the others.

    Examples
    --------
    >>> sign_test([1, 1, 1, 1, 0], [0, 0, 0, 0, 0])
    TestResult(statistic=1.0, p_value=0.125, n=4)
    """
    differences = _clip_differences(ours, theirs, clips)
    return _binomial(int((differences > 0).sum()), int((differences < 0).sum()), alternative)


def mcnemar_test(ours: ArrayLike, theirs: ArrayLike, *, alternative: Alternative = "two-sided") -> TestResult:
    """McNemar's test, exact: whether two systems are right equally often on the same clips.

    Parameters
    ----------
    ours, theirs : array_like of bool
        Whether each is right, one row a clip.

    Returns
    -------
    TestResult
        ``statistic`` is the share of clips on which only ours is right among those where one of them is; ``n`` how many
        those are.

    Examples
    --------
    >>> mcnemar_test([True] * 6 + [False] * 2, [False] * 6 + [True, False]).p_value
    0.125
    """
    one, other = np.asarray(ours, dtype=bool), np.asarray(theirs, dtype=bool)
    _rows_of_clips([one, other], None)
    return _binomial(int((one & ~other).sum()), int((other & ~one).sum()), alternative)


def _binomial(wins: int, losses: int, alternative: Alternative) -> TestResult:
    total = wins + losses
    if total == 0:
        return TestResult(statistic=0.5, p_value=1.0, n=0)
    found = stats.binomtest(wins, total, 0.5, alternative=alternative)
    return TestResult(statistic=wins / total, p_value=float(found.pvalue), n=total)


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjust p-values of a family of tests by Holm's step-down method; order is kept.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    adjusted = [0.0] * len(p_values)
    highest = 0.0
    for place, index in enumerate(order):
        highest = max(highest, min(1.0, p_values[index] * (len(p_values) - place)))
        adjusted[index] = highest
    return adjusted
