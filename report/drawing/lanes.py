"""Events of one row, stacked into lanes where they overlap."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ...cues.wording import cue_name, format_number, wording
from ...records import Cue
from .axis import Axis, span
from .choice import Choice, Listed

#: Heights in pixels: a row with a curve, a lane of events below a curve, a lane of events alone.
CURVE_PX: Final = 30
_BELOW_PX: Final = 12
_ALONE_PX: Final = 20
_MANY_PX: Final = 15
#: Events that are not listed are drawn this finely.
_COLUMNS: Final = 1_500
_MOST_LANES: Final = 6
_LONGEST_WORDS: Final = 160
#: Marks that make an event doubtful; drawn hatched.
_DOUBT: Final = frozenset({"during_speech", "low_confidence", "presence_only"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A cue as a bar (or, for a moment, a diamond): places in percent, heights in pixels."""

    number: int
    id: str
    x: str
    width: str
    y: int
    height: int
    is_moment: bool
    apex: str | None
    claims: tuple[int, ...]
    doubtful: bool
    label: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """Events and the height of their row; ``others`` is path data (1500 x 1) of events that are not listed."""

    events: tuple[Event, ...]
    others: str
    height_px: int


def stacked(
    cues: Sequence[Cue], axis: Axis, choice: Choice, *, over_curve: bool = False, has_curve: bool = False
) -> Lanes:
    """Stack events that overlap; ``over_curve`` draws all of them as high as the curve they were read from."""
    listed = sorted((cue for cue in cues if cue.id in choice.listed), key=lambda cue: (_start(cue), -_end(cue)))
    lanes = list(_lanes(listed, axis, flat=over_curve))
    count = max(lanes, default=-1) + 1
    lane_px = CURVE_PX if over_curve else _BELOW_PX if has_curve else _ALONE_PX if count <= 1 else _MANY_PX
    top = CURVE_PX if has_curve and not over_curve else 0
    events = [
        _event(choice.listed[cue.id], axis, top + lane * lane_px, lane_px, has_apex=over_curve)
        for cue, lane in zip(listed, lanes, strict=True)
    ]
    others = _union([cue for cue in cues if cue.id not in choice.listed], axis)
    height_px = (CURVE_PX if has_curve else 0) + (0 if over_curve else count * lane_px)
    return Lanes(events=tuple(events), others=others, height_px=max(height_px, _ALONE_PX))


def _event(listed: Listed, axis: Axis, top: int, lane_px: int, *, has_apex: bool) -> Event:
    cue = listed.cue
    start_s, end_s = _start(cue), _end(cue)
    return Event(
        number=listed.number,
        id=listed.id,
        x=axis.percent(start_s),
        width=axis.width(start_s, end_s),
        y=top + 1,
        height=lane_px - 2,
        is_moment=end_s <= start_s,
        apex=axis.percent(cue.apex_s) if has_apex and cue.apex_s is not None else None,
        claims=listed.claims,
        doubtful=bool(_DOUBT & set(cue.marks)),
        label=f"{cue_name(cue)} {span(cue.start_s, cue.end_s)}",
        words=_words(cue) if lane_px > _BELOW_PX and not has_apex else "",
    )


def _union(cues: Sequence[Cue], axis: Axis) -> str:
    """Path along the columns that any of these events touches: thousands of bars become one shape."""
    columns: set[int] = set()
    for cue in cues:
        first, last = (int(_COLUMNS * min(time_s / axis.length_s, 1.0)) for time_s in (_start(cue), _end(cue)))
        columns.update(range(first, last + 1))
    starts = sorted(column for column in columns if column - 1 not in columns)
    ends = sorted(column + 1 for column in columns if column + 1 not in columns)
    return "".join(f"M{start} .5h{end - start}" for start, end in zip(starts, ends, strict=True))


def _lanes(cues: Sequence[Cue], axis: Axis, *, flat: bool) -> Iterator[int]:
    """Lowest free lane of each event, in order of start; the last lane takes what finds no room."""
    free_s: list[float] = []
    room_s = axis.length_s / 400
    for cue in cues:
        lane = next((number for number, time_s in enumerate(free_s) if time_s <= _start(cue)), len(free_s))
        lane = 0 if flat else min(lane, _MOST_LANES - 1)
        until_s = max(_end(cue), _start(cue) + (room_s if _end(cue) <= _start(cue) else 0.0))
        if lane == len(free_s):
            free_s.append(until_s)
        else:
            free_s[lane] = max(free_s[lane], until_s)
        yield lane


def _start(cue: Cue) -> float:
    return cue.start_s if cue.start_s is not None else 0.0


def _end(cue: Cue) -> float:
    return cue.end_s if cue.end_s is not None else _start(cue)


def _words(cue: Cue) -> str:
    """Say what fits into the bar: what was said, else the direction or the value."""
    if cue.text:
        return cue.text[:_LONGEST_WORDS]
    words = wording("en")
    parts = [words["directions"].get(cue.direction, cue.direction) if cue.direction else ""]
    if cue.value is not None and cue.unit != "0-5":
        parts.append(f"{format_number(cue.value)} {words['units'].get(cue.unit, cue.unit or '')}".strip())
    if cue.code == "shot":
        parts.append(cue.id.rpartition(".")[2])
    return ", ".join(filter(None, parts))[:_LONGEST_WORDS]
