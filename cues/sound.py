"""The waveform as the voice and speech extractors read it: safe to measure, in blocks.

Only blocks are copied, so an hour of sound costs no more extra memory than a minute.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import MediaError
from .extractor import AUDIO_RATE_HZ, Audio

#: Grid of every voice measure over time: one value each 10 ms.
HOP_S = 0.01
HOP = int(AUDIO_RATE_HZ * HOP_S)

#: Level given to digital silence, dB relative to full scale; far below any recording (16 bit ends at -98).
FLOOR_DB = -120.0

#: A clip in which no 10 ms reach this level (dB relative to full scale) is silent.
SILENT_BELOW_DB = -70.0

_BLOCK = 60 * AUDIO_RATE_HZ


@dataclass(frozen=True, slots=True)
class Waveform:
    """Samples of a clip and their constant offset.

    Attributes
    ----------
    samples : ndarray of float32, shape (n,)
        As decoded, mono, at ``AUDIO_RATE_HZ``; never copied as a whole.
    offset : float
        Mean of the finite samples, subtracted from every cut.
    """

    samples: npt.NDArray[np.float32]
    offset: float

    @classmethod
    def of(cls, audio: Audio) -> "Waveform":
        """Take the sound of a clip.

        Raises
        ------
        MediaError
            The rate is not ``AUDIO_RATE_HZ`` or there is more than one channel.
        """
        if audio.rate_hz != AUDIO_RATE_HZ:
            raise MediaError(f"audio at {audio.rate_hz} Hz; expected {AUDIO_RATE_HZ} Hz: resample it first")
        if audio.samples.ndim != 1:
            raise MediaError(f"audio of shape {audio.samples.shape}; expected one channel, (n,): mix it down first")
        total, n = 0.0, len(audio.samples)
        for start in range(0, n, _BLOCK):
            total += float(_safe(audio.samples[start : start + _BLOCK]).sum())
        return cls(audio.samples, total / n if n else 0.0)

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.samples) / AUDIO_RATE_HZ

    @property
    def n_hops(self) -> int:
        """Number of whole 10 ms steps; step k spans k to k + 1 hundredths of a second."""
        return len(self.samples) // HOP

    def cut(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """Copy the samples ``start:stop`` without offset; zeros where the clip has none (before 0, after its end).

        Values that are not finite become 0, those beyond full scale are clipped.
        """
        cut = np.zeros(max(stop - start, 0))
        first, last = max(start, 0), min(stop, len(self.samples))
        if first < last:
            cut[first - start : last - start] = _safe(self.samples[first:last]) - self.offset
        return cut

    def hop_levels(self) -> npt.NDArray[np.float64]:
        """RMS level of each 10 ms step, dB relative to full scale, shape (n_hops,)."""
        power = np.empty(self.n_hops)
        for first, last, block in self._hop_blocks():
            power[first:last] = np.mean(block**2, axis=1)
        return power_to_db(power)

    def hop_peaks(self) -> npt.NDArray[np.float64]:
        """Largest absolute sample of each 10 ms step, shape (n_hops,)."""
        peaks = np.empty(self.n_hops)
        for first, last, block in self._hop_blocks():
            peaks[first:last] = np.abs(block).max(axis=1)
        return peaks

    def _hop_blocks(self) -> Iterator[tuple[int, int, npt.NDArray[np.float64]]]:
        per_block = _BLOCK // HOP
        for first in range(0, self.n_hops, per_block):
            last = min(first + per_block, self.n_hops)
            yield first, last, self.cut(first * HOP, last * HOP).reshape(last - first, HOP)


def power_to_db(power: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Decibels of a power relative to full scale, not below ``FLOOR_DB``.

    Examples
    --------
    >>> power_to_db(np.array([1.0, 0.01, 0.0])).tolist()
    [0.0, -20.0, -120.0]
    """
    decibels: npt.NDArray[np.float64] = 10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10)))
    return decibels


def _safe(samples: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    finite = np.nan_to_num(samples.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    safe: npt.NDArray[np.float64] = np.clip(finite, -1.0, 1.0, out=finite)
    return safe
