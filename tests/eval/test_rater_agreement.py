"""Agreement of raters: Krippendorff's alpha, and the judge beside people."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from emoreason.eval.judging.rater_agreement import judge_and_people, krippendorff_alpha
from emoreason.eval.sample import Gold
from emoreason.records import Reference

NAN = math.nan
#: Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), part C: four observers, twelve units.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]


def test_the_published_example() -> None:
    assert krippendorff_alpha(OBSERVERS, "nominal") == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(OBSERVERS, "interval") == pytest.approx(0.849, abs=5e-4)


@given(
    st.lists(st.lists(st.one_of(st.none(), st.integers(0, 4)), min_size=3, max_size=3), min_size=2, max_size=12),
    st.sampled_from(["interval", "nominal"]),
)
def test_it_agrees_with_another_implementation(units: list[list[int | None]], metric: str) -> None:
    library = pytest.importorskip("krippendorff", reason="krippendorff is not installed")
    table = np.array([[NAN if value is None else value for value in unit] for unit in units], dtype=float).T
    ours = krippendorff_alpha(table.tolist(), metric)  # type: ignore[arg-type]
    paired = table[:, np.isfinite(table).sum(axis=0) >= 2]
    if len(np.unique(paired[np.isfinite(paired)])) < 2:
        assert math.isnan(ours)
    else:
        assert ours == pytest.approx(library.alpha(table, level_of_measurement=metric), abs=1e-9)


def golds(columns: list[dict[str, str]]) -> list[Gold]:
    return [Gold(clip=str(number), reference=Reference(), columns=one) for number, one in enumerate(columns)]


def test_a_judge_is_compared_with_the_mean_of_the_people() -> None:
    people = golds(
        [{"Human_cot_1": str(number), "human_cot_2": str(number + 1), "human_cotton": "9"} for number in range(8)]
    )
    judged: list[float | None] = [0.5, 1.5, 2.5, 3.5, 4.5, 6.5, 5.5, None]
    found = judge_and_people(people, "cot", judged, seed=1)
    assert found is not None
    assert found.rho.value == pytest.approx(stats.spearmanr(range(7), judged[:7]).statistic)
    assert found.alpha.value == pytest.approx(krippendorff_alpha([judged[:7], [n + 0.5 for n in range(7)]]))
    assert (found.alpha.n_clips, found.raters) == (7, 2)
    assert found.humans_alpha == pytest.approx(krippendorff_alpha([list(range(7)), [n + 1 for n in range(7)]]))
    assert found.alpha.low <= found.alpha.value <= found.alpha.high
    assert "among the 2 people" in found.sentence("CoT")
    assert found == judge_and_people(people, "cot", judged, seed=1)


def test_without_scores_of_people_nothing_is_claimed() -> None:
    assert judge_and_people(golds([{}] * 5), "cot", [1.0] * 5, seed=0) is None
    assert (
        judge_and_people(golds([{"human_cot": "?"}, {"human_cot": "nan"}, {"human_cot": ""}]), "cot", [1] * 3, 0)
        is None
    )
    one = judge_and_people(golds([{"human_cot": str(number)} for number in range(4)]), "cot", [2.0] * 4, seed=0)
    assert one is not None
    assert one.humans_alpha is None
    assert math.isnan(one.rho.value)
