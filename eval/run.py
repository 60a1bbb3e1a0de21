"""Runs suites over systems and controls: values with intervals, paired differences, subgroups, one report."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np

from ..errors import ConfigError
from .catalogue import about, speaks_to
from .comparing import Pair, corrected, notes_on_tests, paired, win_matrix
from .judging.rater_agreement import ratings_of, without_ratings
from .measure import Measure, intervals
from .outcome import Comparison, EvalReport, MeasureOutcome, Subgroups, SuiteOutcome, System
from .sample import Gold, Sample, join
from .stats import RESAMPLES, Interval
from .subgroups import column_of, subgroups
from .suite import SuiteResult, SuiteSettings, suite_named

#: Told the suite, and how much of it is done (0-1).
Reach = Callable[[str, float], None]
_BY_CLIP: Final = "The gold names no speakers: clips are drawn one by one, as if no two were of one person."


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How an evaluation is run.

    Attributes
    ----------
    resamples : int
        Bootstrap drawings, and permutations of a test.
    level : float
        Of the intervals.
    seed : int
        Of everything drawn.
    by : tuple of str
        Columns of the gold to make subgroups of.
    compare : bool
        Test the systems against each other as well, and make win matrices.
    must_fit : bool
        Whether a suite that fits no system ends the run; else it is said not to be measured.
    """

    resamples: int = RESAMPLES
    level: float = 0.95
    seed: int = 0
    by: tuple[str, ...] = ()
    compare: bool = False
    must_fit: bool = True


@dataclass(slots=True)
class _Run:
    golds: Sequence[Gold]
    systems: Sequence[System]
    settings: SuiteSettings
    options: RunOptions
    samples: dict[str, list[Sample]] = field(default_factory=dict)
    groups: list[Hashable] | None = None

    def golds_for(self, system: System) -> Sequence[Gold]:
        """Gold without what people gave another system's texts: scores by people are of one text, not of a clip."""
        if self.is_rated(system):
            return self.golds
        return [replace(gold, columns=without_ratings(gold.columns)) for gold in self.golds]

    def is_rated(self, system: System) -> bool:
        """Whether people's scores in the gold can be of this system: it is the only one."""
        return system.kind == "system" and sum(other.kind == "system" for other in self.systems) == 1

    @property
    def drawing(self) -> dict[str, Any]:
        """How values are drawn."""
        return {"resamples": self.options.resamples, "level": self.options.level, "seed": self.options.seed}


def run_suites(
    golds: Sequence[Gold],
    systems: Sequence[System],
    suites: Sequence[str],
    settings: SuiteSettings | None = None,
    options: RunOptions | None = None,
    *,
    title: str = "",
    manifest: Mapping[str, Any] | None = None,
    notes: Sequence[str] = (),
    reach: Reach = lambda name, share: None,
) -> EvalReport:
    """Score every system by every suite.

    Parameters
    ----------
    golds : sequence of Gold
        All clips.
    systems : sequence of System
        Systems, and controls by the same suites. Their predictions have the gold's clip ids.
    suites : sequence of str
        Names, or plug-in spellings.
    settings : SuiteSettings, optional
        What the suites are told.
    options : RunOptions, optional
        How values are drawn and what is compared.
    title : str
        Of the report.
    manifest : mapping, optional
        What the numbers were made from.
    notes : sequence of str
        What the reader must know of how the files were read.
    reach : callable
        Told of progress.

    Raises
    ------
    ConfigError
        There is no such suite or column, a suite cannot score any system (see ``must_fit``), two systems have one name,
        or a suite of somebody else's gave what no report can hold.
    """
    names = [system.name for system in systems]
    twice = next((name for number, name in enumerate(names) if name in names[:number]), None)
    if twice is not None or not systems:
        raise ConfigError("there is no system to score" if twice is None else f"two systems are called {twice!r}")
    run = _Run(golds, systems, settings or SuiteSettings(), options or RunOptions())
    run.samples = {system.name: join(run.golds_for(system), system.predictions) for system in systems}
    run.groups = speaker_groups(golds)
    columns = {column: column_of(golds, column) for column in run.options.by}
    outcomes: list[SuiteOutcome] = []
    found: list[Subgroups] = []
    comparisons: list[Comparison] = []
    missing: dict[str, str] = {}
    for name in dict.fromkeys(suites):
        results, unscored = _scored(run, name, reach)
        ours = {system: result for system, result in results.items() if _is_system(run, system)}
        if not ours:
            missing[name] = next(iter(unscored.values()))
            continue
        outcomes.append(_outcome(run, name, results, unscored))
        found += [subgroups(column, values, ours, run.groups, **run.drawing) for column, values in columns.items()]
        if run.options.compare:
            drawing = {"resamples": run.options.resamples, "seed": run.options.seed}
            comparisons += [made] if (made := win_matrix(results, run.groups, **drawing)) else []
    if missing and (run.options.must_fit or not outcomes):
        raise ConfigError("; ".join(f"{name}: {why}" for name, why in missing.items()))
    outcomes = list(corrected(outcomes))
    return EvalReport(
        title=title or ", ".join(name for name in names if _is_system(run, name)),
        systems=tuple(systems),
        suites=tuple(outcomes),
        subgroups=tuple(found),
        comparisons=tuple(comparisons),
        not_measured=missing | _not_measured(run),
        notes=(
            *notes,
            *_notes(run),
            *notes_on_tests(outcomes, run.options.resamples, len(set(run.groups or range(len(golds))))),
        ),
        samples=run.samples,
        manifest=manifest or {},
    )


