"""``bench/learn_loop.py``: the loops differ in what they say, the claim is what it says, and all of it runs."""

import json
import os
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from emoreason.data_synth.draft import Draft, Manner
from emoreason.data_synth.labelled import LabelledClip
from emoreason.data_synth.teacher import teacher

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "bench"))

pytest.importorskip("torch", reason="needs the train extra")

import learn_loop  # noqa: E402 - where it lies is known now
from learning import looping, tables, world  # noqa: E402
from learning.runs import Plan  # noqa: E402

LOOP = looping.Loop(clips=90, rounds=2)


class Rule:
    """Follows the rule of the world for emotions that it knows, and names none of the evidence for the others."""

    def __init__(self, base, adapter, longest):
        self.name = "base" if adapter is None else adapter.name
        #: The base knows three emotions; each adapter one more, up to five.
        known = 3 if adapter is None else min(5, 4 + int(adapter.name.partition("-")[2]))
        self._known = list(world.FACES)[:known]

    def write_each(self, orders):
        for clip, number, manner, _ in orders:
            right = world.right_emotions(clip.cueset)
            knows = set(right) <= set(self._known)
            named = right if knows else [next(one for one in world.FACES if one not in right)]
            text = world._target(random.Random(0), clip.cueset, named, (), world.CLEAN)
            yield clip, number, Draft(number=number, text=text, manner=manner, writer=self.name)


def rows_of(path):
    return {line["id"]: line for line in map(json.loads, path.read_text().splitlines())}


def test_the_loop_learns_what_the_base_alone_does_not(tmp_path, monkeypatch):
    trained = []

    def train(self, rows, folder, steps=-1):
        trained.append((folder.name, len(rows_of(rows))))
        return SimpleNamespace(steps=len(trained))

    monkeypatch.setattr(looping, "BatchWriter", Rule)
    monkeypatch.setattr(looping.Sft, "train", train)
    looped = looping.run_loop(tmp_path / "loop", tmp_path / "base", 0, Plan(), LOOP)
    untaught = looping.run_untaught(tmp_path / "untaught", tmp_path / "base", 0, Plan(), LOOP)
    # The second adapter knew one emotion more than the first, and the third no more than the second.
    assert [one["kept"] for one in looped["ruled"]["rounds"]] == [True, True, False]
    assert [one["kept"] for one in looped["all"]["rounds"]] == [True, True, True]
    first = rows_of(tmp_path / "loop" / looping.FIRST)
    assert len(first) == looped["kept"][0] == trained[0][1]
    assert len(first) < looped["kept"][1]
    assert len(looped["steps"]) == 3
    # The base writes about what it cannot: nothing is added.
    assert untaught["kept"] == [len(first)] * 2
    assert rows_of(tmp_path / "untaught" / looping.LAST) == first


def test_first_drafts_of_the_teacher_are_those_of_the_world(tmp_path):
    loop = replace(LOOP, first="teacher")
    with looping._synthesis(tmp_path / "loop", tmp_path / "base", 3, Plan(), loop) as synthesis:
        finished = synthesis.run().finished
        wrote = {row.id: row.target for row in world.draw_rows("train", 90, 4_003, world.NOISY)}
        assert {name: synthesis.drafts(1).of(name)[0].draft.text for name in synthesis.clips.places} == wrote
    assert 0 < finished.kept < 90
    assert not finished.reasons["leak"]


def test_the_claim_needs_every_seed_and_both_controls():
    def one(low, *seeds):
        return {"value": low, "low": low, "high": low + 0.1, "seeds": list(seeds)}

    def found(wheel, form=0.0):
        measures = {"wheel": wheel, "precision": one(0.1, 0.1, 0.1), "format": one(form, form, form)}
        pairs = {f"{late} - {early}": measures for late, early in learn_loop.CLAIMED.values()}
        return {"differences": dict.fromkeys(tables.MANNERS, pairs)}

    assert all(learn_loop.claim(found(one(0.1, 0.1, 0.2))).values())
    assert not all(learn_loop.claim(found(one(0.1, -0.1, 0.3))).values()), "a seed is worse"
    assert not all(learn_loop.claim(found(one(-0.1, 0.1, 0.2))).values()), "the interval holds 0"
    assert not all(learn_loop.claim(found(one(0.1, 0.1, 0.2), form=-0.03)).values()), "the form suffers"
    assert {what.partition(":")[0] for what in learn_loop.claim(found(one(1, 1)))} == set(learn_loop.CLAIMED)


@pytest.mark.skipif(not os.environ.get("EMOREASON_SOAK"), reason="make soak: a minute, twice")
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_quick_run_goes_to_tables_and_goes_on(tmp_path):
    command = [
        sys.executable, str(ROOT / "bench" / "learn_loop.py"), "--quick", "--seeds", "0", "--out", str(tmp_path),
    ]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    first = json.loads((tmp_path / "learn_loop.json").read_text())
    assert set(first["results"]["0"]["answers"]) == set(learn_loop.STATES)
    assert "Self-improvement: **not shown**" in (tmp_path / "learn_loop.md").read_text(), "nothing is learnt in seconds"
    subprocess.run(command, check=True, capture_output=True, env=environment)
    assert json.loads((tmp_path / "learn_loop.json").read_text()) == first, "nothing was made again"
    in_batches_as_one_by_one(tmp_path / "seed0" / "base", tmp_path / "seed0" / "steps")


def in_batches_as_one_by_one(base, adapter):
    """Greedy drafts in batches are those that the package's teacher writes with the same model, one at a time."""
    from emoreason.reasoning.conversation import Manner as Asking
    from emoreason.reasoning.conversation import Sampling
    from emoreason.reasoning.engines import load_engine

    asking = Asking(sampling=Sampling(max_tokens=30), enforce=False)
    engine = load_engine("transformers", model=str(base), adapter=str(adapter), device="cpu", manner=asking)
    clips = [
        LabelledClip(id=row.id, cueset=row.cueset, reference=row.reference) for row in world.draw_rows("dev", 4, 1)
    ]
    orders = [(clip, 0, Manner(mode="label-blind"), ()) for clip in clips]
    writers = teacher(engine, concurrency=1, plain=True), looping.BatchWriter(base, adapter, 30)
    slow, fast = ({clip.id: draft for clip, _, draft in one.write_each(iter(orders))} for one in writers)
    assert {name: draft.text for name, draft in fast.items()} == {name: draft.text for name, draft in slow.items()}
    assert all(list(fast[name].asked) == list(slow[name].asked) for name in slow)
