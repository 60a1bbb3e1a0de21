"""Requests of OpenAI's batch format as rows: ``{"custom_id", "method", "url", "body": {"messages": […]}}``.

The one picture, video or sound of a request is its clip: a file in the manifest's own folder (by its path or as
``file://``), or a data URL. Texts become earlier turns of the dialogue: they are quoted to the model as data, whatever
they say. Nothing is fetched, and the model that a request names is not asked.
"""

import base64
import binascii
import hashlib
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ...errors import ConfigError, RecordError
from ...records import Turn
from .manifest_fields import Reading, local_path, missing, valid_text
from .row import Row

_ENDPOINT: Final = "/v1/chat/completions"
_MEDIA_PARTS: Final = ("image_url", "video_url", "audio_url")
_DATA_URL: Final = re.compile(r"data:(?:[a-z]+/([A-Za-z0-9.+-]{1,40}))?(?:;[^,;]{1,80}){0,4},", re.ASCII)
#: Of one clip, decoded.
_LARGEST_INLINE: Final = 32 << 20


def row_of_request(row_id: str, line: Mapping[str, Any], reading: Reading) -> Row:
    """Make a row of one request.

    Raises
    ------
    RecordError
        It has no clip or several, its clip is elsewhere, or it is no request for a chat.
    """
    body = line.get("body")
    if line.get("method", "POST") != "POST" or line.get("url", _ENDPOINT) != _ENDPOINT:
        asked = f"{line.get('method', 'POST')} {line.get('url', _ENDPOINT)}"
        raise RecordError(f"asks for {asked[:80]!r}; expected POST {_ENDPOINT}")
    if not isinstance(body, Mapping) or not isinstance(body.get("messages"), list):
        raise RecordError("has no body with messages; expected a request of OpenAI's batch format")
    if not line.get("custom_id"):
        raise RecordError("has no custom_id")
    for name in body:
        if name != "messages":
            reading.pass_over(f"body.{name}")
    turns, clips = [], []
    for role, part in _parts(body["messages"]):
        if isinstance(part, str):
            turns.append(Turn(role, part))
        else:
            clips.append(part)
    if len(clips) != 1:
        raise RecordError(f"has {len(clips)} pictures, videos and sounds; expected one, the clip to explain")
    path = _clip_path(clips[0], reading)
    if problem := missing(path):
        raise RecordError(problem)
    return Row(id=valid_text(row_id), path=path, context=tuple(turn for turn in turns if turn.text.strip()))


def _parts(messages: list[Any]) -> Iterator[tuple[str, str | Mapping[str, Any]]]:
    """Yield role and text, or role and media part."""
    for message in messages:
        content = message.get("content") if isinstance(message, Mapping) else None
        role = message.get("role") if isinstance(message, Mapping) else None
        if not isinstance(role, str) or not isinstance(content, str | list | None):
            raise RecordError("has a message without role and content")
        for part in [content] if isinstance(content, str) else content or ():
            if isinstance(part, str):
                yield role, part
            elif isinstance(part, Mapping) and isinstance(part.get("text"), str) and part.get("type") == "text":
                yield role, part["text"]
            elif isinstance(part, Mapping) and part.get("type") in (*_MEDIA_PARTS, "input_audio"):
                yield role, part
            else:
                kind = part.get("type") if isinstance(part, Mapping) else type(part).__name__
                raise RecordError(f"has a part of type {str(kind)[:40]!r}; expected text, {', '.join(_MEDIA_PARTS)}")


def _clip_path(part: Mapping[str, Any], reading: Reading) -> str:
    kind = str(part["type"])
    value = part.get(kind)
    if kind == "input_audio":
        data = value.get("data") if isinstance(value, Mapping) else None
        if not isinstance(data, str):
            raise RecordError("input_audio has no data")
        return _spooled(data, str(value.get("format", "wav")) if isinstance(value, Mapping) else "wav", reading)
    url = value.get("url") if isinstance(value, Mapping) else value
    if isinstance(url, str) and url[:5].lower() == "data:":
        found = _DATA_URL.match(url)
        if found is None or not found[0].endswith(";base64,"):
            raise RecordError(f"{kind} is a data URL without base64")
        if found[1] == "jpeg" and url.startswith("data:video/"):
            raise RecordError(f"{kind} is a list of frames; give the video itself")
        return _spooled(url[found.end() :], found[1] or "bin", reading)
    path = local_path(url, kind, reading.folder)
    home = os.path.realpath(reading.folder or os.curdir)
    if os.path.commonpath([home, os.path.realpath(path)]) != home:
        raise RecordError(f"{kind} names {valid_text(path)[:200]!r}, which is outside the manifest's folder")
    return path


def _spooled(data: str, suffix: str, reading: Reading) -> str:
    """Write media that stand in the manifest to a file that is named after their content."""
    if reading.spool is None:
        raise RecordError("its clip stands in the manifest itself; expected a file beside it")
    if len(data) > _LARGEST_INLINE * 4 // 3 + 4:
        raise RecordError(
            f"its clip is larger than {_LARGEST_INLINE >> 20} MiB; put it into a file beside the manifest"
        )
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RecordError(f"its clip is no base64: {error}") from error
    ending = re.sub("[^a-z0-9]", "", suffix.lower())[:8] or "bin"
    path = reading.spool / f"{hashlib.sha256(content).hexdigest()}.{ending}"
    if not path.exists():
        _write_whole(path, content)
    return str(path)


def _write_whole(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        os.replace(partial, path)
    except OSError as error:
        raise ConfigError(
            f"{path.parent}: media of the manifest cannot be written: {error.strerror or error}"
        ) from error
