"""Every verb's help teaches; the top help loads nothing heavy."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from emoreason.cli.main import VERBS, emoreason
from emoreason.cli.models import models

COMMANDS = [(verb,) for verb in VERBS] + [("models", name) for name in models.commands]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_help_has_an_example_and_explains_every_option(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(emoreason, [*words, "--help"])
    assert result.exit_code == 0
    assert f"  emoreason {' '.join(words)}" in result.output.partition("Example")[2]
    command: click.Command = emoreason
    for word in words:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), word)
        assert found is not None
        command = found
    unexplained = [
        parameter.name for parameter in command.params if isinstance(parameter, click.Option) and not parameter.help
    ]
    assert unexplained == []


@pytest.mark.parametrize("verb", ["explain", "cues", "prompt", "doctor"])
def test_exit_codes_are_documented(verb: str) -> None:
    assert "Exit codes:" in CliRunner().invoke(emoreason, [verb, "--help"]).output


def test_the_first_help_lists_the_verbs_and_the_exit_codes() -> None:
    output = CliRunner().invoke(emoreason, ["--help"]).output
    for verb in VERBS:
        assert f"\n  {verb} " in output
    assert "130  interrupted" in output
    assert 'eval "$(' not in output  # `emoreason completion` says it


def test_help_and_import_load_nothing_heavy() -> None:
    heavy = {"numpy", "pandas", "scipy", "cv2", "av", "onnxruntime", "jinja2", "jsonschema", "rich", "torch"}
    for code in ("import emoreason", "from emoreason.cli.main import emoreason; emoreason.main(['--help'])"):
        script = f"import sys\ntry:\n    {code}\nexcept SystemExit:\n    pass\nprint([*({heavy} & set(sys.modules))])"
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        assert done.stdout.splitlines()[-1] == "[]"


def test_the_version() -> None:
    import emoreason as package

    assert CliRunner().invoke(emoreason, ["--version"]).output == f"emoreason {package.__version__}\n"


def test_an_unknown_verb_is_a_usage_error() -> None:
    assert CliRunner().invoke(emoreason, ["explian"]).exit_code == 2


def test_shell_completion_knows_the_verbs(run) -> None:
    env = {"_EMOREASON_COMPLETE": "bash_complete", "COMP_WORDS": "emoreason d", "COMP_CWORD": "1"}
    assert run(env=env).stdout == "plain,doctor\n"
