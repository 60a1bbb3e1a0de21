"""A completion is taken apart once, whatever was written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from work import assert_work_is_linear

from emoreason.rewards.completion import Completion, read_completion

ANSWER = (
    '{"labels": [%s], "emotions": [{"label": "happiness", "probability": 1.0}], "valence": 0.5, "arousal": 0, '
    '"action_units": ["AU12"]}'
)


def test_the_contract_is_read_whole() -> None:
    done = read_completion("<think>Lips part.</think>" + ANSWER % '{"label": "joyful", "cues": ["face1.AU12.1"]}')
    assert (done.form, done.think, done.labels) == ("contract", "Lips part.", ("joyful",))
    assert done.label_cues == {"joyful": ("face1.AU12.1",)}
    assert done.distribution["happiness"] == 1.0
    assert (done.valence, done.arousal, done.action_units) == (0.5, 0.0, ("AU12",))
    assert done.reasoning == "Lips part."


def test_a_flood_of_labels_is_seen_as_one() -> None:
    labels = ", ".join(f'"word{n % 40}"' for n in range(80))
    done = read_completion("<think>x</think>" + ANSWER % labels)
    assert len(done.labels) == 80


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("<think>a b c</think><answer>Happy, calm.</answer>", ("happy", "calm")),
        ("<think>a</think>\n<ANSWER>['sad']</ANSWER>", ("sad",)),
        ("<think>a</think><answer>高兴、激动；平静</answer>", ("高兴", "激动", "平静")),
        ("<answer>one</answer><answer>two</answer>", ("two",)),
        ("<think>first <answer>fear</answer></think>", ()),
        ("<think>first <answer>fear</answer></think><answer>joy</answer>", ("joy",)),
        ("<answer>never closed", ()),
        ("no tags at all, happy", ()),
    ],
)
def test_answer_tags_count_behind_the_thought_only(text: str, labels: tuple[str, ...]) -> None:
    done = read_completion(text)
    assert done.labels == labels
    assert done.answered == bool(labels)


def test_an_answer_inside_the_thought_is_none() -> None:
    assert not read_completion("<think>" + ANSWER % '"joy"' + "</think>").answered


def test_untagged_reasoning_is_reasoning() -> None:
    assert read_completion("The lips part. <answer>joy</answer>").reasoning.strip() == "The lips part."


@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from(["<think>", "</think>", "<answer>", "</answer>", "{", "a, ", '"']), max_size=40).map(
        "".join
    )
)
def test_any_text_is_read(text: str) -> None:
    done = read_completion(text)
    assert isinstance(done, Completion)
    assert isinstance(done.reasoning, str)


@pytest.mark.parametrize("unit", ["<answer>a", "</answer>", "<answer>a</answer>", "<think>", "a, ", "<answer>a,"])
def test_work_grows_with_length(unit: str) -> None:
    assert isinstance(read_completion(unit * (1_000_000 // len(unit))).reasoning, str)
    assert_work_is_linear(lambda size: read_completion(unit * (size // len(unit))).reasoning, 50_000)
