"""``emoreason train`` from end to end on a small text model: SFT, GRPO on its adapter, a merged model; ways to end."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

pytest.importorskip("trl", reason="run: pip install 'emoreason[train]'")

from contract_model import contract_model
from train_command import Work, steps_logged

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture
def work(tmp_path: Path) -> Work:
    made = Work(tmp_path, str(contract_model()))
    made.rows()
    return made


def test_examples_then_rewards_then_one_model(work: Work) -> None:
    taught = work.run("sft", "--config", work.settings("sft", out="taught"))
    assert taught.code == 0, taught.stderr
    assert [event["event"] for event in taught.events][:2] == ["data", "started"]
    assert taught.last("finished")["steps"] == 4
    assert taught.stderr == ""  # nothing of the libraries' own

    grpo = work.settings("grpo", out="paid")
    paid = work.run("grpo", "--config", grpo, f"model.adapter={work.folder / 'taught'}", "--text", "output.merge=true")
    assert paid.code == 0, paid.stderr
    assert (work.folder / "paid" / "merged" / "config.json").is_file()
    assert "step 4 of 4, loss" in paid.stderr
    assert "reward" in paid.stdout
    assert "Traceback" not in paid.stderr
    assert steps_logged(work.folder / "paid") == [1, 2, 3, 4]

    merged = work.run("merge", "paid", "--out", "merged", "--text")
    assert merged.code == 0, merged.stderr
    assert merged.stdout == "merged\n"
    assert (work.folder / "merged" / "config.json").is_file()
    assert "merged exists" in work.run("merge", "paid", "--out", "merged").stderr


def test_the_same_command_after_the_end_changes_nothing(work: Work) -> None:
    settings = work.settings("sft", steps=3)
    work.run("sft", "--config", settings)
    before = {path: path.stat().st_mtime_ns for path in (work.folder / "out").glob("*.*")}
    again = work.run("sft", "--config", settings)
    assert again.code == 0
    assert again.last("finished")["steps"] == 3
    assert before == {path: path.stat().st_mtime_ns for path in (work.folder / "out").glob("*.*")}

    other = work.run("sft", "--config", settings, "trainer.learning_rate=1e-4")
    assert other.code == 2
    assert "begun otherwise: trainer.learning_rate" in other.stderr
    fresh = work.run("sft", "--config", settings, "trainer.learning_rate=1e-4", "--fresh")
    assert "--fresh --overwrite" in fresh.stderr
    assert work.run("sft", "--config", settings, "trainer.learning_rate=1e-4", "--fresh", "--overwrite").code == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_asked_to_stop_it_saves_the_step_and_the_same_command_goes_on(work: Work, number: signal.Signals) -> None:
    settings = work.settings("sft", steps=60, more="")
    args = ("sft", "--config", settings, "trainer.save_steps=1000")
    process = work.start(*args)
    assert process.stdout is not None
    for line in process.stdout:
        if json.loads(line)["event"] == "log":
            process.send_signal(number)
            break
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 130, stderr
    kinds = [json.loads(line)["event"] for line in stdout.splitlines()]
    assert "interrupted" in kinds
    assert "saved" in kinds
    assert stderr.splitlines()[-1] == "emoreason: interrupted"
    stopped = steps_logged(work.folder / "out")[-1]
    assert 1 <= stopped < 60
    done = work.run(*args)
    assert done.last("started")["step"] == stopped
    assert done.last("finished")["steps"] == 60
    assert steps_logged(work.folder / "out") == list(range(1, 61))


def test_a_folder_that_cannot_be_written_is_said_in_a_line(work: Work) -> None:
    (work.folder / "file").write_text("", encoding="utf-8")
    refused = work.run("sft", "--config", work.settings("sft", out="file/out"), "--text")
    assert refused.code in (2, 3)
    (line,) = (line for line in refused.stderr.splitlines() if "error" in line)
    assert "file" in line
    assert "bug" not in refused.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, who may mount a small file system")
def test_a_full_disk_is_said_in_a_line_and_the_same_command_goes_on(work: Work) -> None:
    small = work.folder / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=900k", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("no file system can be mounted here")
    try:
        settings = work.settings("sft", out="small/out")
        full = work.run("sft", "--config", settings, "--text")
        assert full.code == 3, full.stderr
        assert "cannot be written" in full.stderr.splitlines()[-1]
        subprocess.run([*mount[:3], "-o", "remount,size=200m", "tmpfs", str(small)], check=True)
        done = work.run("sft", "--config", settings)
        assert done.last("finished")["steps"] == 4
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_a_reader_that_goes_away_does_not_end_the_run(work: Work) -> None:
    process = work.start("sft", "--config", work.settings("sft"))
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=240) == 0
    assert steps_logged(work.folder / "out") == [1, 2, 3, 4]
    assert process.stderr is not None
    assert "nobody reads the events" in process.stderr.read()
