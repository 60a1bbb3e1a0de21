"""What reading promises of any text: it never raises, spans are right, ids and people are found, time is linear."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from read_back import told
from work import assert_work_is_linear

from emoreason.cues.wording import cue_text
from emoreason.records import Clip, Cue, CueSet
from emoreason.records.labels import SIDES
from emoreason.rewards.grounding.reading import read_assertions

TWO_PEOPLE = CueSet(
    clip=Clip(id="clip", duration_s=10.0),
    cues=(
        Cue(id="face1.AU12.1", modality="face", code="AU12", subject="face1"),
        Cue(id="face2.AU4.1", modality="face", code="AU4", subject="face2"),
        Cue(id="voice.f0_mean.1", modality="voice", code="f0_mean"),
    ),
)
NUMBERS = (1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17, 18, 20, 22, 23, 24, 25, 26, 27, 28, 43, 45)
WORDS = [
    *[
        "brows",
        "raised",
        "lips",
        "pressed",
        "smile",
        "no",
        "not",
        "never",
        "without",
        "and",
        "or",
        "but",
        "the",
        "voice",
        "pitch",
        "high",
        "rises",
        "then",
        "falls",
        "at",
    ],
    *[
        "1.5",
        "s",
        "AU12",
        "AUs",
        "1,",
        "2",
        "left",
        "corner",
        "of",
        "mouth",
        "眉毛",
        "上扬",
        "没有",
        "嘴角",
        "、",
        "，",
        "。",
        "但",
        "和",
        "“",
        "”",
        "(",
        ")",
        "'",
        ":",
        ";",
        ".",
    ],
    *("\n", '"', "face2", "second person", "[face1.AU12.1]"),
]


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join) | st.text(max_size=200))
def test_any_text_is_read_with_right_spans(text):
    for one in read_assertions(text, TWO_PEOPLE):
        assert 0 <= one.start <= one.end <= len(text)
        assert text[one.start : one.end] == one.clause
        assert one.level is None or -2 <= one.level <= 5
        assert one.side in (None, *SIDES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Face1 smiles and the other person frowns.", "AU12 face1; AU4 face2"),
        ("The other person frowns.", "AU4 face2"),
        ("face2 frowns. The other person smiles.", "AU4 face2; AU12 face1"),
        ("Person 1 smiles while person 2 does not smile.", "AU12 face1; !AU12 face2"),
        ("第一个人微笑，第二个人没有皱眉。", "AU12 face1; !AU4 face2"),
        ("对方皱眉。", "AU4 face2"),
        ("In the last 2 seconds the lips part.", "AU25 @8-"),
        ("最后2秒他皱眉。", "AU4 @8-"),
    ],
)
def test_people_and_ends_come_from_the_clip(text, expected):
    assert told(read_assertions(text, TWO_PEOPLE)) == expected


def test_names_of_people_are_known():
    cues = CueSet(clip=Clip(id="c"), cues=(Cue(id="a", modality="face", code="AU12", subject="Anna"),))
    assert told(read_assertions("Anna smiles.", cues)) == "AU12 Anna"


def test_citations_belong_to_what_stands_before_them():
    text = (
        "She smiles [face1.AU12.1], but there is no frown [face2.AU4.1; nobody.AU9.7]."
        " The pitch is high. [voice.f0_mean.1]"
    )
    found = [(one.codes, one.cited, one.unknown_ids) for one in read_assertions(text, TWO_PEOPLE)]
    assert found == [
        (("AU12",), ("face1.AU12.1",), ()),
        (("AU4",), ("face2.AU4.1",), ("nobody.AU9.7",)),
        (("f0_mean",), ("voice.f0_mean.1",), ()),
    ]


def test_a_citation_counts_for_the_whole_list_before_it():
    smile, cheeks = read_assertions("The lip corners rise and the cheeks lift [face1.AU12.1].", TWO_PEOPLE)
    assert smile.cited == cheeks.cited == ("face1.AU12.1",)


def test_ids_need_no_brackets_and_without_cues_all_are_cited():
    assert read_assertions("A smile (face1.AU12.1).", TWO_PEOPLE)[0].cited == ("face1.AU12.1",)
    assert read_assertions("A smile [x.AU12.1].")[0].cited == ("x.AU12.1",)


def test_alternatives_are_possibilities():
    text = "Observations:\nThe brows are raised.\nAlternatives: A smile.\nConclusion: a frown."
    assert [one.hedged for one in read_assertions(text)] == [False, True, False]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("number", NUMBERS)
def test_cue_texts_are_read_back(number, language):
    cue = Cue(
        id="x", modality="face", code=f"AU{number}", value=3.4, unit="0-5", level="strongly", side="left",
        subject="face2", start_s=1.2, end_s=2.4, apex_s=1.8, confidence=0.91,
    )  # fmt: skip
    (one,) = read_assertions(cue_text(cue, language))
    assert cue.code in one.codes
    assert (one.level, one.value, one.side, one.subject) == (4, 3.4, "left", "face2")
    assert (one.start_s, one.end_s, one.negated) == (1.2, 2.4, False)
    gone = Cue(id="x", modality="face", code=f"AU{number}", state="absent")
    (one,) = read_assertions(cue_text(gone, language))
    assert one.negated
    unseen = Cue(id="x", modality="face", code=f"AU{number}", state="unknown")
    assert read_assertions(cue_text(unseen, language)) == []


HOSTILE = {
    "brackets": "[", "quotes": '"', "apostrophes": " 'a", "digits": "1", "dots": "a.b", "codes": "AU12 ",
    "lists": "AU1+2", "parts": "brows ", "moves": "raised ", "nots": "not ", "thens": "pitch rises then falls ",
    "commas": "no smile, ", "ors": "smile or ", "cites": "smile [a.b.1]", "chinese": "没有皱眉和", "spaces": " ",
    "letters": "a", "lines": "- \n", "numbers": "from 1.2 to ", "people": "face1 person 2 ", "said": 'he says "no" ',
    "negations": "没有", "paren": "AU4 (slight) ",
    "empty": '": "', "json": '{"labels":[', "labels": '"labels" ',
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_work_grows_with_length(name):
    assert_work_is_linear(lambda size: read_assertions((HOSTILE[name] * size)[:size]))


@pytest.mark.slow
@pytest.mark.parametrize("name", HOSTILE)
def test_a_megabyte_is_read(name):
    # Time that grew with the square of the length would reach the limit of a test.
    size = 1_000_000
    read_assertions((HOSTILE[name] * size)[:size])
