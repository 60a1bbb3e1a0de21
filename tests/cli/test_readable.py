"""What a person reads: width, times, untrusted text, abstention."""

import io
from dataclasses import replace

import pytest
from rich.console import Console, RenderableType

from emoreason.cli.page import clock, span
from emoreason.cli.readable import Bar, brief, readable
from emoreason.cli.readable_cues import readable_cues
from emoreason.records import Alternative, Claim, Clip, Cue, CueSet, EmotionProbability, Explanation, Gap
from emoreason.records.labels import EMOTIONS

EXPLANATION = Explanation(
    clip="clip.mp4",
    labels=("happy", "amused"),
    emotions=tuple(map(EmotionProbability, EMOTIONS, (0.71, 0.02, 0.03, 0.04, 0.1, 0.01, 0.09))),
    compounds=(EmotionProbability("happily surprised", 0.4),),
    valence=0.62,
    arousal=-0.31,
    claims=(
        Claim(
            sentence="The lip corners rise strongly [face1.AU12.1].", cue_ids=("face1.AU12.1",), start_s=1.2, end_s=2.8
        ),
        Claim(sentence="No frown is seen [face1.AU4.1].", cue_ids=("face1.AU4.1",), polarity="negated"),
    ),
    interpretation="Raised cheeks with the smile speak of enjoyment. " * 4,
    alternatives=(Alternative("surprised", "the brows rise too, but only for a moment and without the jaw dropping"),),
    gaps=(
        Gap(modality="speech", reason="no_transcript", detail="give --transcript FILE or put clip.srt beside the clip"),
        Gap(modality="face", reason="left_frame", subject="face1", start_s=4.0, end_s=6.5),
    ),
    notes=("a note",),
    engine="evidence",
    model="evidence-fitted/1",
)
CLIP = Clip(id="clip.mp4", duration_s=10.0, has_video=True, has_audio=True)


def written(renderable: RenderableType, width: int = 80, **options: object) -> str:
    file = io.StringIO()
    Console(file=file, width=width, highlight=False, **options).print(renderable)  # type: ignore[arg-type]
    return file.getvalue()


@pytest.mark.parametrize("width", [40, 80, 100])
def test_nothing_is_wider_than_the_terminal_or_cut_off(width: int) -> None:
    text = written(readable(EXPLANATION, CLIP), width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text
    words = " ".join(text.split())
    for part in (
        "surprised",
        "jaw dropping",
        "beside the clip",
        "(face1, 00:04.0–00:06.5)",
        "valence +0.62",
        "arousal -0.31",
    ):
        assert part in words, part


def test_claims_have_their_times_and_cues_and_keep_no_brackets() -> None:
    text = written(readable(EXPLANATION, CLIP))
    assert "00:01.2–00:02.8  The lip corners rise strongly.  face1.AU12.1" in text
    assert "[face1" not in text


def test_emotions_are_ranked_and_bars_have_the_right_length() -> None:
    rows = [line.split() for line in written(readable(EXPLANATION)).splitlines() if line.strip().endswith("%")]
    assert [row[0] for row in rows[:3]] == ["happiness", "surprise", "neutral"]
    assert rows[0][1].count("█") == 28  # 0.71 of 40 characters
    assert rows[0][-1] == "71%"


def test_a_bar_without_unicode_is_ascii() -> None:
    buffer = io.BytesIO()
    file = io.TextIOWrapper(buffer, encoding="ascii")
    Console(file=file, width=20).print(Bar(0.5, "red", 10))
    file.flush()
    assert buffer.getvalue().decode("ascii").strip() == "#####"


def test_the_notice_is_always_there() -> None:
    for explanation in (EXPLANATION, Explanation(clip="empty")):
        words = " ".join(written(readable(explanation)).split())
        assert "not what anyone felt" in words
        assert "must be informed" in words


def test_abstention_comes_first_and_the_distribution_is_given_all_the_same() -> None:
    thin = replace(EXPLANATION, abstained=True, abstain_reason="only one weak cue")
    text = written(readable(thin))
    assert "Abstained: only one weak cue" in text
    assert "happiness" in text
    assert "abstained: only one weak cue" in written(brief(thin))


def test_text_from_clips_cannot_command_the_terminal() -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\x9b31m‮gpj.exe [bold]x[/bold] \r\n"
    hostile = replace(
        EXPLANATION,
        clip=evil,
        labels=(evil,),
        claims=(Claim(sentence=evil, cue_ids=(evil,)),),
        interpretation=evil,
        notes=(evil,),
        alternatives=(Alternative(evil, evil),),
        gaps=(Gap(modality="face", reason="occluded", subject=evil, detail=evil),),
        model=evil,
    )
    cueset = CueSet(clip=Clip(id=evil), cues=(Cue(id="x", modality="speech", code="utterance", text=evil),))
    for renderable in (readable(hostile), brief(hostile), readable_cues(cueset)):
        text = written(renderable, force_terminal=True, color_system=None)
        assert not set(text) & set("\x1b\x07\x9b‮\r")
        assert "[bold]x[/bold]" in text


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0, "00:00.0"), (59.96, "01:00.0"), (75.25, "01:15.2"), (3599.99, "1:00:00.0"), (36000.0, "10:00:00.0")],
)
def test_clock(seconds: float, shown: str) -> None:
    assert clock(seconds) == shown


def test_span() -> None:
    assert span(None, 3.0) == ""
    assert span(1.0, 1.0) == "00:01.0"
    assert span(1.0, None) == "00:01.0"
    assert span(1.0, 61.5) == "00:01.0–01:01.5"
