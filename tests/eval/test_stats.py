"""eval/stats.py and eval/auc.py against scipy, scikit-learn, published numbers and coverage of known truths."""

import numpy as np
import pytest
from scipy import stats as reference
from sklearn.metrics import roc_auc_score

from emoreason.eval.auc import auc, auc_interval, delong_interval, delong_test
from emoreason.eval.stats import (
    bootstrap_by_clip,
    bootstrap_drawn,
    holm,
    mcnemar_test,
    paired_bootstrap,
    paired_permutation_test,
    sign_test,
)


@pytest.mark.parametrize("method", ["percentile", "BCa"])
def test_bootstrap_agrees_with_scipy_on_independent_rows(method: str) -> None:
    sample = np.random.default_rng(3).lognormal(size=80)
    ours = bootstrap_by_clip(np.mean, sample, method=method, resamples=6000)
    theirs = reference.bootstrap((sample,), np.mean, method=method, n_resamples=6000, rng=1).confidence_interval
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=0.05)
    assert ours.method == method
    assert ours.value == pytest.approx(sample.mean())


def test_bca_follows_the_skew() -> None:
    sample = np.random.default_rng(3).lognormal(size=40)
    plain = bootstrap_by_clip(np.mean, sample)
    corrected = bootstrap_by_clip(np.mean, sample, method="BCa")
    assert corrected.high > plain.high


def test_rows_of_a_clip_are_drawn_together() -> None:
    """Ten copies of each row carry no more information than one."""
    sample = np.random.default_rng(5).normal(size=30)
    once = bootstrap_by_clip(np.mean, sample)
    copied = bootstrap_by_clip(np.mean, np.repeat(sample, 10), clips=list(np.repeat(np.arange(30), 10)))
    naive = bootstrap_by_clip(np.mean, np.repeat(sample, 10))
    assert (copied.low, copied.high) == pytest.approx((once.low, once.high))
    assert naive.high - naive.low < 0.5 * (copied.high - copied.low)
    assert copied.n_clips == 30


def test_coverage_by_clip_is_near_its_level_and_by_row_is_not() -> None:
    """40 clips of 5 rows with intra-class correlation .5: the interval by clip covers the true mean, the other not."""
    rng = np.random.default_rng(11)
    clips = list(np.repeat(np.arange(40), 5))
    by_clip = by_row = 0
    for _ in range(100):
        rows = np.repeat(rng.normal(size=40), 5) + rng.normal(size=200)
        inside = bootstrap_by_clip(np.mean, rows, clips=clips, resamples=200)
        outside = bootstrap_by_clip(np.mean, rows, resamples=200)
        by_clip += inside.low <= 0 <= inside.high
        by_row += outside.low <= 0 <= outside.high
    assert by_clip >= 87
    assert by_row <= 85


def test_seeds_and_row_order_of_clips() -> None:
    values, clips = np.random.default_rng(7).normal(size=20), [f"c{n % 6}" for n in range(20)]
    assert bootstrap_by_clip(np.mean, values, clips=clips) == bootstrap_by_clip(np.mean, values, clips=clips)
    assert bootstrap_by_clip(np.mean, values, clips=clips) != bootstrap_by_clip(np.mean, values, clips=clips, seed=1)


def test_refusals() -> None:
    with pytest.raises(ValueError, match="equally long"):
        bootstrap_by_clip(np.mean, [1, 2], clips=["a"])
    with pytest.raises(ValueError, match="two clips"):
        bootstrap_by_clip(np.mean, [1, 2], clips=["a", "a"])
    with pytest.raises(ValueError, match="two rows"):
        delong_interval([1, 2, 3], [1, 0, 0])


def test_undefined_resamples_are_left_out_and_constants_have_no_width() -> None:
    assert np.isfinite(auc_interval([1, 2, 3, 4], [0, 0, 0, 1]).low)
    constant = bootstrap_by_clip(np.mean, [2.0, 2.0, 2.0], method="BCa")
    assert (constant.low, constant.high, constant.method) == (2, 2, "percentile")
    assert np.isnan(bootstrap_drawn(lambda drawn: float("nan"), 3).low)


