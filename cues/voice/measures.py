"""The voice measures of a stretch of speech, each a number with a unit.

======================  ===========  ==================================================================================
code                    unit         what it is
======================  ===========  ==================================================================================
``f0_mean``             Hz           mean F0 of the voiced 10 ms steps
``f0_sd``               Hz           their standard deviation
``f0_range``            semitones    from the 5th to the 95th percentile of F0
``f0_slope``            semitones/s  straight-line slope of F0 within phrases, weighted by their voiced time
``loudness``            dB           RMS level of the speech relative to full scale; compares only within one set-up
``loudness_sd``         dB           standard deviation of the level of the voiced steps
``speech_rate``         syll/s       syllable nuclei per second of speech, pauses left out
``pause_ratio``         0-1          share of pauses in the time from first to last speech
``pause_count``         1            pauses of at least 0.2 s between phrases
``pause_mean``          s            their mean length
``jitter``              %            local: mean difference of neighbouring periods over the mean period
``shimmer``             %            local: the same for amplitudes
``hnr``                 dB           harmonics-to-noise ratio, mean over voiced steps
``alpha_ratio``         dB           energy in 1-5 kHz over energy in 50-1000 Hz, mean over voiced steps
``hammarberg``          dB           strongest peak in 0-2 kHz over that in 2-5 kHz, mean over voiced steps
``spectral_flux``       1            change of the magnitude spectrum from step to step, in units of the speech's RMS
======================  ===========  ==================================================================================
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from ..sound import HOP_S, Waveform
from ..speech.activity import Span
from .periods import Periods, find_periods, harmonicity
from .pitch import track_pitch, voiced_runs
from .spectrum import measure_spectra
from .syllables import find_nuclei

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measure:
    """One voice measure: its unit, and the smallest difference that counts (measuring error, not perception)."""

    unit: str
    resolution: float


#: Code -> measure, in the order in which cues are written.
MEASURES: Final[dict[str, Measure]] = {
    "f0_mean": Measure("Hz", 3.0),
    "f0_sd": Measure("Hz", 2.0),
    "f0_range": Measure("semitones", 0.5),
    "f0_slope": Measure("semitones/s", 1.0),
    "loudness": Measure("dB", 1.0),
    "loudness_sd": Measure("dB", 0.5),
    "speech_rate": Measure("syll/s", 0.25),
    "pause_ratio": Measure("0-1", 0.03),
    "pause_count": Measure("1", 1.0),
    "pause_mean": Measure("s", 0.05),
    "jitter": Measure("%", 0.1),
    "shimmer": Measure("%", 0.5),
    "hnr": Measure("dB", 0.5),
    "alpha_ratio": Measure("dB", 0.5),
    "hammarberg": Measure("dB", 0.5),
    "spectral_flux": Measure("1", 0.02),
}

#: Fewer voiced steps (10 ms each) than this are no voice to measure.
MIN_VOICED_HOPS = 10

_SEARCHED = 2000  # hops analysed at once: 20 s


@dataclass(frozen=True, slots=True)
class Analysis:
    """Everything that is measured over time, once per clip.

    Arrays have shape (n_hops,), one value per 10 ms, NaN outside ``spans``; ``nuclei_s`` are the times of the syllable
    nuclei. ``rms`` is that of all speech; ``reach_db`` the power in 5-7.5 kHz over that in 1-3.2 kHz.
    """

    spans: tuple[Span, ...]
    f0: Floats
    level_db: Floats
    hnr_db: Floats
    alpha_ratio_db: Floats
    hammarberg_db: Floats
    flux: Floats
    periods: Periods
    nuclei_s: Floats
    rms: float
    reach_db: float

    def hops(self, start_s: float, end_s: float) -> slice:
        """Slice of the steps between two times."""
        return slice(round(start_s / HOP_S), round(end_s / HOP_S))


def analyse(waveform: Waveform, spans: Sequence[Span]) -> Analysis:
    """Measure the speech of a clip over time; only ``spans`` are read, in blocks."""
    columns = {name: np.full(waveform.n_hops, np.nan) for name in ("f0", "level", "hnr", "alpha", "hammarberg", "flux")}
    peaks = waveform.hop_peaks()
    inside = np.zeros(waveform.n_hops, bool)
    for span in spans:
        inside[round(span.start_s / HOP_S) : round(span.end_s / HOP_S)] = True
    peak = float(peaks[inside].max()) if inside.any() else 0.0
    parts, narrow, wide = [], 0.0, 0.0
    for start, stop in _blocks(inside):
        f0 = columns["f0"][start:stop] = track_pitch(waveform, start, stop, peak)
        columns["hnr"][start:stop] = harmonicity(waveform, f0, start)
        parts.append(find_periods(waveform, f0, start))
        spectra = measure_spectra(waveform, start, stop)
        columns["level"][start:stop] = spectra.level_db
        columns["alpha"][start:stop] = spectra.alpha_ratio_db
        columns["hammarberg"][start:stop] = spectra.hammarberg_db
        columns["flux"][start:stop] = spectra.flux
        narrow += float(spectra.narrow_power.sum())
        wide += float(spectra.wide_power.sum())
    level = columns["level"]
    return Analysis(
        spans=tuple(spans),
        f0=columns["f0"],
        level_db=level,
        hnr_db=columns["hnr"],
        alpha_ratio_db=columns["alpha"],
        hammarberg_db=columns["hammarberg"],
        flux=columns["flux"],
        periods=Periods.join(parts),
        nuclei_s=_nuclei(level, columns["f0"], inside),
        rms=float(np.sqrt(np.mean(10 ** (level[inside] / 10)))) if inside.any() else 0.0,
        reach_db=float(10 * np.log10((wide + 1e-20) / (narrow + 1e-20))),
    )


def _blocks(inside: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Stretches of speech as hops [start, stop), none longer than ``_SEARCHED``."""
    return [
        (block, min(block + _SEARCHED, stop))
        for start, stop in voiced_runs(np.where(inside, 1.0, np.nan))
        for block in range(start, stop, _SEARCHED)
    ]


