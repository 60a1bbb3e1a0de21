"""A run that was stopped goes on as if it had not been, and never from what is not its own."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from emoreason.errors import ConfigError, TrainingError
from emoreason.records import Reference, TrainingRow
from emoreason.torch_imports import import_heavy
from emoreason.training.machine.looking import Machine
from emoreason.training.rows.stored import write_rows
from emoreason.training.running.resuming import begun, last_checkpoint
from emoreason.training.settings import DataSettings, LoraSettings, ModelSettings, OutputSettings, Settings

pytest.importorskip("torch", reason="run: pip install 'emoreason[train]'")
pytest.importorskip("transformers", reason="run: pip install 'emoreason[train]'")
from contract_model import clips
from tiny_checkpoints import tiny_checkpoint

HERE = Machine()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp()


def settings_for(rows: Path, out: Path, model: str = "tiny", **trainer: Any) -> Settings:
    if not rows.exists():
        write_rows(
            (
                TrainingRow(
                    id=f"row-{index}", cueset=clip.cueset, target=clip.answer, reference=Reference(emotion=clip.emotion)
                )
                for index, clip in enumerate(clips(7, seed=5))
            ),
            rows,
        )
    return Settings(
        method="sft",
        model=ModelSettings(name=model, device="cpu"),
        data=DataSettings(train=(str(rows),)),
        lora=LoraSettings(rank=4, dropout=0.1),
        output=OutputSettings(folder=str(out), evaluate=0, report=False),
        trainer={
            "max_steps": 6, "per_device_train_batch_size": 2, "learning_rate": 1e-2, "save_steps": 2,
            "report_to": "none", "disable_tqdm": True, **trainer,
        },
    )  # fmt: skip


def checkpoint(place: Path, step: int) -> Path:
    """Write what a trainer saves, as far as it is looked at."""
    torch, files = import_heavy("torch"), import_heavy("safetensors.torch")
    folder = place / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    files.save_file({"weight": torch.zeros(64, 64)}, folder / "adapter_model.safetensors")
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth"):
        torch.save({"value": torch.zeros(64)}, folder / name)
    (folder / "trainer_state.json").write_text(json.dumps({"global_step": step}))
    return folder


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.slow
def test_stopped_in_the_middle_it_ends_as_if_it_had_not_been(folder: Path, tmp_path: Path) -> None:
    from emoreason.training.sft import train_sft

    model = str(tiny_checkpoint("qwen3", folder))
    whole = train_sft(settings_for(tmp_path / "rows.jsonl", tmp_path / "whole", model))
    halves = settings_for(tmp_path / "rows.jsonl", tmp_path / "halves", model)

    def stop(event: dict[str, Any]) -> None:
        if event["event"] == "log" and event["step"] == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_sft(halves, on_event=stop)
    place = tmp_path / "halves" / "checkpoints"
    half = shutil.copytree(place / "checkpoint-4", place / "checkpoint-5")  # as a kill while it is saved leaves it
    (half / "trainer_state.json").unlink()
    events: list[dict[str, Any]] = []
    again = train_sft(halves, on_event=events.append)
    assert next(event["step"] for event in events if event["event"] == "started") == 4
    assert again.steps == whole.steps == 6

    torch, files = import_heavy("torch"), import_heavy("safetensors.torch")
    one, other = (files.load_file(outcome.folder / "adapter_model.safetensors") for outcome in (whole, again))
    assert one.keys() == other.keys()
    for name, weight in one.items():
        torch.testing.assert_close(weight, other[name], atol=0, rtol=0)
    logged = [
        [json.loads(line) for line in (out.folder / "log.jsonl").read_text().splitlines()] for out in (whole, again)
    ]
    steps = [[(line["step"], line["loss"]) for line in lines if "loss" in line] for lines in logged]
    assert steps[0] == steps[1]

    # Ended, the same command makes no further step.
    assert train_sft(halves).steps == 6
    for name, weight in files.load_file(again.folder / "adapter_model.safetensors").items():
        torch.testing.assert_close(weight, other[name], atol=0, rtol=0)


def test_the_last_whole_checkpoint_is_taken(tmp_path: Path) -> None:
    assert last_checkpoint(tmp_path) is None
    checkpoint(tmp_path, 8)
    whole = checkpoint(tmp_path, 12)
    (tmp_path / "checkpoint-best").mkdir()
    for step, name in enumerate(
        ("adapter_model.safetensors", "optimizer.pt", "rng_state.pth", "trainer_state.json"), 13
    ):
        cut(checkpoint(tmp_path, step) / name)
    for step, name in enumerate(("optimizer.pt", "trainer_state.json"), 20):
        (checkpoint(tmp_path, step) / name).unlink()
    assert last_checkpoint(tmp_path) == whole


def test_what_cannot_change_the_result_may_differ(tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "rows.jsonl", tmp_path / "out")
    with begun(settings, HERE) as start:
        assert start is None
    made = checkpoint(tmp_path / "out" / "checkpoints", 2)
    other = replace(settings, about="again", trainer={**settings.trainer, "logging_steps": 5, "save_steps": 1})
    with begun(other, HERE) as start:
        assert start == made


def test_a_run_that_was_begun_otherwise_is_refused(tmp_path: Path) -> None:
    rows = tmp_path / "rows.jsonl"
    settings = settings_for(rows, tmp_path / "out")
    with begun(settings, HERE):
        checkpoint(tmp_path / "out" / "checkpoints", 2)
    other = replace(
        settings, lora=LoraSettings(rank=8, dropout=0.1), trainer={**settings.trainer, "learning_rate": 1e-3}
    )
    with (
        pytest.raises(TrainingError, match=r"begun otherwise: lora\.rank, trainer\.learning_rate; "),
        begun(other, HERE),
    ):
        pass
    with pytest.raises(TrainingError, match="number of processes"), begun(settings, Machine(processes=2)):
        pass
    rows.write_text(rows.read_text() + "\n")
    with pytest.raises(TrainingError, match=r"content of .*rows\.jsonl"), begun(settings, HERE):
        pass
    with begun(other, HERE, "never") as start:
        assert start is None
    assert not list((tmp_path / "out" / "checkpoints").glob("checkpoint-*"))


def test_without_a_whole_checkpoint_there_is_nothing_to_mix(tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "rows.jsonl", tmp_path / "out")
    with begun(settings, HERE):
        cut(checkpoint(tmp_path / "out" / "checkpoints", 2) / "optimizer.pt")
    other = replace(settings, lora=LoraSettings(rank=8))
    with pytest.raises(TrainingError, match="no whole checkpoint"), begun(other, HERE, "always"):
        pass
    with begun(other, HERE) as start:
        assert start is None
    assert not list((tmp_path / "out" / "checkpoints").glob("checkpoint-*"))
    (tmp_path / "out" / "adapter_config.json").write_text("{}")  # finished, and its checkpoints removed
    with pytest.raises(TrainingError, match=r"begun otherwise: lora\.rank, lora\.dropout"), begun(settings, HERE):
        pass


def test_folders_of_others_are_left_alone(tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "rows.jsonl", tmp_path / "out")
    made = checkpoint(tmp_path / "out" / "checkpoints", 2)
    with pytest.raises(TrainingError, match="does not say how its run was begun"), begun(settings, HERE):
        pass
    assert made.is_dir()
    with pytest.raises(ConfigError, match="expected one of auto, always, never"), begun(settings, HERE, "perhaps"):
        pass


def test_one_run_at_a_time(tmp_path: Path) -> None:
    settings = settings_for(tmp_path / "rows.jsonl", tmp_path / "out")
    with (
        begun(settings, HERE),
        pytest.raises(ConfigError, match="is being worked on by process"),
        begun(settings, HERE),
    ):
        pass


def test_other_processes_check_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = settings_for(tmp_path / "rows.jsonl", tmp_path / "out")
    monkeypatch.setenv("RANK", "1")
    with begun(settings, Machine(processes=2)) as start:
        assert start is None
    assert not (tmp_path / "out").exists()
    made = checkpoint(tmp_path / "out" / "checkpoints", 2)
    with begun(settings, Machine(processes=2)) as start:
        assert start == made
    with begun(settings, Machine(processes=2), "never") as start:
        assert start is None
