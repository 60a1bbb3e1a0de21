"""All suites at a glance: the main measure of each, systems beside the strongest control."""

from collections.abc import Sequence
from dataclasses import dataclass

from .suites import SuiteView


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewRow:
    """One suite: its main measure, (value, interval) of each system, the strongest control, and what that means."""

    anchor: str
    suite: str
    measure: str
    better: str
    cells: tuple[tuple[str, str], ...]
    control: str
    control_value: str
    verdicts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Rows by suites; ``systems`` are its columns."""

    systems: tuple[str, ...]
    rows: tuple[OverviewRow, ...]


def overview_of(suites: Sequence[SuiteView]) -> Overview:
    """Overview of all suites that have a measure."""
    names = dict.fromkeys(named.name for suite in suites for named in suite.systems if named.role == "system")
    return Overview(systems=tuple(names), rows=tuple(_row(suite, list(names)) for suite in suites if suite.main))


def _row(suite: SuiteView, names: Sequence[str]) -> OverviewRow:
    rows = {row.name: row for row in suite.main.rows} if suite.main else {}
    best = suite.best_control
    return OverviewRow(
        anchor=suite.anchor,
        suite=suite.name,
        measure=suite.main_name,
        better=suite.better,
        cells=tuple((rows[name].value, rows[name].interval) if name in rows else ("–", "") for name in names),
        control=best or "",
        control_value=rows[best].value if best in rows else "",
        verdicts=suite.verdicts,
    )
