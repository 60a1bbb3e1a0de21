"""Verdicts of claims that were read right: states, intensity, direction, side, person, time, numbers, citations."""

from dataclasses import replace
from typing import Any

import pytest

from emoreason.records import Clip, Cue, CueSet, Gap
from emoreason.rewards.grounding.assertion import Assertion
from emoreason.rewards.grounding.checking import check
from emoreason.rewards.grounding.cue_index import index_of

YES, NO, OPEN = "supported", "contradicted", "unverifiable"

FACE = CueSet(
    clip=Clip(id="c.mp4", duration_s=9.0),
    cues=(
        Cue(id="face1.AU12.1", modality="face", code="AU12", level="strongly", value=3.4, unit="0-5", start_s=1.0,
            end_s=2.0, subject="face1"),
        Cue(id="face1.AU12.2", modality="face", code="AU12", level="slightly", value=0.6, unit="0-5", start_s=4.0,
            end_s=5.0, subject="face1"),
        Cue(id="face1.AU1.1", modality="face", code="AU1", value=1.2, unit="0-5", start_s=1.0, end_s=2.0,
            subject="face1"),
        Cue(id="face1.AU2.1", modality="face", code="AU2", state="absent", start_s=0.0, end_s=9.0, subject="face1"),
        Cue(id="face1.AU4.1", modality="face", code="AU4", state="absent", start_s=0.0, end_s=9.0, subject="face1",
            marks=("low_confidence",)),
        Cue(id="face1.AU6.1", modality="face", code="AU6", side="left", start_s=1.0, end_s=2.0, subject="face1"),
        Cue(id="face1.AU10.1", modality="face", code="AU10", state="unknown", start_s=0.0, end_s=9.0, subject="face1"),
        Cue(id="face1.AU15.1", modality="face", code="AU15", start_s=0.0, end_s=9.0, subject="face1",
            marks=("presence_only",)),
        Cue(id="face1.AU20.1", modality="face", code="AU20", subject="face1"),
        Cue(id="face1.AU45.1", modality="face", code="AU45", start_s=0.5, end_s=0.7, subject="face1"),
        Cue(id="face1.AU45.2", modality="face", code="AU45", start_s=6.5, end_s=6.7, subject="face1"),
        Cue(id="face1.yaw.left.7", modality="head", code="yaw", direction="left", value=22.0, unit="deg", start_s=3.0,
            end_s=4.0, subject="face1"),
        Cue(id="face1.gaze.yaw.left.7", modality="gaze", code="yaw", direction="left", start_s=3.0, end_s=4.0,
            subject="face1"),
        Cue(id="face2.AU12.1", modality="face", code="AU12", state="absent", start_s=0.0, end_s=9.0, subject="face2"),
        Cue(id="face2.AU4.1", modality="face", code="AU4", start_s=3.0, end_s=4.0, subject="face2"),
    ),
    gaps=(Gap(modality="face", reason="occluded", start_s=7.0, end_s=9.0, subject="face1"),),
)  # fmt: skip
VOICE = CueSet(
    clip=Clip(id="v.mp4", duration_s=6.0),
    cues=(
        Cue(id="voice.f0_mean.1", modality="voice", code="f0_mean", value=225.4, unit="Hz", level="high",
            marks=("pooled_norm",), start_s=1.0, end_s=5.0),
        Cue(id="voice.f0_mean.2", modality="voice", code="f0_mean", value=180.0, unit="Hz", level="normal",
            start_s=1.0, end_s=2.0),
        Cue(id="voice.loudness.1", modality="voice", code="loudness", value=-21.0, unit="dB", start_s=1.0, end_s=5.0),
        Cue(id="voice.loudness.2", modality="voice", code="loudness", value=-16.0, unit="dB", direction="higher",
            start_s=4.0, end_s=5.0),
        Cue(id="voice.f0_contour.1", modality="voice", code="f0_contour", direction="rising_falling", start_s=1.0,
            end_s=5.0),
        Cue(id="voice.f0_slope.1", modality="voice", code="f0_slope", value=-7.4, unit="semitones/s"),
        Cue(id="voice.speech_rate.1", modality="voice", code="speech_rate", unit="syll/s", level="very_high"),
        Cue(id="voice.pause.1", modality="voice", code="pause", value=0.35, unit="s", start_s=2.0, end_s=2.35),
        Cue(id="scene.n_faces.1", modality="scene", code="n_faces", value=2.0, unit="count", start_s=0.0, end_s=6.0),
        Cue(id="scene.brightness.1", modality="scene", code="brightness", value=0.1, unit="0-1", level="low"),
    ),
)  # fmt: skip


