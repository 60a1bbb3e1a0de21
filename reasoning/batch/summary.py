"""What a batch came to, counted while its results pass by."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ...records import Explanation
from ...records.labels import EMOTIONS
from .events import Totals

#: Open labels are counted up to this many different ones: models may write anything.
_MOST_LABELS: Final = 10_000
_SHOWN_LABELS: Final = 30


@dataclass(slots=True, kw_only=True)
class Summary:
    """Counts over the results of a batch, all runs together.

    Attributes
    ----------
    explained, failed, abstained : int
        Rows in ``explanations.jsonl``, in ``errors.jsonl``, and of the former those without an emotion.
    emotions : Counter
        Most probable emotion -> rows (abstained ones are not in it).
    labels : Counter
        Open label -> rows.
    gaps : Counter
        (modality, reason) -> rows.
    failures : Counter
        (stage, error) -> rows.
    scores : dict
        Name -> (sum, rows scored, rows it does not apply to).
    seconds : dict
        Stage -> seconds, summed over rows.
    prompt_tokens, completion_tokens : int
        As far as the engine tells.

    Examples
    --------
    >>> summary = Summary()
    >>> summary.add(Explanation(clip="a", abstained=True))
    >>> summary.add_failure({"clip": "b", "stage": "extract", "error": "MediaError"})
    >>> summary.explained, summary.abstained, dict(summary.failures)
    (1, 1, {('extract', 'MediaError'): 1})
    """

    explained: int = 0
    failed: int = 0
    abstained: int = 0
    emotions: Counter[str] = field(default_factory=Counter)
    labels: Counter[str] = field(default_factory=Counter)
    gaps: Counter[tuple[str, str]] = field(default_factory=Counter)
    failures: Counter[tuple[str, str]] = field(default_factory=Counter)
    scores: dict[str, tuple[float, int, int]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def add(self, explanation: Explanation, scores: Mapping[str, float | None] | None = None) -> None:
        """Count one explained row and its scores (None: does not apply)."""
        self.explained += 1
        if explanation.abstained:
            self.abstained += 1
        elif explanation.emotions:
            self.emotions[max(explanation.emotions, key=lambda emotion: emotion.probability).label] += 1
        for label in dict.fromkeys(explanation.labels):
            if label in self.labels or len(self.labels) < _MOST_LABELS:
                self.labels[label] += 1
        self.gaps.update({(gap.modality, gap.reason) for gap in explanation.gaps})
        for name, value in (scores or {}).items():
            total, scored, without = self.scores.get(name, (0.0, 0, 0))
            self.scores[name] = (total, scored, without + 1) if value is None else (total + value, scored + 1, without)

    def add_failure(self, line: Mapping[str, Any]) -> None:
        """Count one line of ``errors.jsonl``."""
        self.failed += 1
        self.failures[str(line.get("stage")), str(line.get("error"))] += 1

    def to_json(self, totals: Totals) -> dict[str, Any]:
        """JSON value for ``summary.json``; ``totals`` are those of the run that ended."""
        now = totals.done_now + totals.failed_now
        return {
            "rows": totals.rows,
            "explained": self.explained,
            "failed": self.failed,
            "complete": totals.complete,
            "abstained": self.abstained,
            "emotions": {label: self.emotions[label] for label in EMOTIONS if self.emotions[label]},
            "labels": dict(self.labels.most_common(_SHOWN_LABELS)),
            "gaps": [
                {"modality": modality, "reason": reason, "rows": rows}
                for (modality, reason), rows in self.gaps.most_common()
            ],
            "failures": [
                {"stage": stage, "error": error, "rows": rows} for (stage, error), rows in self.failures.most_common()
            ],
            "scores": {
                name: {"mean": total / scored if scored else None, "n_scored": scored, "n_not_applicable": without}
                for name, (total, scored, without) in self.scores.items()
            },
            "tokens": {"prompt": self.prompt_tokens, "completion": self.completion_tokens},
            "seconds": {stage: round(seconds, 3) for stage, seconds in self.seconds.items()},
            "this_run": {
                "explained": totals.done_now,
                "failed": totals.failed_now,
                "seconds": round(totals.wall_s, 3),
                "rows_per_s": round(now / totals.wall_s, 3) if now and totals.wall_s > 0 else None,
            },
        }
