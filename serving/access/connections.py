"""Connections: how many, how long they may be silent, how large their headers may be.

uvicorn limits none of this before a request is complete: a client that sends one byte of a header now and then would
keep its connection for ever (slow-loris). Bodies are the matter of ``bodies.py``.
"""

import json
from asyncio import BaseTransport, TimerHandle
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ..refusals import ApiError

MOST_CONNECTIONS: Final = 4096
#: From the first byte, or from the connection, to the end of the headers.
HEADERS_S: Final = 10.0
#: For the rest of a body that was answered before it was complete.
REST_S: Final = 10.0
HEADER_BYTES: Final = 64 << 10


class GuardedProtocol(HttpToolsProtocol):
    """uvicorn's protocol with time limits and a size limit on what comes before a body."""

    def __init__(self, *args: Any, **others: Any) -> None:
        super().__init__(*args, **others)
        self._deadline: TimerHandle | None = None
        self._in_head = self._in_message = False
        self._head_bytes = 0

    def connection_made(self, transport: BaseTransport) -> None:
        """Take a connection, unless there are too many; its first request must come soon."""
        full = len(self.connections) >= MOST_CONNECTIONS
        super().connection_made(transport)  # type: ignore[arg-type]
        if full:
            self.transport.abort()
        else:
            self._expect_within(HEADERS_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._expect_nothing()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on."""
        idle = not self._in_message and (self.cycle is None or self.cycle.response_complete)
        if idle and self._deadline is None:
            self._expect_within(HEADERS_S)
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > HEADER_BYTES:
                self._refuse(431, f"the headers are larger than {HEADER_BYTES} bytes")

    def on_message_begin(self) -> None:
        """Note that a request begins."""
        super().on_message_begin()
        self._in_head = self._in_message = True
        self._head_bytes = 0

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header in; what follows a body (trailers) is none, or it could take the place of one."""
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Note that its headers are there."""
        self._in_head = False
        self._expect_nothing()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """Note that its body is there."""
        self._in_message = False
        super().on_message_complete()
        if self.cycle.response_complete and self._deadline is not None:  # what followed an early answer
            self._expect_within(self.timeout_keep_alive)

    def on_response_complete(self) -> None:
        """Wait for the rest of the body, when it was answered before that came."""
        super().on_response_complete()
        if self._in_message and not self.transport.is_closing():
            self._expect_within(REST_S)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._refuse(400, "this is no valid HTTP request")

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: WebSockets are not offered, and the request is answered as any other."""

    def _refuse(self, status: int, message: str) -> None:
        body = json.dumps(ApiError(status, message).body()).encode()
        head = f"HTTP/1.1 {status} \r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        self.transport.write(head.encode() + b"connection: close\r\n\r\n" + body)
        self.transport.close()

    def _expect_within(self, seconds: float) -> None:
        self._expect_nothing()
        self._deadline = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _expect_nothing(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
