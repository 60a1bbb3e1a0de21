"""Published formulas: what they say by hand-made examples, and that hostile text costs linear time."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from work import assert_work_is_linear

from emoreason.records import Reference
from emoreason.rewards import published
from emoreason.rewards.completion import Completion, read_completion

PATTERN = re.compile(r"<think>.*?</think>\s*<answer>.*?</answer>", re.DOTALL)
PIECES = st.lists(
    st.sampled_from(["<think>", "</think>", "<answer>", "</answer>", " ", "\n", "AU12", "x"]), max_size=14
).map("".join)


@given(PIECES)
def test_forms_are_those_of_the_published_pattern(text: str) -> None:
    done = Completion(text=text)
    assert published.score_match_format(done, Reference()).value == float(PATTERN.match(text) is not None)
    assert published.score_full_match_format(done, Reference()).value == float(PATTERN.fullmatch(text) is not None)


@pytest.mark.parametrize(
    ("think", "gold", "value"),
    [
        ("AU6 and AU12", ("AU6", "AU12"), 1.0),
        ("no au6, AU12 [face1.AU4.1]", ("AU6", "AU12"), 2 * 0.8 - 1),
        ("AU4", ("AU6",), -1.0),
        ("nothing", ("AU6",), -1.0),
        ("AU6", (), 0.0),
        ("AU12", ("L12",), 1.0),
    ],
)
def test_action_unit_mentions(think: str, gold: tuple[str, ...], value: float) -> None:
    done = read_completion(f"<think>{think}</think><answer>happy</answer> AU25")
    score = published.score_action_unit_mentions(done, Reference(action_units=gold))
    assert score is not None
    assert score.value == pytest.approx(value)


def test_recall_costs_nothing_for_what_else_is_said() -> None:
    reference = Reference(clues=("She smiles broadly.", "Her voice is high."))

    def value(text: str) -> float:
        score = published.score_rubric_recall(read_completion(text), reference)
        assert score is not None
        assert score.value is not None
        return score.value

    whole = value("<think>She smiles broadly. Her voice is high.</think><answer>happy</answer>")
    assert whole == pytest.approx(1.0, abs=1e-6)
    padded = "He frowns. She cries. The room burns. " * 40
    assert value(f"<think>{padded}She smiles broadly. Her voice is high.</think><answer>x</answer>") == whole
    assert value("<think>She smiles broadly.</think><answer>x</answer>") < whole
    assert value("") == 0.0


def test_what_is_not_known_does_not_apply() -> None:
    done = read_completion("<think>AU12</think><answer>x</answer>")
    assert published.score_action_unit_mentions(done, Reference()) is None
    assert published.score_rubric_recall(done, Reference()) is None


@pytest.mark.parametrize(
    "text",
    [
        "<think>" * 140_000,
        "<think>" + "</think><answer>" * 60_000,
        "<think>" + ("</think>" + " " * 50) * 17_000,
        "<think>" + "a.b," * 250_000,
    ],
    ids=["openings", "answers", "spaces", "sentences"],
)
def test_a_hostile_megabyte_is_read(text: str) -> None:
    done, reference = Completion(text=text), Reference(action_units=("AU1",), clues=("She smiles.",))
    published.score_match_format(done, reference)
    published.score_full_match_format(done, reference)
    published.score_action_unit_mentions(done, reference)
    published.score_rubric_recall(done, reference)

    def all_of_them(size: int) -> None:
        part = Completion(text=text[:size])
        published.score_match_format(part, reference)
        published.score_full_match_format(part, reference)
        published.score_action_unit_mentions(part, reference)
        published.score_rubric_recall(part, reference)

    assert_work_is_linear(all_of_them)
