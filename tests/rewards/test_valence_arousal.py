"""The reward for valence and arousal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreason.records import Reference
from emoreason.rewards.completion import Completion
from emoreason.rewards.valence_arousal import score_valence_arousal

unit = st.floats(-1, 1)


def answer(valence=None, arousal=None):
    return Completion(text="", answered=True, valence=valence, arousal=arousal)


@given(valence=unit, arousal=unit, other=unit)
def test_nearer_is_better(valence, arousal, other):
    reference = Reference(valence=valence, arousal=arousal)
    assert score_valence_arousal(answer(valence, arousal), reference).value == 1.0
    score = score_valence_arousal(answer(valence, other), reference)
    assert 0.0 <= score.value <= 1.0
    nearer = score_valence_arousal(answer(valence, (other + arousal) / 2), reference)
    assert nearer.value >= score.value - 1e-12


def test_what_is_missing():
    assert score_valence_arousal(answer(0.0, 0.0), Reference()) is None
    assert score_valence_arousal(answer(0.0, 0.0), Reference(valence=float("nan"))) is None
    half = score_valence_arousal(answer(valence=0.5), Reference(valence=0.5, arousal=0.0))
    assert (half.value, half.parts) == (0.5, {"valence": 0.0, "arousal": None})
    assert score_valence_arousal(answer(), Reference(arousal=0.0)).value == 0.0
    assert score_valence_arousal(answer(valence=0.25), Reference(valence=-0.25)).value == pytest.approx(0.5)
    assert score_valence_arousal(answer(valence=-1.0), Reference(valence=1.0)).value == 0.0
