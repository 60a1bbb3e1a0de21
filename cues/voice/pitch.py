"""F0 over time: autocorrelation candidates and the cheapest path through them.

After P. Boersma, "Accurate short-term analysis of the fundamental frequency and the harmonics-to-noise ratio of a
sampled sound", IFA Proceedings 17 (1993), 97-110: the autocorrelation of each windowed frame is divided by that of
the window, its maxima are candidate periods, and a Viterbi search over time weighs their strength against octave
jumps and changes of voicing. Without that search 13.6 % of voiced frames were an octave off on the same material.
"""

import numpy as np
import numpy.typing as npt
import scipy.fft

from ..extractor import AUDIO_RATE_HZ
from ..sound import HOP, Waveform

Floats = npt.NDArray[np.float64]

#: Range of F0 that is looked for, Hz.
FLOOR_HZ = 65.0
CEILING_HZ = 600.0

#: Costs of the path search, as in the paper (per 10 ms).
SILENCE_THRESHOLD = 0.03
VOICING_THRESHOLD = 0.45
OCTAVE_COST = 0.01
OCTAVE_JUMP_COST = 0.35
VOICING_CHANGE_COST = 0.14

_CANDIDATES = 10

#: Voiced stretches of fewer frames are bursts and clicks: no voice starts and ends within 10 ms.
_SHORTEST_RUN = 2
_WINDOW = round(3 / FLOOR_HZ * AUDIO_RATE_HZ)
_LONGEST_LAG = round(AUDIO_RATE_HZ / FLOOR_HZ)
_FFT = 1024  # >= window + longest lag
_FINER = 2  # the autocorrelation is interpolated to half samples, then by parabola

#: Frames searched at once, and how many more on either side so that a block's ends do not matter.
_BLOCK = 1000
_OVERLAP = 25


def track_pitch(waveform: Waveform, first: int, last: int, peak: float) -> Floats:
    """F0 of the frames ``first:last``.

    Parameters
    ----------
    waveform : Waveform
        The clip's sound.
    first, last : int
        Frame k is centred in hop k, that is at (k + .5) hundredths of a second.
    peak : float
        Largest absolute sample of the speech: frames far below it count as unvoiced.

    Returns
    -------
    ndarray, shape (last - first,)
        Hz; NaN where unvoiced.
    """
    f0 = np.full(max(last - first, 0), np.nan)
    for start in range(first, last, _BLOCK):
        stop = min(start + _BLOCK, last)
        low, high = max(start - _OVERLAP, first), min(stop + _OVERLAP, last)
        block = _search_path(*_candidates(_frames(waveform, low, high), peak))
        f0[start - first : stop - first] = block[start - low : stop - low]
    for start, stop in voiced_runs(f0):
        if stop - start < _SHORTEST_RUN:
            f0[start:stop] = np.nan
    return f0


def voiced_runs(f0: Floats) -> list[tuple[int, int]]:
    """Stretches [start, stop) of ``f0`` without NaN.

    Examples
    --------
    >>> voiced_runs(np.array([np.nan, 100.0, 101.0, np.nan, 99.0]))
    [(1, 3), (4, 5)]
    """
    edges = np.diff(np.concatenate([[0], ~np.isnan(f0), [0]]).astype(int))
    return list(zip(np.flatnonzero(edges == 1).tolist(), np.flatnonzero(edges == -1).tolist(), strict=True))


def _frames(waveform: Waveform, first: int, last: int) -> npt.NDArray[np.float32]:
    """Frames of ``_WINDOW`` samples centred in the hops ``first:last``, shape (last - first, _WINDOW)."""
    begin = first * HOP + (HOP - _WINDOW) // 2
    sound = waveform.cut(begin, begin + (last - first - 1) * HOP + _WINDOW).astype(np.float32)
    return np.lib.stride_tricks.sliding_window_view(sound, _WINDOW)[::HOP]


