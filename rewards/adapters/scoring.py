"""Scores of one batch by the name of a reward or of a preset: what all adapters call."""

from collections.abc import Sequence
from dataclasses import dataclass
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
    """

    values: list[float | None]
    terms: dict[str, list[float | None]]

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
        sums = scorer.score_many(cases, step)
        terms = {term.reward: [row.terms[term.reward] for row in sums] for term in scorer.terms}
        return BatchScores([row.value for row in sums], terms)
    scores = score_cases(scorer, cases)
    return BatchScores([None if score is None else score.value for score in scores], {})


@cache
def _scorer(name: str) -> Blend | Reward | BatchReward:
    if name in PRESETS:
        return blend_named(name)
    return reward_named(name)  # what a user names may be a Blend, too
