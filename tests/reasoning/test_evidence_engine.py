"""The evidence engine as others see it: an Explanation whose claims can be checked."""

import itertools
import math
import re

import pytest

from emoreason.cues.emotion_words import emotion_words_in
from emoreason.errors import ConfigError
from emoreason.reasoning.engines import Request, load_engine
from emoreason.reasoning.engines.evidence import RESEARCH_NOTICE, EvidenceEngine
from emoreason.reasoning.evidence.compound import COMPOUNDS, pair_shares
from emoreason.reasoning.evidence.open_labels import open_labels
from emoreason.reasoning.evidence.tables import SIX, rows
from emoreason.reasoning.explain import explain_cues
from emoreason.records import CueSet, Explanation
from emoreason.records.convert import from_json

ENGINE = EvidenceEngine()


def read(cues: list[dict[str, object]], gaps: list[dict[str, object]] | None = None) -> CueSet:
    return from_json({"clip": "clip.mp4", "cues": cues, "gaps": gaps or []}, CueSet)


def smile(subject: str = "face1", **fields: object) -> list[dict[str, object]]:
    timed = {"start_s": 1.0, "end_s": 2.5, "apex_s": 1.8, "subject": subject, "unit": "0-5", "confidence": 0.9}
    return [
        {"id": f"{subject}.AU12.1", "code": "AU12", "value": 3.2, **timed, **fields},
        {"id": f"{subject}.AU6.1", "code": "AU6", "value": 1.4, **timed, **fields},
        {"id": f"{subject}.AU4.1", "code": "AU4", "state": "absent", "subject": subject},
    ]


