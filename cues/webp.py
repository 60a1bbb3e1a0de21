"""Animated WebP, which libav does not decode: OpenCV does, within the same limits."""

import struct
from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from .container import StrPath, limit_error, media_error, open_regular
from .limits import Limits
from .picture import on_paper

_ANIMATION_FLAG: Final = 0x02  # WebP container specification, VP8X chunk
_BROWSER_MINIMUM_S: Final = 0.1  # browsers show frames that declare no duration for this long


def is_animated(path: StrPath) -> bool:
    """Whether a WebP file declares an animation."""
    with open_regular(path) as file:
        head = file.read(21)
    return head[12:16] == b"VP8X" and len(head) > 20 and bool(head[20] & _ANIMATION_FLAG)


def animation_frames(path: StrPath, limits: Limits) -> Iterator[tuple[float, npt.NDArray[np.uint8]]]:
    """Yield (time, RGB picture) of every frame, scaled down, over white.

    Raises
    ------
    MediaError
        Damaged, or all frames together (OpenCV decodes them at once) have more pixels than ``limits.max_pixels``.
    """
    import cv2

    with open_regular(path) as file:
        data = file.read()
    width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
    frames = _count_frames(data)
    if width * height * frames > limits.max_pixels:
        raise limit_error(
            path, f"{frames} frames of {width} x {height} pixels are more than the limit of {limits.max_pixels}"
        )
    try:
        good, animation = cv2.imdecodeanimation(np.frombuffer(data, np.uint8))
    except cv2.error as error:
        raise media_error(path, "damaged animated WebP") from error
    if not good or not animation.frames:
        raise media_error(path, "no frame of this animated WebP could be decoded")
    time_s = 0.0
    for picture, duration_ms in zip(animation.frames, animation.durations, strict=True):
        if time_s > limits.max_duration_s:
            raise limit_error(path, f"the animation is longer than the limit of {limits.max_duration_s:g} s")
        conversion = cv2.COLOR_BGRA2RGBA if picture.shape[2] == 4 else cv2.COLOR_BGR2RGBA
        rgba = np.asarray(cv2.cvtColor(picture, conversion), dtype=np.uint8)
        scale = limits.long_side_px / max(width, height)
        if scale < 1:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            rgba = np.asarray(cv2.resize(rgba, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)
        yield time_s, on_paper(rgba)
        time_s += duration_ms / 1000 if duration_ms > 0 else _BROWSER_MINIMUM_S


def animation_duration_s(path: StrPath) -> float:
    """Length of an animation in seconds, from its frame headers."""
    with open_regular(path) as file:
        data = file.read()
    durations = [int.from_bytes(data[at + 12 : at + 15], "little") / 1000 for at in _frame_payloads(data)]
    return sum(duration or _BROWSER_MINIMUM_S for duration in durations)


def _count_frames(data: bytes) -> int:
    return sum(1 for _ in _frame_payloads(data))


def _frame_payloads(data: bytes) -> Iterator[int]:
    """Where the payload of each ANMF chunk starts."""
    at = 12
    while at + 8 <= len(data):
        kind, size = struct.unpack_from("<4sI", data, at)
        if kind == b"ANMF":
            yield at + 8
        at += 8 + size + size % 2
