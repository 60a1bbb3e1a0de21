"""Blends: weighted sums of rewards with gates and schedules, and the presets by name.

The sum is ``Σ weight · ramp(step) · gate · value`` over the terms that apply. A term that does not apply (its reference
is not known) adds nothing; since that depends on the reference alone, all completions of one prompt are compared on the
same terms. When no term applies, the value is None.

- A **gate** lets a term count only when the answer is right enough: else a model is paid for well-grounded wrong
  answers (trust weighting of EmotionThinker; the zeroed grades of CA-EMER).
- A **schedule** lets a term enter late: in the ablation of AffectGPT-R1 two terms (accuracy and format) beat all five
  from the start (66.5 against 59.5 on OV-MERD+).

Without ``step`` every scheduled term is in full: that is how served answers and ``rewards lint`` are scored.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from ..errors import ConfigError
from ..plugin import load_plugin
from ..records import Reference, Score
from .completion import Completion
from .reward import BatchReward, Case, Reward, reward_named, score_cases


@dataclass(frozen=True, slots=True)
class Gate:
    """Opens for a completion whose first applicable term of ``terms`` scores ``at_least``.

    When none of them applies there is no telling whether the answer is right, and the gate is open.
    """

    terms: tuple[str, ...]
    at_least: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One reward in a blend.

    Attributes
    ----------
    reward : str
        A name of ``rewards.reward.REWARDS``, ``package.module:function`` or ``file.py:function``.
    weight : float
        Factor of its value; negative for a penalty, 0 to log it only.
    gate : Gate, optional
        When it counts.
    starts_at_step : int
        First training step at which it counts.
    ramp_steps : int
        Steps over which it then grows to its full weight.
    """

    reward: str
    weight: float = 1.0
    gate: Gate | None = None
    starts_at_step: int = 0
    ramp_steps: int = 0

    def weight_at(self, step: int | None) -> float:
        """Weight at a training step; the full one without a step.

        Examples
        --------
        >>> late = Term(reward="grounding", weight=0.5, starts_at_step=100, ramp_steps=100)
        >>> [late.weight_at(step) for step in (99, 150, 200, None)]
        [0.0, 0.25, 0.5, 0.5]
        """
        if step is None:
            return self.weight
        if step < self.starts_at_step:
            return 0.0
        share = (step - self.starts_at_step) / self.ramp_steps if self.ramp_steps else 1.0
        return self.weight * min(share, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class BlendScore(Score):
    """The sum, and the full score of each term by its name (None: not applicable)."""

    scores: dict[str, Score | None] = field(default_factory=dict)

    @property
    def terms(self) -> dict[str, float | None]:
        """Each term's own value, before weight and gate."""
        return {name: score.value if score is not None else None for name, score in self.scores.items()}


@dataclass(frozen=True, slots=True)
class Blend:
    """A weighted sum of rewards; itself a reward.

    Examples
    --------
    >>> from emoreason.records import Reference
    >>> from emoreason.rewards.completion import read_completion
    >>> gold = Reference(labels=("happy",))
    >>> blend_named("default")(read_completion("<think>A broad smile.</think><answer>joyful</answer>"), gold).value
    1.1
    """

    name: str
    terms: tuple[Term, ...]
    source: str = ""
    _rewards: tuple[Reward | BatchReward, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = [term.reward for term in self.terms]
        if not names or len(set(names)) != len(names):
            raise ConfigError(f"blend {self.name!r}: expected one or more terms, each reward once; got {names}")
        for term in self.terms:
            unknown = [name for name in (term.gate.terms if term.gate else ()) if name not in names]
            if unknown:
                raise ConfigError(f"blend {self.name!r}: the gate of {term.reward!r} names no term: {unknown[0]!r}")
            if not math.isfinite(term.weight):
                raise ConfigError(f"blend {self.name!r}: the weight of {term.reward!r} is {term.weight}")
        object.__setattr__(self, "_rewards", tuple(reward_named(name) for name in names))

    @property
    def maximum(self) -> float:
        """Best attainable sum when every term applies and is at most 1."""
        return sum(max(term.weight, 0.0) for term in self.terms)

    def __call__(self, completion: Completion, reference: Reference) -> BlendScore:
        """Score one completion, every scheduled term in full."""
        return self.score_many([Case(completion, reference)])[0]

    def score_many(self, cases: Sequence[Case], step: int | None = None) -> list[BlendScore]:
        """Score completions at a training step (None: every scheduled term in full).

        The parts hold the value of each term and, where a gate was closed, ``<term>.gate`` = 0.
        """
        columns = [score_cases(reward, cases) for reward in self._rewards]
        names = [term.reward for term in self.terms]
        return [self._sum(dict(zip(names, row, strict=True)), step) for row in zip(*columns, strict=True)]

    def _sum(self, scores: dict[str, Score | None], step: int | None) -> BlendScore:
        values = {name: score.value if score is not None else None for name, score in scores.items()}
        parts: dict[str, float | str | None] = dict(values)
        total, applicable = 0.0, False
        for term in self.terms:
            value = values[term.reward]
            if value is None:
                continue
            applicable = True
            if term.gate is not None and not _is_open(term.gate, values):
                parts[f"{term.reward}.gate"] = 0.0
                continue
            total += term.weight_at(step) * value
        return BlendScore(name=self.name, value=total if applicable else None, parts=parts, scores=scores)


def _is_open(gate: Gate, values: dict[str, float | None]) -> bool:
    known = [value for name in gate.terms if (value := values[name]) is not None]
    return not known or known[0] >= gate.at_least


_RIGHT_ENOUGH: Final = Gate(("wheel", "label"), 0.5)

#: Name -> terms and where the recipe comes from.
PRESETS: Final[dict[str, tuple[tuple[Term, ...], str]]] = {
    "default": (
        (Term(reward="wheel", weight=1.0), Term(reward="format", weight=0.1)),
        "Accuracy and format alone, the best of AffectGPT-R1's ablation (arXiv 2508.01318); accuracy in the strict "
        "form, since the published one does not resist label floods.",
    ),
    "emer": (
        (Term(reward="label", weight=1.0), Term(reward="format", weight=1.0)),
        "R1-Omni, cold-started on EMER (arXiv 2503.05379): R = R_accuracy + R_format over a closed set.",
    ),
    "facial-r1": (
        (
            Term(reward="label", weight=1.0),
            Term(reward="action_units", weight=1.0),
            Term(reward="format", weight=1.0),
        ),
        "Facial-R1 (arXiv 2511.10254): emotion, action units and format, equally. Action units by F1 on what is "
        "affirmed (there: every mention of a code, as 2 F1 - 1).",
    ),
    "affectgpt-r1": (
        (Term(reward="wheel_official", weight=1.0), Term(reward="format", weight=1.0)),
        "AffectGPT-R1 (arXiv 2508.01318): emotion-wheel metric as published plus format, its best run that thinks.",
    ),
    "grounded": (
        (
            Term(reward="wheel", weight=1.0),
            Term(reward="label", weight=0.0),
            Term(reward="format", weight=0.1),
            Term(reward="length", weight=0.1, gate=_RIGHT_ENOUGH),
            Term(reward="grounding", weight=0.5, gate=_RIGHT_ENOUGH, starts_at_step=100, ramp_steps=100),
            Term(reward="consistency", weight=0.2, gate=_RIGHT_ENOUGH, starts_at_step=100, ramp_steps=100),
        ),
        "The default, then grounding and consistency, gated on a right answer and late (EmotionThinker's reasoning "
        "reward weighs 0.5 and starts once accuracy is stable; CA-EMER gives no grade to wrong answers).",
    ),
}


def blend_named(name: str) -> Blend:
    """Blend of a preset, or a user's own :class:`Blend` as ``package.module:name`` or ``file.py:name``.

    Raises
    ------
    ConfigError
        There is no such blend, or what is there is none.
    """
    if name in PRESETS:
        terms, source = PRESETS[name]
        return Blend(name, terms, source)
    found = load_plugin(name, dict.fromkeys(PRESETS, ""), "blend")
    if not isinstance(found, Blend):
        raise ConfigError(f"{name!r} is a {type(found).__name__}; expected an emoreason.rewards.blend.Blend")
    return found