def ruling(cueset: CueSet, code: str | tuple[str, ...], modality: str | None = "face", **told: Any) -> str:
    codes = (code,) if isinstance(code, str) else code
    said = Assertion(sentence="s", clause="c", modality=modality, codes=codes, **told)
    return check(said, index_of(cueset)).verdict


@pytest.mark.parametrize(
    ("code", "told", "expected"),
    [
        ("AU12", {}, YES),
        ("AU12", {"level": 4}, YES),
        ("AU12", {"level": 5}, YES),
        ("AU12", {"level": 1}, YES),  # the second smile is slight
        ("AU1", {"level": 5}, NO),  # 1.2 of 5 is moderate
        ("AU1", {"level": 2}, YES),
        ("AU20", {"level": 2}, OPEN),
        ("AU15", {"level": 4}, OPEN),
        ("AU15", {}, YES),
        ("AU4", {"subject": "face1"}, NO),
        ("AU4", {}, YES),  # nobody is named, and face2 frowns
        ("AU10", {}, OPEN),
        ("AU17", {}, OPEN),
        ("AU6", {"side": "left"}, YES),
        ("AU6", {"side": "right"}, NO),
        ("AU12", {"side": "left"}, OPEN),
        ("AU12", {"value": 3.5, "unit": "0-5"}, YES),
        ("AU12", {"value": 5.0, "unit": "0-5"}, NO),
        ("AU45", {"value": 2.0, "unit": "times"}, YES),
        ("AU45", {"value": 5.0, "unit": "times"}, NO),
        ("AU12", {"value": 1.2, "unit": "s"}, YES),
        ("AU12", {"subject": "face2"}, NO),
        ("AU15", {"subject": "face2"}, OPEN),
        ("AU12", {"start_s": 1.2, "end_s": 1.8}, YES),
        ("AU12", {"start_s": 2.4, "end_s": 2.4}, YES),  # within half a second
        ("AU12", {"start_s": 2.7, "end_s": 3.2}, NO),
        ("AU12", {"start_s": 2.7}, YES),
        ("AU12", {"end_s": 0.2}, NO),
        ("AU12", {"start_s": 7.5, "end_s": 8.0}, OPEN),  # hidden then
        ("AU20", {"start_s": 1.0, "end_s": 2.0}, OPEN),  # no span
        ("AU15", {"start_s": 1.0, "end_s": 2.0}, OPEN),  # its span claims nothing
        ("AU4", {"start_s": 7.5, "end_s": 8.0, "subject": "face1"}, OPEN),
        ("AU12", {"part": "beginning"}, YES),
        ("AU1", {"part": "second_half"}, NO),
        ("AU12", {"level": 4, "part": "middle"}, NO),
        (("AU1", "AU2"), {}, YES),
        (("AU2", "AU10"), {}, OPEN),  # one was not seen well: it may be that one
        (("AU2", "AU16"), {}, NO),
        (("AU16", "AU18"), {}, OPEN),
        ("12", {}, YES),
        ("AU06_r", {}, YES),
    ],
)
def test_faces(code: str | tuple[str, ...], told: dict[str, Any], expected: str) -> None:
    flipped = {YES: NO, NO: YES, OPEN: OPEN}[expected]
    assert ruling(FACE, code, **told) == expected
    assert ruling(FACE, code, negated=True, **told) == flipped


@pytest.mark.parametrize(
    ("modality", "code", "told", "expected"),
    [
        ("head", "yaw", {"direction": "left"}, YES),
        ("head", "yaw", {"direction": "right"}, NO),
        ("face", "AU51", {}, YES),
        ("face", "AU52", {}, NO),
        ("head", "yaw", {"level": 2}, YES),
        ("head", "nod", {}, OPEN),
        ("gaze", "away", {"direction": "away"}, YES),
        ("gaze", "gaze", {"direction": "toward"}, NO),
        ("gaze", "gaze", {"direction": "right"}, NO),
        ("gaze", "gaze", {"direction": "down"}, OPEN),
        ("gaze", "horizontal", {"direction": "left", "start_s": 6.0, "end_s": 6.5}, NO),
    ],
)
def test_head_and_gaze(modality: str, code: str, told: dict[str, Any], expected: str) -> None:
    assert ruling(FACE, code, modality, **told) == expected


