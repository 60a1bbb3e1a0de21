"""``emoreason eval``: from files to a report, with a line for everything that could not be used."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from emoreason.cli.main import emoreason
from emoreason.eval.suite import SUITES

WORDS = ("angry", "happy")


def invoke(*words: object) -> Result:
    return CliRunner().invoke(emoreason, ["eval", *map(str, words)])


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    """Thirty clips with labels, a class, a speaker and a column."""
    path = tmp_path / "gold.csv"
    rows = [f'c{n},"{WORDS[n % 2]}, tense",{WORDS[n % 2]},s{n % 7},{"f" if n < 12 else "m"}' for n in range(30)]
    path.write_text("\n".join(["clip,labels,emotion,speaker,sex", *rows]) + "\n", encoding="utf-8")
    return path


def answers(path: Path, right: int, *more: str, system: str | None = None) -> Path:
    """Predictions of which the first ``right`` are right."""
    rows = [
        json.dumps(
            {
                "clip": f"clips/c{n}.mp4",
                "labels": [WORDS[(n + (n >= right)) % 2]],
                "emotion": WORDS[(n + (n >= right)) % 2],
            }
            | ({"system": system} if system else {})
        )
        for n in range(30)
    ]
    with path.open("a", encoding="utf-8") as file:
        file.write("\n".join([*rows, *more]) + "\n")
    return path


def test_a_report_in_four_files_and_the_main_measures_beside_the_controls(tmp_path: Path, gold: Path) -> None:
    out = tmp_path / "report"
    made = answers(tmp_path / "ours.jsonl", 27)
    done = invoke(made, "--gold", gold, "--suite", "closed-set", "--out", out, "--by", "sex", "--resamples", 200)
    assert done.exit_code == 0, done.output
    assert "ours" in done.stdout
    assert "0.900 [" in done.stdout
    assert "(majority)" in done.stdout
    assert "minus the control" in done.stdout
    assert "by sex, closed-set" in done.stderr
    assert sorted(path.name for path in out.iterdir()) == ["report.html", "report.json", "report.md", "report.tex"]
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert report["manifest"]["inputs"][0] | {"sha256": ""} == {
        "role": "gold", "file": "gold.csv", "bytes": gold.stat().st_size, "sha256": ""
    }  # fmt: skip
    assert len(report["clips"]) == 30
    assert "<html" in (out / "report.html").read_text(encoding="utf-8")


def test_the_same_command_gives_the_same_report_and_another_seed_another(tmp_path: Path, gold: Path) -> None:
    made = answers(tmp_path / "ours.jsonl", 20)
    words = (made, "--gold", gold, "--suite", "closed-set", "--json", "--resamples", 200)
    one, two, other = (json.loads(invoke(*words, *more).stdout) for more in ((), (), ("--seed", 5)))
    assert one | {"made": ""} == two | {"made": ""}
    assert one["suites"] != other["suites"]
    assert "clips" not in one


def test_rows_that_cannot_be_used_are_named_and_the_exit_code_says_so(tmp_path: Path, gold: Path) -> None:
    made = answers(
        tmp_path / "ours.jsonl", 30, "{", '{"clip": "c1", "valence": 9}', '{"clip": "elsewhere", "labels": []}'
    )
    done = invoke(made, "--gold", gold, "--suite", "closed-set", "--no-controls", "--resamples", 100)
    assert done.exit_code == 1
    assert "error: ours.jsonl:31: not JSON" in done.stderr
    assert "error: ours.jsonl:32: valence is '9'" in done.stderr
    assert "1 predictions are of no clip of the gold" in done.stderr
    assert "not measured: controls" in done.stderr


def test_many_bad_rows_are_told_in_short(tmp_path: Path, gold: Path) -> None:
    made = answers(tmp_path / "ours.jsonl", 30, *["{"] * 25)
    done = invoke(made, "--gold", gold, "--suite", "closed-set", "--no-controls", "--resamples", 100)
    assert done.stderr.count("not JSON") == 10
    assert "15 more rows cannot be used" in done.stderr


def test_what_is_missing_is_scored_as_wrong_and_said(tmp_path: Path, gold: Path) -> None:
    made = tmp_path / "few.csv"
    made.write_text("clip,emotion\nc0,angry\nc1,happy\n", encoding="utf-8")
    done = invoke(made, "--gold", gold, "--suite", "closed-set", "--no-controls", "--json", "--resamples", 100)
    assert "28 of 30 clips have no prediction: scored as wrong" in done.stderr
    main = json.loads(done.stdout)["suites"][0]["measures"][0]
    assert main["values"]["few"]["value"] == pytest.approx(2 / 30)


def test_a_dry_run_says_what_fits_and_what_is_missing(tmp_path: Path, gold: Path) -> None:
    made = answers(tmp_path / "ours.jsonl", 30)
    done = invoke(made, "--gold", gold, "--dry-run")
    assert done.exit_code == 0
    assert "gold: 30 clips, of which with labels 30, a class 30, a speaker 30" in done.stdout
    assert "would run: ov-mer, mer2025, mer2026, closed-set; with controls" in " ".join(done.stdout.split())
    assert "distribution: no prediction has distribution" in done.stdout
    value = json.loads(invoke(made, "--gold", gold, "--dry-run", "--json").stdout)
    assert value["systems"] == {"ours": {"predictions": 30, "labels": 30, "a class": 30}}
    assert set(value["suites"]) | set(value["left_out"]) == set(SUITES)


def test_systems_in_one_file_are_compared_or_chosen(tmp_path: Path, gold: Path) -> None:
    path = answers(tmp_path / "all.jsonl", 28, system="good")
    answers(path, 12, system="poor")
    words = ("--gold", gold, "--suite", "closed-set", "--resamples", 400, "--json")
    report = json.loads(invoke("compare", path, *words, "--no-controls").stdout)
    assert [one["name"] for one in report["systems"] if one["kind"] == "system"] == ["good", "poor"]
    comparison = report["comparisons"][0]
    assert comparison["ranking"][0] == "good"
    gap = report["suites"][0]["measures"][0]["differences"][0]
    assert (gap["ours"], gap["theirs"]) == ("good", "poor")
    assert gap["p"] == gap["p_holm"] < 0.05  # the only test of a main measure
    alone = json.loads(invoke(path, *words, "--system", "poor", "--name", "mine", "--no-controls").stdout)
    assert [one["name"] for one in alone["systems"]] == ["mine"]
    assert alone["comparisons"] == []


def test_two_files_of_one_name_are_told_apart(tmp_path: Path, gold: Path) -> None:
    for folder, right in (("a", 28), ("b", 10)):
        (tmp_path / folder).mkdir()
        answers(tmp_path / folder / "x.jsonl", right)
    words = ("compare", tmp_path / "a/x.jsonl", tmp_path / "b/x.jsonl", "--gold", gold, "--suite", "closed-set")
    more = ("--no-controls", "--resamples", 100, "--json")
    names = [one["name"] for one in json.loads(invoke(*words, *more).stdout)["systems"]]
    assert names == ["x", f"x ({tmp_path / 'b/x.jsonl'})"]
    named = json.loads(invoke(*words, *more, "--name", "one", "--name", "two").stdout)
    assert [one["name"] for one in named["systems"]] == ["one", "two"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("none.jsonl",), "cannot be read"),
        (("ours.jsonl", "--suite", "no-such"), "no suite is called 'no-such'"),
        (("ours.jsonl", "--suite", "action-units"), "action-units"),
        (("ours.jsonl", "--suite", "closed-set", "--by", "age"), "--by age"),
        (("ours.jsonl", "--judge-url", "http://localhost:1"), "--judge-model"),
        (("ours.jsonl", "--suite", "emer-overlap"), "emer-overlap"),
        (("compare", "ours.jsonl"), "there is one system only"),
        (("compare", "ours.jsonl", "ours.jsonl", "--name", "x"), "--name was given 1 times for 2 files"),
        (("ours.jsonl", "--cues", "none.jsonl"), "none.jsonl: cannot be read"),
        (("ours.jsonl", "--speaker", "who"), "speaker's column 'who'"),
        (("ours.jsonl", "--out", "ours.jsonl", "--suite", "closed-set"), "--out"),
    ],
)
def test_what_cannot_work_is_one_line_and_exit_code_2(
    tmp_path: Path, gold: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], told: str
) -> None:
    answers(tmp_path / "ours.jsonl", 30)
    monkeypatch.chdir(tmp_path)
    done = invoke(*words, "--gold", gold, "--resamples", 100)
    assert done.exit_code == 2, done.output
    assert told in done.stderr
    assert done.stdout == ""


def test_no_clip_in_common_shows_how_both_are_named(tmp_path: Path, gold: Path) -> None:
    made = tmp_path / "other.csv"
    made.write_text("clip,labels\nz9,happy\n", encoding="utf-8")
    done = invoke(made, "--gold", gold)
    assert done.exit_code == 2
    assert "the gold has 'c0' …, the predictions are of 'z9'" in done.stderr


def test_files_in_which_nothing_fits(tmp_path: Path) -> None:
    path = tmp_path / "bare.csv"
    path.write_text("clip\na\n", encoding="utf-8")
    done = invoke(path, "--gold", path)
    assert done.exit_code == 2
    assert "no suite fits these files: ov-mer: no row of the gold has labels" in done.stderr


def test_a_suite_of_ones_own(tmp_path: Path, gold: Path) -> None:
    plug_in = tmp_path / "mine.py"
    plug_in.write_text(
        "from emoreason.eval.measure import mean_measure\n"
        "from emoreason.eval.suite import SuiteResult\n"
        "def answered(samples, settings):\n"
        "    '''Share of clips that were answered.'''\n"
        "    print('this goes to stderr')\n"
        "    found = [float(sample.prediction is not None) for sample in samples]\n"
        "    return SuiteResult(suite='answered', measures=(mean_measure('answered', found),))\n",
        encoding="utf-8",
    )
    made = answers(tmp_path / "ours.jsonl", 30)
    done = invoke(made, "--gold", gold, "--suite", f"{plug_in}:answered", "--json", "--resamples", 100, "--no-controls")
    suite = json.loads(done.stdout)["suites"][0]
    assert (suite["about"], suite["measures"][0]["values"]["ours"]["value"]) == (
        "Share of clips that were answered.",
        1,
    )


def test_the_suites_are_listed_with_what_they_need() -> None:
    done = invoke("suites", "--json")
    assert set(json.loads(done.stdout)) == set(SUITES)
    assert "closed-set" in invoke("suites").stdout


def test_controls_learn_from_training_gold_where_it_is_given(tmp_path: Path, gold: Path) -> None:
    train = tmp_path / "train.csv"
    train.write_text("clip,emotion\nt1,happy\nt2,happy\nt3,angry\nt4\n", encoding="utf-8")
    made = answers(tmp_path / "ours.jsonl", 20)
    words = (made, "--gold", gold, "--suite", "closed-set", "--json", "--resamples", 100)
    report = json.loads(invoke(*words, "--train-gold", train).stdout)
    majority = next(one for one in report["systems"] if one["name"] == "majority")
    assert "made of the training gold" in majority["about"]
    assert [entry["role"] for entry in report["manifest"]["inputs"]] == ["gold", "predictions", "train-gold"]
    own = next(one for one in json.loads(invoke(*words).stdout)["systems"] if one["name"] == "majority")
    assert "the very gold it is scored on" in own["about"]


def test_official_label_files_are_the_gold_of_mer_unibench(tmp_path: Path) -> None:
    labels = tmp_path / "test_sent_emo.csv"
    rows = [f'{n},"hm",Ann,{("anger", "joy")[n % 2]},negative,{n},0' for n in range(4)]
    labels.write_text(
        "\n".join(["Sr No.,Utterance,Speaker,Emotion,Sentiment,Dialogue_ID,Utterance_ID", *rows]) + "\n",
        encoding="utf-8",
    )
    made = tmp_path / "ours.csv"
    said = [f"meld/test_dia{n}_utt0.mp4,{('angry', 'happy')[n % 2]}" for n in range(4)]
    made.write_text("\n".join(["clip,labels", *said]) + "\n", encoding="utf-8")
    done = invoke(made, "--gold", f"meld={labels}", "--json", "--resamples", 100)
    assert done.exit_code == 0, done.output
    suite = json.loads(done.stdout)["suites"][0]
    assert suite["suite"] == "mer-unibench"
    assert suite["measures"][0]["values"]["ours"]["value"] == pytest.approx(1.0)


@pytest.mark.parametrize("verb", ["score", "compare", "suites"])
def test_every_help_has_an_example_and_explains_every_option(verb: str) -> None:
    assert "  emoreason eval" in invoke(verb, "--help").output.partition("Example")[2]


@pytest.mark.parametrize(
    ("words", "found"),
    [("eval c", "plain,compare"), ("eval --dry", "plain,--dry-run"), ("eval x --suite closed", "plain,closed-set")],
)
def test_a_shell_completes_verbs_options_and_suites(run, words: str, found: str) -> None:
    env = {
        "_EMOREASON_COMPLETE": "bash_complete",
        "COMP_WORDS": f"emoreason {words}",
        "COMP_CWORD": str(len(words.split())),
    }
    assert run(env=env).stdout == f"{found}\n"


def test_a_judge_behind_a_url_is_asked_once_and_its_grades_are_reported(tmp_path: Path, run) -> None:
    from upstream import upstream, writes

    def grade(body: dict[str, Any]) -> str:
        case = body["messages"][0]["content"].partition('"case": "')[2][:10]
        return json.dumps({"case": case, "overlap": 7})

    for name in ("gold", "ours"):
        rows = [json.dumps({"clip": str(n), "labels": ["glad"], "text": "She smiles widely."}) for n in range(4)]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(rows) + "\n", encoding="utf-8")
    words = ("eval", "ours.jsonl", "--gold", "gold.jsonl", "--suite", "emer-overlap", "--no-controls", "--json")
    with upstream(lambda _: writes(grade), models=("judge-1",)) as server:
        more = ("--resamples", "100", "--judge-url", server.url, "--judge-model", "judge-1")
        first = run(*words, *more)
        asked = server.chats
        second = run(*words, *more)
        assert server.chats == asked > 0  # the second run asked nothing
    assert first.returncode == 0, first.stderr
    one, two = (json.loads(done.stdout) for done in (first, second))
    assert one["suites"] == two["suites"]
    assert one["manifest"]["settings"]["judge"] == "judge-1"
    assert "grades of a judge" not in [entry["what"] for entry in one["not_measured"]]
