"""Measures: numbers that can be taken of any drawing of the clips, so that all of them have intervals and tests.

A :class:`Measure` knows what every clip adds and how a value comes of the sums: a mean is two sums, a weighted F1 the
sums of a confusion matrix, a CCC six moments. A bootstrap of all measures of a report is then one product of matrices,
and the difference of two systems takes the same draws for both. What is no function of sums (a rank, an area) gives
its value for drawn clips itself (:class:`DrawnMeasure`).

Clips of one group (a speaker) are drawn together. Rows of clips to which a measure does not apply are zeros: all
measures of a suite rest on the same list of clips.

Sources: Efron & Tibshirani (1993); Koehn (2004; paired bootstrap of systems); Good, Permutation, Parametric and
Bootstrap Tests of Hypotheses (2005).
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .drawing import Stack, at_a_time, draw_groups, toss_coins
from .stats import RESAMPLES, Interval

Floats = NDArray[np.float64]
#: Sums of the same clips in another order differ by this share of the value at most.
_ROUNDING: Final = 1e-11


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measure:
    """A number of a suite, as a function of sums over clips.

    Attributes
    ----------
    name : str
        As the report shows it (``wheel F``, ``UAR``).
    sums : float array ``[clips, k]``
        What each clip adds; all zeros where the measure does not apply to it.
    of : callable
        Sums ``[..., k]`` -> values ``[...]``; NaN where they have none (a class that nobody drew).
    applies : bool array ``[clips]``
        Clips that it rests on.
    higher_is_better : bool or None
        None: neither (a length, a rate of abstention).
    """

    name: str
    sums: Floats
    of: Callable[[Floats], Floats]
    applies: NDArray[np.bool_]
    higher_is_better: bool | None = True

    def at(self, weights: Floats) -> Floats:
        """Values ``[draws]`` for how often each clip was drawn, ``[draws, clips]``."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.of(weights @ self.sums), dtype=np.float64)

    @property
    def value(self) -> float:
        """Value on the clips as they are."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return float(self.of(self.sums.sum(axis=0)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnMeasure:
    """A number that is no function of sums: it is taken anew of each drawing.

    ``of`` takes the numbers of the drawn clips, int array with repeats. The rest is as in :class:`Measure`.
    """

    name: str
    of: Callable[[NDArray[np.intp]], float]
    applies: NDArray[np.bool_]
    higher_is_better: bool | None = True

    def at(self, weights: Floats) -> Floats:
        """Values ``[draws]`` for how often each clip was drawn, ``[draws, clips]``."""
        clips = np.arange(weights.shape[1])
        return np.array([self.of(np.repeat(clips, row.astype(np.intp))) for row in weights], dtype=np.float64)

    @property
    def value(self) -> float:
        """Value on the clips as they are."""
        return float(self.of(np.arange(len(self.applies))))


AnyMeasure = Measure | DrawnMeasure


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Ours minus theirs: an interval, and the p-value of a paired test (None where there is none)."""

    interval: Interval
    p_value: float | None


def mean_measure(name: str, values: Sequence[float | None], *, higher_is_better: bool | None = True) -> Measure:
    """Mean over the clips that have a value.

    Examples
    --------
    >>> mean_measure("hits", [1.0, 0.0, None, 1.0]).value.__round__(3)
    0.667
    """
    applies = np.array([value is not None for value in values], dtype=bool)
    taken = np.array([0.0 if value is None else value for value in values], dtype=np.float64)
    sums = np.stack([taken, applies.astype(np.float64)], axis=-1) if len(values) else np.zeros((0, 2))
    return Measure(name=name, sums=sums, of=share, applies=applies, higher_is_better=higher_is_better)


def share(sums: Floats) -> Floats:
    """First sum over the second: the ``of`` of means and rates."""
    return np.asarray(sums[..., 0] / sums[..., 1], dtype=np.float64)


def intervals(
    measures: Sequence[AnyMeasure],
    groups: Sequence[Hashable] | None = None,
    *,
    resamples: int = RESAMPLES,
    level: float = 0.95,
    seed: int = 0,
) -> list[Interval]:
    """Percentile intervals of measures of the same clips, by drawing groups of clips.

    Parameters
    ----------
    measures : sequence
        All of the same clips, in the same order.
    groups : sequence, optional
        What each clip is drawn with (its speaker). Without it every clip is drawn on its own.
    resamples, level, seed
        As for :func:`~emoreason.eval.stats.bootstrap_by_clip`.

    Returns
    -------
    list of Interval
        ``n_clips`` counts the clips to which the measure applies. With fewer than two groups the ends are NaN.

    Examples
    --------
    >>> print(intervals([mean_measure("hits", [0, 1, 1, 1])], seed=1)[0])
    0.750 [0.250, 1.000]
    """
    if not measures:
        return []
    drawn = _drawn(measures, groups, resamples, seed)
    return [_interval(measure, measure.value, values, level) for measure, values in zip(measures, drawn, strict=True)]


