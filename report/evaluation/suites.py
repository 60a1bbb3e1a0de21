"""One suite of a report, ready for its section: the main measure drawn, all measures in numbers, what they rest on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .chart import Chart, Role, chart_of, value_of
from .differences import Gap, duels, gaps_of, verdict
from .heat_map import HeatMap
from .json_types import Json, mapping, objects, sequence, words
from .pictures import Drawing, drawings
from .scale import finite, written, written_interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A system or control."""

    name: str
    role: Role
    about: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureRow:
    """One measure: (value, interval) of each system in the order of the table's columns."""

    name: str
    better: str
    cells: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteView:
    """One suite ready to be shown."""

    anchor: str
    name: str
    about: str
    settings: tuple[tuple[str, str], ...]
    notes: tuple[tuple[str, str], ...]
    unscored: tuple[tuple[str, str], ...]
    systems: tuple[Named, ...]
    main: Chart | None
    main_name: str
    better: str
    against: str
    verdicts: tuple[str, ...]
    duels: HeatMap | None
    measures: tuple[MeasureRow, ...]
    gaps: tuple[tuple[str, Gap], ...]
    count_names: tuple[str, ...]
    counts: tuple[tuple[str, tuple[str, ...]], ...]
    pictures: tuple[tuple[Named, tuple[Drawing, ...]], ...]
    level: str
    best_control: str | None


def systems_of(report: Json) -> tuple[Named, ...]:
    """Systems first, then controls, as the report lists them."""
    found = [
        Named(
            name=str(entry.get("name")),
            role="control" if entry.get("kind") == "control" else "system",
            about=str(entry.get("about") or ""),
        )
        for entry in objects(report.get("systems"))
    ]
    return tuple(sorted(found, key=lambda named: named.role == "control"))


def suite_view(suite: Json, number: int, systems: Sequence[Named]) -> SuiteView:
    """Make one suite ready.

    Parameters
    ----------
    suite : mapping
        Entry of ``suites``.
    number : int
        Its place, which names its section in the page.
    systems : sequence of Named
    """
    measures = objects(suite.get("measures"))
    scored = _scored(measures, systems)
    main = measures[0] if measures else {}
    gaps = gaps_of(main)
    better = main.get("higher_is_better")
    ours = [named.name for named in scored if named.role == "system"]
    controls = [named.name for named in scored if named.role == "control"]
    against = ours[0] if len(ours) == 1 and controls else ""
    return SuiteView(
        anchor=f"suite-{number}",
        name=str(suite.get("suite")),
        about=str(suite.get("about") or ""),
        settings=tuple((str(key), words(value)) for key, value in mapping(suite.get("settings")).items()),
        notes=_notes(mapping(suite.get("notes")), scored),
        unscored=tuple((str(name), str(why)) for name, why in mapping(suite.get("unscored")).items()),
        systems=scored,
        main=_main_chart(main, scored, against, gaps) if measures else None,
        main_name=str(main.get("name") or ""),
        better=_direction(better),
        against=against,
        verdicts=_verdicts(ours, controls, gaps, better),
        duels=duels(ours, str(main.get("name")), gaps, higher_is_better=better is not False),
        measures=tuple(_measure_row(measure, scored) for measure in measures),
        gaps=tuple(_given_gaps(measures)),
        **_counts(mapping(suite.get("counts")), scored),
        pictures=_pictures(mapping(suite.get("pictures")), scored),
        level=_level(main),
        best_control=_best_control(main, controls),
    )


def _scored(measures: Sequence[Json], systems: Sequence[Named]) -> tuple[Named, ...]:
    """Systems that have a value here; such as the report does not list are taken for systems."""
    names = {str(name): None for measure in measures for name in mapping(measure.get("values"))}
    known = {named.name: named for named in systems}
    others = [Named(name=name, role="system", about="") for name in names if name not in known]
    return (*(named for named in systems if named.name in names), *others)


