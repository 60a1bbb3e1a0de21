"""``emoreason rewards score``: rows, the summary, rows that cannot be read."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from emoreason.cli.main import emoreason

GOOD: dict[str, Any] = {
    "text": "<think>A broad smile.</think><answer>happy</answer>",
    "reference": {"labels": ["joyful"]},
}
WRONG: dict[str, Any] = {
    "id": "b",
    "completion": [{"role": "assistant", "content": "<think>There are some tears.</think><answer>sad</answer>"}],
    "reference": json.dumps({"labels": ["joyful"], "emotion": "happiness"}),
}


def _score(*args: str, text: str | None = None) -> Result:
    return CliRunner().invoke(emoreason, ["rewards", "score", *args], input=text)


def _written(path: Path, *rows: object) -> str:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def test_rows_go_to_stdout_and_means_to_stderr(tmp_path: Path) -> None:
    file = _written(tmp_path / "rows.jsonl", GOOD, "", WRONG)
    result = _score(file)
    assert result.exit_code == 0
    first, second = map(json.loads, result.stdout.splitlines())
    assert (first["id"], first["scores"]) == (f"{file}:1", {"default": 1.1})
    assert (second["id"], second["scores"]["default"]) == ("b", pytest.approx(0.1))
    assert first["parts"]["default"]["wheel"] == 1.0
    assert "default.wheel: mean 0.5000 of 2 rows, 0 not applicable" in result.stderr
    assert "2 of 2 rows scored" in result.stderr


def test_rewards_and_a_preset_together_and_what_does_not_apply(tmp_path: Path) -> None:
    out = tmp_path / "new" / "scores.jsonl"
    result = _score(
        _written(tmp_path / "rows.jsonl", GOOD, WRONG), "--reward", "wheel", "--reward", "label", "--preset", "emer",
        "--out", str(out), "--json",
    )  # fmt: skip
    assert result.exit_code == 0
    summary = json.loads(result.stdout)
    assert summary["n_rows"] == 2
    assert summary["scores"]["wheel"] == {"mean": 0.5, "n_scored": 2, "n_not_applicable": 0}
    assert summary["scores"]["label"]["n_not_applicable"] == summary["scores"]["emer.label"]["n_not_applicable"] == 1
    assert [set(json.loads(line)["scores"]) for line in out.read_text("utf-8").splitlines()] == [
        {"emer", "wheel", "label"}
    ] * 2


def test_a_bad_row_is_named_and_loses_nothing(tmp_path: Path) -> None:
    bad = ["{oops", "[1]", {"text": 3, "reference": {}}, {"text": "x"}, {"text": "x", "reference": "{"}]
    bad += [{"text": "x", "reference": {"labels": "happy"}}]
    file = _written(tmp_path / "rows.jsonl", GOOD, *bad, WRONG)
    out = tmp_path / "scores.jsonl"
    result = _score(file, "--out", str(out))
    assert result.exit_code == 1
    assert len(out.read_text("utf-8").splitlines()) == 2
    complaints = [line for line in result.stderr.splitlines() if "error: " in line]
    assert [f"error: {file}:{n}: " in line for n, line in enumerate(complaints, start=2)] == [True] * 6
    assert "2 of 8 rows scored" in result.stderr
    assert "default.wheel" in result.stdout


def test_a_reward_that_raises_on_one_row_loses_that_row_alone(tmp_path: Path) -> None:
    own = tmp_path / "own.py"
    own.write_text(
        "from emoreason.records import Score\n"
        "def f(completion, reference):\n"
        "    print('noise')\n"
        "    return Score(name='f', value=1 / ('sad' not in completion.text))\n",
        encoding="utf-8",
    )
    result = _score(_written(tmp_path / "rows.jsonl", GOOD, WRONG, GOOD), "--reward", f"{own}:f")
    assert result.exit_code == 1
    assert [json.loads(line)["scores"] for line in result.stdout.splitlines()] == [{f"{own}:f": 1.0}] * 2
    assert "rows.jsonl:2: cannot be scored: ZeroDivisionError" in result.stderr


def test_stdin_is_read_and_nothing_scored_is_its_own_exit_code() -> None:
    assert json.loads(_score("-", text=json.dumps(GOOD)).stdout)["id"] == "-:1"
    assert _score("-", text="{oops").exit_code == 3


def test_many_rows_keep_their_order(tmp_path: Path) -> None:
    rows = [{**GOOD, "id": number} for number in range(150)]
    result = _score(_written(tmp_path / "rows.jsonl", *rows))
    assert [json.loads(line)["id"] for line in result.stdout.splitlines()] == list(range(150))


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--reward", "nope"], "no reward is called 'nope'"),
        (["--preset", "nope"], "no blend is called 'nope'"),
        (["--json"], "--out"),
        (["--out", "FILE"], "is being read"),
        (["--out", "."], "is a folder"),
    ],
)
def test_usage_errors(tmp_path: Path, args: list[str], said: str) -> None:
    file = _written(tmp_path / "rows.jsonl", GOOD)
    result = _score(file, *[file if arg == "FILE" else arg for arg in args])
    assert result.exit_code == 2
    assert said in result.stderr
    assert (tmp_path / "rows.jsonl").read_text("utf-8") == json.dumps(GOOD) + "\n"


def test_there_is_no_such_file() -> None:
    result = _score("nowhere.jsonl")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "nowhere.jsonl: cannot be read" in result.stderr


def test_an_earlier_file_is_kept_when_nothing_was_scored(tmp_path: Path) -> None:
    out = tmp_path / "scores.jsonl"
    out.write_text("earlier\n", encoding="utf-8")
    assert _score(_written(tmp_path / "rows.jsonl", "{oops"), "--out", str(out)).exit_code == 3
    assert out.read_text("utf-8") == "earlier\n"
