"""Subgroups of a report: one chart of groups for each system, or nothing where nobody asked for them."""

from collections.abc import Sequence
from dataclasses import dataclass

from .chart import Chart, chart_of, value_of
from .json_types import Json, mapping, objects, sequence
from .scale import finite, written
from .suites import Named


@dataclass(frozen=True, slots=True, kw_only=True)
class SubgroupView:
    """One measure by the groups of one column, system by system: (system, chart, spread)."""

    column: str
    suite: str
    measure: str
    charts: tuple[tuple[str, Chart, str], ...]
    notes: tuple[str, ...]


def subgroup_views(report: Json, systems: Sequence[Named]) -> tuple[SubgroupView, ...]:
    """Every entry of ``subgroups``; controls are left out of the drawing, their numbers are in the JSON."""
    return tuple(_view(entry, systems) for entry in objects(report.get("subgroups")))


def _view(entry: Json, systems: Sequence[Named]) -> SubgroupView:
    groups = objects(entry.get("groups"))
    measure = str(entry.get("measure"))
    charts = []
    for named in systems:
        if named.role == "control" or not any(named.name in mapping(group.get("values")) for group in groups):
            continue
        rows = [
            value_of(str(group.get("group")), mapping(group.get("values")).get(named.name), note=_clips(group))
            for group in groups
        ]
        chart = chart_of(rows, title=measure, value_title=measure, name_title=str(entry.get("column")))
        charts.append((named.name, chart, written(finite(mapping(entry.get("spread")).get(named.name)))))
    return SubgroupView(
        column=str(entry.get("column")),
        suite=str(entry.get("suite")),
        measure=measure,
        charts=tuple(charts),
        notes=tuple(map(str, sequence(entry.get("notes")))),
    )


def _clips(group: Json) -> str:
    n_clips = finite(group.get("n_clips"))
    return "" if n_clips is None else f"{n_clips:.0f} {'clip' if n_clips == 1 else 'clips'}"
