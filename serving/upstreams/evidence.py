"""The engine ``evidence`` as an upstream: it answers chats about a clip in the contract's form, without a model."""

import asyncio
import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ...prompts.salience import estimate_tokens
from ...reasoning.conversation import Capabilities
from ...reasoning.engines import Request
from ...reasoning.engines.evidence import EvidenceEngine
from ...records.notice import NOTICE
from ..refusals import ApiError
from .base import Question

MODEL: Final = "evidence"
#: Most choices of one answer; they are all the same.
MOST_CHOICES: Final = 16
#: Fields of a request that make no difference to this engine; what else there is, it does not follow.
_FOLLOWED: Final = frozenset({"model", "messages", "stream", "stream_options", "n", "user", "metadata", "store"})
_PIECE: Final = re.compile(r"\S+\s*|\s+")
_WORDS_EACH: Final = 3
_CLOSED: Final = "</think>\n"
_NO_CLIP: Final = (
    "the engine evidence explains clips and holds no conversation: send a clip as a part of a message (image_url, "
    "video_url, audio_url or input_audio, with a data URL), or its cues as emoreason.cues; "
    "for conversation start the server with --model or --upstream"
)


@dataclass(slots=True, kw_only=True)
class Ready:
    """An answer that is there already."""

    pieces: tuple[bytes, ...]
    headers: Mapping[str, str] = field(default_factory=dict)
    status: int = 200

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield it; others get their turn in between."""
        for piece in self.pieces:
            yield piece
            await asyncio.sleep(0)

    async def aclose(self) -> None:
        """Do nothing: nothing is held."""


class EvidenceUpstream:
    """Answers chats by :class:`~emoreason.reasoning.engines.evidence.EvidenceEngine`.

    The chain of thought is ``message.reasoning`` (and ``reasoning_content``), the answer as JSON ``message.content``,
    what the reader must know besides ``message.notes``.

    Parameters
    ----------
    weights : str
        ``fitted`` or ``literature``.

    Attributes
    ----------
    engine : EvidenceEngine
    """

    def __init__(self, weights: str = "fitted") -> None:
        self.engine = EvidenceEngine(weights)

    async def models(self) -> tuple[dict[str, Any], ...]:
        """Return the one model there is."""
        card = {"id": MODEL, "object": "model", "created": 0, "owned_by": "emoreason"}
        return ({**card, "description": f"{self.engine.describe()} {NOTICE}"},)

    async def capabilities(self, model: str) -> Capabilities:
        """Say that it reads cues alone."""
        return Capabilities(family=MODEL)

    async def chat(self, question: Question) -> Ready:
        """Answer about the clip of the question.

        Raises
        ------
        ApiError
            400: there is no clip, or ``n`` is out of range; 404: another model is asked for.
        """
        body = question.body
        _check(body)
        choices = _choices(body.get("n"))
        if question.cueset is None:
            raise ApiError(400, _NO_CLIP, param="messages", code="no_clip")
        request = Request(cueset=question.cueset, preset=question.preset or "explain", language=question.language)
        reply = await asyncio.to_thread(self.engine.answer, request)
        thought, _, content = reply.text.rpartition(_CLOSED)
        written = _Written(
            reasoning=thought.removeprefix("<think>").strip() or None,
            content=content,
            notes=(*reply.notes, *_passed_over(body)),
            choices=choices,
        )
        if question.streams:
            return Ready(pieces=tuple(written.events(_wants_usage(body))), headers=_EVENTS)
        return Ready(pieces=(_json(written.completion()),), headers={"content-type": "application/json"})

    async def ready(self) -> str | None:
        """Return None: it always is."""
        return None

    async def aclose(self) -> None:
        """Do nothing: nothing is held."""


_EVENTS: Final = {"content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache"}


def _check(body: Mapping[str, Any]) -> None:
    if not isinstance(body.get("messages"), list):
        raise ApiError(400, "messages is to be a list of messages", param="messages", code="invalid_value")
    if not isinstance(body.get("stream"), bool | None):
        raise ApiError(400, "stream is to be true or false", param="stream", code="invalid_value")
    model = body.get("model")
    if model is not None and model != MODEL:
        name = model[:80] if isinstance(model, str) else type(model).__name__
        raise ApiError(404, f"there is no model {name!r}; there is {MODEL}", param="model", code="model_not_found")


def _choices(n: object) -> int:
    if n is None:
        return 1
    if not isinstance(n, int) or isinstance(n, bool) or not 1 <= n <= MOST_CHOICES:
        raise ApiError(400, f"n must be a whole number from 1 to {MOST_CHOICES}", param="n", code="invalid_value")
    return n


def _wants_usage(body: Mapping[str, Any]) -> bool:
    options = body.get("stream_options")
    return isinstance(options, Mapping) and options.get("include_usage") is True


def _passed_over(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Name what the engine does not follow."""
    names = sorted(name for name, value in body.items() if name not in _FOLLOWED and value is not None)
    several = ("the choices are all the same",) if body.get("n") not in (None, 1) else ()
    if not names:
        return several
    shown = ", ".join(name[:40] for name in names[:8]) + (" …" if len(names) > 8 else "")
    return (*several, f"the engine evidence generates nothing and passes over {shown}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Written:
    """One answer, in the protocol's forms."""

    reasoning: str | None
    content: str
    notes: tuple[str, ...]
    choices: int
    id: str = field(default_factory=lambda: f"chatcmpl-{secrets.token_hex(12)}")
    created: int = field(default_factory=lambda: int(time.time()))

    def completion(self) -> dict[str, Any]:
        """Return the whole answer."""
        message = {
            "role": "assistant",
            "content": self.content,
            "refusal": None,
            "reasoning": self.reasoning,
            "reasoning_content": self.reasoning,
            "notes": list(self.notes),
        }
        choices = [
            {"index": index, "message": message, "logprobs": None, "finish_reason": "stop"}
            for index in range(self.choices)
        ]
        return {**self._head("chat.completion"), "choices": choices, "usage": self._usage()}

    def events(self, wants_usage: bool) -> Iterator[bytes]:
        """Yield the answer as a stream."""
        for index in range(self.choices):
            yield self._event(index, {"role": "assistant", "content": ""})
        for piece in _in_pieces(self.reasoning or ""):
            for index in range(self.choices):
                yield self._event(index, {"reasoning": piece, "reasoning_content": piece})
        for piece in _in_pieces(self.content):
            for index in range(self.choices):
                yield self._event(index, {"content": piece})
        for index in range(self.choices):
            yield self._event(index, {"notes": list(self.notes)}, "stop")
        if wants_usage:
            yield _event({**self._head("chat.completion.chunk"), "choices": [], "usage": self._usage()})
        yield b"data: [DONE]\n\n"

    def _event(self, index: int, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event({**self._head("chat.completion.chunk"), "choices": [choice]})

    def _head(self, kind: str) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": MODEL}

    def _usage(self) -> dict[str, int]:
        """Estimate what the text would be in tokens; the engine itself reads cues, not tokens."""
        written = self.choices * (estimate_tokens(self.reasoning or "") + estimate_tokens(self.content))
        return {"prompt_tokens": 0, "completion_tokens": written, "total_tokens": written}


def _in_pieces(text: str) -> Iterator[str]:
    """Yield a few words at a time."""
    words = _PIECE.findall(text)
    for begin in range(0, len(words), _WORDS_EACH):
        yield "".join(words[begin : begin + _WORDS_EACH])


def _event(value: Mapping[str, Any]) -> bytes:
    return b"data: " + _json(value) + b"\n\n"


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
