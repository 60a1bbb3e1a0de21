"""Single frames out of a long clip, without decoding everything before them."""

from typing import Any, Final

import av.error

from ...cues.container import StrPath, clock_zero_s, open_media, video_stream
from ...cues.extractor import Frame
from ...cues.frames import DecodeReport, check_size, decoded
from ...cues.limits import Limits
from ...cues.picture import Upright

#: Containers that know where their key frames are.
_INDEXED: Final = ("mov", "matroska", "avi")
#: A seek that lands this much after the wanted moment went wrong.
_LATE_S: Final = 0.5


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
