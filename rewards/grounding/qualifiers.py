"""Qualifiers of an atom: how strong, on which side, with which number."""

import re
from collections.abc import Sequence
from typing import Final, cast

from ...records.labels import SIDES, Side
from .chunks import Atom, Chunk
from .items import Item
from .measures import fitting
from .numbers import Quantity

_SIDES: Final[dict[str, Side]] = {side: side for side in SIDES} | {"vleft": "right", "vright": "left"}
_ACTIONS: Final = frozenset(("face", "head", "gaze", "body"))
_CODE_BEFORE: Final = re.compile(r"au\s?\d{1,2}[lr]?(?:_r)?\s?(?:[:=：]|是|为)\s?\Z")
_STRENGTH: Final = ("intensity", "强度", "level", "score", "value")


def level_of(chunks: Sequence[Chunk], i: int, atom: Atom) -> int | None:
    """Level of an atom: a measure's own, made stronger by "very"; an action's by its degree words."""
    chunk = chunks[i]
    if atom.is_measure:
        return _measure_level(chunk, atom)
    if atom.modality not in _ACTIONS:
        return atom.level
    degree = _degree(chunk, atom) if chunk.has("degree", "boost") else None
    if degree is None and any("degree" in near.kinds for near in chunks[max(i - 1, 0) : i + 6]):
        if _says_one_thing(chunk):
            degree = _degree_beside(chunks, i)
        if degree is None and "aux" not in chunk.kinds:
            degree = _degree_of_list(chunks, i)
    return degree if degree is not None else atom.level


def _says_one_thing(chunk: Chunk) -> bool:
    """Whether all atoms of a chunk are of one kind: "AU12 lip corner puller"."""
    if len(chunk.atoms) == 1:
        return True
    return bool(chunk.atoms) and bool(set.intersection(*(set(atom.codes) for atom in chunk.atoms)))


def _measure_level(chunk: Chunk, atom: Atom) -> int | None:
    if atom.level is None or atom.level == 0:
        return atom.level
    words = (atom.first, atom.last)
    for item in [*chunk.of("boost"), *chunk.of("degree")]:
        if item.kind == "degree" and item.value == "1" and atom.level > 0 and 0 < atom.last.place - item.place <= 2:
            return -atom.level  # "hardly varies"
        strong = (item.kind == "boost" and item.value == "very") or (item.kind == "degree" and item.value == "5")
        if (
            strong
            and any(0 <= word.place - item.place <= 2 for word in words)
            and item.start not in (w.start for w in words)
        ):
            return 2 * atom.level
    return atom.level


def _degree(chunk: Chunk, atom: Atom) -> int | None:
    """Degree among the words of its chunk that stand nearer to this atom than to the others."""
    best: tuple[int, int] | None = None
    for item in [*chunk.of("degree"), *chunk.of("boost")]:
        if item.start in chunk.used:
            continue
        distance = _distance(item, atom)
        if any(_distance(item, other) < distance for other in chunk.atoms if other is not atom):
            continue
        value = _boosted(chunk, item)
        if value is not None and (best is None or distance < best[0]):
            best = (distance, value)
    return best[1] if best else None


def _distance(item: Item, atom: Atom) -> int:
    """Words between; what stands before its head counts as a little nearer."""
    if atom.first.start <= item.start <= atom.last.start:
        return 0
    if item.start < atom.first.start:
        return 2 * (atom.first.place - item.place)
    return 2 * (item.place - atom.last.place) + 1


def _boosted(chunk: Chunk, item: Item) -> int | None:
    """Degree of a word with the "very" before it; "very" alone is strong where it stands before a movement."""
    if item.kind == "boost":
        alone = not any(other.kind == "degree" and 0 <= other.place - item.place <= 2 for other in chunk.items)
        moved = any(move.start > item.start and move.place - item.place <= 2 for move in chunk.moves)
        return 4 if alone and moved and item.value == "very" else None
    degree = int(cast("str", item.value))
    very = any(
        other.kind == "boost" and other.value == "very" and 0 < item.place - other.place <= 2 for other in chunk.items
    )
    if not very or degree == 3:
        return degree
    return 1 if degree <= 2 else 5


