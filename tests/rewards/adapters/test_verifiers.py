"""verifiers: functions of a task and a trace, called by the framework itself where it is installed."""

import asyncio
import inspect
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any

import pytest

from emoreason.errors import RecordError
from emoreason.records import Reference
from emoreason.rewards.adapters import scoring, verifiers
from emoreason.rewards.adapters.columns import reference_column

RIGHT = "<think>She smiles broadly.</think><answer>happy</answer>"
GOLD = reference_column(Reference(labels=("happy",)))


def run(awaitable: Any) -> Any:
    async def wait() -> Any:
        return await awaitable

    return asyncio.run(wait())


def trace(text: str = RIGHT) -> Any:
    """What the rewards read of verifiers.v1.trace.Trace (0.4.0): ``last_reply``."""
    return SimpleNamespace(last_reply=text)


def test_every_reward_and_preset_is_an_async_function_of_task_and_trace() -> None:
    for name in scoring.NAMES:
        function = getattr(verifiers, name)
        assert inspect.iscoroutinefunction(function)
        assert (function.__name__, list(inspect.signature(function).parameters)) == (name, ["task", "trace"])


def test_the_reference_is_a_field_of_the_data_of_a_task_or_of_a_mapping() -> None:
    data = SimpleNamespace(reference=GOLD)
    for task in (data, SimpleNamespace(data=data), {"reference": GOLD}):
        assert run(verifiers.default(task, trace())) == pytest.approx(1.1)
    with pytest.raises(RecordError, match="SimpleNamespace has no field 'reference'"):
        run(verifiers.default(SimpleNamespace(), trace()))


def test_nothing_is_recorded_for_a_reward_that_does_not_apply() -> None:
    assert run(verifiers.wheel({"reference": "{}"}, trace())) == {}


def test_rubric_functions_of_version_0_1_are_called_by_name_and_return_floats() -> None:
    """Rubric._call_individual_reward_func (0.1.14) passes what the signature names and calls float()."""
    wheel, form = verifiers.rubric_functions("wheel", "format")
    completion = [{"role": "assistant", "content": RIGHT}]
    known = {"completion": completion, "answer": "", "state": {}, "prompt": [], "info": {"reference": GOLD}}
    allowed = {key: value for key, value in known.items() if key in inspect.signature(wheel).parameters}
    assert run(wheel(**allowed)) == pytest.approx(1.0)
    assert run(form(**allowed)) == 1.0
    assert run(wheel(completion, {"reference": None})) == 0.0


@pytest.mark.slow
@pytest.mark.skipif(
    find_spec("verifiers") is None,
    reason="verifiers is not installed; run: pip install verifiers==0.4.0 (in an environment of its own, with '-e .')",
)
def test_verifiers_itself_scores_a_trace() -> None:  # pragma: no cover - verifiers is no extra of ours
    import verifiers.v1 as vf  # type: ignore[import-not-found, unused-ignore]

    class EmotionData(vf.TaskData):
        reference: str

    class EmotionTask(vf.Task[EmotionData]):
        @vf.reward(weight=0.5)
        async def wheel(self, trace: vf.Trace) -> Any:
            return await verifiers.wheel(self.data, trace)

        @vf.reward
        async def action_units(self, trace: vf.Trace) -> Any:
            return await verifiers.action_units(self.data, trace)

    config = vf.TaskConfig(rewards={"whole": {"fn": "emoreason.rewards.adapters.verifiers:default"}})
    task = EmotionTask(EmotionData(idx=0, prompt="?", reference=GOLD), config)
    # Without the agent that a rollout would record; scoring does not read it.
    scored = vf.Trace.model_construct(root_reply=RIGHT, rewards={}, metrics={}, nodes=[])
    run(task.score(scored))
    assert scored.rewards["wheel"].score == pytest.approx(1.0)
    assert scored.rewards["whole"].score == pytest.approx(1.1)
    assert "action_units" not in scored.rewards
    assert scored.reward == pytest.approx(1.6)
