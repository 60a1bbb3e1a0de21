"""A real vLLM, in process and behind its server, with tiny random models: what goes in reaches the model.

What such a model writes means nothing; that it writes something else when a pixel, a sound or an adapter changes does.
"""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import jsonschema
import pytest
from some_records import CUESET
from tiny_checkpoints import tiny_adapter, tiny_checkpoint
from vllm_chats import OPTIONS, SHORT, Read, inside, loaded, memory, picture, says, sound
from vllm_server import VLLMServer, needs_vllm, vllm_server

from emoreason.errors import ConfigError, EmoreasonError, MediaError, UpstreamError
from emoreason.reasoning.conversation import Chat, Completion, Manner, Sampling
from emoreason.reasoning.conversation.structure import answer_schema
from emoreason.reasoning.engines.base import Reply, Request
from emoreason.reasoning.engines.vllm import VLLMEngine
from emoreason.torch_imports import import_heavy

pytestmark = [pytest.mark.slow, needs_vllm, pytest.mark.timeout(600)]

__all__ = ["vllm_server"]  # a fixture: pytest finds it by its name here

SCHEMA = answer_schema(["face1.AU12.1"])
CHATS = {
    "text": says("What does she feel?"),
    "picture": says("What does she feel?", picture(1)),
    "another picture": says("What does she feel?", picture(2)),
    "frames": says("What does she feel?", picture(1), picture(2), picture(3), picture(4)),
}


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.getbasetemp()


@pytest.fixture(scope="module")
def engine(checkpoints: Path) -> Iterator[VLLMEngine]:
    """Tiny Qwen3-VL with an adapter, in process."""
    checkpoint = tiny_checkpoint("qwen3-vl", checkpoints)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VLLM_CPU_KVCACHE_SPACE", "1")
        began = time.monotonic()
        engine = VLLMEngine(
            str(checkpoint),
            adapter=f"mine={tiny_adapter(checkpoint, checkpoints)}",
            manner=Manner(sampling=Sampling(max_tokens=900)),
            **OPTIONS,
        )
        print(f"vLLM started in {time.monotonic() - began:.1f} s; {memory(os.getpid())}")  # noqa: T201
        yield engine
        engine.close()


def behind(server: VLLMServer, chat: Chat, adapter: bool) -> Read:
    """Text and each token's log probability, by the server."""
    body = {
        "model": server.adapter if adapter else server.model,
        "messages": chat.messages,
        "max_tokens": chat.sampling.max_tokens,
        "temperature": 0,
        "logprobs": True,
    }
    answer = httpx.post(f"{server.url}/chat/completions", json=body, timeout=120)
    assert answer.status_code == 200, answer.text
    choice = answer.json()["choices"][0]
    return choice["message"]["content"], [one["logprob"] for one in choice["logprobs"]["content"]]


def test_the_server_and_the_engine_write_the_same(engine: VLLMEngine, vllm_server: VLLMServer) -> None:
    print(f"vllm serve was up after {vllm_server.start_s:.1f} s; {memory(vllm_server.pid)}")  # noqa: T201
    for chat in CHATS.values():
        text, logprobs = behind(vllm_server, chat, adapter=True)
        completion = engine.complete(chat)
        assert completion.texts == (text,)
        assert completion.finish == ("length",)
        assert (completion.prompt_tokens or 0) > 10
        assert completion.completion_tokens == SHORT.max_tokens
        ((base, base_logprobs),) = inside(engine, [chat], [False])
        served, served_logprobs = behind(vllm_server, chat, adapter=False)
        assert base == served
        assert base_logprobs == pytest.approx(served_logprobs, abs=1e-3)
        assert base != text
        assert logprobs[0] != pytest.approx(base_logprobs[0], abs=1e-3)


def test_pixels_reach_the_model(engine: VLLMEngine, vllm_server: VLLMServer) -> None:
    for read in (
        {name: behind(vllm_server, chat, adapter=False) for name, chat in CHATS.items()},
        {name: inside(engine, [chat], [False])[0] for name, chat in CHATS.items()},
    ):
        assert len({text for text, _ in read.values()}) == len(CHATS)
        first = [logprobs[0] for _, logprobs in read.values()]
        assert len({round(value, 2) for value in first}) == len(CHATS)
    assert len({engine.complete(chat).texts for chat in CHATS.values()}) == len(CHATS)


