"""eval/distribution.py, its calibration and its earth mover's distance: hand-worked cases, scipy, scikit-learn."""

import json
import math
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import linprog
from scipy.spatial.distance import jensenshannon
from sklearn.metrics import brier_score_loss

from emoreason.errors import ConfigError
from emoreason.eval.calibration import RiskCoverage, calibration_measure, equal_mass_bins
from emoreason.eval.distribution import FLOOR, distribution
from emoreason.eval.emotion_distance import emotion_distances, ground_distances
from emoreason.eval.measure import differences, intervals
from emoreason.eval.sample import Gold, Prediction, Sample
from emoreason.eval.suite import SuiteSettings
from emoreason.records import Reference
from emoreason.records.labels import EMOTIONS

DATA = os.environ.get("EMOREASON_RESEARCH_DATA")
AT = {name: number for number, name in enumerate(EMOTIONS)}


def clip(name, crowd, *, emotion=None, **said):
    prediction = Prediction(clip=name, **said) if said else None
    return Sample(Gold(clip=name, reference=Reference(distribution=crowd, emotion=emotion)), prediction)


def values(result):
    return {measure.name: measure.value for measure in result.measures}


def test_a_case_worked_by_hand():
    """Two clips: one answer is the crowd's split, one is sure of what a quarter of the raters chose."""
    samples = [
        clip("a", {"anger": 3, "disgust": 1}, distribution={"anger": 0.75, "disgust": 0.25}),
        clip("b", {"anger": 3, "disgust": 1}, distribution={"disgust": 1.0}),
    ]
    found = values(distribution(samples, SuiteSettings()))
    floor = FLOOR / 7
    equal = sum(p * math.log(p / ((1 - FLOOR) * p + floor)) for p in (0.75, 0.25))
    sure = 0.75 * math.log(0.75 / floor) + 0.25 * math.log(0.25 / (1 - FLOOR + floor))
    moved = 0.75 * ground_distances()[AT["anger"], AT["disgust"]]
    assert found["KL"] == pytest.approx((equal + sure) / 2)
    assert found["JS"] == pytest.approx(jensenshannon([0.75, 0.25], [0, 1], base=2) ** 2 / 2)
    assert found["EMD"] == pytest.approx(moved / 2, abs=1e-6)
    assert found["Brier"] == pytest.approx((0.75 * 2 * 0.25**2 + 0.25 * 2 * 0.75**2 + 0.75 * 2 + 0.25 * 0) / 2)
    assert found["ECE"] == pytest.approx((0 + 0.75) / 2)  # a bin each: three quarters and one quarter agree
    assert found["AURC"] == pytest.approx((0.75 + (0.75 + 0.25) / 2) / 2)
    assert found["coverage"] == 1.0
    assert found["risk when answered"] == 0.5


def test_whoever_splits_as_the_crowd_does_is_calibrated_and_has_the_best_brier_score():
    crowds = [{"anger": share, "fear": 1 - share} for share in (0.55, 0.6, 0.8, 0.95, 1.0)]
    same = [clip(str(at), crowd, distribution=crowd) for at, crowd in enumerate(crowds)]
    sure = [clip(str(at), crowd, distribution={"anger": 1.0}) for at, crowd in enumerate(crowds)]
    honest, bold = (values(distribution(samples, SuiteSettings())) for samples in (same, sure))
    assert honest["ECE"] == pytest.approx(0.0)
    assert honest["Brier"] < bold["Brier"]
    assert honest["risk when answered"] == bold["risk when answered"]


def test_equal_probabilities_share_how_right_they_are():
    found = values(distribution([clip("a", {"fear": 1}, distribution={"anger": 1, "fear": 1})], SuiteSettings()))
    assert found["risk when answered"] == 0.5
    assert found["ECE"] == 0.0


shares = st.lists(st.integers(0, 10), min_size=7, max_size=7).filter(any).map(lambda row: np.array(row) / sum(row))


@given(shares, shares)
def test_the_distance_is_that_of_the_transport_problem(ours, theirs):
    sources, sinks = np.kron(np.eye(7), np.ones(7)), np.kron(np.ones(7), np.eye(7))
    problem = linprog(ground_distances().ravel(), A_eq=np.vstack([sources, sinks]), b_eq=np.concatenate([ours, theirs]))
    found = emotion_distances(ours[None], theirs[None])[0]
    assert found == pytest.approx(problem.fun, abs=1e-6)
    assert found == pytest.approx(emotion_distances(theirs[None], ours[None])[0], abs=1e-6)


def test_the_distance_of_many_clips_and_of_none():
    rows = np.tile(np.eye(7), (1000, 1))
    assert emotion_distances(rows, rows).max() < 1e-6
    assert emotion_distances(np.zeros((0, 7)), np.zeros((0, 7))).shape == (0,)
    assert np.allclose(ground_distances(), ground_distances().T)


