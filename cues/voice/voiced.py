"""Stretches of voiced sound: what is measured as speech when the voice-activity network is missing."""

import numpy as np

from ..sound import HOP_S, Waveform
from ..speech.activity import MIN_PAUSE_S, Span
from .pitch import track_pitch, voiced_runs

#: Shorter voiced stretches are as likely noise as speech.
_MIN_VOICED_S = 0.3
_BLOCK = 6000


def find_voiced(waveform: Waveform) -> list[Span]:
    """Spans of voiced sound, joined over unvoiced stretches shorter than a pause. Tones and music pass as voice."""
    peaks = waveform.hop_peaks()
    peak = float(peaks.max()) if len(peaks) else 0.0
    f0 = np.full(waveform.n_hops, np.nan)
    for start in range(0, waveform.n_hops, _BLOCK):
        stop = min(start + _BLOCK, waveform.n_hops)
        f0[start:stop] = track_pitch(waveform, start, stop, peak)
    joined: list[tuple[int, int]] = []
    for start, stop in voiced_runs(f0):
        if joined and (start - joined[-1][1]) * HOP_S < MIN_PAUSE_S:
            joined[-1] = (joined[-1][0], stop)
        else:
            joined.append((start, stop))
    return [
        Span(round(start * HOP_S, 3), round(stop * HOP_S, 3), 0.5)
        for start, stop in joined
        if (stop - start) * HOP_S >= _MIN_VOICED_S
    ]
