"""Completions for tests of rewards: an honest one in each form, any text, and long hostile ones."""

import json
from collections.abc import Callable, Iterator
from typing import Any

from hypothesis import strategies as st
from work import assert_work_is_linear

from emoreason.records import Reference, Score
from emoreason.rewards.completion import Completion

THINK = (
    "Observations: The lip corners rise moderately [face1.AU12.1]. There is no AU4. "
    "Interpretation: The smile suggests pleasure. Conclusion: The person expresses joy, not anger."
)
ANSWER: dict[str, Any] = {
    "labels": [{"label": "happy", "cues": ["face1.AU12.1"]}],
    "emotions": [
        {"label": "happiness", "probability": 0.9},
        {"label": "neutral", "probability": 0.1},
    ],
    "valence": 0.6,
    "arousal": 0.2,
    "action_units": ["AU12"],
    "alternatives": [{"label": "polite", "reason": "the eyes do not smile"}],
    "abstained": False,
    "abstain_reason": None,
}


def contract(think: str = THINK, **changes: Any) -> str:
    """A completion in this project's form, with fields of the answer changed."""
    return f"<think>\n{think}\n</think>\n{json.dumps({**ANSWER, **changes}, ensure_ascii=False)}"


def tagged(think: str = THINK, answer: str = "happy") -> str:
    return f"<think>{think}</think><answer>{answer}</answer>"


_PIECES = [
    "<think>", "</think>", "<answer>", "</answer>", "{", "}", '"labels"', "[face1.AU12.1]", "[", "]", "no ", "not ",
    "AU12", "AUs 1, 2", "happy", "sad ", "，", "。", "没有", "悲伤", "Conclusion:", "Attributes:", "Emotion:", "\n",
    ". ", ", ", "left ", "\ud800", "\x00", "ſ", "İ", "<|im_end|>", "```json", "- ",
]  # fmt: skip

#: Any text, and texts made of what rewards look for.
TEXTS = st.one_of(
    st.text(max_size=300),
    st.lists(st.sampled_from(_PIECES), max_size=60).map("".join),
    st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=8)), max_size=40).map("".join).map(tagged),
    st.lists(st.sampled_from(_PIECES), max_size=40).map("".join).map(contract),
)

_UNITS = [
    "<think>", "a</think>", "{", '{"labels": [', "[a.AU1.1", "AU1, ", "AU1+", "AUs 1 ", "no AU12 ", "not ", "happy ",
    "therefore ", "快乐", "没有", '"a ', "a-", "a.", "Attributes: a\n", "Emotion: joy. ", "<answer>a", "left ", " ",
    "x", ",",
]  # fmt: skip


def hostile_completions(length: int) -> Iterator[Completion]:
    """Yield completions of a length, each one thing over and over, bare and as a chain of thought before an answer."""
    for unit in _UNITS:
        run = unit * (length // len(unit))
        yield Completion(text=run, think=run)
        yield Completion(text=tagged(run), think=run, answered=True, form="tags", labels=("happy",))


def assert_any_megabyte(score: Callable[[Completion, Reference], Score | None], reference: Reference) -> None:
    """A reward takes each hostile megabyte without raising and is in range.

    The work is linear; within one call (a regular expression), time that grew with the square of the length would reach
    pytest's limit for a test.
    """
    for completion in hostile_completions(1_000_000):
        found = score(completion, reference)
        assert found is None or (found.value is not None and 0 <= found.value <= 1)
    for kind in range(2 * len(_UNITS)):
        texts = {size: list(hostile_completions(size))[kind] for size in (4_000, 8_000, 64_000)}
        assert_work_is_linear(lambda size, texts=texts: score(texts[size], reference))
