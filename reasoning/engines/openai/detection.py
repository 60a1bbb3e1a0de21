"""What a server and its model take: what they say of themselves, then one small request for each thing that matters.

A name says little (a server may call its model anything), and a server may have switched off what its model can do.
So what a model is shown is decided by a request of one token with a tiny picture or sound in it: one that is refused is
not taken, and neither is one that makes the prompt no longer (some servers pass over what they do not know).
"""

import asyncio
import base64
import io
import struct
import wave
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ....errors import ConfigError, UpstreamError
from ...conversation.capabilities import Capabilities, Structure
from .connection import Connection
from .failure import RefusedError
from .wire import CONTINUE, Quirks, adapted, prompt_tokens

#: What ``accepts`` may name.
PARTS: Final = ("pictures", "video", "sound")
#: Fields under which servers say how much their model reads at most.
_CONTEXT_FIELDS: Final = ("max_model_len", "context_length", "context_window")
_NOT_TAKEN: Final = frozenset({500, 501})
_WORD: Final = "A"
_SHORT_SOUND_S: Final = 0.2
_RATE_HZ: Final = 16_000
_SMALL_PIXELS: Final = 32


@dataclass(frozen=True, slots=True)
class Found:
    """What was found out.

    Attributes
    ----------
    able : Capabilities
        What the model takes.
    quirks : Quirks
        What requests must do without.
    models : tuple of str
        Names on the server.
    root : str
        Where the server has the model from, if it says so.
    """

    able: Capabilities
    quirks: Quirks
    models: tuple[str, ...]
    root: str


@dataclass(frozen=True, slots=True)
class Card:
    """One model in a server's list."""

    name: str
    root: str
    parent: str | None
    context_tokens: int | None


def parts_named(accepts: str | Iterable[str]) -> frozenset[str]:
    """Read what the user says that the model takes.

    Raises
    ------
    ConfigError
        A word is none of pictures, video, sound, text.

    Examples
    --------
    >>> sorted(parts_named("pictures, sound")), parts_named("text")
    (['pictures', 'sound'], frozenset())
    """
    words = accepts.split(",") if isinstance(accepts, str) else list(accepts)
    named = {word.strip() for word in words} - {"text", ""}
    if not named <= set(PARTS):
        raise ConfigError(f"accepts is {accepts!r}; expected some of text, {', '.join(PARTS)}, with commas")
    return frozenset(named)


async def list_models(connection: Connection) -> tuple[Card, ...]:
    """List a server's models; empty when it keeps no list. Raises RefusedError on any other refusal."""
    try:
        value = await connection.get("/models")
    except RefusedError as refusal:
        if refusal.status in (404, 405, 501):
            return ()
        raise
    listed = value.get("data") if isinstance(value, dict) else None
    cards = [card for card in listed if isinstance(card, dict)] if isinstance(listed, list) else []
    return tuple(_card(card, card["id"]) for card in cards if isinstance(card.get("id"), str))


def _card(card: dict[str, Any], name: str) -> Card:
    root, parent = card.get("root"), card.get("parent")
    lengths = [card.get(field) for field in _CONTEXT_FIELDS]
    return Card(
        name,
        root if isinstance(root, str) else name,
        parent if isinstance(parent, str) else None,
        next((length for length in lengths if type(length) is int and length > 0), None),
    )


def only_model(cards: tuple[Card, ...], url: str) -> str:
    """Choose the model when the user named none: the only one there is, adapters aside.

    Raises
    ------
    ConfigError
        There is none, or there are several.
    """
    names = [card.name for card in cards if card.parent is None]
    if len(names) == 1:
        return names[0]
    has = f"has several models ({', '.join(names[:20])})" if names else "lists no models"
    raise ConfigError(f"{url} {has}; name the one to use with the option model")


async def detect(
    connection: Connection,
    root_url: str,
    cards: tuple[Card, ...],
    model: str,
    served: str,
    accepts: frozenset[str] | None,
) -> Found:
    """Find out what a model takes. ``served`` is the name that requests use: the model's or its adapter's."""
    card = next((card for card in cards if card.name == model), Card(model, model, None, None))
    family = _family(model) or _family(card.root)
    continues = await _continues(connection, root_url)
    probe = _Probe(connection, served)
    structure = await _structure(probe, continues)
    if accepts is None:
        accepts = await _media(probe, family)
        if accepts and family is not None and family.family == "text":
            family = None  # its name says less than it takes
        if continues and family is not None and family.video and "pictures" in accepts:
            accepts |= {"video"}
    able = replace(
        family or Capabilities(),
        pictures="pictures" in accepts,
        video="video" in accepts,
        sound="sound" in accepts,
        structure=structure,
        context_tokens=card.context_tokens or (family.context_tokens if family is not None else None),
    )
    return Found(able, probe.quirks, tuple(card.name for card in cards), card.root)


