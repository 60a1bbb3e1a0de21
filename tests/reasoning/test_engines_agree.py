"""One checkpoint behind a real vLLM server, vLLM in process and transformers: greedily, they write the same."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from emoreason.errors import EmoreasonError
from emoreason.prompts.contract import parse_answer
from emoreason.prompts.render import render_messages
from emoreason.reasoning.conversation import Chat, Completion, Manner, Sampling
from emoreason.reasoning.engines import Request, load_engine
from emoreason.reasoning.engines.base import answer_each

pytest.importorskip("torch")
pytest.importorskip("transformers")
from contract_model import clips, contract_model
from message_media import picture
from tiny_checkpoints import tiny_adapter, tiny_checkpoint
from vllm_server import needs_vllm, serving

pytestmark = [pytest.mark.slow, needs_vllm, pytest.mark.timeout(900)]

ENGINES = ("openai", "vllm", "transformers")
CLIPS = tuple(clips(12, seed=8))
GREEDY = Sampling(max_tokens=600)


@contextmanager
def made(name: str, checkpoint: Path, log: Path, adapter: Path | None = None, **options: Any) -> Iterator[Any]:
    """One of the engines with a checkpoint, in float32; a server for the one that needs it."""
    if name == "openai":
        with serving(checkpoint, adapter, log=log) as server:
            engine = load_engine(name, model=server.model, url=server.url, adapter=server.adapter, **options)
            try:
                yield engine
            finally:
                engine.close()  # type: ignore[attr-defined]
        return
    os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "1")  # GiB; vLLM's own default is half of the memory
    device = {"device": "cpu"} if name == "transformers" else {"eager": True, "max_model_len": 4096}
    place = None if adapter is None else str(adapter)
    engine = load_engine(name, model=str(checkpoint), adapter=place, dtype="float32", **device, **options)
    try:
        yield engine
    finally:
        engine.close()  # type: ignore[attr-defined]


def by_engine(write: Any, checkpoint: Path, folder: Path, **options: Any) -> dict[str, Any]:
    """What each engine writes; one after the other, for two of vLLM's take much memory."""
    found = {}
    for name in ENGINES:
        with made(name, checkpoint, folder / f"{name}.log", **options) as engine:
            found[name] = write(engine)
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("agree")


@pytest.fixture(scope="module")
def contract(folder: Path) -> Mapping[str, tuple[list[Completion], dict[int, Any]]]:
    """Free greedy texts, and whole answers about the same clips, by engine."""
    chats = [
        Chat(messages=render_messages(clip.cueset).messages, sampling=Sampling(max_tokens=200)) for clip in CLIPS[:4]
    ]

    def write(engine: Any) -> tuple[list[Completion], dict[int, Any]]:
        requests = [(number, Request(cueset=clip.cueset)) for number, clip in enumerate(CLIPS)]
        return [engine.complete(chat) for chat in chats], dict(answer_each(engine, requests))

    found: dict[str, Any] = by_engine(write, contract_model(), folder, manner=Manner(sampling=GREEDY))
    return found


@pytest.mark.parametrize("name", ENGINES[:2])
def test_free_texts_agree(contract: Mapping[str, Any], name: str) -> None:
    for other, ours in zip(contract[name][0], contract["transformers"][0], strict=True):
        assert other.texts == ours.texts
        assert other.finish == ours.finish == ("stop",)
        assert other.prompt_tokens == ours.prompt_tokens
        assert other.completion_tokens == ours.completion_tokens


@pytest.mark.parametrize("name", ENGINES[:2])
def test_answers_agree(contract: Mapping[str, Any], name: str) -> None:
    for number, ours in contract["transformers"][1].items():
        other = contract[name][1][number]
        assert not isinstance(other, EmoreasonError), other
        assert parse_answer(other.text).written == parse_answer(ours.text).written
        assert parse_answer(other.text).think == parse_answer(ours.text).think


def looks(*colours: str) -> list[dict[str, Any]]:
    shown = [{"type": "image_url", "image_url": {"url": picture(colour)}} for colour in colours]
    return [*shown, {"type": "text", "text": "Which emotion is expressed?"}]


ASKED: dict[str, Any] = {
    "text": "Which emotion is expressed?",
    "red": looks("red"),
    "blue": looks("blue"),
    "frames": looks("red", "green", "blue"),
}


def _written(engine: Any) -> dict[str, Completion]:
    return {
        name: engine.complete(Chat(messages=({"role": "user", "content": content},), sampling=Sampling(max_tokens=16)))
        for name, content in ASKED.items()
    }


@pytest.fixture(scope="module")
def seen(folder: Path) -> Mapping[str, Mapping[str, Completion]]:
    """What a model with random weights and eyes writes, by engine."""
    return by_engine(_written, tiny_checkpoint("qwen3-vl", folder), folder)


@pytest.mark.parametrize("name", ENGINES[:2])
@pytest.mark.parametrize("asked", ASKED)
def test_pictures_and_frames_agree(seen: Mapping[str, Mapping[str, Completion]], name: str, asked: str) -> None:
    assert seen[name][asked].texts == seen["transformers"][asked].texts
    assert seen[name][asked].prompt_tokens == seen["transformers"][asked].prompt_tokens


@pytest.mark.parametrize("name", ENGINES)
def test_pictures_make_a_difference(seen: Mapping[str, Mapping[str, Completion]], name: str) -> None:
    assert len({seen[name][asked].texts for asked in ASKED}) == len(ASKED)


def test_an_adapter_does_the_same_everywhere(seen: Mapping[str, Mapping[str, Completion]], folder: Path) -> None:
    checkpoint = tiny_checkpoint("qwen3-vl", folder)
    found = by_engine(_written, checkpoint, folder, adapter=tiny_adapter(checkpoint, folder))
    for asked in ASKED:
        texts = {name: found[name][asked].texts for name in ENGINES}
        assert len(set(texts.values())) == 1, json.dumps(texts)
        assert texts["transformers"] != seen["transformers"][asked].texts
