"""Rows: "corners" of "the mouth" made one part, "pulled" and "up" one movement."""

from collections.abc import Sequence
from typing import Final, cast

from .chunks import Chunk
from .items import Item
from .poses import POSED

#: Movement words that only give a direction to another one, and those that need one.
_PARTICLES: Final = frozenset(("up_", "down_", "in_", "back_", "fwd_", "apart_", "out_", "away_", "toward_"))
_EMPTY: Final = frozenset(("go", "turn", "hold", "tilt", "oneside", "moving"))
#: What stands before or behind a part and makes it another.
_JOINED: Final[dict[tuple[str, str], str]] = {
    ("inner", "brow"): "brow_in", ("corner", "brow_in"): "brow_in", ("end", "brow_in"): "brow_in",
    ("portion", "brow_in"): "brow_in", ("outer", "brow"): "brow_out", ("corner", "brow_out"): "brow_out",
    ("end", "brow_out"): "brow_out", ("portion", "brow_out"): "brow_out", ("corner", "eye"): "eye_corner",
    ("outer", "eye_corner"): "eye_corner", ("upper", "lid"): "lid_up", ("lower", "lid"): "lid_low",
    ("upper", "lip"): "lip_up", ("lower", "lip"): "lip_low", ("corner", "mouth"): "corner", ("corner", "lip"): "corner",
    ("end", "mouth"): "corner", ("end", "lip"): "corner", ("outer", "corner"): "corner", ("inner", "corner"): "corner",
    ("range", "pitch"): "range", ("range", "contour"): "range", ("range", "voice"): "range",
    ("range", "volume"): "volvar",
}  # fmt: skip


def complete(chunk: Chunk, following: Sequence[Chunk]) -> None:
    """Give "inner" of "inner and outer brows" its part."""
    if chunk.parts or not following or not following[0].parts:
        return
    last, part = chunk.of("locator")[-1], following[0].parts[0]
    if following[0].joint in ("and", "or", "nor", "list") and (last.value, part.value) in _JOINED:
        chunk.add(part._replace(start=last.end, end=last.end, place=last.place + 1))


def locate(chunk: Chunk) -> None:
    """Make one part of "corners" and "mouth", of "inner" and "brow"."""
    parts = chunk.parts
    for place in chunk.of("locator"):
        nearest = _nearest_part(place, parts)
        if nearest is not None:
            part = parts[nearest]
            joined = _JOINED[cast("str", place.value), cast("str", part.value)]
            start, end = min(part.start, place.start), max(part.end, place.end)
            parts[nearest] = part._replace(value=joined, start=start, end=end)
            chunk.moves = [move for move in chunk.moves if move.start != place.start]


def _nearest_part(place: Item, parts: Sequence[Item]) -> int | None:
    """Index of the part a locator belongs to: the next one, else the one before it."""
    near = [
        (abs(part.place - place.place) + (0 if part.start > place.start else 2), i)
        for i, part in enumerate(parts)
        if (place.value, part.value) in _JOINED and -4 <= part.place - place.place <= 5
    ]
    if place.value in ("lower", "upper"):  # "lowers" is a movement
        near = [(distance, i) for distance, i in near if 0 < parts[i].place - place.place <= 1]
    return min(near)[1] if near else None


def collapse(chunk: Chunk) -> None:
    """Of movement words in a row keep what counts: "pulled up" is up, "pressed together" is press."""
    posed = any(part.value in POSED for part in chunk.parts)
    kept: list[Item] = []
    for row in _rows(chunk):
        values = {item.value for item in row}
        if "open" in values and "wide" in values:
            first = next(item for item in row if item.value in ("open", "wide"))
            kept.append(first._replace(value="openwide", end=row[-1].end))
            row = [item for item in row if item.value not in ("open", "wide")]
        if "open" in values:  # "falls open"
            row = [item for item in row if item.value != "down"]
        if posed:
            kept += row
            continue
        strong = [item for item in row if item.value not in _PARTICLES and item.value not in _EMPTY]
        kept += strong or [item for item in row if item.value in _PARTICLES] or row
    if not posed and len(chunk.parts) == 1 and any(item.value not in _EMPTY for item in kept):
        kept = [item for item in kept if item.value not in _EMPTY]  # "pulls the lip corners down"
    chunk.moves = sorted(kept, key=lambda item: item.start)


def _rows(chunk: Chunk) -> list[list[Item]]:
    """Movement words with no part between them."""
    if len(chunk.parts) < 2 and not (
        chunk.parts and chunk.moves[0].start < chunk.parts[0].start < chunk.moves[-1].start
    ):
        return [chunk.moves]
    rows: list[list[Item]] = [[]]
    starts = [part.start for part in chunk.parts]
    for move in chunk.moves:
        if rows[-1] and any(rows[-1][-1].start < start < move.start for start in starts):
            rows.append([])
        rows[-1].append(move)
    return rows


def grouped(moves: Sequence[Item]) -> list[list[Item]]:
    """Meanings of the same word together."""
    groups: list[list[Item]] = []
    for move in moves:
        if groups and groups[-1][0].start == move.start:
            groups[-1].append(move)
        else:
            groups.append([move])
    return groups
