"""Bodies of requests: not too large, not too slow, and JSON that no later part can stumble over."""

import asyncio
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from time import monotonic
from typing import Any, Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..refusals import ApiError
from ..settings import MediaLimits

MAX_DEPTH: Final = 100
#: More commas, brackets and braces (outside of texts) would keep the event loop busy for long.
MAX_VALUES: Final = 250_000
_SIGNS: Final = (b",", b"[", b"{")
#: Bytes in which signs are looked for before they are counted.
_PIECE: Final = 1 << 14
#: A sign, or a text without escapes; one without an end goes on to the end of the body.
_TOKEN: Final = re.compile(rb'[,\[{]|"[^"]*+"?')
#: Boundaries and headers of a multipart body, on top of its files.
_MULTIPART_BYTES: Final = 1 << 20
#: Nothing at all for so long, or less than this on the whole after so long: the client is too slow.
_SILENCE_S: Final = 20.0
_GRACE_S: Final = 30.0
_LEAST_BYTES_PER_S: Final = 4096
#: Bodies held in memory at a time, as multiples of the largest. Bodies of less than this share of the largest are not
#: counted, or a few clients that announce much and send nothing would keep everybody out.
_BODIES_HELD: Final = 16
_SMALL_SHARE: Final = 1 / 512
#: Forms on disk at a time, bytes; they are deleted with their requests.
_FORMS_HELD: Final = 8 << 30


async def json_body(request: Request) -> tuple[bytes, dict[str, Any]]:
    """Read a body that is to be a JSON object; return its bytes too.

    Raises
    ------
    ApiError
        400, 408, 413 or 415.
    """
    kind = request.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
    if kind != "application/json" and not kind.endswith("+json"):
        raise ApiError(415, "the body must be JSON: send Content-Type: application/json", code="unsupported_media_type")
    raw = await request.body()
    return raw, json_object(raw)


