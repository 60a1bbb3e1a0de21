"""Values with intervals in rows, on one axis: measures of systems, bars of a picture, effects of a probe, subgroups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from .json_types import mapping, sequence
from .scale import Scale, Tick, drawable, finite, scale_of, written, written_interval

#: What a row is of; the page gives each its colour and its shape.
Role = Literal["system", "control", "bar"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One value: in words, and where it stands (percent of the axis; None where it has no place)."""

    name: str
    role: Role
    value: str
    interval: str
    x: str | None
    low: str | None
    high: str | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """Rows over one axis. ``zero`` is the place of 0, where a line is drawn."""

    title: str
    value_title: str
    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    zero: str | None = None
    name_title: str = ""
    kind: Literal["chart"] = "chart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A number of a report, with the ends of its interval and the clips that it rests on."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n_clips: int | None = None
    role: Role = "bar"
    note: str = ""


def value_of(name: str, entry: Any, *, role: Role = "bar", note: str = "") -> Value:
    """Read ``{"value", "low", "high", "n_clips"}``."""
    known = mapping(entry)
    value, low, high, n_clips = (finite(known.get(key)) for key in ("value", "low", "high", "n_clips"))
    clips = None if n_clips is None else int(n_clips)
    return Value(name=name, value=value, low=low, high=high, n_clips=clips, role=role, note=note)


def chart_of(
    values: Sequence[Value],
    *,
    title: str,
    value_title: str = "",
    name_title: str = "",
    zero: bool = False,
    signed: bool | None = None,
) -> Chart:
    """Place values on an axis of their own.

    Parameters
    ----------
    values : sequence of Value
        One for each row, in their order.
    title, value_title, name_title : str
        Of the picture, its axis and its rows.
    zero : bool
        The axis holds 0 and a line there.
    signed : bool, optional
        Numbers are written with their sign. Default: where there is a line at 0.
    """
    ends = [number for value in values for number in (value.value, value.low, value.high)]
    scale = scale_of(ends, zero=zero)
    return Chart(
        title=title,
        value_title=value_title,
        name_title=name_title,
        rows=tuple(_row(value, scale, zero if signed is None else signed) for value in values),
        ticks=tuple(scale.ticks()) if scale else (),
        zero=scale.percent(0.0) if scale and zero else None,
    )


def _row(value: Value, scale: Scale | None, signed: bool) -> Row:
    def place(number: float | None) -> str | None:
        return scale.percent(number) if scale and number is not None and drawable(number) else None

    return Row(
        name=value.name,
        role=value.role,
        value=written(value.value, signed=signed),
        interval=written_interval(value.low, value.high, signed=signed),
        x=place(value.value),
        low=place(value.low),
        high=place(value.high),
        note=value.note,
    )


def bars_chart(picture: Mapping[str, Any]) -> Chart:
    """Chart of a picture of kind ``bars``."""
    values = []
    for bar in sequence(picture.get("bars")):
        name, value, low, high = (*sequence(bar), None, None, None, None)[:4]
        values.append(Value(name=str(name), value=finite(value), low=finite(low), high=finite(high)))
    return chart_of(
        values,
        title=str(picture.get("title") or ""),
        value_title=str(picture.get("value_title") or ""),
        zero=bool(picture.get("zero")),
    )
