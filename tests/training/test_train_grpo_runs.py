"""Whole GRPO runs: from files of rows to the folder with the adapter, ended in many ways and gone on with."""

import json
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from contract_model import clips
from paid_runs import NEVER, settings
from tiny_checkpoints import tiny_checkpoint

from emoreason.errors import ConfigError
from emoreason.records import Reference, Score, TrainingRow
from emoreason.rewards.completion import Completion
from emoreason.training import grpo
from emoreason.training.grpo import train_grpo
from emoreason.training.rows.stored import write_rows
from emoreason.training.settings import RewardSettings, Settings, StopSettings, TermSettings
from emoreason.training.watching.log import read_log

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("trl") is None, reason="trl is not installed; run: pip install -e '.[train]'"),
]


def vowels(completion: Completion, reference: Any) -> Score:
    """Share of vowels: random weights write something that differs in it."""
    text = completion.text or "x"
    return Score(name="vowels", value=sum(letter in "aeiou" for letter in text.lower()) / len(text))


def same(completion: Completion, reference: Any) -> Score:
    """Pays the same for anything."""
    return Score(name="same", value=1.0)


def paying(name: str) -> RewardSettings:
    return RewardSettings(terms=(TermSettings(reward=f"{__file__}:{name}"),), lint=False)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint("qwen3", tmp_path_factory.mktemp("checkpoints"))


def rows(path: Path, seed: int, *, known: bool = True) -> str:
    made = (
        TrainingRow(
            id=f"{path.stem}-{index}",
            cueset=replace(clip.cueset, clip=replace(clip.cueset.clip, id=f"{path.stem}-{index}")),
            reference=Reference(emotion=clip.emotion or "neutral") if known else Reference(valence=0.5),
        )
        for index, clip in enumerate(clips(4, seed=seed))
    )
    write_rows(made, path)
    return str(path)


def run_of(checkpoint: Path, folder: Path, rewards: RewardSettings, *, known: bool = True, **more: Any) -> Settings:
    of = settings(checkpoint, folder / "out", rewards=rewards, save_strategy="steps", save_steps=2, disable_tqdm=True)
    of = replace(of, stop=more.pop("stop", NEVER), trainer={**of.trainer, **more})
    data = replace(of.data, train=(rows(folder / "train.jsonl", 3, known=known),), dev=(rows(folder / "dev.jsonl", 4),))
    return replace(of, data=data)


def adapter(folder: Path) -> bytes:
    return (folder / "adapter_model.safetensors").read_bytes()


def test_a_run_leaves_adapter_log_and_record(checkpoint: Path, tmp_path: Path) -> None:
    terms = (
        TermSettings(reward="label"),
        TermSettings(reward="valence_arousal"),
        TermSettings(reward="format", weight=0.1),
    )
    of = run_of(checkpoint, tmp_path, RewardSettings(terms=terms), beta=0.01)
    of = replace(of, output=replace(of.output, evaluate=2, report=True))
    events: list[dict[str, Any]] = []
    outcome = train_grpo(of, on_event=events.append)
    assert (outcome.steps, outcome.stopped) == (4, None)
    assert {"loss", "reward", "own/label", "kl", "completions/readable"} <= outcome.metrics.keys()
    kinds = [event["event"] for event in events]
    assert [kind for kind in kinds if kind in ("data", "started", "saved")] == ["data", "started", "saved", "saved"]
    assert [event["step"] for event in events if event["event"] == "log" and "loss" in event] == [1, 2, 3, 4]
    warnings = [event["message"] for event in events if event["event"] == "warning"]
    assert "the reward 'valence_arousal' applies to no row: none has a reference for it" in warnings
    folder = outcome.folder
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    assert record["rewards"]
    assert adapter(folder)
    assert (folder / "evaluation.json").is_file()
    assert not (folder / "ref").exists()


def test_a_run_that_was_cut_off_goes_on_to_the_same_end(checkpoint: Path, tmp_path: Path) -> None:
    whole, cut = (run_of(checkpoint, tmp_path / name, paying("vowels")) for name in ("whole", "cut"))

    class Gone(BaseException):
        """The process is killed."""

    def kill_at_3(event: dict[str, Any]) -> None:
        if event["event"] == "log" and event["step"] == 3:
            raise Gone

    train_grpo(whole)
    with pytest.raises(Gone):
        train_grpo(cut, on_event=kill_at_3)
    cut_off = Path(cut.output.folder)
    assert [line["step"] for line in read_log(cut_off)] == [1, 2, 3]
    outcome = train_grpo(cut)
    assert outcome.steps == 4
    assert adapter(cut_off) == adapter(Path(whole.output.folder)), "bit by bit"
    assert [line["step"] for line in read_log(cut_off)] == [1, 2, 3, 4, 4]
    rewards = [[line.get("reward") for line in read_log(Path(one.output.folder))] for one in (whole, cut)]
    assert rewards[0] == rewards[1]


def test_a_run_that_stopped_early_is_not_gone_on_with(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    of = run_of(checkpoint, tmp_path, paying("same"), stop=StopSettings(window=3), max_steps=9)
    finish = grpo.finish

    def killed(*_: Any, **__: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(grpo, "finish", killed)
    with pytest.raises(KeyboardInterrupt):
        train_grpo(of)
    monkeypatch.setattr(grpo, "finish", finish)
    folder = Path(of.output.folder)
    log = read_log(folder)
    outcome = train_grpo(of)
    assert outcome.steps == 3
    assert outcome.stopped is not None
    assert "hardly differ" in outcome.stopped
    assert outcome.metrics["reward"] == 1.0
    assert read_log(folder) == log, "no further step"
    assert json.loads((folder / "run.json").read_text(encoding="utf-8"))["stopped"] == outcome.stopped
    assert train_grpo(of).stopped == outcome.stopped, "and again"


def test_what_cannot_be_paid_for_is_refused_before_the_model_is_loaded(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grpo, "load_trainee", None)
    gameable = run_of(checkpoint, tmp_path, RewardSettings(blend="affectgpt-r1"))
    with pytest.raises(ConfigError, match=r"can be gamed.*rewards\.lint=false"):
        train_grpo(gameable)
    unknown = run_of(checkpoint, tmp_path / "unknown", RewardSettings(blend="emer"), known=False)
    with pytest.raises(ConfigError, match="the reward 'label' applies to no row"):
        train_grpo(unknown)
