"""``emoreason rewards lint``: the table, the JSON, the exit codes."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from emoreason.cli.main import emoreason
from emoreason.rewards.lint import COLUMNS
from emoreason.rewards.lint.attacks import ATTACKS


def _lint(*args: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(emoreason, ["rewards", "lint", *args])
    return result.exit_code, result.stdout, result.stderr


def test_the_default_blend_passes_with_a_table() -> None:
    code, out, err = _lint("default")
    assert code == 0
    assert "no attack wins" in err
    assert out.startswith("default: 8 scenes, honest answers 1.100 (contract form); reads labels, form")
    for attack in ATTACKS:
        assert attack.name in out


def test_json_names_every_attack_with_its_score_beside_the_honest_one() -> None:
    code, out, err = _lint("wheel_official", "--json")
    report = json.loads(out)
    assert code == 1
    assert "4 attack(s) win: synonym flood, out-of-vocabulary words" in err
    assert report["columns"] == COLUMNS
    attacks = {row["attack"]: row for row in report["attacks"]}
    flood = attacks["synonym flood"]
    assert (flood["verdict"], flood["score"], flood["honest"]) == ("wins", 1.0, 1.0)
    assert attacks["cue dump"]["verdict"] == "n/a"
    assert all(row["about"] for row in report["attacks"])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("[0.5] * len(completions)", "reads nothing of what is written"),
        ("[None] * len(completions)", "gave None to every honest answer"),
    ],
)
def test_a_reward_that_reads_nothing_is_said_aloud(tmp_path: Path, body: str, said: str) -> None:
    path = tmp_path / "constant.py"
    path.write_text(f"def f(completions, **columns):\n    print('noise')\n    return {body}\n", encoding="utf-8")
    code, out, err = _lint(f"{path}:f", "--json")
    assert code == 1
    assert f"WARNING: {path}:f {said}" in err.replace("\n", " ")
    assert json.loads(out)["reads_nothing"] is True


@pytest.mark.parametrize("target", ["nope", "nope.py:f", "json:nope", "emoreason.rewards.reward:REWARDS"])
def test_what_cannot_be_used_is_a_usage_error_in_one_line(target: str) -> None:
    code, out, err = _lint(target)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1


def test_help_documents_the_columns() -> None:
    _, out, _ = _lint("--help")
    words = " ".join(out.split())
    for column, content in COLUMNS.items():
        assert column in words
        assert content.split("(")[0].strip() in words
