"""Every request has an id, is counted and timed, leaves one line in the log, and never an error without words."""

import asyncio
import re
import secrets
from collections.abc import Mapping
from time import perf_counter
from typing import Any, Final

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..access.errors import api_error, send_refusal
from ..inside import INSIDE
from ..refusals import ApiError
from .logs import LOGGER
from .metrics import Metrics, begin_request

#: The client went away before an answer began, as proxies write it.
_GONE: Final = 499
_GIVEN_ID: Final = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_METHODS: Final = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))


class Watched:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        stages = begin_request()
        answer = _Watching(send, _request_id(scope))
        scope.setdefault("state", {})["request_id"] = answer.request_id
        self._metrics.in_flight += 1
        try:
            await self._app(scope, receive, answer)
        except ClientDisconnect:
            pass
        except asyncio.CancelledError:
            if INSIDE in scope:
                raise
            # A shutdown that waits no longer.
            await answer.refuse(ApiError(503, "the server is shutting down; come again", kind="server_error"))
        except Exception as error:
            refusal = api_error(error)
            if refusal.status >= 500 and not isinstance(error, ApiError):
                what = "a bug" if refusal.status == 500 else refusal.message
                LOGGER.error("request %s: %s", answer.request_id, what, exc_info=error)
            await answer.refuse(refusal)
        finally:
            self._metrics.in_flight -= 1
            self._note(scope, answer, perf_counter() - began, stages)

    def _note(self, scope: Scope, answer: "_Watching", seconds: float, stages: Mapping[str, float]) -> None:
        route = getattr(scope.get("route"), "path", "none")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.answered(route, method, answer.status, seconds)
        line: dict[str, Any] = {
            "request": answer.request_id,
            "method": method,
            "route": route,
            "status": answer.status,
            "seconds": round(seconds, 4),
        }
        if stages:
            line["stages"] = {name: round(spent, 4) for name, spent in stages.items()}
        if "key" in scope["state"]:
            line["key"] = scope["state"]["key"]
        LOGGER.info("", extra={"fields": line})


class _Watching:
    """``send`` of one request."""

    __slots__ = ("_send", "_started", "request_id", "status")

    def __init__(self, send: Send, request_id: str) -> None:
        self._send, self.request_id = send, request_id
        self._started = False
        self.status = _GONE

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._started, self.status = True, message["status"]
            own = [(b"x-request-id", self.request_id.encode()), (b"x-content-type-options", b"nosniff")]
            headers = [pair for pair in message.get("headers", ()) if pair[0].lower() != b"x-request-id"]
            message = {**message, "headers": [*headers, *own]}
        await self._send(message)

    async def refuse(self, refusal: ApiError) -> None:
        """Answer with it, unless an answer has begun: then the connection ends before that answer does."""
        if not self._started:
            await send_refusal(self, refusal)


def _request_id(scope: Scope) -> str:
    """Return the client's own id where it is a plain word, else a new one."""
    given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
    return given.decode() if _GIVEN_ID.fullmatch(given) else f"req_{secrets.token_hex(12)}"
