"""Situations of an atom: when it is said to happen, and to whom."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, cast

from .clauses import Atom, Chunk
from .numbers import Quantity
from .words import Item


class When(NamedTuple):
    """Time of an assertion, seconds, or a part of the clip."""

    start_s: float | None = None
    end_s: float | None = None
    part: str | None = None


_NEVER = When()


def times(chunks: Sequence[Chunk], placed: Sequence[tuple[int, Atom]], duration_s: float | None) -> list[When]:
    """When each atom is said to happen; ``placed``: chunk index and atom."""
    found = _nearest(chunks, placed, lambda item: _when(item, duration_s) is not None)
    return [_when(item, duration_s) or _NEVER if item is not None else _NEVER for item in found]


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
    named: dict[int, str | None] = {}
    for chunk in chunks:
        for item in chunk.items:
            if item.kind == "who":
                named[id(item)] = cast_.resolve(cast("str", item.value))
    if not named:
        return [None] * len(placed)
    found = _nearest(chunks, placed, lambda item: item.kind == "who")
    return [named[id(item)] if item is not None else None for item in found]


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
    chunks: Sequence[Chunk], placed: Sequence[tuple[int, Atom]], wanted: Callable[[Item], bool]
) -> list[Item | None]:
    """Item that governs each atom: of its own chunk, else the last before it, else one behind it in the same list."""
    by_chunk = [
        [item for item in chunk.items if item.kind in ("quantity", "part_time", "who") and wanted(item)]
        for chunk in chunks
    ]
    if not any(by_chunk):
        return [None] * len(placed)
    owner = [bool(items) and bool(chunks[i].atoms) for i, items in enumerate(by_chunk)]
    first_atom = min((atom.first.start for _, atom in placed), default=0)
    leading = any(item.start < first_atom for items in by_chunk for item in items)
    return [_governing(chunks, by_chunk, owner, i, atom, leading) for i, atom in placed]


def _governing(
    chunks: Sequence[Chunk],
    by_chunk: Sequence[Sequence[Item]],
    owner: Sequence[bool],
    i: int,
    atom: Atom,
    leading: bool,
) -> Item | None:
    if by_chunk[i]:
        return min(by_chunk[i], key=lambda item: abs(item.start - atom.core))
    for j in range(i + 1, len(chunks)):
        if chunks[j].joint not in ("and", "or", "with", "list", "nor", "also") and chunks[j].atoms:
            break
        if by_chunk[j] and (not chunks[j].atoms or not leading):
            if chunks[j].joint != "then":
                return by_chunk[j][0]
        if chunks[j].atoms and owner[j]:
            break
    if leading:
        for j in range(i - 1, -1, -1):
            if by_chunk[j]:
                return by_chunk[j][-1]
    return None
