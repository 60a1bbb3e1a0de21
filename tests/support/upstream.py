"""A real HTTP server that speaks the OpenAI protocol, and misbehaves as it is told.

    with upstream([busy("1"), drops()]) as server:     # the third chat and all after it get good answers
        engine = OpenAIEngine(url=server.url)

It runs in a thread of the test, so a batch in another process can talk to it for as long as the block lasts; from a
shell: ``python tests/support/upstream.py --port 8000 --delay 0.05 --faults 0.1``. By default each chat is answered with
a reply in the contract's form that cites ids of the prompt, always the same reply to the same prompt.
Probes (chats of ``max_tokens`` 1, by which engines find out what a server takes) are answered without the script.
"""

import argparse
import asyncio
import hashlib
import json
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

Body = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Act:
    """What the server does with one chat; plain, it answers well."""

    status: int = 200
    text: str | Callable[[Body], str] | None = None  # what the model wrote; None: an answer in the contract's form
    raw: bytes | None = None  # the whole body instead
    headers: tuple[tuple[str, str], ...] = ()
    delay_s: float = 0.0
    cut: float | None = None  # the connection ends after this share of the body; -1: before the headers
    dies_s: float | None = None  # every connection ends, and none is taken for so long
    finish: str = "stop"
    message: Body = field(default_factory=dict)  # further fields of the message, or others instead


@dataclass(frozen=True)
class Asked:
    """One chat that came in; ``number`` counts from 0, ``time_s`` is on the monotonic clock."""

    number: int
    body: Body
    headers: dict[str, str]
    time_s: float


Script = Sequence[Act] | Callable[[Asked], Act]

GOOD = Act()


def slow(seconds: float) -> Act:
    return Act(delay_s=seconds)


def writes(text: str | Callable[[Body], str], finish: str = "stop", **message: Any) -> Act:
    return Act(text=text, finish=finish, message=message)


def body(raw: bytes | str | Any, status: int = 200) -> Act:
    """The whole HTTP body: bytes or text as they are, anything else as JSON."""
    if not isinstance(raw, bytes):
        raw = (raw if isinstance(raw, str) else json.dumps(raw)).encode()
    return Act(raw=raw, status=status)


def fails(status: int = 500, message: str = "something broke", retry_after: str | None = None) -> Act:
    wait = () if retry_after is None else (("Retry-After", retry_after),)
    error = {"error": {"message": message, "type": "error", "param": None, "code": status}}
    return Act(status=status, raw=json.dumps(error).encode(), headers=wait)


def busy(retry_after: str | None = None) -> Act:
    return fails(429, "too many requests", retry_after)


def drops() -> Act:
    """The connection ends before the headers."""
    return Act(cut=-1)


def truncates(share: float = 0.5) -> Act:
    """The connection ends within the body."""
    return Act(cut=share)


def garbage() -> Act:
    return body(b"<html>\x00\xff bad gateway")


def half_json() -> Act:
    """The server says that the body is complete, but its JSON is not."""
    return body('{"id": "x", "object": "chat.completion", "choices": [{"index": 0, "message": {"role": "assi')


def empty() -> Act:
    return body(b"")


def null() -> Act:
    return body(b"null")


def no_content() -> Act:
    return Act(message={"content": None})


def no_text() -> Act:
    return Act(text="")


def no_choices() -> Act:
    return body({"id": "x", "object": "chat.completion", "created": 0, "model": "m", "choices": None})


def redirects(to: str) -> Act:
    return Act(status=307, raw=b"", headers=(("Location", to),))


def dies(seconds: float = 0.3) -> Act:
    """The server is gone for a while, with every connection it had."""
    return Act(dies_s=seconds)


#: Every fault after which a further try can succeed, by name.
PASSING: dict[str, Callable[[], Act]] = {
    "busy": lambda: busy("0"),
    "conflict": lambda: fails(409),
    "timeout": lambda: fails(408),
    "broken": lambda: fails(500),
    "gateway": lambda: body(b"<html>bad gateway", 502),
    "unavailable": lambda: fails(503, retry_after="0"),
    "drops": drops,
    "headers only": lambda: truncates(0.0),
    "truncates": truncates,
    "garbage": garbage,
    "half JSON": half_json,
    "empty": empty,
    "null": null,
    "no choices": no_choices,
    "no content": no_content,
    "no text": no_text,
}


def sometimes(share: float, seed: int = 0, delay_s: float = 0.0) -> Callable[[Asked], Act]:
    """Every fault that can pass, at random, in this share of the chats."""

    def script(asked: Asked) -> Act:
        chance = random.Random(f"{seed} {asked.number}")  # no shared state: the order of arrival decides alone
        if chance.random() < share:
            return PASSING[chance.choice(sorted(PASSING))]()
        return slow(delay_s)

    return script


def digest(asked: Body) -> str:
    """What stands for a prompt: the same messages, the same digest."""
    return hashlib.sha256(json.dumps(asked.get("messages"), sort_keys=True).encode()).hexdigest()[:16]


