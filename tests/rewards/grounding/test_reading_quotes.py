"""Quotations in another script than the words that are known of a clip."""

import pytest

from emoreason.records import Clip, CueSet
from emoreason.rewards.grounding import verdicts

CLIP = CueSet(clip=Clip(id="c", transcript="I cannot believe it, this is great!"), cues=())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("她说：“我不敢相信这是真的。”", "unverifiable"),
        ("她说：“I cannot believe it”。", "supported"),
        ('She says "my dog is brown and small".', "contradicted"),
        ('She says "12 34 56 789 12".', "contradicted"),
    ],
)
def test_a_quotation_in_another_script_may_be_a_translation(text, expected):
    assert [one.verdict for one in verdicts(text, CLIP)] == [expected]
