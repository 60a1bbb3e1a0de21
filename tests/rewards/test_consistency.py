"""The reasoning arrives at the emotions that the answer gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reward_texts import TEXTS, assert_any_megabyte, contract, tagged

from emoreason.records import Reference
from emoreason.rewards.completion import read_completion
from emoreason.rewards.consistency import score_consistency

NOTHING = Reference()
EVERY = "happy, sad, angry, afraid, surprised, disgusted and neutral"


def value(text: str) -> float:
    found = score_consistency(read_completion(text), NOTHING).value
    assert found is not None
    return found


def agreement(think: str, answer: str) -> float:
    return value(tagged(think=think, answer=answer))


@pytest.mark.parametrize(
    ("think", "answer"),
    [
        ("The smile suggests joy.", "happy"),
        ("Observations: Lips part. Conclusion: She is delighted.", "joyful, cheerful"),
        ("The smile suggests joy rather than sadness.", "happy"),
        ("He is not angry. He is sad.", "sad"),
        ("He cannot hide his joy.", "happy"),
        ('She says "I am so sad that I could cry" and grins with joy.', "happy"),
        ("Conclusion: joy.\nAlternatives: fear or anger, since the brows rise.", "happy"),
        ("No clear emotion is expressed.", "neutral"),
        ("Conclusion: she is bewuthered.", "bewuthered"),
        ("观察：嘴角上扬。结论：她表达了快乐，而不是悲伤。", "开心"),
        ("他并不生气，看起来很悲伤。", "sad"),
    ],
)
def test_a_reasoning_that_leads_to_the_answer_agrees(think: str, answer: str) -> None:
    assert agreement(think, answer) == pytest.approx(1)


@pytest.mark.parametrize(
    ("think", "answer"),
    [
        ("The frown suggests anger.", "happy"),
        ("She is not happy.", "happy"),
        ("Joy is ruled out.", "happy"),
        ("The lip corners rise.", "happy"),
        ("", "happy"),
        ("The smile suggests joy.", ""),
        ("结论：他很悲伤。", "开心"),
    ],
)
def test_a_reasoning_that_leads_elsewhere_or_nowhere_does_not(think: str, answer: str) -> None:
    assert agreement(think, answer) == 0


def test_naming_every_emotion_loses() -> None:
    honest = agreement("It could be fear. Therefore the smile expresses joy.", "happy")
    assert agreement(f"He is {EVERY}.", "happy") < 0.3
    assert agreement(f"He is {EVERY}. Therefore he is happy.", "happy") < 0.6 < honest
    assert agreement(f"Therefore he is {EVERY}.", "happy") < 0.3


def test_another_possibility_counts_less_than_the_conclusion() -> None:
    one = agreement("Therefore this is joy.", "happy")
    other = agreement("Therefore this is joy. Alternatively it could be fear.", "happy")
    both = agreement("Therefore this is joy and fear.", "happy")
    assert one > other > both


def test_labels_and_the_most_probable_class_are_the_answer() -> None:
    assert value(contract()) == 1
    torn = contract(emotions=[{"label": "anger", "probability": 1}])
    assert 0 < value(torn) < 1
    assert value(contract(labels=[])) == 1


def test_parts_name_the_families() -> None:
    parts = score_consistency(read_completion(tagged(think="She is furious.", answer="mad, sad")), NOTHING).parts
    assert parts == {"precision": 1, "recall": 0.5, "reasoning": "anger", "answer": "anger sadness"}


@given(st.permutations(["happy", "sad", "afraid"]))
def test_the_order_of_labels_changes_nothing(labels: list[str]) -> None:
    assert agreement("She is happy.", ", ".join(labels)) == pytest.approx(0.5)


@given(TEXTS)
def test_any_text_is_in_range(text: str) -> None:
    assert 0 <= value(text) <= 1


@pytest.mark.slow
def test_any_megabyte_is_scored() -> None:
    assert_any_megabyte(score_consistency, NOTHING)
