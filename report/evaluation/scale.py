"""Numbers on their way into a page: how they are written, and where they stand on an axis."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

#: Numbers beyond this are written but not drawn: an axis with them shows nothing else.
_LARGEST: Final = 1e12
_MINUS: Final = "−"
#: About so many ticks on an axis.
_TICKS: Final = 5


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick: its place in percent, and its number in words."""

    percent: str
    label: str


@dataclass(frozen=True, slots=True)
class Scale:
    """A linear axis from ``low`` to ``high`` with a tick every ``step``."""

    low: float
    high: float
    step: float

    def share(self, value: float) -> float:
        """Place of a value, 0-1, clipped to the axis."""
        return min(max((value - self.low) / (self.high - self.low), 0.0), 1.0)

    def percent(self, value: float) -> str:
        """Place of a value as an SVG percentage.

        Examples
        --------
        >>> Scale(0.0, 2.0, 0.5).percent(0.5), Scale(0.0, 2.0, 0.5).percent(3.0)
        ('25%', '100%')
        """
        return f"{100 * self.share(value):.2f}".rstrip("0").rstrip(".") + "%"

    def values(self) -> list[float]:
        """Values at the ticks."""
        first = math.ceil(self.low / self.step - 1e-6)
        last = math.floor(self.high / self.step + 1e-6)
        return [float(f"{number * self.step:.12g}") for number in range(first, last + 1)]

    def ticks(self) -> list[Tick]:
        """Ticks from left to right."""
        return [Tick(self.percent(value), self.label(value)) for value in self.values()]

    def label(self, value: float) -> str:
        """Write the number of a tick."""
        decimals = max(0, -math.floor(math.log10(self.step) + 1e-9))
        if abs(value) >= 1e6 or decimals > 6:
            return f"{value:.12g}".replace("-", _MINUS)
        return f"{value:.{decimals}f}".replace("-", _MINUS) if abs(value) > 1e-12 else "0"


def scale_of(values: Iterable[float | None], *, zero: bool = False, unit: bool = False) -> Scale | None:
    """Axis with round ends over some values; None when none of them can be drawn.

    Parameters
    ----------
    values : iterable
        What is None or not finite does not count.
    zero : bool
        Zero is on the axis whatever the values are.
    unit : bool
        Values that lie in [0, 1] get the axis from 0 to 1.

    Examples
    --------
    >>> scale_of([0.31, 0.52]).values()[0], scale_of([0.31, 0.52], unit=True).high
    (0.3, 1.0)
    >>> scale_of([None, float("nan")]) is None
    True
    """
    known = [value for value in values if value is not None and drawable(value)]
    if not known:
        return None
    low, high = min(known), max(known)
    if unit and low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    elif zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high - low < 1e-9 * max(abs(low), abs(high), 1e-3):
        margin = 0.1 * abs(low) or 0.1
        low, high = low - margin, high + margin
    step = _round_step((high - low) / _TICKS)
    low, high = math.floor(low / step + 1e-6) * step, math.ceil(high / step - 1e-6) * step
    return Scale(low, high, step)


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= least * (1 - 1e-9))


def finite(value: Any) -> float | None:
    """Read a number of a report; None for what is none (``null``, NaN, a word, true).

    Examples
    --------
    >>> finite(1), finite("x"), finite(float("nan")), finite(True)
    (1.0, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def drawable(value: float | None) -> bool:
    """Whether a number has a place on an axis."""
    return value is not None and math.isfinite(value) and abs(value) <= _LARGEST


def written(value: float | None, *, signed: bool = False) -> str:
    """Write a value with three decimals, few where it is large.

    Examples
    --------
    >>> written(0.62349), written(-0.05, signed=True), written(332.0), written(None), written(2.5e-7)
    ('0.623', '−0.050', '332', '–', '2.5e−07')
    """
    if value is None:
        return "–"
    if value and not 5e-4 <= abs(value) < 1e6:
        text = f"{value:+.1e}" if signed else f"{value:.1e}"
    elif abs(value) >= 100 or (abs(value) > 1 and value == int(value)):
        decimals = 0 if value == int(value) else 1
        text = f"{value:+.{decimals}f}" if signed else f"{value:.{decimals}f}"
    else:
        text = f"{value:+.3f}" if signed else f"{value:.3f}"
    return text.replace("-", _MINUS)


def written_interval(low: float | None, high: float | None, *, signed: bool = False) -> str:
    """Write the ends of an interval, or nothing where there is none.

    Examples
    --------
    >>> written_interval(0.2, 0.41), written_interval(0.2, None)
    ('[0.200, 0.410]', '')
    """
    if low is None or high is None:
        return ""
    return f"[{written(low, signed=signed)}, {written(high, signed=signed)}]"


def written_p(p_value: float | None) -> str:
    """Write a p-value.

    Examples
    --------
    >>> written_p(0.0004), written_p(0.0412), written_p(None)
    ('< 0.001', '0.041', '–')
    """
    if p_value is None:
        return "–"
    return "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"
