"""The pictures of a clip: upright, scaled down, RGB, with their real times; decoded ahead in a background thread."""

import math
import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import av.error
import numpy as np
import numpy.typing as npt

from .container import (
    StrPath,
    clock_zero_s,
    limit_error,
    media_error,
    open_media,
    reason_of,
    too_many_pixels,
    video_stream,
)
from .extractor import Frame
from .limits import Limits, core_count
from .picture import Upright
from .webp import animation_frames, is_animated

T = TypeVar("T")
#: (time in seconds, uint8 RGB picture).
Picture = tuple[float, npt.NDArray[np.uint8]]

#: Two threads decode 720p h264 at 500 frames a second against 300 with one; more do not help on small machines, and
#: where clips run side by side each decodes with one.
DECODER_THREADS: Final = 2
#: Decoded frames that wait for the analysis: enough to keep both cores busy, 11 MB at 720p.
_QUEUE_LENGTH: Final = 4
_DEFAULT_RATE_HZ: Final = 25.0
#: A video may be analysed this much above ``max_fps`` before frames are left out, so that 31 fps is not halved.
_RATE_SLACK: Final = 1.1


@dataclass(slots=True)
class DecodeReport:
    """What decoding could not do; filled in while a track is read.

    ``damaged`` counts packets and frames that could not be decoded, ``end_s`` is where the decoded track ends and
    ``declared_s`` where the file says it ends (None when it does not say).
    """

    damaged: int = 0
    end_s: float = 0.0
    declared_s: float | None = None
    reasons: set[str] = field(default_factory=set)

    def note(self, error: BaseException) -> None:
        """Count one thing that could not be decoded."""
        self.damaged += 1
        if len(self.reasons) < 3:
            self.reasons.add(reason_of(error))

    @property
    def missing_s(self) -> float:
        """Seconds that the file declares but that are not there."""
        return 0.0 if self.declared_s is None else max(0.0, self.declared_s - self.end_s)


def read_frames(
    path: StrPath, limits: Limits | None = None, *, report: DecodeReport | None = None
) -> Generator[Frame, None, None]:
    """Yield the frames of a clip in order of time; a picture is one frame at time 0.

    Rotation and mirroring stored in the file are applied, pixels that are not square are made so, transparency is
    laid over white, the longer side is at most ``limits.long_side_px``, and at most ``limits.max_fps`` frames per
    second come (a faster video is thinned out). Times are the file's own, counted from the clip's start, also where
    the frame rate varies. A clip without video yields nothing.

    Raises
    ------
    MediaError
        The file cannot be read, breaks a limit, or none of its frames can be decoded.
    """
    source = _decode(path, limits or Limits(), report or DecodeReport())
    with closing(_ahead(source)) as pictures:
        for index, (time_s, image) in enumerate(pictures):
            yield Frame(index, time_s, image)


def _decode(path: StrPath, limits: Limits, report: DecodeReport) -> Generator[Picture, None, None]:
    """Yield (time, upright picture) of every frame that is kept."""
    with open_media(path, limits) as container:
        stream = video_stream(container)
        if stream is None:
            return
        if container.format.name == "webp_pipe" and is_animated(path):
            yield from thinned(animation_frames(path, limits), limits.max_fps)
            return
        check_size(path, stream.codec_context, limits)
        stream.thread_type = "AUTO"
        stream.codec_context.thread_count = min(DECODER_THREADS, limits.threads or core_count())
        stream.codec_context.options = {"max_pixels": str(limits.max_pixels)}
        upright = Upright(path, stream.sample_aspect_ratio, limits.long_side_px)
        for time_s, frame in thinned(_timed(path, container, stream, limits, report), limits.max_fps):
            yield time_s, upright(frame)


def _timed(
    path: StrPath, container: Any, stream: Any, limits: Limits, report: DecodeReport
) -> Iterator[tuple[float, Any]]:
    """Yield (time, av.VideoFrame) of every frame that can be decoded; raise if there is none."""
    clock = _Clock(stream, clock_zero_s(container))
    report.declared_s = clock.declared_end_s
    for frame in decoded(container, stream, report):
        time_s = clock.time_of(frame)
        if time_s > limits.max_duration_s:
            raise limit_error(path, f"the video is longer than the limit of {limits.max_duration_s:g} s")
        report.end_s = max(report.end_s, clock.end_s)
        yield time_s, frame
    if not clock.started:
        why = f" ({'; '.join(sorted(report.reasons))})" if report.reasons else ""
        raise media_error(path, f"nothing in its video track could be decoded{why}")


