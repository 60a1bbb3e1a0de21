"""Log-odds add up to a distribution, for any cues whatever."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoreason.errors import ConfigError
from emoreason.prompts.contract import read_answer
from emoreason.reasoning.engines import Request, load_engine
from emoreason.reasoning.engines.evidence import EvidenceEngine
from emoreason.reasoning.evidence.score import seven, terms
from emoreason.reasoning.evidence.tables import SIX, WEIGHTS, load_table, rows
from emoreason.records import Clip, Cue, CueSet
from emoreason.records.labels import EMOTIONS, MARKS, MODALITIES, SIDES, STATES

ENGINES = {name: EvidenceEngine(name) for name in WEIGHTS}
CODES = [f"AU{number}" for number in (*range(1, 47), 51, 64, 99)] + ["L12", "B22", "f0_mean", "loudness", "yaw", "?"]

numbers = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False), st.floats(0, 5))
times = st.one_of(st.none(), st.floats(0, 100))
LEVELS = [None, "barely", "slightly", "moderately", "strongly", "very_strongly", "very_low", "low", "high", "odd"]
cues = st.builds(
    Cue,
    id=st.just("x"),
    modality=st.sampled_from(MODALITIES),
    code=st.sampled_from(CODES),
    state=st.sampled_from(STATES),
    value=numbers,
    unit=st.sampled_from([None, "0-5", "0-1", "z", "Hz", "percent"]),
    level=st.sampled_from(LEVELS),
    direction=st.sampled_from([None, "rising", "falling", "left"]),
    side=st.one_of(st.none(), st.sampled_from(SIDES)),
    start_s=times,
    end_s=times,
    apex_s=times,
    subject=st.sampled_from([None, "face1", "face2", "speaker1"]),
    confidence=st.one_of(st.none(), st.floats(0, 1)),
    text=st.one_of(st.none(), st.text(max_size=20)),
    marks=st.lists(st.sampled_from(MARKS), unique=True, max_size=4).map(tuple),
)
# Faces alone come up often enough to be tested.
faces = st.builds(
    lambda cue, code, state: replace(cue, modality="face", code=code, state=state),
    cues,
    st.sampled_from(CODES[:46]),
    st.sampled_from(STATES),
)


def cueset_of(found: list[Cue]) -> CueSet:
    return CueSet(clip=Clip(id="c"), cues=tuple(replace(cue, id=f"c.x.{i}") for i, cue in enumerate(found)))


cuesets = st.lists(st.one_of(cues, faces), max_size=30).map(cueset_of)


def face(*present: str, absent: tuple[str, ...] = (), unknown: tuple[str, ...] = ()) -> CueSet:
    states = [(c, "present") for c in present] + [(c, "absent") for c in absent] + [(c, "unknown") for c in unknown]
    return cueset_of([Cue(id="x", modality="face", code=code, state=state) for code, state in states])  # type: ignore[arg-type]


def probabilities(cueset: CueSet, weights: str = "fitted") -> dict[str, float]:
    return dict(zip(EMOTIONS, ENGINES[weights].read(cueset)[0].probabilities, strict=True))


@pytest.mark.parametrize("weights", WEIGHTS)
@settings(max_examples=80, deadline=None)
@given(cueset=cuesets, language=st.sampled_from(["en", "zh"]), preset=st.sampled_from(["explain", "tree", "direct"]))
def test_any_cues_give_a_valid_answer(weights: str, cueset: CueSet, language: str, preset: str) -> None:
    request = Request(cueset=cueset, language=language, preset=preset, compounds=True)
    explanation = read_answer(ENGINES[weights].answer(request).text, cueset, preset=preset)
    assert [item.label for item in explanation.emotions] == list(EMOTIONS)
    assert math.fsum(item.probability for item in explanation.emotions) == pytest.approx(1.0, abs=1e-6)
    assert math.fsum(item.probability for item in explanation.compounds) == pytest.approx(1.0, abs=1e-4)
    assert explanation.valence is not None
    assert explanation.arousal is not None
    assert explanation.notes == ()  # the parser had nothing to repair
    assert explanation.abstained == (explanation.labels == ())
    assert (explanation.abstain_reason is not None) == explanation.abstained


@settings(max_examples=40, deadline=None)
@given(cueset=cuesets, seed=st.randoms(use_true_random=False))
def test_the_order_of_cues_does_not_matter(cueset: CueSet, seed: object) -> None:
    shuffled = list(cueset.cues)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    other = replace(cueset, cues=tuple(shuffled))
    assert ENGINES["fitted"].answer(Request(cueset=cueset)) == ENGINES["fitted"].answer(Request(cueset=other))


@settings(max_examples=40, deadline=None)
@given(cueset=cuesets)
def test_the_sums_can_be_recomputed_from_the_shipped_table(cueset: CueSet) -> None:
    by_hand = {
        (row["kind"], row["code"]): [float(row[emotion]) for emotion in SIX] for row in rows("evidence_fitted.csv")
    }
    for scored in ENGINES["fitted"].read(cueset):
        weighed = [a.strength for a in scored.person.present if ("present", a.code) in by_hand]
        shown = min(1.0, sum(weighed))
        sums = [shown * value for value in by_hand["base", ""]]
        for term in terms(scored.person):
            weight = by_hand.get((term.kind, term.code))
            if weight is not None:
                sums = [total + term.amount * value for total, value in zip(sums, weight, strict=True)]
        voice = [part.log_odds for part in scored.contributions if part.term.kind == "voice"]
        sums = [total + math.fsum(part[i] for part in voice) for i, total in enumerate(sums)]
        assert list(scored.sums) == pytest.approx(sums, abs=1e-9)
        assert list(scored.probabilities) == pytest.approx(list(seven(sums, scored.neutral)), abs=1e-9)


@pytest.mark.parametrize("weights", WEIGHTS)
@given(others=st.lists(st.sampled_from(CODES[:46]), unique=True, max_size=8))
def test_a_cue_that_favours_an_emotion_most_never_lowers_it(weights: str, others: list[str]) -> None:
    others = [code for code in others if code != "AU12"]
    before = ENGINES[weights].read(face(*others, unknown=("AU12",)))[0]
    after = ENGINES[weights].read(face(*others, "AU12"))[0]
    change = [new - old for new, old in zip(after.sums, before.sums, strict=True)]
    if change[0] == max(change):
        assert after.probability("happiness") >= before.probability("happiness") - 1e-12


@pytest.mark.parametrize("weights", WEIGHTS)
def test_a_smile_alone_is_happiness(weights: str) -> None:
    before, after = probabilities(face(unknown=("AU12",)), weights), probabilities(face("AU12"), weights)
    assert after["happiness"] > before["happiness"]
    assert max(after, key=after.__getitem__) == "happiness"


@pytest.mark.parametrize("weights", WEIGHTS)
def test_absent_is_evidence_and_unknown_is_none(weights: str) -> None:
    seen = face("AU4", "AU9")
    assert probabilities(face("AU4", "AU9", unknown=("AU12", "AU1")), weights) == probabilities(seen, weights)
    assert probabilities(face("AU4", "AU9", absent=("AU12", "AU1")), weights) != probabilities(seen, weights)


STILL = ("AU1", "AU2", "AU4", "AU5", "AU6", "AU7", "AU9", "AU10", "AU12", "AU14", "AU15", "AU17", "AU18", "AU20",
         "AU23", "AU24", "AU25", "AU26", "AU43", "AU45")  # fmt: skip


def test_a_still_face_is_neutral_and_one_clear_action_outweighs_it() -> None:
    still = probabilities(face(absent=STILL))
    assert still["neutral"] > 0.8
    moving = probabilities(face("AU12", absent=tuple(code for code in STILL if code != "AU12")))
    assert moving["neutral"] < 0.05


def test_blinks_and_winks_say_nothing() -> None:
    assert probabilities(face("AU45", "AU46")) == probabilities(face())


def test_every_shipped_row_is_relative_to_the_average_emotion() -> None:
    for name in WEIGHTS:
        for (kind, code), weight in load_table(name).weights.items():
            assert math.fsum(weight.log_odds) == pytest.approx(0.0, abs=5e-4), (name, kind, code)
            assert weight.source


def test_rare_actions_weigh_little() -> None:
    table = load_table("fitted")
    for code in ("AU19", "AU30", "AU32", "AU34", "AU35", "AU39"):
        weight = table.find("present", code)
        assert weight is not None
        assert max(map(abs, weight.log_odds)) < 0.5
    for code in ("AU16", "AU27", "AU28"):
        assert table.find("present", code) is not None


def test_voice_is_weak_beside_the_face() -> None:
    table = load_table("fitted")
    voice = [max(map(abs, weight.log_odds)) for (kind, _), weight in table.weights.items() if kind == "voice"]
    smile = table.find("present", "AU12")
    assert smile is not None
    assert max(voice) < 0.5 * max(smile.log_odds)


def test_a_loud_bright_voice_moves_towards_anger_and_a_soft_one_towards_sadness() -> None:
    def heard(level: str) -> dict[str, float]:
        codes = ("f0_mean", "loudness", "alpha_ratio")
        return probabilities(cueset_of([Cue(id="x", modality="voice", code=code, level=level) for code in codes]))

    assert heard("very_high")["anger"] > 0.2 > heard("very_low")["anger"]
    assert heard("very_low")["sadness"] > 0.2 > heard("very_high")["sadness"]


def test_unknown_weights_are_refused() -> None:
    with pytest.raises(ConfigError, match="fitted, literature"):
        load_engine("evidence", weights="mine")


def test_a_table_of_zeros_is_a_still_face() -> None:
    """OpenFace writes every action with its intensity, 0 for what is not there."""
    measured = [Cue(id="x", modality="face", code=code, value=0.0, unit="0-5") for code in STILL]
    assert probabilities(cueset_of(measured)) == probabilities(face(absent=STILL))


@pytest.mark.parametrize("weights", WEIGHTS)
def test_a_code_without_any_weight_says_nothing_about_neutral(weights: str) -> None:
    still = probabilities(face(absent=STILL), weights)
    assert probabilities(face("AU99", absent=STILL), weights) == still
    assert probabilities(face("AU19", absent=STILL), weights)["neutral"] < 0.1
