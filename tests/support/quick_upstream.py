"""A server of its own process that speaks the OpenAI protocol and costs next to nothing, streams included.

    with quick_upstream(pause_s=0.005) as url:         # http://127.0.0.1:40123/v1
        ...

It stands for a model where what matters is the server in front of it: under load, under attack, in a benchmark. Each
chat gets as many tokens as its ``max_tokens`` says (64 by default), the first after ``first_s`` and each further one
``pause_s`` later, in a stream as one event each; the words are in the contract's form and cite ids of the prompt.
``upstream.py`` is the one that misbehaves.
"""

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from upstream import contract_answer

MODEL: Final = "quick"
_TOKENS: Final = 64
_MOST_TOKENS: Final = 4096
_MOST_N: Final = 16
_ROLES: Final = {"system", "developer", "user", "assistant", "tool"}
_TIED: Final = (
    "import ctypes, os, signal, sys; ctypes.CDLL(None).prctl(1, signal.SIGKILL); os.execv(sys.argv[1], sys.argv[1:])"
)
_HEAD: Final = {"id": "chatcmpl-1", "created": 1, "model": MODEL}


@contextmanager
def quick_upstream(*, first_s: float = 0.0, pause_s: float = 0.0, pictures: bool = False) -> Iterator[str]:
    """Start it on a free port; its address, up to ``/v1``. It also ends when who started it is killed."""
    here = str(Path(__file__).resolve())
    command = [sys.executable, here, "--first", str(first_s), "--pause", str(pause_s), *["--pictures"] * pictures]
    if sys.platform == "linux":
        command = [sys.executable, "-S", "-c", _TIED, *command]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            if not url:
                raise RuntimeError("the quick upstream did not start")
            yield url
        finally:
            process.kill()


class _Connection(asyncio.Protocol):
    """One connection; its requests are answered one after the other."""

    def __init__(self, given: argparse.Namespace) -> None:
        self._given = given
        self._came = bytearray()
        self._wanted = 0  # bytes of the request that is coming; 0: not known yet
        self._answering: asyncio.Task[None] | None = None
        self._room = asyncio.Event()
        self._room.set()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        if self._answering is not None:
            self._answering.cancel()

    def pause_writing(self) -> None:
        self._room.clear()

    def resume_writing(self) -> None:
        self._room.set()

    def data_received(self, data: bytes) -> None:
        self._came += data
        self._next()

    def _next(self) -> None:
        if self._answering is not None and not self._answering.done():
            return
        if not self._wanted:
            end = self._came.find(b"\r\n\r\n")
            if end < 0:
                return
            self._wanted = end + 4 + _length(bytes(self._came[:end]))
        if len(self._came) >= self._wanted:
            request, self._came, self._wanted = bytes(self._came[: self._wanted]), self._came[self._wanted :], 0
            self._answering = asyncio.get_running_loop().create_task(self._answer(request))
            self._answering.add_done_callback(lambda done: done.cancelled() or self._next())

    async def _answer(self, request: bytes) -> None:
        head, _, raw = request.partition(b"\r\n\r\n")
        method, path, _ = head.split(b" ", 2)
        if path == b"/v1/models":
            listed = [{"id": MODEL, "object": "model", "max_model_len": 16_384}]
            return self._whole(200, {"object": "list", "data": listed})
        if method != b"POST" or path not in (b"/v1/chat/completions", b"/v1/completions"):
            return self._whole(404, _error("Not Found"))
        try:
            body = json.loads(raw)
            refusal = _refusal(body, path, pictures=self._given.pictures)
        except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
            refusal = "this is no request"
        if refusal:
            return self._whole(400, _error(refusal))
        words = _words(body, path)
        if body.get("stream") is True:
            return await self._stream(words, body)
        await asyncio.sleep(self._given.first + self._given.pause * len(words))
        message = {"role": "assistant", "content": "".join(words)}
        choice = {"message": message, "text": message["content"], "finish_reason": "stop", "logprobs": None}
        choices = [{"index": index, **choice} for index in range(body.get("n") or 1)]
        return self._whole(
            200, {**_HEAD, "object": "chat.completion", "choices": choices, "usage": _usage(body, words)}
        )

    async def _stream(self, words: tuple[str, ...], body: dict[str, Any]) -> None:
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        loop = asyncio.get_running_loop()
        due = loop.time() + self._given.first
        for number, word in enumerate(words):
            if self._given.pause or self._given.first:
                await asyncio.sleep(max(0.0, due - loop.time()))
                due += self._given.pause
            await self._room.wait()
            self._transport.write(_event(word, number == len(words) - 1, body.get("n") or 1))
            if not self._given.pause and number % 16 == 15:
                await asyncio.sleep(0)
        done = b"data: [DONE]\n\n"
        self._transport.write(b"%x\r\n%b\r\n0\r\n\r\n" % (len(done), done))

    def _whole(self, status: int, value: Any) -> None:
        raw = json.dumps(value).encode()
        head = f"HTTP/1.1 {status} Status\r\nContent-Type: application/json\r\nContent-Length: {len(raw)}\r\n\r\n"
        self._transport.write(head.encode() + raw)


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": None}}