@pytest.mark.parametrize(
    ("code", "told", "expected"),
    [
        ("f0_mean", {"level": 1}, YES),
        ("pitch", {"level": 2}, YES),
        ("f0", {"level": -1}, NO),
        ("f0_mean", {"level": 0}, NO),  # only of a phrase
        ("f0_mean", {"level": 0, "start_s": 1.0, "end_s": 1.4}, YES),
        ("f0_mean", {"value": 220.0, "unit": "Hz"}, YES),
        ("f0_mean", {"value": 0.22, "unit": "kHz"}, YES),
        ("f0_mean", {"value": 300.0, "unit": "Hz"}, NO),
        ("f0_mean", {"value": 12.0, "unit": "dB"}, OPEN),
        ("loudness", {"level": 1}, YES),  # compared with the clip, in its last phrase
        ("loudness", {"level": 1, "start_s": 1.0, "end_s": 3.0}, OPEN),
        ("energy", {"level": -1, "start_s": 4.6, "end_s": 5.0}, OPEN),
        ("f0_contour", {"direction": "rising"}, YES),
        ("f0_contour", {"direction": "rise_fall"}, YES),
        ("f0_contour", {"direction": "fall_rise"}, NO),
        ("f0_contour", {"direction": "level"}, NO),
        ("f0_slope", {"direction": "falling"}, YES),
        ("f0_slope", {"direction": "rising"}, NO),
        ("speaking_rate", {"level": 1}, YES),
        ("speech_rate", {"level": -1}, NO),
        ("pause", {"level": -1}, YES),
        ("pause", {"level": 1}, NO),
        ("pauses", {}, YES),
        ("pause", {"value": 350.0, "unit": "ms"}, YES),
        ("shimmer", {"level": 1}, OPEN),
    ],
)
def test_voices(code: str, told: dict[str, Any], expected: str) -> None:
    assert ruling(VOICE, code, "voice", **told) == expected


def test_of_several_measures_the_one_that_tells_decides() -> None:
    cues = (
        Cue(id="a", modality="voice", code="f0_range", value=7.0, unit="semitones"),
        Cue(id="b", modality="voice", code="f0_sd", level="normal"),
    )
    cueset = CueSet(clip=Clip(id="c"), cues=cues)
    assert ruling(cueset, ("f0_range", "f0_sd"), "voice", level=-1) == NO
    assert ruling(cueset, ("f0_range", "f0_sd"), "voice", level=0) == YES


def test_throughout_and_at_no_time() -> None:
    assert ruling(FACE, "AU12", part="throughout", subject="face1") == NO
    assert ruling(FACE, "AU12", part="throughout", negated=True, subject="face1") == NO
    assert ruling(FACE, "AU2", part="throughout", negated=True) == YES


def test_counts_do_not_tell_when() -> None:
    counted = Cue(id="n", modality="voice", code="pause_count", value=1.0, unit="1", start_s=1.0, end_s=5.0)
    cueset = replace(VOICE, cues=(*VOICE.cues, counted))
    for start, expected in ((2.0, YES), (4.0, NO)):
        assert ruling(cueset, ("pause", "pause_count"), "voice", start_s=start, end_s=start + 0.2) == expected


def test_who_looks_left_may_look_up_as_well() -> None:
    up = Cue(id="up", modality="gaze", code="pitch", direction="up", subject="face1")
    cueset = replace(FACE, cues=(*FACE.cues, up))
    assert ruling(cueset, "gaze", "gaze", direction="down") == NO
    assert ruling(cueset, "gaze", "gaze", direction="left") == YES


def test_none_of_something_is_its_absence() -> None:
    cues = (
        Cue(id="a", modality="voice", code="pause", state="absent"),
        Cue(id="b", modality="voice", code="pause_count", value=0.0, unit="1"),
        Cue(id="c", modality="voice", code="pause_ratio", value=0.0, unit="0-1"),
    )
    cueset = CueSet(clip=Clip(id="c"), cues=cues)
    assert ruling(cueset, ("pause", "pause_count", "pause_ratio"), "voice") == NO
    assert ruling(cueset, ("pause_count", "pause_ratio"), "voice", level=-1) == YES
    assert ruling(cueset, "pause_count", "voice", value=0.0, unit="1") == YES


def test_somebody_speaks_where_words_are_known() -> None:
    words = CueSet(clip=Clip(id="c", transcript="Yes."))
    assert ruling(words, "segment", "speech") == YES
    assert ruling(words, "segment", "speech", negated=True) == NO
    assert ruling(CueSet(clip=Clip(id="c")), "segment", "speech") == OPEN
    utterance = Cue(id="u", modality="speech", code="utterance", text="Yes.")
    assert ruling(CueSet(clip=Clip(id="c"), cues=(utterance,)), "segment", "speech") == YES


