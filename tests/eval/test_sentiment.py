"""eval/sentiment.py: hand-worked cases, scikit-learn, and what is read as what."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from emoreason.eval.measure import intervals
from emoreason.eval.sentiment import score, sentiment_measures, sentiment_of


def test_a_case_worked_by_hand():
    """Of two positive clips one is found and one more is said, of two negative ones one: both F1 are 1/2."""
    valence = {"a": 0.4, "b": 3.0, "c": -0.2, "d": -1.0, "e": 0.0}
    words = {"a": "positive", "b": "neutral", "c": "POSITIVE", "d": "I cannot tell", "e": "positive"}
    assert score(valence, words) == (0.5, 0.5)


@given(
    st.lists(
        st.tuples(
            st.floats(-3, 3, allow_nan=False),
            st.sampled_from(["positive", "Negative", "neutral", "", "positive.", "mixed", " positive\n", None]),
        ),
        min_size=1,
        max_size=30,
    )
)
def test_it_agrees_with_scikit_learn(pairs):
    kept = [(value > 0, (word or "").strip().lower() == "positive") for value, word in pairs if value != 0]
    found = score([value for value, _ in pairs], [word for _, word in pairs])
    if not kept:
        assert all(math.isnan(value) for value in found)
        return
    gold, said = [one for one, _ in kept], [other for _, other in kept]
    theirs = (metrics.f1_score(gold, said, average="weighted", zero_division=0), metrics.accuracy_score(gold, said))
    assert found == pytest.approx(theirs)


def test_measures_are_of_all_clips_and_have_intervals():
    weighted_f1, accuracy = sentiment_measures([1.0, None, -1.0, 0.0, math.nan, 2.0], ["positive"] * 6)
    assert (weighted_f1.name, accuracy.name) == ("weighted F1", "accuracy")
    assert accuracy.applies.tolist() == [True, False, True, False, False, True]
    assert intervals([accuracy], resamples=200)[0].value == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("valence", "words", "error"),
    [
        ({"a": 1.0}, {}, KeyError),
        ({"a": 1.0}, ["positive"], ValueError),
        ([1.0], {"a": "positive"}, ValueError),
        ([1.0, 2.0], ["positive"], ValueError),
    ],
)
def test_what_does_not_pair_up_is_refused(valence, words, error):
    with pytest.raises(error):
        score(valence, words)


@pytest.mark.parametrize(
    ("labels", "word"),
    [
        (["delighted", "angry", "proud"], "positive"),
        (["worried", "calm"], "negative"),
        (["sad", "happy"], "negative"),  # as many each way: the first one
        (["呆", "surprised", "xyzzy"], "neutral"),
        (["愤怒"], "negative"),
        ([], "neutral"),
    ],
)
def test_labels_are_read_by_their_families(labels, word):
    assert sentiment_of(labels) == word
