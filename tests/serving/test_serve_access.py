"""Who may ask, how much, how large: refused in OpenAI's form, before any work."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress

import pytest

pytest.importorskip("fastapi", reason="pip install 'emoreason[serve]'")

from fastapi import Request
from hypothesis import example, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from emoreason.errors import ConfigError
from emoreason.serving.access import bodies
from emoreason.serving.access.bodies import MAX_DEPTH, MAX_VALUES, json_body, json_object
from emoreason.serving.access.keys import Keys, checked_keys, read_keys
from emoreason.serving.access.rate import _CALLERS, Rate
from emoreason.serving.app import make_app
from emoreason.serving.refusals import ApiError
from emoreason.serving.settings import MediaLimits, ServeSettings

HERE = "http://127.0.0.1:8000"


def client(**told: object) -> TestClient:
    app = make_app(ServeSettings(**told))  # type: ignore[arg-type]

    @app.post("/v1/echo")
    async def echo(request: Request) -> dict[str, object]:
        raw, body = await json_body(request)
        return {"size": len(raw), "body": body}

    return TestClient(app, base_url=HERE)


def error_of(answer) -> dict[str, object]:
    (name,) = answer.json()
    assert name == "error"
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    assert "\n" not in answer.json()["error"]["message"]
    return answer.json()["error"]


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (None, 401),
        ("", 401),
        ("Bearer", 401),
        ("Bearer ", 401),
        ("Basic Zmlyc3Qta2V5", 401),
        ("Bearer first-ke", 401),
        ("Bearer first-key-and-more", 401),
        ("Bearer FIRST-KEY", 401),
        ("Bearer first-key second-key", 401),
        ("Bearer first-key,second-key", 401),
        ("Bearer \xff\xfe", 401),
        ("first-key", 401),
        ("Bearer first-key", 200),
        ("bearer second-key", 200),
    ],
)
def test_only_a_key_of_the_server_lets_in(header: str | None, status: int) -> None:
    headers = {} if header is None else {"Authorization": header.encode("latin-1")}
    answer = client(keys=("first-key", "second-key")).post("/v1/echo", json={}, headers=headers)
    assert answer.status_code == status
    if status == 401:
        assert error_of(answer)["code"] == "invalid_api_key"
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_every_key_is_compared_and_none_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []
    monkeypatch.setattr("hmac.compare_digest", lambda a, b: compared.append(b) or a == b)
    keys = Keys(("first-key", "second-key", "third-key"))
    assert keys.index(b"Bearer first-key") == 0
    assert len(compared) == 3  # as many as for one that is none of them
    assert "first-key" not in repr(vars(keys))
    assert "first-key" not in repr(ServeSettings(keys=("first-key",)))


def test_keys_are_read_from_a_file(tmp_path) -> None:
    file = tmp_path / "keys"
    file.write_text("# of the web shop\nshop-key-1\n\n  other-key-2  \n")
    assert read_keys(file) == ("shop-key-1", "other-key-2")


@pytest.mark.parametrize(
    ("content", "says"),
    [("", "holds no key"), ("# none\n", "holds no key"), ("short\n", "5 characters"), ("with a blank\n", "blanks")],
)
def test_a_key_file_that_lets_nobody_or_everybody_in_is_refused(tmp_path, content: str, says: str) -> None:
    file = tmp_path / "keys"
    file.write_text(content)
    with pytest.raises(ConfigError, match=says) as refused:
        read_keys(file)
    assert "with a blank" not in str(refused.value)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_keys(tmp_path / "none")
    with pytest.raises(ConfigError, match="ASCII"):
        checked_keys(("schlüssel",), "the environment")


@pytest.mark.parametrize("path", ["/", "/health", "/ready"])
def test_some_paths_need_no_key_but_only_to_be_read(path: str) -> None:
    with client(keys=("first-key",)) as server:
        assert server.get(path).status_code != 401
        assert server.post(path).status_code == 401


@pytest.mark.parametrize("path", ["/v1/echo", "//health", "/health/", "/ready/x", "/%2e/health", "/none", "/HEALTH"])
def test_all_others_do(path: str) -> None:
    assert client(keys=("first-key",)).get(HERE + path).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "rebound.example.org"},
        {"Host": "rebound.example.org:8000"},
        {"Host": "127.0.0.1.example.org"},
        {"Host": "localhost.example.org"},
        {"Host": "192.168.1.5:8000"},
        {"Host": "[::2]:8000"},
        {"Host": "[::1"},
        {"Host": ""},
        {"Origin": "https://example.org"},
        {"Origin": "null"},
        {"Origin": "http://localhost.example.org"},
    ],
)
def test_a_server_without_keys_answers_no_page_of_elsewhere(headers: dict[str, str]) -> None:
    answer = client().post("/v1/echo", json={}, headers=headers)
    assert answer.status_code == 403
    assert error_of(answer)["code"] == "host_refused"
    with_key = client(keys=("first-key",))
    allowed = with_key.post("/v1/echo", json={}, headers={**headers, "Authorization": "Bearer first-key"})
    assert allowed.status_code == 200


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:80", "[::1]:8000", "page.localhost:8000", "127.1.2.3"])
def test_it_answers_this_machine(host: str) -> None:
    assert client().post("/v1/echo", json={}, headers={"Host": host, "Origin": f"http://{host}"}).status_code == 200


def test_a_rate_is_kept_for_each_key() -> None:
    server = client(keys=("first-key", "second-key"), requests_per_minute=2)

    def ask(key: str):
        return server.post("/v1/echo", json={}, headers={"Authorization": f"Bearer {key}"})

    first = [ask("first-key") for _ in range(3)]
    assert [answer.status_code for answer in first] == [200, 200, 429]
    assert [answer.headers.get("x-ratelimit-remaining-requests") for answer in first] == ["1", "0", None]
    assert error_of(first[2])["type"] == "rate_limit_error"
    assert 1 <= int(first[2].headers["retry-after"]) <= 30
    assert ask("second-key").status_code == 200


@given(st.lists(st.floats(0, 90), max_size=60), st.integers(1, 30))
@example([4.320638451330588, 0.0], 1)  # rounded, the bucket is not quite full in time
def test_no_more_than_the_rate_and_one_full_bucket_pass(pauses: list[float], per_minute: int) -> None:
    clock = Clock()
    rate = Rate(per_minute, clock)
    for pause in pauses:
        clock.now += pause
        if (wait := wait_of(rate)) is not None:
            clock.now += wait
            assert wait_of(rate) is None  # who waits as told is let in
    assert len(pauses) <= per_minute + clock.now * per_minute / 60 + 1e-6


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def wait_of(rate: Rate) -> int | None:
    """Seconds to wait, where one more request is refused."""
    try:
        rate.take("someone")
    except ApiError as refused:
        return refused.retry_after_s
    return None


def test_callers_remembered_are_bounded() -> None:
    rate = Rate(5)
    for number in range(_CALLERS + 10):
        rate.take(number)
    assert len(rate._buckets) == _CALLERS


DEEP = 150_000

REFUSED = {
    "empty": b"",
    "array": b"[1]",
    "null": b"null",
    "text": b'"x"',
    "cut off": b'{"a": ',
    "trailing": b'{"a": 1} x',
    "NUL byte": b'{"a": "\x00"}',
    "NUL byte alone": b"\x00",
    "NUL escaped": rb'{"a": "\u0000"}',
    "NUL in a key": rb'{"a\u0000": 1}',
    "NUL deep": rb'{"a": [[{"b": "\u0000"}]]}',
    "surrogate": rb'{"a": "\ud800"}',
    "surrogate in a key": rb'{"\udfff": 1}',
    "NaN": b'{"a": NaN}',
    "Infinity": b'{"a": -Infinity}',
    "too large": b'{"a": 1e999}',
    "long number": b'{"a": ' + b"9" * 5_000 + b"}",
    "twice": b'{"messages": 1, "messages": 2}',
    "twice inside": b'{"a": [{"url": 1, "url": 2}]}',
    "not UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "byte order mark": b'\xef\xbb\xbf{"a": 1}',
    "deep arrays": b'{"a": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "deep objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "a little too deep": b'{"a":' * (MAX_DEPTH + 1) + b"1" + b"}" * (MAX_DEPTH + 1),
    "many values": b'{"a": [' + b"1," * MAX_VALUES + b"1]}",
}


@pytest.mark.parametrize("raw", REFUSED.values(), ids=REFUSED)
def test_json_that_could_hurt_is_refused(raw: bytes) -> None:
    answer = client().post("/v1/echo", content=raw, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert error_of(answer)["code"] == "invalid_json"


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    # No NUL, no halves of pairs: everything else is text.
    | st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="ascii", min_codepoint=1)), inner),
    max_leaves=8,
)


def test_signs_within_a_text_are_no_values() -> None:
    text = 'a, "b": [1], {2}\\ ' * MAX_VALUES
    assert json_object(json.dumps({"text": text}).encode()) == {"text": text}
    with pytest.raises(ApiError, match="values"):
        json_object(b'{"a": "' + rb"\"" * MAX_VALUES + b'", "b": [' + b"[]," * MAX_VALUES)


@settings(max_examples=50)
@given(st.dictionaries(st.text(st.characters(codec="ascii", min_codepoint=1)), _JSON, max_size=5))
def test_other_json_is_read_as_it_is(value: dict[str, object]) -> None:
    assert json_object(json.dumps(value).encode()) == value
    assert json_object(json.dumps(value, ensure_ascii=False).encode()) == value


@given(st.binary(max_size=200))
def test_bytes_are_read_or_refused(raw: bytes) -> None:
    with suppress(ApiError):
        assert isinstance(json_object(raw), dict)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({"Content-Type": "application/jsonx"}, 415),
        ({"Content-Type": "application/json", "Content-Encoding": "gzip"}, 415),
        ({"Content-Type": "application/json; charset=utf-8"}, 200),
        ({"Content-Type": "APPLICATION/JSON"}, 200),
        ({}, 200),
    ],
)
def test_what_a_body_may_be(headers: dict[str, str], status: int) -> None:
    answer = client().post("/v1/echo", content=b"{}", headers=headers)
    assert answer.status_code == status
    assert status == 200 or error_of(answer)


def in_pieces(piece: bytes, number: int) -> Iterator[bytes]:
    yield from (piece for _ in range(number))


@pytest.mark.parametrize("declared", [True, False])
@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x"])
def test_a_body_that_is_too_large_is_refused(declared: bool, kind: str) -> None:
    server = client(limits=MediaLimits(body_bytes=1000, upload_bytes=1000))
    content = b" " * (3 << 20) if declared else in_pieces(b" " * 65_536, 48)
    answer = server.post("/v1/echo", content=content, headers={"Content-Type": kind})
    if kind.startswith("multipart") and not declared:
        assert answer.status_code in (413, 415)  # the route may say first that it takes JSON
    else:
        assert answer.status_code == 413
        assert error_of(answer)["code"] == "body_too_large"


def asked(app, receive, **headers: str) -> int:
    """The status of one request, by ASGI."""
    status = []

    async def send(message) -> None:
        status.extend([message["status"]] if message["type"] == "http.response.start" else [])

    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "POST", "path": "/v1/echo", "query_string": b"", "client": None}
    scope |= {"headers": pairs, "root_path": "", "scheme": "http", "http_version": "1.1", "server": None}
    asyncio.run(asyncio.wait_for(app(scope, receive, send), 20))
    return status[0]


def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_SILENCE_S", 0.05)

    async def silent() -> dict[str, object]:
        await asyncio.sleep(3600)
        return {}

    assert asked(client().app, silent, content_length="10", content_type="application/json") == 408


def test_a_body_that_drips_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_GRACE_S", 0.05)
    given_bytes = 0

    async def dripping() -> dict[str, object]:
        nonlocal given_bytes
        await asyncio.sleep(0.01)
        given_bytes += 1
        return {"type": "http.request", "body": b" ", "more_body": True}

    assert asked(client().app, dripping, content_length="1000000", content_type="application/json") == 408
    assert given_bytes < 1000


def test_large_bodies_at_a_time_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "_BODIES_HELD", 2)
    app = client(limits=MediaLimits(body_bytes=1000)).app
    entered: list[int] = []

    async def request(scope_size: int, leave: asyncio.Event) -> int:
        status: list[int] = []

        async def receive() -> dict[str, object]:
            entered.append(1)
            await leave.wait()
            return {"type": "http.request", "body": b"{}".ljust(scope_size), "more_body": False}

        async def send(message) -> None:
            status.extend([message["status"]] if message["type"] == "http.response.start" else [])

        headers = [(b"content-length", str(scope_size).encode())]
        scope = {"type": "http", "method": "POST", "path": "/v1/echo", "query_string": b"", "client": None}
        scope |= {"headers": headers, "root_path": "", "scheme": "http", "http_version": "1.1", "server": None}
        await app(scope, receive, send)
        return status[0]

    async def run() -> list[int]:
        leave = asyncio.Event()
        first = [asyncio.create_task(request(1000, leave)) for _ in range(2)]
        while len(entered) < 2:
            await asyncio.sleep(0.001)
        third = await request(1000, leave)
        leave.set()
        return [*await asyncio.gather(*first), third, await request(1000, leave)]

    assert asyncio.run(run()) == [200, 200, 429, 200]
