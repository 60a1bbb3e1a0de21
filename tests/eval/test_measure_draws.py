"""eval/measure.py and eval/drawing.py: fast sums of draws against drawing clip by clip."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreason.eval.drawing import Stack, draw_groups, toss_coins
from emoreason.eval.measure import DrawnMeasure, Measure, differences, drawings, intervals, mean_measure, share
from emoreason.eval.stats import bootstrap_by_clip, paired_permutation_test


def some_sums(rng: np.random.Generator, clips: int, columns: int) -> np.ndarray:
    """Random sums; some columns are of a part of the clips only, some rows of none."""
    sums = rng.normal(size=(clips, columns))
    for column in range(columns):
        first, end = sorted(rng.integers(0, clips + 1, 2))
        if rng.random() < 0.6:
            sums[:first, column] = 0
            sums[end:, column] = 0
    return sums


@given(st.integers(1, 12), st.integers(1, 6), st.integers(0, 50))
def test_totals_of_a_stack_are_those_of_one_product(clips: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    arrays = {name: some_sums(rng, clips, columns) for name in "abc"}
    group_of = rng.integers(0, clips, clips)
    group_of = np.unique(group_of, return_inverse=True)[1]
    n_groups = int(group_of.max()) + 1
    # Groups are numbered in the order in which they come.
    order = {group: number for number, group in enumerate(dict.fromkeys(group_of.tolist()))}
    group_of = np.array([order[group] for group in group_of.tolist()])
    stack = Stack(arrays, group_of, n_groups)
    often = draw_groups(rng, 7, n_groups)
    totals = stack.totals(often)
    for name, sums in arrays.items():
        assert stack.part(totals, name) == pytest.approx(often[:, group_of] @ sums, abs=1e-9)


def test_draws_are_with_replacement_and_uniform() -> None:
    often = draw_groups(np.random.default_rng(0), 4000, 10)
    assert set(often.sum(axis=1)) == {10.0}
    assert often.mean(axis=0) == pytest.approx(np.ones(10), abs=0.06)
    assert often.var(axis=0) == pytest.approx(np.full(10, 0.9), abs=0.1)
    coins = toss_coins(np.random.default_rng(0), 4000, 11)
    assert coins.shape == (4000, 11)
    assert coins.mean(axis=0) == pytest.approx(np.full(11, 0.5), abs=0.04)


def test_many_groups_are_drawn_from_wider_integers() -> None:
    often = draw_groups(np.random.default_rng(0), 1, (1 << 16) + 10)
    assert often.sum() == (1 << 16) + 10
    assert often[0, 1 << 16 :].sum() > 0


def test_intervals_are_those_of_drawing_clip_by_clip() -> None:
    rng = np.random.default_rng(2)
    values = rng.normal(size=80)
    speakers = [int(number) for number in rng.integers(0, 25, 80)]
    fast = intervals([mean_measure("mean", list(values))], speakers, resamples=6000)[0]
    slow = bootstrap_by_clip(np.mean, values, clips=speakers, resamples=6000)
    assert (fast.low, fast.high) == pytest.approx((slow.low, slow.high), abs=0.02)
    drawn = DrawnMeasure(name="mean", of=lambda rows: float(values[rows].mean()), applies=np.ones(80, dtype=bool))
    same = intervals([mean_measure("sums", list(values)), drawn], speakers, resamples=300)
    assert (same[0].low, same[0].high) == pytest.approx((same[1].low, same[1].high))


def test_the_paired_test_is_fishers_and_measures_do_not_disturb_each_other() -> None:
    rng = np.random.default_rng(3)
    theirs = rng.normal(size=60)
    ours = theirs + rng.normal(0.15, 0.5, 60)
    pairs = [[mean_measure("mean", list(column))] for column in (ours, theirs)]
    found = differences(*pairs, resamples=8000)[0]
    reference = paired_permutation_test(ours, theirs, resamples=8000)
    assert found.p_value == pytest.approx(reference.p_value, abs=0.02)
    more = [
        [mean_measure("other", list(column**2)), *alone] for column, alone in zip((ours, theirs), pairs, strict=True)
    ]
    assert differences(*more, resamples=8000)[1] == found


def test_shared_sums_parts_and_nothing_to_draw() -> None:
    sums = np.array([[1.0, 1.0], [0.0, 1.0], [0.0, 0.0]])
    applies = np.array([True, True, False])
    both = [Measure(name=name, sums=sums, of=share, applies=applies) for name in "ab"]
    first, second = drawings(both, resamples=50)
    assert np.array_equal(first, second, equal_nan=True)
    alone = intervals(both, ["one speaker"] * 3)[0]
    assert (alone.value, alone.n_clips) == (0.5, 2)
    assert np.isnan(alone.low)
    assert intervals([]) == []
    same = differences(both, both, resamples=20)
    assert [one.p_value for one in same] == [1.0, 1.0]
