"""Cues that other tools measured, on the command line: no model needed, wrong tables refused in one line."""

import json
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from tool_tables import EGEMAPS, bump, mediapipe_face, openface_rows, pyfeat_row, times, write_json, write_table

PURPOSE = ("--purpose", "research")
PITCH = "F0semitoneFrom27.5Hz_sma3nz_amean"
SMILE = {"AU12_r": bump(3.0, 3.4), "AU06_r": bump(3.0, 2.0)}


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    """Six seconds of grey video at 25 frames a second."""
    return video(tmp_path / "clip.mp4")


def video(path: Path, duration_s: float = 6.0) -> Path:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 128, np.uint8), format="rgb24")
        for _ in range(round(25 * duration_s)):
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def cues_of(done) -> dict:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_openface_takes_the_place_of_the_face_extractor(run, clip) -> None:
    table = write_table(clip.with_name("openface.csv"), openface_rows(SMILE))
    found = cues_of(run("cues", clip, "--face-csv", table, *PURPOSE))
    [smile] = [cue for cue in found["cues"] if cue["code"] == "AU12"]
    assert (smile["value"], smile["source"], smile["marks"]) == (3.4, "openface", ["other_scale"])
    assert smile["apex_s"] == pytest.approx(3.0, abs=0.02)
    # The cache is empty and the network forbidden: the face models were not even looked for.
    assert {gap["reason"] for gap in found["gaps"] if gap["modality"] == "face"} == {"imported"}
    assert {cue["modality"] for cue in found["cues"]} >= {"face", "scene"}


def test_an_explanation_rests_on_the_imported_cues(run, clip) -> None:
    table = write_table(clip.with_name("openface.csv"), openface_rows(SMILE))
    done = run("explain", clip, "--face-csv", table, "--json", *PURPOSE)
    explanation = cues_of(done)
    assert max(explanation["emotions"], key=lambda one: one["probability"])["label"] == "happiness"
    assert any("face1.AU12.1" in claim["cue_ids"] for claim in explanation["claims"])
    readable = run("explain", clip, "--face-csv", table, "--text", *PURPOSE).stdout
    assert "another tool's scale" in " ".join(readable.split())
    prompt = run("prompt", clip, "--face-csv", table, *PURPOSE)
    assert "measured by another tool on its own scale" in prompt.stdout


@pytest.mark.parametrize("kind", ["pyfeat", "blendshapes"])
def test_other_face_tables_are_known_by_their_content(run, clip, kind) -> None:
    if kind == "pyfeat":
        rows = [pyfeat_row(n, {12: bump(3.0, 0.9)(t)}) for n, t in enumerate(times(6.0))]
        table = write_table(clip.with_name("table.csv"), rows, separator=",")
    else:
        frames = [
            {"timestamp_ms": 1000 * t, "faceBlendshapes": [mediapipe_face(mouthSmileLeft=bump(3.0, 0.9)(t))]}
            for t in times(6.0)
        ]
        table = write_json(clip.with_name("table.csv"), frames)
    found = cues_of(run("cues", clip, "--face-csv", table, *PURPOSE))
    [smile] = [cue for cue in found["cues"] if cue["code"] == "AU12"]
    assert (smile["value"], smile["source"]) == (4.5, kind)


def test_a_folder_of_tables_and_the_clip_without_one(run, clip) -> None:
    clips = clip.parent / "clips"
    tables = clip.parent / "tables"
    clips.mkdir()
    tables.mkdir()
    for name in ("a", "b"):
        video(clips / f"{name}.mp4")
    write_table(tables / "a.csv", openface_rows(SMILE))
    done = run("cues", clips, "--face-csv", tables, "--extractor", "face", *PURPOSE)
    assert done.returncode == 1  # some failed
    assert "holds no b.csv or b.json" in done.stderr
    [line] = done.stdout.splitlines()
    assert json.loads(line)["clip"]["id"].endswith("a.mp4")


