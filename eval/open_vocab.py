"""Open-vocabulary labels on the emotion wheels: ``ov-mer``, ``mer2025`` and ``mer2026``, by their published rules.

Labels become classes of five wheels (:mod:`emoreason.rewards.wheel`); precision and recall of the classes are averaged
over clips and F is taken of the averages. ``ov-mer`` is the mean of twelve such F (M-avg), ``mer2025`` (track 2) the
mean of the five-wheel F of level 1 and of level 2, ``mer2026`` (track 2) the five-wheel F of level 1. Each is published
with one family of tables, which is used unless others are asked for; scores of different families do not compare.

A clip without a prediction, and one whose labels have no class, scores 0. A clip whose gold labels have no class on a
wheel (``neutral`` on all of them) is left out there, so the metrics rest on different numbers of clips.

Source: OV-MER (arXiv 2410.01495), MER2025 (arXiv 2504.19423), MERTools (zeroQiaoba/MERTools).
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from ..rewards.labels import parse_labels
from ..rewards.wheel.tables import METRICS, TABLES, WHEELS
from .measure import Floats, Measure, mean_measure
from .pictures import Bars, Matrix, Picture
from .sample import Sample
from .suite import SuiteResult, SuiteSettings
from .wheel_sums import LEVEL_METRICS, LabelReader, class_table, labels_of, mean_f, mean_part, wheel_sums

#: Wheels that are drawn: the two whose inner ring is nearest to the basic emotions.
_DRAWN: Final = (1, 2)
_NONE: Final = "(no class)"


def ov_mer(samples: Sequence[Sample], settings: SuiteSettings, /) -> SuiteResult:
    """Score labels by the twelve metrics of OV-MER; the main one is their mean, ``M-avg``. Published with v2025.

    Raises
    ------
    ConfigError
        No clip of the gold has labels.
    """
    wheels = read_wheels(samples, settings.tables or "v2025", "ov-mer")
    measures = (wheels.mean_f("M-avg", range(len(METRICS))), *(wheels.mean_f(f"{m} F", [m]) for m in METRICS))
    return wheels.result("ov-mer", (*measures, *wheels.level("level 1", 1)[1:], *wheels.of_labels()))


def mer2025(samples: Sequence[Sample], settings: SuiteSettings, /) -> SuiteResult:
    """Score labels as track 2 of MER2025: the mean of the five-wheel F of both levels. Published with v2025.

    Raises
    ------
    ConfigError
        No clip of the gold has labels.
    """
    wheels = read_wheels(samples, settings.tables or "v2025", "mer2025")
    both = wheels.mean_f("mean of both levels", (*LEVEL_METRICS[1], *LEVEL_METRICS[2]))
    return wheels.result(
        "mer2025", (both, *wheels.level("level 1", 1), *wheels.level("level 2", 2), *wheels.of_labels())
    )


def mer2026(samples: Sequence[Sample], settings: SuiteSettings, /) -> SuiteResult:
    """Score labels as track 2 of MER2026: the five-wheel F of level 1. Published with v2026.

    Raises
    ------
    ConfigError
        No clip of the gold has labels.
    """
    wheels = read_wheels(samples, settings.tables or "v2026", "mer2026")
    return wheels.result("mer2026", (*wheels.level("level 1", 1), *wheels.of_labels()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Wheels:
    """Samples read once under all twelve metrics.

    Attributes
    ----------
    samples : sequence of Sample
    tables : str
        What they were read with.
    gold, predicted : list
        Labels of each clip; None: not known, or no prediction.
    sums : float array ``[clips, 36]``
        Precision, recall and one, metric by metric.
    """

    samples: Sequence[Sample]
    tables: str
    gold: list[list[str] | None]
    predicted: list[list[str] | None]
    sums: Floats

    def mean_f(self, name: str, metrics: Sequence[int | str]) -> Measure:
        """Mean of the metrics' F."""
        return self._measure(name, metrics, mean_f)

    def level(self, name: str, level: int) -> tuple[Measure, Measure, Measure]:
        """Five-wheel F, precision and recall of a level."""
        places = LEVEL_METRICS[level]
        precision, recall = (
            self._measure(f"{name} {what}", places, partial(mean_part, part=part))
            for part, what in enumerate(("precision", "recall"))
        )
        return self.mean_f(f"{name} F", places), precision, recall

    def of_labels(self) -> tuple[Measure, Measure]:
        """How many labels a clip was given, and the share of them that the tables do not know."""
        known = class_table(self.tables)
        counts = [len(words) if words is not None else None for words in self._answers()]
        unknown = [
            sum(word not in known for word in words) / len(words) if words else None for words in self._answers()
        ]
        return (
            mean_measure("labels per clip", counts, higher_is_better=None),
            mean_measure("unknown labels", unknown, higher_is_better=None),
        )

    def result(self, suite: str, measures: tuple[Measure, ...]) -> SuiteResult:
        """Everything the suite says."""
        return SuiteResult(
            suite=suite,
            measures=measures,
            counts=self.counts(),
            settings={"tables": self.tables, "chinese_labels_are_read": self.tables == "mended"},
            notes=self.notes(),
            pictures=self.pictures(),
            clips=self.clips(),
        )

    def counts(self) -> dict[str, int]:
        """Count what the numbers rest on."""
        known = [labels is not None for labels in self.gold]
        pairs = [(sample.prediction, labels) for sample, labels in zip(self.samples, self.predicted, strict=True)]
        scored = self.sums[:, 2::3].any(axis=1)
        return {
            "clips": len(self.samples),
            "scored": int(scored.sum()),
            "no_gold": known.count(False),
            "gold_without_class": int((~scored).sum()) - known.count(False),
            "missing": sum(there and labels is None for there, (_, labels) in zip(known, pairs, strict=True)),
            "abstained": sum(
                there and one is not None and one.abstained for there, (one, _) in zip(known, pairs, strict=True)
            ),
        }

    def notes(self) -> tuple[str, ...]:
        """Say what the reader must know."""
        n_scored = self.sums[:, 2::3].sum(axis=0).astype(int)
        notes = [
            f"Tables {self.tables}: {n_scored.min()} to {n_scored.max()} clips count, depending on the metric; a clip "
            "whose gold labels have no class there (neutral has none in the published tables) is left out."
        ]
        one_class = sum(
            sample.prediction is not None and sample.prediction.labels is None and bool(labels)
            for sample, labels in zip(self.samples, self.predicted, strict=True)
        )
        if one_class:
            notes.append(f"{one_class} predictions hold no open labels: their one class was taken for the label.")
        unknown = Counter(
            word for words in self._answers() for word in words or () if word not in class_table(self.tables)
        )
        if unknown:
            most = ", ".join(f"{word} ({count})" for word, count in unknown.most_common(5))
            notes.append(f"{sum(unknown.values())} predicted labels are in no table and count for nothing: {most}.")
        return tuple(notes)

    def pictures(self) -> tuple[Picture, ...]:
        """Heat maps of two wheels, and F of each metric."""
        bars = [(metric, self.mean_f(metric, [metric]).value, None, None) for metric in METRICS]
        return (
            *(_heat_map(self, wheel) for wheel in _DRAWN),
            Bars(title="F of each metric", value_title="F", bars=bars),
        )

    def clips(self) -> dict[str, dict[str, object]]:
        """Labels of each clip, and the mean over five wheels of its own F (level 1)."""
        wheels = self.sums[:, 6:21].reshape(-1, len(WHEELS), 3)
        own = np.divide(
            2 * wheels[..., 0] * wheels[..., 1],
            wheels[..., 0] + wheels[..., 1],
            out=np.zeros(wheels.shape[:2]),
            where=wheels[..., 0] + wheels[..., 1] > 0,
        )
        counted = wheels[..., 2].sum(axis=1)
        return {
            sample.clip: {
                "gold": gold,
                "predicted": predicted or [],
                "wheel_f": float(own[row].sum() / counted[row]) if counted[row] else None,
            }
            for row, (sample, gold, predicted) in enumerate(zip(self.samples, self.gold, self.predicted, strict=True))
            if gold is not None
        }

    def _answers(self) -> list[list[str] | None]:
        """Labels of the clips whose gold is known; no prediction is no labels."""
        return [
            (words or []) if gold is not None else None for gold, words in zip(self.gold, self.predicted, strict=True)
        ]

    def _measure(self, name: str, metrics: Sequence[int | str], of: Callable[..., Floats]) -> Measure:
        places = [METRICS.index(metric) if isinstance(metric, str) else metric for metric in metrics]
        applies: NDArray[np.bool_] = np.asarray(self.sums[:, [3 * place + 2 for place in places]].sum(axis=1) > 0)
        undefined = math.nan if self.tables == "v2025" else 0.0
        return Measure(name=name, sums=self.sums, of=partial(of, places=places, undefined=undefined), applies=applies)


