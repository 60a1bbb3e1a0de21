"""Subgroups: whether the engine is right as often for some people, corpora or conditions as for others.

By any column of the gold. Sex, age or origin of people are never guessed: without a column this is not measured.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

import numpy as np

from ..measure import Measure, intervals
from ..pictures import Bars
from ..stats import Interval
from .answers import top_of
from .result import Effect, ProbeResult, bars_of
from .trial import Trial

_ABOUT: Final = "Accuracy is compared between groups of clips, by columns of the gold."
#: Groups of fewer clips are left out, and a column of more groups is no grouping.
_LEAST_CLIPS: Final = 5
_MOST_GROUPS: Final = 20
#: A column that nobody asked for makes groups when so many of its clips are in groups large enough, and its values
#: are names and no sentences.
_LEAST_GROUPED: Final = 0.8
_LONGEST_NAME: Final = 40


def subgroups(trial: Trial) -> ProbeResult:
    """Compare groups."""
    columns = _columns(trial)
    right = _right(trial)
    if not columns or all(value is None for value in right):
        reason = "no gold class with an answer" if columns else "no column of the gold makes groups (--by COLUMN)"
        return ProbeResult(probe="subgroups", about=_ABOUT, sentence=f"Not measured: {reason}.")
    effects: list[Effect] = []
    pictures: list[Bars] = []
    for column in columns:
        own, gaps = _of_column(trial, column, right)
        effects += gaps
        pictures.append(
            bars_of(f"Accuracy by {column}", "share of clips", [(effect.name, effect.interval) for effect in own])
        )
        effects += own
    apart = [
        f"{effect.name.removesuffix(' minus the rest')} ({effect.value:+.0%})"
        for effect in effects
        if effect.name.endswith("minus the rest") and _sure(effect.interval)
    ]
    return ProbeResult(
        probe="subgroups",
        about=_ABOUT,
        sentence=(
            f"Accuracy differs from that of all other clips for: {', '.join(apart)}."
            if apart
            else "No group's accuracy can be told from that of the rest; with few clips large gaps stay unseen."
        ),
        effects=tuple(effects),
        notes=(
            *trial.base.notes("clips"),
            f"Intervals of group minus rest are widened for the number of groups of a column (Bonferroni); groups of "
            f"fewer than {_LEAST_CLIPS} clips are left out. A gap may come from other differences between the groups.",
        ),
        pictures=tuple(pictures),
        counts={"clips": len(trial.cuesets), "compared": sum(value is not None for value in right)},
    )


def _columns(trial: Trial) -> list[str]:
    names = trial.settings.by or [
        name
        for name in sorted({name for gold in trial.golds.values() for name in gold.columns})
        if _is_grouping(trial, name)
    ]
    return [name for name in names if 2 <= len(_groups(trial, name)) <= _MOST_GROUPS]


def _is_grouping(trial: Trial, column: str) -> bool:
    """Whether the values of a column look like groups: names, most of them of several clips."""
    known = [value for value in _values(trial, column) if value is not None]
    groups = set(_groups(trial, column))
    grouped = sum(value in groups for value in known)
    return grouped >= _LEAST_GROUPED * len(known) and all(len(value) <= _LONGEST_NAME for value in known)


def _groups(trial: Trial, column: str) -> list[str]:
    """Values of a column that enough clips have."""
    counts = Counter(value for value in _values(trial, column) if value is not None)
    return sorted(value for value, number in counts.items() if number >= _LEAST_CLIPS)


def _values(trial: Trial, column: str) -> list[str | None]:
    return [
        gold.columns.get(column) or None if (gold := trial.golds.get(clip)) is not None else None
        for clip in trial.clips
    ]


def _right(trial: Trial) -> list[float | None]:
    """Whether each answer is right; a clip without an answer is wrong."""
    return [
        None if target is None else float((shares := trial.base.shares(at)) is not None and top_of(shares) == target)
        for at, target in enumerate(trial.targets)
    ]


def _of_column(trial: Trial, column: str, right: Sequence[float | None]) -> tuple[list[Effect], list[Effect]]:
    """Accuracy of each group, and each group minus the rest."""
    values, groups = _values(trial, column), _groups(trial, column)
    of = "share of clips"
    own = [
        trial.effect(
            f"{column} {group}", [one if value == group else None for one, value in zip(right, values, strict=True)],
            of=of, higher_is_better=True, yes_or_no=True,
        )
        for group in groups
    ]  # fmt: skip
    measures = [_gap(f"{column} {group} minus the rest", group, right, values) for group in groups]
    level = 1 - (1 - trial.settings.level) / max(len(groups), 1)
    settings = trial.settings
    found = intervals(measures, trial.groups, resamples=settings.resamples, level=level, seed=settings.seed)
    gaps = [Effect(name=one.name, interval=interval, of=of) for one, interval in zip(measures, found, strict=True)]
    return own, gaps


def _gap(name: str, group: str, right: Sequence[float | None], values: Sequence[str | None]) -> Measure:
    """Accuracy of a group minus that of all other clips: four sums."""
    rows = np.zeros((len(right), 4))
    for at, (one, value) in enumerate(zip(right, values, strict=True)):
        if one is not None and value is not None:
            rows[at, 0 if value == group else 2] = one
            rows[at, 1 if value == group else 3] = 1.0
    return Measure(
        name=name,
        sums=rows,
        of=lambda sums: np.asarray(sums[..., 0] / sums[..., 1] - sums[..., 2] / sums[..., 3], dtype=np.float64),
        applies=np.asarray(rows.any(axis=1), dtype=bool),
        higher_is_better=None,
    )


def _sure(interval: Interval) -> bool:
    return math.isfinite(interval.low) and (interval.low > 0 or interval.high < 0)
