"""``emoreason convert``: every format there and back, losses said once, bad inputs named, nothing half written."""

import csv
import json
import os
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from some_records import CUESET, CURVES, EXPLANATION

from emoreason.cli.sources import SOURCES
from emoreason.cli.targets import TARGETS
from emoreason.cli.writers import safe_name
from emoreason.records import Clip, Curve
from emoreason.records.convert import to_json
from emoreason.records.jsonl import dump_line


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """What ``explain --out`` and ``cues --curves`` write, of two clips."""
    folder = tmp_path / "results"
    folder.mkdir()
    second = replace(CUESET, clip=Clip(id="other/Anna's talk.mp4"))
    pairs = [(CUESET, EXPLANATION, CURVES), (second, replace(EXPLANATION, clip=second.clip.id), ())]
    for name, lines in (
        ("cues.jsonl", [dump_line(cueset) for cueset, _, _ in pairs]),
        ("explanations.jsonl", [dump_line(explanation) for _, explanation, _ in pairs]),
        ("curves.jsonl", [curve_line(cueset.clip.id, curves) for cueset, _, curves in pairs]),
    ):
        (folder / name).write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return folder


def curve_line(clip: str, curves: tuple[Curve, ...]) -> str:
    return json.dumps({"clip": clip, "curves": [to_json(curve) for curve in curves]})


def test_a_file_per_clip_under_names_of_their_own(run, results, tmp_path) -> None:
    done = run("convert", "results", "--to", "eaf", "--out", "elan", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "done": 2,
        "failed": 0,
        "written": [str(Path("elan") / name) for name in ("Anna_s_talk.eaf", "Anna_s_talk-2.eaf")],
        "losses": [
            "ELAN has no tier for 4 gaps (what could not be observed): in a property alone",
            "ELAN has no tier for 2 cues without a time: in a property alone",
            "ELAN has no tier for 2 claims without a time: in a property alone",
        ],
    }
    assert done.stderr.count("ELAN has no tier for 4 gaps") == 1
    back = run("convert", "elan/Anna_s_talk.eaf", "elan/Anna_s_talk-2.eaf", "--to", "jsonl")
    assert back.stdout == (results / "cues.jsonl").read_text(encoding="utf-8")
    back = run("convert", "elan/Anna_s_talk.eaf", "--to", "jsonl", "--what", "explanations")
    assert back.stdout == dump_line(EXPLANATION) + "\n"


def test_parquet_and_back(run, results) -> None:
    assert run("convert", "results", "--to", "parquet", "--out", "sub/x.parquet").returncode == 0
    back = run("convert", "sub/x.parquet", "--to", "jsonl")
    assert back.stdout == (results / "cues.jsonl").read_text(encoding="utf-8")
    assert back.stderr == ""


@pytest.mark.parametrize("what", ["cues", "gaps", "claims", "explanations", "curves"])
def test_tables_of_everything(run, results, tmp_path, what: str) -> None:
    for form in ("csv", "parquet"):
        done = run("convert", "results", "--to", form, "--what", what, "--out", f"x.{form}")
        assert done.returncode == (1 if what == "curves" else 0), done.stderr  # the second clip has none
    rows = list(csv.DictReader((tmp_path / "x.csv").read_text(encoding="utf-8").splitlines()))
    frame = pd.read_parquet(tmp_path / "x.parquet")
    assert len(rows) == len(frame) > 0
    assert set(rows[0]) == {*frame.index.names, *frame.columns}


def test_textgrid_vtt_and_transcript(run, results, tmp_path) -> None:
    done = run("convert", "results", "--to", "textgrid", "--out", "praat")
    assert "left out of 30 cues" in done.stderr
    assert "2 of 2 clips converted; see praat" in done.stderr
    back = run("convert", "praat/Anna_s_talk.TextGrid", "--to", "vtt", "--out", "back.vtt")
    assert back.returncode == 0, back.stderr
    run("convert", "results", "--to", "vtt", "--out", "captions")
    ours = (tmp_path / "captions" / "Anna_s_talk.vtt").read_text(encoding="utf-8")
    theirs = (tmp_path / "back.vtt").read_text(encoding="utf-8")
    assert "claim1 face1.AU12.1,voice.f0_mean.1" in ours
    assert "<c.claim>The lip corners rise.</c>" in theirs
    run("convert", "results", "--to", "vtt", "--what", "transcript", "--out", "said")
    assert "Oh! You came." in (tmp_path / "said" / "Anna_s_talk-2.vtt").read_text(encoding="utf-8")


