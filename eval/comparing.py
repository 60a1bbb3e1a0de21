"""Systems against each other: paired differences, one correction for all tests, and win matrices."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from .measure import AnyMeasure, Floats, differences, drawings
from .outcome import Comparison, MeasureOutcome, PairedDifference, SuiteOutcome
from .pictures import Matrix
from .stats import holm
from .suite import SuiteResult

Pair = tuple[str, str]
_ALPHA: Final = 0.05


def paired(
    results: Mapping[str, SuiteResult],
    pairs: Sequence[Pair],
    groups: Sequence[Hashable] | None,
    *,
    resamples: int,
    level: float,
    seed: int,
) -> dict[str, list[PairedDifference]]:
    """Differences of pairs of systems, by measure; measures that only one of the two has are left out."""
    found: dict[str, list[PairedDifference]] = {}
    for ours, theirs in pairs:
        if ours not in results or theirs not in results:
            continue
        one, other = _shared(results[ours].measures, results[theirs].measures)
        made = differences(one, other, groups, resamples=resamples, level=level, seed=seed)
        for measure, difference in zip(one, made, strict=True):
            row = PairedDifference(ours=ours, theirs=theirs, interval=difference.interval, p=difference.p_value)
            found.setdefault(measure.name, []).append(row)
    return found


def _shared(ours: Sequence[AnyMeasure], theirs: Sequence[AnyMeasure]) -> tuple[list[AnyMeasure], list[AnyMeasure]]:
    known = {measure.name: measure for measure in theirs}
    kept = [measure for measure in ours if measure.name in known]
    return kept, [known[measure.name] for measure in kept]


def corrected(outcomes: Sequence[SuiteOutcome]) -> tuple[SuiteOutcome, ...]:
    """Correct the p-values of a report by Holm's method.

    The main measures of all suites are one family: what systems are ranked by is not to pay for the many other numbers
    that are shown beside it. All tests together are the family of every other measure.
    """
    main = _corrected(outcomes, all_measures=False)
    every = _corrected(outcomes, all_measures=True)
    return tuple(
        replace(
            outcome,
            measures=tuple(
                replace(
                    measure,
                    differences=tuple(
                        replace(one, p_holm=(every if place else main).get((number, place, order)))
                        for order, one in enumerate(measure.differences)
                    ),
                )
                for place, measure in enumerate(outcome.measures)
            ),
        )
        for number, outcome in enumerate(outcomes)
    )


def _corrected(outcomes: Sequence[SuiteOutcome], *, all_measures: bool) -> dict[tuple[int, int, int], float]:
    raw = {
        (number, place, order): one.p
        for number, outcome in enumerate(outcomes)
        for place, measure in enumerate(outcome.measures)
        if all_measures or place == 0
        for order, one in enumerate(measure.differences)
        if one.p is not None
    }
    return dict(zip(raw, holm(list(raw.values())), strict=True))


def notes_on_tests(outcomes: Sequence[SuiteOutcome], resamples: int, n_drawn: int) -> list[str]:
    """Say what was corrected for what, and whether so many tests can be told apart at all.

    Parameters
    ----------
    outcomes : sequence of SuiteOutcome
        With their differences.
    resamples : int
        Permutations of a test.
    n_drawn : int
        What systems are swapped on: speakers, or clips. Two to their number arrangements there are.
    """
    main = sum(one.p is not None for outcome in outcomes for one in _differences(outcome.measures[:1]))
    every = sum(one.p is not None for outcome in outcomes for one in _differences(outcome.measures))
    if not main:
        return []
    notes = [
        f"p-values are of paired permutation tests ({resamples} permutations), corrected by Holm's method: the "
        f"{main} tests of main measures as one family, the others within all {every}."
    ]
    if main * 2.0 ** (1 - min(n_drawn, 60)) > _ALPHA:
        notes.append(
            f"Only {n_drawn} speakers or clips can be swapped: with {main} tests no corrected p-value can be below "
            f"{_ALPHA}, however large the difference."
        )
    elif main > _ALPHA * (resamples + 1):
        needed = int(np.ceil(main / _ALPHA))
        notes.append(f"With {main} tests no corrected p-value can be below {_ALPHA}: raise --resamples to {needed}.")
    return notes


def _differences(measures: Sequence[MeasureOutcome]) -> list[PairedDifference]:
    return [one for measure in measures for one in measure.differences]


def win_matrix(
    results: Mapping[str, SuiteResult],
    groups: Sequence[Hashable] | None,
    *,
    resamples: int,
    seed: int,
) -> Comparison | None:
    """Return how often each system beats each other in the main measure, over drawings of the clips (ties: half).

    None with fewer than two systems, or where the measure has no better end.
    """
    names = list(results)
    measures = [results[name].measures[0] for name in names]
    if len(names) < 2 or measures[0].higher_is_better is None:
        return None
    sign = 1.0 if measures[0].higher_is_better else -1.0
    drawn = [sign * values for values in drawings(measures, groups, resamples=resamples, seed=seed)]
    values = [sign * measure.value for measure in measures]
    order = sorted(range(len(names)), key=lambda number: (not np.isfinite(values[number]), -values[number], number))
    cells = [[None if one == other else _wins(drawn[one], drawn[other]) for other in order] for one in order]
    ranking = tuple(names[number] for number in order)
    picture = Matrix(
        title=f"How often the row beats the column: {measures[0].name}",
        rows=ranking,
        columns=ranking,
        values=cells,
        row_title="system",
        column_title="beaten",
        of="share of drawings",
    )
    suite = next(iter(results.values())).suite
    return Comparison(suite=suite, measure=measures[0].name, picture=picture, ranking=ranking)


def _wins(ours: Floats, theirs: Floats) -> float | None:
    known = np.isfinite(ours) & np.isfinite(theirs)
    if not known.any():
        return None
    gaps = ours[known] - theirs[known]
    return float(np.mean((gaps > 0) + 0.5 * (gaps == 0)))
