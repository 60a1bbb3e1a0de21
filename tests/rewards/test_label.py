"""The closed-set reward."""

import pytest

from emoreason.records import Reference
from emoreason.rewards.completion import Completion, read_completion
from emoreason.rewards.label import most_probable, score_label


def answer(*labels, **distribution):
    return Completion(text="", answered=True, labels=labels, distribution=distribution or None)


@pytest.mark.parametrize(
    ("reference", "labels", "value"),
    [
        ("angry", ["anger"], 1.0),
        ("angry", ["Furious"], 1.0),
        ("angry", ["sad", "angry"], 0.0),  # the first label is the answer
        ("happy", ["xyzzy", "happy"], 0.0),
        ("neutral", ["neutral"], 1.0),
        ("neutral", ["happy"], 0.0),
        ("worried", ["fear"], 1.0),
        ("surprise", ["惊讶"], 1.0),
        ("sad", [], 0.0),
    ],
)
def test_first_label(reference, labels, value):
    assert score_label(answer(*labels), Reference(emotion=reference)).value == value


def test_the_distribution_goes_before_the_labels():
    score = score_label(answer("sad", anger=0.6, sadness=0.4), Reference(emotion="anger"))
    assert score.value == 1.0
    assert score.parts == {"reference": "anger", "answer": "anger", "read_from": "distribution"}


def test_equal_probabilities_earn_chance():
    even = dict.fromkeys(["happiness", "sadness", "anger", "fear", "surprise", "disgust", "neutral"], 1 / 7)
    assert score_label(answer(**even), Reference(emotion="fear")).value == pytest.approx(1 / 7)
    assert most_probable({}) == ()
    assert most_probable({"anger": 0.0}) == ()


def test_none_only_for_want_of_a_reference():
    assert score_label(answer("happy"), Reference()) is None
    assert score_label(answer("happy"), Reference(emotion="xyzzy")) is None
    score = score_label(Completion(text=""), Reference(emotion="happy"))
    assert (score.value, score.parts["answer"]) == (0.0, None)


def test_a_tagged_answer():
    score = score_label(read_completion("<think>x</think><answer>angry</answer>"), Reference(emotion="anger"))
    assert score.value == 1.0
