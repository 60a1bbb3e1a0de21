"""Changed clips: nothing but what is meant to change does, and each is a valid record."""

import json
import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from planted_engines import planted_clips

from emoreason.cues.wording import cue_text
from emoreason.eval.probing.trial import prepared
from emoreason.eval.probing.variants import (
    CHANNELS,
    has_channel,
    in_other_words,
    masked,
    reworded,
    shuffled,
    swapped,
    with_action,
    with_sentence,
    without_cues,
)
from emoreason.records import Clip, Cue, CueSet
from emoreason.records.convert import from_json, to_json

CLIPS = planted_clips(12)[0]
clips = st.sampled_from(CLIPS)
channels = st.sampled_from(list(CHANNELS))


def is_valid(cueset: CueSet) -> bool:
    ids = [cue.id for cue in cueset.cues]
    same = from_json(json.loads(json.dumps(to_json(cueset))), CueSet)
    return same.cues == cueset.cues and len(set(ids)) == len(ids)


@given(clips, clips, channels, st.randoms(use_true_random=False))
def test_variants_are_valid_and_change_their_channel_alone(
    clip: CueSet, other: CueSet, channel: str, rng: random.Random
) -> None:
    gone, foreign, mixed = masked(clip, channel), swapped(clip, other, channel), shuffled(clip, rng)
    assert all(is_valid(one) for one in (gone, foreign, mixed, reworded(clip)))
    assert not has_channel(gone, channel)
    assert gone.gaps
    kept = [cue for cue in clip.cues if cue.modality not in CHANNELS[channel]]
    assert list(gone.cues) == kept
    assert [cue for cue in foreign.cues if cue.modality not in CHANNELS[channel]] == kept
    theirs = sorted(cue.code for cue in other.cues if cue.modality in CHANNELS[channel])
    assert sorted(cue.code for cue in foreign.cues if cue.modality in CHANNELS[channel]) == theirs
    assert sorted(mixed.cues, key=lambda cue: cue.id) == sorted(clip.cues, key=lambda cue: cue.id)


@given(clips, st.sampled_from(["AU12", "AU25", "AU4"]), st.booleans())
def test_one_action_is_toggled_and_all_else_stays(clip: CueSet, code: str, present: bool) -> None:
    changed = with_action(clip, code, present=present)
    own = [cue for cue in changed.cues if cue.code == code]
    assert is_valid(changed)
    assert [cue.state for cue in own] == ["present" if present else "absent"]
    assert own[0].subject == "face1"
    assert [cue for cue in changed.cues if cue.code != code] == [cue for cue in clip.cues if cue.code != code]


def test_other_words_say_the_same() -> None:
    smile = Cue(
        id="face1.AU12.1", modality="face", code="AU12", value=3.4, unit="0-5", level="strongly", start_s=1.23,
        end_s=2.4, subject="face1", confidence=0.9,
    )  # fmt: skip
    said = Cue(id="speech.utterance.1", modality="speech", code="utterance", text="A woman is seated.")
    seen = replace(said, id="scene.person.1", modality="scene", code="person")
    clip = CueSet(clip=Clip(id="a"), cues=(smile, said, seen))
    first, second, third = reworded(clip).cues
    assert cue_text(first) == "person1, AU12 lip corner puller: intensity 3.4 of 5, 1.20-2.40 s, certainty 0.90"
    assert second.text == said.text  # words that were spoken are not ours to change
    assert third.text == "A lady is sitting."
    assert len({cue.id for cue in reworded(clip).cues} | {cue.id for cue in clip.cues}) == 6


def test_a_clip_without_faces_or_cues_can_be_changed_too() -> None:
    empty = CueSet(clip=Clip(id="a"))
    toggled = with_action(empty, "AU12", present=True)
    assert [(cue.code, cue.subject, cue.start_s) for cue in toggled.cues] == [("AU12", None, None)]
    again = with_sentence(with_sentence(empty, "One."), "Two.")
    assert len({cue.id for cue in again.cues}) == 2
    assert without_cues(empty, {"nothing"}) == empty
    assert in_other_words("") == ""


def test_times_of_a_swapped_channel_are_stretched_to_the_clip() -> None:
    smile = Cue(id="f.AU12.1", modality="face", code="AU12", start_s=2.0, end_s=4.0, subject="face7")
    short = CueSet(clip=Clip(id="a", duration_s=2.0), cues=(replace(smile, subject="face1", end_s=2.0),))
    found = swapped(short, CueSet(clip=Clip(id="b", duration_s=4.0), cues=(smile,)), "face").cues
    assert [(cue.start_s, cue.end_s, cue.subject) for cue in found] == [(1.0, 2.0, "face1")]


def test_what_a_prompt_never_shows_is_taken_away_before() -> None:
    said = Cue(id="speech.utterance.1", modality="speech", code="utterance", text="Well.")
    label = Cue(id="tool.happy.1", modality="face", code="happy", value=0.9)
    clip = Clip(id="a", path="a.mp4", sha256="0" * 64, transcript="Well.")
    found = prepared(CueSet(clip=clip, cues=(said, label)), media=False)
    assert [cue.id for cue in found.cues] == ["speech.utterance.1"]
    assert (found.clip.path, found.clip.transcript) == (None, None)
    assert prepared(CueSet(clip=clip), media=True).clip == clip
