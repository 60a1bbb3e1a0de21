"""Scores of one batch by the name of a reward or of a preset: what all adapters call."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

from ..blend import PRESETS, Blend, blend_named
from ..reward import REWARDS, BatchReward, Case, Reward, reward_named, score_cases


def attribute_name(name: str) -> str:
    """Name of a reward or preset as a Python name.

    Examples
    --------
    >>> attribute_name("facial-r1")
    'facial_r1'
    """
    return name.replace("-", "_")


#: Every reward and preset that an adapter offers: Python name -> name.
NAMES: Final[dict[str, str]] = {attribute_name(name): name for name in (*REWARDS, *PRESETS)}


@dataclass(frozen=True, slots=True)
class BatchScores:
    """Scores of a batch, in its order.

    Attributes
    ----------
    values : list of float or None
        None where the reference does not hold what the reward compares with.
    terms : dict of str to list
        For a blend, the value of each term before weight and gate.
    opened : dict of str to list
        For each term of a blend that has a gate, whether it was open.
    """

    values: list[float | None]
    terms: dict[str, list[float | None]]
    opened: dict[str, list[bool]] = field(default_factory=dict)

    def gated(self, term: str) -> list[float | None]:
        """Values of a term, 0 where its gate was closed.

        None says that the reference does not tell, whatever is written, and the completion is left out of the
        comparison; 0 says that the answer was not right enough for the term to count, and it is compared as 0.

        Examples
        --------
        >>> BatchScores([0.5, 0.0], {"grounding": [0.5, 0.9]}, {"grounding": [True, False]}).gated("grounding")
        [0.5, 0.0]
        """
        values = self.terms[term]
        opened = self.opened.get(term) or [True] * len(values)
        return [value if is_open or value is None else 0.0 for value, is_open in zip(values, opened, strict=True)]

    def term_means(self) -> dict[str, float]:
        """Mean of each term over the completions it applies to; terms that apply to none are left out.

        Examples
        --------
        >>> BatchScores([1.0, None], {"wheel": [1.0, None], "label": [None, None]}).term_means()
        {'wheel': 1.0}
        """
        known = {name: [value for value in row if value is not None] for name, row in self.terms.items()}
        return {name: sum(row) / len(row) for name, row in known.items() if row}


def score_batch(name: str, cases: Sequence[Case], step: int | None = None) -> BatchScores:
    """Score a batch by a reward or blend.

    Parameters
    ----------
    name : str
        A preset, a reward, or the ``package.module:name`` or ``file.py:name`` of either.
    cases : sequence of Case
    step : int, optional
        Training step, for the schedules of a blend; None counts every term in full.

    Raises
    ------
    ConfigError
        There is no such reward or blend.
    """
    scorer = _scorer(name)
    if isinstance(scorer, Blend):
        return score_blend(scorer, cases, step)
    scores = score_cases(scorer, cases)
    return BatchScores([None if score is None else score.value for score in scores], {})


def score_blend(blend: Blend, cases: Sequence[Case], step: int | None = None) -> BatchScores:
    """Score a batch by a blend; ``step`` as in :func:`score_batch`."""
    sums = blend.score_many(cases, step)
    terms = {term.reward: [row.terms[term.reward] for row in sums] for term in blend.terms}
    gated = [term.reward for term in blend.terms if term.gate is not None]
    opened = {name: [f"{name}.gate" not in (row.parts or {}) for row in sums] for name in gated}
    return BatchScores([row.value for row in sums], terms, opened)


@cache
def _scorer(name: str) -> Blend | Reward | BatchReward:
    if name in PRESETS:
        return blend_named(name)
    return reward_named(name)  # what a user names may be a Blend, too
