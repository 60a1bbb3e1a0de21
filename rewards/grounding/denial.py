"""Denial: what a text says is not there, could not be seen, or is only possible, and how far that reaches."""

from collections.abc import Sequence
from typing import Final

from .chunks import Atom, Chunk
from .items import Item

_LISTS: Final = frozenset(("or", "nor", "list"))
#: A list is followed over this many chunks.
_LONGEST_LIST: Final = 12
#: Joints behind which a clause goes on.
_SAME_CLAUSE: Final = frozenset(("and", "or", "nor", "list", "with", "that", "comma_and", "also"))
#: Verbs that begin a statement of their own in the third person: "does not smile and frowns".
_VERBS: Final = frozenset(("AU12", "AU4", "AU45", "AU7AU44", "speech"))


def negations(chunks: Sequence[Chunk]) -> list[bool]:
    """Say for each atom, in the order of chunks, whether it is denied."""
    found = [
        [_denied(chunk, atom) for atom in chunk.atoms] if "neg" in chunk.kinds else [False] * len(chunk.atoms)
        for chunk in chunks
    ]
    reaching = False
    for i, chunk in enumerate(chunks):
        if i and reaching and "neg" not in chunk.kinds and _carries(chunks, i):
            found[i] = [True] * len(chunk.atoms)
        else:
            reaching = "neg" in chunk.kinds and _opens_scope(chunk)
        if "cancel" in chunk.kinds:
            reaching = False
    for i, chunk in enumerate(chunks):
        if "neg" in chunk.kinds and _denies_what_is_before(chunk):
            _deny_before(chunks, i, found)
    for i, chunk in enumerate(chunks):
        if i and chunk.aside:
            _share_with_brackets(chunks, i, found)
    return [value for row in found for value in row]


def _share_with_brackets(chunks: Sequence[Chunk], i: int, found: list[list[bool]]) -> None:
    """Deny a name as its other name beside brackets is: "no frown (AU4)", "AU4 (brow lowerer) is absent"."""
    for j in range(i - 1, max(i - 3, -1), -1):
        for k, atom in enumerate(chunks[i].atoms):
            for m, other in enumerate(chunks[j].atoms):
                if not set(atom.codes).isdisjoint(other.codes):
                    found[i][k] = found[j][m] = found[i][k] or found[j][m]
        if chunks[j].atoms:
            return


def _denied(chunk: Chunk, atom: Atom) -> bool:
    """Whether an odd number of negations governs an atom: those before it, and those behind that reach back."""
    negs = chunk.of("neg")
    cancelled = max([item.start for item in chunk.of("cancel") if item.start < atom.core], default=-1)
    other = max([other.core for other in chunk.atoms if other.core < atom.core], default=-1)
    before = [item for item in negs if cancelled < item.start < atom.core]
    if other >= 0:
        before = [item for item in before if item.start > other] or before[:1]
    behind = [item for item in negs if item.start > atom.core and _reaches_back(chunk, item)]
    return len({item.start for item in before + behind}) % 2 == 1


def _reaches_back(chunk: Chunk, neg: Item) -> bool:
    """Whether a negation denies what stands before it: "the smile is not broad", "frowning is absent"."""
    if any(atom.core > neg.start for atom in chunk.atoms):
        return False
    return neg.value == "post" or _next_kind(chunk, neg) in ("present", "degree", "boost", "neg")


def _next_kind(chunk: Chunk, item: Item) -> str | None:
    return next((other.kind for other in chunk.items if other.start > item.start), None)


def _opens_scope(chunk: Chunk) -> bool:
    """Whether what is denied in a chunk may go on in a list behind it."""
    return any(
        item.value == "no" and (not chunk.atoms or item.start < chunk.atoms[-1].core) for item in chunk.of("neg")
    )


def _carries(chunks: Sequence[Chunk], i: int) -> bool:
    """Whether the denial of the chunk before goes on in this one: as an item of its list, not as a new statement."""
    chunk = chunks[i]
    if chunk.joint == "that" and not chunks[i - 1].atoms:  # "no sign that she smiles"
        return True
    if "pron" in chunk.kinds:
        return False
    if chunk.joint in _LISTS:
        return True
    bare = "aux" not in chunk.kinds and (not chunk.parts or not chunk.moves)
    if chunk.joint in ("and", "comma_and"):
        return bare and not _is_finite(chunk)
    if chunk.joint != "comma" or "aux" in chunk.kinds:
        return False
    for j in range(i + 1, min(i + _LONGEST_LIST, len(chunks))):
        behind = chunks[j]
        if behind.has("aux", "pron") or behind.joint == "but":
            return False
        if behind.joint in ("or", "nor"):
            return True
        if behind.joint in ("and", "comma_and"):
            return bare and "neg" not in behind.kinds and _carries(chunks, j)
    return False