def test_scene() -> None:
    assert ruling(VOICE, "n_faces", "scene", value=2.0, unit="count") == YES
    assert ruling(VOICE, "n_faces", "scene", value=3.0, unit="count") == NO
    assert ruling(VOICE, "count", "face", value=2.0, unit="people") == YES
    assert ruling(VOICE, "brightness", "scene", level=-2) == YES
    assert ruling(VOICE, "brightness", "scene", level=0) == NO


@pytest.mark.parametrize(
    ("level", "claimed", "expected"),
    [("weak", 2, YES), ("intense", 1, NO), ("Medium", 3, YES), ("very strong", 5, YES), ("moderate", 1, NO),
     ("nonsense", 3, OPEN)],
)  # fmt: skip
def test_level_words_of_other_tools(level: str, claimed: int, expected: str) -> None:
    cue = Cue(id="a", modality="face", code="AU12", level=level)
    assert ruling(CueSet(clip=Clip(id="c"), cues=(cue,)), "AU12", level=claimed) == expected


def test_a_number_on_another_scale_has_no_intensity_word() -> None:
    cue = Cue(id="a", modality="face", code="AU12", value=4.0, unit="0-5", marks=("other_scale",))
    cueset = CueSet(clip=Clip(id="c"), cues=(cue,))
    assert ruling(cueset, "AU12", level=1) == OPEN
    assert ruling(cueset, "AU12") == YES


def test_a_voice_is_that_of_the_only_person_there_is() -> None:
    voice = Cue(id="v", modality="voice", code="f0_mean", level="high")
    one, two = (Cue(id=f"{name}.AU12.1", modality="face", code="AU12", subject=name) for name in ("face1", "face2"))
    alone = CueSet(clip=Clip(id="c"), cues=(voice, one))
    both = CueSet(clip=Clip(id="c"), cues=(voice, one, two))
    assert ruling(alone, "f0_mean", "voice", level=1, subject="face1") == YES
    assert ruling(both, "f0_mean", "voice", level=1, subject="face1") == OPEN
    assert ruling(alone, "f0_mean", "voice", level=1, subject="face2") == OPEN


def cited(*ids: str, unknown: tuple[str, ...] = (), **told: Any) -> tuple[str, bool, tuple[str, ...]]:
    said = Assertion(
        sentence="s", clause="c", modality="face", cited=ids, unknown_ids=unknown, **{"codes": ("AU12",), **told}
    )
    found = check(said, index_of(FACE))
    return found.verdict, found.miscited, found.cue_ids


def test_the_content_decides_and_a_wrong_citation_is_said() -> None:
    both = ("face1.AU12.1", "face1.AU12.2")
    assert cited("face1.AU12.1") == (YES, False, ("face1.AU12.1",))
    assert cited("face1.AU4.1") == (YES, True, both)
    assert cited(unknown=("face1.AU12.9",)) == (YES, True, both)
    assert cited("face1.AU12.2", level=5) == (YES, True, ("face1.AU12.1",))
    assert cited("face1.AU4.1", codes=("AU4",), subject="face1") == (NO, False, ("face1.AU4.1",))
    assert cited("face1.AU10.1", codes=("AU10",)) == (OPEN, False, ())
    assert cited("face1.AU12.1", codes=("AU10",)) == (OPEN, True, ())


def test_a_named_person_and_anothers_cue_contradict() -> None:
    assert cited("face1.AU12.1", subject="face2")[0] == NO
    assert cited("face1.AU15.1", subject="face2", codes=("AU15",))[0] == NO
    assert cited(subject="face2", codes=("AU15",))[0] == OPEN
    assert cited("face1.AU12.1", subject="face2", negated=True)[:2] == (YES, True)
    assert cited("face2.AU12.1", "face1.AU12.1", subject="face1") == (YES, False, ("face1.AU12.1",))


def test_every_verdict_says_why() -> None:
    index = index_of(FACE)
    for code in ("AU12", "AU2", "AU10", "AU17"):
        for told in ({}, {"level": 5}, {"side": "left"}, {"start_s": 8.0}, {"subject": "face2"}):
            assert check(Assertion(sentence="", clause="", modality="face", codes=(code,), **told), index).why


def test_an_index_is_made_once_and_never_serves_another_clip() -> None:
    assert index_of(FACE) is index_of(FACE)
    for number in range(200):
        cue = Cue(id="a", modality="face", code="AU12", state="present" if number % 2 else "absent")
        assert ruling(CueSet(clip=Clip(id=str(number)), cues=(cue,)), "AU12") == (YES if number % 2 else NO)
