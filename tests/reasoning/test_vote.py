"""Several answers become one that its own chain of thought bears out."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoreason.prompts.contract import parse_answer
from emoreason.reasoning.conversation.vote import vote
from emoreason.records.convert import check
from emoreason.records.labels import EMOTIONS


def answer(labels: str, **fields: Any) -> dict[str, Any]:
    """An answer with labels separated by blanks, sure of the class given as ``top``."""
    top, share = fields.pop("top", "happiness"), fields.pop("share", 0.9)
    shares = dict.fromkeys(EMOTIONS, (1 - share) / 6) | {top: share}
    return {
        "labels": [{"label": label, "cues": [f"{label}.1"]} for label in labels.split()],
        "emotions": [{"label": emotion, "probability": shares[emotion]} for emotion in EMOTIONS],
        "valence": 0.5,
        "arousal": 0.5,
        "action_units": [],
        **fields,
    }


def labels(found: Any) -> list[str]:
    return [item["label"] for item in found.answer["labels"]]


def test_a_label_stands_when_more_than_half_give_it() -> None:
    found = vote([answer("happy proud"), answer("happy tired"), answer("happy proud bored")])
    assert labels(found) == ["happy", "proud"]
    assert found.chosen == 0


def test_synonyms_of_a_class_count_as_one_and_keep_the_words_of_the_chosen() -> None:
    found = vote([answer("joyful"), answer("happy nervous"), answer("快乐")])
    assert labels(found)[0] in ("joyful", "happy", "快乐")
    assert len(labels(found)) == 1
    assert found.answer["labels"][0]["cues"] == [f"{labels(found)[0]}.1"]


def test_the_distribution_is_the_mean() -> None:
    found = vote([answer("a", top="anger", share=0.7), answer("a", top="anger", share=0.4), answer("a", top="fear")])
    by_label = {item["label"]: item["probability"] for item in found.answer["emotions"]}
    assert by_label["anger"] == pytest.approx((0.7 + 0.4 + 0.1 / 6) / 3, abs=1e-6)
    assert found.notes[0] == "2 of 3 samples agree on anger"


def test_the_chain_of_thought_is_that_of_the_nearest() -> None:
    found = vote([answer("sad", top="sadness"), answer("happy", share=0.8), answer("happy proud", share=0.6)])
    assert found.chosen in (1, 2)
    assert labels(found) == ["happy"]
    assert found.answer["labels"][0]["cues"] == ["happy.1"]


def test_labels_of_the_majority_that_the_chosen_lacks_are_said() -> None:
    answers = [
        answer("happy calm", top="happiness", share=0.2),
        answer("happy calm proud", top="surprise", share=1.0),
        answer("proud", top="anger", share=1.0),
        answer("happy calm proud", top="sadness", share=1.0),
        answer("happy calm", top="happiness", share=0.2),
    ]
    found = vote(answers)
    assert labels(found) == ["happy", "calm"]
    assert found.notes[1].endswith("that the chain of thought kept here does not: proud (3)")


def test_without_agreement_the_labels_of_the_chosen_stay() -> None:
    found = vote([answer("bored"), answer("tired"), answer("proud")])
    assert len(labels(found)) == 1


def test_abstaining_is_decided_by_majority() -> None:
    silent = answer("", abstained=True, abstain_reason="too dark")
    found = vote([silent, answer("happy"), silent])
    assert found.answer["abstained"] is True
    assert found.answer["abstain_reason"] == "too dark"
    assert found.notes == ("2 of 3 samples agree to abstain",)
    assert vote([silent, answer("happy")]).answer.get("abstained") is None


def test_compounds_are_means_too() -> None:
    one = answer("a", compounds=[{"label": "happily surprised", "probability": 0.8}])
    other = answer(
        "a", compounds=[{"label": "Happily surprised", "probability": 0.4}, {"label": "x y", "probability": 1}]
    )
    found = vote([one, other])
    assert found.answer["compounds"] == [
        {"label": "happily surprised", "probability": 0.6},
        {"label": "x y", "probability": 0.5},
    ]


_words = st.lists(st.sampled_from(["happy", "joyful", "sad", "proud", "生气", "x"]), max_size=3, unique=True)
_answers = st.builds(
    lambda words, **fields: answer(" ".join(words), **fields),
    words=_words,
    top=st.sampled_from(EMOTIONS),
    share=st.floats(0, 1),
    valence=st.floats(-1, 1),
    abstained=st.booleans(),
)


@given(st.lists(_answers, min_size=1, max_size=6))
@settings(max_examples=100, deadline=None)
def test_one_of_many_is_a_valid_answer_whose_labels_the_chosen_gave(answers: list[dict[str, Any]]) -> None:
    found = vote(answers)
    check(found.answer, "answer")
    given_labels = [item["label"] for item in answers[found.chosen]["labels"]]
    assert set(labels(found)) <= set(given_labels)
    assert bool(labels(found)) == bool(given_labels)
    assert sum(item["probability"] for item in found.answer["emotions"]) == pytest.approx(1, abs=1e-5)


@given(st.lists(st.text(max_size=80), min_size=1, max_size=4))
@settings(max_examples=50, deadline=None)
def test_answers_with_fields_missing_are_joined_too(texts: list[str]) -> None:
    answers = [parse_answer(f'{{"labels": ["happy"], "x": "{text}"}}').answer or {} for text in texts]
    assert vote([*answers, {}]).answer.get("labels", []) in ([], [{"label": "happy", "cues": []}])


@given(_answers)
@settings(max_examples=20, deadline=None)
def test_the_same_answer_again_and_again_stays_what_it_was(one: dict[str, Any]) -> None:
    found = vote([one, one, one])
    assert set(labels(found)) == {item["label"] for item in one["labels"]}
    assert found.answer["valence"] == pytest.approx(one["valence"], abs=1e-6)
