"""The presets of configs/: whole, honest about what was run, and good up to the trainer's configuration object."""

import re
import tomllib
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from emoreason.torch_imports import import_heavy
from emoreason.training.machine.looking import Machine
from emoreason.training.machine.memory import memory_of
from emoreason.training.machine.refusing import refuse_impossible
from emoreason.training.machine.sizes import model_config
from emoreason.training.machine.trainer_config import trainer_config, trainer_values
from emoreason.training.settings.reading import CONFIGS, launch_configs, presets, read_settings
from emoreason.training.settings.typed import SECTIONS

H100 = Machine(device="cuda", gpus=1, gpu_bytes=80 * 2**30, gpu_name="an H100", bf16=True, has_vllm=True)
MODELS = ("qwen2.5-vl-3b", "qwen2.5-vl-7b", "qwen3-vl-4b", "qwen3-vl-8b", "qwen2.5-omni-7b")


def test_there_is_one_for_each_model_and_method() -> None:
    assert set(presets()) == {f"{model}-{method}" for model in MODELS for method in ("sft", "grpo")}


@pytest.mark.parametrize("name", presets())
def test_it_hides_no_key(name: str) -> None:
    text = presets()[name].read_text(encoding="utf-8")
    values = tomllib.loads(text)
    settings = read_settings(name, need_data=False)
    assert values["method"] == name.rpartition("-")[2] == settings.method
    shown = [key for key in SECTIONS if settings.method == "grpo" or key not in ("rewards", "stop")]
    for section in shown:
        assert list(values[section]) == [field.name for field in fields(SECTIONS[section])], section
    filled = trainer_values(settings, H100).keys() - {"output_dir", "ddp_find_unused_parameters", "fp16"}
    assert filled <= values["trainer"].keys()
    assert re.search(r"arXiv \d{4}\.\d{5}", settings.about)
    assert "Not run on a GPU yet" in text
    assert f"emoreason train {settings.method} --config {name} data.train=" in text
    assert model_config(settings.model.name) is not None


@pytest.mark.parametrize("name", presets())
def test_its_memory_is_the_estimate(name: str) -> None:
    pytest.importorskip("transformers", reason="pip install 'emoreason[train]'")
    text = presets()[name].read_text(encoding="utf-8")
    found = memory_of(read_settings(name, need_data=False))
    assert found is not None
    assert f": {found.total:.0f} GiB on one GPU: weights {found.weights:.1f}, adapter" in text
    assert f"with sequences of {found.tokens} tokens" in text


@pytest.mark.parametrize("name", presets())
def test_it_is_good_up_to_the_configuration_object(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("trl", reason="pip install 'emoreason[train]'")
    monkeypatch.setattr("transformers.training_args.is_torch_bf16_gpu_available", lambda: True)
    settings = read_settings(name, ["data.train=rows.jsonl", f"output.folder={tmp_path}"])
    assert refuse_impossible(settings, H100) == ()
    made = trainer_config(settings, machine=H100)
    assert made.bf16
    if settings.method == "grpo":
        assert (made.num_generations, made.generation_batch_size) == (8, 16)
    else:
        assert made.max_length is None
    quantised = replace(settings, model=replace(settings.model, quantisation="4bit"))
    assert refuse_impossible(quantised, replace(H100, has_bitsandbytes=True)) == ()


def launched(name: str) -> tuple[Any, dict[str, str]]:
    """Arguments and environment that ``accelerate launch`` makes of a file."""
    launch = import_heavy("accelerate.commands.launch")
    environments = import_heavy("accelerate.utils.launch")
    arguments = launch.launch_command_parser().parse_args(["--config_file", str(launch_configs()[name]), "x.py"])
    arguments, defaults, _ = launch._validate_launch_command(arguments)
    if not arguments.use_deepspeed:
        return arguments, environments.prepare_multi_gpu_env(arguments)
    arguments.deepspeed_fields_from_accelerate_config = ",".join(defaults.deepspeed_config)
    return arguments, environments.prepare_deepspeed_cmd_env(arguments)[1]


def test_accelerate_reads_its_files(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("accelerate", reason="pip install 'emoreason[train]'")
    arguments, environment = launched("ddp")
    assert (arguments.multi_gpu, environment["ACCELERATE_MIXED_PRECISION"]) == (True, "bf16")
    for stage in ("2", "3"):
        _, environment = launched(f"zero{stage}")
        assert environment["ACCELERATE_USE_DEEPSPEED"] == "true"
        assert environment["ACCELERATE_DEEPSPEED_ZERO_STAGE"] == stage
        assert environment["ACCELERATE_DEEPSPEED_ZERO3_INIT"] == str(stage == "3").lower()
    _, environment = launched("fsdp")
    assert environment["ACCELERATE_USE_FSDP"] == "true"
    for key, value in environment.items():
        if key.startswith("FSDP_"):
            monkeypatch.setenv(key, value)
    plugin = import_heavy("accelerate").FullyShardedDataParallelPlugin()
    assert (plugin.fsdp_version, plugin.reshard_after_forward, plugin.activation_checkpointing) == (2, True, False)
    assert str(plugin.state_dict_type).endswith("FULL_STATE_DICT")


def test_nothing_here_names_a_folder_of_ours() -> None:
    for path in CONFIGS.rglob("*.*"):
        text = path.read_text(encoding="utf-8")
        assert "/home/" not in text
        assert "/root/" not in text
