"""New clips move none of those that were split before; what cannot stay apart is told; what is kept may be torn."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from labelled_clips import labelled, write_labelled

from emoreason.data_synth.labelled import LabelledClip
from emoreason.data_synth.pipeline import Given, Summary, synthesise
from emoreason.data_synth.placed import keep_placed, read_placed
from emoreason.data_synth.settings import Drafting, SynthSettings
from emoreason.data_synth.split import Split, Splitting, split_clips
from emoreason.data_synth.template.writer import TemplateWriter
from emoreason.errors import ConfigError
from emoreason.records import Clip, CueSet, Reference

HALVES = Splitting(train=0.5, dev=0.25, test=0.25)
SETTINGS = SynthSettings(drafting=Drafting(styles=("direct",)), splitting=HALVES, exports=())
LIGHT = replace(SETTINGS, variants=replace(SETTINGS.variants, pairs=0.0))


def clip(name: str, group: str | None = None, path: str | None = None) -> LabelledClip:
    cueset = CueSet(clip=Clip(id=name, path=path))
    return LabelledClip(id=name, cueset=cueset, reference=Reference(emotion="fear"), group=group)


def make(folder: Path, wanted: SynthSettings = LIGHT, *, fresh: bool = False) -> Summary:
    material = Given(sources=[folder / "clips.jsonl"], writer=lambda memory: TemplateWriter())
    return synthesise(material, folder / "out", wanted, fresh=fresh)


def splits_of(summary: Summary) -> dict[str, Split]:
    return dict(summary.finished.splits.of)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=30), st.integers(0, 30))
def test_more_clips_move_none_and_follow_those_they_belong_to(groups, first):
    clips = [clip(f"{n}", f"group {group}") for n, group in enumerate(groups)]
    before = split_clips(clips[:first], HALVES)
    after = split_clips(clips, replace(HALVES, placed=before.of))
    assert {name: after.of[name] for name in before.of} == before.of
    assert len({(one.group, after.of[one.id]) for one in clips}) == len(set(groups))
    assert not any("stand in several splits" in remark for remark in after.remarks)
    assert split_clips(clips, replace(HALVES, placed=after.of)).of == after.of


def test_more_clips_still_come_near_the_shares():
    clips = [clip(f"{n}") for n in range(400)]
    before = split_clips(clips[:100])
    after = split_clips(clips, Splitting(placed=before.of))
    assert after.to_dict()["clips"] == {"train": 320, "dev": 40, "test": 40}


def test_a_new_clip_that_ties_two_splits_together_is_told_and_moves_neither():
    placed: dict[str, Split] = {"a": "train", "b": "test", "c": "test"}
    clips = [clip("a", "anna"), clip("b", "ben", path="/1.mp4"), clip("c", "cleo"), clip("new", "anna", path="/1.mp4")]
    splits = split_clips(clips, Splitting(placed=placed))
    assert {name: splits.of[name] for name in placed} == placed
    assert splits.of["new"] == "train"
    (said,) = (remark for remark in splits.remarks if "several splits" in remark)
    assert said.startswith("the new clip 'new' ties clips together that stand in several splits: they stay there")
    (said,) = (one for one in split_clips(clips, Splitting(placed=splits.of)).remarks if "apart" in one)
    assert "belong together and stand apart" in said


def test_a_folder_keeps_its_splits_when_clips_are_added_and_taken_out_again(tmp_path):
    few, many = 12, 40
    write_labelled(tmp_path / "clips.jsonl", few)
    first = splits_of(make(tmp_path))
    rows = (tmp_path / "out/rows.jsonl").read_bytes()
    assert splits_of(make(tmp_path)) == first
    assert (tmp_path / "out/rows.jsonl").read_bytes() == rows
    write_labelled(tmp_path / "clips.jsonl", many)
    grown = splits_of(make(tmp_path))
    assert {name: grown[name] for name in first} == first
    assert grown != splits_of_fresh(many)  # else this would have shown nothing
    write_labelled(tmp_path / "clips.jsonl", few)
    assert splits_of(make(tmp_path)) == first
    assert (tmp_path / "out/rows.jsonl").read_bytes() == rows
    write_labelled(tmp_path / "clips.jsonl", many)
    assert splits_of(make(tmp_path)) == grown
    assert splits_of(make(tmp_path, fresh=True)) == splits_of_fresh(many)
    assert "placed" not in json.dumps(json.loads((tmp_path / "out/synthesis.json").read_text())["settings"])


def splits_of_fresh(number: int) -> dict[str, Split]:
    return dict(split_clips(labelled(number), HALVES).of)


def test_other_shares_split_all_anew(tmp_path):
    write_labelled(tmp_path / "clips.jsonl", 20)
    make(tmp_path)
    other = Splitting(train=0.5, dev=0.0, test=0.5, seed=3)
    assert splits_of(make(tmp_path, replace(LIGHT, splitting=other))) == split_clips(labelled(20), other).of


def test_a_new_clip_that_ties_two_splits_is_found_by_the_checks_of_training(tmp_path):
    ids = write_labelled(tmp_path / "clips.jsonl", 12)
    lines = [json.loads(line) for line in (tmp_path / "clips.jsonl").read_text().splitlines()]
    for line in lines:
        line["cueset"]["clip"]["path"] = f"/{line['id']}.mp4"
    (tmp_path / "clips.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    placed = splits_of(make(tmp_path))
    train, test = (next(ids.index(name) for name in ids if placed[name] == split) for split in ("train", "test"))
    # The file is that of a clip of train, the person one of test.
    tying = {**lines[train], "id": "tying", "group": lines[test]["group"]}
    (tmp_path / "clips.jsonl").write_text("".join(json.dumps(line) + "\n" for line in [*lines, tying]))
    summary = make(tmp_path)
    assert {name: splits_of(summary)[name] for name in placed} == placed
    assert any("'tying' ties clips together" in remark for remark in summary.finished.splits.remarks)
    assert summary.made is not None
    assert [one["code"] for one in summary.made.findings["errors"]] == ["group_in_both"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": 1}', '{"format": "emoreason-splits/1", "clips": {"mine": []}}', "\x00"]
)
def test_a_torn_or_foreign_file_is_refused_in_one_line(tmp_path, text):
    path = tmp_path / "splits.json"
    path.write_text(text)
    with pytest.raises(ConfigError, match=r"splits\.json: cannot be read \(.*\); expected where .* --fresh") as raised:
        read_placed(path, HALVES)
    assert "\n" not in str(raised.value)
    with pytest.raises(ConfigError):
        keep_placed(path, HALVES, {"a": "train"})
    assert path.read_text() == text


def test_ids_of_any_kind_are_kept_and_clips_that_are_gone_stay_known(tmp_path):
    path = tmp_path / "splits.json"
    assert read_placed(path, HALVES) == {}
    keep_placed(path, HALVES, {"ä/\ud800\n": "dev", "b": "test"})
    keep_placed(path, HALVES, {"c": "train"})
    assert read_placed(path, HALVES) == {"ä/\ud800\n": "dev", "b": "test", "c": "train"}
    assert read_placed(path, replace(HALVES, seed=1)) == {}
