"""Saying no in the form that OpenAI's clients read."""

import errno
from typing import Any, Final

from ..errors import ConfigError, EmoreasonError, MediaError, ModelOutputError, PurposeError, RecordError, UpstreamError

#: What a full disk says.
NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)


class ApiError(Exception):
    """A request that is refused or cannot be done.

    Parameters
    ----------
    status : int
        HTTP status.
    message : str
        One line: what was given, what was expected, the remedy.
    kind : str
        OpenAI's ``type``: ``invalid_request_error``, ``authentication_error``, ``rate_limit_error``, ``server_error``.
    param : str, optional
        Which field.
    code : str, optional
        A word for programs.
    retry_after_s : int, optional
        When to come again.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.kind = status, message, kind
        self.param, self.code, self.retry_after_s = param, code, retry_after_s

    def body(self) -> dict[str, Any]:
        """Return OpenAI's error object.

        Examples
        --------
        >>> ApiError(404, "there is no model 'x'", param="model", code="model_not_found").body()["error"]["code"]
        'model_not_found'
        """
        error = {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}
        return {"error": error}


def refusal_of(error: EmoreasonError) -> ApiError:
    """Say an error of ours to a client: what the client can mend is 4xx, what it cannot is 5xx.

    Examples
    --------
    >>> refusal_of(MediaError("clip.mp4: no track can be decoded")).status
    422
    """
    message = str(error)
    if isinstance(error, PurposeError):
        return ApiError(403, message, kind="invalid_request_error", param="purpose", code="purpose_refused")
    if isinstance(error, MediaError):
        return ApiError(422, message, code="media_unreadable")
    if isinstance(error, RecordError | ConfigError):
        return ApiError(400, message)
    if isinstance(error, ModelOutputError | UpstreamError):
        return ApiError(502, message, kind="server_error", code="upstream_error")
    return ApiError(500, message, kind="server_error")


def no_room() -> ApiError:
    """Say that the disk is full."""
    message = "there is no room left for media on this server"
    return ApiError(503, message, kind="server_error", code="no_room", retry_after_s=30)
