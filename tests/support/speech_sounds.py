"""Sounds with known truth for the voice and speech tests: pulse trains through formants, babble, espeak-ng, recordings.

Nothing here uses the code under test.
"""

import shutil
import subprocess
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import gcd
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from scipy.signal import lfilter, resample_poly

RATE_HZ = 16_000
Floats = npt.NDArray[np.float64]

#: Pulses are placed on a grid this much finer than the samples: 0.5 % of jitter is half a sample at 16 kHz.
_FINER = 8
_FINE_HZ = RATE_HZ * _FINER

#: Formant frequencies and bandwidths (Hz) of three vowels, after Peterson & Barney (1952).
VOWELS = {
    "a": ((730, 90), (1090, 110), (2440, 160)),
    "i": ((270, 60), (2290, 120), (3010, 180)),
    "u": ((300, 60), (870, 90), (2240, 150)),
}
_NEUTRAL = ((600, 80), (1200, 100), (2500, 150))

WORDS = Path("/usr/share/sounds/alsa")
SENTENCES = (
    "Please remember to take an umbrella.",
    "Tomorrow will be cloudy in the morning.",
    "My sister lives near the old station.",
    "We could meet again next week.",
)


def pulse_train(
    periods_s: Floats,
    duration_s: float,
    amplitudes: Floats | None = None,
    formants: Sequence[tuple[float, float]] = _NEUTRAL,
) -> Floats:
    """Glottal pulses at the cumulated periods, through a spectral tilt and formants; peak 0.5."""
    source = np.zeros(round(duration_s * RATE_HZ) * _FINER)
    places = np.round(np.cumsum(periods_s) * _FINE_HZ).astype(int)
    inside = places < len(source)
    source[places[inside]] = 1.0 if amplitudes is None else amplitudes[inside]
    sound = lfilter([1], [1, -np.exp(-2 * np.pi * 100 / _FINE_HZ)], source)
    for hz, width_hz in formants:
        radius = np.exp(-np.pi * width_hz / _FINE_HZ)
        sound = lfilter([1], [1, -2 * radius * np.cos(2 * np.pi * hz / _FINE_HZ), radius**2], sound)
    sound = np.diff(resample_poly(sound, 1, _FINER), prepend=0.0)
    return sound / np.abs(sound).max() * 0.5


def voice(f0_hz: Floats, formants: Sequence[tuple[float, float]] = _NEUTRAL) -> Floats:
    """Voice whose F0 follows ``f0_hz`` (one value per 10 ms)."""
    duration_s = len(f0_hz) / 100
    periods, time_s = [], 0.0
    while time_s < duration_s:
        period_s = 1 / np.interp(time_s, (np.arange(len(f0_hz)) + 0.5) / 100, f0_hz)
        periods.append(period_s)
        time_s += period_s
    return pulse_train(np.array(periods), duration_s, formants=formants)


def with_noise(sound: Floats, snr_db: float, seed: int = 0) -> Floats:
    """The sound with white noise, peak 0.5."""
    noise = np.random.default_rng(seed).standard_normal(len(sound))
    noisy = sound + noise * np.sqrt(np.mean(sound**2)) * 10 ** (-snr_db / 20)
    return noisy / np.abs(noisy).max() * 0.5


@dataclass(frozen=True)
class Babble:
    """Syllables without words, and what is true of them."""

    sound: Floats
    syllables: int
    speech_s: float
    pauses: tuple[tuple[float, float], ...]


