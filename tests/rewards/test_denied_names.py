"""Names that a sentence denies, in both languages."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreason.rewards.denied_names import denied

NAMES = re.compile(r"AU\d+|joy|sadness|anger|fear|relief|快乐|悲伤|愤怒|无聊")


def affirmed(sentence: str) -> str:
    spans = [match.span() for match in NAMES.finditer(sentence)]
    verdicts = denied(sentence, spans)
    return " ".join(sentence[a:b] for (a, b), is_denied in zip(spans, verdicts, strict=True) if not is_denied)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("AU12 and AU6 are strong.", "AU12 AU6"),
        ("There is no AU12.", ""),
        ("AU12 is strong, no AU6.", "AU12"),
        ("no AU12, AU6 or AU4", ""),
        ("AU1, AU2 and AU4 are absent", ""),
        ("AU12 is absent, AU4 present", "AU4"),
        ("AU12 isn't visible, but AU4 is", "AU4"),
        ("AU4 (brow lowerer), which is absent", ""),
        ("AU12 is strong, other movements are absent", "AU12"),
        ("AU12 at 1.5 s is absent", ""),
        ("Present: AU12, absent: AU4", "AU12"),
        ("AU4 眉毛下压：已查看，没有出现", ""),
        ("AU12 was not clearly detected, AU4 was", "AU4"),
        ("neither AU12 nor AU6", ""),
        ("AU6 without AU12 suggests fear", "AU6 fear"),
        ("The absence of AU12 suggests sadness, not joy", "sadness"),
        ("no sign of anger, fear or sadness; joy it is", "joy"),
        ("anger rather than fear", "anger"),
        ("not joy but relief", "relief"),
        ("not only joy but also relief", "joy relief"),
        ("He cannot hide his joy", "joy"),
        ("anger is less likely than sadness", "sadness"),
        ("Joy? No, sadness", "sadness"),
        ("fear is ruled out", ""),
        ("AU12 is active [no.joy.1]", "AU12 joy"),
        ("没有AU12，但AU4明显", "AU4"),
        ("没有AU12、AU6", ""),
        ("AU12未出现，AU4出现", "AU4"),
        ("并非愤怒而是悲伤", "悲伤"),
        ("是悲伤，而不是愤怒", "悲伤"),
        ("感到无聊，不快乐", "无聊"),
        ("快乐的可能性较小", ""),
        ("毫无疑问是快乐", "快乐"),
    ],
)
def test_what_is_affirmed(sentence: str, expected: str) -> None:
    assert affirmed(sentence) == expected


@given(st.lists(st.sampled_from(["AU12", "no ", "not ", "is absent", ", ", "and ", "but ", "没有", "x"])).map("".join))
def test_a_clause_before_does_not_change_one_behind_but(sentence: str) -> None:
    spans = [match.span() for match in NAMES.finditer(sentence)]
    assert len(denied(sentence, spans)) == len(spans)
    assert affirmed(f"{sentence}. But fear is there").endswith("fear")
    assert not affirmed(f"{sentence}. But there is no fear").endswith("fear")