def _refusal(body: dict[str, Any], path: bytes, *, pictures: bool) -> str | None:
    """Say what is wrong with a body, as a server with a schema does."""
    if wrong := _wrong_wish(body):
        return wrong
    if body.get("model", MODEL) != MODEL:
        return f"the model does not exist; there is {MODEL}"
    if path == b"/v1/completions":
        return None if isinstance(body["prompt"], str) else "prompt must be a text"
    messages = body["messages"]
    if not isinstance(messages, list) or not messages:
        return "messages must be a list"
    if not {message["role"] for message in messages} <= _ROLES:
        return "a role must be one of " + ", ".join(sorted(_ROLES))
    parts = [part for message in messages for part in _parts(message)]
    kinds = {part["type"] for part in parts}
    if not kinds <= ({"text", "image_url"} if pictures else {"text"}):
        return "this is not a multimodal model"
    return None if all(isinstance(part.get("text", ""), str) for part in parts) else "a text must be one"


def _wrong_wish(body: dict[str, Any]) -> str | None:
    n, tokens, warmth = (body.get(name) for name in ("n", "max_tokens", "temperature"))
    if n is not None and (type(n) is not int or not 1 <= n <= _MOST_N):
        return f"n must be 1 to {_MOST_N}"
    if tokens is not None and (type(tokens) is not int or tokens < 1):
        return "max_tokens must be at least 1"
    if warmth is not None and (type(warmth) not in (int, float) or not 0 <= warmth <= 2):
        return "temperature must be 0 to 2"
    return None if type(body.get("stream")) in (bool, type(None)) else "stream must be true or false"


def _parts(message: dict[str, Any]) -> list[dict[str, Any]]:
    content = message.get("content") or ""
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _words(body: dict[str, Any], path: bytes) -> tuple[str, ...]:
    """Split an answer into as many tokens as are wanted."""
    number = min(body.get("max_tokens") or _TOKENS, _MOST_TOKENS)
    if path == b"/v1/completions" or not any(message.get("role") == "user" for message in body["messages"]):
        return ("word ",) * number
    return _split(contract_answer({"messages": body["messages"]}), number)


@lru_cache(maxsize=64)
def _split(text: str, number: int) -> tuple[str, ...]:
    """Cut a text so; what it lacks is put in front of it, into the chain of thought."""
    begin, rest = text[: len("<think>\n")], text[len("<think>\n") :]
    size = max(4, -(-len(rest) // max(1, number - 1)))
    pieces = [rest[start : start + size] for start in range(0, len(rest), size)][:number]
    return (begin, *["hm, "] * (number - 1 - len(pieces)), *pieces)[:number]


@lru_cache(maxsize=4096)
def _event(word: str, last: bool, n: int) -> bytes:
    reason = "stop" if last else None
    written = b""
    for index in range(n):
        choice = {"index": index, "delta": {"content": word}, "logprobs": None, "finish_reason": reason}
        value = {**_HEAD, "object": "chat.completion.chunk", "choices": [choice]}
        event = b"data: " + json.dumps(value, separators=(",", ":")).encode() + b"\n\n"
        written += b"%x\r\n%b\r\n" % (len(event), event)
    return written


def _usage(body: dict[str, Any], words: tuple[str, ...]) -> dict[str, int]:
    """Pictures count, or who asks takes them for passed over."""
    messages = body.get("messages") or []
    parts = [part for message in messages for part in _parts(message)]
    read = sum(len(part.get("text", "")) // 4 + 20 * (part["type"] != "text") for part in parts) + 1
    return {"prompt_tokens": read, "completion_tokens": len(words), "total_tokens": read + len(words)}


async def _serve(given: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(given), "127.0.0.1", given.port, backlog=2048)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)  # noqa: T201
    await server.serve_forever()


def _main() -> None:
    import uvloop

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--first", type=float, default=0.0, help="seconds to the first token")
    parser.add_argument("--pause", type=float, default=0.0, help="seconds between tokens")
    parser.add_argument("--pictures", action="store_true", help="take pictures too")
    uvloop.run(_serve(parser.parse_args()))


if __name__ == "__main__":
    _main()
