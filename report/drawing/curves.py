"""Curves as SVG paths: thinned so that every peak stays, broken where nothing was measured."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final

from ...records import Curve

#: Paths are drawn on a grid of this size and stretched to their row.
GRID_WIDTH: Final = 20_000
GRID_HEIGHT: Final = 100
#: The waveform is also shown large.
WAVE_HEIGHT: Final = 600
#: A hole of more usual steps than this is not bridged by a line.
_HOLE_STEPS: Final = 5

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Range:
    """Values at the lower and the upper edge of a row."""

    low: float
    high: float

    def level(self, value: float, height: int = GRID_HEIGHT) -> int:
        """Grid line of a value, 0 at the top; values beyond the range lie on its edge."""
        share = (value - self.low) / (self.high - self.low)
        return round(height * (1 - min(max(share, 0.0), 1.0)))


def thinned(curve: Curve, length_s: float, columns: int) -> list[list[Point]]:
    """Unbroken stretches of a curve as (time, value) points, at most two per column: its lowest and highest value.

    A curve with fewer samples stays as it is. The highest and the lowest value of every column survive, so no peak
    is lost and none is invented.

    Parameters
    ----------
    length_s : float
        Length of the axis in seconds.
    columns : int
        Number of equal parts of the axis.
    """
    few = len(curve.times_s) <= 2 * columns
    return [
        stretch if few else list(_extremes(stretch, length_s / columns))
        for stretch in _stretches(curve)
    ]  # fmt: skip


def _stretches(curve: Curve) -> Iterator[list[Point]]:
    steps = [after - before for before, after in pairwise(curve.times_s)]
    hole_s = _HOLE_STEPS * median(steps) if steps else math.inf
    stretch: list[Point] = []
    for time_s, value in zip(curve.times_s, curve.values, strict=True):
        if stretch and (value is None or time_s - stretch[-1][0] > hole_s):
            yield stretch
            stretch = []
        if value is not None and math.isfinite(value):
            stretch.append((time_s, value))
    if stretch:
        yield stretch


def _extremes(stretch: Sequence[Point], column_s: float) -> Iterator[Point]:
    first = 0
    while first < len(stretch):
        column = int(stretch[first][0] / column_s)
        last = first
        while last < len(stretch) and int(stretch[last][0] / column_s) == column:
            last += 1
        part = stretch[first:last]
        yield from sorted({min(part, key=lambda point: point[1]), max(part, key=lambda point: point[1])})
        first = last


def path(stretches: Sequence[Sequence[Point]], length_s: float, values: Range, *, filled: bool = False) -> str:
    """SVG path data of stretches on the grid; ``filled`` closes each along the lower edge.

    Examples
    --------
    >>> path([[(0.0, 0.0), (1.0, 5.0), (2.0, 0.0)]], 4.0, Range(0.0, 5.0))
    'M0 100l5000-100 5000 100'
    """
    return "".join(_stretch_path(stretch, length_s, values, filled) for stretch in stretches if stretch)


def _stretch_path(stretch: Sequence[Point], length_s: float, values: Range, filled: bool) -> str:
    points = [(round(GRID_WIDTH * min(time_s / length_s, 1.0)), values.level(value)) for time_s, value in stretch]
    if filled:
        points = [(points[0][0], GRID_HEIGHT), *points, (points[-1][0], GRID_HEIGHT)]
    steps = [(x - x0, y - y0) for (x0, y0), (x, y) in pairwise(points) if (x, y) != (x0, y0)]
    # A lone point is a dot: a line of no length with a round cap.
    line = "l" + _numbers(steps) if steps else "h0"
    return f"M{points[0][0]} {points[0][1]}{line}" + ("z" if filled else "")


def _numbers(steps: Sequence[tuple[int, int]]) -> str:
    text = " ".join(f"{x} {y}" for x, y in steps)
    return text.replace(" -", "-")


def envelope(peaks: Sequence[tuple[float, float]], columns: int) -> str:
    """SVG path data of a waveform (lowest and highest sample, -1 to 1, of equal stretches), 20000 by 600.

    Scaled to its loudest stretch: it shows when something sounds, the loudness row shows how loud it is.
    """
    if not peaks:
        return ""
    size = max(1, math.ceil(len(peaks) / columns))
    parts = [peaks[first : first + size] for first in range(0, len(peaks), size)]
    width = GRID_WIDTH / len(parts)
    places = [round((number + 0.5) * width) for number in range(len(parts))]
    loudest = max(0.02, max(max(-low, high) for low, high in peaks))  # silence stays flat
    scale = Range(-loudest, loudest)
    highs = [
        (x, scale.level(max(high for _, high in part), WAVE_HEIGHT)) for x, part in zip(places, parts, strict=True)
    ]
    lows = [(x, scale.level(min(low for low, _ in part), WAVE_HEIGHT)) for x, part in zip(places, parts, strict=True)]
    around = [*highs, *reversed(lows)]
    steps = [(x - x0, y - y0) for (x0, y0), (x, y) in pairwise(around)]
    return f"M{around[0][0]} {around[0][1]}l{_numbers(steps)}z"
