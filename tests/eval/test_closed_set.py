"""eval/closed_set.py: hand-worked cases, scikit-learn, and the hit rate written once more from its definition."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics
from tests.support.wheel_definition import Definition

from emoreason.errors import ConfigError
from emoreason.eval.class_mapping import ClassMapping, gold_class
from emoreason.eval.closed_set import closed_set, hit_measures, hit_rate
from emoreason.eval.confusion import NO_ANSWER, OTHER, class_measures
from emoreason.eval.measure import differences, intervals
from emoreason.eval.sample import Gold, Prediction, Sample
from emoreason.eval.suite import SuiteSettings
from emoreason.records import Reference

WORDS = ["happy", "sad", "angry", "mad", "worried", "surprise", "disgust", "neutral", "joyful", "afraid", "xyzzy"]


def clip(name, gold, **said):
    """One clip; ``said`` is what the system said, nothing: there is no prediction."""
    prediction = Prediction(clip=name, **said) if said else None
    return Sample(Gold(clip=name, reference=Reference(emotion=gold)), prediction)


def values(result):
    return {measure.name: measure.value for measure in result.measures}


def test_a_case_worked_by_hand():
    """Gold a a a b b c; said a a b b - a: recalls 2/3, 1/2, 0; F1 2/3, 1/2, 0."""
    gold = ["anger", "anger", "anger", "sadness", "sadness", "fear"]
    said = ["anger", "anger", "sadness", "sadness", None, "anger"]
    samples = [
        clip(str(at), g, **({"emotion": s} if s else {})) for at, (g, s) in enumerate(zip(gold, said, strict=True))
    ]
    result = closed_set(samples, SuiteSettings())
    assert values(result) == pytest.approx(
        {
            "accuracy (WAR)": 3 / 6,
            "UAR": (2 / 3 + 1 / 2 + 0) / 3,
            "weighted F1": (3 * 2 / 3 + 2 * 1 / 2 + 0) / 6,
            "macro F1": (2 / 3 + 1 / 2 + 0) / 3,
        }
    )
    matrix, recalls = result.pictures
    assert matrix.rows == ("sadness", "anger", "fear")
    assert matrix.columns == ("sadness", "anger", "fear", NO_ANSWER)
    assert matrix.values == ((1, 0, 0, 1), (1, 2, 0, 0), (0, 1, 0, 0))
    assert [bar[0] for bar in recalls.bars] == ["sadness (2)", "anger (3)", "fear (1)"]
    assert all(low <= value <= high for _, value, low, high in recalls.bars)
    assert (result.counts["missing"], result.counts["scored"]) == (1, 6)


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.one_of(st.none(), st.sampled_from("abcd"))), min_size=1, max_size=40)
)
def test_measures_agree_with_scikit_learn(pairs):
    gold, said = [one for one, _ in pairs], [other for _, other in pairs]
    classes = sorted(set(gold))
    kept = [name if name in classes else None for name in said]
    ours = [measure.value for measure in class_measures(gold, kept, classes)]
    written = [name or "nothing" for name in kept]
    theirs = [
        metrics.accuracy_score(gold, written),
        metrics.recall_score(gold, written, labels=classes, average="macro", zero_division=0),
        metrics.f1_score(gold, written, labels=classes, average="weighted", zero_division=0),
        metrics.f1_score(gold, written, labels=classes, average="macro", zero_division=0),
    ]
    assert ours == pytest.approx(theirs)
    assert ours[0] == pytest.approx(metrics.recall_score(gold, written, labels=classes, average="weighted"))


def test_a_drawing_has_the_value_of_its_clips():
    """What the bootstrap computes from sums is what the drawn clips give."""
    rng = np.random.default_rng(4)
    gold, said = (rng.choice(list("abc"), 60).tolist() for _ in range(2))
    drawn = rng.integers(0, 60, 60)
    often = np.bincount(drawn, minlength=60).astype(float)[None]
    taken = [[names[at] for at in drawn] for names in (gold, said)]
    whole = class_measures(gold, said, "abc")
    again = class_measures(*taken, "abc")
    assert [measure.at(often)[0] for measure in whole] == pytest.approx([measure.value for measure in again])


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("Frustrated", "frustrated"),
        ("joyful", "happiness"),
        ("very angry", "anger"),
        ("annoyed", "anger"),
        ("afraid", "worried"),  # the only class of its family
        ("愤怒", "anger"),
        ("serious", None),
        ("", None),
        ("x" * 10_000, None),
    ],
)
def test_words_are_mapped_to_the_classes_of_the_gold(word, found):
    assert ClassMapping(["anger", "frustrated", "happiness", "worried"]).of_word(word) == found


def test_a_word_of_a_family_with_two_neighbours_is_none_of_them():
    assert ClassMapping(["worried", "anxious"]).of_word("afraid") is None


def test_spellings_of_one_class_are_one_and_the_note_says_so():
    samples = [clip("a", "angry", emotion="anger"), clip("b", "anger", labels=("bored", "mad")), clip("c", "joy")]
    result = closed_set(samples, SuiteSettings())
    assert result.settings["classes"] == ["happiness", "anger"]
    assert values(result)["accuracy (WAR)"] == pytest.approx(2 / 3)
    assert any("anger, angry as anger" in note for note in result.notes)
    assert result.clips["b"] == {"gold": "anger", "predicted": "anger", "word": "mad", "right": True}


def test_what_a_system_chose():
    mapping = ClassMapping(["anger", "sadness"])
    read = lambda **said: mapping.of_prediction(Prediction(clip="a", **said))[0]  # noqa: E731
    assert read(emotion="sad", distribution={"anger": 1.0}, labels=("angry",)) == "sadness"
    assert read(distribution={"anger": 0.6, "sadness": 0.4, "fear": math.nan}) == "anger"
    assert read(distribution={"fear": 0.9, "anger": 0.1}) is None
    assert read(labels=("bored", "furious", "sad")) == "anger"
    assert read(labels=()) is None
    assert read(emotion="anger", abstained=True) is None


def test_the_class_of_a_crowd_is_what_most_chose():
    assert (
        gold_class(Gold(clip="a", reference=Reference(distribution={"anger": 0.5, "fear": 0.3, "joy": 0.2}))) == "anger"
    )
    assert gold_class(Gold(clip="a", reference=Reference(distribution={"anger": 0.5, "fear": 0.5}))) is None


def test_clips_without_a_class_are_left_out_and_answers_are_not():
    samples = [
        clip("a", "anger", emotion="anger"),
        clip("b", None, emotion="anger"),
        clip("c", "fear", emotion="anger", abstained=True),
        clip("d", "fear", error="no answer"),
        clip("e", "fear", emotion="hungry"),
    ]
    result = closed_set(samples, SuiteSettings())
    assert result.counts == {
        "clips": 5,
        "scored": 4,
        "no_gold": 1,
        "missing": 1,
        "abstained": 1,
        "another_word": 1,
    }
    assert values(result)["accuracy (WAR)"] == 0.25
    assert result.pictures[0].columns[-2:] == (OTHER, NO_ANSWER)
    assert "b" not in result.clips


def test_edge_cases():
    with pytest.raises(ConfigError, match="no classes"):
        closed_set([clip("a", None, emotion="anger")], SuiteSettings())
    with pytest.raises(ConfigError):
        closed_set([], SuiteSettings())
    one = closed_set([clip("a", "anger"), clip("b", "anger")], SuiteSettings())
    assert set(values(one).values()) == {0.0}
    assert any("one class" in note for note in one.notes)


def test_two_systems_can_be_compared():
    right = [clip(str(at), "anger" if at % 2 else "fear", emotion="anger" if at % 2 else "fear") for at in range(40)]
    none = [Sample(sample.gold, None) for sample in right]
    ours, theirs = (closed_set(samples, SuiteSettings()).measures for samples in (right, none))
    assert [found.interval.value for found in differences(ours, theirs, resamples=200)] == [1.0] * 4
    assert intervals(ours, resamples=200)[0].n_clips == 40


def defined_hit_rate(gold, said, year):
    """METRICS.md section 7, wheel by wheel and clip by clip."""
    definition, scores = Definition(year), []
    for wheel in range(1, 6):
        metric = f"case3_wheel{wheel}_level1"
        used = {definition.label_class(word, metric) for word in gold.values()} - {None}
        hits, mscores = [], []
        for name, word in gold.items():
            truth = definition.label_class(word, metric)
            if truth is None:
                continue
            answer = {definition.label_class(label, metric) for label in said[name]} - {None}
            hits.append(len(answer & {truth}))
            mscores.append(len(answer & {truth}) / len(answer & used) if answer & used else 0)
        nothing = float("nan") if year == "v2025" else 0.0
        scores.append([np.mean(column) if column else nothing for column in (hits, mscores)])
    return np.mean(scores, axis=0)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(WORDS), st.lists(st.sampled_from(WORDS), max_size=4)), min_size=1, max_size=12),
    st.sampled_from(["v2025", "v2026"]),
)
def test_the_hit_rate_follows_its_definition(pairs, year):
    gold = {str(at): word for at, (word, _) in enumerate(pairs)}
    said = {str(at): labels for at, (_, labels) in enumerate(pairs)}
    assert hit_rate(gold, said, year) == pytest.approx(defined_hit_rate(gold, said, year), nan_ok=True)


def test_a_hit_rate_worked_by_hand():
    """All five wheels tell the three words apart; only the mended tables have a class for neutral.

    Of the published ones clip d is left out: hits 1, 1, 0; mscores 1, 1/2, 0.
    """
    gold = {"a": "happy", "b": "sad", "c": "angry", "d": "neutral"}
    said = {"a": ["happy"], "b": "[happy, sad]", "c": [], "d": ["neutral"]}
    for tables in ("v2025", "v2026"):
        assert hit_rate(gold, said, tables) == pytest.approx((2 / 3, 1.5 / 3))
    assert hit_rate(gold, said, "mended") == pytest.approx((3 / 4, 2.5 / 4))


def test_further_labels_cost_nothing_of_the_hit_rate():
    everything = ["happy", "sad", "angry", "afraid", "surprised"]
    hits, mscore = hit_rate({"a": "happy", "b": "sad"}, {"a": everything, "b": everything})
    assert hits == 1.0
    assert mscore == pytest.approx(0.5)


def test_hit_rates_of_nothing():
    with pytest.raises(KeyError, match="1 of 1 clips have no prediction"):
        hit_rate({"a": "happy"}, {}, "v2026")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert hit_rate({"a": "neutral"}, {"a": ["happy"]}, "v2026") == (0.0, 0.0)
        assert all(math.isnan(value) for value in hit_rate({"a": "neutral"}, {"a": ["happy"]}, "v2025"))
        assert hit_rate({}, {}, "v2026") == (0.0, 0.0)


def test_hit_measures_are_of_all_clips():
    hits, mscore = hit_measures(["happy", "", "neutral", "sad"], [["happy"], ["sad"], None, None])
    assert hits.applies.tolist() == [True, False, False, True]
    assert hits.sums is mscore.sums
    assert hits.value == 0.5
