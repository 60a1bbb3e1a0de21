"""Sentences, citations, polarity, sections."""

from dataclasses import replace

import pytest

from emoreason.cues.wording import cue_text
from emoreason.prompts.sentences import cited_ids, polarity_of, spellings, split_sentences, statements
from emoreason.records import Cue
from emoreason.records.labels import MARKS, Mark


def texts(text: str) -> list[str]:
    return [sentence.text for sentence in split_sentences(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AU12 at 1.5 s reaches 3.4 of 5 [face1.AU12.1]. Then it stops.", 2),
        ("Several, e.g. AU6 [face1.AU6.1], follow.", 1),
        ("嘴角上拉 [face1.AU12.1]。没有皱眉！", 2),
        ("- one\n- two\n3. three", 3),
        ("What? Really! Yes...", 3),
        ("", 0),
        ("...\n!!!\n", 0),
    ],
)
def test_sentence_ends(text: str, expected: int) -> None:
    assert len(texts(text)) == expected


def test_list_marks_and_headings_are_not_part_of_a_sentence() -> None:
    text = "**Observations:**\n1. Lips part [a.AU25.1].\n- Brows rise [a.AU1.1].\n## Interpretation: It looks open."
    assert [(s.section, s.text) for s in split_sentences(text)] == [
        ("observations", "Lips part [a.AU25.1]."),
        ("observations", "Brows rise [a.AU1.1]."),
        ("interpretation", "It looks open."),
    ]


def test_chinese_headings_and_headings_within_a_line() -> None:
    found = split_sentences("观察：嘴角上拉 [a.AU12.1]。解读：高兴。结论：高兴。")
    assert [sentence.section for sentence in found] == ["observations", "interpretation", "conclusion"]


def test_a_citation_after_the_full_stop_belongs_to_the_sentence_before() -> None:
    assert texts("Lips part. [a.AU25.1] Brows rise. [a.AU1.1]") == [
        "Lips part. [a.AU25.1]",
        "Brows rise. [a.AU1.1]",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[face1.AU12.1]", ["face1.AU12.1"]),
        ("[face1.AU12.1, voice.f0_mean.1]", ["face1.AU12.1", "voice.f0_mean.1"]),
        ("[face1.AU12.1; voice.f0_mean.1]", ["face1.AU12.1", "voice.f0_mean.1"]),
        ("【face1.AU12.1、voice.f0_mean.1】", ["face1.AU12.1", "voice.f0_mean.1"]),
        ("[`face1.AU12.1`][FACE1.au12.1]", ["face1.AU12.1"]),
        ("[coder-7]", ["coder-7"]),
        ("[laughs] [1] [] [see above]", []),
        ("face1.AU12.1 without brackets", []),
    ],
)
def test_citations(text: str, expected: list[str]) -> None:
    known = spellings(["face1.AU12.1", "voice.f0_mean.1", "coder-7"])
    assert cited_ids(text, known) == (expected, [])


def test_cited_ids_that_do_not_exist_are_told_from_other_brackets() -> None:
    assert cited_ids("[face2.AU4.1] [sic] [0.5]", spellings(["face1.AU4.1"])) == ([], ["face2.AU4.1"])


def test_ids_that_differ_in_case_only_are_not_mixed_up() -> None:
    known = spellings(["a.X.1", "A.x.1"])
    assert cited_ids("[a.X.1]", known) == (["a.X.1"], [])
    assert cited_ids("[A.x.1]", known) == (["A.x.1"], [])
    assert cited_ids("[A.X.1]", known) == ([], ["A.X.1"])


@pytest.mark.parametrize(
    "text",
    [
        "There is no AU12 [a.AU12.1].",
        "AU12 is not present [a.AU12.1].",
        "The brows aren't lowered [a.AU4.1].",
        "The smile appears without AU6 [a.AU6.1].",
        "AU4 is absent.",
        "Neither AU1 nor AU2 moves.",
        "The brow lowerer was looked for and not there.",
        "没有皱眉。",
        "未出现嘴角上拉。",
        "面部无动作。",
        "眉毛并未下压。",
    ],
)
def test_negated(text: str) -> None:
    assert polarity_of(text) == "negated"


@pytest.mark.parametrize(
    "text",
    [
        "AU12 is strong [no.AU12.1].",
        "Not only the lips move, the cheeks rise too.",
        "There is no doubt that AU12 is there.",
        "AU12 is never absent here.",
        "Notable movement at nose and nostrils.",
        "嘴角明显上拉。",
        "不仅嘴角上拉，脸颊也上提。",
        "毫无疑问，嘴角上拉。",
        "无论如何，音高偏高。",
    ],
)
def test_affirmed(text: str) -> None:
    assert polarity_of(text) == "affirmed"


def test_a_sentence_is_split_only_where_polarity_changes() -> None:
    assert statements("Lips part [a.b.1] and brows rise [a.c.1].") == ["Lips part [a.b.1] and brows rise [a.c.1]."]
    assert statements("嘴角上拉 [a.b.1]，但没有皱眉 [a.c.1]。") == ["嘴角上拉 [a.b.1]，", "但没有皱眉 [a.c.1]。"]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("mark", [None, *MARKS])
def test_a_caveat_does_not_turn_a_line_into_a_denial(language: str, mark: Mark | None) -> None:
    marks = () if mark is None else (mark,)
    there = Cue(id="a.AU12.1", modality="face", code="AU12", value=2.0, unit="0-5", level="moderately", marks=marks)
    assert polarity_of(cue_text(there, language)) == "affirmed"
    assert polarity_of(cue_text(replace(there, state="absent", value=None, level=None), language)) == "negated"
