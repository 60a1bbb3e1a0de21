"""What a model in this process is given: pictures and sound from messages, nothing from anywhere else."""

import base64
import binascii
import io
import struct
import zlib

import numpy as np
import pytest
from message_media import picture, wav

from emoreason.errors import MediaError
from emoreason.reasoning.engines import message_parts
from emoreason.reasoning.engines.message_parts import read_picture, read_sound, take_apart, words


def test_messages_are_taken_apart_in_order() -> None:
    parts = take_apart(
        [
            {"role": "system", "content": "Explain."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "At 1 s:"},
                    {"type": "image_url", "image_url": {"url": picture("red", (8, 4), "JPEG")}},
                    {"type": "image_url", "image_url": {"url": picture("blue", (6, 6), "WEBP")}},
                    {"type": "input_audio", "input_audio": {"data": wav(0.5), "format": "wav"}},
                ],
            },
        ]
    )
    assert parts.messages[0] == {"role": "system", "content": [{"type": "text", "text": "Explain."}]}
    assert [part["type"] for part in parts.messages[1]["content"]] == ["text", "image", "image", "audio"]
    assert [one.size for one in parts.pictures] == [(8, 4), (6, 6)]
    assert parts.sounds[0].shape == (8_000,)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/a.png",
        "https://example.org/a.png",
        "file:///etc/passwd",
        "/etc/passwd",
        "data:text/html;base64,PGI+",
        "data:image/png,abc",
        "data:image/png;base64,!!!",
        "data:image/png;base64,",
        "data:image/svg+xml;base64," + base64.b64encode(b"<svg/>").decode(),
        "data:image/jpeg;base64," + base64.b64encode(b"\xff\xd8\xff" * 9).decode(),
        picture("red")[:-60],
        "",
    ],
)
def test_pictures_that_are_none(url: str) -> None:
    with pytest.raises(MediaError) as caught:
        read_picture(url)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_picture_that_says_it_is_huge_is_not_decoded() -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", binascii.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 8_000, 7_000, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    url = "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + body).decode()
    with pytest.raises(MediaError, match="8000 x 7000"):
        read_picture(url)


def test_long_base64_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_parts, "MOST_BYTES", 100)
    with pytest.raises(MediaError, match="at most 100 bytes"):
        read_picture(picture("red"))


def test_sound_is_mono_at_the_rate_asked_for() -> None:
    heard = read_sound(wav(1.0, 44_100, channels=2), 16_000)
    assert heard.dtype == np.float32
    assert heard.shape == (16_000,)
    assert float(np.median(heard)) == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("data", ["", "!!", base64.b64encode(b"RIFF").decode(), wav(0.1, width=1), wav(601, 100)])
def test_sound_that_is_none(data: str) -> None:
    with pytest.raises(MediaError):
        read_sound(data, 16_000)


def test_other_parts_are_refused() -> None:
    part = {"type": "video_url", "video_url": {"url": "file:///a.mp4"}}
    with pytest.raises(MediaError, match="video_url"):
        take_apart([{"role": "user", "content": [part]}])
    with pytest.raises(MediaError, match="text alone"):
        words([{"role": "user", "content": [part]}])


def test_transparent_pictures_become_rgb() -> None:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("RGBA", (4, 4), (255, 0, 0, 128)).save(buffer, "PNG")
    assert read_picture("data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()).mode == "RGB"
