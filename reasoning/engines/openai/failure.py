"""What can go wrong between us and a server, sorted by whether trying again can help."""

import json
import math
import re
import time
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Any, Final

#: TransientError by their nature: timeouts, conflicts, too early, too many, and whatever breaks inside the server.
_PASSING: Final = frozenset({408, 409, 425, 429})
#: 429 also stands for an account that is used up, which no waiting cures.
_USED_UP: Final = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
#: No key or right, no such address or model: any other chat is refused as well.
FOR_ALL: Final = frozenset({401, 403, 404})
_LONGEST_MESSAGE: Final = 300


class TransientError(Exception):
    """May work the next time. ``wait_s``: what the server asked for; ``unreachable``: there was no connection."""

    def __init__(self, reason: str, wait_s: float | None = None, *, unreachable: bool = False) -> None:
        super().__init__(reason)
        self.reason, self.wait_s, self.unreachable = reason, wait_s, unreachable


class EmptyReplyError(TransientError):
    """A proper reply without any text. The same request mostly gives the same nothing: one further try is enough."""


class RefusedError(Exception):
    """The server says no, and would again. ``status`` is the HTTP status, ``param`` the field it names."""

    def __init__(self, status: int, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.param = status, message, param

    def names(self, field: str) -> bool:
        """Whether the refusal is about this field of the request."""
        return self.param == field or re.search(rf"\b{re.escape(field)}\b", self.message) is not None


def by_status(
    status: int, body: bytes, retry_after: str | None, hide: Callable[[str], str] = str
) -> TransientError | RefusedError:
    """Tell what a reply other than 200 means; ``hide`` takes out what must not be shown, before anything is cut."""
    message, param, code = _error(body, hide)
    if (status in _PASSING or status >= 500) and code not in _USED_UP:
        return TransientError(f"HTTP {status}" + (f" ({message})" if message else ""), asked_wait(retry_after))
    return RefusedError(status, message, param)


def asked_wait(retry_after: str | None, now_s: float | None = None) -> float | None:
    """Seconds that a ``Retry-After`` header asks for: a number or an HTTP date; None when it says nothing usable.

    Examples
    --------
    >>> asked_wait("2"), asked_wait("Wed, 21 Oct 2015 07:28:00 GMT", now_s=1445412470.0), asked_wait("soon")
    (2.0, 10.0, None)
    """
    if retry_after is None:
        return None
    try:
        wait = float(retry_after)
    except ValueError:
        try:
            wait = parsedate_to_datetime(retry_after).timestamp() - (time.time() if now_s is None else now_s)
        except (ValueError, TypeError, OverflowError):
            return None
    return max(0.0, wait) if math.isfinite(wait) else None


def _error(body: bytes, hide: Callable[[str], str]) -> tuple[str, str | None, str | None]:
    """Message, field and code of an error body, in whatever form servers have for it."""
    text = body[:100_000].decode("utf-8", "replace")
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        return shown(hide(text)), None, None
    error = value.get("error", value) if isinstance(value, dict) else value
    if not isinstance(error, dict):
        return shown(hide(str(error))), None, None
    message = error.get("message") or error.get("detail") or ""
    param, code = error.get("param"), error.get("code")
    return (
        shown(hide(message if isinstance(message, str) else json.dumps(message))),
        param if isinstance(param, str) else None,
        code if isinstance(code, str) else None,
    )


def shown(text: str) -> str:
    """Return a server's words so that they can be shown: one line, nothing a terminal would act on, not too long."""
    plain = "".join(character if character.isprintable() else " " for character in text[: 4 * _LONGEST_MESSAGE])
    plain = " ".join(plain.split())
    return plain if len(plain) <= _LONGEST_MESSAGE else plain[: _LONGEST_MESSAGE - 1] + "…"
