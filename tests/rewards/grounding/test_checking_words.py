"""Verdicts of quotations and of descriptions that no lexicon knows."""

import pytest
from work import assert_work_is_linear

from emoreason.records import Clip, Cue, CueSet, Gap
from emoreason.records.clip import Turn
from emoreason.rewards.grounding.assertion import Assertion
from emoreason.rewards.grounding.checking import check
from emoreason.rewards.grounding.cue_index import index_of

YES, NO, OPEN = "supported", "contradicted", "unverifiable"
SAID = "Oh! You came all this way. I'm not sure what to say — how wonderful to see you."


def quoted(quote: str, cueset: CueSet, **told: object) -> str:
    said = Assertion(sentence="s", clause="c", modality="speech", quote=quote, **told)  # type: ignore[arg-type]
    return check(said, index_of(cueset)).verdict


def spoken(text: str, **fields: object) -> CueSet:
    return CueSet(clip=Clip(id="c", duration_s=6.0, transcript=text, **fields))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("quote", "expected"),
    [
        ("You came all this way", YES),
        ("how WONDERFUL, to see you!", YES),
        ("You came all that way", YES),  # one word of five
        ("Oh ... how wonderful", YES),
        ("Oh", YES),
        ("I'm sure what to say", NO),  # the negation is left out
        ("I hate you", NO),
        ("you see to wonderful how", NO),
        ("", OPEN),
        ("!?", OPEN),
    ],
)
def test_quotations(quote: str, expected: str) -> None:
    assert quoted(quote, spoken(SAID)) == expected


@pytest.mark.parametrize(
    ("quote", "expected"), [("你终于来了", YES), ("你终于回来了", YES), ("我不想见你", NO), ("我很高兴", NO)]
)
def test_chinese_quotations(quote: str, expected: str) -> None:
    assert quoted(quote, spoken("哎呀，你终于来了！我不高兴。")) == expected


def test_words_of_a_cue_have_a_time_and_a_speaker() -> None:
    cue = Cue(id="speech.utterance.1", modality="speech", code="utterance", text="Come in.", start_s=1.0, end_s=2.0,
              subject="face1")  # fmt: skip
    other = Cue(id="face2.AU12.1", modality="face", code="AU12", subject="face2")
    cueset = CueSet(clip=Clip(id="c", duration_s=6.0), cues=(cue, other))
    assert quoted("come in", cueset) == YES
    assert quoted("come in", cueset, start_s=1.0, end_s=2.0) == YES
    assert quoted("come in", cueset, start_s=4.0, end_s=5.0) == NO
    assert quoted("come in", cueset, subject="face1") == YES
    assert quoted("come in", cueset, subject="face2") == NO
    assert quoted("come in", cueset, negated=True) == NO


def test_words_said_twice_are_where_either_is() -> None:
    cues = tuple(
        Cue(id=f"u{n}", modality="speech", code="utterance", text="Come in.", start_s=n, end_s=n + 1.0) for n in (1, 6)
    )
    cueset = CueSet(clip=Clip(id="c", duration_s=9.0, transcript="Come in. Come in."), cues=cues)
    assert [quoted("come in", cueset, start_s=n, end_s=n + 0.5) for n in (1.0, 4.0, 6.0)] == [YES, NO, YES]


def test_many_long_quotations_are_looked_up() -> None:
    words = "you know how it is with the old man and his sea "
    cues = tuple(Cue(id=f"u{n}", modality="speech", code="utterance", text=words * 8) for n in range(40))
    cueset = CueSet(clip=Clip(id="c"), cues=cues)
    for number in range(300):
        assert quoted(f"you know how it is with the old dog {number}", cueset) == YES
    assert_work_is_linear(lambda size: quoted("you know how it is " * (size // 19), cueset), 500)


def test_unknown_words() -> None:
    assert quoted("hello", CueSet(clip=Clip(id="c"))) == OPEN
    assert quoted("hello", CueSet(clip=Clip(id="c"), gaps=(Gap(modality="speech", reason="no_transcript"),))) == OPEN
    assert quoted("hello", CueSet(clip=Clip(id="c"), gaps=(Gap(modality="speech", reason="no_speech"),))) == NO
    assert quoted("hello there", spoken("Yes.", context=(Turn("Anna", "Hello there!"),))) == OPEN


def described(clause: str, *texts: str, negated: bool = False) -> str:
    cues = tuple(Cue(id=f"scene.place.{n}", modality="scene", code="place", text=text) for n, text in enumerate(texts))
    said = Assertion(sentence=clause, clause=clause, modality=None, negated=negated)
    return check(said, index_of(CueSet(clip=Clip(id="c"), cues=cues))).verdict


def test_descriptions_are_borne_out_by_a_scene_cue_and_never_contradicted() -> None:
    scene = "A woman in a red coat stands in a kitchen."
    assert described("She is wearing a red coat", scene) == YES
    assert described("She is wearing a blue coat", scene) == OPEN
    assert described("a red coat, in the kitchen", scene) == YES
    assert described("She wears a green hat", scene) == OPEN
    assert described("She wears a green hat") == OPEN
    assert described("No red coat in the kitchen", scene, negated=True) == NO
    assert described("红色外套，在厨房", "一位女士穿着红色外套站在厨房里") == YES
    assert described("绿色帽子", "一位女士穿着红色外套站在厨房里") == OPEN


def test_a_scene_cue_that_says_there_is_none_bears_nothing_out() -> None:
    assert described("a red coat in the kitchen", "There is no red coat in the kitchen.") == OPEN
