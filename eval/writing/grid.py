"""A suite's results as a grid of cells, for papers and terminals: systems by measures, each with its interval."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ..outcome import EvalReport, MeasureOutcome, SuiteOutcome
from ..stats import Interval

#: What stands where there is no number.
NOTHING: Final = "–"
#: Corrected p-values below these are marked so, beside the control or the system compared with.
MARKS: Final = ((0.001, "***"), (0.01, "**"), (0.05, "*"))


@dataclass(frozen=True, slots=True)
class Grid:
    """One table: a title, what stands over the columns, and rows of cells; ``controls`` is where their rows begin."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    controls: int


def grids(report: EvalReport, *, digits: int = 3, most: int | None = None) -> list[Grid]:
    """Return one grid for each suite.

    Parameters
    ----------
    report : EvalReport
        What was found.
    digits : int
        After the point.
    most : int, optional
        Show so many measures of each suite only.
    """
    return [_of_suite(report, outcome, digits, most) for outcome in report.suites]


def _of_suite(report: EvalReport, outcome: SuiteOutcome, digits: int, most: int | None) -> Grid:
    measures = outcome.measures[:most]
    systems = [one for one in report.systems if any(one.name in measure.values for measure in measures)]
    ordered = [one for one in systems if one.kind == "system"] + [one for one in systems if one.kind == "control"]
    rows = [
        (one.name, *(_cell(measure, one.name, digits) for measure in measures), str(_clips(measures, one.name)))
        for one in ordered
    ]
    return Grid(
        title=f"{outcome.suite}: {outcome.about}" if outcome.about else outcome.suite,
        header=("system", *(measure.name + arrow(measure) for measure in measures), "clips"),
        rows=tuple(rows),
        controls=sum(one.kind == "system" for one in ordered),
    )


def arrow(measure: MeasureOutcome) -> str:
    """Say which way is better."""
    return {True: " ↑", False: " ↓", None: ""}[measure.higher_is_better]


def _clips(measures: Sequence[MeasureOutcome], system: str) -> int:
    return max((measure.values[system].n_clips for measure in measures if system in measure.values), default=0)


def _cell(measure: MeasureOutcome, system: str, digits: int) -> str:
    if system not in measure.values:
        return NOTHING
    return written(measure.values[system], digits)


def written(interval: Interval, digits: int = 3) -> str:
    """Value and interval; the interval is left out where there is none.

    Examples
    --------
    >>> nan = float("nan")
    >>> written(Interval(value=0.5, low=0.25, high=0.75, level=0.95, n_clips=9, method="percentile"))
    '0.500 [0.250, 0.750]'
    >>> written(Interval(value=nan, low=nan, high=nan, level=0.95, n_clips=0, method="percentile"))
    '–'
    """
    if not math.isfinite(interval.value):
        return NOTHING
    value = f"{interval.value:.{digits}f}"
    if not (math.isfinite(interval.low) and math.isfinite(interval.high)):
        return value
    return f"{value} [{interval.low:.{digits}f}, {interval.high:.{digits}f}]"


def difference_rows(report: EvalReport, *, digits: int = 3) -> Grid | None:
    """Return the paired differences of the main measures; None where nothing was tested."""
    rows = [
        (
            outcome.suite,
            outcome.measures[0].name,
            f"{one.ours} - {one.theirs}",
            written(one.interval, digits),
            p_written(one.p),
            p_written(one.p_holm) + mark(one.p_holm),
        )
        for outcome in report.suites
        for one in outcome.measures[0].differences
    ]
    header = ("suite", "measure", "difference", "value", "p", "p (Holm)")
    return Grid("Paired differences of main measures", header, tuple(rows), len(rows)) if rows else None


def p_written(p: float | None) -> str:
    """Write a p-value: three digits, ``< .001`` below; nothing where there is none.

    Examples
    --------
    >>> p_written(0.0123), p_written(0.0004), p_written(None)
    ('.012', '< .001', '–')
    """
    if p is None or not math.isfinite(p):
        return NOTHING
    return "< .001" if p < 0.001 else f"{p:.3f}".removeprefix("0")


def mark(p: float | None) -> str:
    """Stars of a corrected p-value."""
    return next((f" {stars}" for limit, stars in MARKS if p is not None and p < limit), "")
