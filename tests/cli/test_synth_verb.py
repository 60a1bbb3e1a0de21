"""``emoreason synth``: files in, rows and rejected clips out; what is refused, and with which remedy."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from labelled_clips import write_labelled

from emoreason.cli.main import emoreason
from emoreason.training.rows.sources import read_training_rows

LIGHT = ("--export", "trl-sft", "--pairs", "0", "--purpose", "research", "--json")
CLIPS = 6


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("EMOREASON_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    write_labelled(tmp_path / "clips.jsonl", CLIPS)


def synth(*words: str | Path, light: bool = True) -> Result:
    more = LIGHT if light else ()
    return CliRunner().invoke(emoreason, ["synth", *map(str, words), *more])


def lines(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(name).read_text(encoding="utf-8").splitlines()]


def told(result: Result) -> dict[str, Any]:
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


def test_every_clip_is_in_one_of_the_two_files_and_training_reads_the_rows():
    facts = told(synth("--input", "clips.jsonl", "--engine", "evidence", "--out", "rows"))
    ids = {one["id"] for one in lines("clips.jsonl")}
    kept, rejected = ({one["clip"] for one in lines(f"rows/{name}.jsonl")} for name in ("rows", "rejected"))
    assert kept | rejected == ids
    assert not kept & rejected
    assert (facts["clips"], facts["kept"], facts["rejected"]) == (CLIPS, len(kept), len(rejected))
    for row in lines("rows/rows.jsonl"):
        assert row["mode"] == "label-blind"
        assert [message["role"] for message in row["prompt"]] == ["system", "user"]
        assert row["target"]
    for one in lines("rows/rejected.jsonl"):
        assert one["reasons"]
        assert one["drafts"][0]["mode"] == "label-blind"
    assert len(read_training_rows(["rows/rows.jsonl"], None)) == facts["rows"]


def test_without_an_engine_a_template_writes_and_everything_is_told_of():
    facts = told(synth("--input", "clips.jsonl", "--out", "rows", "--perception", "1", "--style", "short"))
    modes = {row["mode"] for row in lines("rows/rows.jsonl")}
    assert modes == {"template", "perception"}
    assert facts["rejected"] == 0
    for name in ("README.md", "card.json", "review.html", "rows.parquet", "synthesis.json"):
        assert (Path("rows") / name).stat().st_size
    assert {path.name for path in Path("rows/export").iterdir()} == {"trl-sft"}
    manifest = json.loads(Path("rows/synthesis.json").read_text())
    assert [one["name"] for one in manifest["inputs"]] == ["clips.jsonl"]
    assert manifest["counts"]["rows"] == facts["rows"]


def test_the_same_command_goes_on_other_drafts_are_refused_and_fresh_begins_anew():
    told(synth("--input", "clips.jsonl", "--out", "rows"))
    before = Path("rows/rows.jsonl").read_bytes()
    assert told(synth("--input", "clips.jsonl", "--out", "rows"))["this_run"] == {"drafted": 0, "failed": 0}
    assert Path("rows/rows.jsonl").read_bytes() == before
    refused = synth("--input", "clips.jsonl", "--out", "rows", "--seed", "7")
    assert refused.exit_code == 2
    assert "drafting.seed: 0 -> 7" in refused.stderr
    assert told(synth("--input", "clips.jsonl", "--out", "rows", "--seed", "7", "--fresh"))["clips"] == CLIPS


def test_a_dry_run_writes_nothing():
    facts = told(synth("--input", "clips.jsonl", "--style", "long", "--style", "direct", "--drafts", "3", "--dry-run"))
    assert facts["clips"] == CLIPS
    assert facts["drafts"] == 6 * CLIPS
    assert facts["mode"] == "template"
    assert sorted(path.name for path in Path().iterdir()) == ["clips.jsonl"]


def test_an_engine_that_is_not_asked_is_said():
    result = synth("--input", "clips.jsonl", "--engine", "evidence", "--mode", "template", "--out", "rows")
    assert "mode template asks no engine: evidence is not used" in result.stderr
    assert {row["mode"] for row in lines("rows/rows.jsonl")} == {"template"}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), "Missing option '--input'"),
        (("--input", "clips.jsonl"), "Missing option '--out'"),
        (("--input", "none.jsonl", "--out", "rows"), "there is no such file"),
        (("--input", "clips.jsonl", "--out", "rows", "--mode", "rationalise"), "expected --engine NAME"),
        (
            ("--input", "clips.jsonl", "--out", "rows", "--engine", "evidence", "--mode", "rationalise"),
            "needs a language model",
        ),
        (
            ("--input", "clips.jsonl", "--out", "rows", "--engine", "evidence", "--needs-evidence"),
            "is for mode template",
        ),
        (("--input", "clips.jsonl", "--out", "rows", "--model", "m"), "--model is for an engine"),
        (("--input", "clips.jsonl", "--out", "rows", "--limit", "beauty=1"), "expected one of contradicted"),
        (("--input", "clips.jsonl", "--out", "rows", "--limit", "cited=much"), "expected NAME=NUMBER"),
        (("--input", "clips.jsonl", "--out", "rows", "--split", "80/20"), "such as 80/10/10"),
        (("--input", "clips.jsonl", "--out", "rows", "--iterate", "1"), "expected --train SETTINGS"),
        (("--input", "clips.jsonl", "--out", "rows", "--train", "x.toml"), "expected --iterate N"),
        (("--input", "clips.jsonl", "--out", "rows", "--export", "none", "--export", "swift"), "goes with no other"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_remedy(words, expected):
    result = synth(*words, light=False)
    assert result.exit_code == 2
    assert expected in " ".join(result.stderr.split())


def test_a_limit_decides_what_passes():
    facts = told(synth("--input", "clips.jsonl", "--out", "rows", "--limit", "cited=1.1", "--rewrites", "0"))
    assert facts["kept"] == 0
    assert facts["rejected_for"] == {"uncited": CLIPS}
    assert Path("rows/rows.jsonl").read_text() == ""


def test_bad_lines_are_said_and_counted():
    with open("clips.jsonl", "a") as file:
        file.write("{broken\n" * 12)
    result = synth("--input", "clips.jsonl", "--out", "rows")
    assert told(result)["problems"] == 12
    assert "2 more lines of the input cannot be used" in result.stderr


def test_help_lists_options_in_groups_and_the_verbs_below():
    text = synth("--help", light=False).stdout
    groups = ("The clips:", "Writing and checking:", "The engine:", "Rows and splits:", "What is made of the rows:",
              "The loop:", "Commands:")  # fmt: skip
    assert [text.index(name) for name in groups] == sorted(text.index(name) for name in groups)
    assert "--temperature " not in text  # the ladder decides it


def test_vignettes_and_pairs_are_written():
    result = synth("vignettes", "--number", "14", "--input", "clips.jsonl", "--pairs", "2", "--out", "probes",
                   "--json", light=False)  # fmt: skip
    assert json.loads(result.stdout.splitlines()[0])["number"] == 14
    assert len(Path("probes/vignettes.csv").read_text().splitlines()) == 15
    assert all(one["expected"].keys() == {"up", "down"} for one in lines("probes/counterfactuals.jsonl"))


def test_options_of_the_synthesis_mean_nothing_to_its_other_verbs():
    result = synth("--seed", "3", "vignettes", "--out", "probes", light=False)
    assert result.exit_code == 2
    assert "--seed means nothing to 'synth vignettes'" in result.stderr


def test_what_people_decided_is_taken_over_and_stays_taken_over():
    told(synth("--input", "clips.jsonl", "--out", "rows"))
    bad, good = (one for one in lines("rows/rows.jsonl")[:2])
    decisions = [
        {"id": bad["id"], "kind": "row", "decision": "reject", "comment": "no"},
        {"id": good["id"], "kind": "row", "decision": "accept", "comment": ""},
    ]
    Path("decided.json").write_text(json.dumps({"format": "emoreason-review/1", "decisions": decisions}))
    facts = told(synth("review", "rows", "--apply", "decided.json", "--json", light=False))
    assert facts["clips"] == 1
    for _ in range(2):
        assert bad["clip"] not in {one["clip"] for one in lines("rows/rows.jsonl")}
        assert [(one["clip"], one["reasons"]) for one in lines("rows/rejected.jsonl")] == [(bad["clip"], ["review"])]
        manifest = json.loads(Path("rows/synthesis.json").read_text())
        size = next(one["bytes"] for one in manifest["outputs"] if one["name"] == "rows.jsonl")
        assert size == Path("rows/rows.jsonl").stat().st_size
        told(synth("--input", "clips.jsonl", "--out", "rows"))


@pytest.mark.parametrize("moves", [0, 6, 10, 14])
def test_a_review_that_ends_in_between_is_taken_over_whole_by_the_same_command(moves, monkeypatch):
    told(synth("--input", "clips.jsonl", "--out", "rows"))
    first = lines("rows/rows.jsonl")[0]["id"]
    decided = {"id": first, "kind": "row", "decision": "reject", "comment": ""}
    Path("decided.json").write_text(json.dumps({"format": "emoreason-review/1", "decisions": [decided]}))
    left, move = iter(range(moves)), os.replace

    def interrupted(source: Any, place: Any) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt
        move(source, place)

    with monkeypatch.context() as patch:
        patch.setattr("os.replace", interrupted)
        assert synth("review", "rows", "--apply", "decided.json", light=False).exit_code == 130
    told(synth("review", "rows", "--apply", "decided.json", "--json", light=False))
    assert first not in {one["id"] for one in lines("rows/rows.jsonl")}
    assert [one["reasons"] for one in lines("rows/rejected.jsonl")] == [["review"]]
    assert {one["row_id"] for one in lines("rows/export/trl-sft/train.jsonl")} <= {
        one["id"] for one in lines("rows/rows.jsonl")
    }
    assert not Path("rows/.emoreason/outputs").exists()


def test_review_of_no_synthesis_is_refused():
    Path("decided.json").write_text(json.dumps({"format": "emoreason-review/1", "decisions": []}))
    result = synth("review", "nowhere", "--apply", "decided.json", light=False)
    assert result.exit_code == 2
    assert "expected the folder of a synthesis" in result.stderr
