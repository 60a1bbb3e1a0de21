"""Voice activity against known truth, and the transcript's ways into the cues."""

import sys
import types
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from speech_sounds import RATE_HZ, SENTENCES, babble, espeak, read_wav, recorded_words, spoken_with_pauses, with_noise

from emoreason.cues.extractor import Audio, Extraction, Job, Settings
from emoreason.cues.models import model_path
from emoreason.cues.sound import Waveform
from emoreason.cues.speech import SpeechExtractor
from emoreason.cues.speech.activity import SileroVad, find_speech
from emoreason.cues.voice import VoiceExtractor
from emoreason.errors import ModelFileError
from emoreason.records import Clip, Cue

NOISE = Path("/usr/share/sounds/alsa/Noise.wav")


@pytest.fixture(scope="module")
def network() -> SileroVad:
    try:
        return SileroVad(model_path("silero_vad"))
    except ModelFileError as error:
        pytest.skip(f"emoreason models fetch ({error})")


def said(sound: npt.NDArray[np.generic] | None, asked: Settings | None = None, clip: Clip | None = None) -> Extraction:
    job = Job(clip or Clip(id="clip"), asked or Settings())
    extractor = SpeechExtractor()
    extractor.begin(job)
    if sound is not None:
        extractor.hear(Audio(sound.astype(np.float32)))
    return extractor.finish(job)


def segments(found: Extraction) -> list[tuple[float, float]]:
    return [(cue.start_s or 0.0, cue.end_s or 0.0) for cue in found.cues if cue.code == "segment"]


def utterances(found: Extraction) -> list[Cue]:
    return [cue for cue in found.cues if cue.code == "utterance"]


def pauses_between(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(before[1], after[0]) for before, after in pairwise(spans)]


def assert_pauses(found: list[tuple[float, float]], truth: list[tuple[float, float]]) -> None:
    for start, end in truth:
        assert any(abs(start - a) < 0.1 and abs(end - b) < 0.1 for a, b in found), ((start, end), found)


@pytest.mark.parametrize("f0_hz", [110, 210])
@pytest.mark.parametrize("rate", [3, 5])
def test_pauses_of_babble(network: SileroVad, rate: float, f0_hz: float) -> None:
    made = babble(rate, f0_hz)
    spans = segments(said(made.sound))
    assert len(spans) == 3
    assert_pauses(pauses_between(spans), list(made.pauses))


@pytest.mark.parametrize("noise", [0.0, 0.003, 0.01])
@pytest.mark.parametrize("voice_name", ["en-us", "en-us+f3", "de", "fr"])
def test_pauses_of_synthetic_speech(network: SileroVad, voice_name: str, noise: float) -> None:
    sound, truth = spoken_with_pauses((0.25, 0.5, 1.0), voice_name)
    noisy = sound + noise * np.random.default_rng(0).standard_normal(len(sound))
    spans = segments(said(noisy))
    assert_pauses(pauses_between(spans), truth)
    assert spans[0][0] == pytest.approx(0.5, abs=0.1)
    assert spans[-1][1] == pytest.approx(len(sound) / RATE_HZ - 0.5, abs=0.15)


@pytest.mark.parametrize("gain", [1.0, 0.1, 0.02])
@pytest.mark.parametrize("words_per_minute", [120, 160, 220])
def test_synthetic_speech_is_found_at_any_level(network: SileroVad, words_per_minute: int, gain: float) -> None:
    sound = espeak(" ".join(SENTENCES), words_per_minute) * gain
    covered_s = sum(end - start for start, end in segments(said(sound)))
    assert covered_s > 0.75 * len(sound) / RATE_HZ


def test_recorded_words_are_found_and_recorded_noise_is_not(network: SileroVad) -> None:
    for name, sound in recorded_words():
        spans = segments(said(sound))
        assert len(spans) in (1, 2, 3), name
        assert 0.4 < sum(end - start for start, end in spans) < 1.4, name
    assert segments(said(read_wav(NOISE))) == []


