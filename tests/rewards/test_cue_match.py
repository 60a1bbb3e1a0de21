"""Cue rewards: EmoCue-360 to the published formula, and what the robust form pays for and what it does not."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from work import assert_work_is_linear

from emoreason.records import Clip, CueSet, Reference
from emoreason.rewards.completion import Completion, read_completion
from emoreason.rewards.cue_match import CueMatch, EmoCue360
from emoreason.rewards.cue_match.emocue360 import emocue360, emocue360_corpus
from emoreason.rewards.cue_match.robust import MOST_CLAUSES
from emoreason.rewards.embedders import Cached, HashedEmbedder, Vectors
from emoreason.rewards.reward import Case, reward_named

HASHED = Cached(HashedEmbedder())
CLUES = (
    "Her brows are furrowed.",
    "The corners of her mouth are pulled down.",
    "The voice is loud and hoarse.",
    "She points at the door with her left hand.",
)
OTHERS = (
    ("He smiles broadly.", "He leans back in his chair.", "The tone is calm."),
    ("The eyes are wide.", "The mouth is open.", "The pitch rises at the end."),
    ("A child hides behind a curtain.", "The voice trembles.", "The gaze is lowered."),
    ("Two men shake hands.", "Both laugh.", "They speak fast."),
)


class Placed:
    """Vectors as given, for arithmetic by hand."""

    name, threshold = "placed", 0.5

    def __init__(self, vectors: dict[str, Sequence[float]]) -> None:
        self._vectors = vectors

    def __call__(self, texts: Sequence[str], /) -> Vectors:
        return np.array([self._vectors[text] for text in texts], np.float32).reshape(len(texts), -1)


def value_of(reward: CueMatch | EmoCue360, text: str, reference: Reference) -> float:
    score = reward(Completion(text=text, think=text), reference)
    assert score is not None
    assert score.value is not None
    return score.value


def robust(text: str, clues: Sequence[str] = CLUES, **known: object) -> float:
    reference = Reference(clues=tuple(clues), **known)  # type: ignore[arg-type]
    return value_of(CueMatch(HASHED, background=OTHERS), text, reference)


# EmoCue-360 as published


def test_emocue360_by_hand() -> None:
    """Two predicted and three reference cues; the published mean of best cosines on either side."""
    vectors = {"a": (1, 0), "b": (0.6, 0.8), "r": (1, 0), "s": (0, 1), "t": (-1, 0)}
    found = emocue360(["a", "b"], ["r", "s", "t"], Placed(vectors))
    assert found is not None
    recall, precision, f1 = found
    assert recall == pytest.approx((1 + 0.8 - 0.6) / 3)
    assert precision == pytest.approx((1 + 0.8) / 2)
    assert f1 == pytest.approx(2 * 0.4 * 0.9 / 1.3)
    assert emocue360([], ["r"], Placed(vectors)) == (0.0, 0.0, 0.0)
    assert emocue360(["a"], [], Placed(vectors)) is None
    assert emocue360(["r"], ["t"], Placed(vectors)) == (-1.0, -1.0, 0.0)


def test_emocue360_corpus_quirks() -> None:
    """Subtitle cues (any auditory cue with "text") go, empty references are skipped, no emotional list scores 0."""
    vectors = {"a": (1, 0), "b": (0, 1), "Subtitle text: no": (1, 0)}
    predicted = {
        "one": {"visual": ["a"], "auditory": ["Subtitle text: no"], "emotional": ["b"]},
        "two": {"visual": [], "auditory": ["b"]},
    }
    gold = {
        "one": {"visual": ["a"], "auditory": ["Subtitle text: no"], "emotional": ["b"]},
        "two": {"visual": ["b"], "auditory": ["b"], "emotional": ["a"]},
    }
    found = emocue360_corpus(predicted, gold, Placed(vectors))
    assert found["visual"] == (0.5, 0.5, 0.5)
    assert found["auditory"] == (1.0, 1.0, 1.0)
    assert found["emotional"] == (0.5, 0.5, 0.5)
    assert emocue360_corpus({}, {}, Placed(vectors))["visual"] is None


def test_emocue360_has_the_faults_it_is_known_for() -> None:
    """One generic clause serves two clues, and a subtitle pays."""
    soft = EmoCue360(HASHED)
    assert value_of(soft, "The brows.", Reference(clues=("The brows.", "The brows rise."))) > 0.8
    said = 'The subtitle reads: "Nobody asked you."'
    assert value_of(soft, said, Reference(clues=(said,))) == pytest.approx(1.0)


# The robust form


def test_scores_by_hand() -> None:
    """Cosines 1 and .8 over a threshold of .5 are credits 1 and .6; three clauses, two clues; floor 0."""
    vectors = {
        "Clause one.": (1, 0, 0, 0),
        "Clause two.": (0, 0.8, 0.6, 0),
        "Clause three.": (0, 0.6, 0.8, 0),
        "Clue one.": (1, 0, 0, 0),
        "Clue two.": (0, 1, 0, 0),
        "Other clue.": (0, 0, 0, 1),
    }
    reward = CueMatch(Placed(vectors), background=[("Other clue.",)])
    score = reward(
        read_completion("<think>Clause one. Clause two. Clause three.</think>"),
        Reference(clues=("Clue one.", "Clue two.")),
    )
    assert score is not None
    assert score.value == pytest.approx(2 * 1.6 / 5, abs=1e-5)
    parts = score.parts or {}
    assert (parts["precision"], parts["recall"]) == pytest.approx((1.6 / 3, 0.8), abs=1e-5)
    assert (parts["n_matched"], parts["n_clauses"], parts["floor"], parts["floor_from"]) == (2, 3, 0, "given")
    assert parts["embedder"] == "placed"


def test_one_clause_serves_one_clue() -> None:
    once = robust("The voice is loud and hoarse.", ["The voice is loud and hoarse.", "A loud, hoarse voice."])
    assert once < 0.75
    assert robust("The voice is loud and hoarse. The voice is loud and hoarse!") == pytest.approx(
        robust("The voice is loud and hoarse."), abs=0.1
    )


def test_a_copy_scores_one_and_silence_nothing() -> None:
    assert robust(" ".join(CLUES)) == pytest.approx(1.0, abs=1e-4)
    assert robust("") == 0.0
    assert robust("...") == 0.0
    score = CueMatch(HASHED)(read_completion("<answer>sad</answer>"), Reference(clues=CLUES))
    assert score is not None
    assert score.value == 0.0


def test_flooding_costs() -> None:
    """Forty further clauses that match nothing divide the score; beyond the most that are read they still count."""
    honest = " ".join(CLUES)
    junk = [f"Item {number} stands near object {number * 7} quietly." for number in range(400)]
    scores = [robust(f"{honest} {' '.join(junk[:n])}") for n in (0, 5, 40, 400)]
    assert scores == sorted(scores, reverse=True)
    assert scores[2] < 0.25 * scores[0]
    assert scores[3] < 0.03
    assert len(junk) > MOST_CLAUSES


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("Her brows are furrowed.", "Her brows are not furrowed."),
        ("Her brows are furrowed.", "Her brows are raised."),
        ("The voice is loud and hoarse.", "The voice is quiet and hoarse."),
        ("The corners of her mouth are pulled down.", "The corners of her mouth are pulled up."),
    ],
)
def test_polarity_and_direction_are_checked(right: str, wrong: str) -> None:
    assert robust(right, [right]) == pytest.approx(1.0)
    assert robust(wrong, [right]) == 0.0
    assert value_of(EmoCue360(HASHED), wrong, Reference(clues=(right,))) > 0.4


def test_intensity_two_steps_off_is_half() -> None:
    credit = [
        robust(f"Her brows are {word} furrowed.", ["Her brows are slightly furrowed."])
        for word in ("mildly", "strongly")
    ]
    assert 0 < credit[1] < 0.6 * credit[0]


def test_subtitles_earn_nothing_and_cost_nothing() -> None:
    cueset = CueSet(clip=Clip(id="c", transcript="Nobody asked you about the garden"))
    said = 'The subtitle reads: "Nobody asked you about the garden."'
    retold = "Nobody asked about the garden."
    clues = (*CLUES, said)
    plain = robust(CLUES[0], clues, cueset=cueset)
    assert robust(f"{CLUES[0]} {said} {retold}", clues, cueset=cueset) == plain > 0
    assert robust(f"{said} {retold}", clues, cueset=cueset) == 0.0


def test_none_only_for_the_references_sake() -> None:
    done = read_completion("<think>She frowns.</think>")
    for reward in (CueMatch(HASHED), EmoCue360(HASHED)):
        assert reward(done, Reference()) is None
        assert reward(read_completion(""), Reference(clues=CLUES)) is not None
    assert CueMatch(HASHED)(done, Reference(clues=('The subtitle says: "No."',))) is None
    cases = [Case(done, Reference()), Case(done, Reference(clues=CLUES))]
    assert [score is None for score in CueMatch(HASHED).score_many(cases)] == [True, False]


def test_the_floor_names_its_source() -> None:
    reward = CueMatch(HASHED)
    done = read_completion("<think>She frowns.</think>")
    cases = [Case(done, Reference(clues=clues)) for clues in (CLUES, *OTHERS)]

    def source(batch: Sequence[Case]) -> object:
        score = reward.score_many(batch)[0]
        return (score.parts or {})["floor_from"] if score else None

    assert source(cases) == "batch"
    assert source(cases[:3]) == "batch and built-in"
    assert source(cases[:1] * 8) == "built-in"
    chinese = [Case(read_completion("<think>她皱眉。</think>"), Reference(clues=("她的眉头紧皱。", "声音很大。")))]
    assert source(chinese) == "built-in"
    score = reward.score_many(chinese)[0]
    assert score is not None
    assert (score.value or 0) > 0.1


def test_in_a_batch_a_constant_list_is_worth_exactly_the_floor() -> None:
    """Every clip is the others' floor, so the same text for all of them is on average on it."""
    text = "He smiles. The voice is loud. Her brows are furrowed. The tone is calm. They speak fast. The mouth is open."
    cases = [Case(Completion(text=text, think=text), Reference(clues=clues)) for clues in (CLUES, *OTHERS)]
    scores = CueMatch(HASHED).score_many(cases)
    over = [
        float((score.parts or {})["f1"] or 0) - float((score.parts or {})["floor"] or 0) for score in scores if score
    ]
    assert np.mean(over) == pytest.approx(0.0, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.permutations(range(5)), st.permutations(CLUES))
