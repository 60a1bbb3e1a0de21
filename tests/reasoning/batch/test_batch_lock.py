"""One run at a time on one folder."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from emoreason.errors import ConfigError
from emoreason.reasoning.batch import lock as lock_module
from emoreason.reasoning.batch.lock import locked

HOLD = r"""
import os, sys, time
from pathlib import Path
from emoreason.reasoning.batch.lock import locked
with locked(Path(sys.argv[1])):
    if sys.argv[2] == "fork" and os.fork() == 0:
        os.write(1, f"orphan {os.getpid()}\n".encode())
        time.sleep(60)
    os.write(1, b"held\n")
    time.sleep(60)
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "lock"


def test_the_second_is_refused_and_told_who_holds_it(place: Path) -> None:
    with (
        locked(place),
        pytest.raises(ConfigError, match=rf"being worked on by process {os.getpid()} on "),
        locked(place),
    ):
        pass
    with locked(place):
        pass


@pytest.mark.parametrize("kind", ["alone", "fork"])
def test_death_lets_go_even_with_an_orphan(place: Path, kind: str) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(place), kind], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    said = [holder.stdout.readline().split() for _ in range(2 if kind == "fork" else 1)]
    with pytest.raises(ConfigError, match=f"process {holder.pid}"), locked(place):
        pass
    holder.kill()
    holder.wait()
    try:
        for _ in range(100):
            try:
                with locked(place):
                    break
            except ConfigError:
                time.sleep(0.05)
        else:
            pytest.fail("the lock outlived its holder")
    finally:
        for words in said:
            if words[0] == "orphan":
                os.kill(int(words[1]), signal.SIGKILL)


def test_a_file_system_without_locks_is_said(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(descriptor: int) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(lock_module, "_lock", none)
    with pytest.raises(ConfigError, match="network file systems have no locks"), locked(place):
        pass
