"""Curves over one axis as SVG: reliability, risk over coverage."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from .json_types import mapping, sequence
from .scale import Scale, drawable, finite, scale_of, written

#: The drawing's box, in units that are about one pixel on a phone.
WIDTH: Final = 360
HEIGHT: Final = 268
LEFT, RIGHT, TOP, BOTTOM = 46, 350, 10, 224
#: Longer curves are thinned: more points than the box has columns show nothing more.
_MOST_POINTS: Final = 300
#: Few points are marked one by one.
_MARKED: Final = 30
#: Rows of the table of numbers, per curve.
_TABLE_ROWS: Final = 12
#: Colours and dashes of curves; the stylesheet has as many.
STYLES: Final = 6

Point = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """One curve: its path, the path of its band, its marks, and some of its numbers."""

    name: str
    style: int
    path: str
    band: str
    marks: tuple[tuple[float, float], ...]
    table: tuple[tuple[str, str], ...]
    n_points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LineChart:
    """Curves in a box; ticks are (place, number)."""

    title: str
    x_title: str
    y_title: str
    curves: tuple[Curve, ...]
    x_ticks: tuple[tuple[float, str], ...]
    y_ticks: tuple[tuple[float, str], ...]
    diagonal: str
    kind: Literal["line_chart"] = "line_chart"


def line_chart(picture: Mapping[str, Any]) -> LineChart:
    """Line chart of a picture of kind ``lines``. Points that are no numbers are left out."""
    series = {str(name): _points(points, 2) for name, points in mapping(picture.get("series")).items()}
    bands = {str(name): _points(points, 3) for name, points in mapping(picture.get("bands")).items()}
    x_scale = scale_of((x for points in series.values() for x, _ in points), unit=True)
    y_scale = _y_scale(series, bands)
    title, x_title, y_title = (str(picture.get(key) or "") for key in ("title", "x_title", "y_title"))
    if x_scale is None or y_scale is None:
        return LineChart(title=title, x_title=x_title, y_title=y_title, curves=(), x_ticks=(), y_ticks=(), diagonal="")
    box = _Box(x_scale, y_scale)
    return LineChart(
        title=title,
        x_title=x_title,
        y_title=y_title,
        curves=tuple(
            _curve(name, number % STYLES, points, bands.get(name, []), box)
            for number, (name, points) in enumerate(series.items())
        ),
        x_ticks=tuple((box.x(value), x_scale.label(value)) for value in x_scale.values()),
        y_ticks=tuple((box.y(value), y_scale.label(value)) for value in y_scale.values()),
        diagonal=box.diagonal() if picture.get("diagonal") else "",
    )


def _y_scale(series: Mapping[str, Sequence[Point]], bands: Mapping[str, Sequence[Point]]) -> Scale | None:
    """Shares keep the axis from 0 to 1, whatever their bands do beyond it; else the bands are on it as well."""
    values = [y for points in series.values() for _, y in points]
    if all(0 <= value <= 1 for value in values):
        return scale_of(values, unit=True)
    return scale_of([*values, *(y for points in bands.values() for point in points for y in point[1:])])


@dataclass(frozen=True, slots=True)
class _Box:
    x_scale: Scale
    y_scale: Scale

    def x(self, value: float) -> float:
        return round(LEFT + (RIGHT - LEFT) * self.x_scale.share(value), 1)

    def y(self, value: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * self.y_scale.share(value), 1)

    def line(self, points: Iterable[Point]) -> str:
        places = [f"{self.x(x):g} {self.y(y):g}" for x, y, *_ in points]
        if len(places) == 1:
            return f"M{places[0]}h0"  # a line of no length with a round cap: a dot
        return "M" + "L".join(places) if places else ""

    def diagonal(self) -> str:
        low = max(self.x_scale.low, self.y_scale.low)
        high = min(self.x_scale.high, self.y_scale.high)
        return self.line([(low, low), (high, high)]) if low < high else ""


def _points(points: Any, size: int) -> list[Point]:
    found = []
    for point in sequence(points):
        numbers = [finite(value) for value in sequence(point)[:size]]
        if len(numbers) == size and all(drawable(number) for number in numbers):
            found.append(tuple(number for number in numbers if number is not None))
    return found


def _curve(name: str, style: int, points: Sequence[Point], band: Sequence[Point], box: _Box) -> Curve:
    shown, band = _thinned(points, _MOST_POINTS), _thinned(band, _MOST_POINTS)
    around = [(x, high) for x, _, high in band] + [(x, low) for x, low, _ in reversed(band)]
    return Curve(
        name=name,
        style=style,
        path=box.line(shown),
        band=box.line(around) + "z" if len(band) > 1 else "",
        marks=tuple((box.x(x), box.y(y)) for x, y in shown) if len(shown) <= _MARKED else (),
        table=tuple((written(x), written(y)) for x, y in _thinned(points, _TABLE_ROWS)),
        n_points=len(points),
    )


def _thinned(points: Sequence[Point], most: int) -> Sequence[Point]:
    """Evenly chosen points, the first and the last among them."""
    if len(points) <= most:
        return points
    return [points[round(number * (len(points) - 1) / (most - 1))] for number in range(most)]
