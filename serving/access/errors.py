"""Every refusal leaves as OpenAI's error object, whoever raised it."""

import json

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import Send

from ...errors import EmoreasonError
from ..refusals import NO_ROOM, ApiError, no_room, refusal_of

_MESSAGES = {
    404: "there is no such route; /openapi.json lists those there are",
    405: "this route does not take that method; /openapi.json lists those it takes",
}
_KINDS = {401: "authentication_error", 429: "rate_limit_error"}
_CODES = {404: "not_found", 405: "method_not_allowed"}


def answer_errors(app: FastAPI) -> None:
    """Have the routes of an application answer errors of ours, of FastAPI and of Starlette in that form."""

    async def refused(request: Request, error: Exception) -> JSONResponse:
        refusal = api_error(error)
        headers = dict(getattr(error, "headers", None) or {}) | refusal_headers(refusal)
        if refusal.status == 405:  # Starlette names the methods of the first route with that path alone
            headers = {**headers, "Allow": _allowed(app, request.scope["path"])}
        return JSONResponse(refusal.body(), refusal.status, headers=headers)

    for kind in (ApiError, EmoreasonError, HTTPException, RequestValidationError):
        app.add_exception_handler(kind, refused)


def _allowed(app: FastAPI, path: str) -> str:
    routes = [route for route in app.routes if isinstance(route, Route) and route.path_regex.match(path)]
    return ", ".join(sorted({method for route in routes for method in route.methods or ()}))


def api_error(error: Exception) -> ApiError:
    """Put an error that a client may be told about into that form.

    Examples
    --------
    >>> api_error(HTTPException(404)).code
    'not_found'
    """
    if isinstance(error, ApiError):
        return error
    if isinstance(error, EmoreasonError):
        return refusal_of(error)
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return no_room()
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException):
        if isinstance(error.__cause__, ApiError):  # FastAPI wraps what reading a body raises
            return error.__cause__
        status = error.status_code
        message = _MESSAGES.get(status, str(error.detail))
        return ApiError(status, message, kind=_KINDS.get(status, "invalid_request_error"), code=_CODES.get(status))
    return ApiError(500, "a bug in emoreason; the server's log says where", kind="server_error", code="internal_error")


def _invalid(error: RequestValidationError) -> ApiError:
    """Say the first thing that is wrong; what the client sent is not repeated."""
    first = error.errors()[0]
    param = ".".join(str(part) for part in first["loc"] if part not in ("body", "query", "path", "header")) or None
    return ApiError(400, f"{param}: {first['msg']}" if param else str(first["msg"]), param=param)


def refusal_headers(refusal: ApiError) -> dict[str, str]:
    """Headers that go with it."""
    headers = {}
    if refusal.retry_after_s is not None:
        headers["retry-after"] = str(max(1, refusal.retry_after_s))
    if refusal.status == 401:
        headers["www-authenticate"] = 'Bearer realm="emoreason"'
    return headers


async def send_refusal(send: Send, refusal: ApiError) -> None:
    """Answer with it where no route is reached."""
    body = json.dumps(refusal.body(), ensure_ascii=False).encode()
    headers = {"content-type": "application/json", "content-length": str(len(body))} | refusal_headers(refusal)
    pairs = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": refusal.status, "headers": pairs})
    await send({"type": "http.response.body", "body": body})
