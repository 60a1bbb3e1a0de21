"""Voice measures against known truth everywhere, and against Praat and openSMILE where they are installed."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from speech_sounds import (
    RATE_HZ,
    SENTENCES,
    babble,
    espeak,
    espeak_syllables,
    pulse_train,
    recorded_words,
    voice,
    with_noise,
)

from emoreason.cues.extractor import Audio
from emoreason.cues.sound import Waveform
from emoreason.cues.speech.activity import Span
from emoreason.cues.voice.measures import MEASURES, Analysis, analyse, summarise

Floats = npt.NDArray[np.float64]
TEXT = " ".join(SENTENCES)


def analysed(sound: Floats) -> Analysis:
    return analyse(Waveform.of(Audio(sound.astype(np.float32))), [Span(0.0, len(sound) / RATE_HZ)])


def measures(sound: Floats) -> dict[str, float]:
    return summarise(analysed(sound))


@pytest.mark.parametrize("f0_hz", [80, 220])
@pytest.mark.parametrize("spread", [0.003, 0.005, 0.01, 0.02])
def test_jitter_of_known_periods(f0_hz: float, spread: float) -> None:
    # F0 whose period is no whole number of formant periods blurs pulses, in Praat alike; these two are clear.
    periods = (1 + spread * np.random.default_rng(1).standard_normal(4 * f0_hz)) / f0_hz
    truth = 100 * np.abs(np.diff(periods)).mean() / periods.mean()
    assert measures(pulse_train(periods, 3.0))["jitter"] == pytest.approx(truth, rel=0.12)


def test_a_perfectly_regular_voice_has_no_jitter_and_no_shimmer() -> None:
    values = measures(pulse_train(np.full(400, 1 / 100), 3.0))
    assert values["jitter"] < 0.1  # what the pulse tracker itself adds; Praat adds as much
    assert values["shimmer"] < 0.1
    assert values["hnr"] > 35


@pytest.mark.parametrize("f0_hz", [80, 220, 400])
@pytest.mark.parametrize("spread", [0.03, 0.1])
def test_shimmer_of_known_amplitudes(f0_hz: float, spread: float) -> None:
    amplitudes = 1 + spread * np.random.default_rng(2).standard_normal(4 * f0_hz)
    truth = 100 * np.abs(np.diff(amplitudes)).mean() / amplitudes.mean()
    sound = pulse_train(np.full(4 * f0_hz, 1 / f0_hz), 3.0, amplitudes)
    assert measures(sound)["shimmer"] == pytest.approx(truth, rel=0.12)


@pytest.mark.parametrize("f0_hz", [80, 120, 220, 400])
@pytest.mark.parametrize("snr_db", [0, 5, 10, 20])
def test_hnr_is_the_signal_to_noise_ratio(f0_hz: float, snr_db: float) -> None:
    sound = with_noise(pulse_train(np.full(4 * f0_hz, 1 / f0_hz), 3.0)[: RATE_HZ * 28 // 10], snr_db)
    assert measures(sound)["hnr"] == pytest.approx(snr_db, abs=0.6)


def test_f0_statistics_of_a_known_contour() -> None:
    semitones = np.linspace(-3, 3, 300)
    truth = 150 * 2 ** (semitones / 12)
    values = measures(voice(truth))
    assert values["f0_mean"] == pytest.approx(truth.mean(), rel=0.01)
    assert values["f0_sd"] == pytest.approx(truth.std(), rel=0.03)
    assert values["f0_range"] == pytest.approx(5.4, abs=0.15)  # 5th to 95th percentile of six semitones
    assert values["f0_slope"] == pytest.approx(2.0, abs=0.05)  # six semitones in three seconds


def test_loudness_is_the_level_and_only_the_level_follows_the_gain() -> None:
    sound = babble(4, 120).sound
    loud, soft = measures(sound), measures(sound * 0.1)
    assert loud["loudness"] - soft["loudness"] == pytest.approx(20, abs=0.01)
    for code in set(MEASURES) - {"loudness"}:
        if code in loud:
            assert soft[code] == pytest.approx(loud[code], rel=0.01, abs=0.01), code


def test_level_of_a_sine_is_its_rms() -> None:
    sine = 0.5 * np.sin(2 * np.pi * 200 * np.arange(2 * RATE_HZ) / RATE_HZ)
    assert measures(sine)["loudness"] == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.1)


def two_bands(low_hz: float, high_hz: float, high_db: float) -> Floats:
    """A voice-like tone at 125 Hz with only two harmonics, ``high_db`` apart."""
    time_s = np.arange(2 * RATE_HZ) / RATE_HZ
    harmonic = 0.2 * np.sin(2 * np.pi * 125 * round(low_hz / 125) * time_s)
    return harmonic + 0.2 * 10 ** (high_db / 20) * np.sin(2 * np.pi * 125 * round(high_hz / 125) * time_s)


@pytest.mark.parametrize("high_db", [-25, -20, -10, 0])
def test_spectral_balance_of_two_known_bands(high_db: float) -> None:
    values = measures(two_bands(500, 3000, high_db))
    assert values["alpha_ratio"] == pytest.approx(high_db, abs=0.5)
    assert values["hammarberg"] == pytest.approx(-high_db, abs=0.5)


def test_flux_of_a_steady_voice_is_less_than_that_of_a_changing_one() -> None:
    assert measures(voice(np.full(200, 120.0)))["spectral_flux"] < measures(babble(5, 120).sound)["spectral_flux"] / 2


@pytest.mark.parametrize("f0_hz", [110, 210])
@pytest.mark.parametrize("rate", [3, 4, 5, 6])
def test_speech_rate_of_babble(rate: float, f0_hz: float) -> None:
    made = babble(rate, f0_hz)
    waveform = Waveform.of(Audio(made.sound.astype(np.float32)))
    edges = [0.5, *(time for pause in made.pauses for time in pause), len(made.sound) / RATE_HZ - 0.5]
    spans = [Span(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    values = summarise(analyse(waveform, spans))
    assert values["speech_rate"] == pytest.approx(rate, rel=0.08)
    assert values["pause_ratio"] == pytest.approx(1.0 / (made.speech_s + 1.0), abs=0.01)
    assert values["pause_count"] == 2
    assert values["pause_mean"] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("voice_name", ["en-us", "en-us+f3", "de"])
def test_speech_rate_ranks_espeak_speeds(voice_name: str) -> None:
    rates = [measures(espeak(TEXT, wpm, voice_name))["speech_rate"] for wpm in (120, 160, 220)]
    assert rates[0] * 1.1 < rates[1] < rates[2] / 1.1


@pytest.mark.parametrize("words_per_minute", [120, 160, 220])
def test_syllables_of_espeak_are_counted(words_per_minute: int) -> None:
    sound = espeak(TEXT, words_per_minute)
    assert len(analysed(sound).nuclei_s) == pytest.approx(espeak_syllables(TEXT), rel=0.15)


def test_unvoiced_sound_has_no_voice_measures() -> None:
    hiss = 0.1 * np.random.default_rng(0).standard_normal(RATE_HZ * 2)
    assert set(measures(hiss)) <= {"loudness", "pause_ratio", "pause_count"}
    assert summarise(analyse(Waveform.of(Audio(hiss.astype(np.float32))), [])) == {}


def test_a_part_of_the_speech_is_measured_alone() -> None:
    sound = np.concatenate([voice(np.full(150, 110.0)), np.zeros(RATE_HZ // 2), voice(np.full(150, 220.0))])
    spans = [Span(0.0, 1.5), Span(2.0, 3.5)]
    analysis = analyse(Waveform.of(Audio(sound.astype(np.float32))), spans)
    assert summarise(analysis, spans[:1])["f0_mean"] == pytest.approx(110, rel=0.01)
    assert summarise(analysis, spans[1:])["f0_mean"] == pytest.approx(220, rel=0.01)
    assert summarise(analysis)["f0_mean"] == pytest.approx(165, rel=0.02)


def real_and_synthetic() -> list[tuple[str, Floats]]:
    spoken = [(f"espeak {wpm}", espeak(TEXT, wpm)) for wpm in (120, 220)]
    return [*spoken, ("espeak f3", espeak(TEXT, voice_name="en-us+f3")), *recorded_words()]


def praat(sound: Floats) -> dict[str, float]:
    parselmouth = pytest.importorskip("parselmouth", reason="pip install 'emoreason[reference]'")
    call: Any = parselmouth.praat.call
    heard = parselmouth.Sound(sound, RATE_HZ)
    pitch = heard.to_pitch_ac(0.01, 65, pitch_ceiling=600)
    pulses = call([heard, pitch], "To PointProcess (cc)")
    return {
        "jitter": 100 * call(pulses, "Get jitter (local)", 0, 0, 0.0001, 0.02, 1.3),
        "shimmer": 100 * call([heard, pulses], "Get shimmer (local)", 0, 0, 0.0001, 0.02, 1.3, 1.6),
        "hnr": call(heard.to_harmonicity_cc(0.01, 65, 0.1, 1.0), "Get mean", 0, 0),
    }


def test_voice_quality_agrees_with_praat() -> None:
    rows = [(measures(sound), praat(sound)) for _, sound in real_and_synthetic()]
    for code, tolerance in (("jitter", 0.15), ("shimmer", 0.15)):
        ratios = [ours[code] / theirs[code] for ours, theirs in rows]
        assert np.median(ratios) == pytest.approx(1.0, abs=tolerance), code
        assert all(0.65 < ratio < 1.5 for ratio in ratios), (code, ratios)
    # Harmonicity compares fixed stretches of sound; Praat's are as long as the period asks. Docs give the figures.
    assert all(abs(ours["hnr"] - theirs["hnr"]) < 5 for ours, theirs in rows)


def test_spectral_balance_and_f0_agree_with_opensmile() -> None:
    opensmile = pytest.importorskip("opensmile", reason="pip install 'emoreason[reference]'")
    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.Functionals)
    ours: list[dict[str, float]] = []
    theirs: list[Any] = []
    for _, sound in real_and_synthetic():
        ours.append(measures(sound))
        theirs.append(smile.process_signal(sound.astype(np.float32), RATE_HZ).iloc[0])
    alpha = [(o["alpha_ratio"], t["alphaRatioV_sma3nz_amean"]) for o, t in zip(ours, theirs, strict=True)]
    hammarberg = [(o["hammarberg"], t["hammarbergIndexV_sma3nz_amean"]) for o, t in zip(ours, theirs, strict=True)]
    for pairs, worst_db in ((alpha, 4.0), (hammarberg, 6.0)):
        assert max(abs(one - other) for one, other in pairs) < worst_db
        assert np.corrcoef(np.array(pairs).T)[0, 1] > 0.98
    # openSMILE averages semitones, so ours are averaged so here. On one clip its F0 is .67 semitones from Praat's.
    f0 = [np.nanmean(12 * np.log2(analysed(sound).f0 / 27.5)) for _, sound in real_and_synthetic()]
    apart = [abs(o - t["F0semitoneFrom27.5Hz_sma3nz_amean"]) for o, t in zip(f0, theirs, strict=True)]
    assert np.median(apart) < 0.15
    assert sorted(apart)[-2] < 0.5
    assert max(apart) < 0.8
