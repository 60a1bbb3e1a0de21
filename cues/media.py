"""Media: what a clip is (``probe``), its pictures (``read_frames``) and its sound (``read_audio``).

Decoding runs inside libav, on bytes that anyone may have made. For files from others use
:func:`emoreason.cues.sandbox.gather_in_child`, which runs all of this in a process that may die.
"""

import hashlib
import math
import os
from typing import Any

import av.error

from ..errors import MediaError
from ..records import Clip
from .container import (
    STILLS,
    StrPath,
    audio_stream,
    clock_zero_s,
    limit_error,
    media_error,
    one_line,
    open_media,
    open_regular,
    video_stream,
)
from .frames import DecodeReport, check_size, read_frames
from .limits import Limits
from .waveform import read_audio
from .webp import animation_duration_s, is_animated

__all__ = ["DecodeReport", "Limits", "MediaError", "probe", "read_audio", "read_frames"]


def probe(path: StrPath, limits: Limits | None = None) -> Clip:
    """Tell what kind of clip a file is, from its headers; decode nothing.

    Returns
    -------
    Clip
        ``id`` and ``path`` are the path as given; ``duration_s`` is 0 for a picture; ``fps`` is the average frame
        rate, None for a picture and where it is not known.

    Raises
    ------
    MediaError
        Not a regular file, not a format on the list, damaged, no track to look at or listen to, or a limit is broken.
    """
    limits = limits or Limits()
    with open_media(path, limits) as container:
        video, audio = video_stream(container), audio_stream(container)
        if video is None and audio is None:
            raise media_error(path, "has neither a video nor an audio track that can be decoded")
        if video is not None:
            check_size(path, video.codec_context, limits)
        picture = video is not None and audio is None and _is_picture(path, container, video)
        duration_s = 0.0 if picture else _duration_s(path, container, video or audio)
        fps = None if picture or video is None else _rate_hz(video)
    if duration_s > limits.max_duration_s:
        raise limit_error(
            path, f"declares a length of {duration_s:g} s, more than the limit of {limits.max_duration_s:g} s"
        )
    name = one_line(os.fsdecode(path))
    return Clip(
        id=name,
        path=name,
        sha256=_sha256(path),
        duration_s=round(duration_s, 6),
        fps=fps,
        has_video=video is not None,
        has_audio=audio is not None,
    )


def _is_picture(path: StrPath, container: Any, video: Any) -> bool:
    """Whether the video track is a single frame."""
    if container.format.name in STILLS:
        return not (container.format.name == "webp_pipe" and is_animated(path))
    if video.frames > 1:
        return False
    packets = 0
    try:
        for packet in container.demux(video):
            packets += packet.size > 0
            if packets > 1:
                return False
    except av.error.FFmpegError:
        pass  # damaged after its first packets: what there is decides
    return packets == 1


def _duration_s(path: StrPath, container: Any, stream: Any) -> float:
    """Return the declared length or, where there is none (live recordings), the end of the last packet."""
    if container.format.name == "webp_pipe":
        return animation_duration_s(path)
    if container.duration is not None and container.duration > 0:
        return float(container.duration) / 1_000_000
    end_s = 0.0
    zero_s = clock_zero_s(container)
    try:
        for packet in container.demux(stream):
            if packet.pts is not None:
                end_s = max(end_s, float((packet.pts + (packet.duration or 0)) * packet.time_base) - zero_s)
    except av.error.FFmpegError:
        pass  # decoding will say what is wrong
    return end_s


def _rate_hz(video: Any) -> float | None:
    rate = float(video.average_rate or video.guessed_rate or 0)
    return round(rate, 6) if math.isfinite(rate) and 0 < rate <= 1000 else None


def _sha256(path: StrPath) -> str:
    digest = hashlib.sha256()
    with open_regular(path) as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
