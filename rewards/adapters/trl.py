"""TRL: every reward and preset as a function that ``GRPOTrainer`` and ``RLOOTrainer`` call.

Written against TRL 1.16.0 (``trl/trainer/grpo_trainer.py``, ``_calculate_rewards``; ``trl/scripts/grpo.py`` resolves
dotted paths). Nothing of TRL is imported here.

    trl grpo --reward_funcs emoreason.rewards.adapters.trl.wheel emoreason.rewards.adapters.trl.format …

The data set needs the column ``reference`` (:func:`emoreason.rewards.adapters.columns.reference_column`). A reward that
does not apply to a row is None there; TRL then counts the other rewards. Presets log the mean of each of their terms as
``<preset>/<term>`` (and the share of open gates) and write each term beside the completion in the table of
``log_completions``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from .columns import cases_of
from .scoring import NAMES, BatchScores, score_batch

Values = list[float | None]


def step_of(columns: Mapping[str, Any]) -> int | None:
    """Training step that TRL passes a reward: optimiser steps done; None outside of training."""
    step: int | None = getattr(columns.get("trainer_state"), "global_step", None)
    return step


def log_terms(name: str, scores: BatchScores, columns: Mapping[str, Any]) -> Values:
    """Log the terms of a blend as TRL takes it, and return what is paid.

    Metrics: ``<name>/<term>``, the mean before weight and gate, and ``<name>/<term>/open``, the share of completions
    whose gate was open. Each completion's terms go to the table of ``log_completions``.
    """
    log_metric, log_extra = columns.get("log_metric"), columns.get("log_extra")
    if log_metric is not None:
        for term, mean in scores.term_means().items():
            log_metric(f"{name}/{term}", mean)
        for term, opened in scores.opened.items():
            log_metric(f"{name}/{term}/open", sum(opened) / len(opened))
    if log_extra is not None:
        for term, values in scores.terms.items():
            log_extra(f"{name}/{term}", values)
    return scores.values


def _score(name: str, completions: Sequence[Any], columns: dict[str, Any]) -> BatchScores:
    return score_batch(name, cases_of(completions, columns), step_of(columns))


def _named(function: Callable[..., Any], attribute: str) -> None:
    """Give it the name that TRL logs it under and that pickle finds it by."""
    function.__name__ = function.__qualname__ = attribute
    function.__doc__ = f"Score a batch with the reward or preset ``{NAMES[attribute]}``, as TRL calls it."


def _function(attribute: str) -> Callable[..., Values]:
    name = NAMES[attribute]

    def reward(completions: Sequence[Any], prompts: Sequence[Any] | None = None, **columns: Any) -> Values:
        return log_terms(name, _score(name, completions, columns), columns)

    _named(reward, attribute)
    return reward


def _waiting_function(attribute: str) -> Callable[..., Awaitable[Values]]:
    """For what waits on a network: TRL runs it beside the other rewards."""
    name = NAMES[attribute]

    async def reward(completions: Sequence[Any], prompts: Sequence[Any] | None = None, **columns: Any) -> Values:
        return log_terms(name, await asyncio.to_thread(_score, name, completions, columns), columns)

    _named(reward, attribute)
    return reward


format = _function("format")
wheel = _function("wheel")
wheel_official = _function("wheel_official")
label = _function("label")
distribution = _function("distribution")
valence_arousal = _function("valence_arousal")
action_units = _function("action_units")
grounding = _function("grounding")
cue_match = _function("cue_match")
cue_match_emocue360 = _function("cue_match_emocue360")
consistency = _function("consistency")
length = _function("length")
tree = _function("tree")
judge = _waiting_function("judge")

default = _function("default")
emer = _function("emer")
facial_r1 = _function("facial_r1")
affectgpt_r1 = _function("affectgpt_r1")
grounded = _function("grounded")
