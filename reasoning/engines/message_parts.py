"""Messages in OpenAI chat form, taken apart for a model in this process: words for the template, pictures, sound.

Pictures and sound are those in the message itself (data URLs, base64). No address is followed and no file is opened.
"""

import base64
import binascii
import io
import re
import wave
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...errors import MediaError
from ...torch_imports import import_heavy

#: Limits of one part. The pictures and sounds that this package makes are far below them.
MOST_PIXELS: Final = 50_000_000
MOST_BYTES: Final = 32 << 20
LONGEST_SOUND_S: Final = 600.0

_DATA_URL: Final = re.compile(r"data:image/[a-z+.-]{1,20};base64,", re.IGNORECASE)
_FORMATS: Final = ("JPEG", "PNG", "WEBP")
_SAMPLE_BYTES: Final = 2


@dataclass(frozen=True, slots=True)
class Parts:
    """Messages taken apart.

    Attributes
    ----------
    messages : list of dict
        What a chat template takes: content is a list of parts, pictures and sound are bare places.
    pictures : list of PIL images
        RGB, in the order of their places.
    sounds : list of float32 ``[samples]``
        Mono, -1 to 1, in the order of their places.
    """

    messages: list[dict[str, Any]] = field(default_factory=list)
    pictures: list[Any] = field(default_factory=list)
    sounds: list[NDArray[np.float32]] = field(default_factory=list)


def take_apart(messages: Iterable[Mapping[str, Any]], sample_rate: int = 16_000) -> Parts:
    """Take messages apart.

    Parameters
    ----------
    messages : iterable of dict
        OpenAI chat form.
    sample_rate : int
        Hz, of the sounds in the result.

    Raises
    ------
    MediaError
        A picture or sound cannot be read, breaks a limit, or is given by address.

    Examples
    --------
    >>> take_apart([{"role": "user", "content": "Hello."}]).messages
    [{'role': 'user', 'content': [{'type': 'text', 'text': 'Hello.'}]}]
    """
    parts = Parts()
    for message in messages:
        content = message["content"]
        listed = [{"type": "text", "text": content}] if isinstance(content, str) else content
        parts.messages.append({**message, "content": [_part(part, parts, sample_rate) for part in listed]})
    return parts


def words(messages: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    r"""Join the text parts of each message with line breaks, for templates that know strings alone.

    Raises
    ------
    MediaError
        There is a picture or sound among them.

    Examples
    --------
    >>> words([{"role": "user", "content": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]}])
    [{'role': 'user', 'content': 'A\nB'}]
    """
    return [
        {
            **message,
            "content": message["content"]
            if isinstance(message["content"], str)
            else "\n".join(_text(part) for part in message["content"]),
        }
        for message in messages
    ]


def _text(part: Mapping[str, Any]) -> str:
    if part.get("type") != "text":
        raise MediaError(f"a message holds a part of type {part.get('type')!r}; the model takes text alone")
    return str(part["text"])


def _part(part: Mapping[str, Any], parts: Parts, sample_rate: int) -> dict[str, Any]:
    kind = part.get("type")
    if kind == "image_url":
        parts.pictures.append(read_picture(str(part["image_url"]["url"])))
        return {"type": "image"}
    if kind == "input_audio":
        parts.sounds.append(read_sound(str(part["input_audio"]["data"]), sample_rate))
        return {"type": "audio"}
    if kind == "text":
        return {"type": "text", "text": str(part["text"])}
    raise MediaError(f"a message holds a part of type {kind!r}; expected text, image_url or input_audio")


def _decoded(text: str, what: str) -> bytes:
    if len(text) > MOST_BYTES * 4 // 3 + 4:
        raise MediaError(f"{what} has {len(text)} characters of base64; expected at most {MOST_BYTES} bytes")
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise MediaError(f"{what} is not base64: {error}") from error


def read_picture(url: str) -> Any:
    """Read a picture from a data URL, as a PIL image in RGB.

    Raises
    ------
    MediaError
        It is another kind of URL, no JPEG, PNG or WebP, damaged, or too large.
    """
    head = _DATA_URL.match(url)
    if head is None:
        raise MediaError(
            f"a picture is given as {url[:60]!r}; expected data:image/…;base64,…, addresses are not fetched"
        )
    data = _decoded(url[head.end() :], "a picture")
    image = import_heavy("PIL.Image")
    try:
        with image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            width, height = picture.size  # of the header; nothing is decoded before this is checked
            if width * height > MOST_PIXELS:
                raise MediaError(f"a picture has {width} x {height} pixels; expected at most {MOST_PIXELS}")
            return picture.convert("RGB")
    except (OSError, ValueError, SyntaxError, image.DecompressionBombError) as error:
        raise MediaError(f"a picture cannot be read: {str(error)[:200]}; expected {', '.join(_FORMATS)}") from error


def read_sound(data: str, sample_rate: int) -> NDArray[np.float32]:
    """Read base64 of a WAV (16 bits) as mono float32 ``[samples]`` at ``sample_rate`` Hz.

    Raises
    ------
    MediaError
        It is something else, damaged, or longer than ten minutes.
    """
    try:
        with wave.open(io.BytesIO(_decoded(data, "a sound"))) as file:
            rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
            if width != _SAMPLE_BYTES or not 0 < rate <= 384_000:
                raise MediaError(f"a sound has {8 * width} bits a sample at {rate} Hz; expected 16 bits")
            frames = file.readframes(int(LONGEST_SOUND_S * rate) + 1)
    except (wave.Error, EOFError) as error:
        raise MediaError(f"a sound cannot be read: {error}; expected WAV with 16 bits a sample") from error
    samples = np.frombuffer(frames[: len(frames) // (_SAMPLE_BYTES * channels) * _SAMPLE_BYTES * channels], "<i2")
    if len(samples) > LONGEST_SOUND_S * rate * channels:
        raise MediaError(f"a sound is longer than {LONGEST_SOUND_S:g} s")
    mono = samples.reshape(-1, channels).mean(axis=1, dtype=np.float64) / 32768
    if rate != sample_rate:
        from scipy.signal import resample_poly

        common = int(np.gcd(rate, sample_rate))
        mono = resample_poly(mono, sample_rate // common, rate // common)
    return np.asarray(mono, np.float32)
