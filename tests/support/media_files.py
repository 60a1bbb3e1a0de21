"""Small media files for tests, encoded with PyAV; nothing here uses the code under test."""

import struct
import wave
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]


def plain(colour: tuple[int, int, int], size: tuple[int, int] = (96, 64)) -> Picture:
    """One colour; ``size`` is (width, height)."""
    return np.full((size[1], size[0], 3), colour, np.uint8)


def quadrants(size: tuple[int, int] = (96, 64)) -> Picture:
    """Red top left, green top right, blue bottom left, white bottom right: shows every turn and mirroring."""
    width, height = size
    picture = plain((255, 255, 255), size)
    picture[: height // 2, : width // 2] = (255, 0, 0)
    picture[: height // 2, width // 2 :] = (0, 255, 0)
    picture[height // 2 :, : width // 2] = (0, 0, 255)
    return picture


def corners(picture: Picture) -> str:
    """Letters of the colours in the four quadrants, top left, top right, bottom left, bottom right."""
    height, width = picture.shape[:2]
    names = {(1, 0, 0): "r", (0, 1, 0): "g", (0, 0, 1): "b", (1, 1, 1): "w", (0, 0, 0): "k"}
    places = [(y, x) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    return "".join(names.get(tuple((picture[place] > 127).astype(int).tolist()), "?") for place in places)


def write_video(
    path: Path,
    pictures: Iterable[Picture],
    *,
    fps: float = 25,
    times_s: Sequence[float] | None = None,
    codec: str = "libx264",
    pix_fmt: str = "yuv420p",
    rotation: int | None = None,
    sound: npt.NDArray[np.float32] | None = None,
    sound_rate_hz: int = 16_000,
    sound_start_s: float = 0.0,
    options: dict[str, str] | None = None,
) -> Path:
    """Encode pictures (uint8 RGB or RGBA) and, if given, mono sound."""
    pictures = list(pictures)
    with av.open(str(path), "w", options=options or {}) as container:
        stream: Any = container.add_stream(codec, rate=Fraction(fps).limit_denominator(1001))
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = pix_fmt
        if rotation is not None:
            stream.set_display_rotation(rotation)
        if times_s is not None:
            stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        audio: Any = None
        if sound is not None:
            audio = container.add_stream(
                "pcm_s16le" if path.suffix in (".mkv", ".avi", ".mov") else "aac", rate=sound_rate_hz
            )
            audio.layout = "mono"
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgba" if picture.shape[2] == 4 else "rgb24")
            if times_s is not None:
                frame.pts, frame.time_base = round(times_s[index] * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
        if sound is not None:
            _mux_sound(container, audio, sound, sound_rate_hz, sound_start_s)
    return path


def _mux_sound(container: Any, stream: Any, sound: npt.NDArray[np.float32], rate_hz: int, start_s: float) -> None:
    samples = np.clip(sound * 32767, -32768, 32767).astype(np.int16)
    for first in range(0, len(samples), 1024):
        frame = av.AudioFrame.from_ndarray(samples[None, first : first + 1024], format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = rate_hz, first + round(start_s * rate_hz), Fraction(1, rate_hz)
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def write_sound(path: Path, samples: npt.NDArray[np.int16], rate_hz: int, *, codec: str | None = None) -> Path:
    """Encode mono samples of shape (1, n) in the format that the suffix names."""
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(codec or path.suffix[1:], rate=rate_hz)
        stream.layout = "mono"
        for first in range(0, samples.shape[1], 65_520):
            frame = av.AudioFrame.from_ndarray(samples[:, first : first + 65_520], format="s16", layout="mono")
            frame.sample_rate = rate_hz
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


def write_wav(path: Path, sound: npt.NDArray[np.float32], rate_hz: int = 16_000) -> Path:
    """16-bit PCM; ``sound`` is (n,) or (channels, n)."""
    channels = np.atleast_2d(sound)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((np.clip(channels, -1, 1) * 32767).astype("<i2").T.tobytes())
    return path


def wav_bytes(data: bytes, *, kind: int = 1, channels: int = 1, rate_hz: int = 16_000, bits: int = 16) -> bytes:
    """A WAV file with any header, true or not (``kind`` 1 PCM, 3 float)."""
    block = channels * bits // 8
    head = struct.pack("<HHIIHH", kind, channels, rate_hz, min(rate_hz * block, 2**32 - 1), block % 65536, bits)
    body = b"WAVEfmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def tone(seconds: float, hz: float = 220.0, rate_hz: int = 16_000, level: float = 0.5) -> npt.NDArray[np.float32]:
    """A sine."""
    return (level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate_hz)) / rate_hz)).astype(np.float32)


def moving(count: int, size: tuple[int, int] = (96, 64)) -> list[Picture]:
    """A textured picture that drifts, so that no two frames are equal."""
    width, height = size
    y, x = np.mgrid[0:height, 0:width]
    return [
        np.stack([128 + 100 * np.sin((x + 2 * k) / 9), 128 + 100 * np.cos((y + k) / 7), 60 + 0 * x], -1).astype(
            np.uint8
        )
        for k in range(count)
    ]
