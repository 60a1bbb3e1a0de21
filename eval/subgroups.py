"""Subgroups: the main measures for each value of a column, and whether chance alone would make them as different."""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from .measure import AnyMeasure, DrawnMeasure, Floats, Measure, intervals
from .outcome import Group, Subgroups
from .sample import Gold
from .stats import Interval
from .suite import SuiteResult

#: Further values of a column are put together.
MOST_GROUPS: Final = 20
#: Smaller groups are shown, but the spread of the values does not rest on them.
LEAST_CLIPS: Final = 10
OTHERS: Final = "(others)"
NOT_GIVEN: Final = "(not given)"
_DIVISIONS: Final = 1000


def restricted(measure: AnyMeasure, clips: NDArray[np.intp]) -> AnyMeasure:
    """Return a measure of some of its clips only."""
    applies = measure.applies[clips]
    if isinstance(measure, Measure):
        return Measure(
            name=measure.name,
            sums=measure.sums[clips],
            of=measure.of,
            applies=applies,
            higher_is_better=measure.higher_is_better,
        )
    of = measure.of
    return DrawnMeasure(
        name=measure.name,
        of=lambda drawn: of(clips[drawn]),
        applies=applies,
        higher_is_better=measure.higher_is_better,
    )


def column_of(golds: Sequence[Gold], column: str) -> list[str]:
    """Value of a column for each clip; rare values are put together.

    ``speaker`` and ``emotion`` are columns as well.

    Raises
    ------
    ConfigError
        No clip has it.
    """
    name = column.strip().lower()
    values = [gold.columns.get(name) or _own(gold, name) for gold in golds]
    if not any(values):
        there = sorted({key for gold in golds for key in gold.columns})
        raise ConfigError(f"--by {column}: no row of the gold has that column; there are {', '.join(there) or 'none'}")
    common = Counter(value for value in values if value).most_common()
    kept = {value for value, _ in common[: MOST_GROUPS if len(common) <= MOST_GROUPS else MOST_GROUPS - 1]}
    return [NOT_GIVEN if not value else value if value in kept else OTHERS for value in values]


def _own(gold: Gold, name: str) -> str | None:
    return {"speaker": gold.speaker, "emotion": gold.reference.emotion}.get(name)


def subgroups(
    column: str,
    values: Sequence[str],
    results: Mapping[str, SuiteResult],
    groups: Sequence[Hashable] | None,
    *,
    resamples: int,
    level: float,
    seed: int,
) -> Subgroups:
    """Take a suite's main measure apart by a column.

    Parameters
    ----------
    column : str
        Its name.
    values : sequence of str
        Its value for each clip.
    results : mapping of str to SuiteResult
        System -> what the suite found; all of the same clips.
    groups : sequence, optional
        What each clip is drawn with.
    """
    names = sorted(set(values), key=lambda name: (name in (NOT_GIVEN, OTHERS), -values.count(name), name))
    clips = {name: np.flatnonzero(np.array(values) == name) for name in names}
    found = [
        Group(name=name, n_clips=len(chosen), values=_values(results, chosen, groups, resamples, level, seed))
        for name, chosen in clips.items()
    ]
    first = next(iter(results.values()))
    large = [name for name in names if name != NOT_GIVEN and len(clips[name]) >= LEAST_CLIPS]
    spread = {
        system: _spread(group.values[system].value for group in found if group.name in large) for system in results
    }
    notes = [
        note
        for system, result in results.items()
        if len(large) > 1 and (note := _by_chance(system, result.measures[0], values, large, groups, seed))
    ]
    if len(large) < len(names):
        notes.append(
            f"Groups of fewer than {LEAST_CLIPS} clips, and clips without a value, are shown but not compared."
        )
    return Subgroups(
        column=column,
        suite=first.suite,
        measure=first.measures[0].name,
        higher_is_better=first.measures[0].higher_is_better,
        groups=tuple(found),
        spread=spread,
        notes=tuple(notes),
    )


def _values(
    results: Mapping[str, SuiteResult],
    chosen: NDArray[np.intp],
    groups: Sequence[Hashable] | None,
    resamples: int,
    level: float,
    seed: int,
) -> dict[str, Interval]:
    """Take all systems' main measures on some of the clips, by the same drawings."""
    measures = [restricted(result.measures[0], chosen) for result in results.values()]
    of_chosen = None if groups is None else [groups[clip] for clip in chosen]
    found = intervals(measures, of_chosen, resamples=resamples, level=level, seed=seed)
    return dict(zip(results, found, strict=True))


def _spread(values: Iterable[float]) -> float:
    finite = [value for value in values if np.isfinite(value)]
    return max(finite) - min(finite) if len(finite) > 1 else float("nan")


def _by_chance(
    system: str,
    measure: AnyMeasure,
    values: Sequence[str],
    large: Sequence[str],
    groups: Sequence[Hashable] | None,
    seed: int,
) -> str | None:
    """Say how often a random division of the clips spreads the values as far; None where that cannot be asked."""
    if not isinstance(measure, Measure):
        return None
    label = np.array([large.index(value) if value in large else -1 for value in values])
    units, whole = _units(label, groups)
    rng = np.random.default_rng(seed)
    observed = _spread_of(measure, label, len(large))
    if not np.isfinite(observed):
        return None
    of_units = np.zeros(int(units.max()) + 1, dtype=label.dtype)
    of_units[units] = label
    beyond = known = 0
    for _ in range(_DIVISIONS):
        drawn = _spread_of(measure, rng.permutation(of_units)[units], len(large))
        known += int(np.isfinite(drawn))
        beyond += int(drawn >= observed - 1e-12)
    share = (beyond + 1) / (known + 1)
    often = f"{100 * share:.0f} %" if share >= 0.01 else "fewer than 1 %"
    return (
        f"{system}: best minus worst group {observed:.3f}; {often} of random divisions of the "
        f"{'speakers' if whole else 'clips'} differ as much."
    )


def _units(label: NDArray[np.intp], groups: Sequence[Hashable] | None) -> tuple[NDArray[np.intp], bool]:
    """Return what a random division deals out: whole speakers where each has one value of the column, else clips."""
    if groups is not None:
        numbers: dict[Hashable, int] = {}
        units = np.array([numbers.setdefault(group, len(numbers)) for group in groups], dtype=np.intp)
        if all(len(set(label[units == unit])) == 1 for unit in range(len(numbers))):
            return units, True
    return np.arange(len(label)), False


def _spread_of(measure: Measure, label: NDArray[np.intp], n_groups: int) -> float:
    members: Floats = (label[None, :] == np.arange(n_groups)[:, None]).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = np.asarray(measure.of(members @ measure.sums), dtype=np.float64)
    finite = values[np.isfinite(values)]
    return float(finite.max() - finite.min()) if finite.size > 1 else float("nan")
