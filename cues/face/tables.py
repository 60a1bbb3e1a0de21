"""The numbers behind the action units, read from ``data/*.csv``: what is measured, on which scale, with what caveat."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import get_args

from ...records.labels import Mark


@dataclass(frozen=True, slots=True)
class Feature:
    """A distance on the mesh: mean coordinate of ``plus`` vertices less that of ``minus``, along x (0) or y (1)."""

    name: str
    axis: int
    plus: tuple[int, ...]
    minus: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ActionUnit:
    """How one action unit is read.

    Attributes
    ----------
    code : str
        ``AU12``.
    full_scale_iod : float
        Change of the measure, in inter-ocular distances (IOD), that counts as intensity 5.
    floor_iod : float
        Smallest change that counts as a movement within a clip.
    still_floor_iod : float
        Smallest departure from the population's neutral that counts in a single picture.
    trust : float
        0-1, how well the mesh shows this action unit.
    speech : bool
        Whether talking moves it.
    marks : tuple of Mark
        Caveats every cue of it carries.
    measure : dict of str to float
        Weight per feature; empty for ``AU43``, which is a long ``AU45``.
    """

    code: str
    full_scale_iod: float
    floor_iod: float
    still_floor_iod: float
    trust: float
    speech: bool
    marks: tuple[Mark, ...]
    measure: dict[str, float]


@dataclass(frozen=True, slots=True)
class Neutral:
    """A feature's value on a neutral face (IOD): mean and spread between people."""

    mean_iod: float
    sd_iod: float


@cache
def features() -> tuple[Feature, ...]:
    """All features, in the order of their columns everywhere."""
    return tuple(
        Feature(row["feature"], "xy".index(row["axis"]), _vertices(row["plus"]), _vertices(row["minus"]))
        for row in _rows("features.csv")
    )


@cache
def action_units() -> dict[str, ActionUnit]:
    """All action units by their code, in FACS order."""
    return {
        row["au"]: ActionUnit(
            code=row["au"],
            full_scale_iod=float(row["full_scale_iod"]),
            floor_iod=float(row["floor_iod"]),
            still_floor_iod=float(row["still_floor_iod"]),
            trust=float(row["trust"]),
            speech=row["speech"] == "1",
            marks=tuple(mark for mark in get_args(Mark) if mark in row["marks"].split()),
            measure={name: float(weight) for name, weight in (part.split(":") for part in row["measure"].split())},
        )
        for row in _rows("action_units.csv")
    }


@cache
def crosstalk(kind: str) -> tuple[tuple[str, str, float], ...]:
    """Triples (moving, reads_as, share): how much of one action unit's measure another one's movement can fake.

    ``kind`` is ``leak`` for what is taken off the curve, ``gate`` for what only dismisses an event: a taken-off share
    would bend the curve of two movements that truly go together, as lips and jaw do.
    """
    rows = (row for row in _rows("crosstalk.csv") if row["kind"] == kind)
    return tuple((row["moving"], row["reads_as"], float(row["share"])) for row in rows)


@cache
def neutral() -> dict[str, Neutral]:
    """Neutral face of the population, by feature."""
    return {row["feature"]: Neutral(float(row["mean_iod"]), float(row["sd_iod"])) for row in _rows("neutral.csv")}


def _vertices(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split())


def _rows(name: str) -> Iterator[dict[str, str]]:
    with files(__package__).joinpath(f"data/{name}").open(encoding="utf-8") as file:
        yield from csv.DictReader(file)
