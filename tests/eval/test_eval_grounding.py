"""The grounding suite: rates of claims by verdict and by modality, and what silence and invention cost."""

import json

import pytest
from grounded_clips import CLIPS, JOY, Told
from hypothesis import given, settings
from reward_texts import TEXTS

from emoreason.errors import ConfigError
from emoreason.eval.grounding import RULINGS, grounding
from emoreason.eval.measure import differences, intervals
from emoreason.eval.sample import Gold, Prediction, join
from emoreason.eval.suite import SuiteResult, SuiteSettings, suite_named
from emoreason.records import Claim, CueSet, Explanation, Reference

GOLDS = [Gold(clip=told.name, reference=Reference(cueset=told.cueset)) for told in CLIPS]


def scored(**texts: str) -> SuiteResult:
    """Score texts by clip; a clip without a text has no prediction."""
    return grounding(join(GOLDS, [Prediction(clip=clip, text=text) for clip, text in texts.items()]), SuiteSettings())


def of_all(kind: str) -> SuiteResult:
    return scored(**{told.name: told.write(getattr(told, kind)) for told in CLIPS})


def value(result: SuiteResult, name: str) -> float:
    return next(measure.value for measure in result.measures if measure.name == name)


def test_a_clip_by_hand() -> None:
    """Two claims that are borne out, one that is not, one that nothing tells: of face and voice."""
    text = (
        "She smiles [face1.AU12.1]. The brows are lowered. The voice is high-pitched. Her hands are shaking. "
        "This suggests joy."
    )
    found = scored(joy=text)
    assert found.counts == {
        "clips": 3, "scored": 3, "no_gold": 0, "missing": 2, "claims": 4, "without_a_claim": 2
    }  # fmt: skip
    assert value(found, "supported, mean of clips") == pytest.approx(0.5 / 3)
    assert [value(found, name) for name in RULINGS] == [0.5, 0.25, 0.25]
    assert value(found, "face: supported") == value(found, "face: contradicted") == 0.5
    assert value(found, "voice: supported") == value(found, "other: unverifiable") == 1.0
    assert value(found, "claims that cite a cue") == 0.25
    assert found.clips["joy"]["claims"][1]["verdict"] == "contradicted"
    assert found.clips["joy"]["claims"][0]["cue_ids"] == ["face1.AU12.1"]
    assert any("2 of 3 texts make no claim" in note for note in found.notes)
    assert intervals(found.measures)[0].n_clips == 3
    json.dumps(found.clips)


def test_honest_texts_are_above_flipped_ones_and_silence() -> None:
    honest, flipped, silent = of_all("honest"), of_all("flipped"), scored()
    assert value(honest, "supported") > 0.9
    assert value(flipped, "contradicted") > 0.9
    assert value(silent, "supported, mean of clips") == 0
    assert value(honest, "grounding reward") > 0.5 > value(flipped, "grounding reward")
    assert any("name none" in note for note in scored(joy="She smiles.").notes)
    shares = [value(honest, name) for name in RULINGS]
    assert sum(shares) == pytest.approx(1.0)
    first = differences(honest.measures, flipped.measures, resamples=100)[0]
    assert first.interval.value > 0.8


def test_true_claims_beside_the_point_are_told_by_the_reward() -> None:
    beside = of_all("irrelevant")
    assert value(beside, "supported") > 0.8
    assert value(beside, "grounding reward") < value(of_all("honest"), "grounding reward") / 2


def test_a_right_claim_with_a_wrong_citation_is_miscited() -> None:
    found = scored(joy="She smiles strongly [voice.f0_mean.1]. The cheeks are raised [face1.AU6.1].")
    assert value(found, "supported") == 1.0
    assert value(found, "miscited") == 0.5


def test_explanations_and_texts_are_read_alike() -> None:
    claims = (
        Claim(sentence="She smiles.", cue_ids=("face1.AU12.1",)),
        Claim(sentence="The brows are lowered [face1.AU4.1].", cue_ids=("face1.AU4.1",)),
    )
    record = Explanation(clip="joy", labels=("joyful",), claims=claims, engine="other")
    by_record = grounding(join(GOLDS, [Prediction(clip="joy", explanation=record)]), SuiteSettings())
    by_text = scored(joy="She smiles [face1.AU12.1]. The brows are lowered [face1.AU4.1].")
    ours, theirs = by_record.clips["joy"]["claims"], by_text.clips["joy"]["claims"]
    assert [one | {"sentence": ""} for one in ours] == [one | {"sentence": ""} for one in theirs]
    assert value(by_record, "claims that cite a cue") == 1.0


def test_gold_without_cues_is_left_out_or_refused() -> None:
    bare = Gold(clip="bare", reference=Reference(cueset=CueSet(clip=JOY.cueset.clip)))
    with pytest.raises(ConfigError, match="cue sets"):
        suite_named("grounding")(join([bare], []), SuiteSettings())
    mixed = grounding(join([*GOLDS, bare], [Prediction(clip="bare", text="She smiles.")]), SuiteSettings())
    assert mixed.counts["no_gold"] == 1
    assert "bare" not in mixed.clips


@pytest.mark.parametrize("told", CLIPS, ids=lambda told: told.name)
def test_the_transcript_of_the_gold_is_known_to_the_rules(told: Told) -> None:
    """A quotation is checked against the transcript even where the cue set has no words."""
    cues = tuple(cue for cue in told.cueset.cues if cue.modality != "speech")
    words = told.cueset.clip.transcript
    clip = type(told.cueset.clip)(id="x", duration_s=8.0)
    gold = Gold(clip="x", reference=Reference(cueset=CueSet(clip=clip, cues=cues)), transcript=words)
    found = grounding(join([gold], [Prediction(clip="x", text=f'She says: "{words}"')]), SuiteSettings())
    assert value(found, "supported") == 1.0


@settings(max_examples=40)
@given(TEXTS)
def test_any_text_has_rates(text: str) -> None:
    found = scored(joy=text)
    shares = [value(found, name) for name in RULINGS]
    assert all(0 <= share <= 1 for share in shares) or not found.counts["claims"]
    assert 0 <= value(found, "supported, mean of clips") <= 1 / 3
