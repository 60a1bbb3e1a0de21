"""Chunks: the items of a sentence between its joints (signs, conjunctions, relative pronouns), and their atoms."""

from collections.abc import Sequence
from functools import cache
from typing import Final, cast

from ...cues.wording import LANGUAGES, wording
from ...records.labels import Modality
from .items import Item
from .lexicon import Meaning

#: A chunk with more items than this is cut: what is said of it would take time that grows with its square.
_MOST_ITEMS: Final = 40
#: What stands before the first joint is a chunk, even without items, when it is longer than this.
_LONG_START: Final = 40

#: What completes the heading before a colon to a statement; signs around a heading.
_COMPLETING: Final = frozenset(("present", "neg", "unknown", "quantity"))
_AROUND_TITLE: Final = " \t\r\n\u3000*_#>-–—•·0123456789."


class Atom:
    """One thing said of a clip, before its qualifiers: what, and the first and last item it was read from.

    ``flipped``: a negation was taken into its meaning ("lacks variation" is low variation).
    """

    __slots__ = (
        "codes", "direction", "first", "flipped", "is_measure", "key", "last", "level", "modality", "negated", "quote",
        "unit", "value",
    )  # fmt: skip

    def __init__(self, meaning: Meaning, first: Item, last: Item, key: str = "") -> None:
        self.codes = meaning.codes
        self.modality: Modality | None = meaning.modality
        self.level = meaning.level
        self.direction = meaning.direction
        self.negated = meaning.negated
        self.first = first
        self.last = last
        self.key = key
        self.is_measure = meaning.modality in _MEASURED or meaning.codes == ("blink_rate",)
        self.flipped = False
        self.value: float | None = None
        self.unit: str | None = None
        self.quote: str | None = None

    @property
    def core(self) -> int:
        """Where its last word begins."""
        return self.last.start


_MEASURED: Final = frozenset(("voice", "scene", "physiology"))


class Chunk:
    """Items between two joints of a sentence; ``joint`` is what parts it from the chunk before.

    ``parts`` and ``moves`` are its items of these kinds, once joined; ``used`` where the words begin that atoms took;
    ``aside``: it stands in brackets.
    """

    __slots__ = ("aside", "atoms", "end", "items", "joint", "kinds", "moves", "parts", "start", "used")

    def __init__(self, joint: str, start: int, end: int) -> None:
        self.joint = joint
        self.start = start
        self.end = end
        self.items: list[Item] = []
        self.kinds: set[str] = set()
        self.parts: list[Item] = []
        self.moves: list[Item] = []
        self.atoms: list[Atom] = []
        self.used: set[int] = set()
        self.aside = False

    def add(self, item: Item) -> None:
        """Take in an item."""
        kind = item[0]
        self.items.append(item)
        self.kinds.add(kind)
        if kind == "part":
            self.parts.append(item)
        elif kind == "move":
            self.moves.append(item)

    def has(self, *kinds: str) -> bool:
        """Whether it holds an item of one of these kinds."""
        return not self.kinds.isdisjoint(kinds)

    def of(self, kind: str) -> list[Item]:
        """Items of a kind."""
        return [item for item in self.items if item[0] == kind] if kind in self.kinds else []


def chunks_of(items: Sequence[Item], start: int, end: int) -> list[Chunk]:
    """Cut a sentence at its joints.

    Examples
    --------
    >>> from .words import sentences
    >>> chunks = chunks_of(sentences("Lips parted, but no frown.", {}, {})[0].items, 0, 26)
    >>> [(chunk.joint, [item.kind for item in chunk.items]) for chunk in chunks]
    [('', ['part', 'move']), ('but', ['neg', 'fact'])]
    """
    here = Chunk("", start, end)
    chunks = [here]
    for item in items:
        kind = item[0]
        if kind == "sep":
            here.end = item[2]
            if here.items or (len(chunks) == 1 and not here.joint and item[2] - here.start > _LONG_START):
                here = Chunk(cast("str", item[1]), item[3], end)
                chunks.append(here)
            else:
                here.joint = _joint(here.joint, cast("str", item[1]))
                here.start, here.end = item[3], end
        else:
            if len(here.items) >= _MOST_ITEMS:
                here.end = item[2]
                here = Chunk("comma", item[2], end)
                chunks.append(here)
            here.items.append(item)  # as Chunk.add does, without its call: this loop is run for every word
            here.kinds.add(kind)
            if kind == "part":
                here.parts.append(item)
            elif kind == "move":
                here.moves.append(item)
    for chunk in chunks:
        if chunk.joint == "paren":
            _take_back(chunk)
    return chunks


def drop_heading(text: str, chunks: Sequence[Chunk]) -> None:
    """Take from a bare heading ("speech: no speech found") what would make it a statement or open a quotation.

    With no more than times, a presence or a denial behind it ("speech: looked for and not there") it is a statement.
    """
    i = next((i for i, chunk in enumerate(chunks) if chunk.joint == "colon"), 0)
    if not i:
        return
    head, kinds = chunks[i - 1], chunks[i].kinds
    title = text[head.start : head.end].strip(_AROUND_TITLE).lower()
    if kinds and kinds <= _COMPLETING:
        dropped = {"say"} if title in _titles("measures") else set()
    else:
        dropped = {"say", "fact"} if title in _titles("modalities") else set()
    if not dropped.isdisjoint(head.kinds):
        head.items = [item for item in head.items if item.kind not in dropped]
        head.kinds = {item.kind for item in head.items}


@cache
def _titles(names: str) -> frozenset[str]:
    return frozenset(name.lower() for language in LANGUAGES for name in wording(language)[names].values())


def _take_back(chunk: Chunk) -> None:
    """Pass over what names a thing twice: "pitch range (F0)"."""
    chunk.joint = "comma"
    chunk.aside = True
    if chunk.kinds == {"part"}:
        chunk.items, chunk.parts, chunk.kinds = [], [], set()


def _joint(first: str, second: str) -> str:
    """Joint of two in a row: "but" outweighs all, a comma nothing; ", and" is told from "and"."""
    if "but" in (first, second):
        return "but"
    if first in ("comma", "list", "") and second:
        return "comma_and" if (first, second) == ("comma", "and") else second
    return first or second
