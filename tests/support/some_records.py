"""Records for tests of formats: one clip of every kind of cue, and hypothesis strategies for any."""

from hypothesis import strategies as st

from emoreason.records import (
    Alternative,
    Claim,
    Clip,
    Cue,
    CueSet,
    Curve,
    EmotionProbability,
    Explanation,
    Gap,
)
from emoreason.records.labels import EMOTIONS, GAP_REASONS, MARKS, MODALITIES, SIDES, STATES

#: Nothing in it is XML, UTF-8 or a spreadsheet's friend.
NASTY = "a\x00\x1b<b>&amp;\"'\r\n]]>\t=1+1 -- > --> \u2028 \ufffe 🙂 é"

#: A smile, two overlapping blinks, a moment, what is not there, speech, pauses, prosody; one cue without a time.
CUESET = CueSet(
    clip=Clip(
        id="clips/Anna's talk.mp4",
        path="clips/Anna's talk.mp4",
        duration_s=6.04,
        fps=25.0,
        has_video=True,
        has_audio=True,
        transcript="Oh! You came.",
    ),
    cues=(
        Cue(
            id="face1.AU12.1",
            modality="face",
            code="AU12",
            value=1.93,
            unit="0-5",
            level="moderately",
            start_s=1.52,
            end_s=5.96,
            apex_s=1.92,
            subject="face1",
            confidence=0.89,
            source="emoreason.face/1",
            marks=("during_speech",),
        ),
        Cue(id="face1.AU45.1", modality="face", code="AU45", start_s=0.6, end_s=0.84, subject="face1"),
        Cue(id="face1.AU45.2", modality="face", code="AU45", start_s=0.8, end_s=1.0, subject="face1"),
        Cue(id="face1.AU6.1", modality="face", code="AU6", side="left", start_s=2.0, end_s=3.0, subject="face1"),
        Cue(id="face1.AU4.1", modality="face", code="AU4", state="absent", start_s=0.0, end_s=6.0, subject="face1"),
        Cue(id="face1.AU5.1", modality="face", code="AU5", state="absent", start_s=0.0, end_s=6.0, subject="face1"),
        Cue(id="face1.AU10.1", modality="face", code="AU10", state="unknown", start_s=0.0, end_s=6.0, subject="face1"),
        Cue(id="face1.nod.1", modality="head", code="nod", start_s=2.5, end_s=3.25, subject="face1"),
        Cue(
            id="voice.f0_mean.1",
            modality="voice",
            code="f0_mean",
            value=225.3667,
            unit="Hz",
            level="high",
            start_s=1.64,
            end_s=5.12,
        ),
        Cue(
            id="voice.f0_contour.1", modality="voice", code="f0_contour", direction="falling", start_s=1.64, end_s=5.12
        ),
        Cue(id="voice.pause.1", modality="voice", code="pause", value=0.35, unit="s", start_s=1.96, end_s=2.31),
        Cue(id="speech.utterance.1", modality="speech", code="utterance", text="Oh! You came.", start_s=1.6, end_s=5.4),
        Cue(id="speech.segment.1", modality="speech", code="segment", start_s=1.64, end_s=1.96),
        Cue(id="scene.keyframe.1", modality="scene", code="keyframe", start_s=2.08, end_s=2.08, apex_s=2.08),
        Cue(id="scene.place.1", modality="scene", code="place", text="A room with a window."),
    ),
    gaps=(
        Gap(modality="gaze", reason="occluded", start_s=4.0, end_s=6.0, subject="face1", detail="glasses, =1+1"),
        Gap(modality="body", reason="not_requested"),
    ),
)

EXPLANATION = Explanation(
    clip=CUESET.clip.id,
    labels=("happy", "amazed"),
    label_cues={"happy": ("face1.AU12.1",)},
    emotions=tuple(
        EmotionProbability(label, share)
        for label, share in zip(EMOTIONS, (0.6, 0.05, 0.05, 0.05, 0.15, 0.05, 0.05), strict=True)
    ),
    valence=0.5,
    arousal=0.25,
    action_units=("AU12",),
    claims=(
        Claim(
            sentence="The lip corners rise [face1.AU12.1, voice.f0_mean.1].",
            cue_ids=("face1.AU12.1", "voice.f0_mean.1"),
            start_s=1.52,
            end_s=5.96,
        ),
        Claim(
            sentence="The brows stay down [face1.AU4.1].",
            cue_ids=("face1.AU4.1",),
            polarity="negated",
            start_s=0.0,
            end_s=6.0,
        ),
        Claim(sentence="It is a <room> & --> nothing else.", start_s=1.0, end_s=2.0),
        Claim(sentence="This has no time."),
    ),
    interpretation="Together it looks like joy.",
    alternatives=(Alternative("surprised", "the brows"),),
    engine="evidence",
    notes=("made for tests",),
)

