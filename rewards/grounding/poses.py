"""Poses: which way head and eyes are turned, by the words that stand with them."""

from collections.abc import Iterable, Sequence
from typing import Final, cast

from .items import Item
from .lexicon import Meaning

#: Parts whose movements are poses, where they are.
POSED: Final = frozenset(("head", "gaze", "look", "eye", "facewhole", "faces"))
_UP: Final = frozenset(("up", "upped", "up_", "high"))
_DOWN: Final = frozenset(("down", "downed", "down_", "bow", "low"))
_STILL: Final = frozenset(("still", "steady", "relax"))
_MIRRORED: Final = {"vleft": "right", "vright": "left", "left": "left", "right": "right"}

Found = list[tuple[Meaning, list[Item]]]


def pose(part: Item, moves: Sequence[Item], sides: Sequence[Item]) -> Found:
    """Return what is said of a head, a gaze, eyes or a face that moves, each with the words it was read from."""
    name = part.value
    if name == "head":
        return _head(moves, sides)
    if name in ("facewhole", "faces"):
        turned = [move for move in moves if move.value in ("turn", "tilt")]
        somewhere = sides or _of(moves, {"away_", "down_", "up_"})
        return _head(moves, sides) if turned and somewhere else []
    if name == "eye":
        return _eyes(part, moves, sides)
    if name == "look":  # "looks lowered" is no gaze
        return _gaze([move for move in moves if str(move.value).endswith("_")], sides)
    return _gaze(moves, sides)


def side_of_pose(sides: Iterable[Item]) -> str | None:
    """Return the side that words name, as it is for the person."""
    return _side(sides)[0]


def _side(sides: Iterable[Item]) -> tuple[str | None, list[Item]]:
    for item in sides:
        side = _MIRRORED.get(str(item.value))
        if side is not None:
            return side, [item]
    return None, []


def _of(moves: Iterable[Item], values: frozenset[str] | set[str]) -> list[Item]:
    return [move for move in moves if move.value in values]


def _head(moves: Sequence[Item], sides: Sequence[Item]) -> Found:
    values = {cast("str", move.value) for move in moves}
    side, words = _side(sides)
    found: Found = []
    if values & {"shake"}:
        return [(Meaning(("shake",), "head"), _of(moves, {"shake"}))]
    if values & {"nodding"}:
        return [(Meaning(("nod",), "head"), _of(moves, {"nodding"}))]
    tilted = bool(values & {"tilt", "roll_", "oneside"})
    if side is not None:
        code = "roll" if tilted else "yaw"
        found.append((Meaning((code,), "head", direction=side), [*words, *_of(moves, {"tilt", "turn", "go"})]))
    found += _head_height(moves, values, tilted)
    if not found and tilted:
        found.append((Meaning(("roll",), "head"), _of(moves, {"tilt", "roll_", "oneside"})))
    if not found and values & {"turn", "away_"}:
        found.append((Meaning(("yaw",), "head"), _of(moves, {"turn", "away_"})))
    if not found and values & _STILL:
        return [(Meaning(("yaw", "pitch", "roll", "nod", "shake"), "head", negated=True), _of(moves, _STILL))]
    return found


def _head_height(moves: Sequence[Item], values: set[str], tilted: bool) -> Found:
    if values & _DOWN or (tilted and "fwd_" in values):
        return [(Meaning(("pitch",), "head", direction="down"), _of(moves, _DOWN | {"fwd_", "tilt"}))]
    if values & _UP or (tilted and "back_" in values):
        return [(Meaning(("pitch",), "head", direction="up"), _of(moves, _UP | {"back_", "tilt"}))]
    if values & {"fwd_", "push"}:
        return [(Meaning(("lean",), "head", direction="forward"), _of(moves, {"fwd_", "push"}))]
    if "back_" in values:
        return [(Meaning(("AU58", "AU53"), "head"), _of(moves, {"back_"}))]
    if "moving" in values:
        return [(Meaning(("yaw", "pitch", "roll", "nod", "shake"), "head"), _of(moves, {"moving"}))]
    return []


def _gaze(moves: Sequence[Item], sides: Sequence[Item]) -> Found:
    values = {cast("str", move.value) for move in moves}
    side, words = _side(sides)
    if values & {"toward_"}:
        away = values & {"avert", "away_"}
        return [(Meaning(("gaze",), "gaze", direction="away" if away else "toward"), _of(moves, {"toward_", "avert"}))]
    found: Found = []
    if side is not None:
        found.append((Meaning(("gaze",), "gaze", direction=side), words))
    if values & _DOWN:
        found.append((Meaning(("gaze",), "gaze", direction="down"), _of(moves, _DOWN)))
    elif values & _UP:
        found.append((Meaning(("gaze",), "gaze", direction="up"), _of(moves, _UP)))
    if not found and values & {"away_", "avert"}:
        found.append((Meaning(("gaze", "away"), "gaze", direction="away"), _of(moves, {"away_", "avert"})))
    if not found and values & {"go", "turn", "moving"}:
        found.append((Meaning(("shift",), "gaze"), _of(moves, {"go", "turn", "moving"})))
    return found


def _eyes(part: Item, moves: Sequence[Item], sides: Sequence[Item]) -> Found:
    """Eyes that look somewhere; eyes that open, close or widen are no pose."""
    values = {cast("str", move.value) for move in moves}
    if values & {"wide", "openwide", "open", "close", "narrow", "tight", "wrinkle", "big", "round"}:
        return []
    behind = [side for side in sides if side.start > part.start]
    if values & {"turn", "go", "roll_", "toward_", "away_", "avert", "up_", "down_", "up", "down", "downed"} or (
        behind and not moves
    ):
        return _gaze(moves, behind)
    return []
