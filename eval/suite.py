"""Suites: named ways to score the samples of one system. A registry, and what a suite takes and gives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from ..errors import ConfigError
from ..plugin import load_plugin
from .measure import AnyMeasure
from .pictures import Picture
from .sample import Sample

if TYPE_CHECKING:
    from ..rewards.embedders import Embedder

#: Name -> where the suite is; ``package.module:function`` and ``file.py:function`` work as well.
SUITES: Final[Mapping[str, str]] = {
    "ov-mer": "emoreason.eval.open_vocab:ov_mer",
    "mer2025": "emoreason.eval.open_vocab:mer2025",
    "mer2026": "emoreason.eval.open_vocab:mer2026",
    "mer-unibench": "emoreason.eval.unibench:mer_unibench",
    "closed-set": "emoreason.eval.closed_set:closed_set",
    "distribution": "emoreason.eval.distribution:distribution",
    "valence-arousal": "emoreason.eval.valence_arousal:valence_arousal",
    "action-units": "emoreason.eval.action_units:action_units",
    "emocue-360": "emoreason.eval.cue_f1:emocue_360",
    "cue-robust": "emoreason.eval.cue_f1:cue_robust",
    "mme-emotion": "emoreason.eval.mme_emotion:mme_emotion",
    "emer-overlap": "emoreason.eval.emer_overlap:emer_overlap",
    "grounding": "emoreason.eval.grounding:grounding",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteSettings:
    """What a suite may be told; each takes what concerns it.

    Attributes
    ----------
    tables : str or None
        Wheel tables: ``v2025``, ``v2026`` or ``mended``. None: those that a benchmark is published with.
    language : str
        Of the texts: ``en`` or ``zh``.
    embedder : Embedder or None
        For cosines; None: :func:`emoreason.rewards.embedders.default_embedder`.
    ask : callable or None
        A judge: ``ask(messages) -> str`` (:class:`emoreason.eval.judging.judge.Judge` pins and caches one). Suites that
        need one and get none raise a ConfigError that says so.
    judge : str or None
        Its model, for the report.
    seed : int
        Of everything drawn.
    """

    tables: str | None = None
    language: str = "en"
    embedder: "Embedder | None" = None
    ask: Callable[[Sequence[Mapping[str, Any]]], str] | None = None
    judge: str | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SuiteResult:
    """What a suite found.

    Attributes
    ----------
    suite : str
        Its name.
    measures : tuple
        All of the samples' clips, in their order; the first is the one that systems are ranked by.
    counts : mapping
        What the numbers rest on: ``clips``, ``scored``, ``no_gold`` (left out), ``missing`` (no prediction; scored as
        wrong), ``abstained`` …
    settings : mapping
        What decided the numbers (tables, embedder, judge), as JSON values.
    notes : tuple of str
        Plain sentences that the reader needs.
    pictures : tuple
        What people would rather look at.
    clips : mapping
        Clip -> what there is to show of it (``{"gold": "happiness", "predicted": "joy", "right": True}``), JSON values.
    """

    suite: str
    measures: tuple[AnyMeasure, ...]
    counts: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()
    clips: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


class Suite(Protocol):
    """Scores samples."""

    def __call__(self, samples: Sequence[Sample], settings: SuiteSettings, /) -> SuiteResult:
        """Score them. Raises ConfigError when the gold holds nothing that this suite compares with."""
        ...


def suite_named(name: str) -> Suite:
    """Suite of a registered name or a plug-in spelling.

    Raises
    ------
    ConfigError
        There is none, or it cannot be loaded.
    """
    found: Suite = load_plugin(name, SUITES, "suite")
    if not callable(found):
        raise ConfigError(f"suite {name!r} is no function")
    return found