def read_wheels(samples: Sequence[Sample], tables: str, suite: str) -> Wheels:
    """Read the labels of all samples under all metrics.

    Raises
    ------
    ConfigError
        There are no such tables, or no clip of the gold has labels.
    """
    if tables not in TABLES:
        raise ConfigError(f"no wheel tables are called {tables!r}; there are {', '.join(TABLES)}")
    gold = [
        None if sample.gold.reference.labels is None else parse_labels(sample.gold.reference.labels)
        for sample in samples
    ]
    if not any(labels is not None for labels in gold):
        raise ConfigError(
            f"the gold has no open-vocabulary labels, which {suite} compares with; give it a column labels "
            "(or score its classes with closed-set)"
        )
    found = [labels_of(sample.prediction) for sample in samples]
    predicted = [None if labels is None else parse_labels(labels) for labels in found]
    return Wheels(
        samples=samples,
        tables=tables,
        gold=gold,
        predicted=predicted,
        sums=wheel_sums(gold, predicted, tables),
    )


@cache
def _class_names(tables: str, metric: int) -> list[str]:
    return sorted({name for classes in class_table(tables).values() if (name := classes[metric]) is not None})


def _heat_map(wheels: Wheels, wheel: int) -> Matrix:
    """Of the clips with a gold class, the share whose prediction names each class."""
    at = METRICS.index(f"case3_wheel{wheel}_level1")
    names = _class_names(wheels.tables, at)
    read = LabelReader(class_table(wheels.tables), (at,))
    named: dict[str | None, Counter[str | None]] = {name: Counter() for name in names}
    clips: Counter[str | None] = Counter()
    for gold, predicted in zip(wheels.gold, wheels.predicted, strict=True):
        answer = read(predicted or ())[0]
        for name in read(gold)[0] if gold else ():
            clips[name] += 1
            named[name].update(answer or {_NONE})
    columns = [*names, _NONE]
    return Matrix(
        title=f"Wheel {wheel}, level 1",
        rows=[f"{name} ({clips[name]})" for name in names],
        columns=[str(name) for name in columns],
        values=[[named[name][other] / clips[name] if clips[name] else None for other in columns] for name in names],
        row_title="class of the gold (clips)",
        column_title="class of a predicted label",
        of="share of the row's clips whose labels name it",
    )
