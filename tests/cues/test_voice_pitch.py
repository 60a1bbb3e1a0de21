"""F0 against known truth everywhere, and against Praat where it is installed."""

import numpy as np
import numpy.typing as npt
import pytest
from speech_sounds import RATE_HZ, SENTENCES, VOWELS, espeak, pulse_train, recorded_words, voice, with_noise

from emoreason.cues.extractor import Audio
from emoreason.cues.sound import Waveform
from emoreason.cues.voice.contour import contour_shape
from emoreason.cues.voice.pitch import CEILING_HZ, FLOOR_HZ, track_pitch, voiced_runs

Floats = npt.NDArray[np.float64]


def f0_of(sound: Floats) -> Floats:
    waveform = Waveform.of(Audio(sound.astype(np.float32)))
    return track_pitch(waveform, 0, waveform.n_hops, float(waveform.hop_peaks().max()))


def octave_errors(f0: Floats, truth: Floats) -> float:
    """Share of voiced frames more than half an octave off."""
    both = ~np.isnan(f0) & ~np.isnan(truth)
    return float(np.mean(np.abs(np.log2(f0[both] / truth[both])) > 0.5))


@pytest.mark.parametrize("vowel", sorted(VOWELS))
@pytest.mark.parametrize("f0_hz", [75, 100, 140, 200, 280, 400, 550])
def test_steady_voice_of_known_f0(vowel: str, f0_hz: float) -> None:
    f0 = f0_of(voice(np.full(100, float(f0_hz)), VOWELS[vowel]))
    assert np.isfinite(f0[5:-5]).all()
    assert np.nanmedian(f0) == pytest.approx(f0_hz, rel=0.003)
    assert octave_errors(f0[5:-5], np.full(90, float(f0_hz))) == 0


@pytest.mark.parametrize(("start_hz", "end_hz"), [(80, 160), (250, 120), (180, 420)])
def test_gliding_voice_is_followed_within_half_a_semitone(start_hz: float, end_hz: float) -> None:
    truth = np.geomspace(start_hz, end_hz, 200)
    f0 = f0_of(voice(truth))
    voiced = ~np.isnan(f0)
    assert voiced.mean() > 0.9
    assert octave_errors(f0, truth) == 0
    assert np.abs(12 * np.log2(f0[voiced] / truth[voiced])).max() < 0.5


@pytest.mark.parametrize("snr_db", [20, 10, 5])
@pytest.mark.parametrize("f0_hz", [90, 200, 330])
def test_noise_does_not_move_f0_by_octaves(snr_db: float, f0_hz: float) -> None:
    truth = f0_hz * (1 + 0.1 * np.sin(np.linspace(0, 12, 300)))
    f0 = f0_of(with_noise(voice(truth), snr_db))
    assert np.mean(~np.isnan(f0)) > 0.8
    assert octave_errors(f0, truth) < 0.02
    assert abs(12 * np.log2(np.nanmean(f0) / truth.mean())) < 0.5


def test_rough_voice_keeps_its_octave() -> None:
    rng = np.random.default_rng(3)
    periods = (1 + 0.02 * rng.standard_normal(400)) / 80
    f0 = f0_of(pulse_train(periods, 4.0))
    assert octave_errors(f0, np.full(len(f0), 80.0)) < 0.02


def test_noise_hiss_and_silence_are_unvoiced() -> None:
    rng = np.random.default_rng(0)
    white = 0.1 * rng.standard_normal(RATE_HZ * 3)
    for sound in (white, np.diff(white, prepend=0.0), np.cumsum(white) * 0.01, np.zeros(RATE_HZ)):
        assert np.mean(~np.isnan(f0_of(sound))) < 0.05


def test_voice_between_silences_is_voiced_only_there() -> None:
    sound = np.concatenate([np.zeros(RATE_HZ), voice(np.full(100, 150.0)), np.zeros(RATE_HZ)])
    runs = voiced_runs(f0_of(sound))
    assert len(runs) == 1
    assert runs[0] == (pytest.approx(100, abs=3), pytest.approx(200, abs=3))


def test_blocks_leave_no_seam() -> None:
    truth = 150 * (1 + 0.2 * np.sin(np.linspace(0, 60, 2600)))
    f0 = f0_of(voice(truth))
    assert octave_errors(f0, truth) == 0
    assert not np.isnan(f0[950:1050]).any()


def test_f0_stays_in_its_range_and_on_the_grid() -> None:
    for sound in (voice(np.full(50, 40.0)), 0.5 * np.sin(2 * np.pi * 900 * np.arange(RATE_HZ) / RATE_HZ)):
        f0 = f0_of(sound)
        assert len(f0) == len(sound) // 160
        found = f0[~np.isnan(f0)]
        assert ((found >= FLOOR_HZ) & (found <= CEILING_HZ)).all()


@pytest.mark.parametrize(
    ("shape", "semitones"),
    [
        ("rising", np.linspace(0, 8, 90)),
        ("falling", np.linspace(8, 0, 90)),
        ("level", np.full(90, 3.0)),
        ("rising_falling", 6 * np.sin(np.linspace(0, np.pi, 90))),
        ("falling_rising", -6 * np.sin(np.linspace(0, np.pi, 90))),
    ],
)
def test_contour_shapes(shape: str, semitones: Floats) -> None:
    f0 = 120 * 2 ** (semitones / 12)
    f0[::7] = np.nan
    assert contour_shape(f0) == shape
    assert contour_shape(f0_of(voice(120 * 2 ** (semitones / 12)))) == shape


def test_a_contour_needs_voice() -> None:
    assert contour_shape(np.full(200, np.nan)) is None
    assert contour_shape(np.full(29, 100.0)) is None


def praat_f0(sound: Floats, n_hops: int) -> Floats:
    parselmouth = pytest.importorskip("parselmouth", reason="pip install 'emoreason[reference]'")
    pitch = parselmouth.Sound(sound, RATE_HZ).to_pitch_ac(0.01, FLOOR_HZ, pitch_ceiling=CEILING_HZ)
    return np.array([pitch.get_value_at_time((hop + 0.5) / 100) for hop in range(n_hops)])


def assert_agrees_with_praat(sound: Floats) -> None:
    sound = sound.astype(np.float32).astype(float)
    f0 = f0_of(sound)
    reference = praat_f0(sound, len(f0))
    assert octave_errors(f0, reference) < 0.02
    assert abs(12 * np.log2(np.nanmean(f0) / np.nanmean(reference))) < 0.5
    both = ~np.isnan(f0) & ~np.isnan(reference)
    assert np.median(np.abs(12 * np.log2(f0[both] / reference[both]))) < 0.05
    assert np.mean(np.isnan(f0) != np.isnan(reference)) < 0.05


@pytest.mark.parametrize("voice_name", ["en-us", "en-us+f3", "de", "cmn"])
@pytest.mark.parametrize("words_per_minute", [120, 220])
def test_synthetic_speech_agrees_with_praat(voice_name: str, words_per_minute: int) -> None:
    assert_agrees_with_praat(espeak(" ".join(SENTENCES), words_per_minute, voice_name))


def test_recorded_words_agree_with_praat() -> None:
    for _, sound in recorded_words():
        assert_agrees_with_praat(sound)


def test_noisy_speech_agrees_with_praat() -> None:
    assert_agrees_with_praat(with_noise(espeak(" ".join(SENTENCES)), 20))
