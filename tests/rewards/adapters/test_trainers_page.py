"""docs/rewards_trainers.md: its Python runs as printed, and so does the command of TRL."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from tiny_causal_lm import save_tiny_causal_lm

from emoreason.rewards.adapters import scoring, swift
from emoreason.torch_imports import child_environment, import_heavy

PAGE = (Path(__file__).parents[3] / "docs" / "rewards_trainers.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
PYTHON = "\n".join(code for language, code in BLOCKS if language == "python")
FEW_STEPS = (
    "--max_steps 1 --max_completion_length 4 --num_generations 2 --per_device_train_batch_size 2 --report_to none "
    "--use_cpu True --bf16 False --gradient_checkpointing False"
)


def follow(folder: Path) -> str:
    return subprocess.run(
        [sys.executable, "-c", PYTHON], cwd=folder, capture_output=True, text=True, check=True, timeout=120
    ).stdout


def test_the_python_runs_in_order(tmp_path: Path) -> None:
    printed = follow(tmp_path).splitlines()
    assert printed[0] == '{"labels":["happy","relieved"],"emotion":"happiness","action_units":["AU6","AU12"]}'
    assert len(printed) == 4


def test_every_name_on_the_page_exists() -> None:
    assert set(re.findall(r"emoreason_(\w+)", PAGE)) - {""} <= {name.removeprefix("emoreason_") for name in swift.ORMS}
    assert {name for name in scoring.NAMES if f"`{name}`" not in PAGE} == set()


@pytest.mark.slow
@pytest.mark.skipif(find_spec("trl") is None, reason="trl is not installed; run: pip install -e '.[train]'")
def test_the_command_of_trl_takes_our_rewards_by_their_dotted_paths_and_trains(tmp_path: Path) -> None:
    import_heavy("transformers")
    follow(tmp_path)
    command = next(code for _, code in BLOCKS if code.startswith("trl grpo")).strip()
    bin_folder = Path(sys.executable).parent
    env = child_environment() | {
        "MODEL": str(save_tiny_causal_lm(tmp_path / "model")),
        "HF_HUB_OFFLINE": "1",
        "PATH": f"{bin_folder}:/usr/bin:/bin",
    }
    done = subprocess.run(
        ["bash", "-euc", f"{command} {FEW_STEPS}"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert {"rewards/default/mean", "rewards/length/mean", "default/wheel"} <= set(
        re.findall(r"'([\w/]+)':", done.stdout)
    )
    assert (tmp_path / "out" / "model.safetensors").is_file()
