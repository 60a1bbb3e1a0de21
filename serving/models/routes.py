"""``GET /v1/models``, ``GET /v1/models/{id}`` and ``POST /v1/completions``."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from ..access.bodies import json_body
from ..chat.asked import FIELD
from ..chat.leaving import while_connected
from ..chat.preparing import forwarded
from ..chat.relaying import error_event
from ..refusals import ApiError
from ..services import Services
from ..upstreams.base import Answer, Completes, Question
from ..upstreams.evidence import MODEL, EvidenceUpstream
from ..upstreams.trouble import no_model
from .cards import with_card

router: Final = APIRouter(tags=["Models"])

#: Set anew by whoever answers here.
_NOT_RELAYED: Final = frozenset({"date", "server", "x-request-id"})

_TEXT: Final = {"type": "string"}
_CARD: Final[dict[str, Any]] = {
    "type": "object",
    "description": "What it is for, what it is not for, and its limits.",
    "properties": {
        "kind": {"enum": ["model", "adapter", "engine"]},
        "intended_use": _TEXT,
        "purposes": {"type": "object"},
        "refused_purposes": {"type": "object"},
        "declared_purpose": {"type": ["string", "null"]},
        "limits": {"type": "array", "items": _TEXT},
        "notice": _TEXT,
    },
    "required": ["kind", "intended_use", "limits", "notice"],
}
_MODEL: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "id": _TEXT,
        "object": {"const": "model"},
        "created": {"type": "integer"},
        "owned_by": _TEXT,
        "card": _CARD,
    },
    "required": ["id", "object", "created", "owned_by", "card"],
}
_LIST: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"object": {"const": "list"}, "data": {"type": "array", "items": _MODEL}},
    "required": ["object", "data"],
}
_REQUEST: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "model": {"type": ["string", "null"], "description": "One of /v1/models."},
        "prompt": {"anyOf": [_TEXT, {"type": "array"}]},
        "max_tokens": {"type": ["integer", "null"], "minimum": 0},
        "temperature": {"type": ["number", "null"], "minimum": 0},
        "n": {"type": ["integer", "null"], "minimum": 1},
        "stream": {"type": ["boolean", "null"]},
    },
    "required": ["prompt"],
}
_COMPLETION: Final = {"type": "object", "properties": {"choices": {"type": "array"}}, "required": ["choices"]}


def _answers(says: str, schema: Mapping[str, Any], **others: Mapping[str, Any]) -> dict[int | str, dict[str, Any]]:
    return {200: {"description": says, "content": {"application/json": {"schema": schema}, **others}}}


@router.get(
    "/v1/models",
    summary="Models that can be asked for: the model, its adapters, the engine evidence",
    response_model=None,
    responses=_answers("All of them, each with its card.", _LIST),
)
async def models(request: Request) -> Response:
    """List the models."""
    return JSONResponse({"object": "list", "data": await _models(request.app.state.services)})


@router.get(
    "/v1/models/{model:path}",
    summary="One model, and what it is for",
    response_model=None,
    responses=_answers("The model, with its card.", _MODEL),
)
async def model(request: Request, model: str) -> Response:
    """Answer one model."""
    for known in await _models(request.app.state.services):
        if known["id"] == model:
            return JSONResponse(known)
    raise no_model(model)


async def _models(services: Services) -> list[dict[str, Any]]:
    listed = list(await services.upstream.models())
    if not any(known["id"] == MODEL for known in listed):  # every server has it beside its model
        listed += await services.evidence.models()
    return [with_card(known, services.settings.purpose) for known in listed]


@router.post(
    "/v1/completions",
    summary="Continue a text: passed to the model as it is",
    response_class=Response,
    response_model=None,
    responses=_answers(
        "A completion, or a stream of its chunks.", _COMPLETION, **{"text/event-stream": {"schema": _TEXT}}
    ),
    openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": _REQUEST}}}},
)
async def completions(request: Request) -> Response:
    """Pass a text to the model, and its answer back, byte for byte."""
    services: Services = request.app.state.services
    raw, body = await json_body(request)
    if FIELD in body:
        message = f"{FIELD} is for clips, and so for /v1/chat/completions; /v1/completions only passes texts on"
        raise ApiError(400, message, param=FIELD, code="invalid_value")
    if body.get("model") == MODEL or isinstance(services.upstream, EvidenceUpstream):
        raise _not_here("the engine evidence explains clips and continues no text")
    if not isinstance(services.upstream, Completes):
        raise _not_here("the model behind this server continues no text")
    question = Question(raw=raw, body=body, headers=forwarded(request.scope["headers"]))
    return _Passed(services, services.upstream, question)


def _not_here(why: str) -> ApiError:
    return ApiError(400, f"{why}; ask /v1/chat/completions", param="model", code="unsupported_endpoint")


class _Passed(Response):
    """An answer that passes as it comes; it ends when the client goes away."""

    def __init__(self, services: Services, upstream: Completes, question: Question) -> None:
        super().__init__()
        self._services, self._upstream, self._question = services, upstream, question

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        await while_connected(receive, self._answer(send))

    async def _answer(self, send: Send) -> None:
        with self._services.metrics.stage("upstream"):
            answer = await self._upstream.completion(self._question)
            try:
                await _passed(answer, send, streams=self._question.streams)
            finally:
                await answer.aclose()


async def _passed(answer: Answer, send: Send, *, streams: bool) -> None:
    headers = [
        (name.encode("latin-1"), value.encode("latin-1"))
        for name, value in answer.headers.items()
        if name not in _NOT_RELAYED
    ]
    if streams:  # an event more than was meant, where it breaks off
        headers = [header for header in headers if header[0] != b"content-length"]
    start = {"type": "http.response.start", "status": answer.status, "headers": headers}
    if not streams:  # an answer that breaks off can still become an error
        raw = b"".join([piece async for piece in answer.chunks()])
        await send(start)
        await send({"type": "http.response.body", "body": raw})
        return
    await send(start)
    try:
        async for piece in answer.chunks():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    except ApiError as error:
        await send({"type": "http.response.body", "body": error_event(error), "more_body": True})
    await send({"type": "http.response.body", "body": b""})
