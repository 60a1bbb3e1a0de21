"""Single glottal periods: their lengths (jitter), their amplitudes (shimmer), their likeness (harmonicity).

Definitions follow the local measures of Praat's manual ("Voice 2. Jitter", "Voice 3. Shimmer", "Harmonicity").
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..extractor import AUDIO_RATE_HZ
from ..sound import HOP, Waveform
from .pitch import voiced_runs

Floats = npt.NDArray[np.float64]

#: Neighbouring periods that differ by more are not compared: one of them is a tracking error.
PERIOD_FACTOR = 1.3
AMPLITUDE_FACTOR = 1.6

#: The next pulse is looked for at .8 to 1.25 periods, and must look like this one at least this much.
_SHORTEST, _LONGEST = 0.8, 1.25
_LIKENESS = 0.3

#: Harmonicity compares this much sound with itself one period later; two periods of the lowest voice.
_COMPARED = 2 * AUDIO_RATE_HZ // 70

_NO_FLOATS = np.empty(0)


@dataclass(frozen=True, slots=True)
class Periods:
    """Neighbouring glottal periods. All arrays have shape (m,); entry i is one pair of neighbours.

    Attributes
    ----------
    time_s : ndarray
        The pulse between the two periods.
    length_s, length_step_s : ndarray
        Mean length of the two and absolute difference; NaN where they are not comparable.
    amplitude, amplitude_step : ndarray
        The same for the RMS amplitude around the pulse and its successor.
    """

    time_s: Floats
    length_s: Floats
    length_step_s: Floats
    amplitude: Floats
    amplitude_step: Floats

    @classmethod
    def join(cls, parts: "list[Periods]") -> "Periods":
        """All pairs of several stretches, in the order given."""
        names = ("time_s", "length_s", "length_step_s", "amplitude", "amplitude_step")
        return cls(*(np.concatenate([_NO_FLOATS, *(getattr(part, name) for part in parts)]) for name in names))

    def between(self, start_s: float, end_s: float) -> "Periods":
        """Pairs whose pulse lies in ``[start_s, end_s)``."""
        first, last = np.searchsorted(self.time_s, [start_s, end_s])
        keep = slice(int(first), int(last))
        return Periods(
            self.time_s[keep],
            self.length_s[keep],
            self.length_step_s[keep],
            self.amplitude[keep],
            self.amplitude_step[keep],
        )

    def jitter_percent(self) -> float:
        """Mean absolute difference of neighbouring periods, in percent of the mean period; NaN without pairs."""
        return _mean_step_percent(self.length_step_s, self.length_s)

    def shimmer_percent(self) -> float:
        """Mean absolute difference of neighbouring amplitudes, in percent of the mean; NaN without pairs."""
        return _mean_step_percent(self.amplitude_step, self.amplitude)


def find_periods(waveform: Waveform, f0: Floats, first: int) -> Periods:
    """Pairs of neighbouring periods in the voiced stretches of ``f0`` (Hz per hop, from hop ``first`` on)."""
    parts = []
    for start, stop in voiced_runs(f0):
        begin, end = (first + start) * HOP, (first + stop) * HOP
        margin = 2 * _COMPARED
        sound = waveform.cut(begin - margin, end + margin)
        pulses = _pulses(sound, margin, margin + end - begin, f0[start:stop])
        if len(pulses) >= 3:
            parts.append(_pairs(sound, pulses, (begin - margin) / AUDIO_RATE_HZ))
    return Periods.join(parts)


def harmonicity(waveform: Waveform, f0: Floats, first: int) -> Floats:
    """Harmonics-to-noise ratio of each voiced hop, dB (NaN where unvoiced), shape of ``f0``.

    The likeness r of the sound around the hop and the sound one period later (normalised cross-correlation, largest
    value within two samples of the tracked period) gives 10 log10(r / (1 - r)).
    """
    ratio = np.full(len(f0), np.nan)
    voiced = np.flatnonzero(~np.isnan(f0))
    if not len(voiced):
        return ratio
    low = first * HOP - 2 * _COMPARED
    sound = waveform.cut(low, (first + len(f0)) * HOP + 2 * _COMPARED)
    lags = AUDIO_RATE_HZ / f0[voiced]
    begins = np.round((first + voiced + 0.5) * HOP - low - (_COMPARED + lags) / 2).astype(int)
    here = _windows(sound, begins)
    shifts = np.arange(-3, 4)
    likeness = np.stack(
        [_normalised_product(here, _windows(sound, begins + np.round(lags).astype(int) + shift)) for shift in shifts]
    )
    best = np.clip(likeness.argmax(axis=0), 1, len(shifts) - 2)
    left, mid, right = (np.take_along_axis(likeness, (best + step)[None], axis=0)[0] for step in (-1, 0, 1))
    bend = np.minimum(left - 2 * mid + right, -1e-12)
    r = np.clip(mid - (left - right) ** 2 / (8 * bend), 1e-3, 1 - 1e-5)
    ratio[voiced] = 10 * np.log10(r / (1 - r))
    return ratio


def _pulses(sound: Floats, begin: int, end: int, f0: Floats) -> Floats:
    """Places of the pulses of one voiced stretch in samples of ``sound``, in order.

    From the largest excursion in the middle, one period after the other in both directions, each placed where the
    sound looks most like that around the last one.
    """
    periods = AUDIO_RATE_HZ / f0
    middle = (begin + end) // 2
    half = int(periods[len(periods) // 2] / 2)
    start = middle - half + int(np.abs(sound[middle - half : middle + half + 1]).argmax())
    found = [float(start)]
    for way in (-1, 1):
        place = float(start)
        while True:
            hop = min(max(int(place - begin) // HOP, 0), len(periods) - 1)
            step = _step(sound, round(place), periods[hop], way)
            if step is None or not begin <= place + way * step < end:
                break
            place += way * step
            found.append(place)
    return np.sort(np.array(found))


def _step(sound: Floats, place: int, period: float, way: int) -> float | None:
    """Distance to the next pulse in direction ``way``; None where nothing looks alike."""
    half = int(period / 2)
    shortest, longest = int(_SHORTEST * period) - 1, int(_LONGEST * period) + 2
    here = sound[place - half : place + half + 1]
    near = place + way * (shortest if way > 0 else longest) - half
    there = sound[near : near + longest - shortest + 2 * half + 1]
    if near < 0 or len(there) < longest - shortest + 2 * half + 1:
        return None
    likeness = np.correlate(there, here, "valid")
    squares = np.concatenate([[0.0], np.cumsum(there**2)])
    energy = squares[2 * half + 1 :] - squares[: -2 * half - 1]
    likeness = likeness / np.sqrt(np.maximum(energy * np.dot(here, here), 1e-20))
    best = int(likeness.argmax())
    if likeness[best] < _LIKENESS or not 0 < best < len(likeness) - 1:
        return None
    left, mid, right = likeness[best - 1 : best + 2]
    bend = left - 2 * mid + right
    place_in = best + (0.5 * (left - right) / bend if bend < 0 else 0.0)
    return float(shortest + place_in if way > 0 else longest - place_in)


def _pairs(sound: Floats, pulses: Floats, origin_s: float) -> Periods:
    lengths = np.diff(pulses)
    around = np.linspace(-0.2, 0.2, 41)
    weight = np.cos(np.pi * around / 0.4) ** 2
    widths = np.minimum(np.append(lengths, lengths[-1]), np.insert(lengths, 0, lengths[0]))
    places = pulses[:, None] + widths[:, None] * around
    values = np.interp(places.ravel(), np.arange(len(sound)), sound).reshape(places.shape)
    amplitudes = np.sqrt((values**2 * weight).sum(axis=1) / weight.sum())
    length, length_step = _neighbours(lengths, PERIOD_FACTOR)
    amplitude, amplitude_step = _neighbours(amplitudes[1:], AMPLITUDE_FACTOR)
    times = origin_s + pulses[1:-1] / AUDIO_RATE_HZ
    return Periods(times, length / AUDIO_RATE_HZ, length_step / AUDIO_RATE_HZ, amplitude, amplitude_step)


def _neighbours(values: Floats, factor: float) -> tuple[Floats, Floats]:
    """Mean and absolute difference of neighbours; NaN where they differ by more than ``factor``."""
    one, other = values[:-1], values[1:]
    alike = (np.maximum(one, other) <= factor * np.minimum(one, other)) & (np.minimum(one, other) > 0)
    return np.where(alike, (one + other) / 2, np.nan), np.where(alike, np.abs(one - other), np.nan)


def _mean_step_percent(steps: Floats, values: Floats) -> float:
    valid = ~np.isnan(steps)
    return float(100 * steps[valid].mean() / values[valid].mean()) if valid.any() else float("nan")


def _windows(sound: Floats, begins: npt.NDArray[np.int_]) -> Floats:
    view = np.lib.stride_tricks.sliding_window_view(sound, _COMPARED)
    windows = view[np.clip(begins, 0, len(view) - 1)]
    centred: Floats = windows - windows.mean(axis=1, keepdims=True)
    return centred


def _normalised_product(one: Floats, other: Floats) -> Floats:
    scale = np.sqrt(np.einsum("ij,ij->i", one, one) * np.einsum("ij,ij->i", other, other))
    product: Floats = np.einsum("ij,ij->i", one, other) / np.maximum(scale, 1e-20)
    return product