@given(shares, shares)
def test_divergences_agree_with_scipy(crowd, said):
    result = distribution(
        [
            clip(
                "a",
                dict(zip(EMOTIONS, crowd, strict=True)),
                distribution=dict(zip(EMOTIONS, said.tolist(), strict=True)),
            )
        ],
        SuiteSettings(),
    )
    floored = (1 - FLOOR) * said + FLOOR / 7
    assert values(result)["KL"] == pytest.approx(stats.entropy(crowd, floored), abs=1e-9)
    assert values(result)["JS"] == pytest.approx(jensenshannon(crowd, said, base=2) ** 2, abs=1e-9)


def test_brier_agrees_with_scikit_learn():
    rng = np.random.default_rng(1)
    truth = rng.choice(EMOTIONS, 50)
    said = rng.dirichlet(np.ones(7), 50)
    samples = [
        clip(str(at), None, emotion=name, distribution=dict(zip(EMOTIONS, row.tolist(), strict=True)))
        for at, (name, row) in enumerate(zip(truth, said, strict=True))
    ]
    found = values(distribution(samples, SuiteSettings()))
    order = np.argsort(EMOTIONS)
    theirs = brier_score_loss(truth, said[:, order], labels=sorted(EMOTIONS), scale_by_half=False)
    assert found["Brier"] == pytest.approx(theirs)
    assert "KL" not in found  # classes are no crowd


def area_one_by_one(confidence, wrong, order):
    errors = np.cumsum(np.array(wrong, float)[order])
    return float((errors / np.arange(1, len(order) + 1)).mean())


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=25))
def test_the_area_is_the_mean_over_all_orders_of_equal_confidences(pairs):
    confidence, wrong = [one / 4 for one, _ in pairs], [other for _, other in pairs]
    found = RiskCoverage(confidence, wrong).area(np.arange(len(pairs)))
    rng = np.random.default_rng(0)
    areas = []
    for _ in range(60):
        shuffled = rng.permutation(len(pairs))
        order = shuffled[np.argsort(-np.array(confidence)[shuffled], kind="stable")]
        areas.append(area_one_by_one(confidence, wrong, order))
    assert min(areas) - 1e-9 <= found <= max(areas) + 1e-9
    assert found == pytest.approx(np.mean(areas), abs=4 * np.std(areas) / math.sqrt(60) + 1e-9)


def test_the_area_of_drawn_answers():
    confidence, wrong = [0.9, 0.7, 0.7, 0.2, 0.1], [False, True, False, True, True]
    drawn = np.array([0, 0, 3, 4, 4, 1, 1])
    again = RiskCoverage([confidence[at] for at in drawn], [wrong[at] for at in drawn])
    assert RiskCoverage(confidence, wrong).area(drawn) == pytest.approx(again.area(np.arange(7)))
    assert math.isnan(RiskCoverage(confidence, wrong).area(np.zeros(0, dtype=int)))


def test_bins_hold_as_many_answers_as_ties_allow():
    confidence = np.random.default_rng(0).uniform(size=1000)
    assert np.bincount(equal_mass_bins(confidence)).tolist() == [100] * 10
    assert set(equal_mass_bins(np.full(9, 0.5))) == {5}
    assert equal_mass_bins(np.zeros(0)).shape == (0,)


def test_a_calibrated_system_has_less_error_than_a_boastful_one():
    rng = np.random.default_rng(3)
    confidence = rng.uniform(0.2, 1.0, 3000)
    right, always = (rng.uniform(size=3000) < confidence).astype(float), np.ones(3000, dtype=bool)
    honest = calibration_measure(confidence, right, always)
    boastful = calibration_measure(np.minimum(confidence + 0.2, 1.0), right, always)
    low, high = (intervals([measure], resamples=300)[0] for measure in (honest, boastful))
    assert high.low > low.high
    assert low.value < 0.05


def test_what_no_distribution_says_is_read_from_the_class_or_the_labels():
    crowd = {"anger": 0.5, "sadness": 0.5}
    samples = [
        clip("a", crowd, emotion="anger"),
        clip("b", crowd, labels=("furious", "sad", "xyzzy")),
        clip("c", crowd, emotion="anger", labels=("sad",)),
        clip("d", crowd, labels=()),
    ]
    samples[2] = Sample(samples[2].gold, Prediction(clip="c", emotion="angry"))
    result = distribution(samples, SuiteSettings())
    assert [result.clips[name]["predicted"] for name in "abcd"] == [
        None,
        {"sadness": 0.5, "anger": 0.5},
        {"anger": 1.0},
        None,
    ]
    assert {name: result.counts[name] for name in ("missing", "from_class", "from_labels")} == {
        "missing": 2,
        "from_class": 1,
        "from_labels": 1,
    }


