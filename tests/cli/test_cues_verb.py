"""``emoreason cues``: real clips to files and streams; broken ones cost one line."""

import csv
import json
import wave
from pathlib import Path

import numpy as np
import pytest

from emoreason.records import CueSet
from emoreason.records.jsonl import read_jsonl

PURPOSE = ("--purpose", "research")


def write_tone(path: Path, duration_s: float = 1.0) -> Path:
    """Write a 200 Hz tone as 16-bit mono WAV."""
    times_s = np.arange(int(duration_s * 16_000)) / 16_000
    samples = (np.sin(2 * np.pi * 200.0 * times_s) * 8_000).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.tobytes())
    return path


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """A folder with two sounds, and between them a text that says it is a video."""
    folder = tmp_path / "clips"
    folder.mkdir()
    write_tone(folder / "a.wav")
    (folder / "b.mp4").write_text("no video at all", encoding="utf-8")
    write_tone(folder / "c.wav")
    return folder


def test_a_broken_clip_costs_one_line_and_the_order_stays(run, clips) -> None:
    done = run("cues", "clips", *PURPOSE)
    assert done.returncode == 1
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["clip"]["id"] for row in rows] == ["clips/a.wav", "clips/c.wav"]
    assert {"face", "scene"} <= {gap["modality"] for gap in rows[0]["gaps"]}
    complaints = done.stderr.splitlines()
    assert len(complaints) == 2, done.stderr
    assert complaints[0].startswith("emoreason: error: clips/b.mp4: ")
    assert complaints[1] == "emoreason: 2 of 3 clips done"


def test_files_are_read_back_as_cuesets_and_errors_are_kept(run, clips, tmp_path) -> None:
    done = run("cues", "clips", "nowhere.wav", "--out", "out", "--curves", *PURPOSE)
    assert (done.returncode, done.stdout) == (1, "")
    cuesets = list(read_jsonl(tmp_path / "out" / "cues.jsonl", CueSet))
    assert [cueset.clip.id for cueset in cuesets] == ["clips/a.wav", "clips/c.wav"]
    curves = [json.loads(line) for line in (tmp_path / "out" / "curves.jsonl").read_text().splitlines()]
    assert [row["clip"] for row in curves] == ["clips/a.wav", "clips/c.wav"]
    errors = [json.loads(line) for line in (tmp_path / "out" / "errors.jsonl").read_text().splitlines()]
    assert [error["clip"] for error in errors] == ["clips/b.mp4", "nowhere.wav"]
    assert {error["error"] for error in errors} == {"MediaError"}


def test_a_table_has_one_header_and_says_the_gaps_aloud(run, clips) -> None:
    done = run("cues", "clips/a.wav", "clips/c.wav", "--format", "csv", *PURPOSE)
    assert done.returncode == 0
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert done.stdout.startswith("file,start,end,id,modality,code,state,value,unit,")
    assert done.stdout.count("file,start,end") == 1
    assert all(None not in row for row in rows)
    assert done.stderr.count("clips/a.wav: not observed: face") == 1


def test_missing_models_offline_are_gaps_with_the_remedy(run, clips) -> None:
    row = json.loads(run("cues", "clips/a.wav", "--offline", "--extractor", "speech", *PURPOSE).stdout)
    gaps = {gap["modality"]: gap for gap in row["gaps"]}
    assert gaps["speech"]["reason"] == "missing_model"
    assert "emoreason models fetch" in gaps["speech"]["detail"]


def test_a_plug_in_extractor_adds_its_cues(run, clips, tmp_path) -> None:
    (tmp_path / "loud.py").write_text(
        "from emoreason.cues.extractor import Extraction\n"
        "from emoreason.records import Cue\n"
        "class Loud:\n"
        "    name, version, needs = 'voice', '1', frozenset({'audio'})\n"
        "    def begin(self, job): pass\n"
        "    def hear(self, audio): self.peak = float(abs(audio.samples).max())\n"
        "    def see(self, frame): pass\n"
        "    def finish(self, job):\n"
        "        return Extraction(cues=(Cue(id='voice.peak.1', modality='voice', code='peak', value=self.peak),))\n",
        encoding="utf-8",
    )
    row = json.loads(run("cues", "clips/a.wav", "--extractor", "loud.py:Loud", *PURPOSE).stdout)
    assert [cue["code"] for cue in row["cues"]] == ["peak"]
    assert row["cues"][0]["value"] == pytest.approx(8_000 / 32_768, abs=0.01)


@pytest.mark.parametrize(
    "args",
    [
        (),
        ("clips/a.wav", "--curves"),
        ("clips/a.wav", "--out", "out", "--format", "text"),
        ("clips", "--write-baseline", "b.json"),
        ("clips/a.wav", "--extractor", "nosuch"),
        ("clips/a.wav", "--out", "out", "--extractor", "nosuch"),
        ("clips/a.wav", "--speaker-baseline", "clips/b.mp4"),
    ],
    ids=" ".join,
)
def test_usage_errors_are_exit_code_2_and_leave_no_files(run, clips, tmp_path, args) -> None:
    done = run("cues", *args, *PURPOSE)
    assert (done.returncode, done.stdout) == (2, "")
    assert "rror: " in done.stderr
    assert "Traceback" not in done.stderr
    out = tmp_path / "out"
    assert not out.exists() or not list(out.iterdir())


def test_limits_are_said_in_one_line(run, clips) -> None:
    done = run("cues", "clips/a.wav", "--max-duration", "0.5", *PURPOSE)
    assert done.returncode == 3
    assert "clips/a.wav: " in done.stderr
    assert "limit" in done.stderr


def test_text_reads_one_cue_a_line(run, clips) -> None:
    done = run("cues", "clips/a.wav", "--format", "text", *PURPOSE)
    assert done.returncode == 0
    assert "clips/a.wav  00:01.0  audio" in done.stdout
    assert "Not observed" in done.stdout


def test_a_baseline_needs_speech(run, clips, tmp_path) -> None:
    done = run("cues", "clips/a.wav", "--write-baseline", "b.json", *PURPOSE)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "b.json").exists()


def test_what_cannot_be_fetched_is_tried_once_and_the_clips_go_on(run, clips) -> None:
    closed = {"EMOREASON_OFFLINE": "0", "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": "/dev/null"}
    done = run("cues", "clips/a.wav", "clips/c.wav", "--extractor", "speech", *PURPOSE, env=closed)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 2
    assert done.stderr.count("fetching model files, once: silero_vad") == 1
    assert done.stderr.count("going on without: pip cannot fetch faster-whisper") == 1
