"""What was wrong with a model's reply, by kind."""

from dataclasses import dataclass
from typing import Literal

ProblemCode = Literal[
    "no_answer",  # no JSON object with an answer's keys
    "missing_think",  # the preset asks for a chain of thought and there is none
    "unexpected_think",  # the preset asks for none
    "untagged_think",  # reasoning without think tags
    "unclosed_think",
    "repeated_think",
    "answer_in_think",  # the only answer stands inside the chain of thought
    "several_answers",
    "chatty",  # text around thought and answer
    "truncated",  # the JSON was cut off
    "malformed",  # the JSON had slips that could be read
    "tangled",  # too many broken braces to read them all
    "missing_field",
    "unknown_field",
    "bad_value",  # dropped
    "too_many",  # cut to the schema's limit
    "synonym",  # an emotion under another name
    "percentages",
    "not_normalised",  # probabilities that did not sum to 1
    "unknown_cue",  # cited, but not among the cues
]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that was wrong: its kind, and a plain sentence part saying what was found and what was done."""

    code: ProblemCode
    detail: str


def excerpt(value: object, length: int = 60) -> str:
    """Short, printable form of a value for a message."""
    text = ascii(value) if not isinstance(value, str) else repr(value[: length + 1])
    return text if len(text) <= length + 2 else text[: length - 1] + "…"
