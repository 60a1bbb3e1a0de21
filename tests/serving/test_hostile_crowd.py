"""Many clients at once, slow ones, rude ones, and what is left when they are gone.

``EMOREASON_SOAK=1``: 500 clients for a minute, 10,000 requests, and connections that drip until they are ended.
"""

import asyncio
import base64
import json
import os
import random
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any, Final

import httpx
import pytest

pytest.importorskip("fastapi", reason="pip install 'emoreason[serve]'")

import aiohttp
from gateway import Gateway, gateway
from media_files import tone, wav_bytes
from process_state import descendants, open_files, resident_mib, threads
from quick_upstream import MODEL, quick_upstream

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SOAK = bool(os.environ.get("EMOREASON_SOAK"))
CLIENTS, SECONDS = (500, 60.0) if SOAK else (60, 4.0)
REQUESTS = 10_000 if SOAK else 600
SLOW = 300 if SOAK else 80
KEY = "a-key-of-a-test"
_SOUND: Final = base64.b64encode(wav_bytes((tone(0.3) * 9000).astype("<i2").tobytes())).decode()
_HEAR: Final = {"type": "input_audio", "input_audio": {"data": _SOUND, "format": "wav"}}


def _chat(content: Any = "hello", **more: Any) -> dict[str, Any]:
    return {"model": MODEL, "max_tokens": 16, "messages": [{"role": "user", "content": content}], **more}


#: What clients send: route, body, whether they have the key, the statuses that may come back.
ACTS: Final[list[tuple[str, Any, bool, set[int]]]] = [
    ("/v1/chat/completions", _chat(), True, {200}),
    ("/v1/chat/completions", _chat(stream=True), True, {200}),
    ("/v1/chat/completions", _chat([_HEAR]), True, {200}),
    ("/v1/chat/completions", _chat([_HEAR], stream=True, emoreason={"evidence": True}), True, {200}),
    ("/v1/cues", {"media": {"url": f"data:audio/wav;base64,{_SOUND}"}}, True, {200}),
    ("/v1/chat/completions", {"model": MODEL}, True, {400}),
    ("/v1/chat/completions", _chat(n=99), True, {400}),
    ("/v1/cues", {"media": {"url": "data:;base64,AAAA"}}, True, {422}),
    ("/v1/chat/completions", _chat(), False, {401}),
    ("/v1/explain", {"media": {"url": "file:///etc/passwd"}}, True, {400}),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Gateway]:
    with quick_upstream(first_s=0.01, pause_s=0.002) as url, gateway("--upstream", url, "--jobs", "1", key=KEY) as up:
        for path, body, _, expected in ACTS:  # what is started and compiled once is there
            headers = up.headers if 401 not in expected else {}
            assert httpx.post(up.url + path, json=body, headers=headers, timeout=120).status_code in expected
        yield up


def _in_flight(server: Gateway) -> float:
    text = httpx.get(f"{server.url}/metrics", headers=server.headers).text
    found = [line for line in text.splitlines() if "in_flight" in line and not line.startswith("#")]
    return float(found[0].rpartition(" ")[2])


@contextmanager
def calm_again(server: Gateway) -> Iterator[None]:
    """Afterwards nothing is under way, no connection is kept, no process and no error is left."""
    before = len(server.logged())
    processes = len(list(descendants(server.pid)))
    yield
    _until(lambda: _in_flight(server) <= 1)  # the one that asks
    _until(lambda: open_files(server.pid) < 100)
    assert len(list(descendants(server.pid))) <= processes + 1
    bad = [line for line in server.logged()[before:] if line.get("status", 0) >= 500 or "error" in line]
    assert not bad, bad[:5]


def _until(holds: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "still not so"
        time.sleep(0.2)


def _files_at_rest(server: Gateway) -> int:
    """Open files once idle connections are closed: those to the model's server go together, after four to eight s."""
    files, since = open_files(server.pid), time.monotonic()
    while time.monotonic() < since + 8.5:
        time.sleep(0.1)
        if (now := open_files(server.pid)) != files:
            files, since = now, time.monotonic()
    return files


def told(figures: str) -> None:
    """For ``-rP``."""
    print(figures)  # noqa: T201


async def _client(server: Gateway, number: int, goes_on: Callable[[], bool]) -> Counter[tuple[str, int]]:
    """One client that does this and that, and at times goes away in the middle."""
    chance, seen = random.Random(number), Counter[tuple[str, int]]()
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=120)) as session:
        while goes_on():
            path, body, with_key, expected = chance.choice(ACTS)
            rude = chance.random() < 0.1
            headers = server.headers if with_key else {}
            async with session.post(server.url + path, json=body, headers=headers) as answer:
                assert answer.status in expected | {429}, (path, answer.status, await answer.text())
                if not rude:
                    text = await answer.text()
                    assert not body.get("stream") or answer.status != 200 or text.endswith("data: [DONE]\n\n"), text
            seen[path, answer.status] += 1
    return seen


