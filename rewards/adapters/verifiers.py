"""verifiers: every reward and preset as an async function of a task and a trace.

Written against verifiers 0.4.0, ``import verifiers.v1 as vf`` (``verifiers/v1/utils/decorators.py``: what is passed is
chosen by the names of the parameters; ``verifiers/v1/task.py``, ``score``: a mapping that is returned is recorded under
its keys; ``verifiers/v1/configs/task.py``: plugged functions). Nothing of verifiers is imported here. In a task:

    class EmotionData(vf.TaskData):
        reference: str          # columns.reference_column(…)

    class EmotionTask(vf.Task[EmotionData]):
        @vf.reward
        async def wheel(self, trace: vf.Trace):
            return await emoreason_verifiers.wheel(self.data, trace)

or without a line of code, plugged into any task whose data has ``reference``:

    [env.taskset.task.rewards.wheel]
    fn = "emoreason.rewards.adapters.verifiers:wheel"

A reward that does not apply returns an empty mapping, and nothing is recorded. ``rubric_functions`` gives the same for
the ``vf.Rubric`` of 0.1 (``verifiers/rubrics/rubric.py``), where the reference is the column ``info["reference"]``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ...errors import RecordError
from .columns import COLUMN, cases_of
from .scoring import NAMES, score_batch

TraceReward = Callable[[Any, Any], Awaitable[float | dict[str, float]]]
RubricFunction = Callable[[Any, Mapping[str, Any]], Awaitable[float]]


def _reference_of(task: Any) -> Any:
    """Field ``reference`` of a task, of its data, or of a mapping."""
    data = getattr(task, "data", task)
    if isinstance(data, Mapping):
        return data.get(COLUMN)
    if not hasattr(data, COLUMN):
        raise RecordError(f"{type(data).__name__} has no field {COLUMN!r}; see columns.reference_column()")
    return getattr(data, COLUMN)


async def _value(name: str, completion: Any, reference: Any) -> float | None:
    # In a thread: rollouts are served by the same event loop, and a judge waits on the network.
    cases = cases_of([completion], {COLUMN: [reference]})
    return (await asyncio.to_thread(score_batch, name, cases)).values[0]


def _function(attribute: str) -> TraceReward:
    name = NAMES[attribute]

    async def reward(task: Any, trace: Any) -> float | dict[str, float]:
        value = await _value(name, trace.last_reply, _reference_of(task))
        return {} if value is None else value

    reward.__name__ = reward.__qualname__ = attribute
    reward.__doc__ = f"Score the last reply of a trace with the reward or preset ``{name}``."
    return reward


def rubric_functions(*names: str) -> list[RubricFunction]:
    """Functions for ``vf.Rubric(funcs=…, weights=…)`` of verifiers 0.1; 0 where a reward does not apply.

    Examples
    --------
    >>> [function.__name__ for function in rubric_functions("wheel", "format")]
    ['wheel', 'format']
    """

    def one(name: str) -> RubricFunction:
        async def reward(completion: Any, info: Mapping[str, Any]) -> float:
            return await _value(name, completion, _reference_of(info)) or 0.0

        reward.__name__ = name
        return reward

    return [one(name) for name in names]


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
judge = _function("judge")

default = _function("default")
emer = _function("emer")
facial_r1 = _function("facial_r1")
affectgpt_r1 = _function("affectgpt_r1")
grounded = _function("grounded")
