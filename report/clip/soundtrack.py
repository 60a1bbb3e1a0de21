"""The sound of a clip for listening: 48 kHz, mono or stereo, on the clock of the frames."""

from collections.abc import Iterator
from typing import Any, Final

import av
import numpy as np
import numpy.typing as npt

from ...cues.container import StrPath, audio_stream, clock_zero_s, open_media
from ...cues.frames import DecodeReport, decoded
from ...cues.limits import Limits

RATE_HZ: Final = 48_000
#: A hole in the time stamps longer than this is silence; shorter ones are rounding.
_HOLE_S: Final = 0.05

Samples = npt.NDArray[np.float32]


def channels_of(path: StrPath, limits: Limits) -> int:
    """Channels the sound should have: 1 or 2; 0 when the clip has none."""
    with open_media(path, limits) as container:
        stream = audio_stream(container)
        return 0 if stream is None else min(2, max(1, stream.codec_context.channels))


def read_sound(path: StrPath, limits: Limits, channels: int) -> Iterator[Samples]:
    """Yield pieces of the clip's sound, float32 of shape (channels, n), without holes, from the clip's start.

    Raises
    ------
    MediaError
        The file cannot be read.
    """
    with open_media(path, limits) as container:
        stream = audio_stream(container)
        zero_s = clock_zero_s(container)
        written = 0
        for start_s, samples in _resampled(decoded(container, stream, DecodeReport()), zero_s, channels):
            room = round(limits.max_duration_s * RATE_HZ) - written
            hole = 0 if start_s is None else min(room, round(start_s * RATE_HZ) - written)
            if hole > _HOLE_S * RATE_HZ:
                yield np.zeros((channels, hole), np.float32)
                written += hole
            elif hole < -_HOLE_S * RATE_HZ:
                samples = samples[:, -hole:]  # told before: time stamps that run back, or a start before the clip's
            if samples.shape[1]:
                yield samples
                written += samples.shape[1]


def _resampled(frames: Iterator[Any], zero_s: float, channels: int) -> Iterator[tuple[float | None, Samples]]:
    """Yield (start time or None, samples); the track may change its format on the way."""
    layout = "mono" if channels == 1 else "stereo"
    resampler: Any = None
    kind: tuple[str, str, int] | None = None
    for frame in frames:
        own = (frame.format.name, frame.layout.name, frame.sample_rate)
        if own != kind:
            if resampler is not None:
                yield None, _joined(resampler.resample(None), channels)
            resampler, kind = av.AudioResampler(format="fltp", layout=layout, rate=RATE_HZ), own
        start_s = None if frame.pts is None else float(frame.pts * frame.time_base) - zero_s
        frame.pts = None  # holes are filled by the caller; they would make the resampler complain
        yield start_s, _joined(resampler.resample(frame), channels)
    if resampler is not None:
        yield None, _joined(resampler.resample(None), channels)


def _joined(frames: list[Any], channels: int) -> Samples:
    parts = [np.asarray(frame.to_ndarray(), np.float32) for frame in frames]
    joined = np.concatenate(parts, axis=1) if parts else np.zeros((channels, 0), np.float32)
    return np.clip(np.nan_to_num(joined), -1.0, 1.0)


def blocks(pieces: Iterator[Samples], length: int) -> Iterator[Samples]:
    """Cut pieces anew into blocks of one length; the last one is shorter."""
    rest: Samples | None = None
    for piece in pieces:
        rest = piece if rest is None else np.concatenate([rest, piece], axis=1)
        whole = rest.shape[1] - rest.shape[1] % length
        for first in range(0, whole, length):
            yield rest[:, first : first + length]
        rest = rest[:, whole:]
    if rest is not None and rest.shape[1]:
        yield rest
