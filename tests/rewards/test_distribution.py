"""The distribution reward: 1 - Jensen-Shannon divergence in bits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon

from emoreason.records import Reference
from emoreason.records.labels import EMOTIONS
from emoreason.rewards.completion import Completion
from emoreason.rewards.distribution import normalised, score_distribution


def answer(**distribution):
    return Completion(text="", answered=True, labels=("angry",), distribution=distribution or None)


shares = st.lists(st.floats(0, 1e6), min_size=7, max_size=7).filter(lambda found: sum(found) > 0)


@given(first=shares, second=shares)
def test_like_scipy(first, second):
    given_shares, crowd = dict(zip(EMOTIONS, first, strict=True)), dict(zip(EMOTIONS, second, strict=True))
    score = score_distribution(answer(**given_shares), Reference(distribution=crowd))
    assert 0.0 <= score.value <= 1.0
    assert score.value == pytest.approx(
        1 - jensenshannon(normalised(given_shares), normalised(crowd), base=2) ** 2, abs=1e-7
    )
    other = score_distribution(answer(**crowd), Reference(distribution=given_shares))
    assert other.value == pytest.approx(score.value)
    assert score_distribution(answer(**crowd), Reference(distribution=crowd)).value == pytest.approx(1.0)


def test_ends_of_the_scale():
    crowd = Reference(distribution={"anger": 7, "disgust": 3})
    assert score_distribution(answer(anger=0.7, disgust=0.3), crowd).value == pytest.approx(1.0)
    assert score_distribution(answer(happiness=1.0), crowd).value == pytest.approx(0.0)
    assert score_distribution(answer(anger=1.0), crowd).value > score_distribution(answer(disgust=1.0), crowd).value


def test_an_answer_without_a_distribution_scores_0():
    score = score_distribution(answer(), Reference(distribution={"anger": 1.0}))
    assert (score.value, score.parts["js_divergence"]) == (0.0, None)


@pytest.mark.parametrize("distribution", [None, {}, {"boredom": 1.0}, {"anger": 0.0}, {"anger": float("nan")}])
def test_none_only_for_want_of_a_reference(distribution):
    assert score_distribution(answer(anger=1.0), Reference(distribution=distribution)) is None


def test_synonyms_and_odd_numbers():
    assert normalised({"joy": 1, "happy": 1, "anger": 2, "sadness": -5}) == (0.5, 0, 0.5, 0, 0, 0, 0)
    assert normalised({"anger": 1.7e308, "fear": 1.7e308}) == (0, 0, 0.5, 0.5, 0, 0, 0)
    assert score_distribution(answer(anger=1.0, fear=5e-324), Reference(distribution={"anger": 1.0})).value == 1.0
