"""WheelReport: the twelve wheel metrics of a set of clips, and what could not be mapped."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from .tables import METRICS, WHEELS


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelMean:
    """Means of F, precision and recall over the five wheels, each for itself: F is not 2PR/(P + R) of the others."""

    fscore: float
    precision: float
    recall: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelMetric:
    """One metric: precision and recall averaged over ``n_scored`` clips, and F of these averages."""

    fscore: float
    precision: float
    recall: float
    n_scored: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelReport:
    """Scores of a set of clips.

    Attributes
    ----------
    tables : str
        Table family that was used: ``v2025``, ``v2026`` or ``mended``.
    chinese : bool
        Whether Chinese labels were read through their English translation.
    n_clips : int
        Clips with gold labels, scored or not.
    metrics : dict
        Metric name -> :class:`WheelMetric`.
    unmapped_gold, unmapped_predicted : dict
        Labels that the tables do not know -> how often they were written, most frequent first. The published rule
        drops them; they are listed so that nobody overlooks it.
    """

    tables: str
    chinese: bool
    n_clips: int
    metrics: dict[str, WheelMetric]
    unmapped_gold: dict[str, int]
    unmapped_predicted: dict[str, int]

    @property
    def level1(self) -> WheelMean:
        """Mean over the five wheels on level 1."""
        return self._mean(1)

    @property
    def level2(self) -> WheelMean:
        """Mean over the five wheels on level 2."""
        return self._mean(2)

    @property
    def m_avg(self) -> float:
        """Mean F of the twelve metrics."""
        return sum(self.metrics[name].fscore for name in METRICS) / len(METRICS)

    @property
    def unmapped(self) -> dict[str, int]:
        """Labels without any class, gold and predicted together -> how often they were written."""
        total = dict(self.unmapped_gold)
        for word, number in self.unmapped_predicted.items():
            total[word] = total.get(word, 0) + number
        return dict(sorted(total.items(), key=lambda item: -item[1]))

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON; a score that is not defined (nan) is None."""
        metrics = {name: _plain(asdict(metric)) for name, metric in self.metrics.items()}
        return {
            "tables": self.tables,
            "chinese": self.chinese,
            "n_clips": self.n_clips,
            "level1": _plain(asdict(self.level1)),
            "level2": _plain(asdict(self.level2)),
            "m_avg": None if math.isnan(self.m_avg) else self.m_avg,
            "metrics": metrics,
            "unmapped_gold": self.unmapped_gold,
            "unmapped_predicted": self.unmapped_predicted,
        }

    def __str__(self) -> str:
        lines = [f"wheel metrics, tables {self.tables}, {self.n_clips} clips", f"{'':22}     F      P      R  clips"]
        lines += [f"{_line(name, row)}{row.n_scored:7d}" for name, row in self.metrics.items()]
        lines += [_line("mean level1", self.level1), _line("mean level2", self.level2)]
        lines.append(f"{'M-avg (12 metrics)':22} {self.m_avg:.4f}")
        lines.append(f"unmapped gold labels: {_listed(self.unmapped_gold)}")
        lines.append(f"unmapped predicted labels: {_listed(self.unmapped_predicted)}")
        return "\n".join(lines)

    def _mean(self, level: int) -> WheelMean:
        rows = [self.metrics[f"case3_wheel{wheel}_level{level}"] for wheel in WHEELS]
        return WheelMean(
            fscore=sum(row.fscore for row in rows) / len(rows),
            precision=sum(row.precision for row in rows) / len(rows),
            recall=sum(row.recall for row in rows) / len(rows),
        )


def _line(name: str, row: WheelMean | WheelMetric) -> str:
    return f"{name:22} {row.fscore:.4f} {row.precision:.4f} {row.recall:.4f}"


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {key: None if isinstance(value, float) and math.isnan(value) else value for key, value in values.items()}


def _listed(words: dict[str, int], most: int = 10) -> str:
    if not words:
        return "none"
    shown = ", ".join(f"{word} ({number})" for word, number in list(words.items())[:most])
    more = f" and {len(words) - most} others" if len(words) > most else ""
    return f"{sum(words.values())}: {shown}{more}"
