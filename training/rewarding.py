"""What GRPO pays for: the blend of the settings as reward functions of TRL, with its terms in the log.

A blend is one function, named after it: gates need all terms of a completion, and its schedules follow the trainer's
step. ``separate`` makes each term a function with a weight of its own, which ``multi_objective_aggregation =
"normalize_then_sum"`` needs: it scales each function's rewards within a prompt before it adds them. The terms are
scored once for all functions then; what a gate closes is 0, what the reference does not tell is None
(``BatchScores.gated``). A ramp cannot be part of such a reward, since scaling takes it out again; it is a weight that
changes with the step (:func:`follow_schedule`).

The functions are plain ones. A judge among the terms waits for all its verdicts at once, and the trainer has nothing
else to do until they are there.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from statistics import pstdev
from typing import Any, Final

from ..errors import ConfigError
from ..rewards.adapters.columns import COLUMN, cases_of
from ..rewards.adapters.scoring import BatchScores, score_blend
from ..rewards.adapters.trl import log_terms, step_of
from ..rewards.blend import Blend, Gate, Term, blend_named
from ..torch_imports import import_heavy
from .settings import RewardSettings

#: Name of a blend of one's own in the log.
OWN: Final = "own"
#: Name of TRL's penalty in the log.
OVERLONG: Final = "overlong"

Values = list[float | None]
RewardFunction = Callable[..., Values]


@dataclass(frozen=True, slots=True)
class Batch:
    """Completions of one process, as they were scored.

    Attributes
    ----------
    completions, prompts : sequence
        As TRL passes them; those of one prompt follow each other.
    tokens : list of int
        Length of each completion.
    step : int or None
        Optimiser steps done when they were written.
    columns : mapping
        Of the data set, a value for each completion.
    scores : BatchScores
        Of the blend.
    total : list of float or None
        What each is paid altogether.
    readable : list of bool
        Whether it holds an answer.
    """

    completions: Sequence[Any]
    prompts: Sequence[Any]
    tokens: list[int]
    step: int | None
    columns: Mapping[str, Any]
    scores: BatchScores
    total: Values
    readable: list[bool]


@dataclass(frozen=True, slots=True)
class Rewards:
    """What is handed to the trainer.

    Attributes
    ----------
    functions : list of callable
        For ``reward_funcs``.
    names : list of str
        What TRL logs them as.
    blend : Blend
        What they are made of.
    listeners : list of callable
        Each is told every :class:`Batch` of this process.
    scheduled : bool
        Whether the weights of the functions change with the step. (A blend in one function has its schedule inside.)
    """

    functions: list[RewardFunction]
    names: list[str]
    blend: Blend
    listeners: list[Callable[[Batch], None]]
    scheduled: bool
    _weigh: Callable[[int | None], list[float]] = field(repr=False)

    @property
    def weights(self) -> list[float]:
        """For ``reward_weights``: those of the last step of all schedules."""
        return self._weigh(None)

    def weights_at(self, step: int) -> list[float]:
        """Weights at a training step."""
        return self._weigh(step)


def blend_of(rewards: RewardSettings) -> Blend:
    """Blend of the settings: a preset, a :class:`Blend` of the user's, or the terms that are written out.

    Raises
    ------
    ConfigError
        There is no such blend or reward, or a gate waits for a term that is not there.

    Examples
    --------
    >>> from emoreason.training.settings import TermSettings
    >>> own = blend_of(RewardSettings(terms=(TermSettings(reward="label"), TermSettings(reward="format", weight=0.1))))
    >>> own.name, own.maximum
    ('own', 1.1)
    """
    if not rewards.terms:
        return blend_named(rewards.blend)
    return Blend(
        OWN,
        tuple(
            Term(
                reward=term.reward,
                weight=term.weight,
                gate=Gate(term.gate, term.gate_at_least) if term.gate else None,
                starts_at_step=term.starts_at_step,
                ramp_steps=term.ramp_steps,
            )
            for term in rewards.terms
        ),
    )


def reward_functions(rewards: RewardSettings, *, longest: int | None = None) -> Rewards:
    """Make the functions, weights and names of a run's rewards.

    Parameters
    ----------
    rewards : RewardSettings
        Of the run.
    longest : int, optional
        Most tokens of a completion (``trainer.max_completion_length``), for the overlong penalty.

    Raises
    ------
    ConfigError
        There is no such blend, two terms have the same name in the log, or ``overlong_tokens`` does not fit
        ``longest``.
    """
    blend = blend_of(rewards)
    overlong = _overlong(rewards, longest)
    desk = _Desk(blend, overlong, rewards.overlong_weight)
    if rewards.separate:
        functions = [desk.function(name, term=True) for name in desk.names]
    else:
        functions = [desk.function(blend.name, term=False)]
    names = [function.__name__ for function in functions]
    if overlong is not None:
        functions.append(_logged_as(OVERLONG, overlong))
        names.append(OVERLONG)

    def weigh(step: int | None) -> list[float]:
        paid = [term.weight_at(step) for term in blend.terms] if rewards.separate else [1.0]
        return [*paid, rewards.overlong_weight] if overlong is not None else paid

    late = any(term.starts_at_step or term.ramp_steps for term in blend.terms)
    return Rewards(functions, names, blend, desk.listeners, rewards.separate and late, weigh)


def follow_schedule(trainer: Any, rewards: Rewards) -> Any:
    """Make a callback that sets the trainer's ``reward_weights`` to those of the step it begins.

    Parameters
    ----------
    trainer : trl.GRPOTrainer
        With the functions of ``rewards`` as its rewards.
    rewards : Rewards
        Whose ``scheduled`` is true.
    """

    def on_step_begin(callback: Any, args: Any, state: Any, control: Any, **_: Any) -> None:
        for index, weight in enumerate(rewards.weights_at(state.global_step)):
            trainer.reward_weights[index] = weight

    base = import_heavy("transformers").TrainerCallback
    return type("FollowSchedule", (base,), {"on_step_begin": on_step_begin})()


class _Desk:
    """Scores each batch once, whichever function is called first, and logs what the functions do not say."""

    def __init__(self, blend: Blend, overlong: RewardFunction | None, overlong_weight: float) -> None:
        self.blend = blend
        self.names = term_names(blend)
        self.listeners: list[Callable[[Batch], None]] = []
        self._overlong, self._overlong_weight = overlong, overlong_weight
        self._last: Batch | None = None

    def function(self, name: str, *, term: bool) -> RewardFunction:
        """Reward function of the term of that name, or of the sum."""

        def reward(
            completions: Sequence[Any], completion_ids: Sequence[Sequence[int]], prompts: Sequence[Any], **columns: Any
        ) -> Values:
            batch = self._batch(completions, completion_ids, prompts, columns)
            return batch.scores.gated(name) if term else batch.scores.values

        return _logged_as(name, reward)

    def _batch(
        self,
        completions: Sequence[Any],
        completion_ids: Sequence[Sequence[int]],
        prompts: Sequence[Any],
        columns: dict[str, Any],
    ) -> Batch:
        # The functions of a step get the very same list; it is held here, so no other can have its identity.
        if self._last is not None and self._last.completions is completions:
            return self._last
        began = time.perf_counter()
        step = step_of(columns)
        cases = cases_of(completions, columns)
        scores = self._named(score_blend(self.blend, cases, step))
        batch = Batch(
            completions=completions,
            prompts=prompts,
            tokens=[len(ids) for ids in completion_ids],
            step=step,
            columns=columns,
            scores=scores,
            total=self._total(scores.values, completion_ids),
            readable=[case.completion.answered for case in cases],
        )
        log_terms(self.blend.name, scores, columns)
        if (log_metric := columns.get("log_metric")) is not None:
            log_metric("completions/readable", sum(batch.readable) / len(batch.readable))
            if (spread := group_spread(batch.total, _prompt_of(columns))) is not None:
                log_metric("reward_group_std", spread)
            log_metric("reward_time", time.perf_counter() - began)
        self._last = batch
        for listener in self.listeners:
            listener(batch)
        return batch

    def _named(self, scores: BatchScores) -> BatchScores:
        """Terms under their names in the log."""
        names = dict(zip((term.reward for term in self.blend.terms), self.names, strict=True))
        return BatchScores(
            scores.values,
            {names[term]: values for term, values in scores.terms.items()},
            {names[term]: opened for term, opened in scores.opened.items()},
        )

    def _total(self, values: Values, completion_ids: Sequence[Sequence[int]]) -> Values:
        if self._overlong is None:
            return values
        penalties = self._overlong(completion_ids=completion_ids)
        return [
            (value or 0.0) + self._overlong_weight * (penalty or 0.0)
            for value, penalty in zip(values, penalties, strict=True)
        ]


def term_names(blend: Blend) -> list[str]:
    """Names of a blend's terms in the log: ``polite`` for ``my_rewards.py:polite``.

    Raises
    ------
    ConfigError
        Two terms would have the same.

    Examples
    --------
    >>> term_names(blend_named("default"))
    ['wheel', 'format']
    """
    names = [term.reward.rpartition(":")[2] for term in blend.terms]
    twice = next((name for name in names if names.count(name) > 1 or name == OVERLONG), None)
    if twice is not None:
        raise ConfigError(f"blend {blend.name!r}: two terms are called {twice!r} in the log; rename one of them")
    return names


def group_spread(values: Values, prompts: Sequence[Any]) -> float | None:
    """Mean over prompts of the standard deviation of what their completions are paid.

    Parameters
    ----------
    values : list of float or None
        What each completion is paid; None counts nothing.
    prompts : sequence
        What tells the prompts apart, one for each completion; those of one prompt follow each other.

    Returns
    -------
    float or None
        None where no prompt has two completions here: groups may be spread over processes.

    Examples
    --------
    >>> group_spread([1.0, 0.0, 0.7, 0.7], ["a", "a", "b", "b"])
    0.25
    """
    spreads = []
    for _, group in groupby(zip(prompts, values, strict=True), key=lambda pair: pair[0]):
        paid = [value for _, value in group if value is not None]
        if len(paid) > 1:
            spreads.append(pstdev(paid))
    return sum(spreads) / len(spreads) if spreads else None


def _prompt_of(columns: Mapping[str, Any]) -> Sequence[Any]:
    ids: Sequence[Any] | None = columns.get("row_id")
    return columns[COLUMN] if ids is None else ids


def _logged_as(name: str, function: RewardFunction) -> RewardFunction:
    """Return the function under the name that TRL logs it as."""

    def reward(**arguments: Any) -> Values:
        return function(**arguments)

    reward.__name__ = reward.__qualname__ = name
    return reward


def _overlong(rewards: RewardSettings, longest: int | None) -> RewardFunction | None:
    cache = rewards.overlong_tokens
    if cache is None:
        return None
    if longest is None or not 0 < cache <= longest:
        raise ConfigError(
            f"rewards.overlong_tokens is {cache}; expected 1 to trainer.max_completion_length ({longest})"
        )
    punishment: RewardFunction = import_heavy("trl.rewards").get_soft_overlong_punishment(longest, cache)
    return punishment
