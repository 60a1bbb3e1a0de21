"""Reading: what a text says about a clip, as assertions that can be checked (English and Chinese, by rule)."""

import re
from collections.abc import Sequence
from typing import Final, cast

from ...prompts.sentences import spellings
from ...records import CueSet
from .assertion import Assertion
from .clauses import Atom, Chunk, chunks_of, join_atoms
from .contours import then_shapes
from .lexicon import lexicon
from .qualifiers import hedged, level_of, negations, number_of, side_of, unknowable
from .situations import People, people, times
from .unlexical import described, quoted
from .words import Item, Sentence, sentences

__all__ = ["read_assertions"]

_WHITE: Final = " \t\r\n\u3000*_#-–—,，.。;；:：、!！?？"
_LIST_MARK: Final = re.compile(r"[\s>*#•·-]{0,20}(?:\d{1,3}[.)、]\s{1,4})?")


def read_assertions(text: str, cueset: CueSet | None = None) -> list[Assertion]:
    """Read a text as assertions, in the order in which they are made.

    Parameters
    ----------
    text : str
        Any text; never raises.
    cueset : CueSet, optional
        Gives the ids that can be cited, the people, and the duration. Without it whatever looks like an id is cited.

    Examples
    --------
    >>> [(a.codes, a.negated, a.level) for a in read_assertions("A broad smile with raised cheeks, but no frown.")]
    [(('AU12',), False, 4), (('AU6',), False, None), (('AU4',), True, None)]
    >>> read_assertions("音调偏高，语速很快。")[1].level
    2
    """
    known = spellings([cue.id for cue in cueset.cues]) if cueset is not None else {}
    cast_ = People(sorted({cue.subject for cue in cueset.cues if cue.subject}) if cueset is not None else [])
    duration_s = cueset.clip.duration_s if cueset is not None else None
    found: list[Assertion] = []
    for sentence in sentences(text, known, cast_.names()):
        found += _Sentence(text, sentence, cast_, duration_s, cueset is not None).assertions()
    return found


class _Sentence:
    """One sentence on its way to assertions."""

    def __init__(self, text: str, sentence: Sentence, cast_: People, duration_s: float | None, knows_ids: bool) -> None:
        self.text = text
        self.sentence = sentence
        self.people = cast_
        self.duration_s = duration_s
        self.knows_ids = knows_ids
        self.whole = text[sentence.start : sentence.end].strip()

    def assertions(self) -> list[Assertion]:
        items = [item for item in self.sentence.items if item.kind != "cite"]
        kinds = {item.kind for item in items}
        chunks: list[Chunk] = []
        if kinds & {"part", "fact", "quote", "that", "num", "say"}:
            chunks = chunks_of(then_shapes(items), self.sentence.start, self.sentence.end)
            quoted(self.text, self.sentence, chunks)
            join_atoms(chunks, lexicon())
        made = self._from_chunks(chunks) if chunks else []
        if "unknown" not in kinds:
            made += described(self.text, self.sentence, chunks, bool(made))
        made.sort(key=lambda assertion: assertion.start)
        return self._cited(made)

    def _from_chunks(self, chunks: Sequence[Chunk]) -> list[Assertion]:
        hidden = unknowable(chunks)
        denied = negations(chunks)
        placed = [(i, atom) for i, chunk in enumerate(chunks) for atom in chunk.atoms]
        if not placed:
            return []
        whens = times(chunks, placed, self.duration_s)
        whose = people(chunks, placed, self.people)
        signs = [value for row in denied for value in row]
        made: list[Assertion] = []
        for (i, atom), when, who, negative in zip(placed, whens, whose, signs, strict=True):
            if i in hidden:
                continue
            chunk = chunks[i]
            value, unit = number_of(chunks, i, atom, self.text)
            start, end = self._span(chunk, atom)
            made.append(
                Assertion(
                    sentence=self.whole,
                    clause=self.text[start:end],
                    start=start,
                    end=end,
                    modality=atom.modality,
                    codes=atom.codes,
                    negated=negative != atom.flipped,
                    level=level_of(chunk, atom, chunks, i),
                    value=value,
                    unit=unit,
                    direction=atom.direction,
                    side=side_of(chunks, i, atom),
                    subject=who,
                    start_s=when.start_s,
                    end_s=when.end_s,
                    part=when.part,
                    quote=atom.quote,
                    hedged=self.sentence.alternative or hedged(chunks, i),
                )
            )
        return _distinct(made)

    def _span(self, chunk: Chunk, atom: Atom) -> tuple[int, int]:
        start, end = min(chunk.start, atom.first.start), max(chunk.end, atom.last.end)
        while start < end and self.text[start] in _WHITE:
            start += 1
        while end > start and self.text[end - 1] in _WHITE:
            end -= 1
        return start, end

    def _cited(self, made: list[Assertion]) -> list[Assertion]:
        """Give each citation to what was said since the one before."""
        cites = [item for item in self.sentence.items if item.kind == "cite"]
        if not cites or not made:
            return made
        groups = _citation_groups(cites, made)
        return [self._with_ids(assertion, group) for assertion, group in zip(made, groups, strict=True)]

    def _with_ids(self, assertion: Assertion, group: list[Item]) -> Assertion:
        if not group:
            return assertion
        found: dict[str, None] = {}
        unknown: dict[str, None] = {}
        for item in group:
            ids, others = cast("tuple[list[str], list[str]]", item.value)
            found |= dict.fromkeys(ids)
            unknown |= dict.fromkeys(others)
        if not self.knows_ids:
            found, unknown = found | unknown, {}
        return _replaced(assertion, tuple(found), tuple(unknown))


def _replaced(assertion: Assertion, cited: tuple[str, ...], unknown: tuple[str, ...]) -> Assertion:
    from dataclasses import replace

    return replace(assertion, cited=cited, unknown_ids=unknown)


def _citation_groups(cites: Sequence[Item], made: Sequence[Assertion]) -> list[list[Item]]:
    groups: list[list[Item]] = [[] for _ in made]
    waiting: list[int] = []
    taken = 0
    current: list[int] = []
    for cite in cites:
        waiting = [i for i in range(taken, len(made)) if made[i].start < cite.start]
        if waiting:
            current, taken = waiting, waiting[-1] + 1
        for i in current or range(len(made)):
            groups[i].append(cite)
    return groups


def _distinct(made: list[Assertion]) -> list[Assertion]:
    """Leave out what only repeats: "AU12 (lip corner puller)", "AU1 and AU2: raised brows"."""
    kept: list[Assertion] = []
    for one in made:
        twin = next((i for i, other in enumerate(kept) if _repeats(one, other)), None)
        if twin is None:
            kept.append(one)
        elif len(kept[twin].codes) > len(one.codes) or (kept[twin].level is None and one.level is not None):
            kept[twin] = one if len(one.codes) <= len(kept[twin].codes) else kept[twin]
    return kept


def _repeats(one: Assertion, other: Assertion) -> bool:
    if not one.codes or one.modality != other.modality or one.negated != other.negated or one.quote or other.quote:
        return False
    if not (set(one.codes) <= set(other.codes) or set(other.codes) <= set(one.codes)):
        return False
    pairs = ("level", "direction", "side", "subject", "start_s", "end_s", "part", "value")
    return all(
        getattr(one, name) is None or getattr(other, name) is None or getattr(one, name) == getattr(other, name)
        for name in pairs
    )
