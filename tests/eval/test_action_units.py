"""eval/action_units.py: a hand-worked case, scikit-learn, spellings, and what is not known."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from emoreason.errors import ConfigError
from emoreason.eval.action_units import action_units
from emoreason.eval.measure import intervals
from emoreason.eval.sample import Gold, Prediction, Sample
from emoreason.eval.suite import SuiteSettings
from emoreason.records import Reference

UNITS = ("AU1", "AU4", "AU12")


def clip(name, gold, said=None, *, intensities=None, said_intensities=None):
    prediction = None
    if said is not None or said_intensities is not None:
        prediction = Prediction(clip=name, action_units=said, intensities=said_intensities or {})
    reference = Reference(action_units=gold)
    return Sample(Gold(clip=name, reference=reference, intensities=intensities or {}), prediction)


def values(result):
    return {measure.name: measure.value for measure in result.measures}


def test_a_case_worked_by_hand():
    """AU12: 3 clips, 2 found, 1 wrongly said; AU4: 1 clip, missed; AU9 is coded nowhere; one clip has no coding."""
    samples = [
        clip("a", ("AU12", "4"), ("AU12L",)),
        clip("b", ("12C",), ("12", "AU9")),
        clip("c", ("R12",)),
        clip("d", (), ("AU12_r",)),
        clip("e", None, ("AU4",)),
    ]
    result = action_units(samples, SuiteSettings())
    assert values(result) == pytest.approx({"mean F1": (2 * 2 / 6 + 0) / 2, "micro F1": 2 * 2 / (4 + 4)})
    assert result.counts == {"clips": 5, "scored": 4, "no_gold": 1, "missing": 1}
    assert result.settings["units"] == {"AU4": 1, "AU12": 3}
    assert [bar[0] for bar in result.pictures[0].bars] == ["AU4 (1)", "AU12 (3)"]
    assert result.clips["a"] == {"gold": ["AU4", "AU12"], "predicted": ["AU12"]}
    notes = " ".join(result.notes)
    for told in ("AU9", "fewer than 10 clips", "1 coded clips have no list"):
        assert told in notes


codings = st.lists(
    st.tuples(st.sets(st.sampled_from(UNITS)), st.sets(st.sampled_from((*UNITS, "AU9")))), min_size=1, max_size=30
)


@given(codings)
def test_f1_agrees_with_scikit_learn(pairs):
    samples = [clip(str(at), tuple(gold), tuple(said)) for at, (gold, said) in enumerate(pairs)]
    there = sorted({unit for gold, _ in pairs for unit in gold})
    result = values(action_units(samples, SuiteSettings()))
    if not there:
        assert math.isnan(result["mean F1"])
        return
    gold, said = ([[unit in pair[side] for unit in (*UNITS, "AU9")] for pair in pairs] for side in (0, 1))
    columns = [(*UNITS, "AU9").index(unit) for unit in there]
    assert result["mean F1"] == pytest.approx(f1_score(gold, said, labels=columns, average="macro", zero_division=0))
    assert result["micro F1"] == pytest.approx(f1_score(gold, said, average="micro", zero_division=0))


def test_units_on_enough_clips_have_an_f1_of_their_own():
    samples = [clip(str(at), ("AU12", "AU4") if at < 9 else ("AU12",), ("AU12",)) for at in range(12)]
    result = action_units(samples, SuiteSettings())
    assert values(result) == pytest.approx({"mean F1": 0.5, "micro F1": 2 * 12 / (21 + 12), "F1 AU12": 1.0})
    assert all(interval.n_clips == 12 for interval in intervals(result.measures, resamples=50))


def test_intensities():
    """Gold and answer of AU12 on four clips; AU4 is coded 0 everywhere, so it has no ICC."""
    gold, said = [0.0, 1.0, 3.0, 5.0], [1.0, 1.0, 2.0, 7.0]
    samples = [
        clip(str(at), None, intensities={"AU12_r": one, "AU04": 0.0}, said_intensities={"12": other})
        for at, (one, other) in enumerate(zip(gold, said, strict=True))
    ]
    result = action_units(samples, SuiteSettings())
    covariance = np.cov(gold, [1.0, 1.0, 2.0, 5.0])  # 7 is beyond the scale
    found = values(result)
    assert found["ICC(3,1) AU12"] == pytest.approx(2 * covariance[0, 1] / (covariance[0, 0] + covariance[1, 1]))
    assert found["mean ICC(3,1)"] == found["ICC(3,1) AU12"]
    assert found["mean F1"] == 1.0  # there from 2 on: the last two clips on either side
    assert "ICC(3,1) AU4" not in found


def test_answers_without_intensities_have_no_agreement():
    samples = [clip(str(at), None, ("AU12",), intensities={"AU12": float(at)}) for at in range(4)]
    result = action_units(samples, SuiteSettings())
    assert values(result)["mean ICC(3,1)"] == 0.0
    assert any("No answer gives intensities" in note for note in result.notes)


def test_a_coded_clip_without_the_unit_is_zero_and_an_unknown_intensity_is_left_out():
    samples = [
        clip("a", ("12C",), intensities={"AU12": 3.0}, said_intensities={"AU12": 3.0}),
        clip("b", (), said_intensities={"AU12": 0.0}),
        clip("c", ("AU12",), said_intensities={"AU12": 5.0}),
    ]
    measure = next(m for m in action_units(samples, SuiteSettings()).measures if m.name == "ICC(3,1) AU12")
    assert measure.applies.tolist() == [True, True, False]
    assert measure.value == pytest.approx(1.0)


def test_codes_that_nobody_can_read():
    result = action_units([clip("a", ("smile",), ("AU12",)), clip("b", ("AU12",), ("grin", "AU0"))], SuiteSettings())
    assert result.counts == {"clips": 2, "scored": 1, "no_gold": 1, "missing": 1}
    with pytest.raises(ConfigError, match="no action units"):
        action_units([clip("a", ("smile",), ("AU12",)), clip("b", None, ("AU12",))], SuiteSettings())


def test_faces_without_any_action():
    """Coded, and none found on any clip: there is no F1, and no error."""
    result = action_units([clip("a", (), ()), clip("b", (), ("AU12",))], SuiteSettings())
    assert math.isnan(values(result)["mean F1"])
    assert values(result)["micro F1"] == 0.0
    assert result.pictures == ()
