"""Systems against each other: differences, one correction for all tests, win matrices."""

import numpy as np
import pytest

from emoreason.eval.comparing import corrected, notes_on_tests, paired, win_matrix
from emoreason.eval.measure import mean_measure
from emoreason.eval.outcome import MeasureOutcome, PairedDifference, SuiteOutcome
from emoreason.eval.stats import Interval, holm
from emoreason.eval.suite import SuiteResult

NAN = float("nan")
RNG = np.random.default_rng(0)
STRONG = (RNG.random(60) < 0.8).astype(float).tolist()
WEAK = (RNG.random(60) < 0.4).astype(float).tolist()


def result(values: list[float], *more: str, higher: bool | None = True) -> SuiteResult:
    measures = (mean_measure("hits", values, higher_is_better=higher), *(mean_measure(name, values) for name in more))
    return SuiteResult(suite="s", measures=measures)


def outcome(*p_values: tuple[float | None, ...]) -> SuiteOutcome:
    """One suite; a tuple of p-values for each measure."""
    nowhere = Interval(value=0.0, low=NAN, high=NAN, level=0.95, n_clips=1, method="percentile")
    measures = tuple(
        MeasureOutcome(
            name=f"m{place}",
            higher_is_better=True,
            values={},
            differences=tuple(
                PairedDifference(ours="a", theirs=str(n), interval=nowhere, p=p) for n, p in enumerate(ps)
            ),
        )
        for place, ps in enumerate(p_values)
    )
    return SuiteOutcome(suite="s", about="", settings={}, measures=measures, counts={}, notes={}, pictures={})


def test_differences_of_shared_measures_only() -> None:
    results = {"a": result(STRONG, "own"), "b": result(WEAK, "other")}
    found = paired(results, [("a", "b"), ("a", "nobody")], None, resamples=500, level=0.95, seed=0)
    assert list(found) == ["hits"]
    (difference,) = found["hits"]
    assert difference.interval.value == pytest.approx(np.mean(STRONG) - np.mean(WEAK))
    assert difference.interval.low > 0
    assert difference.p is not None
    assert difference.p < 0.05


def test_main_measures_are_one_family_and_all_tests_the_other() -> None:
    first, second = corrected([outcome((0.01, None), (0.2,)), outcome((0.03,), (0.001, 0.04))])
    main = [one.p_holm for suite in (first, second) for one in suite.measures[0].differences]
    assert main == [0.02, None, 0.03]
    every = holm([0.01, 0.2, 0.03, 0.001, 0.04])
    assert first.measures[1].differences[0].p_holm == every[1]
    assert [one.p_holm for one in second.measures[1].differences] == every[3:]


def test_too_few_permutations_for_so_many_tests_are_said() -> None:
    told = notes_on_tests([outcome((0.5,) * 30, (0.5,))], resamples=200, n_drawn=99)
    assert "30 tests of main measures as one family, the others within all 31" in told[0]
    assert "raise --resamples to 600" in told[1]
    assert len(notes_on_tests([outcome((0.5,))], resamples=200, n_drawn=99)) == 1
    assert notes_on_tests([outcome((None,))], resamples=200, n_drawn=99) == []


def test_few_speakers_cannot_decide_many_tests() -> None:
    assert "Only 7 speakers or clips" in notes_on_tests([outcome((0.5,) * 4)], resamples=2000, n_drawn=7)[1]
    assert len(notes_on_tests([outcome((0.5,) * 3)], resamples=2000, n_drawn=7)) == 1


def test_the_win_matrix_ranks_and_its_two_halves_agree() -> None:
    found = win_matrix({"weak": result(WEAK), "strong": result(STRONG)}, None, resamples=300, seed=0)
    assert found is not None
    assert found.ranking == ("strong", "weak")
    (_, above), (below, _) = found.picture.values
    assert above is not None
    assert below is not None
    assert above > 0.95
    assert above + below == pytest.approx(1)
    lower = win_matrix({"a": result(WEAK, higher=False), "b": result(STRONG, higher=False)}, None, resamples=99, seed=0)
    assert lower is not None
    assert lower.ranking == ("a", "b")


def test_no_matrix_without_two_systems_or_a_better_end() -> None:
    assert win_matrix({"a": result(WEAK)}, None, resamples=9, seed=0) is None
    assert (
        win_matrix({"a": result(WEAK, higher=None), "b": result(WEAK, higher=None)}, None, resamples=9, seed=0) is None
    )
    nowhere = win_matrix({"a": result([]), "b": result([])}, None, resamples=9, seed=0)
    assert nowhere is not None
    assert nowhere.picture.values == [[None, None], [None, None]]
