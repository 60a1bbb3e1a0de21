"""``emoreason synth`` with a judge and with an embedder: measured, never decided; and compared with people."""

import importlib.util
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chat_server import ChatServer, chat_server, grades
from click.testing import CliRunner, Result
from labelled_clips import write_labelled

from emoreason.cli.main import emoreason

CLIPS = 8


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("EMOREASON_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    write_labelled(tmp_path / "clips.jsonl", CLIPS)


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with chat_server() as up:
        yield up


def synth(*words: str | Path) -> Result:
    return CliRunner().invoke(emoreason, ["synth", *map(str, words)])


def made(*words: str | Path) -> dict[str, Any]:
    light = ("--export", "none", "--pairs", "0", "--purpose", "research", "--json")
    result = synth("--input", "clips.jsonl", "--out", "rows", *light, *words)
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path("rows/rows.jsonl").read_text().splitlines()]


def by_number(server: ChatServer) -> None:
    """Grades as many as the material is long, so that texts differ: 1 to 5."""
    server.behaviour = lambda body: (
        200,
        grades(body, **dict.fromkeys(("grounding", "relevance", "coherence"), 1 + len(str(body)) % 5)),
    )


def decide(decisions: list[tuple[str, str, str]]) -> None:
    listed = [{"kind": kind, "id": name, "decision": decision, "comment": ""} for kind, name, decision in decisions]
    Path("decided.json").write_text(json.dumps({"format": "emoreason-review/1", "decisions": listed}))


def test_a_judge_measures_rejects_nothing_and_is_asked_once(server):
    without = made()
    by_number(server)
    words = ("--judge-url", server.url, "--judge-model", "judge-1")
    facts = made(*words)
    assert facts["judged"] == {"drafts": CLIPS, "scored": CLIPS, "failures": {}}
    assert (facts["rows"], facts["rejected"]) == (without["rows"], without["rejected"])
    values = {row["origin"]["measured.judge"] for row in rows()}
    assert len(values) > 1
    assert all(0 <= value <= 1 for value in values)
    assert len(server.requests) == CLIPS
    for body in server.requests:  # never the gold label
        assert set(json.loads(body["messages"][-1]["content"])) == {"evidence", "reasoning", "answer"}
    made(*words)
    assert len(server.requests) == CLIPS
    made()  # what it said stays, and nobody is asked
    assert {row["origin"]["measured.judge"] for row in rows()} == values
    assert json.loads(Path("rows/synthesis.json").read_text())["settings"]["judge"] is None


def test_its_agreement_with_people_is_measured_and_told_on_the_card(server):
    by_number(server)
    made("--judge-url", server.url, "--judge-model", "judge-1")
    scores = sorted((row["origin"]["measured.judge"], row["id"]) for row in rows() if not row["origin"].get("variant"))
    half = len(scores) // 2
    decide([("row", name, "accept" if place >= half else "reject") for place, (_, name) in enumerate(scores)])
    result = synth("review", "rows", "--apply", "decided.json", "--json")
    outcome = json.loads(result.stdout)
    assert outcome["judge"]["decisions"] == len(scores)
    assert outcome["judge"]["auc"]["value"] > 0.8
    sentence = "agreement of the judge with people: AUC "
    assert sentence in Path("rows/README.md").read_text()
    assert sentence in synth("review", "rows", "--apply", "decided.json", "--text").stdout
    # The rows that people took out still count, also when the synthesis is run again.
    assert made()["review"]["judge"]["decisions"] == len(scores)


def test_drafts_that_the_checks_rejected_are_judged_and_compared_too(server):
    by_number(server)
    words = ("--judge-url", server.url, "--judge-model", "judge-1", "--limit", "cited=1.1", "--rewrites", "1")
    facts = made(*words)
    assert facts["kept"] == 0
    assert facts["judged"]["scored"] == CLIPS
    lines = [json.loads(line) for line in Path("rows/rejected.jsonl").read_text().splitlines()]
    assert ["judge" in draft["measures"] for draft in lines[0]["drafts"]] == [False, True]
    decide([("rejected", f"{one['clip']}#0 try 2", "reject") for one in lines])
    outcome = json.loads(synth("review", "rows", "--apply", "decided.json", "--json").stdout)
    assert outcome["judge"] == {"decisions": CLIPS, "accepted": 0, "auc": None, "alpha": None}
    told = synth("review", "rows", "--apply", "decided.json", "--text").stdout
    assert "agreement of the judge with people: not measured" in told


def test_a_judge_that_fails_now_and_then_costs_its_verdicts_and_one_that_is_lost_is_said(server):
    calls = iter(range(1000))
    server.behaviour = lambda body: (200, "Well written!" if next(calls) % 2 else grades(body))
    facts = made("--judge-url", server.url, "--judge-model", "judge-1")
    assert facts["judged"]["scored"] == CLIPS / 2
    assert facts["judged"]["failures"] == {"the reply is no verdict": CLIPS / 2}
    assert facts["rows"] >= CLIPS
    server.behaviour = lambda body: (200, "I cannot help with that.")
    lost = synth("--input", "clips.jsonl", "--out", "other", "--purpose", "research", "--judge-url", server.url,
                 "--judge-model", "judge-2")  # fmt: skip
    assert lost.exit_code == 3
    assert "gave no verdict on any of the first 8 drafts (the reply is no verdict)" in lost.stderr
    assert "the same command goes on" in lost.stderr


def test_texts_are_compared_by_meaning_where_an_embedder_is_named():
    plain = made()
    same = made("--embedder", "hashed", "--cosine", "0.2")
    assert same["near_duplicates"] > plain["near_duplicates"]
    assert same["rows"] < plain["rows"]
    assert made("--embedder", "hashed")["rows"] == plain["rows"]
    settings = json.loads(Path("rows/synthesis.json").read_text())["settings"]
    assert (settings["embedder"], settings["selection"]["cosine"]) == ("hashed", 0.98)


#: Without the extra, a model cannot be looked for.
_HAS_MODELS = importlib.util.find_spec("torch") is not None and importlib.util.find_spec("sentence_transformers")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--judge-url", "http://127.0.0.1:1/v1"), "name it with --judge-model"),
        (("--judge-model", "m", "--judge-url", "ftp://x"), "is no http(s) address"),
        (("--judge-model", "m", "--judge-key-file", "none.txt"), "cannot be read"),
        (("--cosine", "0.9"), "expected --embedder NAME"),
        (("--embedder", "hashed", "--near-duplicate", "0"), "leave one out"),
        (("--embedder", "no/such-model"), "on this machine" if _HAS_MODELS else "is not installed; run: pip install"),
    ],
)
def test_what_cannot_be_measured_with_is_refused_before_anything_is_written(words, expected):
    result = synth("--input", "clips.jsonl", "--out", "rows", *words)
    assert result.exit_code == 2
    assert expected in " ".join(result.stderr.split())
    assert not Path("rows").exists()