def test_requests_with_and_without_an_adapter_do_not_mix(engine: VLLMEngine, vllm_server: VLLMServer) -> None:
    """On a CPU a request without an adapter gets that of the last slot: a slot is left empty for it."""
    chats = [chat for chat in CHATS.values() for _ in range(2)]
    with_adapter = [False, True] * len(CHATS)
    mixed = inside(engine, chats, with_adapter)
    apart = {adapter: inside(engine, list(CHATS.values()), [adapter] * len(CHATS)) for adapter in (False, True)}
    for (text, logprobs), (other, others) in zip(mixed, _interleaved(apart[False], apart[True]), strict=True):
        assert text == other
        assert logprobs == pytest.approx(others, abs=1e-3)
    # The server: all at the same time, over connections of their own.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(len(chats)) as pool:
        served = list(pool.map(lambda one: behind(vllm_server, *one), zip(chats, with_adapter, strict=True)))
    assert [text for text, _ in served] == [text for text, _ in mixed]


def _interleaved(first: list[Read], second: list[Read]) -> list[Read]:
    return [one for pair in zip(first, second, strict=True) for one in pair]


def test_an_opening_is_continued_as_it_stands(engine: VLLMEngine) -> None:
    """The model goes on from it: its own first words as the opening bring its next ones."""
    whole = engine.complete(says("What does she feel?")).texts[0]
    tokenizer = loaded(engine).llm.get_tokenizer()
    # A beginning that is read as the tokens that were written.
    at = next(
        at
        for at in range(3, len(whole))
        if "\ufffd" not in whole[:at]
        and tokenizer.decode(tokenizer.encode(whole)[: len(tokenizer.encode(whole[:at]))]) == whole[:at]
    )
    chat = Chat(messages=says("What does she feel?").messages, sampling=SHORT, opening=whole[:at])
    assert engine.complete(chat).texts[0].startswith(whole[at : at + 4].rstrip("\ufffd"))
    other = Chat(messages=chat.messages, sampling=SHORT, opening="<think>\nHer lips part.\n</think>\n")
    assert engine.complete(other).texts[0] != whole


def test_an_answer_fits_its_schema(engine: VLLMEngine) -> None:
    chats = [
        Chat(
            messages=says(f"What does she feel? {number}").messages,
            sampling=Sampling(max_tokens=2500, temperature=0.7, seed=number),
            schema=SCHEMA,
            opening="<think>\nHer lips part.\n</think>\n",
        )
        for number in range(4)
    ]
    futures = [engine._desk.submit(chat) for chat in chats]
    done = [future.result(240) for future in futures]
    whole = [one.texts[0] for one in done if one.finish == ("stop",)]
    assert whole  # chance may lead one of them to the limit
    for text in whole:
        jsonschema.validate(json.loads(text), SCHEMA)
    assert not any(one.notes for one in done)


def test_samples_have_seeds_of_their_own(engine: VLLMEngine) -> None:
    warm = Chat(messages=says("Go on.").messages, sampling=Sampling(max_tokens=8, temperature=1.0, seed=5), n=3)
    first = engine.complete(warm)
    assert len(set(first.texts)) == 3
    assert engine.complete(warm) == first
    alone = Chat(messages=warm.messages, sampling=warm.sampling.with_seed(6))
    assert engine.complete(alone).texts[0] == first.texts[1]
    greedy = engine.complete(Chat(messages=warm.messages, sampling=SHORT, n=2))
    assert len(greedy.texts) == len(greedy.finish) == 2
    assert greedy.texts[0] == greedy.texts[1]


def test_a_stop_text_ends_a_reply(engine: VLLMEngine) -> None:
    whole = engine.complete(says("Go on.")).texts[0]
    stop = whole[3:5]
    short = engine.complete(Chat(messages=says("Go on.").messages, sampling=SHORT, stop=(stop,)))
    assert short.texts == (whole[: whole.index(stop)],)
    assert short.finish == ("stop",)


