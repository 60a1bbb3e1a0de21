"""``valence-arousal``: CCC, RMSE and Pearson's r of valence and of arousal, each in [-1, 1].

CCC is the one to read: it asks for the right level and spread as well. An answer that is missing, or no number, is read
as 0, the middle of the scale, which is no better than having said so; answers outside the scale as its end.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import numpy as np

from ..errors import ConfigError
from .measure import Floats, Measure
from .moments import MOMENTS, ccc, moments, pearson, rmse
from .pictures import Lines
from .sample import Sample
from .suite import SuiteResult, SuiteSettings

Dimension = Literal["valence", "arousal"]
_DIMENSIONS: Final[tuple[Dimension, ...]] = ("valence", "arousal")
#: Bins of the gold for the picture.
_BINS: Final = 7


@dataclass(frozen=True, slots=True, eq=False)
class _Column:
    """One dimension over clips; values are 0 where unknown."""

    name: Dimension
    gold: Floats
    answer: Floats
    known: Floats
    missing: int
    outside: int


def valence_arousal(samples: Sequence[Sample], settings: SuiteSettings, /) -> SuiteResult:
    """Score valence and arousal; where the gold has both, their mean CCC comes first.

    Raises
    ------
    ConfigError
        The gold has neither, or a value outside [-1, 1].
    """
    columns = [column for name in _DIMENSIONS if (column := _column(samples, name)).known.any()]
    if not columns:
        raise ConfigError("the gold has no valence and no arousal: give it a column of that name, in [-1, 1]")
    known = np.any([column.known > 0 for column in columns], axis=0)
    return SuiteResult(
        suite="valence-arousal",
        measures=tuple(_measures(columns)),
        counts={
            "clips": len(samples),
            "scored": int(known.sum()),
            "no_gold": len(samples) - int(known.sum()),
            **{f"missing_{column.name}": column.missing for column in columns},
            "outside_scale": sum(column.outside for column in columns),
        },
        settings={"dimensions": [column.name for column in columns]},
        notes=_notes(columns),
        pictures=(_means_over_gold(columns),),
        clips={
            sample.clip: {
                f"{side}_{column.name}": value
                for column in columns
                for side, value in (
                    ("gold", getattr(sample.gold.reference, column.name)),
                    ("predicted", getattr(sample.prediction, column.name, None)),
                )
            }
            for sample, counts in zip(samples, known, strict=True)
            if counts
        },
    )


def _column(samples: Sequence[Sample], name: Dimension) -> _Column:
    gold = [_finite(getattr(sample.gold.reference, name)) for sample in samples]
    for sample, value in zip(samples, gold, strict=True):
        if value is not None and abs(value) > 1 + 1e-9:
            raise ConfigError(
                f"clip {sample.clip!r}: gold {name} is {value:g}; expected -1 to 1: divide by the end of your scale"
            )
    given = [_finite(getattr(sample.prediction, name, None)) for sample in samples]
    said = [value for truth, value in zip(gold, given, strict=True) if truth is not None]
    return _Column(
        name=name,
        gold=np.array([value or 0.0 for value in gold]),
        answer=np.clip([value or 0.0 for value in given], -1.0, 1.0),
        known=np.array([value is not None for value in gold], dtype=np.float64),
        missing=sum(value is None for value in said),
        outside=sum(value is not None and abs(value) > 1 for value in said),
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _measures(columns: Sequence[_Column]) -> list[Measure]:
    sums = np.concatenate([moments(column.gold, column.answer, column.known) for column in columns], axis=1)
    known = [column.known > 0 for column in columns]
    found = []
    if len(columns) > 1:
        anywhere = known[0] | known[1]
        found.append(Measure(name="CCC", sums=sums, of=_mean_ccc, applies=anywhere))
    for name, of, higher in (("CCC", ccc, True), ("RMSE", rmse, False), ("Pearson r", pearson, True)):
        for at, column in enumerate(columns):
            part = partial(_of_part, of=of, at=at)
            measure = Measure(
                name=f"{name} {column.name}", sums=sums, of=part, applies=known[at], higher_is_better=higher
            )
            found.append(measure)
    return found


def _of_part(sums: Floats, *, of: Callable[[Floats], Floats], at: int) -> Floats:
    return of(sums[..., at * MOMENTS : (at + 1) * MOMENTS])


def _mean_ccc(sums: Floats) -> Floats:
    return (ccc(sums[..., :MOMENTS]) + ccc(sums[..., MOMENTS:])) / 2


def _notes(columns: Sequence[_Column]) -> tuple[str, ...]:
    notes = []
    missing = {column.name: column.missing for column in columns if column.missing}
    if missing:
        told = ", ".join(f"{name} {number}" for name, number in missing.items())
        notes.append(f"Answers without a value count as 0, the middle of the scale: {told}.")
    outside = sum(column.outside for column in columns)
    if outside:
        notes.append(f"{outside} answers lie outside -1 to 1 and count as the end of the scale: is it the right scale?")
    constant = [column.name for column in columns if np.ptp(column.answer[column.known > 0]) == 0]
    if constant:
        notes.append(f"The answers are the same for all clips ({', '.join(constant)}): Pearson's r has no value.")
    return tuple(notes)


def _means_over_gold(columns: Sequence[_Column]) -> Lines:
    """Mean answer over mean gold, in bins of equal width of the gold: flat where a system keeps to the middle."""
    series: dict[str, list[tuple[float, float]]] = {}
    for column in columns:
        known = column.known > 0
        gold, answer = column.gold[known], column.answer[known]
        of_bin = np.minimum(((gold + 1) / 2 * _BINS).astype(np.intp), _BINS - 1)
        series[column.name] = [
            (float(gold[of_bin == number].mean()), float(answer[of_bin == number].mean()))
            for number in np.unique(of_bin)
        ]
    return Lines(
        title="Mean answer over gold",
        x_title="gold",
        y_title="mean answer",
        series={name: tuple(points) for name, points in series.items()},
        diagonal=True,
    )
