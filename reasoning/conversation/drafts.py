"""What a model wrote about one clip, taken apart far enough to know whether it can be used."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from ...errors import ModelOutputError
from ...prompts.contract import Parsed, parse_answer
from ...prompts.passages import find_passages

#: What is wrong with a reply. ``cut``: it ended at the limit of tokens, or in the middle of the JSON.
Wrong = Literal["", "empty", "cut", "no_json", "no_labels", "too_long"]

#: What the reader is told.
REASONS: Final[dict[Wrong, str]] = {
    "empty": "it is empty",
    "cut": "it was cut off before its end",
    "no_json": "it holds no JSON answer",
    "no_labels": "its JSON answer holds neither labels nor emotions",
    "too_long": "it is too long to be read",
}

#: Longest chain of thought that is given back to the model, characters.
LONGEST_THOUGHT: Final = 60_000

_TAG = re.compile(r"<\s{0,4}(/?)\s{0,4}think(?:ing)?\s{0,4}/?>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One reply: its text in the contract's form, what was read, and what is wrong with it."""

    text: str
    parsed: Parsed | None
    wrong: Wrong

    @property
    def usable(self) -> bool:
        """Whether it says anything: labels, emotions, or that it abstains."""
        return self.parsed is not None and _says_something(self.parsed)

    @property
    def think(self) -> str:
        """Its chain of thought; empty when there is none."""
        return (self.parsed.think or "") if self.parsed is not None else ""


def read_draft(text: str, finish: str) -> Draft:
    """Take a reply apart. Never raises, and takes time linear in the text.

    Parameters
    ----------
    text : str
        The whole reply, opening included.
    finish : str
        Why it ended: ``stop`` or ``length``.

    Examples
    --------
    >>> read_draft('<think>Lips part.</think> {"labels": ["joy"]}', "stop").usable
    True
    >>> read_draft("<think>Lips part, and", "length").wrong
    'cut'
    """
    try:
        parsed = parse_answer(text)
    except ModelOutputError:
        return Draft(text=text, parsed=None, wrong="too_long")
    return Draft(text=text, parsed=parsed, wrong=_wrong(text, parsed, finish))


def _wrong(text: str, parsed: Parsed, finish: str) -> Wrong:
    if _says_something(parsed):
        return "cut" if any(problem.code == "truncated" for problem in parsed.problems) else ""
    if finish == "length":
        return "cut"
    if not _TAG.sub("", text).strip():
        return "empty"
    return "no_json" if parsed.answer is None else "no_labels"


def _says_something(parsed: Parsed) -> bool:
    answer = parsed.answer
    return bool(answer and (answer.get("labels") or answer.get("emotions") or answer.get("abstained")))


def thought_of(text: str) -> str:
    """Return the chain of thought of a reply that was to end where the thinking ends.

    Tags that a model or a server repeats are taken off, as is an answer that it wrote in its place or behind it: the
    answer is asked for afterwards.

    Examples
    --------
    >>> thought_of('<think> The lips part. </think> {"labels": []}')
    'The lips part.'
    >>> thought_of('The lips part. {"labels": ["joy"], "emotions": []}')
    'The lips part.'
    """
    text = text[:LONGEST_THOUGHT]
    closing = next((tag for tag in _TAG.finditer(text) if tag[1]), None)
    text = _TAG.sub("", text[: closing.start()] if closing else text).strip()
    answer = find_passages(text).answer
    if answer is not None and not text[answer.end :].strip("` \n"):
        text = text[: answer.start].rstrip().removesuffix("```json").removesuffix("```").rstrip()
    return text
