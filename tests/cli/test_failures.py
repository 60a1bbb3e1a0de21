"""Failures that nobody planned: one line and an exit code, never a traceback, never a terminal escape."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from media_files import tone, write_wav

from emoreason.cli.terminal import printable

PURPOSE = ("--purpose", "research")
full_device = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full there")


def into_full_device(*args: object) -> "subprocess.CompletedProcess[str]":
    with open("/dev/full", "w") as full:
        return subprocess.run(
            [sys.executable, "-m", "emoreason", *map(str, args)],
            stdout=full,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            check=False,
            timeout=120,
        )


@full_device
def test_results_that_cannot_be_written_are_failed_inputs(engine, cue_file) -> None:
    done = into_full_device("explain", "--cues", cue_file, "--engine", engine, *PURPOSE)
    assert done.returncode == 3
    assert done.stderr.count("a.mp4") <= 1
    assert "No space left on device" in done.stderr
    assert "0 of 2 explained" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


@full_device
@pytest.mark.parametrize("args", [("--version",), ("models", "list"), ("prompt", "--cues", "CUES")], ids=" ".join)
def test_a_full_disk_is_one_line(cue_file, args) -> None:
    done = into_full_device(*(cue_file if arg == "CUES" else arg for arg in args))
    assert done.returncode == 3
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


def test_one_line_that_cannot_be_written_costs_one_input(run, cue_line, tmp_path) -> None:
    run_with = """
import sys
from emoreason.cli import sinks
from emoreason.cli.main import main
real = sinks.dump_line
def dump_line(record):
    if getattr(record, "clip", None) == "b":
        raise ValueError("no such number")
    return real(record)
sinks.dump_line = dump_line
main()
"""
    path = tmp_path / "three.jsonl"
    path.write_text("\n".join(map(cue_line, "abc")), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", run_with, "explain", "--cues", path, "--json", *PURPOSE],
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr
    assert len(done.stdout.splitlines()) == 2
    assert "three.jsonl:2: its explanation cannot be written: ValueError: no such number" in done.stderr


@full_device
def test_prompts_that_cannot_be_written_are_failed_inputs(cue_file) -> None:
    done = into_full_device("prompt", "--cues", cue_file, *PURPOSE)
    assert done.returncode == 3
    assert done.stderr.count("its prompt cannot be written: No space left on device") == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("out", [(), ("--out", "results")], ids=["stdout", "folder"])
def test_cues_that_cannot_be_written_cost_one_clip(tmp_path, out) -> None:
    run_with = """
import sys
from emoreason.cli import cue_files
from emoreason.cli.main import main
real = cue_files.dump_line
def dump_line(record):
    if record.clip.id == "b.wav":
        raise ValueError("no such number")
    return real(record)
cue_files.dump_line = dump_line
main()
"""
    for name in "abc":
        write_wav(tmp_path / f"{name}.wav", tone(0.3))
    done = subprocess.run(
        [sys.executable, "-c", run_with, "cues", "a.wav", "b.wav", "c.wav", "--extractor", "voice", *out, *PURPOSE],
        capture_output=True,
        encoding="utf-8",
        cwd=tmp_path,
        env=os.environ | {"EMOREASON_OFFLINE": "1"},
        check=False,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr
    lines = (tmp_path / "results" / "cues.jsonl").read_text(encoding="utf-8") if out else done.stdout
    assert [json.loads(line)["clip"]["id"] for line in lines.splitlines()] == ["a.wav", "c.wav"]
    assert "b.wav: its cues cannot be written: ValueError: no such number" in done.stderr
    if out:
        assert "b.wav" in (tmp_path / "results" / "errors.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize("debug", ["0", "1"])
def test_a_bug_is_one_line_and_exit_code_70(debug) -> None:
    run_with = """
from emoreason.cli import main as module
def broken(*args, **kwargs):
    raise LookupError("lost \\x1b[31m")
module.LazyGroup.invoke = broken
module.main()
"""
    done = subprocess.run(
        [sys.executable, "-c", run_with, "models", "list"],
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"EMOREASON_DEBUG": debug},
        check=False,
        timeout=120,
    )
    assert done.returncode == 70
    assert "this is a bug in emoreason: LookupError: lost" in done.stderr
    assert ("Traceback" in done.stderr) == (debug == "1")
    if debug == "0":
        assert "\x1b" not in done.stderr


def test_a_configuration_error_has_no_summary(run, engine) -> None:
    done = run("explain", "--cues", "nowhere.jsonl", "--engine", engine, "--out", "out", *PURPOSE)
    assert done.returncode == 2
    assert "explained" not in done.stderr
    done = run("cues", "a.wav", "--transcript", "nowhere.txt", "--out", "out", *PURPOSE)
    assert done.returncode == 2
    assert "clips done" not in done.stderr


HOSTILE = "\x1b[31m\x9b2J\u200e\u200f\u061c\u200b\u202e\ufeff\U000e0041\x07"


def test_nothing_a_terminal_obeys_is_printable() -> None:
    assert printable(f"a{HOSTILE}b\n\té 你 👍") == "a [31m 2J b\n\té 你 👍"


def test_errors_carry_no_escapes(run, cue_file) -> None:
    done = run("explain", "--cues", cue_file, "--engine", "no\x1b[31mname", *PURPOSE)
    assert done.returncode == 2
    assert "[31m" in done.stderr
    assert "\x1b" not in done.stderr
    done = run("explain", "--nosuch\x1b[31m")
    assert done.returncode == 2
    assert "\x1b" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals there")
def test_json_on_a_terminal_is_escaped_and_means_the_same(engine, cue_line, tmp_path) -> None:
    import pty

    path = tmp_path / "hostile.jsonl"
    path.write_text(cue_line(f"a{HOSTILE}b é 你 👍"), encoding="utf-8")
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "emoreason", "explain", "--cues", path, "--engine", engine, "--json", *PURPOSE]
    with subprocess.Popen(command, stdin=slave, stdout=slave, stderr=subprocess.DEVNULL) as process:
        os.close(slave)
        written = b""
        while chunk := _read(master):
            written += chunk
        assert process.wait(timeout=60) == 0
    os.close(master)
    text = written.decode("utf-8")
    assert not set(HOSTILE) - set("[31m2J") & set(text)
    assert "é 你 👍" in text
    assert json.loads(text)["clip"] == f"a{HOSTILE}b é 你 👍"


def _read(master: int) -> bytes:
    try:
        return os.read(master, 65536)
    except OSError:  # Linux says EIO when the other side is closed
        return b""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.skipif(os.name == "nt", reason="a shell closes the streams")
def test_streams_that_are_closed_from_the_start_are_no_failure(cue_file, tmp_path, closed) -> None:
    options = "--out out --purpose research --extractor scene"
    call = f'"{sys.executable}" -m emoreason batch {cue_file} {options} {closed}'
    done = subprocess.run(["sh", "-c", call], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    lines = (tmp_path / "out" / "explanations.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["clip"] for line in lines] == ["a.mp4", "b.mp4"]
