"""TRL for real: GRPOTrainer trains a tiny model with our rewards (``trl grpo``: test_trainers_page.py)."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from tiny_causal_lm import save_tiny_causal_lm

from emoreason.records import Reference
from emoreason.rewards.adapters import trl as rewards
from emoreason.rewards.adapters.columns import reference_column
from emoreason.torch_imports import import_heavy

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("trl") is None, reason="trl is not installed; run: pip install -e '.[train]'"),
]

PROMPT = "what she feels ?"
ROWS = [
    {"prompt": [{"role": "user", "content": PROMPT}], "reference": reference_column(Reference(labels=labels))}
    for labels in (("happy",), ("sad",), ("angry", "calm"), ("calm",))
]
SETTINGS: dict[str, Any] = {
    "max_steps": 2,
    "per_device_train_batch_size": 4,
    "num_generations": 2,
    "max_completion_length": 12,
    "learning_rate": 1e-3,
    "logging_steps": 1,
    "report_to": "none",
    "save_strategy": "no",
    "use_cpu": True,
    "bf16": False,
    "gradient_checkpointing": False,
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import_heavy("transformers")
    return save_tiny_causal_lm(tmp_path_factory.mktemp("model"))


def test_the_trainer_trains_with_our_rewards(model: Path, tmp_path: Path) -> None:
    trl = import_heavy("trl")
    dataset = import_heavy("datasets").Dataset.from_list(ROWS)
    seen: list[dict[str, Any]] = []

    def watch(completions: list[Any], **columns: Any) -> list[None]:
        seen.append({"completions": completions, **columns})
        return [None] * len(completions)

    trainer = trl.GRPOTrainer(
        model=str(model),
        reward_funcs=[rewards.wheel, rewards.format, rewards.default, rewards.action_units, watch],
        args=trl.GRPOConfig(output_dir=str(tmp_path), **SETTINGS),
        train_dataset=dataset,
    )
    trainer.train()

    logs = [entry for entry in trainer.state.log_history if "reward" in entry]
    assert len(logs) == 2
    assert logs[-1]["default/wheel"] == pytest.approx(logs[-1]["rewards/wheel/mean"])
    assert logs[-1]["default/format"] == pytest.approx(logs[-1]["rewards/format/mean"])
    assert logs[-1]["rewards/action_units/mean"] in (None, pytest.approx(float("nan"), nan_ok=True)), "not applicable"
    # Columns arrive under their own names, the reference unharmed, and completions are messages of the assistant.
    assert {value for batch in seen for value in batch["reference"]} <= {row["reference"] for row in ROWS}
    assert seen[0]["completions"][0][0]["role"] == "assistant"
    assert seen[0]["trainer_state"] is trainer.state
    # What is logged is what the functions say of what was written.
    last = {key: value for key, value in seen[-1].items() if key not in ("log_metric", "log_extra")}
    values = rewards.default(**last)
    assert sum(v or 0.0 for v in values) / len(values) == pytest.approx(logs[-1]["rewards/default/mean"], abs=1e-5)


def test_our_default_blend_teaches_the_right_answer(model: Path, tmp_path: Path) -> None:
    """One token is one answer, so a few steps suffice; the clip's label is ``sad``."""
    trl = import_heavy("trl")
    row = ROWS[1]
    settings = SETTINGS | {
        "max_steps": 16,
        "num_generations": 16,
        "per_device_train_batch_size": 16,
        "max_completion_length": 1,
        "learning_rate": 3e-2,
    }
    trainer = trl.GRPOTrainer(
        model=str(model),
        reward_funcs=rewards.default,
        args=trl.GRPOConfig(output_dir=str(tmp_path), **settings),
        train_dataset=import_heavy("datasets").Dataset.from_list([row] * 16),
    )
    trainer.train()
    wheel = [entry["default/wheel"] for entry in trainer.state.log_history if "default/wheel" in entry]
    assert sum(wheel[:3]) / 3 < 0.5
    assert sum(wheel[-3:]) / 3 > 0.9
