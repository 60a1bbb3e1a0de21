"""Spectral measures per 10 ms: alpha ratio, Hammarberg index, spectral flux, and the level they stand on.

Definitions after F. Eyben et al., "The Geneva Minimalistic Acoustic Parameter Set (GeMAPS) for Voice Research and
Affective Computing", IEEE Transactions on Affective Computing 7 (2016), 190-202; signs as openSMILE writes them.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.fft

from ..extractor import AUDIO_RATE_HZ
from ..sound import HOP, Waveform, power_to_db

Floats = npt.NDArray[np.float64]

_WINDOW = round(0.025 * AUDIO_RATE_HZ)
_FFT = 512
_BLOCK = 2000
_TINY = 1e-12

_HZ = np.fft.rfftfreq(_FFT, 1 / AUDIO_RATE_HZ)
_LOW = (_HZ >= 50) & (_HZ < 1000)
_HIGH = (_HZ >= 1000) & (_HZ < 5000)
_PEAK_LOW = _HZ < 2000
_PEAK_HIGH = (_HZ >= 2000) & (_HZ < 5000)
#: A telephone or 8 kHz recording has nothing in the second band.
_NARROW = (_HZ >= 1000) & (_HZ < 3200)
_WIDE = (_HZ >= 5000) & (_HZ < 7500)


@dataclass(frozen=True, slots=True)
class Spectra:
    """Per hop, shape (n,): see the measures of ``cues/voice/measures.py``.

    ``flux`` is in the units of the samples; it has to be divided by the speech's RMS. ``narrow_power`` and
    ``wide_power`` say whether the recording reaches above 4 kHz.
    """

    level_db: Floats
    alpha_ratio_db: Floats
    hammarberg_db: Floats
    flux: Floats
    narrow_power: Floats
    wide_power: Floats


def measure_spectra(waveform: Waveform, first: int, last: int) -> Spectra:
    """Measure the hops ``first:last``; the window of 25 ms is centred in the hop."""
    blocks = [_measure(waveform, start, min(start + _BLOCK, last)) for start in range(first, last, _BLOCK)]
    columns = zip(*blocks, strict=True) if blocks else [(np.empty(0),)] * 6
    return Spectra(*(np.concatenate(column) for column in columns))


def _measure(waveform: Waveform, first: int, last: int) -> tuple[Floats, ...]:
    # One hop more in front: flux compares each hop with the one before.
    begin = (first - 1) * HOP + (HOP - _WINDOW) // 2
    sound = waveform.cut(begin, begin + (last - first) * HOP + _WINDOW)
    frames = np.lib.stride_tricks.sliding_window_view(sound, _WINDOW)[::HOP]
    window = np.hanning(_WINDOW + 2)[1:-1]
    spectrum = np.abs(scipy.fft.rfft(frames * window, _FFT, axis=1)) / np.sqrt((window**2).sum() * _FFT / 2)
    power = spectrum[1:] ** 2
    level_db = power_to_db((frames[1:] ** 2 * window).sum(axis=1) / window.sum())
    alpha = 10 * np.log10((power[:, _HIGH].sum(axis=1) + _TINY) / (power[:, _LOW].sum(axis=1) + _TINY))
    hammarberg = 10 * np.log10((power[:, _PEAK_LOW].max(axis=1) + _TINY) / (power[:, _PEAK_HIGH].max(axis=1) + _TINY))
    flux = np.sqrt(((spectrum[1:] - spectrum[:-1]) ** 2).sum(axis=1))
    return level_db, alpha, hammarberg, flux, power[:, _NARROW].mean(axis=1), power[:, _WIDE].mean(axis=1)
