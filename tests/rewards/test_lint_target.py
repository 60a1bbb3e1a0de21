"""Targets of lint: what is loaded, and how a user's function is called."""

from pathlib import Path

import pytest

from emoreason.errors import ConfigError
from emoreason.rewards.lint import COLUMNS, load_target
from emoreason.rewards.lint.scenes import scenes

SOURCE = """
import json
import numpy as np
from emoreason.rewards.blend import Blend, Term

seen = {}

def text(completions, prompts, **columns):
    seen.update(columns, prompts=prompts)
    return [1.0 if isinstance(one, str) else 0.0 for one in completions]

def chat(completions, prompts, **columns):
    return [float(one[-1]["content"].endswith("}")) + float(ask[0]["role"] == "system")
            for one, ask in zip(completions, prompts)]

async def later(completions, **columns):
    return [0.25] * len(completions)

def narrow(completions, gold_labels):
    return [float(len(labels)) for labels in gold_labels]

def array(completions, **columns):
    return np.array([np.nan] * len(completions))

class Ready:
    def __call__(self, completions, **columns):
        return [2] * len(completions)

class NotReady:
    def __init__(self, path):
        self.path = path

def ours(completion, reference):
    return None

blend = Blend("mine", (Term(reward="format", weight=2.0),))

def asks(completions, answer): return [0.0] * len(completions)
def raises(completions, **columns): raise ZeroDivisionError("half way")
def short(completions, **columns): return [1.0]
def words(completions, **columns): return ["good"] * len(completions)
def infinite(completions, **columns): return [float("inf")] * len(completions)
def single(completions, **columns): return 1.0
number = 3
"""

TEXTS = [scene.honest.write("contract") for scene in scenes()]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "own_reward.py"
    path.write_text(SOURCE, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "scores"),
    [
        ("text", [1.0] * 8),
        ("chat", [2.0] * 8),
        ("later", [0.25] * 8),
        ("narrow", [float(len(scene.reference.labels or ())) for scene in scenes()]),
        ("array", [None] * 8),
        ("Ready", [2.0] * 8),
        ("ours", [None] * 8),
        ("blend", [2.0] * 8),
    ],
)
def test_functions_are_called_as_they_want_to_be(own: Path, name: str, scores: list[float | None]) -> None:
    assert load_target(f"{own}:{name}").score(TEXTS, scenes()) == scores


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("asks", "asks for the column 'answer', which the battery does not pass; it passes prompts,"),
        ("raises", "cannot be called: ZeroDivisionError: half way"),
        ("short", "returned 1 scores for 8 completions"),
        ("words", r"returned 'good' \(str\); expected a number or None"),
        ("infinite", "returned inf"),
        ("single", "returned 1.0 .* expected a list of 8"),
        ("number", "is of type int; expected a function"),
        ("NotReady", "cannot be made: TypeError"),
        ("missing", "has no missing"),
    ],
)
def test_what_cannot_be_used_is_said_in_one_line(own: Path, name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        load_target(f"{own}:{name}").score(TEXTS, scenes())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["nope", "no.such.module", "no_such_file.py:f", "emoreason.rewards.adapters.trl.nope"])
def test_there_is_no_such_target(name: str) -> None:
    with pytest.raises(ConfigError):
        load_target(name)


def test_dotted_paths_are_those_of_trl() -> None:
    wheel = load_target("emoreason.rewards.adapters.trl.wheel")
    assert wheel.score(TEXTS, scenes()) == load_target("wheel").score(TEXTS, scenes())


def test_the_documented_columns_are_passed() -> None:
    assert set(scenes()[0].columns()) == set(COLUMNS)
