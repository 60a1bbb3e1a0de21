"""Curves over training steps as plain SVG: paths in a box that a page may stretch, with the numbers said beside it.

Long runs are thinned honestly: where there are more points than a box has room for, each drawn point is the mean of a
few steps, and a band shows the least and the greatest of them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

#: The box, in units of the SVG; pages stretch it.
WIDTH: Final = 1000
HEIGHT: Final = 300
#: Points drawn of one curve.
MOST_POINTS: Final = 300
#: Rows of the table of values.
_MOST_VALUES: Final = 12

Point = tuple[int, float]


@dataclass(frozen=True, slots=True)
class Bin:
    """Some steps that follow each other, drawn as one point."""

    step: float
    mean: float
    least: float
    greatest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """One curve: its line, the band of what was thinned (empty if nothing was) and the points that stand alone."""

    name: str
    line: str
    band: str
    dots: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """One plot.

    Attributes
    ----------
    title, about : str
        What it shows.
    drawn : tuple of Drawn
        Curves on the same axes; the first is the one the plot is about.
    low, high : str
        Ends of the y axis.
    first, last : str
        Ends of the x axis, steps.
    said : str
        The curve in words.
    values : tuple of (int, tuple of str)
        Some steps and the value of each curve there.
    per_point : int
        Steps to a drawn point, 1 where nothing was thinned.
    ramp : str
        Path of the weight over the steps, in a box of ``WIDTH`` by 100; empty where there is none.
    """

    title: str
    about: str
    drawn: tuple[Drawn, ...]
    low: str
    high: str
    first: str
    last: str
    said: str
    values: tuple[tuple[int, tuple[str, ...]], ...]
    per_point: int
    ramp: str = ""


def points_of(log: Sequence[Mapping[str, Any]], key: str) -> list[Point]:
    """Return the steps at which a key was logged, and its values; of several lines of a step the last counts.

    Examples
    --------
    >>> points_of([{"step": 1, "loss": 2.0}, {"step": 2, "loss": None}, {"step": 3, "loss": 1.0}], "loss")
    [(1, 2.0), (3, 1.0)]
    """
    found: dict[int, float] = {}
    for line in log:
        value = line.get(key)
        if isinstance(value, int | float) and math.isfinite(value):
            found[line["step"]] = float(value)
    return sorted(found.items())


def thinned(points: Sequence[Point], most: int = MOST_POINTS) -> tuple[list[Bin], int]:
    """At most so many bins of equally many points, and how many points are in one.

    Examples
    --------
    >>> bins, size = thinned([(step, float(step % 2)) for step in range(1, 11)], most=5)
    >>> size, bins[0]
    (2, Bin(step=1.5, mean=0.5, least=0.0, greatest=1.0))
    """
    size = max(1, -(-len(points) // most))
    bins = []
    for start in range(0, len(points), size):
        part = points[start : start + size]
        values = [value for _, value in part]
        steps = sum(step for step, _ in part) / len(part)
        bins.append(Bin(steps, math.fsum(values) / len(values), min(values), max(values)))
    return bins, size


def plot(
    title: str,
    about: str,
    curves: Sequence[tuple[str, Sequence[Point]]],
    *,
    span: tuple[int, int],
    share: bool = False,
    ramp: Sequence[Point] = (),
) -> Plot | None:
    """Plot curves; None where the first has no points.

    Parameters
    ----------
    title, about : str
        What it shows.
    curves : sequence of (str, points)
        Names and points; curves without points are left out.
    span : (int, int)
        First and last step of the x axis.
    share : bool
        The y axis goes from 0 to 1, else from the least to the greatest value.
    ramp : sequence of (int, float)
        Weight in [0, 1] at some steps, joined by straight lines.
    """
    there = [(name, points) for name, points in curves if points]
    if not there or not curves[0][1]:
        return None
    binned = [(name, *thinned(points)) for name, points in there]
    low, high = _ends([one for _, bins, _ in binned for one in bins], share)
    place = _Place(span, low, high)
    _, points = there[0]
    return Plot(
        title=title,
        about=about,
        drawn=tuple(_drawn(name, bins, size, place) for name, bins, size in binned),
        low=number(low),
        high=number(high),
        first=str(span[0]),
        last=str(span[1]),
        said=_said(points),
        values=_values(there),
        per_point=max(size for _, _, size in binned),
        ramp=_ramp(ramp, place),
    )


def number(value: float) -> str:
    """Write a number in about four characters that count.

    Examples
    --------
    >>> [number(value) for value in (0.12345, 2e-5, 1234.5, 0, -0.5)]
    ['0.123', '2e-05', '1234', '0', '-0.5']
    """
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:.0f}" if abs(value) < 1e6 else f"{value:.3g}"
    return f"{value:.3g}"


@dataclass(frozen=True, slots=True)
class _Place:
    """Steps and values to places in the box; up is more."""

    span: tuple[int, int]
    low: float
    high: float

    def x(self, step: float) -> int:
        first, last = self.span
        return round(WIDTH * (step - first) / (last - first)) if last > first else WIDTH // 2

    def y(self, value: float) -> int:
        return round(HEIGHT * (self.high - value) / (self.high - self.low))


def _ends(bins: Sequence[Bin], share: bool) -> tuple[float, float]:
    low, high = min(one.least for one in bins), max(one.greatest for one in bins)
    if share and low >= 0 and high <= 1:
        return 0.0, 1.0
    if low == high:
        half = abs(low) / 2 or 0.5
        return low - half, high + half
    return low, high


def _drawn(name: str, bins: Sequence[Bin], size: int, place: _Place) -> Drawn:
    corners = [(place.x(one.step), place.y(one.mean)) for one in bins]
    line = "" if len(corners) < 2 else "M" + "L".join(f"{x} {y}" for x, y in corners)
    band = ""
    if size > 1 and len(bins) > 1:
        upper = [f"{place.x(one.step)} {place.y(one.greatest)}" for one in bins]
        lower = [f"{place.x(one.step)} {place.y(one.least)}" for one in reversed(bins)]
        band = "M" + "L".join(upper + lower) + "Z"
    return Drawn(name=name, line=line, band=band, dots=() if line else tuple(corners))


def _ramp(points: Sequence[Point], place: _Place) -> str:
    if not points:
        return ""
    corners = [f"{min(max(place.x(step), 0), WIDTH)} {round(100 * (1 - share))}" for step, share in points]
    return f"M0 100L{'L'.join(corners)}L{WIDTH} 100Z"


def _said(points: Sequence[Point]) -> str:
    if len(points) == 1:
        return f"{number(points[0][1])} at step {points[0][0]}"
    tenth = max(1, len(points) // 10)
    ends = (points[:tenth], points[-tenth:])
    first, last = (number(math.fsum(value for _, value in part) / len(part)) for part in ends)
    lowest, highest = min(points, key=lambda point: point[1]), max(points, key=lambda point: point[1])
    mean = "" if tenth == 1 else f" (means of {tenth} logged steps)"
    return (
        f"from {first} to {last}{mean}; least {number(lowest[1])} at step {lowest[0]}, "
        f"greatest {number(highest[1])} at step {highest[0]}"
    )


def _values(curves: Sequence[tuple[str, Sequence[Point]]]) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """Values at some steps, the first and the last among them."""
    main = curves[0][1]
    wanted = min(_MOST_VALUES, len(main))
    at = sorted({round(index * (len(main) - 1) / max(wanted - 1, 1)) for index in range(wanted)})
    tables = [dict(points) for _, points in curves]
    return tuple(
        (main[index][0], tuple(number(table[main[index][0]]) if main[index][0] in table else "–" for table in tables))
        for index in at
    )
