"""The help of ``emoreason train`` teaches, its presets can be listed and copied, and neither loads anything heavy."""

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from emoreason.cli.main import emoreason
from emoreason.cli.train import VERBS, train
from emoreason.training.settings.reading import presets


def ask(*args: str) -> Result:
    return CliRunner().invoke(emoreason, ["train", *args])


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_examples_exit_codes_and_explains_every_option(verb: str) -> None:
    output = ask(verb, "--help").output
    assert f"  emoreason train {verb}" in output.partition("Examples:")[2]
    assert "Exit codes:" in output
    command = train.get_command(click.Context(train), verb)
    assert command is not None
    assert [one.name for one in command.params if isinstance(one, click.Option) and not one.help] == []


def test_the_help_shows_how_several_processes_are_started() -> None:
    assert "torchrun --nproc_per_node=2 -m emoreason train sft" in ask("sft", "--help").output
    assert "accelerate launch --config_file" in ask("sft", "--help").output


def test_presets_are_listed_and_copied() -> None:
    listed = [json.loads(line) for line in ask("configs", "--json").output.splitlines()]
    assert [one["name"] for one in listed] == list(presets())
    assert all(one["about"] and one["method"] in ("sft", "grpo") for one in listed)
    shown = ask("configs", "--show", "qwen3-vl-4b-sft")
    assert shown.stdout == presets()["qwen3-vl-4b-sft"].read_text(encoding="utf-8")
    unknown = ask("configs", "--show", "qwen")
    assert (unknown.exit_code, unknown.stdout) == (2, "")
    assert "qwen3-vl-4b-sft" in unknown.stderr


@pytest.mark.parametrize("words", [["--help"], ["sft", "--help"], ["configs", "--show", "qwen3-vl-4b-sft"]])
def test_nothing_heavy_is_loaded(words: list[str], tmp_path: Path) -> None:
    heavy = {"numpy", "torch", "transformers", "trl", "datasets", "pyarrow"}
    script = (
        "import sys\nfrom emoreason.cli.main import emoreason\n"
        f"try:\n    emoreason.main(['train', *{words}])\nexcept SystemExit:\n    pass\n"
        f"print([*({heavy} & set(sys.modules))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path, timeout=60
    )
    assert done.stdout.splitlines()[-1] == "[]"