def test_order_does_not_matter(batch: list[int], clauses: list[str]) -> None:
    texts = [" ".join(clauses), "She smiles. The voice trembles.", "", "The eyes are wide.", "They laugh."]
    golds = [Reference(clues=clues) for clues in (tuple(clauses), *OTHERS)]
    cases = [Case(Completion(text=text, think=text), gold) for text, gold in zip(texts, golds, strict=True)]
    straight = [score.value for score in CueMatch(HASHED).score_many(cases) if score]
    shuffled = [score.value for score in CueMatch(HASHED).score_many([cases[at] for at in batch]) if score]
    assert shuffled == pytest.approx([straight[at] for at in batch], abs=1e-5)
    assert straight[0] == pytest.approx(1.0, abs=1e-4)


def test_with_a_background_given_the_batch_does_not_matter() -> None:
    reward = CueMatch(HASHED, background=OTHERS)
    gold = Reference(clues=CLUES)
    cases = [Case.of(f"<think>{text}</think>", gold) for text in (CLUES[0], "She smiles.", "A door.")]
    together = [score.value for score in reward.score_many(cases) if score]
    assert together == pytest.approx([value_of(reward, case.completion.reasoning, gold) for case in cases], abs=1e-5)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=300), st.lists(st.text(max_size=60), max_size=4))
def test_any_text_scores_within_range(text: str, clues: list[str]) -> None:
    for reward in (CueMatch(HASHED), EmoCue360(HASHED)):
        score = reward(Completion(text=text, think=text), Reference(clues=tuple(clues)))
        if score is not None:
            assert -1e-6 <= (score.value or 0.0) <= 1 + 1e-6


@pytest.mark.parametrize("unit", ["She frowns and smiles. ", "她皱眉。", "not ", "a"])
def test_a_megabyte_is_scored(unit: str) -> None:
    text = "".join(f"{unit}{n if n % 5 == 0 else ''}" for n in range(1_000_000 // len(unit)))[:1_000_000]
    assert robust(text) < 0.2
    assert_work_is_linear(lambda size: robust(text[:size]))


def test_both_are_registered() -> None:
    assert isinstance(reward_named("cue_match"), CueMatch)
    assert isinstance(reward_named("cue_match_emocue360"), EmoCue360)
