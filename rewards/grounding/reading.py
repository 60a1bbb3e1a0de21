"""Reading: what a text says about a clip, as assertions that can be checked (English and Chinese, by rule)."""

import re
from collections.abc import Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Final, cast

from ...records import CueSet
from .assertion import Assertion
from .chunks import Atom, Chunk, chunks_of, drop_heading
from .contours import then_shapes
from .cue_index import index_of
from .denial import hedged, negations, unknowable, unreal
from .items import Item, Sentence
from .joining import join_atoms
from .lexicon import lexicon
from .qualifiers import level_of, number_of, side_of
from .situations import NEVER, People, people, times
from .unlexical import described, quoted, unheard
from .words import sentences

__all__ = ["read_assertions"]

#: A sentence with more items is read in pieces: rules that look back and forth would cost the square of its length.
_MOST_ITEMS: Final = 150
_TIMES: Final = ("quantity", "part_time")
_TELLING: Final = ("part", "fact", "quote", "that", "num", "say", "numnoun")
_QUALIFIERS: Final = ("level", "direction", "side", "subject", "start_s", "end_s", "part", "value", "unit")
_SPOKEN: Final = ("quote", "that", "say")
_GENERIC: Final = re.compile(
    r"\W{0,9}(?:when(?:ever)? )?(?:(?:most|many|normal|angry|happy|sad|surprised|scared|afraid|frightened|fearful"
    r"|disgusted|anxious|nervous|shy|polite|calm|proud|bored|tired|depressed|excited|annoyed|irritated|contemptuous"
    r"|ashamed|embarrassed) )?(?:people|persons|individuals) "
    r"(?!in |on |at |are (?!angry|sad|happy|afraid|glad)|is |can |were |visible|present|stand|sit|here)[a-z]"
)
_said = attrgetter(*_QUALIFIERS)
_WHITE: Final = " \t\r\n\u3000*_#-–—,，.。;；:：、!！?？"
_SEMICOLONS: Final = frozenset(";；")
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
    index = index_of(cueset) if cueset is not None else None
    known = index.spellings if index is not None else {}
    cast_ = People(sorted(index.people) if index is not None else [])
    duration_s = cueset.clip.duration_s if cueset is not None else None
    found: list[Assertion] = []
    begins = 0
    for sentence in sentences(text, known, cast_.names()):
        reader = _Sentence(text, sentence, cast_, duration_s, cueset is not None)
        made = reader.assertions()
        if not made and text[sentence.start - 1 : sentence.start] in _SEMICOLONS:
            # "Lips part; it may be speech [id]": a remark that claims nothing cites for what it is about.
            found[begins:] = reader.cite_for(found[begins:])
        else:
            begins = len(found)
        found += made
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
        """Read the sentence, a very long one piece by piece."""
        items = self.sentence.items
        if len(items) <= _MOST_ITEMS:
            return self._piece(items, self.sentence.start, self.sentence.end)
        made: list[Assertion] = []
        for first in range(0, len(items), _MOST_ITEMS):
            piece = items[first : first + _MOST_ITEMS]
            made += self._piece(piece, piece[0].start, piece[-1].end)
        return made

    def cite_for(self, assertions: list[Assertion]) -> list[Assertion]:
        """Give what cites nothing the citations of this sentence."""
        cited, unknown_ids = self._ids([item for item in self.sentence.items if item.kind == "cite"])
        return [
            one if one.cited or one.unknown_ids else replace(one, cited=cited, unknown_ids=unknown_ids)
            for one in assertions
        ]

    def _piece(self, items: list[Item], begin: int, end: int) -> list[Assertion]:
        kinds = {item[0] for item in items}
        if self._asserts_nothing(kinds):
            return []
        cites: list[Item] = []
        if "cite" in kinds:
            cites = [item for item in items if item.kind == "cite"]
            items = [item for item in items if item.kind != "cite"]
        chunks: list[Chunk] = []
        made: list[Assertion] = []
        if not kinds.isdisjoint(_TELLING):
            chunks = chunks_of(then_shapes(items), begin, end)
            if ":" in self.whole or "：" in self.whole:
                drop_heading(self.text, chunks)
            if not kinds.isdisjoint(("quote", "that", "say", "numnoun")):
                quoted(self.text, end, chunks)
            join_atoms(chunks, lexicon())
            if "neg" in kinds:
                unheard(self.text, chunks)
            placed = _placed(chunks)
            if placed:
                made = self._assertions(chunks, placed, kinds, _cited(chunks, placed, cites))
        if "unknown" not in kinds and "unreal" not in kinds:
            others = described(self.text, (begin, end), kinds, chunks, bool(made))
            if others:
                made = sorted(made + others, key=lambda assertion: assertion.start)
        return made

    def _asserts_nothing(self, kinds: set[str]) -> bool:
        """Whether the sentence asks, or speaks of people in general: "Angry people frown."."""
        if self.whole.endswith(("?", "？")):
            return kinds.isdisjoint(_SPOKEN) and not self.whole.endswith(("(?", "（？"))
        return "numnoun" in kinds and _GENERIC.match(self.whole.lower()) is not None

    def _assertions(
        self, chunks: Sequence[Chunk], placed: Sequence[tuple[int, Atom]], kinds: set[str], groups: Sequence[list[Item]]
    ) -> list[Assertion]:
        hidden = unknowable(chunks) if "unknown" in kinds else set()
        if "unreal" in kinds:
            hidden = hidden | unreal(chunks)
        denied = negations(chunks) if "neg" in kinds else None
        whens = times(chunks, placed, self.duration_s) if not kinds.isdisjoint(_TIMES) else None
        whose = people(chunks, placed, self.people) if "who" in kinds else None
        has_degrees, has_sides = "degree" in kinds or "boost" in kinds, "side" in kinds
        has_hedges, alternative = "hedge" in kinds, self.sentence.alternative
        made: list[Assertion] = []
        for k, (i, atom) in enumerate(placed):
            if i in hidden:
                continue
            value, unit = number_of(chunks, i, atom, self.text) if "quantity" in kinds else (atom.value, atom.unit)
            start, clause = self._clause(chunks[i], atom)
            cited, unknown_ids = self._ids(groups[k]) if groups else ((), ())
            start_s, end_s, part = whens[k] if whens is not None else NEVER
            negated = (denied is not None and denied[k]) != (atom.negated != atom.flipped)
            level = level_of(chunks, i, atom) if has_degrees else atom.level
            if value == 0 and unit == "0-5":
                negated, value, unit = True, None, None  # an intensity of zero is an absence
            if negated and level == 1 and not atom.is_measure:
                level = None  # "not a hint of a smile" is no smile
            made.append(
                Assertion(
                    sentence=self.whole,
                    clause=clause,
                    start=start,
                    end=start + len(clause),
                    modality=atom.modality,
                    codes=atom.codes,
                    negated=negated,
                    level=level,
                    value=value,
                    unit=unit,
                    direction=atom.direction,
                    side=side_of(chunks, i, atom) if has_sides else None,
                    subject=whose[k] if whose is not None else None,
                    start_s=start_s,
                    end_s=end_s,
                    part=part,
                    quote=atom.quote,
                    hedged=alternative or (has_hedges and hedged(chunks, i)),
                    cited=cited,
                    unknown_ids=unknown_ids,
                )
            )
        return made if len(made) < 2 else _distinct(made)

    def _clause(self, chunk: Chunk, atom: Atom) -> tuple[int, str]:
        """Where the clause of an atom begins, and its words without the signs and spaces around them."""
        start = min(chunk.start, atom.first.start)
        words = self.text[start : max(chunk.end, atom.last.end)]
        bare = words.lstrip(_WHITE)
        return start + len(words) - len(bare), bare.rstrip(_WHITE)

    def _ids(self, group: list[Item]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Ids that a group of citations names: known ones, others."""
        found: dict[str, None] = {}
        unknown: dict[str, None] = {}
        for item in group:
            ids, others = cast("tuple[list[str], list[str]]", item.value)
            found |= dict.fromkeys(ids)
            unknown |= dict.fromkeys(others)
        return (tuple(found), tuple(unknown)) if self.knows_ids else (tuple(found | unknown), ())


def _placed(chunks: Sequence[Chunk]) -> list[tuple[int, Atom]]:
    """Return all atoms in the order of the text, with the indexes of their chunks."""
    for chunk in chunks:
        if len(chunk.atoms) > 1:
            chunk.atoms.sort(key=lambda atom: atom.last.start)
    return [(i, atom) for i, chunk in enumerate(chunks) for atom in chunk.atoms]


def _cited(chunks: Sequence[Chunk], placed: Sequence[tuple[int, Atom]], cites: Sequence[Item]) -> list[list[Item]]:
    """Citations of each atom: those that follow it before anything else is said, or before a "but"."""
    if not cites:
        return []
    groups: list[list[Item]] = [[] for _ in placed]
    taken, current = 0, list(range(len(placed)))
    for cite in cites:
        waiting = [k for k in range(taken, len(placed)) if placed[k][1].first.start < cite.start]
        if waiting:
            taken = waiting[-1] + 1
            last = placed[waiting[-1]][0]
            border = next((j for j in range(last, placed[waiting[0]][0], -1) if chunks[j].joint == "but"), 0)
            current = [k for k in waiting if placed[k][0] >= border]
        for k in current:
            groups[k].append(cite)
    return groups


def _distinct(made: list[Assertion]) -> list[Assertion]:
    """Make one of what only repeats: "AU12 (lip corner puller)", "AU1 and AU2: raised brows"."""
    codes = [code for one in made for code in one.codes]
    if len(set(codes)) == len(codes):
        return made
    kept: list[Assertion] = []
    for one in made:
        twin = next((i for i, other in enumerate(kept) if _repeats(one, other)), None)
        if twin is None:
            kept.append(one)
        else:
            kept[twin] = _merged(kept[twin], one)
    return kept


def _merged(first: Assertion, second: Assertion) -> Assertion:
    added = {
        name: getattr(second, name)
        for name in _QUALIFIERS
        if getattr(first, name) is None and getattr(second, name) is not None
    }
    if len(second.codes) < len(first.codes):
        added["codes"] = second.codes
    return replace(first, **added) if added else first


def _repeats(one: Assertion, other: Assertion) -> bool:
    """Whether two assertions are about the same and say nothing different of it."""
    if one.codes != other.codes:
        mine, theirs = set(one.codes), set(other.codes)
        if not mine or not theirs or not (mine <= theirs or theirs <= mine):
            return False
    if not one.codes or one.modality != other.modality or one.negated != other.negated or one.quote or other.quote:
        return False
    return all(
        first is None or second is None or first == second
        for first, second in zip(_said(one), _said(other), strict=True)
    )
