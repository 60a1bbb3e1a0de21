"""A request for a chat -> the question that goes to an upstream, and what its answer will be checked against."""

import asyncio
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ...reasoning.conversation import Capabilities
from ...records import CueSet
from ..fields import cueset_of
from ..media.clips import RequestMedia
from ..media.parts import MediaPart, find_media
from ..media.sources import source_of
from ..refusals import ApiError
from ..seeing.cache import Key
from ..services import Services
from ..upstreams.base import Question, Upstream
from ..upstreams.evidence import MODEL, EvidenceUpstream
from .asked import FIELD, Asked, read_asked
from .evidence import Basis
from .inserting import Inserted, Placed, inserted, numbered, unasked, without_field
from .sharing import needs_file, wanted_prompts
from .words import texts_of

#: Headers that concern one connection alone, the client's key, where it comes from, and what would change the form of
#: the answer.
_NOT_FORWARDED: Final = frozenset({
    "accept-encoding", "api-key", "authorization", "cf-connecting-ip", "connection", "content-encoding",
    "content-length", "cookie", "expect", "forwarded", "host", "http2-settings", "keep-alive", "origin",
    "proxy-authenticate", "proxy-authorization", "proxy-connection", "referer", "te", "trailer", "transfer-encoding",
    "true-client-ip", "upgrade", "via", "x-api-key", "x-client-ip", "x-forwarded", "x-real-ip",
})  # fmt: skip
_NOT_FORWARDED_FAMILY: Final = "x-forwarded-"
#: Longer texts of a client are counted in a thread.
_LONG_WORDS: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What is asked of whom.

    Attributes
    ----------
    question : Question
        What goes to the upstream.
    upstream : Upstream
        The server's own, or the engine ``evidence`` where the request names it.
    basis : Basis or None
        What the answer is checked against; None: no evidence was asked for.
    notes : tuple of str
        What the model was not given.
    """

    question: Question
    upstream: Upstream
    basis: Basis | None = None
    notes: tuple[str, ...] = ()


async def prepare(
    services: Services, raw: bytes, body: Mapping[str, Any], headers: Iterable[tuple[bytes, bytes]] = ()
) -> Prepared:
    """Prepare a request.

    Parameters
    ----------
    services : Services
        The server's parts.
    raw, body
        The client's body, and the same read.
    headers : iterable of pairs
        The client's, as ASGI has them.

    Raises
    ------
    ApiError
        It cannot be read, its media are refused, or there is no room for them.
    """
    asked = read_asked(body)
    upstream = _upstream(services, body)
    parts = find_media(body.get("messages"), most=services.settings.limits.parts)
    if not parts and asked.cues is None:
        if option := asked.needs_a_clip:
            raise _no_clip(option)
        if asked.given:
            body = without_field(body)
            raw = _json(body)
        question = Question(raw=raw, body=body, headers=forwarded(headers), language=asked.language)
        return Prepared(question=question, upstream=upstream)
    if parts and asked.cues is not None:
        message = f"{FIELD}.cues stands in the place of media, and the request holds media too; send one of them"
        raise ApiError(400, message, param=f"{FIELD}.cues", code="invalid_value")
    if parts:
        async with services.clips.request() as spool:  # their files are gone when it ends
            clips = await _measured(services, spool, parts, asked)
            able = await _able(upstream, body)
            if able is not None and needs_file(able, asked):
                clips = [await _with_file(spool, part, clip, asked) for part, clip in zip(parts, clips, strict=True)]
            placed = await _inserted(services, body, clips, asked, able)
    else:
        clips = [await _of_cues(asked, body)]
        placed = await _inserted(services, body, clips, asked, await _able(upstream, body))
    question = Question(
        raw=_json(placed.body),
        body=placed.body,
        headers=forwarded(headers),
        cueset=placed.last,
        preset=asked.preset,
        language=asked.language,
    )
    basis = placed.basis
    return Prepared(question=question, upstream=upstream, basis=basis if asked.evidence else None, notes=basis.notes)


def forwarded(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Return the client's headers that go to an upstream.

    Examples
    --------
    >>> forwarded([(b"authorization", b"Bearer secret"), (b"x-request-id", b"7")])
    {'x-request-id': '7'}
    """
    read = ((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in headers)
    return {
        name: value for name, value in read if name not in _NOT_FORWARDED and not name.startswith(_NOT_FORWARDED_FAMILY)
    }


def _upstream(services: Services, body: Mapping[str, Any]) -> Upstream:
    return services.evidence if body.get("model") == MODEL else services.upstream


def _no_clip(option: str) -> ApiError:
    message = (
        f"{FIELD}.{option} needs a clip: send one as a part of a message (image_url, video_url, audio_url or "
        f"input_audio, with a data URL), or its cues as {FIELD}.cues"
    )
    return ApiError(400, message, param=f"{FIELD}.{option}", code="no_clip")


async def _of_cues(asked: Asked, body: Mapping[str, Any]) -> Placed:
    """Check cues that were sent in the place of media, and put them before the last user's message."""
    messages = body.get("messages")
    listed = messages if isinstance(messages, list) else []
    users = [
        index for index, message in enumerate(listed) if isinstance(message, dict) and message.get("role") == "user"
    ]
    if not users:
        message = f"{FIELD}.cues are put before a user's message, and there is none in messages"
        raise ApiError(400, message, param="messages", code="invalid_value")
    cueset = await asyncio.to_thread(cueset_of, f"{FIELD}.cues", asked.cues or {}, asked.transcript)
    return Placed(cueset=cueset, message=users[-1], part=None)


async def _measured(services: Services, spool: RequestMedia, parts: Sequence[MediaPart], asked: Asked) -> list[Placed]:
    """Measure each clip; the transcript is that of the last one."""
    return [await _one(services, spool, part, asked, part is parts[-1]) for part in parts]


async def _one(services: Services, spool: RequestMedia, part: MediaPart, asked: Asked, is_last: bool) -> Placed:
    """Recall a clip without its file, or write the file and measure it."""
    transcript = asked.transcript if is_last else None
    with services.metrics.stage("fetch"):
        source = await source_of(part, asked.fps)
        recalled = services.cues.recalled(source, transcript=transcript)
        if recalled is not None:
            return _placed(part, recalled.cueset, recalled.notes, recalled.key)
        spooled = await spool.spool(part, fps=asked.fps)
    cueset = (await services.cues.gathered(spooled, transcript=transcript)).cueset
    key = services.cues.remember(source, spooled, transcript=transcript)
    return _placed(part, cueset, spooled.notes, key)


def _placed(part: MediaPart, cueset: CueSet, notes: tuple[str, ...], key: Key) -> Placed:
    return Placed(cueset=cueset, message=part.message, part=part.part, notes=notes, key=key)


async def _with_file(spool: RequestMedia, part: MediaPart, clip: Placed, asked: Asked) -> Placed:
    """Write the file of a clip that was recalled without it. What is made of a file is not remembered."""
    known = clip.cueset.clip
    if known.path is None:
        known = replace(known, path=(await spool.spool(part, fps=asked.fps)).path)
    return replace(clip, cueset=replace(clip.cueset, clip=known), key=None)


async def _able(upstream: Upstream, body: Mapping[str, Any]) -> Capabilities | None:
    """Tell what the model takes; None: it is the engine ``evidence``, which reads cues themselves."""
    if isinstance(upstream, EvidenceUpstream):
        return None
    model = body.get("model")
    return await upstream.capabilities(model if isinstance(model, str) else "")


async def _inserted(
    services: Services, body: Mapping[str, Any], clips: Sequence[Placed], asked: Asked, able: Capabilities | None
) -> Inserted:
    if able is None:
        return unasked(body, clips, asked)
    clips = numbered(clips)
    given = body, [clip.cueset for clip in clips], asked, able
    if able.count_tokens is None and sum(map(len, texts_of(body["messages"]))) <= _LONG_WORDS:
        wanted = wanted_prompts(*given)
    else:
        wanted = await services.cues.reading(wanted_prompts, *given)
    prompts = [
        await services.cues.prompt(clip.key, each.asked(), each.make) for clip, each in zip(clips, wanted, strict=True)
    ]
    return inserted(body, clips, prompts, asked)


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