def _main_chart(
    measure: Json, systems: Sequence[Named], against: str, gaps: Mapping[tuple[str, str], Gap]
) -> Chart:  # fmt: skip
    values = mapping(measure.get("values"))
    rows = []
    for named in systems:
        gap = gaps.get((against, named.name))
        rows.append(value_of(named.name, values.get(named.name), role=named.role, note=_against_words(gap)))
    name = str(measure.get("name") or "")
    return chart_of(rows, title=f"{name}, the main measure", value_title=name, name_title="System")


def _against_words(gap: Gap | None) -> str:
    if gap is None:
        return ""
    p_value, corrected = gap.p_words
    if gap.p is None and gap.p_holm is None:
        return f"{gap.words}, no test"
    name, shown = ("p (Holm)", corrected) if gap.p_holm is not None else ("p", p_value)
    return f"{gap.words}, {name} {shown if shown.startswith('<') else '= ' + shown}"


def _verdicts(
    ours: Sequence[str], controls: Sequence[str], gaps: dict[tuple[str, str], Gap], better: Any
) -> tuple[str, ...]:
    if not isinstance(better, bool):
        return ()
    said = (verdict(system, controls, gaps, higher_is_better=better) for system in ours)
    return tuple(sentence for sentence in said if sentence)


def _direction(higher_is_better: Any) -> str:
    if not isinstance(higher_is_better, bool):
        return "neither high nor low is better"
    return "higher is better" if higher_is_better else "lower is better"


def _measure_row(measure: Json, systems: Sequence[Named]) -> MeasureRow:
    values = mapping(measure.get("values"))
    found = [value_of(named.name, values.get(named.name)) for named in systems]
    return MeasureRow(
        name=str(measure.get("name")),
        better=_direction(measure.get("higher_is_better")),
        cells=tuple((written(value.value), written_interval(value.low, value.high)) for value in found),
    )


def _given_gaps(measures: Sequence[Json]) -> list[tuple[str, Gap]]:
    """Differences in the direction in which the report gives them, with the name of their measure."""
    found: list[tuple[str, Gap]] = []
    for measure in measures:
        gaps = gaps_of(measure)
        pairs = [(str(entry.get("ours")), str(entry.get("theirs"))) for entry in objects(measure.get("differences"))]
        found.extend((str(measure.get("name")), gaps[pair]) for pair in pairs)
    return found


def _notes(notes: Json, systems: Sequence[Named]) -> tuple[tuple[str, str], ...]:
    """Return each note once, with whom it concerns ("" where it is all)."""
    whose: dict[str, list[str]] = {}
    for system, said in notes.items():
        for note in sequence(said):
            whose.setdefault(str(note), []).append(str(system))
    everyone = {named.name for named in systems}
    return tuple((note, "" if everyone <= set(names) else ", ".join(names)) for note, names in whose.items())


def _counts(counts: Json, systems: Sequence[Named]) -> dict[str, Any]:
    names = list(dict.fromkeys(str(key) for entry in counts.values() for key in mapping(entry)))
    rows = [
        (named.name, tuple(words(mapping(counts.get(named.name)).get(name)) for name in names))
        for named in systems
        if named.name in counts
    ]
    shown = tuple(name.replace("_", " ") for name in names)
    return {"count_names": shown, "counts": tuple(rows)}


def _pictures(pictures: Json, systems: Sequence[Named]) -> tuple[tuple[Named, tuple[Drawing, ...]], ...]:
    drawn = ((named, drawings(pictures.get(named.name))) for named in systems)
    return tuple((named, found) for named, found in drawn if found)


def _level(measure: Json) -> str:
    """Level of the intervals in percent, as the first value of the main measure has it."""
    for entry in mapping(measure.get("values")).values():
        level = finite(mapping(entry).get("level"))
        if level is not None:
            return f"{100 * level:g} %"
    return ""


def _best_control(measure: Json, controls: Sequence[str]) -> str | None:
    """Return the control that a system must beat; None without controls, or where neither high nor low is better."""
    better = measure.get("higher_is_better")
    values = {name: finite(mapping(mapping(measure.get("values")).get(name)).get("value")) for name in controls}
    known = {name: value for name, value in values.items() if value is not None}
    if not known or not isinstance(better, bool):
        return None
    return (max if better else min)(known, key=lambda name: known[name])
