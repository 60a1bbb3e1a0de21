"""Copying a clip as it is, where every browser plays it: packets only, nothing else of the file goes along.

Titles, places, devices, thumbnails and further tracks stay behind, as does what H.264 streams carry beside their
pictures (cameras write dates and positions there). The clock is moved so that the clip starts at 0.
"""

import io
import struct
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, Final

import av
import av.error
from av.bitstream import BitStreamFilterContext

from ...cues.container import StrPath, audio_stream, clock_zero_s, open_media, video_stream
from ...cues.limits import Limits
from .proxy import Encoded

#: Video codec -> container; and what sound may go with it there (Vorbis in WebM keeps its titles in its header).
_VIDEO: Final = {"h264": "mp4", "vp8": "webm", "vp9": "webm"}
_WITH: Final = {"mp4": {"aac", "mp3", "mp3float"}, "webm": {"opus"}}
#: 8 bits, 4:2:0: what every hardware decoder takes.
_PIXELS: Final = {"yuv420p", "yuvj420p"}
#: Audio codec -> container and type of a file of sound alone.
_AUDIO: Final = {
    "pcm_s16le": ("wav", "audio/wav"),
    "pcm_u8": ("wav", "audio/wav"),
    "mp3": ("mp3", "audio/mpeg"),
    "mp3float": ("mp3", "audio/mpeg"),
    "aac": ("mp4", "audio/mp4"),
    "flac": ("flac", "audio/flac"),
    "opus": ("ogg", "audio/ogg"),
    "vorbis": ("ogg", "audio/ogg"),
}
#: H.264 network abstraction unit of supplemental information (ITU-T H.264, table 7-1).
_NO_SUPPLEMENTS: Final = "filter_units=remove_types=6"
#: An audio track may begin with this many packets that only prime the decoder.
_MOST_PRIMING: Final = 4
#: H.264 reorders at most this many pictures.
_MOST_REORDERED: Final = 16
#: A first packet that claims to be this much before the clip's start comes from a list of edits we do not copy.
_EARLIEST_S: Final = -0.1


class _NotCopyableError(Exception):
    """It must be encoded anew."""


def copied(path: StrPath, limits: Limits, max_bytes: int) -> Encoded | None:
    """Copy of a clip that every browser plays as it is.

    Returns
    -------
    Encoded or None
        None when it must be encoded anew: another codec, pixels that are not square, a mirrored picture, parts cut
        away by a list of edits, damaged time stamps, or more than ``max_bytes``.

    Raises
    ------
    MediaError
        The file cannot be read.
    """
    with open_media(path, limits) as source:
        video, audio = video_stream(source), audio_stream(source)
        try:
            form = _form(video, audio)
            data = _rewritten(source, [stream for stream in (video, audio) if stream is not None], form[0], max_bytes)
            size = _check_same(data, video, clock_zero_s(source))
        except (_NotCopyableError, av.error.FFmpegError, ValueError):
            return None
    return Encoded(form[1], data, *size)


def _form(video: Any, audio: Any) -> tuple[str, str]:
    """Return (container, type) that holds these tracks."""
    if video is None:
        if audio is None or audio.codec_context.name not in _AUDIO:
            raise _NotCopyableError
        return _AUDIO[audio.codec_context.name]
    container = _VIDEO.get(video.codec_context.name)
    square = not video.sample_aspect_ratio or video.sample_aspect_ratio == 1
    if container is None or video.codec_context.pix_fmt not in _PIXELS or not square:
        raise _NotCopyableError
    if audio is not None and audio.codec_context.name not in _WITH[container]:
        raise _NotCopyableError
    return container, f"video/{container}"


def _rewritten(source: Any, streams: list[Any], form: str, max_bytes: int) -> bytes:
    file = io.BytesIO()
    zero_s = clock_zero_s(source)
    with av.open(file, "w", format=form) as target:
        copies = {stream.index: _copy_of(stream, target) for stream in streams}
        for packet in _dated(_packets(source, streams, max_bytes)):
            stream = packet.stream
            ticks = round(Fraction(zero_s).limit_denominator(1_000_000) / packet.time_base)
            packet.pts, packet.dts = packet.pts - ticks, packet.dts - ticks
            if stream.type == "video" and float(packet.pts * packet.time_base) < _EARLIEST_S:
                raise _NotCopyableError
            copy, cleaner = copies[stream.index]
            for clean in [packet] if cleaner is None else cleaner.filter(packet):
                clean.stream = copy
                target.mux(clean)
    return file.getvalue()


def _copy_of(stream: Any, target: Any) -> tuple[Any, Any]:
    """Return the track in the target and the filter that its packets go through."""
    copy = target.add_stream_from_template(stream)
    copy.metadata.clear()
    cleaner = BitStreamFilterContext(_NO_SUPPLEMENTS, stream, copy) if stream.codec_context.name == "h264" else None
    return copy, cleaner


def _dated(packets: Iterator[Any]) -> Iterator[Any]:
    """Fill in when the first packets are to be decoded: Matroska does not say it where pictures are reordered."""
    waiting: dict[int, list[Any]] = {}
    for packet in packets:
        undated = waiting.setdefault(packet.stream_index, [])
        if packet.dts is None:
            undated.append(packet)
            if len(undated) > _MOST_REORDERED or not packet.duration:
                raise _NotCopyableError
            continue
        for steps, early in zip(range(len(undated), 0, -1), undated, strict=True):
            early.dts = packet.dts - steps * packet.duration
            yield early
        undated.clear()
        yield packet
    if any(waiting.values()):
        raise _NotCopyableError


def _packets(source: Any, streams: list[Any], max_bytes: int) -> Iterator[Any]:
    total = priming = 0
    for packet in source.demux(streams):
        if packet.size == 0:
            continue  # the end
        if packet.pts is None:
            raise _NotCopyableError
        total += packet.size
        if packet.is_discard:
            priming += 1
            if packet.stream.type == "video" or priming > _MOST_PRIMING:
                raise _NotCopyableError
        if total > max_bytes or packet.is_corrupt:
            raise _NotCopyableError
        yield packet


def _check_same(data: bytes, video: Any, zero_s: float) -> tuple[int | None, int | None]:
    """Decode the first picture of the copy: is it there, upright as before, at the same time? Return its size."""
    opened: Any = av.open(io.BytesIO(data))
    with opened as copy:
        if video is None:
            next(copy.decode(audio=0))
            return None, None
        first = next(copy.decode(video=0))
        start_s = float(video.start_time * video.time_base) - zero_s
        if abs(float(first.pts * first.time_base) - start_s) > 0.002:
            raise _NotCopyableError
        return _shown_size(first)


def _shown_size(frame: Any) -> tuple[int, int]:
    matrix = struct.unpack("=9i", bytes(frame.side_data["DISPLAYMATRIX"])) if "DISPLAYMATRIX" in frame.side_data else ()
    if matrix and matrix[0] * matrix[4] < matrix[1] * matrix[3]:
        raise _NotCopyableError  # mirrored, which not every browser does
    turn = round(frame.rotation) % 360
    if turn % 90:
        raise _NotCopyableError
    return (frame.height, frame.width) if turn in (90, 270) else (frame.width, frame.height)
