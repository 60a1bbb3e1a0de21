"""Tables of other tools through ``emoreason convert``: told apart by content, and our own curves as such a table."""

import json
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest
from known_truth import require_face_models
from tool_tables import EGEMAPS, bump, mediapipe_face, openface_rows, pyfeat_row, times, write_json, write_table

SMILE = {"AU12_r": bump(3.0, 3.4), "AU06_r": bump(3.0, 2.0)}


def tables(folder: Path) -> dict[str, Path]:
    rows = [pyfeat_row(n, {12: bump(3.0, 0.9)(t)}) for n, t in enumerate(times(6.0))]
    frames = [
        {"timestamp_ms": 1000 * t, "faceBlendshapes": [mediapipe_face(mouthSmileLeft=bump(3.0, 0.9)(t))]}
        for t in times(6.0)
    ]
    return {
        "openface": write_table(folder / "openface.csv", openface_rows(SMILE)),
        "pyfeat": write_table(folder / "pyfeat.csv", rows, separator=","),
        "blendshapes": write_json(folder / "blendshapes.json", frames),
        "opensmile": write_table(folder / "smile.csv", [{"name": "'a'", "frameTime": "0"} | EGEMAPS], separator=";"),
    }


def test_each_table_is_known_by_its_content(run, tmp_path) -> None:
    for source, path in tables(tmp_path).items():
        done = run("convert", path, "--to", "jsonl")
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout)
        assert {cue["source"] for cue in found["cues"]} == {source}
        assert found["gaps"][0]["reason"] == "imported"


def test_imported_cues_can_be_explained(run, tmp_path) -> None:
    lines = run("convert", tables(tmp_path)["openface"], "--to", "jsonl").stdout
    done = run("explain", "--cues", "-", "--json", "--purpose", "research", stdin=lines)
    assert done.returncode == 0, done.stderr
    emotions = json.loads(done.stdout)["emotions"]
    assert max(emotions, key=lambda one: one["probability"])["label"] == "happiness"


def test_a_wrong_table_is_one_line(run, tmp_path) -> None:
    (tmp_path / "x.csv").write_text("name,age\nx,3\n")
    done = run("convert", tmp_path / "x.csv", "--to", "jsonl")
    assert done.returncode != 0
    assert "x.csv" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_our_own_curves_go_out_as_openface_and_come_back_as_the_same_events(run, tmp_path) -> None:
    """Events of 0.8 and more (where the import begins to count) keep their times to 0.04 s, their peak to 0.01."""
    require_face_models()
    clip = tmp_path / "clip.mp4"
    shutil.copy(Path(__file__).parents[2] / "examples/clip.mp4", clip)
    cached = {"XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))}
    options = ("--curves", "--out", "results", "--extractor", "face", "--purpose", "research")
    done = run("cues", clip, *options, env=cached)
    assert done.returncode == 0, done.stderr
    ours = json.loads((tmp_path / "results/cues.jsonl").read_text())
    done = run("convert", "results", "--to", "openface", "--out", "tables")
    assert done.returncode == 0, done.stderr
    assert "confidence repeats success" in done.stderr
    frame = pd.read_csv(tmp_path / "tables/clip.csv")
    assert {"frame", "timestamp", "success", "AU12_r", "AU12_c", "pose_Ry"} <= {*frame.columns}
    again = json.loads(run("convert", "tables/clip.csv", "--to", "jsonl").stdout)
    sent = [one for one in _events(ours) if one["value"] >= 0.8]
    back = _events(again)
    assert [one["code"] for one in back] == [one["code"] for one in sent]
    assert len(sent) >= 5
    for one, other in zip(sent, back, strict=True):
        for moment in ("start_s", "apex_s", "end_s"):
            assert other[moment] == pytest.approx(one[moment], abs=0.041)
        assert other["value"] == pytest.approx(one["value"], abs=0.011)


def _events(found: dict) -> list[dict]:
    events = [cue for cue in found["cues"] if cue["modality"] == "face" and cue["value"] is not None]
    return sorted(events, key=lambda cue: (cue["code"], cue["start_s"]))
