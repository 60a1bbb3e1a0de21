"""``bench/learn.py``: its world has the rule it says, its intervals say what they should, and all of it runs."""

import itertools
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from emoreason.prompts.contract import parse_answer
from emoreason.rewards.blend import blend_named
from emoreason.rewards.reward import Case

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "bench"))

from learning import tables, world  # noqa: E402 - where it lies is known now


def evidence_pairs(rows):
    """Pairs of evidence for one emotion that stand in a clip together."""
    found = set()
    for row in rows:
        there = {world.piece_of(cue) for cue in row.cueset.cues if cue.state == "present"}
        for pieces, *_ in world.FACES.values():
            found |= set(itertools.combinations([piece for piece in pieces if piece in there], 2))
    return found


def test_clips_follow_the_rule_and_the_test_shows_pairs_that_were_never_together():
    splits = {split: list(world.draw_rows(split, 300, 1)) for split in world.PAIRS}
    for rows in splits.values():
        for row in rows:
            words = {world.FACES[emotion][1] for emotion in world.right_emotions(row.cueset)}
            assert words == set(row.reference.labels)
    pairs = {split: evidence_pairs(rows) for split, rows in splits.items()}
    assert all(one.isdisjoint(other) for one, other in itertools.combinations(pairs.values(), 2))
    assert {split: len(found) for split, found in pairs.items()} == {"train": 18, "dev": 6, "test": 12}


def test_right_answers_are_paid_and_noisy_ones_are_wrong_as_often_as_said():
    blend = blend_named("grounded")

    def scores(noise):
        rows = list(world.draw_rows("train", 300, 2, noise))
        return blend.score_many([Case.of(row.target, replace(row.reference, cueset=row.cueset)) for row in rows])

    clean, noisy = scores(world.CLEAN), scores(world.NOISY)
    assert min(one.terms["wheel"] for one in clean) == min(one.terms["format"] for one in clean) == 1.0
    assert sum(one.terms["grounding"] for one in clean) / 300 > 0.8
    # Two labels of which one is named are half wrong.
    assert 0.25 < 1 - sum(one.terms["wheel"] for one in noisy) / 300 < 0.5
    assert 0.05 < 1 - sum(one.terms["format"] for one in noisy) / 300 < 0.2
    assert all(parse_answer(row.target).answer for row in world.draw_rows("train", 50, 3))


def results_of(gain, length=40.0, form=1.0):
    """Two seeds; a gain of ``grounded`` on SFT, with the length and form it has."""

    def answers(seed, value, tokens, shape):
        return {
            "answers": [
                {
                    "clip": f"c{clip}",
                    "manner": manner,
                    **dict.fromkeys(tables.MEASURES, value + 0.01 * ((clip * 7 + seed) % 5)),
                    "tokens": tokens,
                    "format": shape,
                    "claims": 2.0,
                }
                for manner in tables.MANNERS
                for clip in range(20)
            ]
        }

    return {
        seed: {"sft": answers(seed, 0.5, 40.0, 1.0), "grounded": answers(seed, 0.5 + gain, length, form)}
        for seed in (0, 1)
    }


@pytest.mark.parametrize(
    ("options", "holds", "failed"),
    [
        ({"gain": 0.2}, True, ()),
        ({"gain": 0.0}, False, ("reward", "rises")),
        ({"gain": 0.2, "length": 44.0}, False, ("grow",)),
        ({"gain": 0.2, "form": 0.9}, False, ("format",)),
    ],
)
def test_the_claim_is_made_only_where_the_intervals_show_it(options, holds, failed):
    found = tables.figures(results_of(**options), resamples=200)
    made = tables.claim(found, "greedy")
    assert made["holds"] is holds
    assert ("**Greedy: GRPO raises" in tables.markdown(found)) is holds
    missed = " ".join(what for what, kept in made["conditions"].items() if not kept)
    assert all(word in missed for word in failed)
    difference = found["differences"]["greedy"]["grounded - sft"]["reward"]
    assert difference["low"] <= difference["value"] <= difference["high"]
    assert difference["value"] == pytest.approx(options["gain"])


@pytest.mark.slow
def test_a_quick_run_goes_from_random_weights_to_tables_and_goes_on(tmp_path):
    pytest.importorskip("trl", reason="pip install 'emoreason[train]'")
    command = [sys.executable, str(ROOT / "bench" / "learn.py"), "--quick", "--seeds", "0", "--out", str(tmp_path)]
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    first = subprocess.run(command, env=env, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert first.returncode == 0, first.stderr[-2000:]
    everything = json.loads((tmp_path / "learn.json").read_text())
    assert set(everything["results"]["0"]) == set(tables.STATES)
    assert len(everything["results"]["0"]["grounded"]["curve"]["reward"]) == 4
    assert "GRPO, `grounded` − SFT" in (tmp_path / "learn.md").read_text()
    assert (tmp_path / "learn.svg").read_text().count("<svg") == 1
    kept = (tmp_path / "seed0" / "grounded-test.json").read_bytes()
    (tmp_path / "seed0" / "wheel-test.json").unlink()
    again = subprocess.run(command, env=env, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert again.returncode == 0, again.stderr[-2000:]
    assert "wheel-test:" in again.stdout
    assert "grounded-run:" not in again.stdout
    assert (tmp_path / "seed0" / "grounded-test.json").read_bytes() == kept
