"""Everything a request passes before a route is looked for."""

from collections.abc import Sequence
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..inside import INSIDE
from ..refusals import ApiError
from ..settings import ServeSettings
from ..watching.metrics import Metrics
from .headers import read_headers
from .hosts import refuse_strangers
from .keys import Keys
from .rate import Rate, caller_of

#: Requests answered at a time; each costs memory.
_MOST_AT_A_TIME: Final = 1024


class Door:
    """ASGI middleware: headers that are read in one way, keys, hosts, rate, and how many at a time.

    Parameters
    ----------
    app : ASGI application
    settings : ServeSettings
    metrics : Metrics
    open_routes : sequence of Route
        Those that need no key; only GET and HEAD.
    """

    def __init__(
        self, app: ASGIApp, settings: ServeSettings, metrics: Metrics, open_routes: Sequence[Route] = ()
    ) -> None:
        self._app, self._metrics = app, metrics
        self._keys = Keys(settings.keys)
        self._rate = Rate(settings.requests_per_minute)
        self._open_routes = tuple(open_routes)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or INSIDE in scope:
            await self._app(scope, receive, send)
            return
        headers = read_headers(scope["headers"])
        if not self._keys:
            refuse_strangers(headers)
        if self._is_open(scope):
            await self._app(scope, receive, send)
            return
        left = self._let_in(scope, headers)
        if self._metrics.in_flight > _MOST_AT_A_TIME:
            message = "too many requests at a time; come again"
            raise ApiError(429, message, kind="rate_limit_error", code="overloaded", retry_after_s=1)
        await self._app(scope, receive, _with_headers(send, left) if left else send)

    def _is_open(self, scope: Scope) -> bool:
        if scope["method"] not in ("GET", "HEAD"):
            return False
        return any(route.path_regex.match(scope["path"]) for route in self._open_routes)

    def _let_in(self, scope: Scope, headers: dict[bytes, bytes]) -> dict[str, str]:
        if self._keys:
            index = self._keys.index(headers.get(b"authorization"))
            scope["state"]["key"] = index
            return self._rate.take(index)
        client = scope.get("client")
        return self._rate.take(caller_of(client[0]) if client else "")


def _with_headers(send: Send, further: dict[str, str]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(further)
        await send(message)

    return sending