def _nuclei(level: Floats, f0: Floats, inside: npt.NDArray[np.bool_]) -> Floats:
    if not inside.any():
        return np.empty(0)
    loudest = float(np.percentile(level[inside], 99))
    runs = voiced_runs(np.where(inside, 1.0, np.nan))
    found = [find_nuclei(level[a:b], ~np.isnan(f0[a:b]), loudest) + a for a, b in runs]
    nuclei: Floats = (np.concatenate(found).astype(float) + 0.5) * HOP_S
    return nuclei


def summarise(analysis: Analysis, spans: Sequence[Span] | None = None) -> dict[str, float]:
    """Measures of all spans together, by code (see the module's table); what cannot be measured is left out.

    ``spans`` are consecutive spans of the analysis, all of them by default.
    """
    spans = analysis.spans if spans is None else spans
    if not spans:
        return {}
    values = {**_pitch(analysis, spans), **_timing(analysis, spans), **_timbre(analysis, spans)}
    return {code: float(values[code]) for code in MEASURES if code in values and np.isfinite(values[code])}


def _gather(column: Floats, analysis: Analysis, spans: Sequence[Span]) -> Floats:
    return np.concatenate([column[analysis.hops(span.start_s, span.end_s)] for span in spans])


def _pitch(analysis: Analysis, spans: Sequence[Span]) -> dict[str, float]:
    f0: Floats = _gather(analysis.f0, analysis, spans)
    f0 = f0[~np.isnan(f0)]
    if len(f0) < MIN_VOICED_HOPS:
        return {}
    low, high = np.percentile(f0, [5, 95])
    values = {
        "f0_mean": float(f0.mean()),
        "f0_sd": float(f0.std()),
        "f0_range": float(12 * np.log2(high / low)),
    }
    slopes = [(slope, n) for span in spans for slope, n in [phrase_slope(analysis, span)] if n]
    if slopes:
        values["f0_slope"] = sum(slope * n for slope, n in slopes) / sum(n for _, n in slopes)
    return values


def phrase_slope(analysis: Analysis, span: Span) -> tuple[float, int]:
    """Slope of F0 over a phrase in semitones per second and the number of voiced steps; (0, 0) below 0.3 s of them."""
    f0 = analysis.f0[analysis.hops(span.start_s, span.end_s)]
    voiced = np.flatnonzero(~np.isnan(f0))
    if len(voiced) < 3 * MIN_VOICED_HOPS:
        return 0.0, 0
    return float(np.polyfit(voiced * HOP_S, 12 * np.log2(f0[voiced]), 1)[0]), len(voiced)


def _timing(analysis: Analysis, spans: Sequence[Span]) -> dict[str, float]:
    speech_s = sum(span.duration_s for span in spans)
    pauses = [after.start_s - before.end_s for before, after in pairwise(spans)]
    nuclei = sum(int(np.diff(np.searchsorted(analysis.nuclei_s, [s.start_s, s.end_s]))[0]) for s in spans)
    values = {"pause_ratio": sum(pauses) / (spans[-1].end_s - spans[0].start_s), "pause_count": float(len(pauses))}
    if pauses:
        values["pause_mean"] = float(np.mean(pauses))
    if nuclei:
        values["speech_rate"] = nuclei / speech_s
    return values


def _timbre(analysis: Analysis, spans: Sequence[Span]) -> dict[str, float]:
    level = _gather(analysis.level_db, analysis, spans)
    voiced = ~np.isnan(_gather(analysis.f0, analysis, spans))
    values = {"loudness": 10 * np.log10(np.mean(10 ** (level / 10)))} if len(level) else {}
    if voiced.sum() < MIN_VOICED_HOPS:
        return values
    values["loudness_sd"] = level[voiced].std()
    values["spectral_flux"] = _gather(analysis.flux, analysis, spans)[voiced].mean() / max(analysis.rms, 1e-6)
    for code, column in (
        ("hnr", analysis.hnr_db),
        ("alpha_ratio", analysis.alpha_ratio_db),
        ("hammarberg", analysis.hammarberg_db),
    ):
        values[code] = _gather(column, analysis, spans)[voiced].mean()
    periods = analysis.periods.between(spans[0].start_s, spans[-1].end_s)
    return {**values, "jitter": periods.jitter_percent(), "shimmer": periods.shimmer_percent()}
