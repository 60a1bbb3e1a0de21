"""``emoreason synth`` as people use it: folders of others, labels without evidence, input that is of no use."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from labelled_clips import write_labelled
from train_command import environment

from emoreason.cli.main import emoreason

LIGHT = ("--export", "none", "--pairs", "0", "--purpose", "research")
CLIPS = 6


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("EMOREASON_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    write_labelled(tmp_path / "clips.jsonl", CLIPS)


def synth(*words: str, source: str = "clips.jsonl", out: str = "rows") -> Result:
    return CliRunner().invoke(emoreason, ["synth", "--input", source, "--out", out, *LIGHT, *words])


def told(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)  # one object and nothing else
    return found


def changed(path: str, **fields: Any) -> None:
    lines = [json.loads(line) for line in Path("clips.jsonl").read_text().splitlines()]
    Path(path).write_text("".join(json.dumps({**line, **fields}) + "\n" for line in lines))


@pytest.mark.parametrize("name", ["README.md", "card.json", "export", "rows.jsonl", "synthesis.json"])
def test_what_somebody_else_keeps_under_our_names_is_not_touched(name):
    Path("rows").mkdir()
    Path("rows", name).mkdir() if name == "export" else Path("rows", name).write_text("mine\n")
    Path("rows", "notes.txt").write_text("mine too\n")
    result = synth("--fresh")
    assert result.exit_code == 2
    assert f"rows/{name} was not written by a synthesis; name another --out" in result.stderr
    assert sorted(path.name for path in Path("rows").iterdir()) == sorted([name, "notes.txt"])


def test_other_files_beside_ours_stay_also_afresh():
    Path("rows").mkdir()
    Path("rows", "notes.txt").write_text("mine\n")
    told(synth("--json"))
    told(synth("--json", "--fresh", "--seed", "2"))
    assert Path("rows", "notes.txt").read_text() == "mine\n"


def test_the_folder_of_a_batch_is_refused():
    Path("rows/.emoreason").mkdir(parents=True)
    Path("rows/.emoreason/journal.sqlite").touch()
    result = synth("--fresh")
    assert result.exit_code == 2
    assert "is the folder of a batch" in result.stderr
    assert Path("rows/.emoreason/journal.sqlite").exists()


def test_rows_whose_label_no_cue_speaks_for_are_counted_and_the_remedy_is_said():
    changed("wrong.jsonl", emotion="disgust")
    facts = told(synth("--json", source="wrong.jsonl"))
    without = facts["label_without_cue"]
    assert without["of"] == facts["rows"]
    assert without["share"] > 0.2
    assert without["share"] == pytest.approx(without["rows"] / without["of"], abs=1e-3)
    assert any("--needs-evidence" in hint for hint in facts["hints"])
    counts = json.loads(Path("rows/synthesis.json").read_text())["counts"]["label_without_cue"]
    assert counts == {"rows": without["of"], "unsupported": without["rows"]}
    text = synth("--text", source="wrong.jsonl").stdout
    assert f"rows whose label no cue speaks for: {without['rows']} of {without['of']}" in text
    stricter = told(synth("--json", "--needs-evidence", "--fresh", source="wrong.jsonl"))
    assert stricter["label_without_cue"]["rows"] == 0
    assert stricter["rejected"] > 0
    right = told(synth("--json", out="right"))
    assert right["label_without_cue"]["share"] <= 0.2
    assert right["hints"] == []


def test_clips_without_a_label_are_rejected_and_it_is_said_why():
    changed("bare.jsonl", emotion=None)
    facts = told(synth("--json", source="bare.jsonl"))
    assert (facts["kept"], facts["rejected"]) == (0, CLIPS)
    assert facts["label_without_cue"] == {"rows": 0, "of": 0, "share": 0.0}
    (hint,) = facts["hints"]
    assert f"nothing was written about {CLIPS} clips" in hint
    assert "nothing is known of its emotion" in hint


def test_two_at_once_on_one_folder_and_ctrl_c_lose_nothing(tmp_path):
    ids = write_labelled(tmp_path / "many.jsonl", 300)
    words = [sys.executable, "-m", "emoreason", "synth", "--input", "many.jsonl", "--out", "rows", *LIGHT, "--json"]
    with subprocess.Popen(
        words, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8"
    ) as process:
        lines, until = tmp_path / "rows/.emoreason/round-0/checked.jsonl", time.monotonic() + 120
        while not (lines.exists() and lines.stat().st_size) and time.monotonic() < until:
            time.sleep(0.02)
        other = synth("--json", source="many.jsonl")
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate()
    assert other.exit_code == 2
    assert "is being worked on by process" in other.stderr
    assert process.returncode == 130
    assert stdout == ""
    assert "the same command goes on" in stderr
    assert "\r" not in stderr  # no bar where nobody sees it
    facts = told(synth("--json", source="many.jsonl"))
    assert facts["clips"] == facts["kept"] + facts["rejected"] == len(ids)
    assert 0 < facts["this_run"]["drafted"] < len(ids)
