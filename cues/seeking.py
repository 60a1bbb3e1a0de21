"""The frames nearest to some moments of a clip: sought, or picked out while the clip goes by."""

from collections.abc import Sequence
from contextlib import closing
from typing import Any, Final

import av.error

from .container import StrPath, clock_zero_s, open_media, video_stream
from .extractor import Frame
from .frames import DecodeReport, check_size, decoded, read_frames
from .limits import Limits
from .picture import Upright

#: Clips up to this length are read through: that takes no longer than seeking for a handful of moments.
LONG_S: Final = 20.0
#: Containers that know where their key frames are.
_INDEXED: Final = ("mov", "matroska", "avi")
#: A seek that lands this much after the wanted moment went wrong.
_LATE_S: Final = 0.5


def frames_near(path: StrPath, limits: Limits, moments_s: Sequence[float], duration_s: float) -> tuple[Frame, ...]:
    """Frames nearest to some moments, in order of time.

    Parameters
    ----------
    moments_s : sequence of float
        Seconds from the clip's start, within the clip, in any order.
    duration_s : float
        Length of the clip: a long one is sought in, where it can be.

    Returns
    -------
    tuple of Frame
        One for each moment, one alone where several moments have the same frame; none of a clip without pictures.

    Raises
    ------
    MediaError
        The file cannot be read or breaks a limit.
    """
    wanted_s = sorted(set(moments_s))
    if not wanted_s:
        return ()
    sought = frames_at(path, limits, wanted_s) if duration_s > LONG_S else None
    if sought is not None:
        return sought
    collector = FrameCollector(wanted_s)
    with closing(read_frames(path, limits)) as frames:
        for frame in frames:
            collector.see(frame)
            if collector.is_done(frame.time_s):
                break
    return tuple(collector.frames)


class FrameCollector:
    """Keeps the frames that are nearest to the wanted moments while a clip goes by."""

    def __init__(self, moments_s: Sequence[float]) -> None:
        self._moments_s = list(moments_s)
        self._best: list[Frame | None] = [None] * len(self._moments_s)

    def see(self, frame: Frame) -> None:
        """Take the next frame."""
        for index, moment_s in enumerate(self._moments_s):
            best = self._best[index]
            if best is None or abs(frame.time_s - moment_s) < abs(best.time_s - moment_s):
                self._best[index] = frame

    def is_done(self, time_s: float) -> bool:
        """Whether no later frame can be nearer."""
        return all(
            best is not None and abs(best.time_s - moment_s) <= time_s - moment_s
            for best, moment_s in zip(self._best, self._moments_s, strict=True)
        )

    @property
    def frames(self) -> list[Frame]:
        """The frames, in order of time."""
        found = {frame.index: frame for frame in self._best if frame is not None}
        return [found[index] for index in sorted(found)]


def frames_at(path: StrPath, limits: Limits, moments_s: list[float]) -> tuple[Frame, ...] | None:
    """Frames nearest to some moments, in order of time.

    Parameters
    ----------
    moments_s : list of float
        Ascending, seconds from the clip's start.

    Returns
    -------
    tuple of Frame or None
        One for each moment (one alone where two moments have the same frame), numbered from 0; None when this file
        cannot be sought in: then it must be read from its start.

    Raises
    ------
    MediaError
        The file cannot be read or breaks a limit.
    """
    with open_media(path, limits) as container:
        stream = video_stream(container)
        if stream is None or not container.format.name.startswith(_INDEXED):
            return None
        check_size(path, stream.codec_context, limits)
        upright = Upright(path, stream.sample_aspect_ratio, limits.long_side_px)
        zero_s = clock_zero_s(container)
        found: dict[float, Any] = {}
        for moment_s in moments_s:
            try:
                container.seek(max(0, int((moment_s + zero_s) / stream.time_base)), stream=stream)
                nearest = _nearest(container, stream, moment_s, zero_s)
            except (av.error.FFmpegError, ValueError):
                return None
            if nearest is None:
                return None
            found[nearest[0]] = upright(nearest[1])
    return tuple(Frame(index, time_s, found[time_s]) for index, time_s in enumerate(sorted(found)))


def _nearest(container: Any, stream: Any, moment_s: float, zero_s: float) -> tuple[float, Any] | None:
    """(time, frame) nearest to a moment, from where the container stands; None when it stands too late."""
    best: tuple[float, Any] | None = None
    for frame in decoded(container, stream, DecodeReport()):
        if frame.pts is None:
            return None
        time_s = max(0.0, float(frame.pts * frame.time_base) - zero_s)
        if best is None and time_s > moment_s + _LATE_S:
            return None
        if best is None or abs(time_s - moment_s) < abs(best[0] - moment_s):
            best = time_s, frame
        if time_s >= moment_s:
            break
    return best