def test_a_crowd(server: Gateway) -> None:
    async def crowd() -> Counter[tuple[str, int]]:
        until = time.monotonic() + SECONDS
        clients = [_client(server, n, lambda: time.monotonic() < until) for n in range(CLIENTS)]
        return sum(await asyncio.gather(*clients), Counter())

    with calm_again(server):
        seen = asyncio.run(crowd())
    told(f"{seen.total()} requests of {CLIENTS} clients in {SECONDS:.0f} s: {dict(seen)}")
    assert seen.total() > CLIENTS
    assert seen["/v1/chat/completions", 200] > seen.total() / 10


def test_nothing_grows_with_requests(server: Gateway) -> None:
    """After a fifth of them and at the end: memory, files, threads."""

    async def ask(number: int) -> None:
        left = iter(range(number))
        await asyncio.gather(*(_client(server, n, lambda: next(left, None) is not None) for n in range(16)))

    def holds() -> tuple[float, int, int]:
        _until(lambda: _in_flight(server) <= 1)
        return resident_mib(server.pid), _files_at_rest(server), threads(server.pid)

    with calm_again(server):
        asyncio.run(ask(REQUESTS // 5))
        early = holds()
        asyncio.run(ask(REQUESTS - REQUESTS // 5))
        late = holds()
    told(f"{REQUESTS} requests: MiB, files, threads {early} -> {late}")
    assert late[0] < early[0] * 1.1 + 10
    assert late[1] <= early[1] + 3
    assert late[2] <= early[2] + 4


HEAD: Final = f"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {KEY}\r\n".encode()
JSON: Final = b"Content-Type: application/json\r\n"
DRIPS: Final = {
    "nothing": b"",
    "half of a line": b"POST /v1/cha",
    "headers": HEAD,
    "a body": HEAD + JSON + b"Content-Length: 1000000\r\n\r\n{",
    "a chunk": HEAD + JSON + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    "a form": HEAD.replace(b"chat/completions", b"cues")
    + b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n--b\r\n",
}


@pytest.mark.parametrize("kind", DRIPS)
def test_clients_that_drip_keep_nobody_out(kind: str, server: Gateway) -> None:
    """Many connections that send a byte now and then; with a whole soak, until the server has ended them all."""
    with calm_again(server), ExitStack() as stack:
        held = [stack.enter_context(socket.create_connection(("127.0.0.1", server.port))) for _ in range(SLOW)]
        for one in held:
            one.sendall(DRIPS[kind])
            one.setblocking(False)
        for _ in range(3):
            _asked(server)
            _drip(held)
        deadline = time.monotonic() + 120
        while SOAK and held:
            assert time.monotonic() < deadline, f"{len(held)} connections were not ended"
            held = _drip(held)
            time.sleep(0.5)


def _asked(server: Gateway) -> None:
    """Ask as anyone does."""
    answer = httpx.post(f"{server.v1}/chat/completions", json=_chat(), headers=server.headers, timeout=120)
    assert answer.status_code == 200, answer.text


def _drip(held: list[socket.socket]) -> list[socket.socket]:
    """Send a byte on each; those that are still there."""
    alive = []
    for one in held:
        with suppress(BlockingIOError, OSError):
            one.send(b"a")
        try:
            ended = one.recv(65_536) == b""
        except BlockingIOError:
            ended = False
        except OSError:
            ended = True
        if not ended:
            alive.append(one)
    return alive


def test_clients_that_do_not_read_cost_little(server: Gateway) -> None:
    """Long streams that nobody takes wait at the model's server, not in memory."""
    body = json.dumps(_chat(stream=True, max_tokens=4096, n=4)).encode()
    request = HEAD + JSON + b"Content-Length: %d\r\n\r\n" % len(body) + body
    with calm_again(server), ExitStack() as stack:
        before = resident_mib(server.pid)
        for _ in range(SLOW // 4):
            one = stack.enter_context(socket.socket())
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            one.connect(("127.0.0.1", server.port))
            one.sendall(request)
        for _ in range(6):
            _asked(server)
            time.sleep(1)
        assert resident_mib(server.pid) < before + 100
