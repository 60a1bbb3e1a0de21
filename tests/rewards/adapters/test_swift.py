"""ms-swift: classes that are made and called as its GRPO trainer does."""

import asyncio
import inspect
import pickle
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from emoreason.records import Reference, Score
from emoreason.rewards.adapters import scoring, swift
from emoreason.rewards.adapters.columns import reference_column
from emoreason.rewards.blend import Blend, Term

RIGHT = "<think>She smiles broadly.</think><answer>happy</answer>"
GOLD = reference_column(Reference(labels=("happy",)))
#: GRPOSample.to_reward_row (4.6.0): what a reward gets beside the columns of the data set.
ROLLOUT: dict[str, Any] = {
    "messages": [[{"role": "user", "content": "?"}, {"role": "assistant", "content": RIGHT}]] * 2,
    "prompt_id": ["p"] * 2,
    "request_id": ["r"] * 2,
    "finish_reason": ["stop"] * 2,
    "is_truncated": [False] * 2,
    "rollout_infos": [{}] * 2,
    "response_token_ids": [[1, 2]] * 2,
}


def call(orm: Any, references: list[str], step: int | None = 3) -> Any:
    """As compute_rewards_per_func of swift/rl_core/grpo_algorithm.py: completions first, then keywords."""
    return orm([RIGHT] * 2, trainer_state=SimpleNamespace(global_step=step), reference=references, **ROLLOUT)


def test_every_reward_and_preset_is_a_class_that_swift_logs_under_its_name() -> None:
    assert set(swift.ORMS) == {f"emoreason_{name}" for name in scoring.NAMES}
    for name, cls in swift.ORMS.items():
        orm = cls(args=SimpleNamespace())
        assert type(orm).__name__ == name
        assert inspect.iscoroutinefunction(type(orm).__call__) == (name == "emoreason_judge")
        assert type(pickle.loads(pickle.dumps(orm))) is cls  # noqa: S301


def test_values_and_none_where_the_reference_does_not_tell() -> None:
    assert call(swift.ORMS["emoreason_wheel"](args=None), [GOLD, "{}"]) == [1.0, None]
    assert call(swift.ORMS["emoreason_default"](), [GOLD, "{}"]) == pytest.approx([1.1, 0.1])


def test_the_training_step_reaches_the_schedule(monkeypatch: pytest.MonkeyPatch) -> None:
    late = Blend("late", (Term(reward="wheel"), Term(reward="format", starts_at_step=10)))
    monkeypatch.setattr(scoring, "_scorer", lambda name: late)
    orm = swift.ORMS["emoreason_grounded"]()
    assert [call(orm, [GOLD, GOLD], step) for step in (9, 10)] == [[1.0, 1.0], [2.0, 2.0]]


def test_the_judge_is_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "_scorer", lambda name: lambda completion, reference: Score(name="judge", value=0.5))
    assert asyncio.run(call(swift.ORMS["emoreason_judge"](), [GOLD, GOLD])) == [0.5, 0.5]


def installed(monkeypatch: pytest.MonkeyPatch, place: str) -> dict[str, Any]:
    """Stand-in for ms-swift's registry, in the module where a version keeps it."""
    for name in ("swift", "swift.rewards", "swift.plugin"):
        monkeypatch.setitem(sys.modules, name, None)
    orms: dict[str, Any] = {"format": "swift's own"}
    parts = {"swift": ModuleType("swift"), place: ModuleType(place)}
    parts["swift"].__path__ = []
    parts[place].orms = orms  # type: ignore[attr-defined]
    for name, module in parts.items():
        monkeypatch.setitem(sys.modules, name, module)
    return orms


@pytest.mark.parametrize("place", ["swift.rewards", "swift.plugin"])
def test_classes_are_registered_beside_those_of_swift(place: str, monkeypatch: pytest.MonkeyPatch) -> None:
    orms = installed(monkeypatch, place)
    assert swift.register()
    assert orms == {"format": "swift's own"} | swift.ORMS


def test_without_ms_swift_or_with_another_package_of_that_name_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    installed(monkeypatch, "swift.common")
    assert not swift.register()
