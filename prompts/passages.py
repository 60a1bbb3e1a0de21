"""The passages of a reply: the chain of thought, the JSON answer, and what stands around them.

Works on any text in linear time: every pattern is bounded, and reading JSON has a budget of characters.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from .repair import Slip, read_json_tolerantly

_TAG = re.compile(r"<\s{0,4}(/?)\s{0,4}think(?:ing)?\s{0,4}/?>", re.IGNORECASE)
_OPENED: Final = "<think>"
_CLOSING: Final = "</think>"
_FENCE = re.compile(r"```[ \t]{0,4}[A-Za-z0-9]{0,12}")
_OPENING = re.compile(r"\{")
_JSON_OPENING = re.compile(r"\{(?=\s{0,40}[\"}])")
#: Leftover text that is no chat: fences, white space, tokens that end a turn, an answer tag.
_PADDING = re.compile(r"[\s`]+|<\|[\w ]{1,30}\|>|</?s>|</?answer>", re.IGNORECASE)

#: Keys by which an answer is known.
ANSWER_KEYS: Final = frozenset(
    {"labels", "label", "emotions", "emotion", "valence", "arousal", "action_units", "compounds", "abstained"}
)

# Keys of the answer's items: an object with one of these is a part of an answer that could not be read whole.
_ITEM_KEYS: Final = frozenset({"cues", "probability", "reason"})
_SINGULAR: Final = frozenset({"label", "emotion"})

# Reading JSON at every opening brace of a hostile text costs at most this many times its length.
_BUDGET_FACTOR: Final = 8
_BUDGET_FLOOR: Final = 100_000
_LAST_RESORT: Final = 20_000
_TOLERANT_TRIES: Final = 6
_WINDOWS: Final = (4_096, 65_536, None)
_WINDOW_EDGE: Final = 16
_DECODER: Final = json.JSONDecoder(strict=False)


@dataclass(frozen=True, slots=True)
class Found:
    """A JSON object in the text: its value, its span, and what had to be forgiven to read it."""

    value: dict[str, Any]
    start: int
    end: int
    slips: frozenset[Slip] = frozenset()

    @property
    def is_answer(self) -> bool:
        """Whether it has a key of an answer."""
        keys = {str(key).strip().lower() for key in self.value}
        return bool(keys & (ANSWER_KEYS - _SINGULAR)) or bool(keys & _SINGULAR and not keys & _ITEM_KEYS)


@dataclass(frozen=True, slots=True)
class Passages:
    """What a reply is made of.

    ``think`` is None when there is no chain of thought. ``answer`` is None when no object could be read.
    ``opened`` and ``closed`` count the think tags; ``others`` counts further objects that look like answers.
    """

    think: str | None
    answer: Found | None
    opened: int
    closed: int
    others: int
    around: str
    in_think: bool
    fenced: bool
    exhausted: bool


def find_passages(text: str) -> Passages:
    """Take a reply apart. Never raises, whatever the text.

    The answer is the last object with an answer's keys outside the chain of thought; the chain of thought is what
    stands between the first opening and the last closing tag before it. Tags inside the answer's strings are text.
    """
    objects, exhausted = _objects(text)
    tags = _tags_outside(text, [found for found in objects if found.is_answer])
    boundary = max((end for _, end, closing in tags if closing), default=0)
    answers = [found for found in objects if found.is_answer]
    after = [found for found in answers if found.start >= boundary]
    answer = after[-1] if after else (_forgiven(text, boundary) or (answers[-1] if answers else None))
    if answer is None and boundary:
        answer = _forgiven(text, 0)
    if answer is not None:
        tags = [tag for tag in tags if tag[1] <= answer.start or tag[0] >= answer.end]
    think, think_span = _think(text, tags, answer)
    around = _around(text, think_span, answer)
    return Passages(
        think=think,
        answer=answer,
        opened=sum(not closing for _, _, closing in tags),
        closed=sum(closing for _, _, closing in tags),
        others=max(0, len(after if after else answers) - 1),
        around=_PADDING.sub(" ", _FENCE.sub(" ", _TAG.sub(" ", around))).strip(),
        in_think=answer is not None and answer.start < think_span[1],
        fenced=answer is not None and bool(_FENCE.search(text, max(0, answer.start - 24), answer.start)),
        exhausted=exhausted,
    )


def thought_of(text: str) -> str | None:
    r"""Chain of thought of a reply, as :func:`find_passages` finds it; quickly where the form is the asked one.

    Examples
    --------
    >>> thought_of("<think>\nLips part.\n</think>\n{}"), thought_of('{"labels": []}')
    ('Lips part.', None)
    """
    think, closing, answer = text.partition(_CLOSING)
    # No object can hold a tag where no brace stands before the second one, and there are no further tags.
    plain = closing and think.startswith(_OPENED) and "{" not in think and _TAG.search(answer) is None
    if plain and _TAG.search(think, len(_OPENED)) is None:
        return think[len(_OPENED) :].strip()
    return find_passages(text).think


def _objects(text: str) -> tuple[list[Found], bool]:
    """Find the well-formed objects, outermost only, left to right; True when the budget ran out before the end.

    When it did, the end of the text is still read: an answer that follows a heap of braces is found.
    """
    found: list[Found] = []
    budget = _BUDGET_FACTOR * len(text) + _BUDGET_FLOOR
    exhausted = False
    at = 0
    while (opening := _JSON_OPENING.search(text, at)) is not None:
        start = opening.start()
        value, end, cost = _read_json(text, start)
        if value is not None:
            found.append(Found(value, start, end))
        at = end
        budget -= cost
        if budget < 0 and exhausted:
            break
        if budget < 0:
            at, budget, exhausted = max(at, len(text) - _LAST_RESORT), _BUDGET_FLOOR, True
    return found, exhausted


def _read_json(text: str, start: int) -> tuple[dict[str, Any] | None, int, int]:
    """Read the object at ``start`` (or None); also say where to go on, and how many characters a failure cost.

    Windows keep failures cheap: an error's construction alone costs the length of the text it is raised for.
    """
    cost = 0
    for window in _WINDOWS:
        part = text[start:] if window is None else text[start : start + window]
        whole = start + len(part) >= len(text)
        try:
            value, end = _DECODER.raw_decode(part)
        except json.JSONDecodeError as error:
            cut = error.msg.startswith("Unterminated") or error.pos >= len(part) - _WINDOW_EDGE
            cost += len(part) if cut else error.pos
            if whole or not cut:
                break
        except (RecursionError, ValueError):
            cost += len(part)
            break
        else:
            return (value if isinstance(value, dict) else None), start + end, 0
    return None, start + 1, cost


def _forgiven(text: str, begin: int) -> Found | None:
    """Find the first object from ``begin`` on that looks like an answer once its slips are forgiven."""
    at = begin
    for _ in range(_TOLERANT_TRIES):
        opening = _OPENING.search(text, at)
        if opening is None:
            return None
        value, end, slips = read_json_tolerantly(text, opening.start())
        if value is not None:
            found = Found(value, opening.start(), end, slips)
            if found.is_answer:
                return found
        at = opening.end()
    return None


def _tags_outside(text: str, objects: list[Found]) -> list[tuple[int, int, bool]]:
    """Think tags as (start, end, closing) that stand in none of the objects."""
    tags: list[tuple[int, int, bool]] = []
    inside: Iterator[Found] = iter(objects)
    current = next(inside, None)
    for match in _TAG.finditer(text):
        while current is not None and current.end <= match.start():
            current = next(inside, None)
        if current is None or match.start() < current.start:
            tags.append((match.start(), match.end(), bool(match[1])))
    return tags


def _think(text: str, tags: list[tuple[int, int, bool]], answer: Found | None) -> tuple[str | None, tuple[int, int]]:
    """Cut out the chain of thought; its span includes the tags."""
    limit = answer.start if answer is not None else len(text)
    opens = [tag for tag in tags if not tag[2]]
    closes = [tag for tag in tags if tag[2]]
    if not opens and not closes:
        return None, (0, 0)
    if closes:
        # Some chat templates put the opening tag into the prompt: then the reply begins inside the thought.
        begin = opens[0] if opens and opens[0][0] < closes[-1][0] else (0, 0, False)
        end = closes[-1]
    else:
        begin = opens[0]
        stop = limit if limit > begin[1] else len(text)
        end = (stop, stop, True)
    return _TAG.sub("\n", text[begin[1] : end[0]]).strip(), (begin[0], end[1])


def _around(text: str, think_span: tuple[int, int], answer: Found | None) -> str:
    """Join what is neither thought nor answer."""
    spans = sorted([think_span, (answer.start, answer.end)] if answer is not None else [think_span])
    parts: list[str] = []
    at = 0
    for start, end in spans:
        parts.append(text[at : max(at, start)])
        at = max(at, end)
    return " ".join([*parts, text[at:]])