def json_object(raw: bytes) -> dict[str, Any]:
    """Read a JSON object in UTF-8, strictly: what two readers could understand differently is refused.

    Raises
    ------
    ApiError
        400: it is no JSON object; it is nested too deep or holds too many values; a key stands twice in one object;
        it holds NaN, Infinity, a NUL character or half of a surrogate pair.

    Examples
    --------
    >>> json_object(b'{"model": "evidence"}')
    {'model': 'evidence'}
    >>> json_object(b'{"n": 1, "n": 2}')
    Traceback (most recent call last):
    ...
    emoreason.serving.refusals.ApiError: the JSON body has the key 'n' twice in one object
    """
    if _has_many_values(raw):
        raise _refused(f"has more than {MAX_VALUES} values")
    try:
        value = json.loads(raw.decode("utf-8"), object_pairs_hook=_object, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise _refused(f"is not UTF-8 (byte {error.start})") from None
    except json.JSONDecodeError as error:
        raise _refused(f"cannot be read: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise _refused(f"is nested deeper than {MAX_DEPTH} levels") from None
    except ValueError:  # a number of thousands of digits
        raise _refused("holds a number that is too long") from None
    if not isinstance(value, dict):
        raise _refused(f"is no object ({{…}}) but {_kind(value)}")
    _check(value)
    return value


def _has_many_values(raw: bytes) -> bool:
    """Whether there are more signs than may be outside of texts. Looks no further than it must."""
    if _signs(raw) <= MAX_VALUES:
        return False
    # Each value has two texts at most (key and value): more texts than that have too many signs among them, or are no
    # JSON.
    most = 3 * MAX_VALUES + 1
    unescaped = raw.replace(rb"\\", b"").replace(rb"\"", b"")
    lengths = [token.end() - token.start() for token in islice(_TOKEN.finditer(unescaped), most + 1)]
    return lengths.count(1) > MAX_VALUES or len(lengths) > most


def _signs(raw: bytes) -> int:
    """Count signs, also those within texts. Media in base64 have none, and that is seen quicker than it is counted."""
    pieces = (raw[at : at + _PIECE] for at in range(0, len(raw), _PIECE))
    return sum(piece.count(sign) for piece in pieces for sign in _SIGNS if sign in piece)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _refused(f"has the key {twice[:64]!r} twice in one object")
    return found


def _no_number(name: str) -> float:
    raise _refused(f"holds {name}, which is no JSON")


def _check(value: dict[str, Any]) -> None:
    """Look at every value, without recursion."""
    level: list[Any] = [value]
    for _ in range(MAX_DEPTH):
        level = [part for whole in level for part in _parts(whole)]
        if not level:
            return
    raise _refused(f"is nested deeper than {MAX_DEPTH} levels")


def _parts(whole: Any) -> Iterator[Any]:
    """Yield the objects and lists in one, after a look at everything else in it."""
    if isinstance(whole, dict):
        for key in whole:
            _check_text(key)
        whole = whole.values()
    for part in whole:
        if isinstance(part, str):
            _check_text(part)
        elif isinstance(part, dict | list):
            yield part
        elif isinstance(part, float) and not math.isfinite(part):
            raise _refused("holds a number that is too large")


def _check_text(text: str) -> None:
    if "\0" in text:
        raise _refused("holds a NUL character (\\u0000) in a text")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise _refused("holds half of a surrogate pair (\\ud800 to \\udfff) in a text") from None


def _kind(value: Any) -> str:
    names = {list: "an array", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _refused(why: str) -> ApiError:
    return ApiError(400, f"the JSON body {why}", code="invalid_json")


class Bodies:
    """ASGI middleware: bodies are counted and timed as they come; JSON or multipart, never compressed."""

    def __init__(self, app: ASGIApp, limits: MediaLimits) -> None:
        self._app, self._limits = app, limits
        self._in_memory = _Room(limits.body_bytes * _BODIES_HELD)
        self._on_disk = _Room(max(_FORMS_HELD, limits.upload_bytes + _MULTIPART_BYTES))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name: value for name, value in scope["headers"] if name.startswith((b"content-", b"transfer-"))}
        if headers.get(b"content-encoding", b"identity").strip().lower() != b"identity":
            raise ApiError(415, "compressed bodies are not read: send it without Content-Encoding")
        if headers.get(b"transfer-encoding", b"chunked").strip().lower() != b"chunked":
            raise ApiError(400, "of transfer encodings only chunked is read: send it without Transfer-Encoding")
        declared = int(headers.get(b"content-length", b"0"))
        if not declared and b"transfer-encoding" not in headers:
            await self._app(scope, receive, send)
            return
        multipart = headers.get(b"content-type", b"").strip().lower().startswith(b"multipart/")
        most = self._limits.upload_bytes + _MULTIPART_BYTES if multipart else self._limits.body_bytes
        if declared > most:
            raise _too_large(most)
        room = self._on_disk if multipart else self._in_memory  # a form goes to disk as it comes
        incoming = _Incoming(receive, most, room)
        try:
            if declared > most * _SMALL_SHARE and not multipart:
                incoming.hold(declared)
            await self._app(scope, incoming, send)
        finally:
            room.held -= incoming.held


@dataclass(slots=True)
class _Room:
    """Bytes that the bodies of all requests may take."""

    most: int
    held: int = 0

    def take(self, size: int) -> None:
        """Take some. Raises ApiError where there are not so many."""
        if self.held + size > self.most:
            raise ApiError(
                429,
                "too many large requests at a time; come again",
                kind="rate_limit_error",
                code="too_many_large_requests",
                retry_after_s=2,
            )
        self.held += size


class _Incoming:
    """``receive`` of one request with a body, which counts and times it."""

    def __init__(self, receive: Receive, most: int, room: _Room) -> None:
        self._receive, self._most, self._room = receive, most, room
        self._size = self.held = 0
        self._waited_s = 0.0
        self._complete = False

    def hold(self, size: int) -> None:
        """Count it among what is held, up to this size. Raises ApiError when too much is."""
        if size > self.held:
            self._room.take(size - self.held)
            self.held = size

    async def __call__(self) -> Message:
        if self._complete:  # from here on it waits for the client to go away
            return await self._receive()
        began = monotonic()
        try:
            async with asyncio.timeout(_SILENCE_S):
                message = await self._receive()
        except TimeoutError:
            raise _too_slow() from None
        self._waited_s += monotonic() - began
        self._size += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self._size > self._most:
            raise _too_large(self._most)
        if self._size > self._most * _SMALL_SHARE:  # not declared: what came
            self.hold(self._size)
        if self._waited_s > _GRACE_S and self._size < self._waited_s * _LEAST_BYTES_PER_S:
            raise _too_slow()
        return message


def _too_large(most: int) -> ApiError:
    return ApiError(413, f"the body is larger than {most / (1 << 20):.0f} MiB", code="body_too_large")


def _too_slow() -> ApiError:
    return ApiError(408, "the body came too slowly; send it again", code="body_too_slow")
