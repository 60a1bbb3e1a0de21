"""Probes of a report: what each asked, the sentence of what it means, its effects with intervals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .chart import Chart, Value, chart_of, value_of
from .json_types import Json, mapping, objects, sequence, words
from .pictures import Drawing, drawings


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeView:
    """One probe of one engine, ready to be shown."""

    anchor: str
    name: str
    engine: str
    about: str
    sentence: str
    effects: tuple[Chart, ...]
    counts: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    pictures: tuple[Drawing, ...]


def probe_views(report: Json) -> tuple[ProbeView, ...]:
    """Every entry of ``probes``, in their order."""
    return tuple(_view(entry, number) for number, entry in enumerate(objects(report.get("probes"))))


def _view(entry: Json, number: int) -> ProbeView:
    return ProbeView(
        anchor=f"probe-{number}",
        name=str(entry.get("probe")),
        engine=str(entry.get("engine") or ""),
        about=str(entry.get("about") or ""),
        sentence=str(entry.get("sentence") or ""),
        effects=tuple(_effects(objects(entry.get("effects")))),
        counts=tuple(
            (str(name).replace("_", " "), words(count)) for name, count in mapping(entry.get("counts")).items()
        ),
        notes=tuple(map(str, sequence(entry.get("notes")))),
        pictures=drawings(entry.get("pictures")),
    )


def _effects(effects: Sequence[Json]) -> Iterator[Chart]:
    """One chart for each unit: a share of clips and a number of nats have no axis in common."""
    units: dict[str, list[Value]] = {}
    for effect in effects:
        value = value_of(str(effect.get("name")), effect, note=_clips(effect))
        units.setdefault(str(effect.get("of") or ""), []).append(value)
    for unit, values in units.items():
        title = f"Effects, {unit}" if unit else "Effects"
        below = any(number < 0 for value in values for number in (value.value, value.low) if number is not None)
        yield chart_of(
            values, title=title, value_title=unit or "effect", name_title="Effect", zero=True, signed=below
        )  # fmt: skip


def _clips(effect: Json) -> str:
    n_clips = value_of("", effect).n_clips
    return "" if n_clips is None else f"{n_clips} {'clip' if n_clips == 1 else 'clips'}"
