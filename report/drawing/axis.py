"""The time axis of a page: seconds to places, clock times, tick marks for every zoom."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from ...records import CueSet, Curve

#: Tick distances, seconds.
_STEPS_S: Final = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
#: At most so many ticks are in view at once.
_TICKS_IN_VIEW: Final = 8
#: At the deepest zoom about this much time is in view, seconds.
_DEEPEST_S: Final = 1.0
_MAX_ZOOM: Final = 64


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick mark: place in percent, its time, and the smallest zoom that has room for it."""

    percent: str
    label: str
    zoom: int


@dataclass(frozen=True, slots=True)
class Axis:
    """Time from 0 to ``length_s`` seconds (more than 0)."""

    length_s: float

    def percent(self, time_s: float) -> str:
        """Place of a moment as an SVG percentage, clipped to the axis.

        Examples
        --------
        >>> Axis(8.0).percent(2.0), Axis(8.0).percent(9.0)
        ('25%', '100%')
        """
        return f"{_short(100 * min(max(time_s / self.length_s, 0.0), 1.0))}%"

    def width(self, start_s: float, end_s: float) -> str:
        """Length of a span as an SVG percentage."""
        start_s, end_s = (min(max(time_s, 0.0), self.length_s) for time_s in (start_s, end_s))
        return f"{_short(100 * max(end_s - start_s, 0.0) / self.length_s)}%"

    def zooms(self) -> tuple[int, ...]:
        """Offered magnifications: 1 (all in view), 2, 4 …."""
        zooms = [1]
        while zooms[-1] < _MAX_ZOOM and self.length_s / (2 * zooms[-1]) >= _DEEPEST_S:
            zooms.append(2 * zooms[-1])
        return tuple(zooms)

    def ticks(self) -> Iterator[Tick]:
        """Tick marks of all zooms, each named with the first zoom at which it has room."""
        taken: set[int] = set()
        for zoom in self.zooms():
            step_s = self._step_s(zoom)
            for number in range(int(self.length_s / step_s + 1e-6) + 1):
                time_s = number * step_s
                if (key := round(time_s * 1000)) not in taken and time_s <= 0.985 * self.length_s:
                    taken.add(key)
                    yield Tick(self.percent(time_s), clock(time_s, decimals=0 if step_s >= 1 else 1), zoom)

    def _step_s(self, zoom: int) -> float:
        """Smallest step that keeps the ticks in view few; steps of deeper zooms divide those of shallower ones."""
        wanted_s = self.length_s / zoom / _TICKS_IN_VIEW
        longest_s = _STEPS_S[-1]
        return next((step for step in _STEPS_S if step >= wanted_s), longest_s * ceil(wanted_s / longest_s))


def axis_of(cueset: CueSet, curves: Sequence[Curve]) -> Axis | None:
    """Axis of a clip: its length, or what its cues and curves span; None for a picture and where nothing has a time."""
    if cueset.clip.duration_s:
        return Axis(cueset.clip.duration_s)
    if cueset.clip.duration_s == 0:
        return None
    ends = [time_s for cue in cueset.cues for time_s in (cue.start_s, cue.end_s) if time_s is not None]
    ends += [curve.times_s[-1] for curve in curves if curve.times_s]
    return Axis(max(ends)) if ends and max(ends) > 0 else None


def clock(time_s: float, *, decimals: int = 2) -> str:
    """Time as ``m:ss.cc`` (``h:mm:ss.cc`` from one hour on).

    Examples
    --------
    >>> clock(1.24), clock(75.25, decimals=1), clock(3600, decimals=0)
    ('0:01.24', '1:15.2', '1:00:00')
    """
    units = 10**decimals
    whole, part = divmod(round(time_s * units), units)
    minutes, seconds = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    head = f"{hours}:{minutes:02d}" if hours else f"{minutes}"
    return f"{head}:{seconds:02d}" + (f".{part:0{decimals}d}" if decimals else "")


def span(start_s: float | None, end_s: float | None) -> str:
    """Time span in seconds within the first minute, as clock times after it; a moment is one time; "" if not known.

    Examples
    --------
    >>> span(1.24, 2.68), span(58.0, 61.5), span(2.08, 2.08)
    ('1.24–2.68 s', '0:58.00–1:01.50', '2.08 s')
    """
    if start_s is None:
        return "" if end_s is None else f"until {span(end_s, end_s)}"
    end_s = start_s if end_s is None else end_s
    if end_s < 60:
        first, last, unit = f"{start_s:.2f}", f"{end_s:.2f}", " s"
    else:
        first, last, unit = clock(start_s), clock(end_s), ""
    return (first if first == last else f"{first}–{last}") + unit


def _short(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")
