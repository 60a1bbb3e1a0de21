"""``action-units``: F1 of each action unit that was coded, their mean, and ICC(3,1) where intensities were coded.

A unit is there or not, whichever the side: sides are for the reward (:mod:`emoreason.rewards.action_units`). Where only
intensities are known, a unit is there from FACS 2 (B) on, as DISFA is scored. What the text of an answer says of units
is not read here: only the units that it lists.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from ..errors import ConfigError
from ..records.labels import parse_action_unit
from .measure import Floats, Measure, intervals
from .moments import MOMENTS, icc, moments
from .pictures import Bars
from .sample import Gold, Prediction, Sample
from .suite import SuiteResult, SuiteSettings

#: Least intensity (FACS 0-5) of a unit that counts as there, where nothing but intensities is known.
PRESENT_FROM: Final = 2.0
#: A unit coded on fewer clips has no F1 of its own; it counts in the means.
OWN_FROM: Final = 10
#: Drawings behind the intervals of the picture.
_RESAMPLES: Final = 1000


@dataclass(frozen=True, slots=True)
class _Coding:
    """Units of one clip: those that are there (None: not known) and the intensities that are known."""

    units: frozenset[str] | None
    intensities: Mapping[str, float]

    def intensity(self, unit: str) -> float | None:
        """Intensity of a unit: 0 where it was coded and is not there; None where it is not known."""
        if unit in self.intensities:
            return self.intensities[unit]
        return 0.0 if self.units is not None and unit not in self.units else None


def action_units(samples: Sequence[Sample], settings: SuiteSettings, /) -> SuiteResult:
    """Score the action units that are listed.

    ``mean F1`` is over the units coded on any clip (in a drawing without clips and answers of a unit, it is left out);
    ``micro F1`` counts all pairs of clip and unit alike, units that no clip was coded with included.

    Raises
    ------
    ConfigError
        No clip was coded.
    """
    gold = [_coded(sample.gold) for sample in samples]
    answers = [_answered(sample.prediction) for sample in samples]
    if all(coding.units is None for coding in gold):
        raise ConfigError(
            "the gold has no action units: give it a column action_units or facs (1+4+12), or intensities"
        )
    known = [coding.units is not None for coding in gold]
    often = Counter(unit for coding in gold for unit in coding.units or ())
    units = sorted(often, key=_number)
    sums = _counts(gold, answers, units)
    applies = np.array(known, dtype=bool)
    of_units = [
        Measure(name=f"F1 {unit}", sums=sums, of=partial(_f1_of, at=at), applies=applies)
        for at, unit in enumerate(units)
    ]
    measures = [
        Measure(name="mean F1", sums=sums, of=_mean_f1, applies=applies),
        Measure(name="micro F1", sums=sums, of=_micro_f1, applies=applies),
        *_agreement(gold, answers),
        *(measure for measure, unit in zip(of_units, units, strict=True) if often[unit] >= OWN_FROM),
    ]
    never = Counter(unit for answer in answers for unit in (answer.units or frozenset()) - often.keys())
    missing = sum(coded and answer.units is None for coded, answer in zip(known, answers, strict=True))
    return SuiteResult(
        suite="action-units",
        measures=tuple(measures),
        counts={"clips": len(samples), "scored": sum(known), "no_gold": len(samples) - sum(known), "missing": missing},
        settings={"present_from": PRESENT_FROM, "units": {unit: often[unit] for unit in units}},
        notes=_notes(often, never, missing, gold, answers),
        pictures=(_bars(of_units, units, often, samples, settings.seed),) if units else (),
        clips=_shown(samples, gold, answers),
    )


def _number(unit: str) -> int:
    return int(unit[2:])


def _parsed(codes: Iterable[str]) -> frozenset[str]:
    return frozenset(parsed[0] for code in codes if (parsed := parse_action_unit(code)) is not None)


def _plain(intensities: Mapping[str, float]) -> dict[str, float]:
    """Intensities by plain code, 0 to 5; what is no number is left out."""
    found: dict[str, float] = {}
    for code, value in intensities.items():
        parsed = parse_action_unit(code)
        if parsed is not None and np.isfinite(value):
            found[parsed[0]] = max(found.get(parsed[0], 0.0), min(max(float(value), 0.0), 5.0))
    return found


def _there(codes: tuple[str, ...] | None, intensities: Mapping[str, float]) -> frozenset[str] | None:
    """Units that are there; None where codes were given of which none can be read, or nothing is known."""
    if codes is not None:
        units = _parsed(codes)
        return units if units or not codes else None
    return frozenset(unit for unit, value in intensities.items() if value >= PRESENT_FROM) if intensities else None


def _coded(gold: Gold) -> _Coding:
    intensities = _plain(gold.intensities)
    return _Coding(_there(gold.reference.action_units, intensities), intensities)


def _answered(prediction: Prediction | None) -> _Coding:
    if prediction is None:
        return _Coding(None, {})
    intensities = _plain(prediction.intensities)
    return _Coding(_there(prediction.action_units, intensities), intensities)


def _counts(gold: Sequence[_Coding], answers: Sequence[_Coding], units: Sequence[str]) -> Floats:
    """Return hits, clips and answers of each unit, and answers of units that no clip has, ``[clips, 3k + 1]``."""
    at = {unit: number for number, unit in enumerate(units)}
    k = len(units)
    sums = np.zeros((len(gold), 3 * k + 1))
    for row, (coding, answer) in enumerate(zip(gold, answers, strict=True)):
        if coding.units is None:
            continue
        given = answer.units or frozenset()
        for unit in coding.units:
            sums[row, k + at[unit]] = 1.0
            sums[row, at[unit]] = float(unit in given)
        for unit in given:
            sums[row, 2 * k + at[unit] if unit in at else 3 * k] += 1.0
    return sums


def _f1(sums: Floats) -> tuple[Floats, Floats]:
    """F1 of each unit and the sum it is of: 0 where the unit has neither a clip nor an answer."""
    hits, truth, said = np.split(np.asarray(sums[..., :-1], dtype=np.float64), 3, axis=-1)
    return 2 * hits / (truth + said), truth + said


def _f1_of(sums: Floats, *, at: int) -> Floats:
    return np.asarray(_f1(sums)[0][..., at], dtype=np.float64)


def _mean_f1(sums: Floats) -> Floats:
    scores, size = _f1(sums)
    return np.asarray(np.where(size > 0, scores, 0.0).sum(axis=-1) / (size > 0).sum(axis=-1), dtype=np.float64)


def _micro_f1(sums: Floats) -> Floats:
    hits, truth, said = np.split(np.asarray(sums[..., :-1], dtype=np.float64), 3, axis=-1)
    whole = truth.sum(axis=-1) + said.sum(axis=-1) + sums[..., -1]
    return np.asarray(2 * hits.sum(axis=-1) / whole, dtype=np.float64)


def _agreement(gold: Sequence[_Coding], answers: Sequence[_Coding]) -> list[Measure]:
    """ICC(3,1) of each unit whose intensity is coded on some clip and varies, and their mean, which comes first."""
    columns: list[tuple[str, Floats, Floats]] = []
    for unit in sorted({unit for coding in gold for unit in coding.intensities}, key=_number):
        coded = [coding.intensity(unit) for coding in gold]
        values = np.array([value or 0.0 for value in coded])
        known = np.array([value is not None for value in coded], dtype=np.float64)
        if np.ptp(values[known > 0]) > 0:
            given = np.array([answer.intensities.get(unit, 0.0) for answer in answers])
            columns.append((unit, moments(values, given, known), known))
    if not columns:
        return []
    sums = np.concatenate([added for _, added, _ in columns], axis=1)
    anywhere = np.any([known > 0 for *_, known in columns], axis=0)
    found = [Measure(name="mean ICC(3,1)", sums=sums, of=_mean_icc, applies=np.asarray(anywhere, dtype=np.bool_))]
    for at, (unit, _, known) in enumerate(columns):
        found.append(Measure(name=f"ICC(3,1) {unit}", sums=sums, of=partial(_icc_of, at=at), applies=known > 0))
    return found


def _icc_of(sums: Floats, *, at: int) -> Floats:
    return icc(sums[..., at * MOMENTS : (at + 1) * MOMENTS])


def _mean_icc(sums: Floats) -> Floats:
    """Mean over the units that have a value."""
    scores = icc(sums.reshape(*sums.shape[:-1], -1, MOMENTS))
    known = np.isfinite(scores)
    return np.asarray(np.where(known, scores, 0.0).sum(axis=-1) / known.sum(axis=-1), dtype=np.float64)


def _notes(
    often: Counter[str], never: Counter[str], missing: int, gold: Sequence[_Coding], answers: Sequence[_Coding]
) -> tuple[str, ...]:
    notes = ["Sides do not count, and what a text says of units is not read: only listed units are scored."]
    rare = [unit for unit in sorted(often, key=_number) if often[unit] < OWN_FROM]
    if rare:
        notes.append(
            f"Coded on fewer than {OWN_FROM} clips, so without an F1 of their own, though they count in the means: "
            f"{', '.join(rare)}."
        )
    if never:
        told = ", ".join(sorted(never, key=_number)[:20])
        notes.append(f"Listed but coded on no clip: {told}. They lower the micro F1, not the mean F1.")
    if missing:
        notes.append(f"{missing} coded clips have no list of units: all of their units count as missed.")
    if any(coding.intensities for coding in gold) and not any(answer.intensities for answer in answers):
        notes.append("No answer gives intensities: they count as 0.")
    return tuple(notes)


def _bars(
    measures: Sequence[Measure], units: Sequence[str], often: Counter[str], samples: Sequence[Sample], seed: int
) -> Bars:
    """Draw F1 of each unit; clips of one speaker are drawn together."""
    speakers = [sample.gold.speaker or ("clip", sample.clip) for sample in samples]
    found = intervals(measures, speakers, resamples=_RESAMPLES, seed=seed)
    bars = [
        (f"{unit} ({often[unit]})", interval.value, _end(interval.low), _end(interval.high))
        for unit, interval in zip(units, found, strict=True)
    ]
    return Bars(title="F1 of each action unit (clips it was coded on)", value_title="F1", bars=tuple(bars))


def _end(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _shown(samples: Sequence[Sample], gold: Sequence[_Coding], answers: Sequence[_Coding]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for sample, coding, answer in zip(samples, gold, answers, strict=True):
        if coding.units is not None:
            given = None if answer.units is None else sorted(answer.units, key=_number)
            found[sample.clip] = {"gold": sorted(coding.units, key=_number), "predicted": given}
    return found