def babble(
    rate_hz: float, f0_hz: float, phrases: Sequence[int] = (8, 7, 9), pause_s: float = 0.5, seed: int = 0
) -> Babble:
    """Phrases of vowel syllables at ``rate_hz`` syllables a second, each between hisses of a fifth of its length."""
    rng = np.random.default_rng(seed)
    parts, pauses, now_s, speech_s = [np.zeros(RATE_HZ // 2)], [], 0.5, 0.0
    for number, syllables in enumerate(phrases):
        fall = np.linspace(1.15, 0.85, syllables)
        phrase = np.concatenate([_syllable(1 / rate_hz, f0_hz * fall[i], rng) for i in range(syllables)])
        parts.append(phrase)
        now_s += len(phrase) / RATE_HZ
        speech_s += len(phrase) / RATE_HZ
        if number < len(phrases) - 1:
            parts.append(np.zeros(round(pause_s * RATE_HZ)))
            pauses.append((now_s, now_s + pause_s))
            now_s += pause_s
    parts.append(np.zeros(RATE_HZ // 2))
    sound = np.concatenate(parts) + 1e-4 * rng.standard_normal(sum(map(len, parts)))
    return Babble(sound, sum(phrases), speech_s, tuple(pauses))


def _syllable(length_s: float, f0_hz: float, rng: np.random.Generator) -> Floats:
    vowel_hops = max(round(length_s * 80), 6)
    drift = f0_hz * (1 + 0.03 * np.sin(np.linspace(0, np.pi, vowel_hops)))
    vowel = voice(drift, VOWELS[str(rng.choice(list(VOWELS)))])
    vowel = vowel * np.sin(np.linspace(0.15, np.pi - 0.15, len(vowel))) ** 0.7
    n_hiss = max(round(length_s * RATE_HZ) - len(vowel), 160)
    hiss = np.diff(rng.standard_normal(n_hiss), prepend=0.0) * 0.02
    return np.concatenate([hiss * np.hanning(n_hiss), vowel])


def read_wav(path: Path) -> Floats:
    """Sixteen-bit wave file as mono at ``RATE_HZ``."""
    with wave.open(str(path)) as file:
        rate_hz, channels = file.getframerate(), file.getnchannels()
        raw = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    sound = raw.reshape(-1, channels).mean(axis=1) / 32768
    common = gcd(rate_hz, RATE_HZ)
    return resample_poly(sound, RATE_HZ // common, rate_hz // common)


@lru_cache(maxsize=32)
def espeak(text: str, words_per_minute: int = 160, voice_name: str = "en-us") -> Floats:
    """Speech of espeak-ng; skips the test where it is not installed."""
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed: apt-get install espeak-ng")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "speech.wav")
        command = ["espeak-ng", "-v", voice_name, "-s", str(words_per_minute), "-w", str(path), text]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
        return read_wav(path)


def espeak_syllables(text: str, voice_name: str = "en-us") -> int:
    """Number of vowels in espeak-ng's own transcription of a text (IPA)."""
    command = ["espeak-ng", "-v", voice_name, "-q", "--ipa", "--sep=_", text]
    written = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    return sum(
        any(sign in "aeiouæɑɒɔəɚɛɜɪʊʌᵻɐ" for sign in phoneme)
        for phoneme in written.replace("\n", "_").replace(" ", "_").split("_")
    )


def recorded_words() -> list[tuple[str, Floats]]:
    """Words spoken by a person (Debian's alsa-utils), read at test time; skips the test where they are missing."""
    paths = [path for path in sorted(WORDS.glob("*.wav")) if path.stem != "Noise"]
    if not paths:
        pytest.skip(f"no recorded words in {WORDS}: apt-get install alsa-utils")
    return [(path.stem, read_wav(path)) for path in paths]


def spoken_with_pauses(
    pauses_s: Sequence[float], voice_name: str = "en-us"
) -> tuple[Floats, list[tuple[float, float]]]:
    """Sentences of espeak-ng with silences of known length between them, and the times of those."""
    parts, times, n = [np.zeros(RATE_HZ // 2)], [], RATE_HZ // 2
    for number, sentence in enumerate(SENTENCES[: len(pauses_s) + 1]):
        spoken = espeak(sentence, voice_name=voice_name)
        loud = np.flatnonzero(np.abs(spoken) > 0.02)
        parts.append(spoken[loud[0] : loud[-1] + 1])
        n += len(parts[-1])
        if number < len(pauses_s):
            silence = round(pauses_s[number] * RATE_HZ)
            times.append((n / RATE_HZ, (n + silence) / RATE_HZ))
            parts.append(np.zeros(silence))
            n += silence
    return np.concatenate([*parts, np.zeros(RATE_HZ // 2)]), times
