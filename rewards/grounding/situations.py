"""Situations of an atom: when it is said to happen, and to whom."""

from collections.abc import Sequence
from typing import NamedTuple, cast

from .chunks import Atom, Chunk
from .items import Item
from .numbers import Quantity


class When(NamedTuple):
    """Time of an assertion, seconds, or a part of the clip."""

    start_s: float | None = None
    end_s: float | None = None
    part: str | None = None


#: No time is said.
NEVER = When()


def times(chunks: Sequence[Chunk], placed: Sequence[tuple[int, Atom]], duration_s: float | None) -> list[When]:
    """When each atom is said to happen; ``placed``: chunk index and atom. Seconds outweigh parts of the clip."""
    seconds = [
        [item for item in chunk.of("quantity") if _is_time(item, chunk, duration_s)]
        if "quantity" in chunk.kinds
        else []
        for chunk in chunks
    ]
    parts = [chunk.of("part_time") for chunk in chunks]
    found: list[Item | None] = [None] * len(placed)
    for words in (seconds, parts):
        if any(words):
            found = [one or other for one, other in zip(found, _nearest(chunks, placed, words), strict=True)]
    return [_when(item, duration_s) or NEVER if item is not None else NEVER for item in found]


def _is_time(item: Item, chunk: Chunk, duration_s: float | None) -> bool:
    """Whether a word says when; "about 0.8 s" with a pause says how long."""
    loose = item.kind == "quantity" and cast("Quantity", item.value).loose
    if loose and any(part.value in ("pause", "pauselen") for part in chunk.parts):
        return False
    return _when(item, duration_s) is not None


def _when(item: Item, duration_s: float | None) -> When | None:
    if item.kind == "part_time":
        return When(part=cast("str", item.value))
    if item.kind != "quantity":
        return None
    quantity = cast("Quantity", item.value)
    if not quantity.is_time:
        return None
    if quantity.last_s is not None:
        return When(max(duration_s - quantity.last_s, 0.0), None) if duration_s is not None else When(part="end")
    return When(quantity.start_s, quantity.end_s)


def people(chunks: Sequence[Chunk], placed: Sequence[tuple[int, Atom]], cast_: "People") -> list[str | None]:
    """Whom each atom is about, of those the text names."""
    words = [chunk.of("who") for chunk in chunks]
    if not any(words):
        return [None] * len(placed)
    named = {item.start: cast_.resolve(cast("str", item.value)) for items in words for item in items}
    return [named[item.start] if item is not None else None for item in _nearest(chunks, placed, words)]


class People:
    """The people of a clip, and whom a text spoke of last."""

    def __init__(self, subjects: Sequence[str]) -> None:
        self.subjects = sorted(subjects)
        self.last: str | None = None

    def names(self) -> dict[str, str]:
        """Name in lower case -> subject."""
        return {subject.lower(): subject for subject in self.subjects}

    def resolve(self, value: str) -> str | None:
        """Subject of ``face2``, ``2`` (the second person) or ``other``."""
        if value == "other":
            found = self._other()
        elif value.isdigit():
            found = self._numbered(int(value))
        else:
            found = value
        self.last = found if found is not None else self.last
        return found

    def _other(self) -> str | None:
        if len(self.subjects) != 2:
            return None
        return self.subjects[0] if self.last == self.subjects[1] else self.subjects[1]

    def _numbered(self, number: int) -> str:
        for subject in self.subjects:
            digits = "".join(char for char in subject if char.isdigit())
            if digits and int(digits[-6:]) == number:
                return subject
        without = not any(char.isdigit() for subject in self.subjects for char in subject)
        if without and 0 < number <= len(self.subjects):
            return self.subjects[number - 1]
        return f"face{number}"


def _nearest(
    chunks: Sequence[Chunk], placed: Sequence[tuple[int, Atom]], words: Sequence[Sequence[Item]]
) -> list[Item | None]:
    """Word that governs each atom: of its own chunk, else the last before it, else one behind it in the same list."""
    first_atom = min(atom.first.start for _, atom in placed)
    leading = any(item.start < first_atom for items in words for item in items)
    return [_governing(chunks, words, i, atom, leading) for i, atom in placed]


def _governing(
    chunks: Sequence[Chunk], words: Sequence[Sequence[Item]], i: int, atom: Atom, leading: bool
) -> Item | None:
    if words[i]:
        return min(words[i], key=lambda item: abs(item.start - atom.core))
    for j in range(i + 1, min(i + 8, len(chunks))):
        chunk = chunks[j]
        if chunk.atoms and chunk.joint not in ("and", "or", "with", "that", "list", "nor", "also"):
            break
        if words[j]:
            if chunk.joint != "then" and not (chunk.atoms and leading):
                return words[j][0]
            break
    if leading:
        return next((words[j][-1] for j in range(i - 1, max(i - 60, -1), -1) if words[j]), None)
    return None
