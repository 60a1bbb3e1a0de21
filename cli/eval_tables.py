"""An evaluation on the terminal: the main measure of each suite beside the controls, then the rest in short."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .terminal import notice, show

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..eval.outcome import EvalReport, SuiteOutcome, System

Rows = list[tuple[str, ...]]


def show_report(report: "EvalReport", *, most: int, told: Sequence[str] = ()) -> None:
    """Print tables on stdout and what is to know on stderr.

    Parameters
    ----------
    report : EvalReport
        What was found.
    most : int
        Measures of a suite that are listed where one system was scored.
    told : sequence of str
        Notes that were said already.
    """
    systems = [one for one in report.systems if one.kind == "system"]
    for outcome in report.suites:
        show(_main(outcome, report.systems, alone=len(systems) == 1))
        if len(systems) == 1 and len(outcome.measures) > 1:
            show(_further(outcome, systems[0].name, most))
        elif outcome.measures[0].differences:
            show(_differences(outcome))
    for sentence in _sentences(report, [one.name for one in systems]):
        if sentence not in told:
            notice(sentence)


def _sentences(report: "EvalReport", systems: Sequence[str]) -> Iterator[str]:
    """Yield what is to know beside the numbers."""
    for found in report.subgroups:
        yield from (f"by {found.column}, {found.suite}: {note}" for note in found.notes)
    for outcome in report.suites:
        yield from (f"{outcome.suite}: {note}" for note in outcome.sentences(systems))
    yield from report.notes
    yield from (f"not measured: {what}: {why}" for what, why in report.not_measured.items())


def _main(outcome: "SuiteOutcome", systems: "Sequence[System]", *, alone: bool) -> "RenderableType":
    """Table of the main measure; with one system, its difference from each control."""
    from ..eval.writing.grid import arrow, mark, p_written, written

    main = outcome.measures[0]
    gaps = {one.theirs: one for one in main.differences} if alone else {}
    rows: Rows = []
    for one in systems:
        if one.name not in main.values:
            continue
        value, gap = main.values[one.name], gaps.get(one.name)
        told = (written(gap.interval), p_written(gap.p_holm) + mark(gap.p_holm)) if gap else ("", "")
        name = f"({one.name})" if one.kind == "control" else one.name
        rows.append((name, written(value), str(value.n_clips), *(told if gaps else ())))
    header = ("system", main.name + arrow(main), "clips", *(("minus the control", "p (Holm)") if gaps else ()))
    return _table(f"{outcome.suite}: {outcome.about}" if outcome.about else outcome.suite, header, rows)


def _further(outcome: "SuiteOutcome", system: str, most: int) -> "RenderableType":
    from ..eval.writing.grid import arrow, written

    measures = [measure for measure in outcome.measures[1:] if system in measure.values]
    rows: Rows = [(measure.name + arrow(measure), written(measure.values[system])) for measure in measures[:most]]
    if len(measures) > most:
        rows.append((f"… {len(measures) - most} more: --out or --json", ""))
    return _table(None, (f"{outcome.suite}, further", system), rows)


def _differences(outcome: "SuiteOutcome") -> "RenderableType":
    from ..eval.writing.grid import mark, p_written, written

    rows: Rows = [
        (f"{one.ours} - {one.theirs}", written(one.interval), p_written(one.p_holm) + mark(one.p_holm))
        for one in outcome.measures[0].differences
    ]
    return _table(None, (f"{outcome.measures[0].name}, differences", "value", "p (Holm)"), rows)


def _table(title: str | None, header: Sequence[str], rows: Rows) -> "RenderableType":
    from rich.table import Table
    from rich.text import Text

    table = Table(
        title=None if title is None else Text(title),
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        header_style="dim",
    )
    for number, name in enumerate(header):
        table.add_column(Text(name), justify="right" if number else "left", overflow="fold", no_wrap=number > 0)
    for row in rows:
        table.add_row(*map(Text, row))
    return table
