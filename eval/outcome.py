"""Outcome of an evaluation: systems by suites by measures, with intervals, differences, subgroups and what is missing.

It holds what the writers need and no more: values are numbers with intervals, pictures are data, clips are JSON values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from .pictures import Matrix, Picture
from .sample import Prediction, Sample
from .stats import Interval

#: A system is what is evaluated; a control is made without looking at the clip.
Kind = Literal["system", "control"]


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    """What made a list of predictions; ``about`` says it in a sentence.

    A control that was made of the predictions of one system names it in ``of``; it is tested against that one only.
    """

    name: str
    predictions: Sequence[Prediction]
    kind: Kind = "system"
    about: str = ""
    of: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairedDifference:
    """``ours`` minus ``theirs`` on the same clips.

    ``p`` is of a two-sided paired permutation test, None where there is none; ``p_holm`` is corrected for all tests of
    its family: the main measures of all suites for a main measure, all tests of the report for any other.
    """

    ours: str
    theirs: str
    interval: Interval
    p: float | None = None
    p_holm: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureOutcome:
    """One measure: system -> value with its interval, and the differences that were asked for."""

    name: str
    higher_is_better: bool | None
    values: Mapping[str, Interval]
    differences: tuple[PairedDifference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteOutcome:
    """One suite over all systems.

    Attributes
    ----------
    suite : str
        Its name.
    about : str
        What it measures, in a sentence.
    settings : mapping
        What decided the numbers.
    measures : tuple of MeasureOutcome
        The first is the one that systems are ranked by.
    counts, notes, pictures, clips : mapping
        System -> what :class:`~emoreason.eval.suite.SuiteResult` says of it; ``clips`` of systems only, not of
        controls.
    unscored : mapping of str to str
        System -> why this suite could not score it.
    """

    suite: str
    about: str
    settings: Mapping[str, Any]
    measures: tuple[MeasureOutcome, ...]
    counts: Mapping[str, Mapping[str, int]]
    notes: Mapping[str, Sequence[str]]
    pictures: Mapping[str, Sequence[Picture]]
    clips: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    unscored: Mapping[str, str] = field(default_factory=dict)

    def sentences(self, systems: Sequence[str]) -> list[str]:
        """Return the notes on some systems, each once; one that is not of all of them begins with whose it is."""
        said = [name for name in systems if name in self.notes]
        found: dict[str, None] = {}
        for name in said:
            for note in self.notes[name]:
                of_all = len(said) == 1 or all(note in self.notes[other] for other in said)
                found[note if of_all else f"{name}: {note}"] = None
        return [*found, *(f"{name}: not scored: {self.unscored[name]}" for name in systems if name in self.unscored)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Clips that share a value of a column, and the systems' values on them."""

    name: str
    n_clips: int
    values: Mapping[str, Interval]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subgroups:
    """One main measure, group by group of one column; ``spread`` is the best group minus the worst, per system."""

    column: str
    suite: str
    measure: str
    higher_is_better: bool | None
    groups: tuple[Group, ...]
    spread: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How often one system beats another, clip by clip drawn: a win matrix of one suite's main measure."""

    suite: str
    measure: str
    picture: Matrix
    ranking: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalReport:
    """Everything an evaluation found.

    Attributes
    ----------
    title : str
        What was evaluated.
    systems : tuple of System
        Systems first, then controls.
    suites : tuple of SuiteOutcome
        In the order they were asked for.
    subgroups : tuple of Subgroups
        Empty when no column was named; ``not_measured`` says so then.
    comparisons : tuple of Comparison
        Win matrices, where systems were compared.
    not_measured : mapping of str to str
        What this report says nothing about -> why.
    notes : tuple of str
        What the reader must know of the whole report.
    samples : mapping of str to sequence of Sample
        System -> the samples that were scored, for the browser of single clips.
    manifest : mapping
        What the numbers were made from: hashes, versions, seed, command.
    """

    title: str
    systems: tuple[System, ...]
    suites: tuple[SuiteOutcome, ...]
    subgroups: tuple[Subgroups, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    not_measured: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    samples: Mapping[str, Sequence[Sample]] = field(default_factory=dict)
    manifest: Mapping[str, Any] = field(default_factory=dict)

    def suite(self, name: str) -> SuiteOutcome:
        """Outcome of one suite; KeyError when it was not run."""
        for outcome in self.suites:
            if outcome.suite == name:
                return outcome
        raise KeyError(name)
