"""Splits: nothing stands in two of them, shares and classes come out as wanted, and planted leaks are found."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoreason.data_synth.labelled import LabelledClip
from emoreason.data_synth.split import Splitting, split_clips, with_split
from emoreason.data_synth.split_check import check_split
from emoreason.errors import ConfigError
from emoreason.records import Clip, Cue, CueSet, Reference, TrainingRow
from emoreason.training.rows.checks import MESSAGES
from emoreason.training.rows.findings import Collector
from emoreason.training.rows.overlaps import check_overlaps

CLASSES = ("anger", "fear", "happiness", "neutral")


def _clip(number: int, *, group: str | None = None, source: str = "A", words: str = "", **clip: str) -> LabelledClip:
    cue = Cue(id="voice.f0_mean.1", modality="voice", code="f0_mean", value=float(number), unit="Hz")
    return LabelledClip(
        id=f"{source}/{number}",
        cueset=CueSet(clip=Clip(id=f"{number}", transcript=words or f"clip {number}", **clip), cues=(cue,)),
        reference=Reference(emotion=CLASSES[number % 4]),
        group=group,
        source=source,
    )


def _row(clip: LabelledClip) -> TrainingRow:
    return TrainingRow(id=f"{clip.id}#0", cueset=clip.cueset, reference=clip.reference, group=clip.group)


FEW = st.one_of(st.none(), st.integers(0, 9).map(str))
SAME_WORDS = st.one_of(
    st.just(""), st.integers(0, 3).map(lambda n: f"words enough to tell one clip from others {n} a b c")
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(FEW, FEW, SAME_WORDS), min_size=1, max_size=40), st.integers(0, 3))
def test_training_finds_no_row_of_one_split_in_another(kinds, seed):
    clips = [
        replace(
            _clip(0 if words else n, group=group, words=words, **({"path": f"/{path}.mp4"} if path else {})), id=f"{n}"
        )
        for n, (group, path, words) in enumerate(kinds)
    ]
    splits = split_clips(clips, Splitting(seed=seed, train=0.5, dev=0.25, test=0.25))
    rows = [with_split(_row(clip), splits, clip.id) for clip in clips]
    assert set(splits.of) == {clip.id for clip in clips}
    assert not check_split(rows).errors
    for one, other in (("train", "dev"), ("train", "test"), ("dev", "test")):
        found = Collector(MESSAGES)
        check_overlaps([r for r in rows if r.split == one], [r for r in rows if r.split == other], found)
        assert not found.findings().errors


def test_shares_and_classes_come_out_as_wanted_where_speakers_allow_it():
    clips = [_clip(n, group=f"speaker {n // 7}", source="AB"[n % 2]) for n in range(700)]
    counts = split_clips(clips).to_dict()
    for name, share in (("train", 0.8), ("dev", 0.1), ("test", 0.1)):
        assert counts["clips"][name] == pytest.approx(700 * share, abs=10)
        for emotion in CLASSES:
            assert counts["classes"][name][emotion] == pytest.approx(175 * share, abs=5)
    assert not counts["remarks"]


def test_the_same_seed_splits_the_same_and_another_one_differently():
    clips = [_clip(n) for n in range(100)]
    first, again, other = (split_clips(clips, Splitting(seed=seed)).of for seed in (0, 0, 1))
    assert first == again
    assert first != other
    assert Counter(first.values()) == Counter(other.values())


def test_whole_data_sets_stay_together_if_so_wanted_and_what_that_does_is_said():
    clips = [_clip(n, source="AB"[n % 2]) for n in range(40)]
    splits = split_clips(clips, Splitting(by="source", train=0.8, dev=0.0, test=0.2))
    assert {clip_id[0]: name for clip_id, name in splits.of.items()}.keys() == {"A", "B"}
    assert len({(clip_id[0], name) for clip_id, name in splits.of.items()}) == 2
    assert "the largest set that stays together has 20 clips" in splits.remarks[0]


def test_planted_leaks_are_found_between_any_two_splits():
    first, second, third = (_row(_clip(n, group=f"{n}")) for n in range(3))
    rows = [replace(first, split="train"), replace(second, split="dev"), replace(third, split="test")]
    assert not check_split(rows).errors
    same_group = [*rows[:2], replace(rows[2], group="1")]
    assert [one.code for one in check_split(same_group).errors] == ["group_in_both"]
    twice = [*rows, replace(rows[2], group=None, split="train", id="other")]
    assert "clip_in_both" in [one.code for one in check_split(twice).errors]
    assert [one.code for one in check_split([*rows, rows[0]]).errors] == ["repeated_id"]


def test_shares_below_nothing_are_refused():
    with pytest.raises(ConfigError, match=r"shares of the splits are train 0.5, dev -0.1, test 0.1"):
        Splitting(train=0.5, dev=-0.1)
