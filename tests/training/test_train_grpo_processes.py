"""GRPO in two processes: the same steps, one log, one decision to stop."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from paid_runs import outspoken_lm

from emoreason.torch_imports import child_environment
from emoreason.training.watching.log import read_completions, read_log

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("trl") is None, reason="trl is not installed; run: pip install -e '.[train]'"),
]
SUPPORT = Path(__file__).parents[1] / "support"
PROGRAM = """\
import json, os, sys
from pathlib import Path
from paid_runs import PaidRun, example, settings
from emoreason.training.settings import RewardSettings, StopSettings, TermSettings

model, folder = map(Path, sys.argv[1:])
rank = os.environ["RANK"]
terms = (TermSettings(reward="wheel"), TermSettings(reward="format", weight=0.5, starts_at_step=2))
of = settings(
    model, folder, rewards=RewardSettings(terms=terms, separate=True), stop=StopSettings(window=3, reward_std=10.0),
    max_steps=9, per_device_train_batch_size=4, num_generations=4, disable_tqdm=True,
)
events = []
rows = [example((label,), name=label) for label in ("sad", "happy", "angry", "calm")]
run = PaidRun(of, rows, on_event=events.append)
run.trainer.train()
weights = sum(float(weight.abs().sum()) for weight in run.adapter().values())
said = {
    "steps": run.trainer.state.global_step, "stopped": run.watching.stopped, "weights": weights,
    "rewards": run.logged("reward"), "events": [event["event"] for event in events],
}
(folder / f"rank-{rank}.json").write_text(json.dumps(said))
"""


def test_two_processes_stop_together(tmp_path: Path) -> None:
    model, folder = outspoken_lm(tmp_path / "model"), tmp_path / "out"
    folder.mkdir()
    program = tmp_path / "program.py"
    program.write_text(PROGRAM, encoding="utf-8")
    path = os.pathsep.join(filter(None, [str(SUPPORT), child_environment()["PYTHONPATH"]]))
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2", str(program), str(model),
         str(folder)],
        env={**child_environment(), "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    first, second = (read(folder / f"rank-{rank}.json") for rank in (0, 1))
    assert first["steps"] == second["steps"] == 3
    assert first["stopped"] == second["stopped"]
    assert "over the last 3 logged steps" in first["stopped"]
    assert first["weights"] == second["weights"], "the processes learn one adapter"
    assert first["rewards"] == second["rewards"], "what is logged was gathered from both"
    assert first["events"] == ["started", "log", "log", "log", "stopped", "log"]
    assert second["events"] == []
    assert [line["step"] for line in read_log(folder)] == [1, 2, 3, 3]
    assert {line["step"] for line in read_completions(folder)} == {1, 2, 3}


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found
