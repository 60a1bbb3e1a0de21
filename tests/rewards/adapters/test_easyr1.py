"""EasyR1: ``compute_score``, loaded from a file and called as its batch reward manager does."""

import importlib.util
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from emoreason.errors import RecordError
from emoreason.records import Reference
from emoreason.rewards.adapters.columns import reference_column
from emoreason.rewards.adapters.easyr1 import compute_score

RIGHT = "<think>She smiles broadly.</think><answer>happy</answer>"
GOLD = reference_column(Reference(labels=("happy",)))


def inputs(*references: Any) -> list[dict[str, Any]]:
    """RewardInput of verl/workers/reward/function.py: these three keys and nothing else."""
    return [{"response": RIGHT, "response_length": 12, "ground_truth": reference} for reference in references]


def test_overall_and_the_terms_that_apply() -> None:
    assert compute_score(inputs(GOLD, "{}")) == [
        pytest.approx({"overall": 1.1, "wheel": 1.0, "format": 1.0}),
        pytest.approx({"overall": 0.1, "format": 1.0}),
    ]


def test_any_preset_or_reward_by_keyword_and_zero_where_none_applies() -> None:
    assert compute_score(inputs(GOLD, "{}"), blend="wheel") == [{"overall": 1.0}, {"overall": 0.0}]
    assert set(compute_score(inputs(GOLD), blend="affectgpt-r1")[0]) == {"overall", "wheel_official", "format"}


def test_values_are_floats_that_the_manager_can_average() -> None:
    assert {type(value) for row in compute_score(inputs(GOLD)) for value in row.values()} == {float}


def test_a_file_of_one_line_is_all_that_easyr1_needs(tmp_path: Path) -> None:
    """FunctionRewardManager.__init__: the file by its path, the function by name, keywords bound once."""
    file = tmp_path / "emotion_reward.py"
    file.write_text("from emoreason.rewards.adapters.easyr1 import REWARD_NAME, REWARD_TYPE, compute_score\n")
    spec = importlib.util.spec_from_file_location("custom_reward_fn", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (module.REWARD_TYPE, module.REWARD_NAME) == ("batch", "emoreason")
    reward_fn = partial(module.compute_score, blend="default")
    assert reward_fn(inputs(GOLD))[0]["overall"] == pytest.approx(1.1)


def test_a_bad_reference_and_a_single_input_are_told() -> None:
    with pytest.raises(RecordError, match="row 1 of the batch: not JSON"):
        compute_score(inputs(GOLD, "happy"))
    with pytest.raises(TypeError, match="reward_type=batch"):
        compute_score(inputs(GOLD)[0])  # type: ignore[arg-type]