def explain(cues: list[dict[str, object]], **options: object) -> Explanation:
    return explain_cues(read(cues), ENGINE, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_observations_name_no_emotion_and_the_interpretation_cites_weights(language: str) -> None:
    explanation = explain(smile(), language=language)
    reasoning = explanation.reasoning or ""
    heading = {"en": "\nInterpretation:", "zh": "\n解读："}[language]
    observed, interpreted = reasoning.split(heading)
    assert emotion_words_in(observed, language) == []
    word = {"en": "happiness (+", "zh": "高兴 (+"}[language]
    assert word in interpreted
    assert "felt" not in reasoning
    assert explanation.interpretation is not None


def test_claims_cite_cues_with_their_times_and_absence_is_negated() -> None:
    claims = explain(smile()).claims
    by_cue = {claim.cue_ids[0]: claim for claim in claims if len(claim.cue_ids) == 1}
    assert {"face1.AU12.1", "face1.AU6.1", "face1.AU4.1"} <= by_cue.keys()
    assert (by_cue["face1.AU12.1"].start_s, by_cue["face1.AU12.1"].end_s) == (1.0, 2.5)
    assert by_cue["face1.AU12.1"].polarity == "affirmed"
    assert by_cue["face1.AU4.1"].polarity == "negated"


def test_labels_are_graded_by_intensity_and_cite() -> None:
    words = {value: explain(smile(value=value)).labels[0] for value in (0.6, 1.8, 3.5)}
    assert words == {0.6: "content", 1.8: "happy", 3.5: "joyful"}
    explanation = explain(smile())
    assert explanation.label_cues is not None
    assert "face1.AU12.1" in explanation.label_cues[explanation.labels[0]]


def test_a_mixture_has_a_word_of_its_own() -> None:
    scored = ENGINE.read(read([{"code": f"AU{n}"} for n in (1, 2, 5, 20, 25, 26)]))[0]
    assert [emotion for emotion, _ in scored.ranked[:2]] == ["surprise", "fear"]
    assert "shocked" in [label for label, _ in open_labels(scored)]


def test_every_pair_of_the_six_has_a_word_but_happiness_with_anger() -> None:
    pairs = {frozenset((row["emotion"], row["second"])) for row in rows("evidence_labels.csv") if row["second"]}
    assert pairs == {frozenset(pair) for pair in COMPOUNDS.values()}


def test_without_evidence_it_abstains_and_gives_the_distribution_all_the_same() -> None:
    explanation = explain([])
    assert explanation.abstained
    assert explanation.labels == ()
    assert "no observation" in (explanation.abstain_reason or "")
    assert [round(item.probability, 3) for item in explanation.emotions] == [0.143] * 7
    assert (explanation.valence, explanation.arousal, explanation.alternatives) == (0.0, 0.0, ())


def test_weak_and_spread_evidence_abstain_with_their_own_reason() -> None:
    weak = explain([{"code": "AU25", "value": 0.2, "unit": "0-5", "confidence": 0.3}])
    assert weak.abstained
    assert "hardly tell" in (weak.abstain_reason or "")
    spread = explain([{"code": "AU2"}, {"code": "AU20"}])
    assert spread.abstained
    assert "alike" in (spread.abstain_reason or "")


def test_a_still_face_is_an_answer() -> None:
    explanation = explain([{"code": f"AU{n}", "state": "absent", "subject": "face1"} for n in range(1, 27)])
    assert not explanation.abstained
    assert explanation.labels == ("calm",)


def test_the_most_evident_person_is_explained_and_the_others_are_named() -> None:
    cues = [*smile("face2"), {"id": "face1.AU25.1", "code": "AU25", "value": 0.5, "unit": "0-5", "subject": "face1"}]
    explanation = explain(cues)
    assert explanation.labels[0] in ("happy", "joyful")
    assert any(note.startswith("several people: face2 is explained") and "face1" in note for note in explanation.notes)
    assert all(cue_id.startswith("face2") for claim in explanation.claims for cue_id in claim.cue_ids)


def test_what_it_has_no_weights_for_is_said() -> None:
    cues = [*smile(), {"id": "speech.utterance.1", "modality": "speech", "code": "utterance", "text": "I hate you"}]
    explanation = explain(cues)
    assert any("speech" in note for note in explanation.notes)
    assert explanation.emotions == explain(smile()).emotions


def test_compounds_come_on_request_and_with_their_preset() -> None:
    assert explain(smile()).compounds == ()
    for options in ({"compounds": True}, {"preset": "compound"}):
        compounds = explain(smile(), **options).compounds
        assert {item.label for item in compounds} == set(COMPOUNDS)
        assert compounds[0].label.startswith("happily")


def test_a_pair_is_as_likely_as_the_product_of_its_two() -> None:
    six = [0.5, 0.05, 0.05, 0.05, 0.3, 0.05]
    shares = dict(zip(COMPOUNDS, pair_shares(six), strict=True))
    assert max(shares, key=shares.__getitem__) == "happily surprised"
    assert shares["happily surprised"] / shares["happily sad"] == pytest.approx(0.3 / 0.05)
    assert SIX[0] == "happiness"


def test_the_voice_joins_the_face_in_compounds_by_its_reliability() -> None:
    jaw = [{"code": "AU1"}, {"code": "AU2"}, {"code": "AU26"}]
    voice = [{"modality": "voice", "code": code, "level": "very_high"} for code in ("alpha_ratio", "loudness")]
    alone = {item.label: item.probability for item in explain(jaw, compounds=True).compounds}
    heard = {item.label: item.probability for item in explain([*jaw, *voice], compounds=True).compounds}
    assert heard["fearfully angry"] > alone["fearfully angry"]
    assert max(heard, key=heard.__getitem__) == max(alone, key=alone.__getitem__)


def test_direct_writes_no_chain_of_thought() -> None:
    assert "<think>" not in ENGINE.answer(Request(cueset=read(smile()), preset="direct")).text
    assert explain(smile(), preset="direct").reasoning is None


def test_the_tree_preset_has_its_own_headings() -> None:
    reasoning = explain(smile(), preset="tree").reasoning or ""
    assert [heading for heading in ("Attributes:", "Expression:", "Emotion:") if heading in reasoning] == [
        "Attributes:",
        "Expression:",
        "Emotion:",
    ]


def test_it_says_which_weights_are_active() -> None:
    assert RESEARCH_NOTICE in ENGINE.describe()
    literature = load_engine("evidence", weights="literature")
    assert literature.model.startswith("literature")
    assert "nothing is fitted" in literature.describe()  # type: ignore[attr-defined]


def test_an_unknown_language_or_preset_is_refused() -> None:
    for options in ({"language": "xx"}, {"preset": "xx"}):
        with pytest.raises(ConfigError):
            ENGINE.answer(Request(cueset=read(smile()), **options))


def test_long_clips_cite_within_the_contract() -> None:
    cues = [
        {"id": f"face1.AU{n}.{k}", "code": f"AU{n}", "subject": "face1", "start_s": float(k), "end_s": k + 0.5}
        for n in (1, 2, 4, 5, 6, 9, 12, 25)
        for k in range(40)
    ]
    explanation = explain(cues)
    assert explanation.labels
    assert not any(note.startswith("model output") for note in explanation.notes)


def test_unread_codes_are_listed_in_the_language_of_the_request() -> None:
    cues = [*smile(), {"code": "AU99"}, {"id": "s.1", "modality": "scene", "code": "brightness", "value": 3.0}]
    for language, modality in (("en", "face (AU99)"), ("zh", "面部 (AU99)")):
        notes = " ".join(explain(cues, language=language).notes)
        assert modality in notes
        assert "brightness" in notes
    assert not explain(smile()).notes


def test_a_second_emotion_needs_something_present_that_speaks_for_it() -> None:
    for codes in itertools.combinations(("AU12", "AU4", "AU9", "AU25", "AU1", "AU6"), 2):
        for absent in ((), ("AU25", "AU1", "AU2")):
            cues = [{"code": code} for code in codes]
            cues += [{"code": code, "state": "absent"} for code in absent if code not in codes]
            scored = ENGINE.read(read(cues))[0]
            second = scored.ranked[1][0]
            if len(open_labels(scored)) > 1:
                parts = [part for part in scored.contributions if part.term.kind != "absent"]
                assert max(part.favours(second) for part in parts) > 0.05, (codes, absent)
    broad = explain([{"code": "AU12", "value": 4.5, "unit": "0-5"}, {"code": "AU25", "state": "absent"}])
    assert len(broad.labels) == 1


def test_alternatives_are_worth_telling_and_say_what_they_rest_on() -> None:
    for codes in itertools.combinations(("AU12", "AU4", "AU9", "AU20", "AU2", "AU15"), 2):
        explanation = explain([{"code": code} for code in codes])
        shares = {item.label: item.probability for item in explanation.emotions}
        for alternative in explanation.alternatives:
            assert shares[alternative.label] >= max(1 / 7, 0.5 * max(shares.values())) - 1e-6
            scored = ENGINE.read(read([{"code": code} for code in codes]))[0]
            if "base rates" in alternative.reason:
                assert scored.base[SIX.index(alternative.label)] > 0
    funnel = explain([{"code": "AU27", "value": 0.3, "unit": "0-5"}])
    bare = {item.label: item.reason for item in funnel.alternatives}
    assert "nothing speaks for it" in bare["happiness"]


STILL = [{"code": f"AU{n}", "state": "absent"} for n in range(1, 29)]
VOICE = [{"modality": "voice", "code": code, "level": "high"} for code in ("f0_mean", "loudness", "hnr", "jitter")]
BUSY = [{"code": f"AU{n}", "value": n / 10, "unit": "0-5"} for n in (1, 2, 4, 5, 6, 9, 10, 12, 25, 26)]


@pytest.mark.parametrize("cues", [STILL, STILL[:9], VOICE, BUSY, [*BUSY, *STILL, *VOICE], [*smile(), *VOICE]])
def test_neutral_can_be_recomputed_from_the_page(cues: list[dict[str, object]]) -> None:
    reasoning = explain(cues).reasoning or ""
    number = r"([+-]\d+\.\d\d)"
    places = (rf"neutral \({number}\)", rf"disgust {number[1:-1]}, neutral {number}\.", rf"starts at {number}",
              rf"limit adds {number}")  # fmt: skip
    values = [float(found) for place in places for found in re.findall(place, reasoning.partition("Alternatives:")[0])]
    said = re.search(rf"neutral against the rest {number}\.", reasoning)
    assert said is not None
    assert math.fsum(values) == pytest.approx(float(said[1]), abs=0.005 * (len(values) + 1))
    assert float(said[1]) == pytest.approx(ENGINE.read(read(cues))[0].neutral, abs=0.0051)


@pytest.mark.parametrize(("language", "words"), [("en", "could not be measured: AU12"), ("zh", "无法测量：AU12")])
def test_what_could_not_be_measured_is_said_and_cited(language: str, words: str) -> None:
    cues = [{"id": f"face.AU{n}.1", "code": f"AU{n}", "state": "unknown"} for n in (12, 25)]
    explanation = explain([{"id": "face.AU4.1", "code": "AU4"}, *cues], language=language)
    assert words in (explanation.reasoning or "")
    assert ("face.AU12.1", "face.AU25.1") in [claim.cue_ids for claim in explanation.claims]
    assert any({"en": "mouth", "zh": "嘴部"}[language] in note for note in explanation.notes)
    assert not explanation.abstained


def test_a_face_without_its_mouth_is_not_called_neutral() -> None:
    upper = [{"code": f"AU{n}", "state": "absent"} for n in (1, 2, 4, 5, 6, 7, 9)]
    upper += [{"code": f"AU{n}", "state": "absent"} for n in (10, 14, 15, 17, 20, 23, 24)]
    hidden = [{"code": f"AU{n}", "state": "unknown"} for n in (12, 25)]
    seen, unseen = explain(upper), explain([*upper, *hidden])
    assert seen.labels == ("calm",)
    assert unseen.abstained
    assert "mouth" in (unseen.abstain_reason or "")
    assert unseen.emotions == seen.emotions
    assert not explain([*upper, hidden[0]]).abstained


@pytest.mark.parametrize(("language", "more"), [("en", "and 4 more"), ("zh", "另有 4 人")])
def test_at_most_five_others_are_named(language: str, more: str) -> None:
    cues = [cue for number in range(10) for cue in smile(f"face{number}")]
    explanation = explain(cues, language=language)
    for text in (explanation.reasoning or "", explanation.notes[0]):
        assert more in text
    assert explanation.notes[0].count("0.9") <= 5