CURVES = (
    Curve(
        modality="face", code="AU12", times_s=(0.0, 0.04, 0.08), values=(0.0, None, 1.5), unit="0-5", subject="face1"
    ),
    Curve(modality="voice", code="f0", times_s=(0.0, 0.01), values=(None, 220.5), unit="Hz"),
)

_text = st.text(max_size=20) | st.sampled_from([NASTY, "", " ", "absent", "falling", "3/5", "{}", "-5", "happy, sad"])
_maybe = st.none()
_number = st.floats(allow_nan=False, allow_infinity=False)
_ids = st.text("abcdefghijklmnopqrstuvwxyz0123456789._-", min_size=1, max_size=12)
_share = st.floats(0, 1)
#: What tables hold exactly: whole nanoseconds, up to eleven days.
nanoseconds = st.integers(0, 10**15).map(lambda number: number / 1e9)
seconds = st.floats(0, 1e6)


def spans(
    times: st.SearchStrategy[float], *, always: bool = False
) -> st.SearchStrategy[tuple[float | None, float | None]]:
    """Start and end, the end not before the start; either may be missing unless ``always``."""
    known = st.tuples(times, times).map(lambda pair: (min(pair), max(pair)))
    return known if always else known | st.tuples(_maybe | times, _maybe) | st.tuples(_maybe, _maybe | times)


def cues(times: st.SearchStrategy[float] = seconds, *, placed: bool = False) -> st.SearchStrategy[Cue]:
    """Any cue; with a span if ``placed``."""
    return st.builds(
        lambda span, **others: Cue(start_s=span[0], end_s=span[1], **others),
        span=spans(times, always=placed),
        id=_ids,
        modality=st.sampled_from(MODALITIES),
        code=st.sampled_from(["AU12", "AU1", "AU45", "f0_mean", "utterance", "shot", "某 1", "a;b", "(2)", "."]),
        state=st.sampled_from(STATES),
        value=_maybe | _number,
        unit=_maybe | st.sampled_from(["0-5", "Hz", "%/s", "1", "", "a, b"]),
        level=_maybe | st.sampled_from(["slightly", "very_low", "Very, high", "", NASTY]),
        direction=_maybe | st.sampled_from(["rising", "left", "a, b", ""]),
        side=_maybe | st.sampled_from(SIDES),
        apex_s=_maybe | times,
        subject=_maybe | st.sampled_from(["face1", "voice", "AU12", "absent", "人", "a%20b"]),
        confidence=_maybe | _share,
        source=_maybe | _text,
        text=_maybe | _text,
        marks=st.lists(st.sampled_from(MARKS), max_size=2).map(tuple),
    )


def cuesets(times: st.SearchStrategy[float] = seconds, *, placed: bool = False) -> st.SearchStrategy[CueSet]:
    """Any CueSet with unique ids."""
    return st.builds(
        CueSet,
        clip=st.builds(
            Clip,
            id=st.text(min_size=1, max_size=20),
            path=_maybe | _text,
            duration_s=_maybe | times,
            has_video=_maybe | st.booleans(),
            transcript=_maybe | _text,
        ),
        cues=st.lists(cues(times, placed=placed), max_size=6, unique_by=lambda cue: cue.id).map(tuple),
        gaps=st.lists(
            st.builds(
                lambda span, **others: Gap(start_s=span[0], end_s=span[1], **others),
                span=spans(times),
                modality=st.sampled_from(MODALITIES),
                reason=st.sampled_from(GAP_REASONS),
                subject=_maybe | _ids,
                detail=_maybe | _text,
            ),
            max_size=2,
        ).map(tuple),
    )