def _family(name: str) -> Capabilities | None:
    from ...conversation.families import family_of_name

    return family_of_name(name)


async def _media(probe: "_Probe", family: Capabilities | None) -> frozenset[str]:
    """Which of pictures and sound it takes. A family that sees and does not hear is not asked about sound."""
    unknown = family is None or family.family == "text"  # a finetune of anything may be called after a text model
    wanted = [part for part in _PART if unknown or getattr(family, part)]
    text = {"type": "text", "text": _WORD}
    probed = await asyncio.gather(*(probe.tried([text, _PART[part]()]) for part in wanted))
    if not any(one.taken for one in probed):
        return frozenset()
    bare = (await probe.tried([text])).prompt_tokens or 0
    return frozenset(
        part
        for part, one in zip(wanted, probed, strict=True)
        if one.taken and (one.prompt_tokens is None or one.prompt_tokens > bare)
    )


async def _continues(connection: Connection, root_url: str) -> bool:
    """Whether the server is one that can continue a message that it is given: vLLM or SGLang."""
    for place, field in (("/version", "version"), ("/get_model_info", "model_path")):
        try:
            value = await connection.get(root_url + place)
        except (RefusedError, UpstreamError):
            continue
        if isinstance(value, dict) and isinstance(value.get(field), str):
            return True
    return False


async def _structure(probe: "_Probe", continues: bool) -> Structure:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "boolean"}},
        "required": ["a"],
        "additionalProperties": False,
    }
    form = {"response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}}
    # The chat templates of some models cannot be continued after thinking; this finds out.
    if continues and (await probe.tried(_WORD, form, opening="<think>\nB\n</think>\n")).taken:
        return "opening"
    return "whole" if (await probe.tried(_WORD, form)).taken else "none"


@dataclass(frozen=True, slots=True)
class _Probed:
    """Whether a request was taken, and how long its prompt was."""

    taken: bool
    prompt_tokens: int | None = None


class _Probe:
    """Requests of one token; the server's quirks show on the way."""

    def __init__(self, connection: Connection, served: str) -> None:
        self._connection, self._served = connection, served
        self.quirks = Quirks()

    async def tried(
        self, content: str | list[dict[str, Any]], fields: Mapping[str, Any] | None = None, opening: str = ""
    ) -> _Probed:
        """Send a message like this.

        Raises
        ------
        RefusedError
            It takes no request at all from us (the key, the model's name).
        UpstreamError
            It cannot be reached.
        """
        messages: list[dict[str, Any]] = [{"role": "user", "content": content}]
        if opening:
            messages.append({"role": "assistant", "content": opening})
        while True:
            length = "max_completion_tokens" if self.quirks.max_completion_tokens else "max_tokens"
            body = {"model": self._served, "messages": messages, length: 1, **(fields or {})}
            if opening:
                body["extra_body"] = dict(CONTINUE)
            try:
                length_read = await self._connection.chat(body, prompt_tokens, final=_NOT_TAKEN)
            except RefusedError as refusal:
                if refusal.status in (401, 403, 404) or 300 <= refusal.status < 400:
                    raise
                quirks = adapted(self.quirks, refusal, {length: 1})
                if quirks is None or quirks == self.quirks:
                    return _Probed(False)
                self.quirks = quirks
            else:
                return _Probed(True, length_read)


def _picture() -> dict[str, Any]:
    """Draw a grey square, as small as the models' patches allow."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\x80\x80\x80" * _SMALL_PIXELS) * _SMALL_PIXELS
    header = struct.pack(">IIBBBBB", _SMALL_PIXELS, _SMALL_PIXELS, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return {"type": "image_url", "image_url": {"url": "data:image/png;base64," + base64.b64encode(png).decode()}}


def _sound() -> dict[str, Any]:
    """Record a moment of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(_RATE_HZ)
        writer.writeframes(bytes(2 * int(_SHORT_SOUND_S * _RATE_HZ)))
    return {"type": "input_audio", "input_audio": {"data": base64.b64encode(file.getvalue()).decode(), "format": "wav"}}


_PART: Final = {"pictures": _picture, "sound": _sound}
