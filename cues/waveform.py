"""The sound of a clip: mono, 16 kHz, finite, on the same clock as the frames."""

from array import array
from collections.abc import Iterator
from typing import Any, Final

import av
import av.error
import numpy as np
import numpy.typing as npt

from .container import StrPath, audio_stream, clock_zero_s, limit_error, media_error, open_media
from .extractor import AUDIO_RATE_HZ, Audio
from .frames import DecodeReport, decoded
from .limits import Limits

#: swresample mixes no more channels than this.
_MOST_CHANNELS: Final = 64
#: Rates outside are forged or of no use for speech; a forged one turns a small file into gigabytes.
_RATES_HZ: Final = (2_000, 768_000)
#: A hole in the time stamps longer than this is silence in the sound; shorter ones are rounding.
_HOLE_S: Final = 0.05


def read_audio(path: StrPath, limits: Limits | None = None, *, report: DecodeReport | None = None) -> Audio | None:
    """Whole waveform of a clip's default audio track; None when it has none.

    Samples that are no number or infinite become 0 and are counted in ``report.damaged``; holes in the time stamps
    and a late start become silence, so that sound and frames stay together. Stereo is averaged; more channels are
    mixed as ITU-R BS.775 says (libswresample).

    Raises
    ------
    MediaError
        The file cannot be read, breaks a limit, or its audio track cannot be decoded.
    """
    limits = limits or Limits()
    report = report or DecodeReport()
    with open_media(path, limits) as container:
        stream = audio_stream(container)
        if stream is None:
            return None
        _check_format(path, stream.codec_context)
        zero_s = clock_zero_s(container)
        if stream.duration is not None and stream.time_base and stream.start_time is not None:
            report.declared_s = float((stream.start_time + stream.duration) * stream.time_base) - zero_s
        samples = _assembled(path, _placed(decoded(container, stream, report), zero_s), limits)
    if len(samples) == 0:
        why = f" ({'; '.join(sorted(report.reasons))})" if report.reasons else ""
        raise media_error(path, f"its audio track cannot be decoded{why}")
    report.end_s = len(samples) / AUDIO_RATE_HZ
    return Audio(_finite(samples, report))


def _check_format(path: StrPath, codec_context: Any) -> None:
    rate_hz, channels = codec_context.sample_rate, codec_context.channels
    if channels > _MOST_CHANNELS:
        raise media_error(path, f"declares {channels} audio channels; at most {_MOST_CHANNELS} can be mixed")
    low, high = _RATES_HZ
    if rate_hz and not low <= rate_hz <= high:
        raise media_error(path, f"declares {rate_hz} audio samples per second; expected {low} to {high}")


def _placed(frames: Iterator[Any], zero_s: float) -> Iterator[tuple[float | None, npt.NDArray[np.float32]]]:
    """Yield (start time or None, mono samples at 16 kHz), resampled; the track may change its format on the way."""
    mixer: _Mixer | None = None
    for frame in frames:
        if mixer is None or not mixer.fits(frame):
            if mixer is not None:
                yield None, mixer.rest()
            mixer = _Mixer(frame)
        start_s = None if frame.pts is None else float(frame.pts * frame.time_base) - zero_s
        yield start_s, mixer.mono(frame)
    if mixer is not None:
        yield None, mixer.rest()


class _Mixer:
    """Resamples frames of one format to mono at 16 kHz."""

    def __init__(self, frame: Any) -> None:
        self._format = self._format_of(frame)
        # Two channels are averaged here: swresample's own mix of floats would raise the level by 3 dB.
        layout = "stereo" if frame.layout.nb_channels == 2 else "mono"
        self._resampler = av.AudioResampler(format="fltp", layout=layout, rate=AUDIO_RATE_HZ)

    @staticmethod
    def _format_of(frame: Any) -> tuple[str, str, int]:
        return frame.format.name, frame.layout.name, frame.sample_rate

    def fits(self, frame: Any) -> bool:
        return self._format == self._format_of(frame)

    def mono(self, frame: Any) -> npt.NDArray[np.float32]:
        # Time stamps are handled by the caller; a hole would make the resampler complain.
        frame.pts = None
        return self._joined(self._resampler.resample(frame))

    def rest(self) -> npt.NDArray[np.float32]:
        return self._joined(self._resampler.resample(None))

    @staticmethod
    def _joined(frames: list[Any]) -> npt.NDArray[np.float32]:
        parts = [np.mean(frame.to_ndarray(), axis=0, dtype=np.float32) for frame in frames]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def _assembled(
    path: StrPath, parts: Iterator[tuple[float | None, npt.NDArray[np.float32]]], limits: Limits
) -> npt.NDArray[np.float32]:
    """One array; holes between the parts are filled with silence."""
    most = int(limits.max_duration_s * AUDIO_RATE_HZ)
    # An array grows in place; joining pieces at the end would hold an hour of sound twice.
    track = array("f")
    written = 0
    for start_s, samples in parts:
        hole = 0 if start_s is None else round(min(start_s, 2 * limits.max_duration_s) * AUDIO_RATE_HZ) - written
        if hole <= _HOLE_S * AUDIO_RATE_HZ:
            hole = 0
        if written + hole + len(samples) > most + AUDIO_RATE_HZ:
            raise limit_error(path, f"the audio is longer than the limit of {limits.max_duration_s:g} s")
        track.frombytes(bytes(4 * hole))
        track.frombytes(np.ascontiguousarray(samples, np.float32).tobytes())
        written += hole + len(samples)
    return np.frombuffer(track, np.float32)


def _finite(samples: npt.NDArray[np.float32], report: DecodeReport) -> npt.NDArray[np.float32]:
    bad = ~np.isfinite(samples)
    if bad.any():
        report.note(ValueError(f"{np.count_nonzero(bad)} samples are not finite numbers"))
        samples[bad] = 0.0
    return np.clip(samples, -1.0, 1.0, out=samples)
