"""The form is kept or it is not; the fast check of the answer agrees with the schema."""

import json

import pytest
from hypothesis import given
from reward_texts import ANSWER, TEXTS, assert_any_megabyte, contract, tagged

from emoreason.records import Reference
from emoreason.rewards.completion import read_completion
from emoreason.rewards.format import Form, score_format

NOTHING = Reference()


def value(text: str, form: Form = "any", *, opened_by_prompt: bool = False) -> float | None:
    return score_format(read_completion(text), NOTHING, form=form, opened_by_prompt=opened_by_prompt).value


def test_both_forms_are_kept() -> None:
    assert value(contract()) == value(tagged()) == 1
    assert value(contract(), "contract") == value(tagged(), "tags") == 1
    assert value(contract(), "tags") == value(tagged(), "contract") == 0
    assert value("<think>嘴角上扬。</think><answer>开心</answer>") == 1


def test_the_direct_form_is_the_json_alone() -> None:
    answer = json.dumps(ANSWER)
    assert value(answer, "direct") == 1
    assert value(contract(), "direct") == value(answer) == value(answer + " So.", "direct") == 0


def test_white_space_and_ends_of_turns_are_no_part_of_the_form() -> None:
    assert value(f"\n {tagged()} \n<|im_end|>\n<|endoftext|>") == 1
    assert value(contract() + "<｜end▁of▁sentence｜>") == 1
    assert value(contract() + "<|im_end|>" * 9) == 0


def test_a_prompt_may_have_opened_the_thought() -> None:
    text = tagged().removeprefix("<think>")
    assert (value(text), value(text, opened_by_prompt=True), value(tagged(), opened_by_prompt=True)) == (0, 1, 0)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "happy",
        tagged(think=""),
        tagged(think=" . … !"),
        tagged(think="Smile seen"),
        tagged(answer=" "),
        tagged(answer="[]"),
        tagged(answer="<answer>happy</answer>"),
        tagged(answer='{"labels": ["happy"]}'),
        tagged(think="One <think>two three</think> four"),
        tagged(think="One two three <answer>sad</answer>"),
        tagged(think='One two three {"labels": ["sad"]}'),
        tagged() + " I hope this helps!",
        tagged() + "<answer>happy</answer>",
        tagged() + json.dumps(ANSWER),
        "Sure! " + tagged(),
        tagged().replace("<answer>", "so <answer>"),
        tagged().replace("</think>", "</Think>"),
        tagged().replace("think>", "thinking>"),
        tagged().replace("</answer>", ""),
        contract().replace("</think>", ""),
        contract() + "}",
        contract() + contract(),
        contract(labels=["happy"]),
        contract(valence="0.5"),
        contract(action_units=["AU012"]),
        contract(emotions=[{"label": "joy", "probability": 1}]),
        contract(surprise=1),
        contract(valence=2),
        contract(labels=[], emotions=[]),
        contract(alternatives=[{"label": "<think>", "reason": "r"}]),
        contract().replace('"valence": 0.6', '"valence": NaN'),
        contract().replace('"valence": 0.6', '"valence": 0.6, "valence": 0.1'),
        contract().replace("{", "```json\n{", 1) + "\n```",
        contract()[:-4],
    ],
)
def test_whatever_else_is_written_is_not_the_form(text: str) -> None:
    score = score_format(read_completion(text), NOTHING)
    assert score.value == 0
    assert score.parts is not None
    assert min(float(part or 0) for part in score.parts.values()) == 0


def test_an_abstention_is_an_answer() -> None:
    assert value(contract(labels=[], emotions=[], abstained=True, abstain_reason="too dark")) == 1


@pytest.mark.parametrize(
    ("probabilities", "kept"), [((0.7, 0.3), 1), ((0.67, 0.31), 1), ((1.0, 1.0), 0), ((0.2, 0.2), 0), ((), 1)]
)
def test_probabilities_sum_to_one(probabilities: tuple[float, ...], kept: int) -> None:
    names = ("happiness", "surprise")
    emotions = [{"label": label, "probability": share} for label, share in zip(names, probabilities, strict=False)]
    assert value(f"<think>The lips part.</think>{json.dumps({**ANSWER, 'emotions': emotions})}") == kept


@given(TEXTS)
def test_any_text_has_the_form_or_not(text: str) -> None:
    assert value(text) in (0, 1)


@pytest.mark.slow
def test_any_megabyte_is_scored() -> None:
    assert_any_megabyte(score_format, NOTHING)