def check_size(path: StrPath, codec_context: Any, limits: Limits) -> None:
    """Refuse frames that declare more pixels than the limit, before any memory is spent on them."""
    if codec_context.width * codec_context.height > limits.max_pixels:
        raise too_many_pixels(path, codec_context.width, codec_context.height, limits)


def decoded(container: Any, stream: Any, report: DecodeReport) -> Iterator[Any]:
    """Yield the frames of one track; what cannot be decoded is counted and passed over."""
    packets = container.demux(stream)
    flushed = False
    while not flushed:
        try:
            packet = next(packets, None)
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError as error:
            report.note(error)
            packet = None
        flushed = packet is None
        try:
            frames = stream.decode(packet)
        except (av.error.EOFError, av.error.MemoryError) as error:
            if isinstance(error, MemoryError):
                raise
            continue  # a decoder that was flushed already
        except av.error.FFmpegError as error:
            report.note(error)
            continue
        for frame in frames:
            if frame.is_corrupt:
                report.note(ValueError("a frame is damaged"))
            else:
                yield frame


class _Clock:
    """Times of frames, counted from the clip's start; never standing still and never running back."""

    def __init__(self, stream: Any, zero_s: float) -> None:
        rate = float(stream.average_rate or stream.guessed_rate or 0)
        self._step_s = 1.0 / (rate if 1.0 <= rate <= 1000.0 else _DEFAULT_RATE_HZ)
        self._zero_s = zero_s
        self._last_s: float | None = None
        self.started = False
        self.end_s = 0.0
        self.declared_end_s: float | None = None
        if stream.duration is not None and stream.time_base and stream.start_time is not None:
            self.declared_end_s = float((stream.start_time + stream.duration) * stream.time_base) - zero_s

    def time_of(self, frame: Any) -> float:
        """Seconds from the clip's start at which this frame is shown."""
        if frame.pts is not None and frame.time_base:
            time_s = max(0.0, float(frame.pts * frame.time_base) - self._zero_s)
        else:
            time_s = 0.0
        if self._last_s is not None and (frame.pts is None or time_s <= self._last_s):
            time_s = self._last_s + self._step_s
        length_s = float(frame.duration * frame.time_base) if frame.duration and frame.time_base else self._step_s
        self._last_s = time_s
        self.started = True
        self.end_s = time_s + length_s
        return time_s


def thinned(frames: Iterator[tuple[float, T]], max_fps: float) -> Iterator[tuple[float, T]]:
    """Leave out frames that follow the last one kept too closely; what is kept stays evenly spaced.

    Examples
    --------
    >>> [time_s for time_s, _ in thinned(((n / 25, None) for n in range(9)), 12)]
    [0.0, 0.08, 0.16, 0.24, 0.32]
    """
    shortest_s = 1.0 / (max_fps * _RATE_SLACK)
    due_s = -math.inf
    for time_s, frame in frames:
        if time_s >= due_s:
            due_s = time_s + shortest_s
            yield time_s, frame


def _ahead(source: Generator[T, None, None]) -> Generator[T, None, None]:
    """Run a generator in a thread that stays a few items ahead (libav works without the GIL).

    Closing this generator stops the thread. What the thread raises is raised here.
    """
    ready: queue.Queue[tuple[T | None, BaseException | None]] = queue.Queue(_QUEUE_LENGTH)
    stop = threading.Event()

    def work() -> None:
        failure: BaseException | None = None
        try:
            with closing(source):
                for item in source:
                    ready.put((item, None))
                    if stop.is_set():
                        break
        except BaseException as error:  # handed over to the caller, whatever it is
            failure = error
        ready.put((None, failure))

    thread = threading.Thread(target=work, name="emoreason-decode", daemon=True)
    thread.start()
    item: T | None = None
    failure: BaseException | None = None
    try:
        while True:
            item, failure = ready.get()
            if item is None:
                break
            yield item
    finally:
        stop.set()
        while item is not None:  # make room until the thread has said its last word
            item, _ = ready.get()
        thread.join()
    if failure is not None:
        raise failure
