"""``emoreason rewards`` and code of the user's that misbehaves: one line on stderr, exit code 2, a clean stdout."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from emoreason.cli.main import emoreason

ROW = {"text": "<think>A broad smile.</think><answer>happy</answer>", "reference": {"labels": ["joyful"]}}

SOURCE = """
import asyncio
import ctypes
import math
import os
import sys
import time
from emoreason.records import Score

print("noise of the module")
os.write(1, b"noise of the descriptor\\n")
os.system("echo noise of a child")
if os.name == "posix":
    ctypes.CDLL(None).puts(b"noise of C")
constant = 3

def good(completion, reference):
    print("noise of the call")
    sys.__stdout__.write("noise of the first stdout\\n")
    return Score(name="good", value=1 / len(completion.text))

def narrow(completion, reference):
    import numpy as np
    return Score(name="narrow", value=np.float32(0.5), parts={"a": np.int64(2), "b": "text", "c": None})

def number(completion, reference): return 0.5
def word(completion, reference): return Score(name="f", value="good")
def nan(completion, reference): return Score(name="f", value=math.nan)
def infinite(completion, reference): return Score(name="f", value=math.inf)
def thing(completion, reference): return Score(name="f", value=1.0, parts={"a": object()})
def deep(completion, reference): return Score(name="f", value=1.0, parts={"a": math.nan})
def listed(completion, reference): return Score(name="f", value=1.0, parts=[1])
def leaves(completion, reference): sys.exit(0)
def cancelled(completion, reference): raise asyncio.CancelledError

class Arguments:
    def score_many(self): return []

class Constant:
    score_many = 3

class Short:
    def score_many(self, cases): return [Score(name="f", value=1.0)] * (len(cases) + 1)

class Property:
    @property
    def score_many(self): raise RuntimeError("not today")

class Unshown:
    def __repr__(self): raise ValueError
def unshown(completion, reference): return Unshown()

class Leaves:
    def __init__(self): sys.exit(0)

def trl_leaves(completions, **columns): sys.exit(0)
async def trl_leaves_later(completions, **columns): sys.exit(0)
def sleeps(completions, **columns): time.sleep(60)
async def sleeps_later(completions, **columns): time.sleep(60)
def stubborn(completions, **columns):
    while True:
        try:
            time.sleep(60)
        except Exception:
            pass
"""


def _run(*args: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "emoreason", "rewards", *args], capture_output=True, text=True, timeout=50, check=False
    )
    return done.returncode, done.stdout, done.stderr


def _said(err: str) -> list[str]:
    return [line for line in err.splitlines() if not line.startswith("noise")]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


@pytest.fixture
def rows(tmp_path: Path) -> str:
    path = tmp_path / "rows.jsonl"
    path.write_text(f"{json.dumps(ROW)}\n" * 2, encoding="utf-8")
    return str(path)


BOTH = [
    ("number", "returned 0.5 (float); expected an emoreason.records.Score or None"),
    ("word", "value 'good' (str)"),
    ("nan", "value nan (float)"),
    ("infinite", "value inf (float)"),
    ("thing", "the part 'a' (str) = <object"),
    ("deep", "the part 'a' (str) = nan"),
    ("listed", "parts [1] (list)"),
    ("leaves", "ends the program: SystemExit: 0"),
    ("cancelled", "ends the program: CancelledError"),
    ("constant", "is of type int; expected a function"),
    ("Short", "expected a list of"),
    ("Leaves", "cannot be made: SystemExit: 0"),
    ("Arguments", "(cases)"),
    ("Property", "RuntimeError: not today"),
    ("unshown", "returned what cannot be shown (Unshown)"),
    ("Constant", "is of type int; expected a function"),
]
LINT = [
    ("trl_leaves", "cannot be called: it ends the program (SystemExit: 0)"),
    ("trl_leaves_later", "cannot be called: it ends the program (SystemExit: 0)"),
]
SCORE = [("trl_leaves", "takes (completions, **columns); expected (completion, reference)")]


@pytest.mark.parametrize(
    ("verb", "name", "said"),
    [("lint", *case) for case in BOTH + LINT] + [("score", *case) for case in BOTH + SCORE],
)
def test_what_cannot_be_used_is_one_line(own: Path, rows: str, verb: str, name: str, said: str) -> None:
    target = f"{own}:{name}"
    args = [target, "--json"] if verb == "lint" else [rows, "--reward", target]
    result = CliRunner().invoke(emoreason, ["rewards", verb, *args])
    lines = _said(result.stderr)
    assert (result.exit_code, result.stdout, len(lines)) == (2, "", 1), result.stderr
    assert said in lines[0]
    assert target in lines[0]


@pytest.mark.parametrize("name", ["sleeps", "sleeps_later", "stubborn"])
@pytest.mark.skipif(sys.platform == "win32", reason="no alarm signal")
def test_a_reward_that_never_returns(own: Path, name: str) -> None:
    code, out, err = _run("lint", f"{own}:{name}", "--timeout", "1")
    assert (code, out) == (2, "")
    assert [line.endswith("it took longer than 1 s (--timeout)") for line in _said(err)] == [True]


@pytest.mark.parametrize("code", ["0", "5"])
@pytest.mark.parametrize("verb", ["lint", "score"])
def test_a_module_that_ends_the_program(tmp_path: Path, rows: str, verb: str, code: str) -> None:
    path = tmp_path / "leaves.py"
    path.write_text(f"import sys\nsys.exit({code})\n", encoding="utf-8")
    found, out, err = _run(verb, *([f"{path}:f"] if verb == "lint" else [rows, "--reward", f"{path}:f"]))
    assert (found, out) == (2, "")
    assert f"cannot be loaded: SystemExit: {code}" in err


def test_stdout_holds_results_alone(own: Path, rows: str) -> None:
    code, out, err = _run("lint", f"{own}:good", "--json")
    assert code in {0, 1}
    assert json.loads(out)["target"] == f"{own}:good"
    code, out, err = _run("score", rows, "--reward", f"{own}:good")
    assert (code, len([json.loads(line) for line in out.splitlines()])) == (0, 2)
    for noise in ("the module", "the descriptor", "a child", "the call", "the first stdout"):
        assert f"noise of {noise}" in err


def test_numbers_of_numpy_are_written_as_numbers(own: Path, rows: str) -> None:
    result = CliRunner().invoke(emoreason, ["rewards", "score", rows, "--reward", f"{own}:narrow"])
    row = json.loads(result.stdout.splitlines()[0])
    assert (row["scores"], row["parts"]) == (
        {f"{own}:narrow": 0.5},
        {f"{own}:narrow": {"a": 2.0, "b": "text", "c": None}},
    )


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["lint", "."], "no reward is called '.'; there are default, emer"),
        (["lint", "./own:f"], "./own is no module; a file is named path/to/file.py:f"),
        (["score", "ROWS", "--preset", "nosuch"], "there are default, emer, facial-r1, affectgpt-r1, grounded"),
        (["score", "ROWS", "--reward", "judge"], "set EMOREASON_JUDGE_URL"),
    ],
)
def test_wrong_names_are_usage_errors(rows: str, args: list[str], said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EMOREASON_JUDGE_URL", raising=False)
    code, out, err = _run(*[rows if arg == "ROWS" else arg for arg in args])
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert said in err
