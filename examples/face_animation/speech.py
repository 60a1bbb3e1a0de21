"""Voices with known truth: a formant synthesiser that needs nothing, and espeak-ng for words.

The synthesiser follows the source-filter model: a pulse train at a known F0 with a falling spectrum, through three
resonators per vowel (formants after Peterson & Barney 1952), one consonant-like noise burst before each vowel.
"""

import io
import shutil
import subprocess
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import signal

Floats = npt.NDArray[np.float64]

RATE_HZ = 16_000
#: First three formants of a man's vowels, Hz.
VOWELS = {
    "i": (270, 2290, 3010),
    "e": (530, 1840, 2480),
    "a": (730, 1090, 2440),
    "o": (570, 840, 2410),
    "u": (300, 870, 2240),
}
BANDWIDTHS_HZ = (60.0, 90.0, 140.0)


@dataclass(frozen=True, slots=True)
class Speech:
    """Samples (float32 mono at RATE_HZ) and their truth.

    ``f0_hz`` holds F0 at each sample, zero where there is no voice; ``nuclei_s`` the middle of each syllable;
    ``pauses_s`` start and end of each silence between phrases.
    """

    samples: npt.NDArray[np.float32]
    f0_hz: Floats
    nuclei_s: tuple[float, ...]
    pauses_s: tuple[tuple[float, float], ...]
    rate_hz: int = RATE_HZ


def synthesise(
    phrases: Sequence[int] = (6, 5),
    *,
    f0_at: Callable[[float], float] | float = 120.0,
    syllables_per_s: float = 4.0,
    pause_s: float = 0.5,
    lead_s: float = 0.3,
    level: float = 0.2,
    noise: float = 0.0005,
    formant_scale: float = 1.0,
    seed: int = 0,
) -> Speech:
    """Speak phrases of so many syllables each.

    Parameters
    ----------
    phrases : sequence of int
        Syllables per phrase; phrases are ``pause_s`` apart, with ``lead_s`` of silence at both ends.
    f0_at : float or callable
        F0 in Hz, or a function of time in seconds.
    level : float
        Root mean square of the voiced part.
    formant_scale : float
        1 for a long vocal tract, about 1.17 for a short one.
    """
    rng = np.random.default_rng(seed)
    contour = f0_at if callable(f0_at) else (lambda _: float(f0_at))
    length_s = 1 / syllables_per_s
    starts, pauses, now = [], [], lead_s
    for n in phrases:
        starts += [now + i * length_s for i in range(n)]
        pauses.append((now + n * length_s, now + n * length_s + pause_s))
        now += n * length_s + pause_s
    total = round((now - pause_s + lead_s) * RATE_HZ)
    f0 = np.array([contour(t) for t in np.arange(total) / RATE_HZ])
    source = _glottal_pulses(f0)
    voice, voiced = np.zeros(total), np.zeros(total, bool)
    for start in starts:
        first, last = round((start + 0.2 * length_s) * RATE_HZ), round((start + 0.98 * length_s) * RATE_HZ)
        formants = [f * formant_scale for f in VOWELS[rng.choice(list(VOWELS))]]
        shape = signal.windows.tukey(last - first, 0.5)
        voice[first:last] += _normalised(_resonate(source[first:last], formants)) * shape * rng.uniform(0.8, 1.0)
        voiced[first:last] = True
        burst = round((start + 0.05 * length_s) * RATE_HZ)
        voice[burst:first] += 0.15 * rng.standard_normal(first - burst) * signal.windows.hann(first - burst)
    voice *= level / np.sqrt(np.mean(voice[voiced] ** 2))
    voice += noise * rng.standard_normal(total)
    return Speech(
        samples=np.clip(voice, -1, 1).astype(np.float32),
        f0_hz=np.where(voiced, f0, 0.0),
        nuclei_s=tuple(start + 0.59 * length_s for start in starts),
        pauses_s=tuple(pauses[:-1]),
    )


def _glottal_pulses(f0_hz: Floats) -> Floats:
    """Rosenberg pulses, differentiated: flow opens for 40 % of a period and closes in 16 %."""
    phase = np.cumsum(f0_hz / RATE_HZ) % 1.0
    opening, closing = phase < 0.4, (phase >= 0.4) & (phase < 0.56)
    flow = np.where(opening, 0.5 - 0.5 * np.cos(np.pi * phase / 0.4), 0.0)
    flow = np.where(closing, np.cos(0.5 * np.pi * (phase - 0.4) / 0.16), flow)
    return np.diff(flow, prepend=flow[0])


def _resonate(source: Floats, formants_hz: Sequence[float]) -> Floats:
    out = source
    for frequency, bandwidth in zip(formants_hz, BANDWIDTHS_HZ, strict=True):
        radius = np.exp(-np.pi * bandwidth / RATE_HZ)
        poles = [1.0, -2 * radius * np.cos(2 * np.pi * frequency / RATE_HZ), radius**2]
        out = signal.lfilter([sum(poles)], poles, out)
    return np.asarray(out, float)


def _normalised(sound: Floats) -> Floats:
    return sound / max(float(np.sqrt(np.mean(sound**2))), 1e-9)


def espeak(
    text: str, *, words_per_minute: int = 160, pitch: int = 50, voice: str = "en"
) -> tuple[npt.NDArray[np.float32], int]:
    """Say words with espeak-ng; returns mono samples in [-1, 1] and their rate (Hz).

    Raises
    ------
    FileNotFoundError
        espeak-ng is not installed.
    """
    program = shutil.which("espeak-ng")
    if program is None:
        raise FileNotFoundError("espeak-ng is needed to say words: apt-get install espeak-ng")
    command = [program, "-v", voice, "-s", str(words_per_minute), "-p", str(pitch), "--stdout", text]
    spoken = subprocess.run(command, check=True, capture_output=True).stdout
    with wave.open(io.BytesIO(spoken)) as sound:
        # A streamed WAV header holds no true length, so everything that follows is read.
        data = np.frombuffer(sound.readframes(len(spoken)), "<i2")
        return (data / 32768).astype(np.float32), sound.getframerate()
