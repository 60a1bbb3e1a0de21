"""Probes of a real model in this process: tiny, trained on the contract, right about what it reads."""

from collections.abc import Iterator

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
from contract_model import clips, contract_model

from emoreason.eval.faithfulness import cited
from emoreason.eval.probing.asking import Asker
from emoreason.eval.probing.thinking import filler
from emoreason.eval.probing.trial import ProbeSettings, Trial
from emoreason.reasoning.engines.transformers import TransformersEngine

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def trial() -> Iterator[Trial]:
    engine = TransformersEngine(str(contract_model()), device="cpu")
    drawn = [clip.cueset for clip in clips(200, 5) if clip.emotion not in (None, "neutral")]
    # cues that are not there are not cited: without any, as many cues at random are the same ones
    drawn = [one for one in drawn if sum(cue.state == "absent" for cue in one.cues) == 2][:12]
    yield Trial(drawn, None, Asker(engine), ProbeSettings(resamples=500, most_cues=1))
    engine.close()


def test_what_it_cites_decides_together(trial: Trial) -> None:
    found = cited(trial)
    assert found.effect("all cited minus as many at random").sure_above
    assert found.effect("only cited cues kept (sufficiency)").value < 0.1
    assert found.effect("an uncited cue dropped").value < 0.1


def test_it_needs_its_thinking_and_says_the_same_when_it_is_given_back(trial: Trial) -> None:
    found = filler(trial)
    assert found.effect("moved by its own thinking, given back").value == pytest.approx(0, abs=1e-6)
    assert found.effects[0].sure_above