def test_a_wrong_table_is_one_line_and_no_explanation(run, clip) -> None:
    table = clip.with_name("wrong.csv")
    table.write_text("name,age\nx,3\n")
    done = run("explain", clip, "--face-csv", table, *PURPOSE)
    assert done.returncode != 0
    assert "wrong.csv: is no face table that emoreason reads" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_options_that_cannot_be_meant(run, clip, cue_file) -> None:
    other = clip.with_name("other.mp4")
    other.write_bytes(clip.read_bytes())
    table = write_table(clip.with_name("openface.csv"), openface_rows(SMILE))
    far = clip.parent / "p2" / "clip.mp4"
    far.parent.mkdir()
    far.write_bytes(clip.read_bytes())
    for args, said in (
        ((clip, far, "--face-csv", clip.parent), "clip.mp4 are called the same, so their tables cannot be told apart"),
        ((clip, other, "--face-csv", table), "is for one clip, 2 were given"),
        ((clip, "--face-csv", "none.csv"), "there is no such file or folder"),
        (("--cues", cue_file, "--voice-csv", table), "goes with a CLIP"),
        ((clip, "--transcript", "words.txt", "--tier", "Anna"), "--tier is for .eaf and .TextGrid files"),
    ):
        done = run("explain", *args, *PURPOSE)
        assert done.returncode == 2, done.stderr
        assert said in " ".join(done.stderr.split())


def test_opensmile_takes_the_place_of_the_voice_extractor(run, tmp_path) -> None:
    sound = tmp_path / "talk.wav"
    with wave.open(str(sound), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(16_000 * 4))
    row = {"name": "'talk'", "frameTime": "0"} | EGEMAPS
    table = write_table(tmp_path / "smile.csv", [row], separator=";")
    found = cues_of(run("cues", sound, "--voice-csv", table, *PURPOSE))
    [pitch] = [cue for cue in found["cues"] if cue["code"] == "f0_mean"]
    assert (pitch["value"], pitch["unit"], pitch["level"]) == (34.3752, "semitones above 27.5 Hz", None)
    assert {cue["source"] for cue in found["cues"] if cue["modality"] == "voice"} == {"opensmile"}


def test_one_table_of_many_recordings_serves_their_clips(run, tmp_path) -> None:
    """What openSMILE's ``process_folder`` gives; a table of one recording is nobody else's."""
    for name in ("a", "b"):
        with wave.open(str(tmp_path / f"{name}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            file.writeframes(bytes(16_000 * 4))
    rows = [
        {"file": f"/data/{name}.wav", "start": "0 days", "end": "0 days 00:00:02"} | EGEMAPS | {PITCH: 30.0 + number}
        for number, name in enumerate("ab")
    ]
    args = ("cues", "a.wav", "b.wav", "--extractor", "voice", *PURPOSE, "--voice-csv")
    done = run(*args, write_table(tmp_path / "all.csv", rows, separator=","))
    assert done.returncode == 0, done.stderr
    cues = [cue for line in done.stdout.splitlines() for cue in json.loads(line)["cues"]]
    assert [cue["value"] for cue in cues if cue["code"] == "f0_mean"] == [30.0, 31.0]
    done = run(*args, write_table(tmp_path / "one.csv", rows[:1], separator=","))
    assert done.returncode == 2
    assert "is for one clip, 2 were given" in done.stderr


@pytest.mark.parametrize("beside", [True, False])
def test_a_textgrid_gives_what_is_said(run, tmp_path, beside) -> None:
    sound = tmp_path / "talk.wav"
    with wave.open(str(sound), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(16_000 * 4))
    grid = tmp_path / ("talk.TextGrid" if beside else "other.TextGrid")
    grid.write_text(
        'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n2\n<exists>\n1\n"IntervalTier"\n"utterances"\n'
        '0\n2\n2\n0\n1\n""\n1\n2\n"Good and well."\n'
    )
    option = () if beside else ("--transcript", grid)
    found = cues_of(run("cues", sound, "--extractor", "speech", *option, *PURPOSE))
    assert [(cue["text"], cue["start_s"]) for cue in found["cues"] if cue["code"] == "utterance"] == [
        ("Good and well.", 1.0)
    ]
    assert found["clip"]["transcript"] == "Good and well."


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes")
def test_nobody_waits_on_a_pipe(run, clip) -> None:
    import os

    os.mkfifo(clip.with_name("pipe.csv"))
    done = run("cues", clip, "--face-csv", clip.with_name("pipe.csv"), *PURPOSE)
    assert done.returncode != 0
    assert "pipe, socket or device" in done.stderr
