"""What two clauses say against each other, and which clauses only repeat the words spoken."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from work import assert_work_is_linear

from emoreason.records import Clip, Cue, CueSet
from emoreason.rewards.cue_match.clauses import (
    LONGEST_CLAUSE,
    agreement,
    comparable,
    read_clause,
    repeats_speech,
    split_clauses,
    spoken_words,
)


def agree(one: str, other: str) -> float:
    return float(agreement(comparable([read_clause(one)]), comparable([read_clause(other)]))[0, 0])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("She smiles.", "She does not smile."),
        ("There are tears in his eyes.", "There are no tears in his eyes."),
        ("A glass stands on the table.", "No glass stands on the table."),
        ("Her brows are raised.", "Her brows are lowered."),
        ("He raises his eyebrows.", "He frowns."),
        ("The corners of the mouth are pulled down.", "The lip corners rise."),
        ("The voice is loud.", "She speaks quietly."),
        ("The pitch rises.", "The pitch falls."),
        ("The speech is slow.", "He speaks fast."),
        ("His eyes are wide open.", "He squints."),
        ("Her mouth is open.", "Her lips are pressed together."),
        ("The man is sitting.", "The woman is sitting."),
        ("The head turns to the left.", "The head turns to the right."),
        ("He looks tense.", "He looks relaxed."),
        ("She is happy.", "She is angry."),
        ("She is not happy.", "She is joyful."),
        ("她在微笑。", "她没有笑。"),
        ("她在微笑。", "她嘴角下垂。"),
        ("他大声说话。", "他低声说话。"),
        ("语速很快。", "语速缓慢。"),
        ("眉头紧皱。", "眉毛上扬。"),
        ("一位男性坐着。", "一位女性坐着。"),
    ],
)
def test_contradictions_do_not_match(one: str, other: str) -> None:
    assert agree(one, other) == 0.0
    assert agree(other, one) == 0.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("She smiles.", "The corners of her mouth turn up."),
        ("She is not smiling.", "There is no smile on her face."),
        ("The voice is not loud.", "She speaks quietly."),
        ("He cannot relax.", "He is tense."),
        ("He frowns, but he does not shout.", "His brows are furrowed."),
        ("He smiles slightly.", "A subtle smile."),
        ("He smiles slightly.", "He smiles."),
        ("A glass stands on the table.", "There is a drink."),
        ("她没有笑。", "没有微笑。"),
        ("他皱眉。", "眉头紧皱。"),
        ("She smiles, not only with her lips.", "She smiles."),
    ],
)
def test_agreement_is_full(one: str, other: str) -> None:
    assert agree(one, other) == agree(other, one) == 1.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("He smiles slightly.", "A broad smile."),
        ("Her brows are barely furrowed.", "A very strong frown."),
        ("声音略微颤抖。", "声音明显颤抖。"),
        ("At first she smiles, then the lip corners drop.", "Her mouth corners are turned down."),
        ("The voice may be loud or quiet.", "The voice is quiet."),
        ("他可能高兴，也可能悲伤。", "他很高兴。"),
    ],
)
def test_two_steps_of_intensity_and_both_poles_are_half(one: str, other: str) -> None:
    assert agree(one, other) == agree(other, one) == 0.5


@pytest.mark.parametrize(
    ("clause", "speech"),
    [
        ('In the text, the subtitle reads: "I never said that."', True),
        ("This sentence may be a complaint.", True),
        ("字幕内容是他不想去。", True),
        ("他说“我不去”。", True),
        ("He tells them that the train leaves tonight without the luggage.", True),
        ("The voice is loud and trembles.", False),
        ("Her lips are pressed together.", False),
        ("他的声音颤抖。", False),
        ("He holds the train ticket in his left hand and smiles at the clerk.", False),
    ],
)
def test_clauses_about_the_words_spoken(clause: str, speech: bool) -> None:
    cues = (Cue(id="s.1", modality="speech", code="segment", text="without the luggage, so tell them"),)
    cueset = CueSet(clip=Clip(id="c", transcript="The train leaves tonight"), cues=cues)
    assert repeats_speech(clause, spoken_words(cueset)) is speech


def test_words_of_a_chinese_transcript() -> None:
    spoken = spoken_words(CueSet(clip=Clip(id="c", transcript="你明天早上几点钟的火车")))
    assert repeats_speech("明天早上的火车几点", spoken)
    assert not repeats_speech("她的眉头紧紧皱着，声音颤抖", spoken)
    assert spoken_words(None) == frozenset()


def test_clauses_once_each_and_cut() -> None:
    assert split_clauses("A smile.\n- a  SMILE.\nNo frown.") == ["A smile.", "No frown."]
    assert len(split_clauses("x" * 5000)[0]) == LONGEST_CLAUSE
    assert split_clauses(" \n...") == []


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_is_read_and_agreement_is_symmetric(one: str, other: str) -> None:
    assert agree(one, other) == agree(other, one)
    assert agree(one, one) == 1.0
    repeats_speech(one, frozenset({other}))


@pytest.mark.parametrize(
    "unit", ["corners of the ", "eyes ", "not ", "brows are very ", "嘴角", "He smiles. ", '"', "this ", "a" * 50 + " "]
)
def test_a_megabyte_is_split_and_read(unit: str) -> None:
    # Time that grew with the square of the length would reach the limit of a test.
    read_clause((unit * LONGEST_CLAUSE)[:LONGEST_CLAUSE])

    def split_and_compare(size: int) -> None:
        for part in split_clauses(unit * (size // len(unit))):
            repeats_speech(part, frozenset({"train"}))

    split_and_compare(1_000_000)
    assert_work_is_linear(split_and_compare)
