"""``emoreason probe``: files in, effects out; the same command again asks nothing and says the same."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from planted_engines import planted_clips

from emoreason.cli.main import emoreason
from emoreason.records.jsonl import dump_line

ENGINES = Path(__file__).parents[1] / "support" / "planted_engines.py"


def probe(*args: object) -> Result:
    return CliRunner().invoke(emoreason, ["probe", *map(str, args)], env={"EMOREASON_PURPOSE": "research"})


@pytest.fixture
def cues(tmp_path: Path) -> Path:
    path = tmp_path / "cues.jsonl"
    path.write_text("".join(f"{dump_line(cueset)}\n" for cueset in planted_clips(12)[0]), encoding="utf-8")
    return path


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    path = tmp_path / "gold.csv"
    rows = [f"{name},{one.reference.emotion},{one.columns['corpus']}" for name, one in planted_clips(12)[1].items()]
    path.write_text("\n".join(["clip,emotion,corpus", *rows]) + "\n", encoding="utf-8")
    return path


def test_json_holds_effects_with_intervals_and_a_sentence(cues: Path) -> None:
    done = probe("cited", "--input", cues, "--engine", f"{ENGINES}:Unfaithful", "--json", "--resamples", 200)
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["format"] == "emoreason-probe/1"
    (found,) = report["probes"]
    assert (found["probe"], found["engine"]) == ("cited", "unfaithful (planted)")
    assert found["effects"][0]["high"] < 0
    assert "is not what its reasons point at" in found["sentence"]
    assert report["manifest"]["inputs"][0]["role"] == "input"


def test_the_same_command_asks_nothing_again_and_says_the_same(cues: Path, gold: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    args = ("proxy", "abstention", "--input", cues, "--gold", gold, "--out", out, "--resamples", 200)
    first = probe(*args)
    assert first.exit_code == 0, first.output
    report = (out / "probes.json").read_bytes()
    lines = (out / "answers.jsonl").read_bytes().splitlines()
    second = probe(*args)
    assert (out / "answers.jsonl").read_bytes().splitlines() == lines
    assert (out / "probes.json").read_bytes() == report
    assert second.stdout == first.stdout
    assert "AU12" in (out / "probes.html").read_text(encoding="utf-8")


def test_answers_of_another_engine_are_not_taken(cues: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for name in ("Honest", "Unfaithful"):
        done = probe("cited", "--input", cues, "--engine", f"{ENGINES}:{name}", "--out", out, "--resamples", 200)
        assert done.exit_code == 0, done.output
    assert "is not what its reasons point at" in done.stdout


def test_a_line_torn_by_a_killed_run_costs_its_own_answer_alone(cues: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    args = ("order", "--input", cues, "--out", out, "--resamples", 200)
    first = probe(*args)
    whole = (out / "answers.jsonl").read_bytes()
    (out / "answers.jsonl").write_bytes(whole[:-40])
    assert probe(*args).stdout == first.stdout
    assert probe(*args).exit_code == 0


def test_the_gold_label_in_a_prompt_is_found_without_an_engine(tmp_path: Path) -> None:
    cues = tmp_path / "cues.jsonl"
    sentence = {"id": "scene.place.1", "modality": "scene", "code": "place", "text": "She looks sheepish."}
    plain = {**sentence, "text": "A kitchen."}
    cues.write_text(
        "".join(json.dumps({"clip": name, "cues": [cue]}) + "\n" for name, cue in (("a", sentence), ("b", plain)))
    )
    gold = tmp_path / "gold.jsonl"
    gold.write_text("".join(json.dumps({"clip": name, "labels": ["sheepish"]}) + "\n" for name in "ab"))
    done = probe("leakage", "--input", cues, "--gold", gold)
    assert done.exit_code == 0, done.output
    assert "The prompts of 1 of 2 clips state their gold label" in done.stdout
    assert "a: 'sheepish' in scene.place.1" in done.stdout


def test_a_bad_line_costs_itself_alone(cues: Path) -> None:
    cues.write_text(cues.read_text(encoding="utf-8") + "{broken\n", encoding="utf-8")
    done = probe("order", "--input", cues, "--resamples", 200)
    assert done.exit_code == 1
    assert f"{cues}:13" in done.stderr.replace("\n", "")
    assert "changes nothing" in done.stdout


def test_dry_run_asks_nothing_and_counts(cues: Path) -> None:
    done = probe("cited", "ambiguity", "--input", cues, "--engine", f"{ENGINES}:Missing", "--dry-run", "--limit", 5)
    assert done.exit_code == 2  # such an engine cannot be made
    done = probe("cited", "ambiguity", "--input", cues, "--dry-run", "--limit", 5)
    assert done.exit_code == 0, done.output
    assert "5 clips, at most 100 requests to evidence" in done.stderr.replace("\n", " ")
    assert "not measured without --gold" in done.stdout


def test_list_names_every_probe_and_what_it_needs() -> None:
    done = probe("--list")
    assert [line.split()[0] for line in done.stdout.splitlines()] == [
        *("cited", "mask", "swap", "order", "paraphrase", "filler", "proxy", "vignettes"),
        *("counterfactuals", "ambiguity", "abstention", "subgroups", "leakage", "think-direct"),
    ]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["nope", "--input", "{cues}"], "no probe is called 'nope'"),
        (["cited"], "cited works on clips"),
        (["cited", "--input", "nowhere.jsonl"], "nowhere.jsonl: cannot be read"),
        (["subgroups", "--input", "{cues}", "--gold", "{gold}", "--by", "sex"], "there are corpus"),
        (["cited", "--input", "{cues}", "--gold", "{other}"], "none of its 1 clips is among the 12 inputs"),
        (["vignettes", "--vignettes", "nowhere.csv"], "nowhere.csv: cannot be read"),
        (["vignettes", "--vignettes", "{other}"], "other.csv:2: says no id"),
        (["counterfactuals", "--counterfactuals", "nowhere.jsonl"], "nowhere.jsonl: cannot be read"),
        (["counterfactuals", "--counterfactuals", "{cues}", "--dry-run"], "cues.jsonl:1: says no id"),
        (["cited", "--input", "{cues}", "--purpose", "workplace"], "workplace"),
    ],
)
def test_what_cannot_be_used_is_one_line(args: list[str], said: str, cues: Path, gold: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("clip,emotion\nelsewhere,joy\n", encoding="utf-8")
    done = probe(*(arg.format(cues=cues, gold=gold, other=other) for arg in args))
    assert done.exit_code == 2
    assert said in " ".join(done.stderr.split())


def test_nothing_measured_has_an_exit_code_of_its_own(cues: Path) -> None:
    done = probe("filler", "--input", cues)
    assert done.exit_code == 3
    assert "Not measured" in done.stdout


def test_vignettes_need_no_clips() -> None:
    done = probe("vignettes", "--resamples", 100)
    assert done.exit_code == 0, done.output
    assert "abstains on every situation" in done.stdout


def test_what_synth_vignettes_writes_is_asked_about_and_resumed(tmp_path: Path) -> None:
    clip = {"clip": "a", "emotion": "happy", "cues": [{"code": "AU6"}, {"code": "AU12"}, {"code": "AU28"}]}
    labelled, stimuli = tmp_path / "labelled.jsonl", tmp_path / "stimuli"
    labelled.write_text("".join(json.dumps({**clip, "clip": name}) + "\n" for name in "abcd"), encoding="utf-8")
    written = CliRunner().invoke(
        emoreason, ["synth", "vignettes", "--number", "14", "--input", str(labelled), "--out", str(stimuli)]
    )
    assert written.exit_code == 0, written.output
    table, pairs = stimuli / "vignettes.csv", stimuli / "counterfactuals.jsonl"
    number = len(pairs.read_text(encoding="utf-8").splitlines())
    args = ["vignettes", "counterfactuals", "--vignettes", table, "--counterfactuals", pairs]
    foreseen = probe(*args, "--dry-run")
    assert f"at most {28 + number + 4} requests" in foreseen.stderr.replace("\n", " ")
    out = tmp_path / "out"
    first = probe(*args, "--resamples", 100, "--out", out)
    assert first.exit_code == 0, first.output
    assert "14 situations, 2 of each class" in first.stdout
    report = json.loads((out / "probes.json").read_text(encoding="utf-8"))
    assert [one["role"] for one in report["manifest"]["inputs"]] == ["vignettes", "counterfactuals"]
    assert [one["counts"]["asked"] for one in report["probes"]] == [28, number + 4]
    lines = (out / "answers.jsonl").read_bytes()
    (out / "answers.jsonl").write_bytes(lines[: len(lines) // 2])  # killed in the middle
    second = probe(*args, "--resamples", 100, "--out", out)
    assert second.stdout == first.stdout
    whole = (out / "answers.jsonl").read_bytes()
    assert probe(*args, "--resamples", 100, "--out", out).stdout == first.stdout
    assert (out / "answers.jsonl").read_bytes() == whole  # nothing was asked again


def test_pairs_that_were_not_given_are_said_to_be_missing() -> None:
    done = probe("counterfactuals")
    assert done.exit_code == 3
    assert "Not measured: no pairs were given (--counterfactuals FILE)" in done.stdout
    assert "not measured without --counterfactuals" in probe("counterfactuals", "--dry-run").stdout
