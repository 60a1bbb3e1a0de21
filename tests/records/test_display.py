"""What notebooks show: everything that matters, nothing that a clip could slip in, readable on dark pages."""

import html.parser
import re

from emoreason.records import Alternative, Claim, Clip, Cue, CueSet, EmotionProbability, Explanation, Gap
from emoreason.records.labels import EMOTIONS
from emoreason.records.notice import NOTICE

ATTACK = "<script>alert(1)</script> \" onload='x' & <img src=x> \x1b[31m \u202e"
CUE = Cue(
    id="face1.AU12.1", modality="face", code="AU12", value=3.4, unit="0-5", level="strongly", start_s=1.2, end_s=2.4,
    subject="face1", marks=("during_speech",),
)  # fmt: skip
EXPLANATION = Explanation(
    clip="clip.mp4",
    labels=("happy", "amused"),
    emotions=tuple(map(EmotionProbability, EMOTIONS, (0.71, 0.02, 0.03, 0.04, 0.1, 0.01, 0.09))),
    compounds=(EmotionProbability("happily surprised", 0.4),),
    valence=0.62,
    arousal=-0.31,
    claims=(
        Claim(sentence="The lip corners rise [face1.AU12.1].", cue_ids=("face1.AU12.1",), start_s=1.2, end_s=2.4),
        Claim(sentence="No frown is seen.", cue_ids=("face1.AU4.1",), polarity="negated"),
    ),
    alternatives=(Alternative("surprised", "the brows rise too"),),
    gaps=(Gap(modality="speech", reason="no_transcript", detail="give --transcript FILE"),),
    notes=("a note",),
    engine="evidence",
    model="fitted weights 1",
)


class Page(html.parser.HTMLParser):
    """Tags, attributes and text of a piece of HTML; every tag must be closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.open: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += f" {data}"


def test_an_explanation_says_everything_a_reader_needs() -> None:
    words = " ".join(Page(EXPLANATION._repr_html_()).words.split())
    for part in ("happy, amused", "+0.62", "-0.31", "71%", "happily surprised 40%", "1.20–2.40 s", "[face1.AU12.1]",
                 "No frown is seen. face1.AU4.1", "surprised: the brows rise too", "speech: no transcript",
                 "give --transcript FILE", "a note", NOTICE, "evidence · fitted weights 1"):  # fmt: skip
        assert part in words, part
    assert words.index("happiness") < words.index("surprise") < words.index("disgust")


def test_an_abstention_says_why_and_keeps_the_distribution() -> None:
    thin = Explanation(
        clip="c", abstained=True, abstain_reason="one weak cue only", emotions=EXPLANATION.emotions, labels=()
    )
    words = Page(thin._repr_html_()).words
    assert "Abstained" in words
    assert "one weak cue only" in words
    assert "71%" in words


def test_cues_are_told_apart_by_what_is_known_of_them() -> None:
    cueset = CueSet(
        clip=Clip(id="clip.mp4", duration_s=10.0, has_video=True, has_audio=False),
        cues=(
            CUE,
            Cue(id="a", modality="face", code="AU4", state="absent", subject="face1"),
            Cue(id="b", modality="face", code="AU10", state="unknown", subject="face2"),
            Cue(id="c", modality="speech", code="utterance", text="Hello", start_s=0.0, end_s=1.0),
        ),
        gaps=(Gap(modality="face", reason="left_frame", subject="face1", start_s=4.0, end_s=6.5),),
    )
    words = " ".join(Page(cueset._repr_html_()).words.split())
    for part in ("10.00 s, video, 4 cues", "strongly, 3.4 of 5", "during speech", "“Hello”",
                 "Looked for and not there face1: AU4", "Could not be measured face2: AU10",
                 "face: left frame (face1, 4.00–6.50 s)", NOTICE):  # fmt: skip
        assert part in words, part
    assert words.index("Hello") < words.index("AU12")


def test_a_long_clip_is_shown_in_part_and_says_so() -> None:
    cues = tuple(
        Cue(id=str(number), modality="face", code="AU12", start_s=number, end_s=number) for number in range(99)
    )
    shown = CueSet(clip=Clip(id="c"), cues=cues)._repr_html_()
    assert shown.count("AU12") == 60
    assert "39 more" in shown


def test_nothing_that_a_clip_or_a_model_says_becomes_markup() -> None:
    cue = Cue(id=ATTACK, modality="face", code=ATTACK, level=ATTACK, unit=ATTACK, value=1.0, direction=ATTACK,
              text=ATTACK, subject=ATTACK, start_s=0.0, end_s=1.0)  # fmt: skip
    gap = Gap(modality="face", reason="no_face", subject=ATTACK, detail=ATTACK)
    absent = Cue(id="x", modality="face", code=ATTACK, state="absent", subject=ATTACK)
    hostile = Explanation(
        clip=ATTACK, labels=(ATTACK,), emotions=(EmotionProbability(ATTACK, 7.0),), abstain_reason=ATTACK,
        compounds=(EmotionProbability(ATTACK, 0.1),), claims=(Claim(sentence=ATTACK, cue_ids=(ATTACK + "2",)),),
        alternatives=(Alternative(ATTACK, ATTACK),), gaps=(gap,), notes=(ATTACK,), engine=ATTACK, model=ATTACK,
    )  # fmt: skip
    for shown in (
        CueSet(clip=Clip(id=ATTACK), cues=(cue, absent), gaps=(gap,))._repr_html_(),
        hostile._repr_html_(),
        Explanation(clip=ATTACK, abstained=True, abstain_reason=ATTACK)._repr_html_(),
    ):
        page = Page(shown)
        assert page.tags <= {"div", "span", "b", "br", "table", "tbody", "tr", "td", "ul", "li"}
        assert page.attributes <= {"style"}
        assert "\x1b" not in shown
        assert "\u202e" not in shown
        assert not re.search(r"width:(?!100(\.0)?%|16em)\d{3,}", shown)


def test_dark_notebooks_keep_their_own_colours() -> None:
    shown = EXPLANATION._repr_html_() + CueSet(clip=Clip(id="c"), cues=(CUE,))._repr_html_()
    assert not re.search(r"(?<!-)\bcolor:", shown)
    assert "background:white" not in shown


def test_the_plain_form_stays_plain() -> None:
    assert repr(EXPLANATION).startswith("Explanation(clip='clip.mp4'")
    assert repr(CueSet(clip=Clip(id="c"))).startswith("CueSet(")
