"""Level words, norms and speaker baselines."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from speech_sounds import babble

from emoreason.cues.extractor import Audio
from emoreason.cues.models import model_path
from emoreason.cues.voice import MEASURES, measure_baseline, read_baseline, write_baseline
from emoreason.cues.voice.levels import judge, load_norms
from emoreason.errors import ConfigError, MediaError, ModelFileError

WORDS = ["very_low", "low", "normal", "high", "very_high"]


@pytest.fixture
def network() -> None:
    try:
        model_path("silero_vad")
    except ModelFileError as error:
        pytest.skip(f"emoreason models fetch ({error})")


def test_every_norm_names_its_source_and_a_measure_in_its_unit() -> None:
    assert load_norms()
    for (name, code), norm in load_norms().items():
        assert code in MEASURES
        assert name == norm.name
        assert len(norm.source) > 20
        assert norm.very_low_below < norm.low_below < norm.high_from < norm.very_high_from


@pytest.mark.parametrize(
    ("sex", "words"),
    [
        ("male", {70: "very_low", 90: "low", 120: "normal", 155: "high", 180: "very_high"}),
        ("female", {130: "very_low", 150: "low", 200: "normal", 240: "high", 260: "very_high"}),
        (None, {70: "very_low", 90: "low", 120: "normal", 200: "normal", 240: "high", 260: "very_high"}),
    ],
)
def test_words_for_f0(sex: str | None, words: dict[float, str]) -> None:
    for hz, word in words.items():
        judgement = judge("f0_mean", hz, None, sex)
        assert judgement.level == word
        assert judgement.compared_with == f"dataspeech_{sex or 'pooled'}"
        assert judgement.marks == (() if sex else ("pooled_norm",))


def test_the_pooled_norm_says_only_what_holds_for_both_sexes() -> None:
    for hz in np.arange(60, 300, 1.0):
        pooled, female, male = (
            WORDS.index(judge("f0_mean", hz, None, sex).level or "") for sex in (None, "female", "male")
        )
        assert min(female, male, 2) <= pooled <= max(female, male, 2)
        if pooled != 2:
            assert (female - 2) * (pooled - 2) > 0
            assert (male - 2) * (pooled - 2) > 0


@pytest.mark.parametrize("code", sorted(set(MEASURES) - {"f0_mean", "f0_sd"}))
def test_measures_without_a_norm_on_our_scale_get_no_word(code: str) -> None:
    for value in (-50.0, 0.0, 5.0, 500.0):
        assert judge(code, value, None, None).level is None
        assert judge(code, value, None, "female").level is None


def test_a_baseline_replaces_the_norm() -> None:
    baseline = {"f0_mean": (200.0, 10.0), "jitter": (1.0, 0.2)}
    for z, word in (
        (-2.5, "very_low"),
        (-1.5, "low"),
        (0, "normal"),
        (0.9, "normal"),
        (1.5, "high"),
        (2.5, "very_high"),
    ):
        judgement = judge("f0_mean", 200 + 10 * z, baseline, "male")
        assert (judgement.level, judgement.compared_with, judgement.marks) == (word, "baseline", ())
    assert judge("jitter", 1.5, baseline, None).level == "very_high"
    assert judge("f0_sd", 30.0, baseline, None).compared_with == "dataspeech_pooled"


def test_differences_below_the_measuring_error_do_not_count() -> None:
    assert judge("f0_mean", 202.0, {"f0_mean": (200.0, 0.0)}, None).level == "normal"


@given(st.sampled_from(sorted(MEASURES)), st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(0, 1e6))
def test_words_rise_with_the_value(code: str, value: float, mean: float, sd: float) -> None:
    baseline = None if code == "pause_count" else {code: (mean, sd)}
    levels = [judge(code, value + step, baseline, None).level for step in (0.0, 1.0, 100.0)]
    if levels[0] is not None:
        places = [WORDS.index(level or "") for level in levels]
        assert places == sorted(places)


def test_baseline_of_a_neutral_recording(network: None, tmp_path: Path) -> None:
    sound = babble(4, 120, phrases=(14, 14, 14, 14, 14)).sound.astype(np.float32)
    baseline = measure_baseline(Audio(sound))
    assert set(MEASURES) - {"pause_count", "pause_mean"} <= set(baseline)
    mean, sd = baseline["f0_mean"]
    assert mean == pytest.approx(120, rel=0.08)
    assert 0 <= sd < 20
    assert baseline["speech_rate"][0] == pytest.approx(4, rel=0.1)
    path = tmp_path / "speaker.json"
    write_baseline(path, baseline)
    assert read_baseline(path) == baseline


@pytest.mark.parametrize("seconds", [0, 1, 10])
def test_a_recording_without_enough_speech_makes_no_baseline(network: None, seconds: int) -> None:
    with pytest.raises(MediaError, match="record the speaker"):
        measure_baseline(Audio(np.zeros(seconds * 16_000, np.float32)))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not JSON"),
        ("[1, 2]", "is not a file with"),
        ('{"format": "other", "measures": {}}', "is not a file with"),
        ('{"format": "emoreason voice baseline 1"}', "is not a file with"),
        (
            '{"format": "emoreason voice baseline 1", "measures": {"pitch": {"mean": 1, "sd": 1}}}',
            "'pitch' is not known",
        ),
        ('{"format": "emoreason voice baseline 1", "measures": {"f0_mean": 200}}', "finite mean and sd"),
        ('{"format": "emoreason voice baseline 1", "measures": {"f0_mean": {"mean": NaN, "sd": 1}}}', "finite mean"),
        ('{"format": "emoreason voice baseline 1", "measures": {"f0_mean": {"mean": 1e999, "sd": 1}}}', "finite mean"),
        ('{"format": "emoreason voice baseline 1", "measures": {"f0_mean": {"mean": 200, "sd": -1}}}', "sd below 0"),
        (
            '{"format": "emoreason voice baseline 1", "measures": {"f0_mean": {"mean": 5, "sd": 1, "unit": "st"}}}',
            "expected 'Hz'",
        ),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_a_broken_baseline_file_is_one_clear_line(content: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "speaker.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match=said) as raised:
        read_baseline(path)
    assert str(path) in str(raised.value)
    assert "--write-baseline" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_unreadable_or_binary_baseline_is_a_clear_line(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00\x01")
    for path in (tmp_path, tmp_path / "missing.json", tmp_path / "binary"):
        with pytest.raises(ConfigError, match="--write-baseline"):
            read_baseline(path)
    with pytest.raises(ConfigError, match="cannot be written"):
        write_baseline(tmp_path / "no" / "such" / "folder.json", {})


def test_a_written_baseline_is_plain_json(tmp_path: Path) -> None:
    write_baseline(tmp_path / "b.json", {"hnr": (12.0, 1.5)})
    assert json.loads((tmp_path / "b.json").read_text())["measures"] == {"hnr": {"mean": 12.0, "sd": 1.5, "unit": "dB"}}
