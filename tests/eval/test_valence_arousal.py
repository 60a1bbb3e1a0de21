"""eval/valence_arousal.py and its moments: hand-worked cases, scipy, scikit-learn, and a second implementation."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from sklearn.metrics import root_mean_squared_error

from emoreason.errors import ConfigError
from emoreason.eval.measure import intervals
from emoreason.eval.moments import ccc, icc, moments, pearson, rmse
from emoreason.eval.sample import Gold, Prediction, Sample
from emoreason.eval.suite import SuiteSettings
from emoreason.eval.valence_arousal import valence_arousal
from emoreason.records import Reference


def sums_of(gold, said):
    return moments(np.asarray(gold, float), np.asarray(said, float), np.ones(len(gold))).sum(axis=0)


def clip(name, gold, said=None):
    prediction = None if said is None else Prediction(clip=name, valence=said[0], arousal=said[1])
    return Sample(Gold(clip=name, reference=Reference(valence=gold[0], arousal=gold[1])), prediction)


def values(result):
    return {measure.name: measure.value for measure in result.measures}


def test_a_case_worked_by_hand():
    """Gold 0, .5, 1; said half of it: means .5 and .25, variances 1/6 and 1/24, covariance 1/12."""
    sums = sums_of([0.0, 0.5, 1.0], [0.0, 0.25, 0.5])
    assert ccc(sums) == pytest.approx(2 / 12 / (1 / 6 + 1 / 24 + 1 / 16))
    assert pearson(sums) == pytest.approx(1.0)
    assert icc(sums) == pytest.approx(2 / 12 / (1 / 6 + 1 / 24))
    assert rmse(sums) == pytest.approx(math.sqrt((0 + 1 / 16 + 1 / 4) / 3))


numbers = st.integers(-20, 20).map(lambda number: number / 20)


@given(st.lists(st.tuples(numbers, numbers), min_size=3, max_size=40))
def test_moments_agree_with_other_implementations(pairs):
    gold, said = np.array(pairs).T
    assume(np.ptp(gold) > 0 and np.ptp(said) > 0)
    sums = sums_of(gold, said)
    covariance = np.cov(gold, said, bias=True)
    whole = covariance[0, 0] + covariance[1, 1] + (gold.mean() - said.mean()) ** 2
    assert pearson(sums) == pytest.approx(stats.pearsonr(gold, said).statistic, abs=1e-9)
    assert rmse(sums) == pytest.approx(root_mean_squared_error(gold, said), abs=1e-7)
    assert ccc(sums) == pytest.approx(2 * covariance[0, 1] / whole, abs=1e-9)
    assert icc(sums) == pytest.approx(icc_by_analysis_of_variance(gold, said), abs=1e-9)


def icc_by_analysis_of_variance(gold, said):
    """Shrout & Fleiss 1979, with the sums of squares of the table."""
    table = np.stack([gold, said], axis=1)
    n, k = table.shape
    between = k * ((table.mean(axis=1) - table.mean()) ** 2).sum() / (n - 1)
    rest = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    error = (rest**2).sum() / ((n - 1) * (k - 1))
    return (between - error) / (between + (k - 1) * error)


def test_ccc_agrees_with_audmetric():
    audmetric = pytest.importorskip("audmetric", reason="audmetric is not installed")
    rng = np.random.default_rng(2)
    gold = rng.uniform(-1, 1, 200)
    said = 0.5 * gold + rng.normal(0, 0.3, 200)
    assert ccc(sums_of(gold, said)) == pytest.approx(audmetric.concordance_cc(gold, said))
    assert pearson(sums_of(gold, said)) == pytest.approx(audmetric.pearson_cc(gold, said))


@pytest.mark.parametrize(
    ("gold", "said", "expected"),
    [
        ([0.1] * 3, [0.1] * 3, (math.nan, math.nan, math.nan, 0.0)),
        ([-0.3, 0.3, 0.7], [0.3] * 3, (0.0, math.nan, 0.0, None)),
        ([0.3] * 3, [0.7] * 3, (0.0, math.nan, math.nan, 0.4)),
    ],
)
def test_constants(gold, said, expected):
    sums = sums_of(gold, said)
    with np.errstate(invalid="ignore"):
        for of, value in zip((ccc, pearson, icc, rmse), expected, strict=True):
            if value is not None:
                assert of(sums) == pytest.approx(value, nan_ok=True), of.__name__


def test_the_suite():
    golds = [(0.5, 0.1), (-0.5, None), (1.0, 0.9), (None, None), (-1.0, -0.4)]
    said = [(0.4, 0.0), (-0.6, 0.3), (2.0, math.nan), (0.1, 0.1), None]
    samples = [clip(str(at), *pair) for at, pair in enumerate(zip(golds, said, strict=True))]
    result = valence_arousal(samples, SuiteSettings())
    found = values(result)
    assert next(iter(found)) == "CCC"
    assert found["CCC"] == pytest.approx((found["CCC valence"] + found["CCC arousal"]) / 2)
    assert found["RMSE valence"] == pytest.approx(math.sqrt((0.01 + 0.01 + 0 + 1) / 4))  # none: 0; 2.0: the end
    assert found["RMSE arousal"] == pytest.approx(math.sqrt((0.01 + 0.81 + 0.16) / 3))
    assert result.counts == {
        "clips": 5,
        "scored": 4,
        "no_gold": 1,
        "missing_valence": 1,
        "missing_arousal": 2,
        "outside_scale": 1,
    }
    assert any("outside" in note for note in result.notes)
    assert [interval.n_clips for interval in intervals(result.measures, resamples=100)][:3] == [4, 4, 3]
    assert result.pictures[0].diagonal


def test_one_dimension_alone():
    result = valence_arousal([clip("a", (0.1, None), (0.2, 0.2)), clip("b", (0.5, None), (0.2, 0.2))], SuiteSettings())
    assert list(values(result)) == ["CCC valence", "RMSE valence", "Pearson r valence"]
    assert any("same for all clips" in note for note in result.notes)


def test_gold_of_another_scale_is_refused():
    with pytest.raises(ConfigError, match=r"clip .a.: gold valence is 2\.25; expected -1 to 1"):
        valence_arousal([clip("a", (2.25, None), (0.2, 0.2))], SuiteSettings())
    with pytest.raises(ConfigError, match="no valence and no arousal"):
        valence_arousal([clip("a", (math.nan, None), (0.2, 0.2))], SuiteSettings())