@dataclass
class Upstream:
    """The server: what it is like, and what it has seen."""

    script: Script = ()
    models: tuple[str, ...] = ("tiny",)
    vllm: bool = False  # GET /version, continues an assistant's message
    sglang: bool = False  # GET /get_model_info
    pictures: bool = False
    sound: bool = False
    ignores_media: bool = False  # neither refused nor read
    structured: bool = True
    most_n: int = 16
    key: str | None = None
    adapters: bool = False  # allows /v1/load_lora_adapter
    context_tokens: int | None = 16_384
    record: bool = True  # False keeps counts alone, for long runs
    url: str = ""
    requests: list[Asked] = field(default_factory=list)
    probes: list[Body] = field(default_factory=list)
    other: list[tuple[str, str, Body | None]] = field(default_factory=list)  # method, path, body
    prompts: Counter[str] = field(default_factory=Counter)  # digest -> how often it came
    chats: int = 0
    running: int = 0
    most_running: int = 0
    connections: int = 0

    def act(self, asked: Asked) -> Act:
        if callable(self.script):
            return self.script(asked)
        return self.script[asked.number] if asked.number < len(self.script) else GOOD


@contextmanager
def upstream(script: Script = (), *, port: int = 0, **traits: Any) -> Iterator[Upstream]:
    """Serve on a free port of this machine until the block ends. ``traits`` are the fields of :class:`Upstream`."""
    state = Upstream(script=script, **traits)
    loop = asyncio.new_event_loop()
    serving = _Serving(state, port)
    thread = threading.Thread(target=loop.run_forever, name="upstream", daemon=True)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(serving.listen(), loop).result(30)
        state.url = f"http://127.0.0.1:{serving.port}/v1"
        yield state
    finally:
        asyncio.run_coroutine_threadsafe(serving.end(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Serving:
    """The sockets of one server."""

    def __init__(self, state: Upstream, port: int) -> None:
        self.state, self.port = state, port
        self._server: asyncio.Server | None = None
        self._writers: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    async def listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=2**26, backlog=512)
        self.port = self._server.sockets[0].getsockname()[1]

    async def end(self) -> None:
        if self._server is not None:
            self._server.close()
        others = [task for task in self._writers.values() if task not in (None, asyncio.current_task())]
        for writer in list(self._writers):
            writer.transport.abort()
        for task in others:
            task.cancel()  # type: ignore[union-attr]
        await asyncio.gather(*others, return_exceptions=True)  # type: ignore[arg-type]

    async def _die(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        await self.end()
        loop.call_later(seconds, lambda: loop.create_task(self.listen()))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers[writer] = asyncio.current_task()
        self.state.connections += 1
        try:
            with suppress(asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
                while await self._one(reader, writer):
                    pass
        finally:
            del self._writers[writer]
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Read one request and answer it; False ends the connection."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        sent = await reader.readexactly(int(headers.get("content-length", 0)))
        value = json.loads(sent) if sent else None
        act = self._other(method, path, headers, value)
        if act is not None:
            return await self._write(writer, act, act.raw or b"")
        return await self._chat(writer, headers, value)

    def _other(self, method: str, path: str, headers: dict[str, str], value: Body | None) -> Act | None:
        """Answer what is no scripted chat; None: it is one."""
        state = self.state
        if state.key is not None and headers.get("authorization") != f"Bearer {state.key}" and path.startswith("/v1"):
            return fails(401, f"Incorrect API key provided: {headers.get('authorization')}")
        if method == "POST" and path == "/v1/chat/completions" and value is not None:
            refusal = _refusal(state, value)
            if value.get("max_tokens") == 1 or value.get("max_completion_tokens") == 1:
                state.probes.append(value)
                return refusal or body(completion(GOOD, value, reads_media=not state.ignores_media))
            return refusal
        state.other.append((method, path, value))
        if path == "/v1/models":
            listed = [{"id": name, "object": "model", "max_model_len": state.context_tokens} for name in state.models]
            return body({"object": "list", "data": listed})
        if path == "/version" and state.vllm:
            return body({"version": "0.32.0"})
        if path in ("/model_info", "/get_model_info") and state.sglang:
            return body({"model_path": state.models[0], "is_generation": True})
        if path == "/v1/load_lora_adapter" and state.adapters and value is not None:
            if "missing" in value["lora_path"]:
                return fails(404, f"No adapter found for '{value['lora_path']}'.")
            state.models += (value["lora_name"],)
            return body(b"Success: LoRA adapter added successfully.")
        return fails(404, "Not Found")

    async def _chat(self, writer: asyncio.StreamWriter, headers: dict[str, str], value: Body) -> bool:
        state = self.state
        asked = Asked(state.chats, value, headers, time.monotonic())
        state.chats += 1
        state.prompts[digest(value)] += 1
        if state.record:
            state.requests.append(asked)
        state.running += 1
        state.most_running = max(state.most_running, state.running)
        try:
            act = state.act(asked)
            await asyncio.sleep(act.delay_s)
            if act.dies_s is not None:
                await self._die(act.dies_s)
                return False
            raw = json.dumps(completion(act, value)).encode() if act.raw is None else act.raw
        finally:
            state.running -= 1
        return await self._write(writer, act, raw)

    async def _write(self, writer: asyncio.StreamWriter, act: Act, raw: bytes) -> bool:
        if act.cut is not None and act.cut < 0:
            writer.transport.abort()
            return False
        lines = [f"HTTP/1.1 {act.status} Status", "Content-Type: application/json", f"Content-Length: {len(raw)}"]
        lines += [f"{name}: {value}" for name, value in act.headers]
        whole = "\r\n".join((*lines, "", "")).encode("latin-1")
        writer.write(whole + raw[: None if act.cut is None else int(len(raw) * act.cut)])
        await writer.drain()
        return act.cut is None


def _refusal(state: Upstream, asked: Body) -> Act | None:
    """What a server like this refuses in a chat."""
    kinds = {part["type"] for message in asked["messages"] for part in _parts(message)}
    if asked.get("model") not in state.models:
        return fails(404, f"The model `{asked.get('model')}` does not exist.")
    taken = {"image_url": state.pictures, "input_audio": state.sound}
    if not state.ignores_media and any(not takes for kind, takes in taken.items() if kind in kinds):
        return fails(400, "this is not a multimodal model")
    if asked.get("response_format") and not state.structured:
        return fails(400, "response_format is not supported")
    if (asked.get("n") or 1) > state.most_n:
        return fails(400, f"n must be at most {state.most_n}")
    return None


def completion(act: Act, asked: Body, *, reads_media: bool = True) -> Body:
    """The body of a chat completion."""
    write = contract_answer if act.text is None else act.text
    text = write(asked) if callable(write) else write
    choice = {"message": {"role": "assistant", "content": text, **act.message}, "finish_reason": act.finish}
    written = len(text) // 4 + 1
    parts = [part for message in asked["messages"] for part in _parts(message)]
    read = sum(len(part.get("text", "")) for part in parts) // 4 + 1
    read += 20 * reads_media * sum(part["type"] != "text" for part in parts)
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": asked.get("model"),
        "choices": [{"index": index, **choice} for index in range(asked.get("n") or 1)],
        "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
    }


def _parts(message: Body) -> list[Body]:
    content = message.get("content") or ""
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


_CUE_LINES = re.compile(r"(?:^\[[^\]\n]+\] .*$\n?)+", re.MULTILINE)
_CLASSES = ("happiness", "sadness", "anger", "fear", "surprise", "disgust", "neutral")


def cue_ids(asked: Body) -> list[str]:
    """Ids of the first observations that the last user message lists."""
    users = [message for message in asked["messages"] if message["role"] == "user"]
    text = "\n".join(part.get("text", "") for part in _parts(users[-1])) if users else ""
    block = _CUE_LINES.search(text)
    return [line[1 : line.index("]")] for line in block[0].splitlines()] if block else []


def contract_answer(asked: Body) -> str:
    """A reply in the contract's form; only what is left to write after the opening, up to the first stop."""
    ids = cue_ids(asked)[:3]
    emotion = _CLASSES[int(digest({"messages": [m for m in asked["messages"] if m["role"] == "user"]}), 16) % 7]
    cited = f" [{', '.join(ids)}]" if ids else ""
    think = (
        f"Observations: something was seen{cited}.\n"
        f"Interpretation: it reads as {emotion}{cited}.\nConclusion: {emotion}, fairly sure."
    )
    answer = {
        "labels": [{"label": emotion, "cues": ids}],
        "emotions": [{"label": name, "probability": 0.7 if name == emotion else 0.05} for name in _CLASSES],
        "valence": 0.1,
        "arousal": 0.2,
        "action_units": [],
        "alternatives": [],
        "abstained": False,
        "abstain_reason": None,
    }
    last = asked["messages"][-1]
    opening = last["content"] if last["role"] == "assistant" and asked.get("continue_final_message") else ""
    if "</think>" in opening or asked.get("response_format"):
        return json.dumps(answer)
    text = f"<think>\n{think}\n</think>\n{json.dumps(answer)}"
    text = text.removeprefix("<think>\n") if opening else text
    stops = [text.index(stop) for stop in asked.get("stop") or () if stop in text]
    return text[: min(stops, default=len(text))]


def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--faults", type=float, default=0.0, help="share of the chats that go wrong")
    parser.add_argument("--vllm", action="store_true")
    parser.add_argument("--seconds", type=float, default=3600)
    given = parser.parse_args()
    script = sometimes(given.faults, delay_s=given.delay)
    with upstream(script, port=given.port, vllm=given.vllm, record=False) as server:
        print(server.url, flush=True)  # noqa: T201
        time.sleep(given.seconds)


if __name__ == "__main__":
    _main()
