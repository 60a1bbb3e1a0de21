"""VoiceExtractor: cues, gaps, curves, bounds, and that nothing a file can hold makes it raise."""

import tracemalloc
import warnings
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.signal import resample_poly
from speech_sounds import RATE_HZ, babble, voice, with_noise

from emoreason.cues.extractor import Audio, Extraction, Job, Settings
from emoreason.cues.sound import Waveform
from emoreason.cues.speech.activity import Span
from emoreason.cues.voice import MEASURES, VoiceExtractor
from emoreason.cues.voice.extractor import MAX_CURVE_POINTS, MAX_PHRASES
from emoreason.cues.voice.measures import analyse
from emoreason.records import Clip, Cue, CueSet, Gap
from emoreason.records.convert import from_json, to_json

Spans = list[tuple[float, float]]


def segment(number: int, start_s: float, end_s: float) -> Cue:
    return Cue(
        id=f"speech.segment.{number}", modality="speech", code="segment", start_s=start_s, end_s=end_s, confidence=0.9
    )


def heard(
    sound: npt.NDArray[np.generic], spans: Spans, asked: Settings | None = None, gaps: tuple[Gap, ...] = ()
) -> Extraction:
    cues = tuple(segment(number, start, end) for number, (start, end) in enumerate(spans, start=1))
    job = Job(Clip(id="clip"), asked or Settings(), Extraction(cues=cues, gaps=gaps))
    extractor = VoiceExtractor()
    extractor.begin(job)
    extractor.hear(Audio(sound.astype(np.float32)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return extractor.finish(job)


def spans_of(pauses: tuple[tuple[float, float], ...], duration_s: float) -> Spans:
    edges = [0.5, *(time for pause in pauses for time in pause), duration_s - 0.5]
    return list(zip(edges[::2], edges[1::2], strict=True))


@pytest.fixture(scope="module")
def talk() -> tuple[npt.NDArray[np.float64], Spans]:
    made = babble(4, 120)
    return made.sound, spans_of(made.pauses, len(made.sound) / RATE_HZ)


def test_one_cue_per_measure_over_the_whole_speech(talk: tuple[npt.NDArray[np.float64], Spans]) -> None:
    sound, spans = talk
    found = {cue.id: cue for cue in heard(sound, spans).cues}
    for code, measure in MEASURES.items():
        cue = found[f"voice.{code}.1"]
        assert (cue.modality, cue.code, cue.unit) == ("voice", code, measure.unit)
        assert (cue.start_s, cue.end_s) == (spans[0][0], spans[-1][1])
        assert cue.value is not None
        assert 0 < (cue.confidence or 0) <= 1
    assert found["voice.f0_mean.1"].level == "normal"
    assert found["voice.f0_mean.1"].source == "emoreason.voice/1+dataspeech_pooled"
    assert found["voice.f0_mean.1"].marks == ("pooled_norm",)
    assert found["voice.jitter.1"].level is None
    assert found["voice.f0_contour.1"].direction == "falling"


def test_cues_are_records(talk: tuple[npt.NDArray[np.float64], Spans]) -> None:
    result = heard(*talk)
    cueset = CueSet(clip=Clip(id="clip"), cues=result.cues, gaps=result.gaps)
    assert from_json(to_json(cueset), CueSet) == cueset
    for curve in result.curves:
        to_json(curve)


def test_pauses_are_events(talk: tuple[npt.NDArray[np.float64], Spans]) -> None:
    sound, spans = talk
    pauses = [cue for cue in heard(sound, spans).cues if cue.code == "pause"]
    assert [(cue.start_s, cue.end_s) for cue in pauses] == [(before[1], after[0]) for before, after in pairwise(spans)]
    alone = [cue for cue in heard(sound, spans[:1]).cues if cue.code == "pause"]
    assert [(cue.state, cue.value) for cue in alone] == [("absent", None)]


def test_phrases_that_differ_say_so() -> None:
    low, high = voice(np.full(120, 110.0)), voice(np.full(120, 180.0))
    sound = np.concatenate([low, np.zeros(8000), high * 0.2, np.zeros(8000), low])
    found = {cue.id: cue for cue in heard(sound, [(0.0, 1.2), (1.7, 2.9), (3.4, 4.6)]).cues}
    assert found["voice.f0_mean.3"].direction == "higher"
    assert (found["voice.f0_mean.3"].start_s, found["voice.f0_mean.3"].end_s) == (1.7, 2.9)
    assert found["voice.loudness.3"].direction == "lower"
    assert found["voice.loudness.2"].direction is None


def test_overlapping_spans_of_several_speakers_are_joined() -> None:
    sound = voice(np.full(300, 130.0))
    found = {cue.id: cue for cue in heard(sound, [(0.0, 1.5), (1.0, 2.0), (1.2, 1.3), (2.5, 3.0)]).cues}
    assert found["voice.pause_count.1"].value == 1
    assert (found["voice.pause.1"].start_s, found["voice.pause.1"].end_s) == (2.0, 2.5)


def test_a_single_phrase_is_told_once(talk: tuple[npt.NDArray[np.float64], Spans]) -> None:
    sound, spans = talk
    assert all(cue.id.endswith(".1") for cue in heard(sound, spans[:1]).cues)


def test_long_talks_keep_a_bounded_number_of_cues() -> None:
    phrase = voice(np.full(40, 130.0))
    sound = np.tile(np.concatenate([phrase, np.zeros(RATE_HZ // 4)]), 60)
    spans = [(number * 0.65, number * 0.65 + 0.4) for number in range(60)]
    found = heard(sound, spans).cues
    for code in ("f0_mean", "loudness", "f0_contour"):
        assert len([cue for cue in found if cue.code == code]) <= MAX_PHRASES + 1
    assert len([cue for cue in found if cue.code == "pause"]) == MAX_PHRASES
    assert len({cue.id for cue in found}) == len(found)


def test_a_baseline_decides_the_words(talk: tuple[npt.NDArray[np.float64], Spans]) -> None:
    asked = Settings(speaker_baseline={"f0_mean": (90.0, 5.0), "hnr": (40.0, 1.0)})
    found = {cue.id: cue for cue in heard(*talk, asked).cues}
    assert found["voice.f0_mean.1"].level == "very_high"
    assert found["voice.f0_mean.1"].source == "emoreason.voice/1+baseline"
    assert found["voice.f0_mean.1"].marks == ()
    assert found["voice.hnr.1"].level == "very_low"


def test_pauses_of_a_single_sentence_are_not_judged(talk: tuple[npt.NDArray[np.float64], Spans]) -> None:
    sound, spans = talk
    asked = Settings(speaker_baseline={"pause_ratio": (0.5, 0.05)})
    levels = [{cue.id: cue.level for cue in heard(sound, part, asked).cues} for part in (spans, spans[:2])]
    assert [level["voice.pause_ratio.1"] for level in levels] == ["very_low", None]


def test_curves_have_holes_where_there_is_nothing(talk: tuple[npt.NDArray[np.float64], Spans]) -> None:
    sound, spans = talk
    f0, loudness = heard(sound, spans).curves
    assert (f0.code, f0.unit, loudness.code, loudness.unit) == ("f0", "Hz", "loudness", "dB")
    assert len(f0.times_s) == len(f0.values) == len(sound) // 160
    silent = [value for time, value in zip(f0.times_s, f0.values, strict=True) if spans[0][1] < time < spans[1][0]]
    assert set(silent) == {None}
    assert sum(value is not None for value in f0.values) > 200


def test_curves_of_long_clips_are_thinned(
    monkeypatch: pytest.MonkeyPatch, talk: tuple[npt.NDArray[np.float64], Spans]
) -> None:
    assert MAX_CURVE_POINTS >= 60_000
    monkeypatch.setattr("emoreason.cues.voice.extractor.MAX_CURVE_POINTS", 100)
    assert all(len(curve.values) <= 100 for curve in heard(*talk).curves)


def test_without_the_network_voiced_sound_is_measured_with_little_certainty(
    talk: tuple[npt.NDArray[np.float64], Spans],
) -> None:
    sound, _ = talk
    gap = Gap(modality="speech", reason="missing_model")
    found = heard(sound, [], gaps=(gap,)).cues
    assert {cue.code for cue in found} >= {"f0_mean", "jitter", "pause"}
    assert all("low_confidence" in cue.marks for cue in found)


@pytest.mark.parametrize("reason", ["silent", "no_speech", "too_short"])
def test_no_speech_is_a_gap_of_the_voice_too(reason: str) -> None:
    result = heard(np.zeros(RATE_HZ), [], gaps=(Gap(modality="speech", reason=reason),))  # type: ignore[arg-type]
    assert (result.cues, [(gap.modality, gap.reason) for gap in result.gaps]) == ((), [("voice", reason)])


def test_speech_without_voice_is_a_gap() -> None:
    whisper = 0.1 * np.random.default_rng(0).standard_normal(RATE_HZ)
    result = heard(whisper, [(0.1, 0.9)])
    assert (result.cues, [gap.reason for gap in result.gaps]) == ((), ["too_short"])


def test_noise_and_telephone_recordings_lower_the_confidence(talk: tuple[npt.NDArray[np.float64], Spans]) -> None:
    sound, spans = talk
    noisy = {cue.id: cue for cue in heard(with_noise(sound, 5), spans).cues}
    assert "low_confidence" in noisy["voice.jitter.1"].marks
    assert "low_confidence" not in noisy["voice.f0_mean.1"].marks
    narrow = resample_poly(resample_poly(sound, 1, 2), 2, 1)
    telephone = {cue.id: cue for cue in heard(narrow, spans).cues}
    assert "low_confidence" in telephone["voice.alpha_ratio.1"].marks
    assert "low_confidence" not in telephone["voice.jitter.1"].marks
    assert "low_confidence" not in {cue.id: cue for cue in heard(sound, spans).cues}["voice.alpha_ratio.1"].marks


def test_clipping_offset_and_gain_leave_f0_alone(talk: tuple[npt.NDArray[np.float64], Spans]) -> None:
    sound, spans = talk
    reference = next(cue.value for cue in heard(sound, spans).cues if cue.id == "voice.f0_mean.1")
    assert reference is not None
    for changed in (np.clip(sound * 4, -1, 1), sound * 0.3 + 0.5, sound * 0.01):
        value = next(cue.value for cue in heard(changed, spans).cues if cue.id == "voice.f0_mean.1")
        assert value == pytest.approx(reference, rel=0.03)


def test_an_extractor_without_audio_says_nothing() -> None:
    extractor = VoiceExtractor()
    extractor.begin(Job(Clip(id="clip")))
    assert extractor.finish(Job(Clip(id="clip"))) == Extraction()


def hostile() -> list[npt.NDArray[np.float64]]:
    rng, time_s = np.random.default_rng(0), np.arange(RATE_HZ) / RATE_HZ
    return [
        np.zeros(0),
        np.ones(1),
        np.full(RATE_HZ, np.nan),
        np.full(RATE_HZ, np.inf),
        np.full(RATE_HZ, -1e38),
        np.ones(RATE_HZ),
        np.sin(2 * np.pi * 150 * time_s[:800]),
        np.sign(np.sin(2 * np.pi * 150 * time_s)),
        sum(np.sin(2 * np.pi * hz * time_s) for hz in (220, 277, 330)) / 3,
        np.cos(np.pi * np.arange(RATE_HZ)),
        np.eye(1, RATE_HZ, 9000)[0],
        rng.standard_normal(RATE_HZ) * 1e-30,
        rng.standard_normal(RATE_HZ),
        np.where(rng.random(RATE_HZ) < 0.1, np.nan, np.sin(2 * np.pi * 120 * time_s)),
    ]


@pytest.mark.parametrize("number", range(14))
@pytest.mark.parametrize("spans", [[], [(0.0, 1.0)], [(0.0, 0.011), (0.5, 9.0), (20.0, 30.0)]])
def test_hostile_sounds_never_raise_or_warn(number: int, spans: Spans) -> None:
    result = heard(hostile()[number], spans)
    assert result.cues or result.gaps
    assert all(cue.value is None or np.isfinite(cue.value) for cue in result.cues)


@settings(max_examples=40, deadline=None)
@given(
    hnp.arrays(np.float32, st.integers(0, 9000), elements=st.floats(width=32, allow_nan=True, allow_infinity=True)),
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=4),
    st.floats(60, 600),
    st.integers(0, 2**32 - 1),
)
def test_any_sound_gives_measures_in_range(
    samples: npt.NDArray[np.float32], edges: Spans, f0_hz: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    tone = 0.3 * np.sign(np.sin(2 * np.pi * f0_hz * np.arange(12_000) / RATE_HZ)) + 0.1 * rng.standard_normal(12_000)
    sound = np.concatenate([samples, tone.astype(np.float32)])
    result = heard(sound, sorted((min(edge), max(edge)) for edge in edges))
    for cue in result.cues:
        assert 0 <= (cue.start_s or 0) <= (cue.end_s or 0)
        assert cue.value is None or np.isfinite(cue.value)
        if cue.code == "f0_mean":
            assert cue.value is not None
            assert 64 < cue.value < 601
        if cue.code == "pause_ratio":
            assert cue.value is not None
            assert 0 <= cue.value < 1
        if cue.code in ("jitter", "shimmer", "f0_sd", "f0_range", "speech_rate", "spectral_flux", "loudness_sd"):
            assert cue.value is not None
            assert cue.value >= 0


@pytest.mark.slow
def test_memory_grows_by_less_than_the_samples_themselves() -> None:
    made = babble(4, 120, (20, 15, 25))
    spans = spans_of(made.pauses, len(made.sound) / RATE_HZ)
    length_s = len(made.sound) / RATE_HZ

    def working_bytes(repeats: int) -> int:
        sound = np.tile(made.sound.astype(np.float32), repeats)
        found = [(start + i * length_s, end + i * length_s) for i in range(repeats) for start, end in spans]
        waveform = Waveform.of(Audio(sound))
        tracemalloc.start()
        try:
            analyse(waveform, [Span(start, end) for start, end in found])
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    short, long = working_bytes(3), working_bytes(30)
    # The work is done in blocks; what is kept (columns of 100 numbers a second, single periods) is half the samples.
    assert long - short < 0.7 * 27 * length_s * RATE_HZ * 4
