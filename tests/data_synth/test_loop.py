"""The loop: rows are added while held-out clips get surely better, and taken back where they do not."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from labelled_clips import write_labelled

from emoreason.data_synth.draft import Draft
from emoreason.data_synth.loop import Looping, iterate
from emoreason.data_synth.pipeline import Given, opened
from emoreason.data_synth.settings import Drafting, SynthSettings
from emoreason.data_synth.split import Splitting
from emoreason.data_synth.template.writer import write_template
from emoreason.data_synth.variants import Variants
from emoreason.errors import ConfigError
from emoreason.records import Reference
from emoreason.records.labels import EMOTIONS

CLIPS = 100
SETTINGS = SynthSettings(
    drafting=Drafting(mode="label-blind", retries=0),
    splitting=Splitting(train=2, dev=1, test=0),
    variants=Variants(held_back_rows=0, masked_rows=0, pairs=0),
)


class Knowing:
    """Writes well about clips of emotions that it knows, and names another emotion for the others."""

    def __init__(self, known: tuple[str, ...], name: str = "knowing", asked: list[str] | None = None) -> None:
        self.known, self.name = known, name
        self.asked: list[str] = [] if asked is None else asked

    def write_each(self, orders: Any) -> Iterator[Any]:
        for clip, number, manner, _ in orders:
            self.asked.append(clip.id)
            told = clip.reference.emotion
            if told not in self.known:
                told = "sadness" if told != "sadness" else "happiness"
            shown = replace(clip, reference=Reference(emotion=told))
            yield (
                clip,
                number,
                Draft(number=number, text=write_template(shown, manner), manner=manner, writer=self.name),
            )


class Taught:
    """Training that learns the emotions that rows have, and ``more`` of its own."""

    def __init__(self, learn: Callable[[tuple[str, ...]], tuple[str, ...]]) -> None:
        self.learn = learn
        self.rows: list[int] = []
        self.asked: list[list[str]] = []
        self.parameters = {"model": "none"}

    def __call__(self, rows: Path, folder: Path) -> Any:
        lines = [json.loads(line) for line in rows.read_text().splitlines()]
        learnt = {line["reference"]["emotion"] for line in lines if line["split"] == "train"}
        self.rows.append(len(lines))
        self.asked.append([])
        asked = self.asked[-1]
        known = self.learn(tuple(name for name in EMOTIONS if name in learnt))
        return lambda memory: Knowing(known, f"knowing {folder.name}", asked)


def loop(folder: Path, train: Taught, known: tuple[str, ...] = EMOTIONS[:3], **more: Any) -> Any:
    if not (folder / "clips.jsonl").exists():
        write_labelled(folder / "clips.jsonl", CLIPS)
    given = Given(sources=[folder / "clips.jsonl"], writer=lambda memory: Knowing(known))
    settings = more.pop("settings", SETTINGS)
    with opened(given, folder / "out", settings) as synthesis:
        first = synthesis.run()
        return first, iterate(synthesis, first.finished, train, Looping(**more))


def one_more(known: tuple[str, ...]) -> tuple[str, ...]:
    return EMOTIONS[: min(len(known) + 2, len(EMOTIONS))]


def test_rows_grow_while_each_model_is_surely_better(tmp_path):
    train = Taught(one_more)
    first, looped = loop(tmp_path, train, rounds=2, drafts=2)
    assert [one.kept for one in looped.rounds] == [True, True, False]
    assert looped.rounds[1].gain.low > 0
    assert train.rows == sorted(train.rows)
    # The third model knew no more than the second: what it was taught in addition is taken back.
    assert "did not surely help" in looped.ended
    assert first.finished.rows < looped.finished.rows == train.rows[1]
    outputs = tmp_path / "out" / ".emoreason" / "outputs"
    lines = [json.loads(line) for line in (outputs / "rows.jsonl").read_text().splitlines()]
    assert len(lines) == looped.finished.rows
    assert len({line["id"] for line in lines}) == len(lines)
    assert {line["origin"]["writer"] for line in lines} == {"knowing", "knowing adapter-0"}
    told = json.loads((outputs / "loop.json").read_text())
    assert [one["kept"] for one in told["rounds"]] == [True, True, False]


def test_held_out_clips_are_answered_and_never_written_about_again(tmp_path):
    train = Taught(one_more)
    first, looped = loop(tmp_path, train, rounds=1, drafts=3)
    splits = first.finished.splits.of
    held_out = {name for name, split in splits.items() if split == "dev"}
    for asked in train.asked:
        assert all(asked.count(name) == 1 for name in held_out)
    again = [name for name in train.asked[0] if name not in held_out]
    assert {splits[name] for name in again} == {"train"}
    assert len(again) == 3 * looped.rounds[0].rewritten
    assert 0 < looped.rounds[0].added <= looped.rounds[0].rewritten


def test_each_round_draws_with_seeds_of_its_own(tmp_path):
    train = Taught(one_more)
    loop(tmp_path, train, rounds=2, drafts=2)
    lines = [
        [json.loads(line) for line in (tmp_path / "out" / ".emoreason" / f"round-{number}" / "checked.jsonl").open()]
        for number in (1, 2)
    ]
    seeds = [
        {(line["clip"], one["draft"]["manner"]["seed"]) for line in each for one in line["checked"]} for each in lines
    ]
    again = {clip for clip, _ in seeds[0]} & {clip for clip, _ in seeds[1]}
    assert again, "some clips were written about in both"
    assert seeds[0].isdisjoint(seeds[1])


def test_rows_that_do_not_help_are_taken_back(tmp_path):
    train = Taught(lambda known: EMOTIONS[: 5 if len(known) < 4 else 2])
    first, looped = loop(tmp_path, train, rounds=3, drafts=1)
    assert [one.kept for one in looped.rounds] == [True, False]
    assert looped.rounds[1].gain.high < 0
    assert looped.finished == first.finished


def test_it_ends_where_nothing_new_passes(tmp_path):
    train = Taught(lambda known: known)
    first, looped = loop(tmp_path, train, rounds=3, drafts=1)
    assert looped.ended == "round 1 wrote nothing that passed the checks"
    assert (len(looped.rounds), looped.rounds[0].added) == (1, 0)
    assert looped.finished == first.finished


def test_the_same_again_asks_nobody_and_comes_to_the_same(tmp_path):
    _, before = loop(tmp_path, Taught(one_more), rounds=2, drafts=2)
    train = Taught(one_more)
    _, after = loop(tmp_path, train, rounds=2, drafts=2)
    assert not any(train.asked)
    assert after == before


def test_too_few_held_out_clips_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"0 clips are held out \(split dev\), too few"):
        loop(tmp_path, Taught(one_more), settings=replace(SETTINGS, splitting=Splitting(dev=0, test=0)))
