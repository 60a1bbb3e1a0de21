"""An evaluation as Markdown: tables that can be pasted into a paper's repository or an issue."""

from collections.abc import Iterator

from ...records.notice import NOTICE
from ..outcome import EvalReport, Subgroups
from .grid import Grid, difference_rows, grids, written


def markdown(report: EvalReport) -> str:
    """Return the whole report as Markdown: a table for each suite, differences, subgroups, what is not measured."""
    return "\n\n".join(_parts(report)) + "\n"


def _parts(report: EvalReport) -> Iterator[str]:
    yield f"# Evaluation: {_cell(report.title)}"
    level = next((one.level for suite in report.suites for one in suite.measures[0].values.values()), 0.95)
    yield f"Values with {100 * level:g} % bootstrap intervals. ↑: higher is better, ↓: lower is better."
    for grid, outcome in zip(grids(report), report.suites, strict=True):
        yield f"## {_cell(grid.title)}"
        yield table(grid)
        if notes := outcome.sentences([one.name for one in report.systems if one.kind == "system"]):
            yield _list(notes)
    if (tests := difference_rows(report)) is not None:
        yield f"## {tests.title}"
        yield table(tests)
    for found in report.subgroups:
        yield f"## By {_cell(found.column)}: {_cell(found.suite)}, {_cell(found.measure)}"
        yield table(_subgroups(found))
        if found.notes:
            yield _list(found.notes)
    yield "## What to know"
    controls = [f"Control {one.name}: {one.about}" for one in report.systems if one.kind == "control" and one.about]
    missing = [f"Not measured: {what}: {why}." for what, why in report.not_measured.items()]
    yield _list([*report.notes, *controls, *missing, NOTICE])


def _subgroups(found: Subgroups) -> Grid:
    systems = list(dict.fromkeys(name for group in found.groups for name in group.values))
    rows = [
        (group.name, str(group.n_clips), *(written(group.values[name]) for name in systems)) for group in found.groups
    ]
    return Grid(found.column, (found.column, "clips", *systems), tuple(rows), len(rows))


def table(grid: Grid) -> str:
    """Return one grid as a Markdown table; systems and controls are told apart by italics."""
    rule = "|" + "|".join(["---", *("---:" for _ in grid.header[1:])]) + "|"
    lines = [_row(grid.header), rule]
    for number, row in enumerate(grid.rows):
        first = _cell(row[0])
        name = f"*{first}*" if number >= grid.controls else first
        lines.append("| " + " | ".join([name, *map(_cell, row[1:])]) + " |")
    return "\n".join(lines)


def _row(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _list(sentences: "list[str] | tuple[str, ...]") -> str:
    return "\n".join(f"- {' '.join(sentence.split())}" for sentence in sentences)


def _cell(text: str) -> str:
    """Text that cannot end its cell or begin a tag: names of systems come from files."""
    plain = " ".join(text.split())
    return plain.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("`", "\\`").replace("*", "\\*")
