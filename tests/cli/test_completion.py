"""Shell completion: verbs, options, choices, names and files, asked of the real command and of a real bash."""

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from emoreason.cli.completion import SHELLS
from emoreason.cli.main import VERBS, emoreason

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def offered(run: Run) -> Callable[[str], list[str]]:
    """What is offered for the last word of a command line."""

    def ask(line: str) -> list[str]:
        words = line.split(" ")
        env = {"_EMOREASON_COMPLETE": "bash_complete", "COMP_WORDS": line.strip(), "COMP_CWORD": str(len(words) - 1)}
        done = run(env=env)
        assert done.returncode == 0
        assert done.stderr == ""
        return done.stdout.split()

    return ask


def test_verbs(offered: Callable[[str], list[str]]) -> None:
    assert offered("emoreason ") == [f"plain,{verb}" for verb in VERBS]
    assert offered("emoreason mod") == ["plain,models"]
    assert offered("emoreason models ") == ["plain,fetch", "plain,list", "plain,verify"]


def test_options_choices_and_names(offered: Callable[[str], list[str]]) -> None:
    assert offered("emoreason explain --pre") == ["plain,--preset"]
    assert "plain,dialogue" in offered("emoreason explain --preset ")
    assert offered("emoreason explain --engine evi") == ["plain,evidence"]
    assert offered("emoreason cues --extractor vo") == ["plain,voice"]
    assert offered("emoreason cues --extractor mine") == ["file,mine"]
    assert offered("emoreason models fetch silero") == ["plain,silero_vad"]
    purposes = offered("emoreason cues --purpose ")
    assert "plain,research" in purposes
    assert "plain,workplace" not in purposes


def commands(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group, info_name=name)
    for verb in group.list_commands(context):
        command = group.get_command(context, verb)
        assert command is not None
        yield f"{name} {verb}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {verb}")


def test_every_parameter_that_is_a_file_completes_files() -> None:
    kinds = {"FILE": "file", "FILE|DIR": "file", "DIR": "dir", "[CLIP]...": "file"}
    asked = 0
    for name, command in commands(emoreason, "emoreason"):
        context = click.Context(command)
        for parameter in command.params:
            wanted = kinds.get(parameter.metavar or "")
            if wanted:
                asked += 1
                items = parameter.shell_complete(context, "x")
                assert [item.type for item in items] == [wanted], f"{name} {parameter.name}: add shell_complete="
    assert asked > 10


def test_completing_verbs_imports_none_of_them() -> None:
    code = (
        "import sys; from emoreason.cli.main import emoreason; import click;"
        "emoreason.shell_complete(click.Context(emoreason), '');"
        "print(*{'emoreason.cli.explain', 'emoreason.cli.cues', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("shell", SHELLS)
def test_a_script_for_each_shell(shell: str, run: Run) -> None:
    done = run("completion", shell, env={"SHELL": "/bin/sh"})
    assert done.returncode == 0, done.stderr
    assert f"_EMOREASON_COMPLETE={shell}_complete" in done.stdout
    assert "emoreason" in done.stdout
    assert run("completion", env={"SHELL": f"/usr/bin/{shell}"}).stdout == done.stdout


def test_an_unknown_shell_is_said(run: Run) -> None:
    done = run("completion", env={"SHELL": "/bin/csh"})
    assert done.returncode == 2
    assert done.stderr == "emoreason: error: $SHELL is 'csh'; name the shell: emoreason completion bash|zsh|fish\n"


class Terminal:
    """A bash that believes in a person at the keyboard."""

    def __init__(self, folder: Path) -> None:
        self._pid, self._file = pty.fork()
        if self._pid == 0:  # pragma: no cover - the child
            os.chdir(folder)
            path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            os.execvpe(  # noqa: S606 - bash itself is what is tested
                "bash", ["bash", "--norc", "--noprofile", "-i"], {"PATH": path, "PS1": "ready> ", "TERM": "dumb"}
            )
        self.shown = ""

    def type(self, keys: str, until: str) -> str:
        """Press keys; return what is shown from then on, once it holds ``until``."""
        os.write(self._file, keys.encode())
        shown, deadline = "", time.monotonic() + 60
        while until not in shown:
            assert time.monotonic() < deadline, shown
            if select.select([self._file], [], [], 1)[0]:
                shown += os.read(self._file, 65536).decode(errors="replace")
        return shown

    def close(self) -> None:
        os.write(self._file, b"\x15exit\n")
        os.waitpid(self._pid, 0)
        os.close(self._file)


def _bash_is_new_enough() -> bool:
    if shutil.which("bash") is None or shutil.which("emoreason", path=str(Path(sys.executable).parent)) is None:
        return False
    said = subprocess.run(["bash", "-c", "echo ${BASH_VERSION%%(*}"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in re.findall(r"\d+", said)[:2]) >= (4, 4)


@pytest.mark.skipif(not _bash_is_new_enough(), reason="needs bash 4.4 or newer, and the command `emoreason`")
def test_a_real_bash(tmp_path: Path) -> None:
    (tmp_path / "my clip.mp4").touch()
    (tmp_path / "folder").mkdir()
    terminal = Terminal(tmp_path)
    terminal.type("", "ready> ")
    terminal.type('eval "$(emoreason completion bash)"; echo set"up" done\n', "setup done")
    terminal.type("emoreason expl\t", "emoreason explain ")
    terminal.type("--pur\t", "--purpose ")
    terminal.type("resea\t", "research ")
    terminal.type("my\t", "my\\ clip.mp4 ")
    terminal.type("--out fo\t", "--out folder/")
    terminal.close()