def _degree_beside(chunks: Sequence[Chunk], i: int) -> int | None:
    """Degree of a chunk that holds nothing else: "AU12 lip corner puller: strongly", "a faint, brief smile"."""
    for beside in _annexed(chunks, i):
        for item in beside.of("degree"):
            return _boosted(beside, item)
    if i and not (i > 1 and chunks[i - 2].atoms):
        before = chunks[i - 1]
        if chunks[i].joint in ("comma", "and", "list") and not before.atoms and not before.parts:
            for item in before.of("degree"):
                return _boosted(before, item)
    return None


def _annexed(chunks: Sequence[Chunk], i: int) -> list[Chunk]:
    """Chunks behind that only say more of this one: "AU12 (left side): strongly, intensity 3.4"."""
    found: list[Chunk] = []
    for chunk in chunks[i + 1 : i + 5]:
        if chunk.atoms or chunk.parts or chunk.joint not in ("comma", "colon", "and") or chunk.has("quote", "neg"):
            break
        found.append(chunk)
    return found


def _degree_of_list(chunks: Sequence[Chunk], i: int) -> int | None:
    """Degree that a list shares: "AU6 and AU12 are strong"."""
    for chunk in chunks[i + 1 : i + 6]:
        if chunk.joint not in ("and", "list", "comma_and") or not chunk.atoms:
            return None
        if chunk.has("aux"):
            last = chunk.atoms[-1]
            return _degree(chunk, last) if any(d.start > last.core for d in chunk.of("degree")) else None
    return None


def side_of(chunks: Sequence[Chunk], i: int, atom: Atom) -> Side | None:
    """Side of the body that is named with an action of the face."""
    if atom.modality not in ("face", "body"):
        return None
    chunk, lonely = chunks[i], len(chunks[i].atoms) == 1
    sides = [item for item in chunk.of("side") if item.start not in chunk.used]
    if not sides and _says_one_thing(chunk):
        sides = [item for behind in _annexed(chunks, i) for item in behind.of("side")]
        sides += chunks[i + 1].of("side") if not sides and i + 1 < len(chunks) and _only_side(chunks[i + 1]) else []
    if any(item.value == "both" for item in sides) or (len({item.value for item in sides}) > 1 and lonely):
        return None
    nearest = min(sides, key=lambda item: _distance(item, atom), default=None)
    if nearest is None:
        return None
    if not lonely and any(
        _distance(nearest, other) < _distance(nearest, atom) for other in chunk.atoms if other is not atom
    ):
        return None
    return _SIDES[cast("str", nearest.value)]


def _only_side(chunk: Chunk) -> bool:
    return chunk.joint == "with" and not chunk.atoms and not chunk.moves


def number_of(chunks: Sequence[Chunk], i: int, atom: Atom, text: str) -> tuple[float | None, str | None]:
    """Value and unit that stand with an atom, or just behind it: "mean pitch: high, 212 Hz"."""
    if atom.value is not None or atom.quote is not None:
        return atom.value, atom.unit
    items = chunks[i].of("quantity")
    if _says_one_thing(chunks[i]):
        for chunk in _annexed(chunks, i):
            items += chunk.of("quantity")
    for item in items:
        quantity = cast("Quantity", item.value)
        if quantity.value is None or not fitting(atom.codes, quantity) or not _fits(quantity, atom, item, text):
            continue
        unit = quantity.unit
        return quantity.value, "0-5" if unit is None and not atom.is_measure else unit
    return None, None


def _fits(quantity: Quantity, atom: Atom, item: Item, text: str) -> bool:
    if quantity.unit == "s":
        return "pause" in atom.codes or "pause_mean" in atom.codes
    if atom.is_measure:
        return quantity.unit not in ("0-5", "times")
    if quantity.unit is None:
        before = text[max(item.start - 14, 0) : item.start].lower()
        said = any(word in before for word in _STRENGTH)
        if quantity.value == 0 and _CODE_BEFORE.search(before):  # "AU4: 1" may only mean that it is there
            return True
        return quantity.value is not None and 0 <= quantity.value <= 5 and said
    return quantity.unit == ("deg" if atom.modality in ("head", "gaze") else "0-5")