def test_paired_bootstrap_is_narrower_than_two_unpaired_intervals() -> None:
    base = np.random.default_rng(2).normal(size=60)
    better = base + 0.2 + 0.05 * np.random.default_rng(4).normal(size=60)
    found = paired_bootstrap(np.mean, better, base)
    assert found.low > 0.15
    assert found.high < 0.25
    shared = paired_bootstrap(auc, better, base, base > 0, resamples=200)
    assert shared.value <= 0


def test_permutation_test_against_scipy_and_by_hand() -> None:
    ours, theirs = [5.0, 4, 6, 7, 5, 6], [4.0, 4.5, 5, 6, 5.5, 4]
    theirs_p = reference.permutation_test(
        (np.subtract(ours, theirs),), np.mean, permutation_type="samples", vectorized=False
    ).pvalue
    assert paired_permutation_test(ours, theirs).p_value == pytest.approx(theirs_p)
    assert paired_permutation_test([1, 1, 1], [0, 0, 0]).p_value == pytest.approx(2 / 8)
    many = np.random.default_rng(0).normal(0.4, 1, 100)
    t_test = reference.ttest_1samp(many, 0).pvalue
    assert paired_permutation_test(many, np.zeros(100)).p_value == pytest.approx(t_test, abs=0.01)
    assert paired_permutation_test([1, 3, 1, 1], [0, 0, 0, 0], clips=["a", "a", "b", "c"]).n == 3


def test_sign_and_mcnemar_tests_against_the_binomial() -> None:
    assert sign_test([1, 2, 0, 5, 5], [0, 0, 1, 5, 1]).p_value == pytest.approx(reference.binomtest(3, 4).pvalue)
    ours = np.array([1] * 15 + [0] * 5 + [1] * 70 + [0] * 10, dtype=bool)
    theirs = np.array([0] * 15 + [1] * 5 + [1] * 70 + [0] * 10, dtype=bool)
    found = mcnemar_test(ours, theirs)
    assert (found.n, found.statistic) == (20, 0.75)
    assert found.p_value == pytest.approx(reference.binomtest(15, 20).pvalue)
    assert found.p_value == pytest.approx(0.0414, abs=1e-4)
    assert mcnemar_test([True], [True]).p_value == 1.0


def test_auc_against_scikit_learn_with_ties() -> None:
    rng = np.random.default_rng(9)
    scores, positive = np.round(rng.normal(size=400), 1), rng.random(400) < 0.3
    assert auc(scores, positive) == pytest.approx(roc_auc_score(positive, scores))
    assert np.isnan(auc([1, 2], [1, 1]))


def test_delong_against_its_definition_and_the_bootstrap() -> None:
    """Structural components summed over all pairs, as in the paper, and the bootstrap of the same rows."""
    rng = np.random.default_rng(1)
    positive = np.arange(160) < 60
    first = np.round(rng.normal(positive * 0.8, 1), 1)
    second = first + rng.normal(positive * 0.3, 1)

    def components(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        wins = (scores[positive][:, None] > scores[~positive]) + 0.5 * (scores[positive][:, None] == scores[~positive])
        return wins.mean(1), wins.mean(0)

    above, below = zip(components(first), components(second), strict=True)
    covariance = np.cov(above) / 60 + np.cov(below) / 100
    z = (above[0].mean() - above[1].mean()) / np.sqrt(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    assert delong_test(first, second, positive).statistic == pytest.approx(z)
    interval = delong_interval(first, positive)
    assert interval.high - interval.value == pytest.approx(1.959964 * covariance[0, 0] ** 0.5)
    drawn = auc_interval(first, positive, resamples=1000)
    assert (interval.low, interval.high) == pytest.approx((drawn.low, drawn.high), abs=0.03)
    assert delong_test(first, first, positive).p_value == 1.0


def test_holm_against_the_published_example() -> None:
    """Holm (1979) as worked in R's p.adjust."""
    assert holm([0.01, 0.02, 0.03, 0.04, 0.05]) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []
