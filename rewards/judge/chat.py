"""A client for OpenAI-compatible chat completions (vLLM, llama.cpp, Ollama, hosted ones): one question, one reply.

It talks to the address it was given and to no other: redirects are not followed. Its errors name the host, never the
key or the rest of the address.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

from ...errors import ConfigError

if TYPE_CHECKING:
    import httpx

_PATH: Final = "/chat/completions"
_LONGEST_REPLY_BYTES: Final = 1_000_000
_TRY_AGAIN: Final = frozenset({408, 425, 429, 500, 502, 503, 504, 529})
_REFUSED: Final = frozenset({400, 422})
#: What some servers refuse; it is left out when they do.
_OPTIONAL: Final = ("response_format", "seed")
_FIRST_WAIT_S: Final = 0.25
_LONGEST_WAIT_S: Final = 5.0


class ChatError(Exception):
    """No reply; the message says why in a few words, without secrets."""


class ChatClient:
    """Asks one server. Use it as an asynchronous context manager, within one event loop.

    Parameters
    ----------
    url : str
        ``http://localhost:8000``, ``…/v1`` or the whole address ``…/v1/chat/completions``.
    key : str, optional
        Sent as a bearer token; never logged.
    tries : int
        Attempts when the server is busy, fails or cannot be reached.
    connections : int
        Most connections at a time.

    Raises
    ------
    ConfigError
        The address is no http(s) address.
    """

    def __init__(self, url: str, key: str | None = None, *, tries: int = 3, connections: int = 8) -> None:
        self._url = completions_url(url)
        self._key = key
        self._tries = tries
        self._connections = connections
        self._client: httpx.AsyncClient | None = None
        self._refuses_options = False

    async def __aenter__(self) -> "ChatClient":
        import httpx

        headers = {b"Authorization": f"Bearer {self._key}".encode()} if self._key else None
        self._client = httpx.AsyncClient(
            headers=headers,
            follow_redirects=False,
            timeout=None,  # noqa: S113 - every request runs under the caller's timeout, retries included
            limits=httpx.Limits(max_connections=self._connections),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._client.aclose()

    async def ask(self, body: Mapping[str, Any], *, timeout_s: float) -> tuple[str, str | None]:
        """Send a request body; return the reply's text and the model that the server says wrote it.

        Raises
        ------
        ChatError
            There was no usable reply within ``timeout_s`` seconds, all tries included.
        """
        try:
            async with asyncio.timeout(timeout_s):
                return _content(await self._with_retries(dict(body)))
        except TimeoutError:
            raise ChatError("timeout") from None

    async def _with_retries(self, body: dict[str, Any]) -> bytes:
        import httpx

        reason = "no try was made"
        for number in range(self._tries):
            if number:
                await asyncio.sleep(min(_FIRST_WAIT_S * 4 ** (number - 1), _LONGEST_WAIT_S))
            try:
                status, content = await self._post(body)
            except (httpx.HTTPError, httpx.InvalidURL) as error:
                reason = f"connection: {type(error).__name__}"
                continue
            if status == 200:
                return content
            reason = f"http {status}"
            if status not in _TRY_AGAIN:
                break
        raise ChatError(reason)

    async def _post(self, body: dict[str, Any]) -> tuple[int, bytes]:
        """Post once; once more without the optional fields if the server refuses them."""
        sent = {name: value for name, value in body.items() if not (self._refuses_options and name in _OPTIONAL)}
        status, content = await self._send(sent)
        if status in _REFUSED and any(name in sent for name in _OPTIONAL):
            plain = {name: value for name, value in sent.items() if name not in _OPTIONAL}
            status, content = await self._send(plain)
            self._refuses_options = self._refuses_options or status == 200
        return status, content

    async def _send(self, body: dict[str, Any]) -> tuple[int, bytes]:
        assert self._client is not None, "use it as a context manager"  # noqa: S101
        async with self._client.stream("POST", self._url, json=body) as response:
            content = b""
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > _LONGEST_REPLY_BYTES:
                    raise ChatError("the reply is too long")
            return response.status_code, content


def completions_url(url: str) -> str:
    """Return the address of the chat completions of a server.

    Raises
    ------
    ConfigError
        It is no http(s) address with a host.

    Examples
    --------
    >>> completions_url("http://localhost:8000"), completions_url("https://host/api/v1/")
    ('http://localhost:8000/v1/chat/completions', 'https://host/api/v1/chat/completions')
    """
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        usable = False
    if not usable:
        raise ConfigError("the judge's address is no http(s) address; expected one like http://localhost:8000/v1")
    path = parts.path.rstrip("/") or "/v1"
    if not path.endswith(_PATH):
        path += _PATH
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def _content(reply: bytes) -> tuple[str, str | None]:
    """Text and model of a chat completion."""
    try:
        value = json.loads(reply)
        content = value["choices"][0]["message"]["content"]
        model = value.get("model")
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        raise ChatError("the reply is no chat completion") from None
    if not isinstance(content, str):
        raise ChatError("the reply has no text")
    return content, model[:200] if isinstance(model, str) else None
