"""Cue suites: EmoCue-360 as published, and the robust form, under which what fits every clip earns nothing."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reward_texts import TEXTS

from emoreason.errors import ConfigError
from emoreason.eval.cue_f1 import cue_robust, emocue_360
from emoreason.eval.measure import differences, intervals
from emoreason.eval.sample import Gold, Prediction, Sample, join
from emoreason.eval.suite import SuiteResult, SuiteSettings, suite_named
from emoreason.records import Reference
from emoreason.rewards.cue_match.emocue360 import emocue360_corpus
from emoreason.rewards.embedders import Cached, HashedEmbedder, Vectors

HASHED = SuiteSettings(embedder=Cached(HashedEmbedder()))
CLUES = (
    ("Her brows are furrowed.", "The voice is loud and hoarse.", "She points at the door."),
    ("He smiles broadly.", "He leans back in his chair.", "The tone is calm."),
    ("The eyes are wide.", "The mouth is open.", "The pitch rises at the end."),
    ("A child hides behind a curtain.", "The voice trembles.", "The gaze is lowered."),
    ("Two men shake hands.", "Both laugh.", "They speak fast."),
    ("An old man wipes his tears.", "His shoulders hang.", "He whispers."),
)
SCENARIOS = [Gold(clip=f"clip{number}", reference=Reference(clues=clues)) for number, clues in enumerate(CLUES)]


class Placed:
    """Vectors as given, for arithmetic by hand."""

    name, threshold = "placed", 0.5

    def __init__(self, vectors: dict[str, Sequence[float]]) -> None:
        self._vectors = vectors

    def __call__(self, texts: Sequence[str], /) -> Vectors:
        return np.array([self._vectors[text] for text in texts], np.float32).reshape(len(texts), -1)


def values(result: SuiteResult) -> dict[str, float]:
    return {measure.name: measure.value for measure in result.measures}


def told(texts: Sequence[str | None], golds: Sequence[Gold] = SCENARIOS) -> list[Sample]:
    """Samples with a text for each clip; None: no prediction."""
    written = [
        Prediction(clip=gold.clip, text=text) for gold, text in zip(golds, texts, strict=True) if text is not None
    ]
    return join(golds, written)


def test_emocue_360_by_hand() -> None:
    """Clip a: recall (1 + .6)/2, precision (1 + .8)/2; clip b: nothing predicted; clip c: no clues, left out."""
    vectors = {"A.": (1, 0), "B.": (0.6, 0.8), "R.": (1, 0), "S.": (-0.28, 0.96), "T.": (0, 1)}
    golds = [
        Gold(clip="a", reference=Reference(clues=("R.", "S."))),
        Gold(clip="b", reference=Reference(), text="T."),
        Gold(clip="c", reference=Reference()),
    ]
    samples = join(golds, [Prediction(clip="a", text="A. B."), Prediction(clip="c", text="A.")])
    found = emocue_360(samples, SuiteSettings(embedder=Placed(vectors)))
    recall, precision = (1 + 0.6 * -0.28 + 0.8 * 0.96) / 2, (1 + 0.6) / 2
    assert math.isclose(values(found)["recall"], recall / 2, rel_tol=1e-5)
    assert math.isclose(values(found)["precision"], precision / 2, rel_tol=1e-5)
    assert math.isclose(values(found)["EmoCue-360 F1"], recall * precision / (recall + precision), rel_tol=1e-5)
    assert found.counts == {"clips": 3, "scored": 2, "no_gold": 1, "missing": 1}
    assert intervals(found.measures)[0].n_clips == 2


def split_judge(messages: Sequence[dict[str, str]]) -> str:
    """Every sentence is a cue, quoted: of the face, the voice, what is said, or an emotion, by its first word."""
    text = json.loads(messages[-1]["content"].partition(": ")[2])
    kinds = {"Her": "face", "The": "voice", "Words": "speech", "Sad": "emotion", "In": "voice"}
    cues = [
        {"modality": kinds[part.split()[0]], "what": part, "state": "present", "when": None, "who": None, "quote": part}
        for part in text.rstrip(".").split(". ")
        if part
    ]
    return json.dumps({"cues": cues})


def test_with_a_judge_the_kinds_are_scored_as_the_published_corpus_score() -> None:
    texts = (
        "Her lips tremble. The tone is flat. Words were spoken. Sad she is.",
        "Her lips are pressed. The voice is low. In text a farewell. Sad and lost.",
        "Her eyes are wide.",
    )
    theirs = (
        "Her mouth trembles. The tone is low. Sad it seems.",
        "Her lips are thin. The voice breaks. Words of farewell.",
        "Her eyes are open. The pitch is high. Sad surprise.",
    )
    golds = [Gold(clip=str(number), reference=Reference(), text=text) for number, text in enumerate(theirs)]
    found = emocue_360(told(texts, golds), replace(HASHED, ask=split_judge, judge="split"))  # type: ignore[arg-type]

    def kinds(text: str) -> dict[str, list[str]]:
        parts = [part for part in text.rstrip(".").split(". ") if not part.startswith("Words")]
        wanted = {"visual": ("Her",), "auditory": ("The", "In"), "emotional": ("Sad",)}
        return {kind: [part for part in parts if part.split()[0] in first] for kind, first in wanted.items()}

    expected = emocue360_corpus(
        {str(number): kinds(text) for number, text in enumerate(texts)},
        {str(number): kinds(text) for number, text in enumerate(theirs)},
        HASHED.embedder,
    )
    for kind in ("visual", "auditory", "emotional"):
        of_kind = expected[kind]
        assert of_kind is not None
        assert math.isclose(values(found)[f"{kind} F1"], of_kind[2], rel_tol=1e-5)
    mean = sum(of_kind[2] for of_kind in expected.values() if of_kind is not None) / 3
    assert math.isclose(values(found)["EmoCue-360 F1"], mean, rel_tol=1e-5)
    assert found.settings["judge"] == "split"


def test_a_judge_that_cannot_split_is_counted_and_its_clips_left_out() -> None:
    def judge(messages: Sequence[dict[str, str]]) -> str:
        return "no" if "lips" in str(messages[1]["content"]) else split_judge(messages)

    golds = [Gold(clip=name, reference=Reference(), text="Her eyes are wide.") for name in "ab"]
    samples = told(("Her lips part.", "Her eyes are wide."), golds)
    found = emocue_360(samples, replace(HASHED, ask=judge))  # type: ignore[arg-type]
    assert found.counts["judge_failed"] == 1
    assert values(found)["EmoCue-360 F1"] == pytest.approx(1.0)
    assert any("judge failed on 1 clips" in note for note in found.notes)


def test_both_are_registered_and_refuse_gold_without_sentences() -> None:
    samples = join([Gold(clip="a", reference=Reference(labels=("happy",)))], [])
    for name in ("emocue-360", "cue-robust"):
        with pytest.raises(ConfigError, match="'clues' or 'text'"):
            suite_named(name)(samples, HASHED)


def test_the_reference_itself_scores_1_and_silence_0() -> None:
    for texts, expected in (([" ".join(clues) for clues in CLUES], 1.0), ([None] * 6, 0.0), ([""] * 6, 0.0)):
        found = cue_robust(told(texts), HASHED)
        assert values(found)["cue match"] == pytest.approx(expected, abs=1e-4)
        assert found.settings["floor_from"] == "given"
    assert found.counts["missing"] == 0
    assert cue_robust(told([None] * 6), HASHED).counts["missing"] == 6


@given(st.permutations([clue for clues in CLUES for clue in clues]), st.integers(1, 18))
def test_a_text_that_is_the_same_for_every_clip_is_at_chance(order: Sequence[str], count: int) -> None:
    """Whatever it says and however long: what it earns on a clip it earns on the others as well."""
    found = cue_robust(told([" ".join(order[:count])] * 6), HASHED)
    assert values(found)["cue match"] == pytest.approx(0.0, abs=1e-6)


def test_what_the_published_score_pays_for_the_robust_one_does_not() -> None:
    """A flood of generic sentences, the subtitle, and the opposite of what was seen."""
    honest = ["Her brows are drawn together. She is loud.", "A broad smile.", "Wide eyes.", "The voice trembles.",
              "They shake hands.", "He wipes his tears."]  # fmt: skip
    generic = " ".join(clue for clues in CLUES for clue in clues)
    flooded = [f"{text} {generic}" for text in honest]
    constant = [generic] * 6
    published = [values(emocue_360(told(texts), HASHED))["EmoCue-360 F1"] for texts in (honest, flooded, constant)]
    robust = [values(cue_robust(told(texts), HASHED))["cue match"] for texts in (honest, flooded, constant)]
    assert min(published[1:]) > 0.75 * published[0]
    assert robust[0] > 0.25
    assert robust[1] < robust[0] / 2
    assert robust[2] == pytest.approx(0.0, abs=1e-6)

    said = "We must sell the old house before winter"
    golds = [replace(gold, transcript=said) for gold in SCENARIOS]
    repeated = [f"{text} They must sell the old house." for text in honest]
    assert values(cue_robust(told(repeated, golds), HASHED))["cue match"] == pytest.approx(robust[0])
    denied = ["Her brows are not furrowed.", "He does not smile.", "The eyes are not wide.",
              "The voice does not tremble.", "They do not shake hands.", "No tears."]  # fmt: skip
    assert values(cue_robust(told(denied), HASHED))["cue match"] <= 0.02


def test_every_system_has_the_same_floor_and_measures() -> None:
    """The floor is of the gold's clips alone: another system in the same run changes nothing."""
    one = cue_robust(told(["He smiles."] * 6), HASHED)
    again = cue_robust(told(["He smiles."] * 6), HASHED)
    other = cue_robust(told([None] * 6), HASHED)
    assert values(one) == values(again)
    assert [measure.name for measure in one.measures] == [measure.name for measure in other.measures]
    assert differences(one.measures, other.measures, resamples=50)[0].interval.n_clips == 6


def test_few_clips_borrow_a_floor_and_say_so() -> None:
    found = cue_robust(told(["He smiles broadly."], SCENARIOS[1:2]), HASHED)
    assert "built-in" in found.settings["floor_from"]
    assert any("fewer than five" in note for note in found.notes)


def test_explanations_and_completions_are_read_alike() -> None:
    text = "Her brows are furrowed."
    contract = f'<think>{text}</think>{{"labels": [{{"label": "angry", "cues": []}}]}}'
    forms = [text, f"<think>{text}</think><answer>angry</answer>", contract]
    found = [values(cue_robust(told([form, *[""] * 5]), HASHED)) for form in forms]
    assert found[0] == found[1] == found[2]


@settings(max_examples=40)
@given(TEXTS)
def test_any_text_has_a_score(text: str) -> None:
    samples = told([text, *[None] * 5])
    assert -1 <= values(emocue_360(samples, HASHED))["EmoCue-360 F1"] <= 1
    assert -1 <= values(cue_robust(samples, HASHED))["cue match"] <= 1
