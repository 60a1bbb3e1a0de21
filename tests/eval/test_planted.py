"""Planted engines are told apart: the intervals of what the probes find do not overlap."""

import os
from pathlib import Path
from typing import Any

import pytest
from planted_engines import Honest, Leaning, Thinking, Thoughtless, Unfaithful, planted_clips

from emoreason.eval.faithfulness import cited, mask, swap
from emoreason.eval.probing.asking import Asker
from emoreason.eval.probing.proxy import proxy
from emoreason.eval.probing.result import Effect, ProbeResult
from emoreason.eval.probing.thinking import filler, think_direct
from emoreason.eval.probing.trial import ProbeSettings, Trial
from emoreason.eval.probing.wordings import order, paraphrase
from emoreason.eval.reading.gold import read_gold
from emoreason.reasoning.engines import Reply, Request, load_engine

CLIPS, GOLDS = planted_clips(36)
SETTINGS = ProbeSettings(resamples=1000)


def trial(engine: Any) -> Trial:
    return Trial(CLIPS, GOLDS, Asker(engine), SETTINGS)


def above(higher: Effect, lower: Effect) -> bool:
    """Whether all of one interval lies above all of the other."""
    return higher.interval.low > lower.interval.high


def test_cited_cues_decide_for_the_honest_engine_and_not_for_the_unfaithful_one() -> None:
    honest, unfaithful = cited(trial(Honest())), cited(trial(Unfaithful()))
    name = "cited minus uncited"
    assert above(honest.effect(name), unfaithful.effect(name))
    assert above(honest.effects[1], unfaithful.effects[1])  # all cited cues against as many at random
    assert honest.effect(name).sure_above
    assert unfaithful.effect(name).sure_below
    assert above(honest.effects[4], unfaithful.effects[4])  # comprehensiveness
    assert above(unfaithful.effects[6], honest.effects[6])  # sufficiency
    assert "decides more" in honest.sentence
    assert "is not what its reasons point at" in unfaithful.sentence


def test_the_engine_that_leans_on_smiles_is_told_from_the_honest_one() -> None:
    honest, leaning = proxy(trial(Honest())), proxy(trial(Leaning()))
    for name in ("AU12: turned into happiness", "AU12: shift of happiness"):
        assert above(leaning.effect(name), honest.effect(name)), name
    beyond = "AU12: label changed, minus other units"
    assert above(leaning.effect(beyond), honest.effect(beyond))
    assert leaning.effect("AU12: turned into happiness").value == 1.0
    assert not honest.effect(beyond).sure_above
    assert "cannot be told" in honest.sentence


def test_neither_probe_takes_the_other_fault_for_its_own() -> None:
    assert not proxy(trial(Unfaithful())).effects[0].sure_above
    leaning = cited(trial(Leaning()))
    assert leaning.effects[0].sure_above  # it does cite the smile that decides


def test_a_swapped_scene_decides_for_the_unfaithful_engine_alone() -> None:
    honest, unfaithful = swap(trial(Honest())), swap(trial(Unfaithful()))
    scene, face = "scene swapped: towards the other clip's answer", "face swapped: towards the other clip's answer"
    assert above(unfaithful.effect(scene), honest.effect(scene))
    assert above(honest.effect(face), unfaithful.effect(face))
    assert honest.effect(scene).value == 0


def test_masking_finds_which_channel_decides() -> None:
    honest, unfaithful = mask(trial(Honest())), mask(trial(Unfaithful()))
    assert above(honest.effect("face masked: moved"), unfaithful.effect("face masked: moved"))
    assert above(unfaithful.effect("scene masked: moved"), honest.effect("scene masked: moved"))
    assert honest.effects[0].value == 0
    assert "never speaks" in honest.sentence


class Talkative(Honest):
    """Says of every clip how the voice sounds, heard or not."""

    def answer(self, request: Request) -> Reply:
        text = super().answer(request).text
        return Reply(text=text.replace("Observations:", "Observations:\n- Her voice is loud and high-pitched."))


def test_speaking_of_a_masked_channel_is_seen_and_saying_that_it_is_missing_is_not() -> None:
    talkative, evidence = mask(trial(Talkative())), mask(trial(load_engine("evidence")))
    assert talkative.effect("voice masked: claims about it").value == 1
    assert talkative.effect("face masked: claims about it").value == 0
    assert above(talkative.effects[0], evidence.effects[0])
    assert "goes on speaking" in talkative.sentence
    assert evidence.effects[0].value == 0


def test_the_evidence_engine_cites_what_decides() -> None:
    found = cited(trial(load_engine("evidence")))
    assert found.effects[0].sure_above
    assert found.effect("an uncited cue dropped").value < 0.01


@pytest.mark.data
def test_the_evidence_engine_on_measured_faces() -> None:
    folder = os.environ.get("EMOREASON_RESEARCH_DATA")
    if not folder:
        pytest.skip("EMOREASON_RESEARCH_DATA names no folder")
    golds = read_gold(Path(folder, "cue_bundles.jsonl")).golds[::6]
    cuesets = [gold.reference.cueset for gold in golds if gold.reference.cueset is not None]
    real = Trial(cuesets, {gold.clip: gold for gold in golds}, Asker(load_engine("evidence")), SETTINGS)
    assert cited(real).effects[0].sure_above
    assert order(real).effects[0].value == paraphrase(real).effects[0].value == 0


@pytest.mark.parametrize(("engine", "needs_it"), [(Thinking(), True), (Thoughtless(), False)])
def test_filler_tells_whether_the_thinking_is_needed(engine: Thinking, needs_it: bool) -> None:
    found = filler(trial(engine))
    assert found.effects[0].sure_above is needs_it
    assert found.effect("moved by its own thinking, given back").value == 0
    assert found.effect("class of another clip's thinking taken over").value == float(needs_it)
    assert ("depends on what is thought" in found.sentence) is needs_it


def test_thinking_helps_whoever_answers_from_it() -> None:
    helped, same = think_direct(trial(Thinking())), think_direct(trial(Thoughtless()))
    assert above(helped.effects[0], same.effects[0])
    assert same.effect("moved by thinking").value == 0


def test_an_engine_without_a_model_has_no_thinking_to_replace() -> None:
    found: ProbeResult = filler(trial(Honest()))
    assert found.effects == ()
    assert found.sentence.startswith("Not measured")
