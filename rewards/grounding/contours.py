"""Contours: "rises, then falls" as one movement."""

from collections.abc import Sequence
from typing import Final

from .items import Item

_UP: Final = frozenset(("up", "up_", "upped", "high"))
_DOWN: Final = frozenset(("down", "down_", "downed", "low"))
_BETWEEN: Final = 6
_OTHERS: Final = frozenset(("part", "fact"))


def then_shapes(items: list[Item]) -> list[Item]:
    """Replace "up … then … down" of one thing by ``rise_fall``, and the reverse by ``fall_rise``."""
    thens = [i for i, item in enumerate(items) if item[0] == "sep" and item[1] == "then"]
    if not thens:
        return items
    found = list(items)
    for then in reversed(thens):
        before = _move(found, range(then - 1, max(then - _BETWEEN, -1), -1))
        after = _move(found, range(then + 1, min(then + _BETWEEN, len(found))))
        if before is None or after is None or any(item.kind in _OTHERS for item in found[before + 1 : after]):
            continue
        shape = _shape(found[before], found[after])
        if shape is not None:
            found[before : after + 1] = [found[before]._replace(value=shape, end=found[after].end)]
    return found


def _move(items: Sequence[Item], places: range) -> int | None:
    return next((i for i in places if items[i].kind == "move" and items[i].value in _UP | _DOWN), None)


def _shape(first: Item, second: Item) -> str | None:
    if first.value in _UP and second.value in _DOWN:
        return "rise_fall"
    return "fall_rise" if first.value in _DOWN and second.value in _UP else None