def differences(
    ours: Sequence[AnyMeasure],
    theirs: Sequence[AnyMeasure],
    groups: Sequence[Hashable] | None = None,
    *,
    resamples: int = RESAMPLES,
    level: float = 0.95,
    seed: int = 0,
) -> list[Difference]:
    """Ours minus theirs, measure by measure: both on the same drawn clips, and a paired permutation test.

    The test swaps the two systems on random groups of clips; its p-value is two-sided and counts the arrangement as it
    is. A :class:`DrawnMeasure` has none.

    Raises
    ------
    ValueError
        The measures are not of equally many clips, or do not pair up.
    """
    if [measure.name for measure in ours] != [measure.name for measure in theirs]:
        raise ValueError("the two systems were not measured alike")
    if not ours:
        return []
    drawn = _drawn([*ours, *theirs], groups, resamples, seed)
    p_values = _permuted(ours, theirs, groups, resamples, seed)
    found = []
    for number, (one, other) in enumerate(zip(ours, theirs, strict=True)):
        gaps = drawn[number] - drawn[number + len(ours)]
        interval = _interval(one, one.value - other.value, gaps, level)
        found.append(Difference(interval=interval, p_value=p_values[number]))
    return found


def drawings(
    measures: Sequence[AnyMeasure],
    groups: Sequence[Hashable] | None = None,
    *,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> list[Floats]:
    """Values of each measure on every drawing of the clips, the same for all; empty with fewer than two groups.

    Examples
    --------
    >>> drawings([mean_measure("hits", [0, 1, 1, 1])], resamples=3, seed=1)[0].shape
    (3,)
    """
    return _drawn(measures, groups, resamples, seed) if measures else []


def _interval(measure: AnyMeasure, value: float, drawn: Floats, level: float) -> Interval:
    finite = drawn[np.isfinite(drawn)]
    shares = ((1 - level) / 2, (1 + level) / 2)
    low, high = (float(end) for end in np.quantile(finite, shares)) if finite.size else (np.nan, np.nan)
    n_clips = int(measure.applies.sum())
    return Interval(value=value, low=low, high=high, level=level, n_clips=n_clips, method="percentile")


def _numbered(groups: Sequence[Hashable] | None, n_clips: int) -> NDArray[np.intp]:
    """Return the group number of each clip."""
    if groups is None:
        return np.arange(n_clips)
    if len(groups) != n_clips:
        raise ValueError(f"{len(groups)} groups for {n_clips} clips")
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(group, len(numbers)) for group in groups], dtype=np.intp)


def _grouping(measures: Sequence[AnyMeasure], groups: Sequence[Hashable] | None) -> tuple[NDArray[np.intp], int]:
    """Return the group number of each clip, and how many groups there are."""
    sizes = {len(measure.applies) for measure in measures}
    if len(sizes) != 1:
        raise ValueError(f"the measures rest on different lists of clips: {sorted(sizes)}")
    group_of = _numbered(groups, sizes.pop())
    return group_of, int(group_of.max()) + 1 if group_of.size else 0


def _drawn(
    measures: Sequence[AnyMeasure], groups: Sequence[Hashable] | None, resamples: int, seed: int
) -> list[Floats]:
    """Values of each measure, one for each drawing of groups; none where there are fewer than two groups."""
    group_of, n_groups = _grouping(measures, groups)
    if n_groups < 2:
        return [np.zeros(0) for _ in measures]
    stack = Stack({id(one.sums): one.sums for one in measures if isinstance(one, Measure)}, group_of, n_groups)
    rng = np.random.default_rng(seed)
    count = at_a_time(resamples, n_groups)
    found = np.empty((len(measures), resamples))
    for start in range(0, resamples, count):
        often = draw_groups(rng, min(count, resamples - start), n_groups)
        totals = stack.totals(often)
        for values, measure in zip(found[:, start : start + len(often)], measures, strict=True):
            if isinstance(measure, Measure):
                values[:] = _value(measure, stack.part(totals, id(measure.sums)))
            else:
                values[:] = measure.at(often[:, group_of])
    return list(found)


def _value(measure: Measure, totals: Floats) -> Floats:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(measure.of(totals), dtype=np.float64)


def _permuted(
    ours: Sequence[AnyMeasure],
    theirs: Sequence[AnyMeasure],
    groups: Sequence[Hashable] | None,
    resamples: int,
    seed: int,
) -> list[float | None]:
    """P-value of each pair of measures; None where it is no function of sums, or one of the two has no value."""
    group_of, n_groups = _grouping([*ours, *theirs], groups)
    pairs = {
        number: (one, other)
        for number, (one, other) in enumerate(zip(ours, theirs, strict=True))
        if isinstance(one, Measure) and isinstance(other, Measure) and np.isfinite(one.value - other.value)
    }
    beyond, known = dict.fromkeys(pairs, 0), dict.fromkeys(pairs, 0)
    stack = Stack({_key(*pair): pair[0].sums - pair[1].sums for pair in pairs.values()}, group_of, n_groups)
    rng = np.random.default_rng(seed)
    count = at_a_time(resamples, n_groups)
    for start in range(0, resamples if pairs else 0, count):
        kept = stack.totals(toss_coins(rng, min(count, resamples - start), n_groups))
        for number, (one, other) in pairs.items():
            gained = stack.part(kept, _key(one, other))
            arranged = _value(one, other.sums.sum(axis=0) + gained), _value(one, one.sums.sum(axis=0) - gained)
            gaps = np.abs(arranged[0] - arranged[1])
            observed = abs(one.value - other.value)
            beyond[number] += int(np.sum(gaps >= observed - _ROUNDING * max(1.0, observed)))
            known[number] += int(np.isfinite(gaps).sum())
    return [(beyond[at] + 1) / (known[at] + 1) if at in pairs else None for at in range(len(ours))]


def _key(one: Measure, other: Measure) -> tuple[int, int]:
    return id(one.sums), id(other.sums)