def speaker_groups(golds: Sequence[Gold]) -> list[Hashable] | None:
    """Return what clips are drawn with: their speaker, where at least two are known; a clip without one on its own.

    Examples
    --------
    >>> from emoreason.records import Reference
    >>> clips = [("a", "Ann"), ("b", "Ann"), ("c", "Bo"), ("d", None)]
    >>> speaker_groups([Gold(clip=clip, speaker=who, reference=Reference()) for clip, who in clips])
    [('speaker', 'Ann'), ('speaker', 'Ann'), ('speaker', 'Bo'), ('clip', 'd')]
    """
    if len({gold.speaker for gold in golds if gold.speaker}) < 2:
        return None
    return [("speaker", gold.speaker) if gold.speaker else ("clip", gold.clip) for gold in golds]


def _is_system(run: _Run, name: str) -> bool:
    return any(system.name == name and system.kind == "system" for system in run.systems)


def _scored(run: _Run, name: str, reach: Reach) -> tuple[dict[str, SuiteResult], dict[str, str]]:
    """Results of one suite, by system, and why it could not score the others."""
    suite = suite_named(name)
    results: dict[str, SuiteResult] = {}
    unscored: dict[str, str] = {}
    for number, system in enumerate(run.systems):
        reach(name, number / len(run.systems))
        if system.kind == "control" and not speaks_to(name, system.predictions):
            continue
        try:
            result = suite(run.samples[system.name], run.settings)
        except ConfigError as error:
            unscored[system.name] = str(error)
            continue
        _check(name, result, len(run.golds))
        # A control that changes nothing here (sentences were added, the answers stayed) is no control here.
        if system.of not in results or not _alike(result, results[system.of]):
            results[system.name] = result
    reach(name, 1.0)
    return results, unscored


def _alike(one: SuiteResult, other: SuiteResult) -> bool:
    """Whether all measures of two results are made of the same sums."""
    both = list(zip(one.measures, other.measures, strict=False))
    return len(one.measures) == len(other.measures) and all(
        ours.name == theirs.name
        and (
            np.array_equal(ours.sums, theirs.sums)
            if isinstance(ours, Measure) and isinstance(theirs, Measure)
            else np.array_equal([ours.value], [theirs.value], equal_nan=True)
        )
        for ours, theirs in both
    )


def _check(name: str, result: object, n_clips: int) -> None:
    """Refuse what a plug-in must not give: ConfigError that says what was expected."""
    if not isinstance(result, SuiteResult):
        raise ConfigError(f"suite {name!r} gave {type(result).__name__}; expected a SuiteResult")
    if not result.measures:
        raise ConfigError(f"suite {name!r} gave no measure")
    names = [measure.name for measure in result.measures]
    if len(set(names)) != len(names):
        raise ConfigError(f"suite {name!r} gave two measures of one name")
    wrong = next((measure for measure in result.measures if len(measure.applies) != n_clips), None)
    if wrong is not None:
        given = len(wrong.applies)
        raise ConfigError(f"suite {name!r}: measure {wrong.name!r} is of {given} clips; expected all {n_clips}")


def _outcome(run: _Run, name: str, results: Mapping[str, SuiteResult], unscored: Mapping[str, str]) -> SuiteOutcome:
    values: dict[str, dict[str, Interval]] = {}
    directions: dict[str, bool | None] = {}
    for system, result in results.items():
        taken = intervals(result.measures, run.groups, **run.drawing)
        for measure, interval in zip(result.measures, taken, strict=True):
            values.setdefault(measure.name, {})[system] = interval
            directions.setdefault(measure.name, measure.higher_is_better)
    gaps = paired(results, _pairs(run), run.groups, **run.drawing)
    first = next(iter(results.values()))
    return SuiteOutcome(
        suite=name,
        about=about(name),
        settings=first.settings,
        measures=tuple(
            MeasureOutcome(
                name=measure,
                higher_is_better=directions[measure],
                values=of_systems,
                differences=tuple(gaps.get(measure, ())),
            )
            for measure, of_systems in values.items()
        ),
        counts={system: result.counts for system, result in results.items()},
        notes={system: result.notes for system, result in results.items()},
        pictures={system: result.pictures for system, result in results.items()},
        clips={system: result.clips for system, result in results.items() if _is_system(run, system)},
        unscored=unscored,
    )


def _pairs(run: _Run) -> list[Pair]:
    """Pairs to be tested: each system with each control, and with each other system when they are compared."""
    systems = [system.name for system in run.systems if system.kind == "system"]
    controls = [system for system in run.systems if system.kind == "control"]
    pairs = [(ours, theirs.name) for ours in systems for theirs in controls if theirs.of in (None, ours)]
    if run.options.compare:
        pairs = [(ours, theirs) for place, ours in enumerate(systems) for theirs in systems[place + 1 :]] + pairs
    return pairs


def _not_measured(run: _Run) -> dict[str, str]:
    found = {}
    if not run.options.by:
        found["subgroups"] = "no column was named (--by COLUMN)"
    if not any(system.kind == "control" for system in run.systems):
        found["controls"] = "they were left out (--no-controls)"
    if run.settings.ask is None:
        found["grades of a judge"] = "no judge was given (--judge-url, --judge-model)"
    elif any(ratings_of(gold.columns) for gold in run.golds) and not any(map(run.is_rated, run.systems)):
        found["agreement of judge and people"] = "people's scores are of one system's texts; score that one alone"
    return found


def _notes(run: _Run) -> list[str]:
    if run.groups is None:
        return [_BY_CLIP]
    known = {group for group in run.groups if isinstance(group, tuple) and group[0] == "speaker"}
    alone = sum(isinstance(group, tuple) and group[0] == "clip" for group in run.groups)
    rest = f" ({alone} clips without a speaker on their own)" if alone else ""
    return [f"Clips of one speaker are drawn together: {len(known)} speakers{rest}."]