def test_no_answer_is_as_bad_as_the_worst():
    crowd = {"happiness": 0.9, "sadness": 0.1}
    silent = values(distribution([clip("a", crowd)], SuiteSettings()))
    assert silent["Brier"] == 2.0
    for name in EMOTIONS:
        found = values(distribution([clip("a", crowd, distribution={name: 1.0})], SuiteSettings()))
        for measure in ("KL", "JS", "EMD", "Brier"):
            assert silent[measure] >= found[measure] - 1e-6, (name, measure)
    assert silent["coverage"] == 0.0
    assert math.isnan(silent["risk when answered"])
    assert silent["AURC"] == 1.0


def test_abstentions_come_last_in_risk_over_coverage():
    """Four clips, the surest answer is wrong; abstaining there leaves the other three right."""
    said = [{"anger": 1.0}, *[{"fear": 0.6, "anger": 0.4}] * 3]
    plain = [clip(str(at), None, emotion="fear", distribution=row) for at, row in enumerate(said)]
    wise = [Sample(plain[0].gold, Prediction(clip="0", distribution=said[0], abstained=True)), *plain[1:]]
    bold, careful = (values(distribution(samples, SuiteSettings())) for samples in (plain, wise))
    assert bold["AURC"] == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 4) / 4)
    assert careful["AURC"] == pytest.approx((0 + 0 + 0 + 1 / 4) / 4)
    assert careful["coverage"] == 0.75
    assert careful["risk when answered"] == 0.0
    assert careful["Brier"] == bold["Brier"]


def test_clips_of_which_only_the_class_is_known():
    samples = [
        clip("a", {"fear": 1, "anger": 1}, emotion="fear", distribution={"fear": 1.0}),
        clip("b", None, emotion="afraid", distribution={"fear": 1.0}),
        clip("c", None, emotion="bored", distribution={"fear": 1.0}),
    ]
    result = distribution(samples, SuiteSettings())
    assert (result.counts["with_distribution"], result.counts["scored"], result.counts["no_gold"]) == (1, 2, 1)
    applies = {measure.name: measure.applies.tolist() for measure in result.measures}
    assert applies["KL"] == [True, False, False]
    assert applies["Brier"] == applies["AURC"] == [True, True, False]
    assert values(result)["risk when answered"] == 0.25  # the crowd counts, not the class beside it
    assert result.clips["b"] == {"gold": {"fear": 1.0}, "predicted": {"fear": 1.0}}


def test_shares_of_other_classes_are_told():
    result = distribution([clip("a", {"fear": 0.6, "boredom": 0.4}, distribution={"fear": 1.0})], SuiteSettings())
    assert any("boredom" in note for note in result.notes)
    with pytest.raises(ConfigError, match="no distributions"):
        distribution([clip("a", {"boredom": 1.0}, emotion="bored", distribution={"fear": 1.0})], SuiteSettings())
    with pytest.raises(ConfigError):
        distribution([], SuiteSettings())


@pytest.mark.parametrize("said", [{"fear": math.nan}, {"fear": -1.0}, {"fear": math.inf}, {"": 1.0}, {}])
def test_a_distribution_of_nothing_is_no_answer(said):
    result = distribution([clip("a", {"fear": 1.0}, distribution=said)], SuiteSettings())
    assert result.counts["missing"] == 1


def test_two_systems_can_be_compared_and_pictures_are_there():
    rng = np.random.default_rng(0)
    crowds = rng.dirichlet(np.ones(6), 60)
    rows = [dict(zip(EMOTIONS, row.tolist(), strict=False)) for row in crowds]
    close = [clip(str(at), row, distribution=row) for at, row in enumerate(rows)]
    sure = [clip(str(at), row, distribution={"anger": 1.0}) for at, row in enumerate(rows)]
    ours, theirs = (distribution(samples, SuiteSettings()) for samples in (close, sure))
    gaps = differences(ours.measures, theirs.measures, resamples=200)
    assert gaps[0].interval.high < 0
    assert gaps[0].p_value == pytest.approx(1 / 201)
    reliability, curve = ours.pictures
    assert reliability.diagonal
    assert len(reliability.series["answers"]) == 10
    assert curve.series["answers"][-1][0] == 1.0


@pytest.mark.data
@pytest.mark.skipif(not DATA, reason="EMOREASON_RESEARCH_DATA is not set")
def test_the_mean_of_a_real_crowd_is_calibrated_and_says_little():
    """3,640 faces: .70 nats were measured for the mean distribution without a floor."""
    lines = (Path(DATA or "") / "raf_facs_crowd.jsonl").read_text(encoding="utf-8").splitlines()
    crowds = {row["image"]: row["crowd"] for row in map(json.loads, lines)}
    mean = {name: sum(crowd[name] for crowd in crowds.values()) / len(crowds) for name in EMOTIONS[:6]}
    found = values(distribution([clip(name, row, distribution=mean) for name, row in crowds.items()], SuiteSettings()))
    assert found["KL"] == pytest.approx(0.71, abs=0.01)
    assert found["ECE"] < 0.001
    assert found["AURC"] == pytest.approx(found["risk when answered"])