def test_cues_alone_come_through_a_pipe(run, results) -> None:
    done = run("convert", "-", "--to", "csv", stdin=(results / "cues.jsonl").read_text(encoding="utf-8"))
    assert len(list(csv.DictReader(done.stdout.splitlines()))) == 30
    (results / "explanations.jsonl").unlink()
    done = run("convert", "results", "--to", "csv", "--what", "curves")
    assert done.stdout.splitlines()[1] == "clips/Anna's talk.mp4,0.0,face,face1,AU12,0-5,0.0"


def test_bad_rows_and_files_are_named_and_the_others_go_on(run, results, tmp_path) -> None:
    lines = (results / "cues.jsonl").read_text(encoding="utf-8").splitlines()
    (tmp_path / "some.jsonl").write_text(f"{lines[0]}\n{{broken\n{{}}\n{lines[1]}\n", encoding="utf-8")
    (tmp_path / "odd.xyz").touch()
    (tmp_path / "x.eaf").write_text("<a/>", encoding="utf-8")
    done = run("convert", "some.jsonl", "odd.xyz", "x.eaf", "nowhere.csv", "--to", "csv", "--out", "out.csv")
    assert done.returncode == 1
    said = done.stderr.splitlines()
    assert [line.split(": ")[2] for line in said if "error" in line] == [
        "some.jsonl:2",
        "some.jsonl:3",
        "odd.xyz",
        "x.eaf",
        "nowhere.csv",
    ]
    assert said[-1] == "emoreason: 2 of 7 clips converted; see out.csv"
    assert len(pd.read_csv(tmp_path / "out.csv")) == 30


def test_an_earlier_file_is_said_and_stays_when_nothing_is_done(run, results, tmp_path) -> None:
    for form, out in (("csv", "x.csv"), ("parquet", "x.parquet"), ("eaf", "x.eaf")):
        source = results / "cues.jsonl"
        if form == "eaf":
            source.write_text(source.read_text(encoding="utf-8").splitlines()[0] + "\n", encoding="utf-8")
        first = run("convert", source, "--to", form, "--out", out)
        assert "replaces" not in first.stderr
        assert f"{out}: replaces an earlier file" in run("convert", source, "--to", form, "--out", out).stderr
        before = (tmp_path / out).read_bytes()
        assert run("convert", "nowhere.jsonl", "--to", form, "--out", out).returncode == 3
        assert (tmp_path / out).read_bytes() == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_one_file_holds_one_clip(run, results) -> None:
    done = run("convert", "results", "--to", "eaf", "--out", "x.eaf")
    assert done.returncode == 1
    assert "x.eaf holds one clip already; name a folder" in done.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["results", "--to", "eaf"], "name a folder (or a .eaf file) with --out"),
        (["results", "--to", "parquet"], "name a file with --out FILE"),
        (["results", "--to", "csv", "--out", "results"], "is a folder"),
        (["results", "--to", "eaf", "--what", "cues"], "holds cues and claims together"),
        (["results", "--to", "vtt", "--what", "gaps", "--out", "x"], "holds claims, transcript, not gaps"),
        (["results", "--to", "csv", "--json"], "--json prints a summary"),
        (["results", "--to", "csv", "--tier", "x"], "expected NAME=CODE"),
        (["results", "--to", "word"], "'word' is not one of"),
        (["--to", "csv"], "Missing argument"),
        ([".", "--to", "csv"], "a folder without cues.jsonl"),
    ],
    ids=range(10),
)
def test_wrong_use_is_said(run, results, args: list[str], said: str) -> None:
    done = run("convert", *args)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())


