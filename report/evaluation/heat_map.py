"""Matrices as heat maps: real tables whose cells are shaded, so that they are read aloud, copied and searched."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from .json_types import sequence
from .scale import finite, written

#: Shades of one colour, besides none.
SHADES: Final = 10
#: From so many columns on, cells have no room for numbers; a pointer still finds them.
_DENSE: Final = 22
#: Longer names of columns stand upright.
_LONG: Final = 7


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell says, its shade (0 to ``SHADES``), and whether it is below zero."""

    text: str
    shade: int
    below: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatMap:
    """A matrix ready to be drawn."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]
    row_title: str
    column_title: str
    caption: str
    dense: bool
    upright: bool
    kind: Literal["heat_map"] = "heat_map"


def heat_map(picture: Mapping[str, Any], *, signed: bool = False) -> HeatMap:
    """Heat map of a picture of kind ``matrix``.

    Counts are shaded by their share of the row: classes are seldom equally frequent, and what is asked of a confusion
    matrix is where the clips of a class went. Anything else is shaded by its share of the largest value.

    Parameters
    ----------
    picture : mapping
        ``rows``, ``columns``, ``values`` …; rows that are too short are filled up with nothing.
    signed : bool
        Numbers are differences: written with their sign.
    """
    columns = tuple(str(name) for name in sequence(picture.get("columns")))
    names = [str(name) for name in sequence(picture.get("rows"))]
    values = [_numbers(row, len(columns)) for row in sequence(picture.get("values"))]
    values += [[None] * len(columns) for _ in range(len(names) - len(values))]
    known = [value for row in values for value in row if value is not None]
    counts = bool(known) and max(known) > 1 and all(value >= 0 and value == int(value) for value in known)
    largest = max(map(abs, known), default=0.0)
    what = str(picture.get("of") or "")
    caption = f"{what}; shaded by the share of the row" if counts else what
    return HeatMap(
        title=str(picture.get("title") or ""),
        columns=columns,
        rows=tuple(
            (name, tuple(_cells(row, sum(value or 0 for value in row) if counts else largest, counts, signed)))
            for name, row in zip(names, values, strict=False)
        ),
        row_title=str(picture.get("row_title") or ""),
        column_title=str(picture.get("column_title") or ""),
        caption=caption,
        dense=len(columns) >= _DENSE,
        upright=len(columns) > 3 and max(map(len, columns)) >= _LONG,
    )


def _numbers(row: Any, n_columns: int) -> list[float | None]:
    found = [finite(value) for value in sequence(row)][:n_columns]
    return found + [None] * (n_columns - len(found))


def _cells(row: Sequence[float | None], whole: float, counts: bool, signed: bool) -> list[Cell]:
    return [_cell(value, whole, counts, signed) for value in row]


def _cell(value: float | None, whole: float, counts: bool, signed: bool) -> Cell:
    if value is None:
        return Cell("", 0)
    shade = round(SHADES * min(abs(value) / whole, 1.0)) if whole else 0
    text = f"{value:.0f}" if counts and value < 1e9 else written(value, signed=signed)
    if not counts and not signed and 0 <= value <= 1:
        text = f"{value:.2f}"
    return Cell(text, shade, below=value < 0)