def test_what_vllm_cannot_take_is_refused_and_nothing_else_is_lost(engine: VLLMEngine) -> None:
    by_address = {"type": "image_url", "image_url": {"url": "http://127.0.0.1:9/x.png"}}
    by_file = {"type": "image_url", "image_url": {"url": "file:///etc/hostname"}}
    refused: list[tuple[Chat, type[EmoreasonError], str]] = [
        (says("Long. " * 9000), UpstreamError, "maximum context length"),
        (says("Look.", by_address), MediaError, "addresses are not fetched"),
        (says("Look.", by_file), MediaError, "addresses are not fetched"),
        (says("Listen.", sound(200)), UpstreamError, "input_audio"),
        (
            says("Watch.", {"type": "video_url", "video_url": {"url": "http://127.0.0.1:9/x.mp4"}}),
            UpstreamError,
            "video",
        ),
        (says("Look.", *[picture(1)] * 33), UpstreamError, "32 image"),
    ]
    futures = [(engine._desk.submit(chat), kind, words) for chat, kind, words in refused]
    good = [engine._desk.submit(chat) for chat in CHATS.values()]
    for future, kind, words in futures:
        with pytest.raises(kind, match=words):
            future.result(60)
    assert all(len(future.result(60).texts) == 1 for future in good)


def test_its_capabilities_are_those_of_the_configuration(engine: VLLMEngine) -> None:
    able = engine.capabilities()
    assert (able.family, able.pictures, able.video, able.sound) == ("qwen3-vl", True, False, False)
    assert (able.structure, able.context_tokens, able.pixels_per_token) == ("opening", 8192, 1024.0)
    assert able.count_tokens is not None
    assert able.count_tokens("<think>") == 1
    assert engine.model.endswith("tiny-qwen3-vl with mine")


class Kept(dict[str, Completion]):
    """A memory that counts."""

    def recall(self, key: str) -> Completion | None:
        return self.get(key)

    def keep(self, key: str, completion: Completion) -> None:
        assert key not in self
        self[key] = completion


def test_many_clips_are_answered_and_one_that_fails_costs_itself_alone(engine: VLLMEngine) -> None:
    requests = [
        (number, Request(cueset=CUESET, preset="explain" if number != 3 else "none such", language=language))
        for number, language in enumerate(["en", "zh", "en", "en", "zh"])
    ]
    memory = Kept()
    outcomes = dict(engine.answer_each(iter(requests), memory))
    assert set(outcomes) == {0, 1, 2, 3, 4}
    assert isinstance(outcomes[3], ConfigError)
    replies = [outcome for number, outcome in outcomes.items() if number != 3]
    assert all(isinstance(reply, (Reply, EmoreasonError)) for reply in replies)
    assert isinstance(outcomes[0], Reply), outcomes[0]
    assert outcomes[0].text.startswith("<think>")
    # Nothing is generated twice.
    generated = len(memory)
    began = time.monotonic()
    assert dict(engine.answer_each(iter(requests), memory))[0] == outcomes[0]
    assert len(memory) == generated
    print(f"{generated} chats, answered from memory in {time.monotonic() - began:.2f} s")  # noqa: T201


def test_an_adapter_whose_layers_are_not_found_is_noticed(engine: VLLMEngine, tmp_path: Path) -> None:
    """vLLM says nothing: it answers as if there were no adapter."""
    safetensors = import_heavy("safetensors.torch")
    from emoreason.reasoning.engines.vllm.adapters import changes_nothing

    request = import_heavy("vllm.lora.request").LoRARequest
    llm, lora = loaded(engine).llm, loaded(engine).lora
    weights = safetensors.load_file(Path(lora.lora_path) / "adapter_model.safetensors")
    elsewhere = {
        name.replace("base_model.model.", "base_model.model.elsewhere."): value for name, value in weights.items()
    }
    (tmp_path / "adapter_config.json").write_bytes((Path(lora.lora_path) / "adapter_config.json").read_bytes())
    safetensors.save_file(elsewhere, tmp_path / "adapter_model.safetensors")
    assert changes_nothing(llm, request("elsewhere", 2, str(tmp_path)))
    assert not changes_nothing(llm, lora)