def test_tiers_are_told_what_they_hold(run, results, tmp_path) -> None:
    run("convert", results / "cues.jsonl", "--to", "textgrid", "--out", "praat")
    path = tmp_path / "praat" / "Anna_s_talk.TextGrid"
    path.write_text(path.read_text(encoding="utf-8").replace("face1 AU12", "Smile = wide"), encoding="utf-8")
    done = run("convert", path, "--to", "csv", "--tier", "Smile = wide=Anna AU12")
    assert "Anna.AU12.1" in done.stdout
    done = run("convert", path, "--to", "csv")
    assert "tier 'Smile = wide' (1 segment) left out" in done.stderr
    done = run("convert", path, "--to", "csv", "--tier", "Smile = wide=grin")
    assert done.returncode == 3
    assert "'grin' is no code" in done.stderr


def test_the_help_lists_every_format(run) -> None:
    done = run("convert", "--help")
    assert all(name in done.stdout for name in (*TARGETS, *SOURCES))


@pytest.mark.parametrize(
    ("clip", "name"),
    [
        ("a/b.mp4", "b"),
        ("..", "clip"),
        ("a\\b c.mp4", "b_c"),
        ("x\n\x1b[2J.wav", "x_2J"),
        ("人.mp4", "人"),
        ("é" * 300, "é" * 60),
        ("talk.part1.mp4", "talk.part1"),
        ("CON.mp4", "CON_"),
    ],
)
def test_names_are_safe(clip: str, name: str) -> None:
    assert safe_name(clip) == name


def test_numbered_names_never_meet(run, tmp_path) -> None:
    clips = ["talk-2.mp4", "talk.mp4", "x/talk.mp4", "talk-3.mp4", "y/Talk.mp4"]
    lines = [dump_line(replace(CUESET, clip=Clip(id=clip))) for clip in clips]
    (tmp_path / "cues.jsonl").write_text("\n".join(lines), encoding="utf-8")
    written = json.loads(run("convert", "cues.jsonl", "--to", "eaf", "--out", "elan", "--json").stdout)["written"]
    assert sorted(path.name for path in (tmp_path / "elan").iterdir()) == sorted(Path(name).name for name in written)
    back = run("convert", *written, "--to", "jsonl").stdout.splitlines()
    assert [json.loads(line)["clip"]["id"] for line in back] == clips


def test_what_is_read_is_not_written_over(run, results, tmp_path) -> None:
    """A coder's file holds more than its cues, and a CSV less than the lines it was made of."""
    assert run("convert", "results", "--to", "eaf", "--out", "elan").returncode == 0
    before = {path: path.read_bytes() for folder in (results, tmp_path / "elan") for path in folder.iterdir()}
    for args in (
        ("results", "--to", "csv", "--out", "results/cues.jsonl"),
        ("results/cues.jsonl", "--to", "csv", "--out", "results/../results/cues.jsonl"),
        ("results/cues.jsonl", "--to", "parquet", "--out", "results/cues.jsonl"),
    ):
        refused = run("convert", *args)
        assert refused.returncode == 2
        assert refused.stderr.endswith("is being read; name another file\n")
    refused = run("convert", "elan/Anna_s_talk.eaf", "--to", "eaf", "--out", "elan")
    assert refused.returncode == 3
    assert "elan/Anna_s_talk.eaf is being read; name another folder" in refused.stderr
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes with names")
def test_inputs_that_cannot_be_told_are_one_line(run, tmp_path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    done = run("convert", "pipe.csv", "odd.csv", "--to", "csv")
    assert done.returncode == 3
    assert done.stderr.splitlines()[:2] == [
        "emoreason: error: pipe.csv: is a pipe, socket or device; expected a regular file, "
        "or - for JSON Lines on stdin",
        "emoreason: error: odd.csv: is none of a table of cues, OpenFace, py-feat, openSMILE; if it is, say so with "
        "--from csv|openface|pyfeat|opensmile",
    ]
