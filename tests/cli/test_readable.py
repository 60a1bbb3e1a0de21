"""What a person reads: width, times, untrusted text, abstention."""

import io
from dataclasses import replace

import pytest
from rich.console import Console, RenderableType

from emoreason.cli.headings import headings
from emoreason.cli.page import clock, span
from emoreason.cli.readable import Bar, brief, readable
from emoreason.cli.readable_cues import readable_cues
from emoreason.cues.wording import cue_text
from emoreason.records import Alternative, Claim, Clip, Cue, CueSet, EmotionProbability, Explanation, Gap
from emoreason.records.labels import EMOTIONS, MARKS

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
CLIP = CueSet(clip=Clip(id="clip.mp4", duration_s=10.0, has_video=True, has_audio=True))


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


def test_claims_that_only_repeat_cues_are_joined_and_absent_ones_are_one_line() -> None:
    jaw = [
        Cue(id=f"f.AU26.{n}", modality="face", code="AU26", value=value, unit="0-5", start_s=n, end_s=n + 0.5)
        for n, value in ((1, 0.5), (2, 3.0), (3, 1.0))
    ]
    gone = [Cue(id=f"f.{code}.1", modality="face", code=code, state="absent") for code in ("AU4", "AU15")]
    claims = tuple(
        Claim(sentence=f"{cue_text(cue)} [{cue.id}].", cue_ids=(cue.id,), start_s=cue.start_s, end_s=cue.end_s)
        for cue in (*jaw, *gone)
    )
    own = Claim(sentence="The jaw drops three times [f.AU26.1].", cue_ids=("f.AU26.1",), start_s=1.0, end_s=1.5)
    cueset = CueSet(clip=Clip(id="c"), cues=(*jaw, *gone))
    text = written(readable(Explanation(clip="c", claims=(*claims, own)), cueset), 100)
    assert "00:01.0–00:03.5  AU26 jaw drop, 3 times, at most 3/5  f.AU26.1, f.AU26.2, f.AU26.3" in text
    assert "Looked for and not there: AU4 brow lowerer, AU15 lip corner depressor" in text
    assert "00:01.0–00:01.5  The jaw drops three times.  f.AU26.1" in text


def test_each_claim_stands_in_one_section_only() -> None:
    meaning = Claim(sentence="That speaks for joy [a.AU12.1].", cue_ids=("a.AU12.1",), start_s=1.0, end_s=2.0)
    other = Claim(sentence="Only the mouth moves [a.AU12.1].", cue_ids=("a.AU12.1",), start_s=1.0, end_s=2.0)
    explanation = Explanation(
        clip="c",
        claims=(meaning, other),
        interpretation=f"{meaning.sentence} All in all it is clear.",
        alternatives=(Alternative("calm", f"calm: {other.sentence}"),),
    )
    text = written(readable(explanation))
    assert "00:01.0–00:02.0  That speaks for joy.  a.AU12.1" in text.partition("Taken together")[2]
    assert text.count("speaks for joy") == 1
    assert "calm  Only the mouth moves." in text
    assert text.count("Only the mouth moves") == 1
    assert "All in all it is clear." in text


def test_a_chinese_page_is_chinese_and_loses_nothing() -> None:
    cue = Cue(id="f.AU12.1", modality="face", code="AU12", value=3.0, unit="0-5", level="strongly", subject="f",
              start_s=1.0, end_s=2.0, confidence=0.9, marks=("during_speech",))  # fmt: skip
    gone = Cue(id="f.AU4.1", modality="face", code="AU4", state="absent", subject="f")
    claims = [
        # Engines write a comma where a Chinese semicolon would end the sentence.
        Claim(
            sentence=f"{cue_text(one, 'zh').replace('；', '，')} [{one.id}]。",
            cue_ids=(one.id,),
            start_s=1.0,
            end_s=2.0,
        )
        for one in (cue, gone)
    ]
    long = Claim(sentence="嘴角上拉" * 40 + "完", cue_ids=("f.AU12.1",))
    explanation = replace(
        EXPLANATION, claims=(*claims, long), interpretation="综合来看很清楚。", alternatives=(), notes=()
    )
    text = written(readable(explanation, CueSet(clip=Clip(id="c"), cues=(cue, gone)), "zh"))
    words = "".join(text.split())
    for part in (
        "所表达的情绪：happy",
        "效价+0.62",
        "复合情绪",
        "观察",
        "AU12嘴角上拉：强，3/5（说话时）",
        "已查看而没有出现：AU4眉毛下压",
        "综合解读",
        "未能观察",
        "不知道说了什么",
        "face1，00:04.0–00:06.5",
        "必须被告知",
        "嘴角上拉" * 40 + "完",
    ):
        assert part in words, part
    for heading in (
        "Expressed",
        "Observed",
        "Taken together",
        "Not observed",
        "valence",
        "expressed, not",
        "Looked for",
    ):
        assert heading not in text
    assert "…" not in text
    thin = replace(EXPLANATION, abstained=True, abstain_reason="证据太少")
    assert "不作判断：证据太少" in written(brief(thin, "zh"))


def test_every_caveat_has_words_in_every_language() -> None:
    for language in ("en", "zh"):
        assert set(headings(language).marks) == set(MARKS)


def test_a_picture_is_no_video() -> None:
    clip = Clip(id="still.png", duration_s=0.0, has_video=True, has_audio=False)
    text = written(readable(Explanation(clip="still.png"), CueSet(clip=clip)))
    assert "still.png  picture" in text
