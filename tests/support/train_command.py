"""``emoreason train`` as a person types it, in processes of its own: rows, settings, a model that is small enough."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract_model import clips

from emoreason.records import Reference, TrainingRow
from emoreason.torch_imports import child_environment
from emoreason.training.rows.stored import write_rows

#: Short and exact: nothing is dropped by chance, so two runs are the same.
_TOML = """\
[model]
name = "{model}"
device = "cpu"
[lora]
rank = 4
dropout = 0.0
[data]
train = "train.jsonl"
[output]
folder = "{out}"
evaluate = 0
report = false
{more}
[trainer]
max_steps = {steps}
save_steps = 1
save_total_limit = 3
report_to = "none"
{trainer}
"""
_SFT = """\
per_device_train_batch_size = 2
learning_rate = 1e-3
"""
_GRPO = """\
per_device_train_batch_size = 4
num_generations = 4
max_completion_length = 96
learning_rate = 1e-4
temperature = 1.2
"""
#: Nothing that a test of four steps could trip over.
_GRPO_SECTIONS = """\
[rewards]
blend = "{blend}"
lint = false
[stop]
reward_std = "none"
format = "none"
length_growth = "none"
"""


@dataclass(frozen=True)
class Work:
    """A folder with rows and settings.

    Attributes
    ----------
    folder : Path
        Everything is in it.
    model : str
        The base model.
    """

    folder: Path
    model: str

    def rows(self, number: int = 16, *, name: str = "train", seed: int = 1, **changed: Any) -> Path:
        """Write rows with targets and references."""
        made = [
            TrainingRow(
                id=clip.cueset.clip.id,
                cueset=clip.cueset,
                target=clip.answer,
                reference=Reference(emotion=clip.emotion),
                split=name,
                **changed,
            )
            for clip in clips(2 * number, seed)
            if clip.emotion is not None
        ][:number]
        path = self.folder / f"{name}.jsonl"
        write_rows(made, path)
        return path

    def settings(self, method: str, *, steps: int = 4, out: str = "out", blend: str = "emer", more: str = "") -> Path:
        """Write settings; ``more`` are lines of ``[trainer]``."""
        path = self.folder / f"{method}.toml"
        paid = method == "grpo"
        path.write_text(
            _TOML.format(
                model=self.model,
                out=self.folder / out,
                steps=steps,
                more=_GRPO_SECTIONS.format(blend=blend) if paid else "",
                trainer=(_GRPO if paid else _SFT) + more,
            ),
            encoding="utf-8",
        )
        return path

    def run(self, *args: str | Path, env: dict[str, str] | None = None, limit_s: float = 240) -> "Ended":
        """Run ``emoreason train`` to its end."""
        done = subprocess.run(
            [sys.executable, "-m", "emoreason", "train", *map(str, args)],
            capture_output=True,
            encoding="utf-8",
            env=environment() | (env or {}),
            cwd=self.folder,
            check=False,
            timeout=limit_s,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def start(self, *args: str | Path, launcher: Sequence[str] = (), session: bool = True) -> "subprocess.Popen[str]":
        """Start ``emoreason train`` and do not wait; its events come on stdout. It leads a process group of its own."""
        command = [*(launcher or (sys.executable, "-m")), "emoreason", "train", *map(str, args)]
        return subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=environment(),
            cwd=self.folder,
            start_new_session=session,
        )


@dataclass(frozen=True)
class Ended:
    """What a command left."""

    code: int
    stdout: str
    stderr: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """JSON events of stdout."""
        return [json.loads(line) for line in self.stdout.splitlines()]

    def last(self, kind: str) -> dict[str, Any]:
        """Return the last event of a kind."""
        return [event for event in self.events if event["event"] == kind][-1]


def environment() -> dict[str, str]:
    """No network, one thread, no setting of the person who runs the tests; torchvision's hook for launchers."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("EMOREASON_", "ACCELERATE_"))}
    return child_environment(
        kept
        | {"EMOREASON_OFFLINE": "1", "EMOREASON_PURPOSE": "research", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    )


def steps_logged(folder: Path) -> list[int]:
    """Steps with a loss in ``log.jsonl``."""
    lines = map(json.loads, (folder / "log.jsonl").read_text(encoding="utf-8").splitlines())
    return [line["step"] for line in lines if "loss" in line]