def _is_finite(chunk: Chunk) -> bool:
    """Whether an English verb of six or seven letters ("frowns", "squints") stands without a part of the face."""
    return not chunk.parts and any(
        item.value in _VERBS and item.end - item.start in (6, 7) for item in chunk.of("fact")
    )


def _denies_what_is_before(chunk: Chunk) -> bool:
    if len(chunk.items) == 1 and chunk.joint == "colon":
        return True
    return any(
        (item.value == "post" or _next_kind(chunk, item) == "present")
        and all(atom.core < item.start for atom in chunk.atoms)
        for item in chunk.of("neg")
    )


def _deny_before(chunks: Sequence[Chunk], i: int, found: list[list[bool]]) -> None:
    """Deny the atoms of a list that ends in "… are absent", or of "AU4 brow lowerer: not there"."""
    if not chunks[i].atoms:
        before = next((j for j in range(i - 1, max(i - 4, -1), -1) if found[j]), None)
        joints = {chunk.joint for chunk in chunks[(before or 0) + 1 : i + 1]}
        if before is not None and joints <= {"comma", "colon", "with"}:
            found[before] = [not value for value in found[before]]
            while "colon" in joints and before and chunks[before].joint in _LISTS:  # "head up or down: not there"
                before -= 1
                found[before] = [not value for value in found[before]]
        return
    if chunks[i].joint == "comma":
        return
    for j in range(i, max(i - _LONGEST_LIST, 0), -1):
        before_it = chunks[j - 1]
        if chunks[j].joint not in ("and", "or", "nor", "list", "comma_and", "comma"):
            return
        if before_it.has("aux", "neg", "pron") or not before_it.atoms:
            return
        found[j - 1] = [True] * len(found[j - 1])


def unknowable(chunks: Sequence[Chunk]) -> set[int]:
    """Indexes of chunks whose atoms could not be seen or measured, as the text says."""
    found: set[int] = set()
    for i, chunk in enumerate(chunks):
        if "unknown" not in chunk.kinds:
            continue
        found.add(i)
        for j in range(i, max(i - _LONGEST_LIST, 0), -1):
            listed = chunks[j].joint in ("and", "or", "list", "colon", "comma_and")
            if not listed and not (j == i and not chunk.atoms):
                break
            found.add(j - 1)
        if not chunk.atoms and i + 1 < len(chunks) and chunks[i + 1].joint in ("with", "that", "or", "comma"):
            found.add(i + 1)
    return found


def unreal(chunks: Sequence[Chunk]) -> set[int]:
    """Indexes of chunks that say what would be, or is usually so, not what is: up to a "but"."""
    found: set[int] = set()
    for i, chunk in enumerate(chunks):
        if "unreal" not in chunk.kinds:
            continue
        values = {item.value for item in chunk.of("unreal")}
        start = 0 if "rest" in values else i
        opens = "rest" in values or ("if" in values and not any(before.atoms for before in chunks[:i]))
        found.update(range(start, i + 1))
        for j in range(i + 1, min(i + _LONGEST_LIST, len(chunks))):
            joint = chunks[j].joint
            if joint == "but" or (not opens and joint not in _SAME_CLAUSE):
                break
            found.add(j)
    return found


def hedged(chunks: Sequence[Chunk], i: int) -> bool:
    """Whether a "might" or "perhaps" governs a chunk."""
    if "hedge" in chunks[i].kinds:
        return True
    j = i
    while j and i - j < _LONGEST_LIST and chunks[j].joint in ("and", "or", "list", "nor"):
        j -= 1
        if "hedge" in chunks[j].kinds:
            return True
    before = chunks[j - 1] if j else None
    if before is None or before.atoms or "hedge" not in before.kinds:
        return False
    return chunks[j].joint == "that" or (chunks[j].joint == "comma" and len(before.items) == 1)  # "perhaps, she …"
