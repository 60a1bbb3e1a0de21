"""Reasoning within the band costs nothing; stubs and floods do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reward_texts import TEXTS, assert_any_megabyte, tagged

from emoreason.records import Reference
from emoreason.rewards.completion import read_completion
from emoreason.rewards.length import CHARACTERS, WORDS, score_length

NOTHING = Reference()


def value(text: str) -> float:
    found = score_length(read_completion(text), NOTHING).value
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, 0),
        (WORDS[0] // 2, 0.5),
        (WORDS[0], 1),
        (WORDS[1], 1),
        (WORDS[1] * 3 // 2, 0.5),
        (WORDS[1] * 2, 0),
        (9999, 0),
    ],
)
def test_words_are_counted(count: int, expected: float) -> None:
    assert value(tagged(think="word " * count)) == pytest.approx(expected)


def test_chinese_is_counted_in_characters() -> None:
    assert value(tagged(think="眉毛上扬，" * (CHARACTERS[0] // 4 + 1))) == 1
    assert value(tagged(think="眉毛上扬，" * (CHARACTERS[1] // 2))) == 0
    score = score_length(read_completion(tagged(think="AU12 明显。眉毛上扬。")), NOTHING)
    assert score.parts is not None
    assert (score.parts["unit"], score.parts["length"]) == ("characters", 7)


def test_joined_words_are_not_one_word() -> None:
    joined = score_length(read_completion(tagged(think=".".join(["word"] * 700))), NOTHING).parts
    assert joined is not None
    assert float(joined["length"] or 0) >= 100
    assert value(tagged(think="[face1.AU12.1] " * WORDS[0])) == 1


def test_the_answer_is_not_counted() -> None:
    assert value(tagged(answer="happy, " * 5000, think="word " * 50)) == 1
    assert value("<answer>happy</answer>") == 0


@given(st.integers(0, 1200), st.integers(0, 1200))
def test_nearer_the_band_is_never_worse(one: int, other: int) -> None:
    def away(count: int) -> float:
        return max(WORDS[0] - count, 0) / WORDS[0] + max(count - WORDS[1], 0) / WORDS[1]

    better, worse = sorted((one, other), key=away)
    assert value(tagged(think="word " * better)) >= value(tagged(think="word " * worse)) - 1e-9


@given(TEXTS)
def test_any_text_is_in_range(text: str) -> None:
    assert 0 <= value(text) <= 1


@pytest.mark.slow
def test_any_megabyte_is_scored() -> None:
    assert_any_megabyte(score_length, NOTHING)