def _candidates(frames: npt.NDArray[np.float32], peak: float) -> tuple[Floats, Floats]:
    """Candidate F0 (Hz, NaN = unvoiced) and strength (-inf = none), both of shape (n, 1 + _CANDIDATES).

    Candidate 0 is silence or noise. Periods shorter than that of ``CEILING_HZ`` compete for the places too, and are
    then dropped: hissing sounds have so many of them that their chance maxima at longer lags do not pass for voice.
    """
    centred = frames - frames.mean(axis=1, keepdims=True)
    correlation = _autocorrelation(centred)
    middle = correlation[:, 1:-1]
    is_peak = (middle > correlation[:, :-2]) & (middle >= correlation[:, 2:]) & (middle > VOICING_THRESHOLD / 2)
    is_peak[:, : 2 * _FINER] = False  # shorter than two samples
    octaves = np.log2(np.arange(1, correlation.shape[1] - 1) * FLOOR_HZ / (_FINER * AUDIO_RATE_HZ))
    strength = np.where(is_peak, middle - OCTAVE_COST * octaves, -np.inf)
    best = np.argpartition(-strength, _CANDIDATES, axis=1)[:, :_CANDIDATES]
    lag, height = _parabola(correlation, best + 1)
    f0 = _FINER * AUDIO_RATE_HZ / lag
    chosen = np.isfinite(np.take_along_axis(strength, best, axis=1)) & (f0 >= FLOOR_HZ) & (f0 <= CEILING_HZ)
    periodic = np.where(chosen, np.minimum(height, 1.0) - OCTAVE_COST * np.log2(CEILING_HZ / f0), -np.inf)
    half_period = _LONGEST_LAG // 2
    local_peak = np.abs(centred[:, _WINDOW // 2 - half_period : _WINDOW // 2 + half_period]).max(axis=1)
    loudness = local_peak / max(peak, 1e-9)
    unvoiced = VOICING_THRESHOLD + np.maximum(0.0, 2 - loudness * (1 + VOICING_THRESHOLD) / SILENCE_THRESHOLD)
    return (
        np.column_stack([np.full(len(frames), np.nan), np.where(chosen, f0, np.nan)]),
        np.column_stack([unvoiced, periodic]),
    )


def _autocorrelation(frames: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Normalised autocorrelation at lags of 1 / _FINER samples, window divided out, shape (n, lags)."""
    n_lags = _FINER * (_LONGEST_LAG + 2)
    window = np.hanning(_WINDOW + 2)[1:-1].astype(np.float32)
    both = np.concatenate([frames * window, window[None]])
    power = np.abs(scipy.fft.rfft(both, _FFT, axis=1)) ** 2
    power[:-1, 0] = 0  # what is left of a constant offset
    correlation = scipy.fft.irfft(power, _FINER * _FFT, axis=1)[:, :n_lags]
    correlation = correlation / np.maximum(correlation[:, :1], np.finfo(np.float32).tiny)
    normalised: npt.NDArray[np.float32] = correlation[:-1] / correlation[-1]
    return normalised


def _parabola(curve: npt.NDArray[np.float32], places: npt.NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Position and height of the maxima of each row near ``places`` (shape (n, k)), by a parabola through three."""
    left, mid, right = (np.take_along_axis(curve, places + step, axis=1).astype(float) for step in (-1, 0, 1))
    bend = left - 2 * mid + right
    shift = np.clip(np.divide(left - right, 2 * bend, out=np.zeros_like(mid), where=bend < 0), -0.5, 0.5)
    return places + shift, mid - (left - right) * shift / 4


def _search_path(f0: Floats, strength: Floats) -> Floats:
    """F0 along the path with the largest strength less the costs of its jumps (Viterbi), shape (n,)."""
    n, k = strength.shape
    octaves = np.log2(np.where(np.isnan(f0), 1.0, f0))
    is_voiced = ~np.isnan(f0)
    came_from = np.zeros((n, k), np.intp)
    score = strength[0]
    columns = np.arange(k)
    for frame in range(1, n):
        jump = OCTAVE_JUMP_COST * np.abs(octaves[frame - 1][:, None] - octaves[frame])
        change = is_voiced[frame - 1][:, None] != is_voiced[frame]
        total = score[:, None] - np.where(change, VOICING_CHANGE_COST, np.where(is_voiced[frame], jump, 0.0))
        came_from[frame] = total.argmax(axis=0)
        score = total[came_from[frame], columns] + strength[frame]
    path = np.empty(n, np.intp)
    path[-1] = int(score.argmax())
    for frame in range(n - 1, 0, -1):
        path[frame - 1] = came_from[frame, path[frame]]
    chosen: Floats = f0[np.arange(n), path]
    return chosen
