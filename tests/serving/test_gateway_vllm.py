"""The real command in front of the real ``vllm serve`` that it started, for the clients that people use."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

pytest.importorskip("fastapi", reason="pip install 'emoreason[serve]'")
pytest.importorskip("aiohttp", reason="pip install 'emoreason[serve]'")

import openai
from contract_model import clips, contract_model
from gateway import Gateway, gateway
from tiny_checkpoints import tiny_adapter, tiny_checkpoint
from vllm_chats import picture
from vllm_server import METADATA, needs_vllm

from emoreason.records.convert import to_json
from emoreason.torch_imports import child_environment

pytestmark = [pytest.mark.slow, needs_vllm, pytest.mark.timeout(2700)]

LOAD_LIMIT_S: Final = 1200.0  # a busy machine
KEY: Final = "a-key-of-this-test"
ENVIRONMENT: Final = {
    "PYTHONPATH": os.pathsep.join(filter(None, [str(METADATA), os.environ.get("PYTHONPATH", "")])),
    "VLLM_CPU_KVCACHE_SPACE": "1",
}
QUICK: Final = ("--enforce-eager", "--dtype=float32", "--max-model-len=8192", "--max-num-seqs=32")
ASK: list[Any] = [{"role": "user", "content": "What is this?"}]
PART: Final = {"type": "text", "text": "Who is this?"}
TOOL: Final = {
    "type": "function",
    "function": {"name": "look", "parameters": {"type": "object", "properties": {"at": {"type": "string"}}}},
}
GREEDY: Final[dict[str, Any]] = {"temperature": 0, "max_tokens": 12}


@dataclass(frozen=True)
class Served:
    """A gateway whose model is loaded, and the server behind it."""

    gateway: Gateway
    model: str
    checkpoint: Path
    adapter: str = ""

    def client(self, **options: Any) -> Any:
        return openai.OpenAI(base_url=self.gateway.v1, api_key=KEY, max_retries=0, timeout=300, **options)

    def behind(self) -> tuple[int, str, str]:
        """Process, address and key of vLLM itself, which it shows to the one who owns it."""
        for pid in _children(self.gateway.pid):
            with suppress(OSError):
                command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
                environment = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
                if b"serve" in command:
                    port = command[command.index(b"--port") + 1].decode()
                    key = next(one[13:] for one in environment if one.startswith(b"VLLM_API_KEY="))
                    return pid, f"http://127.0.0.1:{port}", key.decode()
        raise AssertionError("there is no vllm serve")

    def post(self, body: bytes, path: str = "/v1/chat/completions", **headers: str) -> httpx.Response:
        sent = {**self.gateway.headers, "content-type": "application/json", **headers}
        return httpx.post(self.gateway.url + path, content=body, headers=sent, timeout=300)

    def post_behind(self, body: bytes, path: str = "/v1/chat/completions", **headers: str) -> httpx.Response:
        _, url, key = self.behind()
        sent = {"authorization": f"Bearer {key}", "content-type": "application/json", **headers}
        return httpx.post(url + path, content=body, headers=sent, timeout=300)

    def written(self) -> int:
        """Tokens that vLLM has written since it started. It tells between two steps of the model: at times late."""
        _, url, _ = self.behind()
        page = httpx.get(f"{url}/metrics", timeout=120).text
        return sum(int(float(line.rpartition(" ")[2])) for line in page.splitlines() if WRITTEN.match(line))


WRITTEN: Final = re.compile(r"vllm:generation_tokens_total\{")


def _children(pid: int) -> list[int]:
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def until(true: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.2)


def is_ready(server: Gateway) -> bool:
    assert server.process.poll() is None, server.log.read_text()[-4000:]
    return httpx.get(f"{server.url}/ready", timeout=30).status_code == 200


def started(checkpoint: Path, *arguments: str) -> Any:
    flags = [f"--vllm-arg={argument}" for argument in QUICK]
    return gateway("--model", str(checkpoint), *flags, *arguments, env=ENVIRONMENT, key=KEY)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.getbasetemp()  # checkpoints are made once a session
    checkpoint = tiny_checkpoint("qwen3-vl", folder)
    adapter = tiny_adapter(checkpoint, folder)
    with started(checkpoint, "--lora", f"mine={adapter}") as server:
        # It answers from the start, says that the model is not there yet, and lists it all the same.
        early = httpx.get(f"{server.url}/ready", timeout=30)
        assert (early.status_code, early.json()["error"]["message"]) == (503, "the model is being loaded")
        listed = httpx.get(f"{server.v1}/models", headers=server.headers, timeout=30).json()["data"]
        assert [model["id"] for model in listed] == [checkpoint.name, "mine", "evidence"]
        until(lambda: is_ready(server), LOAD_LIMIT_S, "the model is loaded")
        yield Served(server, checkpoint.name, checkpoint, "mine")


def test_models_have_cards_and_no_places(served: Served) -> None:
    listed = served.client().models.list().data
    assert [model.id for model in listed] == [served.model, "mine", "evidence"]
    assert listed[0].max_model_len == 8192  # what vLLM says of it
    assert [model.card["kind"] for model in listed] == ["model", "adapter", "engine"]
    assert str(served.checkpoint) not in json.dumps([model.to_dict() for model in listed])
    assert served.client().models.retrieve("mine").parent == served.model


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"logprobs": True, "top_logprobs": 2, "n": 2, "seed": 3, "temperature": 0.7},
        {"messages": [{"role": "system", "content": "ü"}, {"role": "user", "content": [PART]}]},
        {"tools": [TOOL], "tool_choice": "auto"},  # taken where vLLM was told how the model calls tools
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "look"}}},
        {"response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"enum": ["yes", "no"]}}}},
        {"no_such_field": 1, "stream_options": {"include_usage": True}},
    ],
)  # fmt: skip
def test_without_media_it_is_plain_vllm_byte_for_byte(served: Served, stream: bool, more: dict[str, Any]) -> None:
    body = {"model": served.model, "messages": ASK, **GREEDY, "stream": stream, **more}
    if not stream:
        body.pop("stream_options", None)
    raw = json.dumps(body, ensure_ascii=False, indent=1).encode()
    through, direct = (post(raw, **{"x-request-id": "the-same"}) for post in (served.post, served.post_behind))
    assert (through.status_code, direct.status_code) == (200, 200)
    assert _joined(through.content) == _joined(direct.content)
    assert through.headers["content-type"] == direct.headers["content-type"]


def _joined(raw: bytes) -> bytes:
    """Without the times, and a stream with its pieces joined: how many tokens an event holds is chance."""
    raw = re.sub(rb'"created":\d+', b'"created":0', raw)
    if not raw.startswith(b"data: "):
        return raw
    texts: dict[int, str] = {}
    rest: list[bytes] = []
    for event in raw.split(b"\n\n"):
        if not event.startswith(b"data: {"):
            rest.append(event)
            continue
        value = json.loads(event[6:])
        for choice in value["choices"]:
            texts[choice["index"]] = texts.get(choice["index"], "") + (choice["delta"].get("content") or "")
        rest += [repr(sorted(value)).encode()] if value["choices"] == [] else []
    return json.dumps(texts, sort_keys=True).encode() + b"\n".join(rest)


@pytest.mark.parametrize(
    "body",
    [
        {"messages": [{"role": "user", "content": "hi"}], "max_tokens": -1},
        {"messages": []},
        {"messages": ASK, "temperature": 99},
        {"messages": ASK, "n": 100_000},
        {"messages": ASK, "model": "none"},
        {"messages": ASK, "max_tokens": 1_000_000},
    ],
)
def test_what_vllm_refuses_is_refused_in_its_words(served: Served, body: dict[str, Any]) -> None:
    raw = json.dumps({"model": served.model, **body}).encode()
    through, direct = served.post(raw), served.post_behind(raw)
    assert through.status_code == direct.status_code < 500
    assert through.json() == direct.json()


def test_the_openai_client_whole_and_in_a_stream_and_asynchronously(served: Served) -> None:
    client = served.client()
    asked: dict[str, Any] = {"model": served.model, "messages": ASK, **GREEDY}
    text = client.chat.completions.create(**asked).choices[0].message.content
    pieces = [chunk.choices[0].delta.content or "" for chunk in client.chat.completions.create(**asked, stream=True)]
    assert "".join(pieces) == text
    form: Any = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"enum": ["yes", "no"]}}}
    with client.chat.completions.stream(**asked, response_format=form) as helper:
        helper.until_done()
    assert helper.get_final_completion().choices[0].message.content in ('"yes"', '"no"')

    async def several() -> list[str]:
        async with openai.AsyncOpenAI(base_url=served.gateway.v1, api_key=KEY, max_retries=0, timeout=300) as several:
            answers = await asyncio.gather(*(several.chat.completions.create(**asked) for _ in range(8)))
            return [answer.choices[0].message.content or "" for answer in answers]

    assert asyncio.run(several()) == [text] * 8


def test_an_adapter_by_its_name(served: Served) -> None:
    def text(model: str) -> str:
        answer = served.client().chat.completions.create(model=model, messages=ASK, **GREEDY)
        assert answer.model == model
        return answer.choices[0].message.content or ""

    assert len({text(served.model), text("mine")}) == 2
    assert text(served.model) == text(served.model)


def test_a_text_is_continued(served: Served) -> None:
    raw = json.dumps({"model": served.model, "prompt": "Once", **GREEDY}).encode()
    through, direct = (
        post(raw, "/v1/completions", **{"x-request-id": "7"}) for post in (served.post, served.post_behind)
    )
    assert _joined(through.content) == _joined(direct.content)
    streamed = served.client().completions.create(model=served.model, prompt="Once", stream=True, **GREEDY)
    assert "".join(chunk.choices[0].text for chunk in streamed) == through.json()["choices"][0]["text"]


def test_a_picture_is_measured_and_reaches_the_model(served: Served) -> None:
    def asked(*parts: dict[str, Any]) -> Any:
        messages: Any = [{"role": "user", "content": [*parts, PART]}]
        return served.client().chat.completions.create(
            model=served.model,
            messages=messages,
            **GREEDY,
            extra_body={"emoreason": {"evidence": True}} if parts else {},
        )

    bare, seen = asked(), asked(picture(1))
    assert seen.usage.prompt_tokens > bare.usage.prompt_tokens + 60
    evidence = seen.choices[0].message.evidence
    assert evidence["clip"]["duration_s"] is None or evidence["clip"]["duration_s"] >= 0
    assert evidence["notes"]  # random words are no answer in the contract's form


def test_langchain(served: Served) -> None:
    langchain = pytest.importorskip("langchain_openai", reason="pip install 'emoreason[dev]'")
    chat = langchain.ChatOpenAI(
        model=served.model, base_url=served.gateway.v1, api_key=KEY, temperature=0, max_tokens=12, max_retries=0
    )
    text = chat.invoke("What is this?").content
    assert text == "".join(chunk.content for chunk in chat.stream("What is this?"))


def test_vllms_own_benchmark_runs_against_it(served: Served, tmp_path: Path) -> None:
    result = tmp_path / "result.json"
    command = [
        *(sys.executable, "-m", "vllm.entrypoints.cli.main", "bench", "serve", "--backend", "openai-chat"),
        *("--base-url", served.gateway.url, "--endpoint", "/v1/chat/completions", "--model", served.model),
        *("--tokenizer", str(served.checkpoint), "--dataset-name", "random", "--random-input-len", "32"),
        *("--random-output-len", "8", "--num-prompts", "8", "--max-concurrency", "4", "--ignore-eos"),
        *("--save-result", "--result-dir", str(tmp_path), "--result-filename", result.name),
    ]
    environment = {**child_environment(os.environ | ENVIRONMENT), "OPENAI_API_KEY": KEY, "HF_HUB_OFFLINE": "1"}
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert ran.returncode == 0, ran.stderr[-3000:]
    assert json.loads(result.read_text())["completed"] == 8


@pytest.mark.parametrize("stream", [True, False])
def test_a_client_that_goes_away_ends_the_work(served: Served, stream: bool) -> None:
    raw = json.dumps({"model": served.model, "messages": ASK, "max_tokens": 7000, "ignore_eos": True, "stream": stream})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {KEY}\r\n"
    head += f"Content-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
    before = served.written()
    with socket.create_connection(("127.0.0.1", served.gateway.port)) as client:
        client.sendall(f"{head}{raw}".encode())
        if stream:
            assert client.recv(1024).startswith(b"HTTP/1.1 200")
        time.sleep(1)  # vLLM works on it

    def rests() -> bool:
        written = served.written()
        time.sleep(1)
        return served.written() == written

    until(rests, 120, "vLLM has let go of it")
    assert 0 < served.written() - before < 6000


def test_what_clients_say_is_in_no_log(served: Served) -> None:
    word = "zebrafinch"
    served.client().chat.completions.create(
        model=served.model, messages=[{"role": "user", "content": word}], max_tokens=2
    )
    with pytest.raises(openai.BadRequestError):
        served.client().chat.completions.create(model=served.model, messages=[{"role": word, "content": word}], n=-1)
    log = served.gateway.log.read_text()
    assert word not in log
    assert KEY not in log


def test_vllm_that_is_killed_in_a_stream_is_an_error_event_and_comes_back(served: Served) -> None:
    first, _, _ = served.behind()
    asked = served.client().chat.completions.create(
        model=served.model, messages=ASK, max_tokens=7000, stream=True, extra_body={"ignore_eos": True}
    )
    next(asked)
    os.killpg(first, signal.SIGKILL)
    with pytest.raises(openai.APIError, match="broke off"):
        for _ in asked:
            pass
    with pytest.raises(openai.InternalServerError) as away:
        served.client().chat.completions.create(model=served.model, messages=ASK, **GREEDY)
    assert (away.value.status_code, away.value.response.headers["retry-after"]) == (503, "5")
    assert httpx.get(f"{served.gateway.url}/health", timeout=30).status_code == 200
    # The engine evidence is there all the same.
    cues = to_json(next(clips(1, 1)).cueset)
    explained = served.client().chat.completions.create(
        model="evidence", messages=ASK, extra_body={"emoreason": {"cues": cues, "evidence": True}}
    )
    assert explained.choices[0].message.evidence["labels"]
    until(lambda: is_ready(served.gateway), LOAD_LIMIT_S, "it is started again")
    assert served.behind()[0] != first
    again = served.client().chat.completions.create(model="mine", messages=ASK, **GREEDY)
    assert again.choices[0].finish_reason == "length"
    page = httpx.get(f"{served.gateway.url}/metrics", headers=served.gateway.headers, timeout=30).text
    assert "emoreason_upstream_restarts_total 1.0" in page


def test_an_end_leaves_nothing_behind(served: Served) -> None:
    """The last one: it ends the server."""
    pid, _, _ = served.behind()
    engines = _children(pid)
    assert engines
    assert served.gateway.stop(90) == 0
    until(lambda: not any(Path(f"/proc/{one}").exists() for one in (pid, *engines)), 30, "all have ended")


def test_a_model_that_thinks_and_answers_in_the_contracts_form() -> None:
    """Thinking under both names, and evidence with labels, whole and in a stream."""
    clip = next(clip for clip in clips(20, 5) if clip.emotion not in (None, "neutral"))
    extra = {"emoreason": {"cues": to_json(clip.cueset), "evidence": True, "preset": "explain"}}
    folder = contract_model()
    with started(folder, "--vllm-arg=--reasoning-parser=deepseek_r1") as server:
        until(lambda: is_ready(server), LOAD_LIMIT_S, "the model is loaded")
        served = Served(server, folder.name, folder)
        asked: dict[str, Any] = {
            "model": folder.name, "messages": [{"role": "user", "content": ""}], "temperature": 0, "max_tokens": 600,
            "extra_body": extra,
        }  # fmt: skip
        message = served.client().chat.completions.create(**asked).choices[0].message
        assert message.reasoning
        assert message.reasoning_content == message.reasoning
        found = message.evidence
        assert [one["label"] for one in found["labels"]], found
        assert found["counts"]["supported"] >= 1, found
        assert all(0 <= index < len(found["claims"]) for label in found["labels"] for index in label["claims"])

        deltas = [chunk.choices[0].delta for chunk in served.client().chat.completions.create(**asked, stream=True)]
        assert "".join(getattr(delta, "reasoning", None) or "" for delta in deltas) == message.reasoning
        assert "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas) == message.reasoning
        assert [delta.evidence for delta in deltas if hasattr(delta, "evidence")] == [found]