def test_blocks_change_nothing(network: SileroVad, monkeypatch: pytest.MonkeyPatch) -> None:
    waveform = Waveform.of(Audio(babble(4, 120).sound.astype(np.float32)))
    whole = network.probabilities(waveform)
    monkeypatch.setattr("emoreason.cues.speech.activity._BATCH", 7)
    np.testing.assert_allclose(network.probabilities(waveform), whole, atol=1e-4)
    assert len(whole) == -(-len(waveform.samples) // 512)


def test_speech_rate_ranks_from_the_clip_to_the_cue(network: SileroVad) -> None:
    rates = []
    for words_per_minute in (120, 160, 220):
        sound = espeak(" ".join(SENTENCES), words_per_minute).astype(np.float32)
        job = Job(Clip(id="clip"))
        for extractor in (SpeechExtractor(), VoiceExtractor()):
            extractor.begin(job)
            extractor.hear(Audio(sound))
            job.found += extractor.finish(job)
        rates += [cue.value for cue in job.found.cues if cue.id == "voice.speech_rate.1"]
    assert len(rates) == 3
    assert rates == sorted(rates)


@pytest.mark.parametrize(
    ("sound", "reason"),
    [
        (np.zeros(0), "too_short"),
        (np.ones(1), "too_short"),
        (np.full(800, 0.1), "too_short"),
        (np.zeros(RATE_HZ), "silent"),
        (np.full(RATE_HZ, 0.7), "silent"),
        (np.full(RATE_HZ, np.nan), "silent"),
        (0.2 * np.random.default_rng(0).standard_normal(RATE_HZ * 2), "no_speech"),
        (0.5 * np.sin(2 * np.pi * 440 * np.arange(RATE_HZ * 2) / RATE_HZ), "no_speech"),
    ],
)
def test_why_there_is_no_speech(network: SileroVad, sound: npt.NDArray[np.float64], reason: str) -> None:
    found = said(sound)
    assert found.cues == ()
    assert [(gap.modality, gap.reason) for gap in found.gaps] == [("speech", reason)]


def test_a_transcript_in_plain_text_spans_the_speech(network: SileroVad) -> None:
    found = said(babble(4, 120).sound, Settings(transcript="Good morning."))
    (utterance,) = utterances(found)
    spans = segments(found)
    assert (utterance.text, utterance.start_s, utterance.end_s) == ("Good morning.", spans[0][0], spans[-1][1])
    assert found.gaps == ()


def test_subtitles_keep_their_times_and_stay_inside_the_clip(network: SileroVad) -> None:
    text = "00:01.000 --> 00:02.000\nOne.\n\n00:06.000 --> 01:00.000\nTwo.\n\n02:00.000 --> 02:01.000\nThree.\n"
    found = said(babble(4, 120).sound, Settings(transcript=text))
    assert [(cue.text, cue.start_s, cue.end_s) for cue in utterances(found)] == [("One.", 1.0, 2.0), ("Two.", 6.0, 8.0)]
    (gap,) = found.gaps
    assert gap.reason == "no_transcript"
    assert "1 of 3" in (gap.detail or "")


def test_a_transcript_needs_no_audio_and_no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EMOREASON_MODELS", str(tmp_path / "missing"))
    found = said(None, Settings(transcript="Good morning."), Clip(id="clip", duration_s=3.0))
    assert [(cue.text, cue.start_s) for cue in found.cues] == [("Good morning.", None)]
    assert found.gaps == ()
    heard = said(babble(4, 120).sound, clip=Clip(id="clip", transcript="Good morning."))
    assert [cue.text for cue in heard.cues] == ["Good morning."]
    assert [(gap.reason, bool(gap.detail)) for gap in heard.gaps] == [("missing_model", True)]


def test_an_empty_transcript_is_a_gap(network: SileroVad) -> None:
    found = said(babble(4, 120).sound, Settings(transcript=" \n"))
    assert [gap.reason for gap in found.gaps] == ["no_transcript"]


def test_without_the_asr_package_the_remedy_is_told(network: SileroVad, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faster_whisper", None)
    (gap,) = said(babble(4, 120).sound).gaps
    assert gap.reason == "no_transcript"
    assert "--transcript" in (gap.detail or "")
    assert "emoreason[asr]" in (gap.detail or "")


def whisper_that(
    monkeypatch: pytest.MonkeyPatch, segments_said: list[Any], error: Exception | None = None
) -> list[dict[str, Any]]:
    """Put a scripted recogniser where faster-whisper is imported from; returns what it is asked for."""
    asked: list[dict[str, Any]] = []

    class WhisperModel:
        def __init__(self, name: str, **options: Any) -> None:
            asked.append({"name": name, **options})
            if error is not None:
                raise error

        def transcribe(self, samples: npt.NDArray[np.float32], **options: Any) -> tuple[Any, None]:
            asked.append({"dtype": samples.dtype, "n": len(samples), **options})
            return iter(segments_said), None

    monkeypatch.setitem(sys.modules, "faster_whisper", types.SimpleNamespace(WhisperModel=WhisperModel))  # type: ignore[arg-type]
    return asked


def segment_said(text: str, start: float, end: float, no_speech_prob: float = 0.1) -> types.SimpleNamespace:
    return types.SimpleNamespace(text=text, start=start, end=end, no_speech_prob=no_speech_prob)


def test_recognised_words_become_utterances(network: SileroVad, monkeypatch: pytest.MonkeyPatch) -> None:
    script = [
        segment_said(" Good  morning.", 0.5, 2.0),
        segment_said("Thanks for watching!", 5, 6, 0.9),
        segment_said(" ", 6, 7),
    ]
    asked = whisper_that(monkeypatch, script)
    sound = babble(4, 120).sound
    found = said(sound, Settings(language="de", asr_model="tiny"))
    assert [(cue.text, cue.start_s, cue.end_s) for cue in utterances(found)] == [("Good morning.", 0.5, 2.0)]
    assert found.gaps == ()
    assert asked[0]["name"] == "tiny"
    assert asked[0]["local_files_only"] is False
    assert asked[1] == {"dtype": np.dtype(np.float32), "n": len(sound), "language": "de"}


def test_no_download_unless_the_user_named_a_model(network: SileroVad, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = whisper_that(monkeypatch, [])
    (gap,) = said(babble(4, 120).sound).gaps
    assert gap.reason == "no_transcript"
    assert asked[0]["local_files_only"] is True
    assert asked[1]["language"] is None
    monkeypatch.setenv("EMOREASON_OFFLINE", "1")
    said(babble(4, 120).sound, Settings(asr_model="tiny"))
    assert asked[2]["local_files_only"] is True


def test_missing_weights_are_a_gap_with_the_remedy(network: SileroVad, monkeypatch: pytest.MonkeyPatch) -> None:
    whisper_that(monkeypatch, [], OSError("weights not found\nTraceback"))
    found = said(babble(4, 120).sound, Settings(asr_model="large"))
    (gap,) = found.gaps
    assert (gap.reason, "\n" in (gap.detail or "")) == ("no_transcript", False)
    assert "'large'" in (gap.detail or "")
    assert "--asr-model" in (gap.detail or "")
    assert segments(found)


def test_the_real_recogniser_without_weights_is_a_gap(network: SileroVad, tmp_path: Path) -> None:
    pytest.importorskip("faster_whisper", reason="pip install 'emoreason[asr]'")
    found = said(babble(4, 120).sound, Settings(asr_model=str(tmp_path)))
    assert [gap.reason for gap in found.gaps] == ["no_transcript"]


def test_nobody_speaking_asks_for_no_transcript(network: SileroVad, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = whisper_that(monkeypatch, [])
    assert [gap.reason for gap in said(np.zeros(RATE_HZ)).gaps] == ["silent"]
    assert asked == []


@settings(max_examples=25, deadline=None)
@given(
    hnp.arrays(np.float32, st.integers(0, 20_000), elements=st.floats(width=32, allow_nan=True, allow_infinity=True))
)
def test_any_sound_is_taken(network: SileroVad, samples: npt.NDArray[np.float32]) -> None:
    found = said(samples)
    for start_s, end_s in segments(found):
        assert 0 <= start_s < end_s <= len(samples) / RATE_HZ + 0.001
    assert found.cues or found.gaps


@settings(max_examples=50, deadline=None)
@given(hnp.arrays(float, st.integers(0, 200), elements=st.floats(0, 1)), st.integers(0, 2**32 - 1))
def test_spans_are_in_order_apart_and_inside(probabilities: npt.NDArray[np.float64], seed: int) -> None:
    rng = np.random.default_rng(seed)
    loud = np.repeat(rng.random(len(probabilities)) ** 4, 512)
    waveform = Waveform.of(Audio((rng.standard_normal(len(loud)) * loud).astype(np.float32)))
    spans = find_speech(waveform, probabilities)
    for span in spans:
        assert 0 <= span.start_s < span.end_s <= waveform.duration_s + 0.001
        assert 0 <= span.probability <= 1
    for before, after in pairwise(spans):
        assert after.start_s - before.end_s > 0.198


def test_noisy_speech_is_found(network: SileroVad) -> None:
    sound, _ = spoken_with_pauses((0.5,))
    spans = segments(said(with_noise(sound, 10)))
    assert spans
    assert spans[0][0] == pytest.approx(0.5, abs=0.3)
