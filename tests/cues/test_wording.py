"""Cue text names no emotion, tells present, absent and unknown apart, and stays one harmless line."""

import itertools
import json
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreason.cues.emotion_words import emotion_words_in
from emoreason.cues.wording import LANGUAGES, action_unit_table, cue_name, cue_text, format_number, gap_text, wording
from emoreason.errors import ConfigError
from emoreason.records import Cue, Gap
from emoreason.records.labels import EMOTIONS, GAP_REASONS, MARKS, MODALITIES, SIDES, STATES

FACS_CODES = sorted({*(f"AU{number}" for number in range(1, 100))})
LEVELS = sorted(wording("en")["levels"])
DIRECTIONS = sorted(wording("en")["directions"])
UNITS = sorted(wording("en")["units"])


def all_emotion_words(text: str) -> list[str]:
    return [word for language in LANGUAGES for word in emotion_words_in(text, language, ambiguous=True)]


def leaves(value: object) -> list[str]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    return [str(value)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_template_names_an_emotion(language: str) -> None:
    offending = {leaf: words for leaf in leaves(wording(language)) if (words := all_emotion_words(leaf))}
    assert offending == {}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", STATES)
def test_no_line_names_an_emotion(language: str, state: str) -> None:
    codes = [("face", code) for code in FACS_CODES] + [tuple(key.split(".")) for key in wording("en")["measures"]]
    for (modality, code), level in itertools.product(codes, [*LEVELS, None]):
        cue = Cue(
            id="a.b.1",
            modality=modality,
            code=code,
            state=state,
            level=level,
            value=2.5,
            unit="0-5" if code.startswith("AU") else "Hz",
            start_s=1.0,
            end_s=2.0,
            apex_s=1.5,
            subject="face1",
            confidence=0.5,
        )
        assert all_emotion_words(cue_text(cue, language)) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_side_mark_direction_unit_or_gap_names_an_emotion(language: str) -> None:
    for side, mark, direction, unit in itertools.product(SIDES, MARKS, DIRECTIONS, UNITS):
        cue = Cue(
            id="a", modality="face", code="AU1", value=1.0, unit=unit, side=side, marks=(mark,), direction=direction
        )
        assert all_emotion_words(cue_text(cue, language)) == []
    for modality, reason in itertools.product(MODALITIES, GAP_REASONS):
        assert all_emotion_words(gap_text(Gap(modality=modality, reason=reason, subject="face1"), language)) == []


def test_the_lint_sees_emotion_words() -> None:
    for emotion in EMOTIONS:
        assert emotion_words_in(f"a face full of {emotion}") == [emotion]
    assert emotion_words_in("Happily surprised; ANGRY, worried_face") == ["happily", "surprised", "angry", "worried"]
    assert emotion_words_in("don't", "en") == []
    assert emotion_words_in("他很高兴，但不愤怒", "zh") == ["高兴", "愤怒"]
    assert emotion_words_in("lip corner depressor, AU15, cheek raiser, madder", "en") == ["madder"]
    assert emotion_words_in("tense", "en") == []
    assert emotion_words_in("tense", "en", ambiguous=True) == ["tense"]
    with pytest.raises(ConfigError, match="expected en or zh"):
        emotion_words_in("x", "fr")


def test_both_languages_have_the_same_keys() -> None:
    english, chinese = wording("en"), wording("zh")
    assert english.keys() == chinese.keys()
    for part in english:
        if isinstance(english[part], dict):
            assert english[part].keys() == chinese[part].keys(), part


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_constant_of_the_records_has_words(language: str) -> None:
    words = wording(language)
    assert set(words["modalities"]) == set(MODALITIES)
    assert set(words["marks"]) == set(MARKS)
    assert set(words["gaps"]) == set(GAP_REASONS)
    assert set(words["sides"]) == set(SIDES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_states_are_worded_differently(language: str) -> None:
    lines = {cue_text(Cue(id="a", modality="face", code="AU12", state=state), language) for state in STATES}
    assert len(lines) == 3


def test_a_missing_value_is_not_the_middle_of_a_scale() -> None:
    without = cue_text(Cue(id="a", modality="voice", code="f0_mean"))
    assert without == "mean pitch (F0): seen"
    assert "normal" in cue_text(Cue(id="a", modality="voice", code="f0_mean", level="normal"))
    assert "normal" not in cue_text(Cue(id="a", modality="voice", code="f0_mean", state="unknown", level="normal"))


def test_names_come_from_facs_and_the_printed_error_is_mended() -> None:
    names = {row["au"]: row["name"] for row in action_unit_table()}
    assert names["AU13"] == "sharp lip puller"
    assert cue_name(Cue(id="a", modality="face", code="AU34")) == "AU34 cheek puff"
    assert cue_name(Cue(id="a", modality="face", code="AU12", side="left")) == "AU12 lip corner puller (left side)"
    assert cue_name(Cue(id="a", modality="face", code="AU99")) == "AU99 facial action unit"


def test_an_action_unit_without_a_unit_is_on_the_scale_of_the_records() -> None:
    assert cue_text(Cue(id="a", modality="face", code="AU12", value=3.0)).endswith("intensity 3 of 5")
    assert cue_text(Cue(id="a", modality="voice", code="hnr", value=3.0)).endswith(": 3")


def test_marks_take_away_what_they_do_not_let_stand() -> None:
    cue = Cue(
        id="a",
        modality="face",
        code="AU4",
        value=3.0,
        unit="0-5",
        level="strongly",
        start_s=1.0,
        end_s=2.0,
        apex_s=1.5,
        marks=("low_confidence", "presence_only"),
    )
    assert cue_text(cue) == ("AU4 brow lowerer: 1.00-2.00 s; measured with little certainty; only its presence counts")


@pytest.mark.parametrize(
    ("start_s", "end_s", "expected"),
    [
        (1.0, 2.0, "pause: 1.00-2.00 s"),
        (1.0, 1.0, "pause: at 1.00 s"),
        (1.0, None, "pause: from 1.00 s"),
        (None, 2.0, "pause: until 2.00 s"),
        (None, None, "pause: seen"),
    ],
)
def test_spans(start_s: float | None, end_s: float | None, expected: str) -> None:
    assert cue_text(Cue(id="a", modality="voice", code="pause", start_s=start_s, end_s=end_s)) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(3.4, "3.4"), (212.36, "212"), (0.0312, "0.031"), (-0.0, "0"), (-12.34, "-12.3"), (2.0, "2"), (1e9, "1e+09")],
)
def test_numbers(value: float, expected: str) -> None:
    assert format_number(value) == expected


@given(
    code=st.text(min_size=1, max_size=100),
    level=st.none() | st.text(max_size=100),
    unit=st.none() | st.text(max_size=50),
    direction=st.none() | st.text(max_size=100),
    subject=st.none() | st.text(min_size=1, max_size=100),
    modality=st.sampled_from(MODALITIES),
    state=st.sampled_from(STATES),
    language=st.sampled_from(LANGUAGES),
)
def test_outside_strings_stay_one_harmless_line(
    code: str, level: str, unit: str, direction: str, subject: str, modality: str, state: str, language: str
) -> None:
    cue = Cue(
        id="a",
        modality=modality,
        code=code,
        state=state,
        level=level,
        unit=unit,
        direction=direction,
        subject=subject,
        value=1.0,
    )
    line = cue_text(cue, language)
    assert line
    assert len(line.splitlines()) == 1
    assert not set(line) & set("<>[]{}|\n\r＜＞［］｛｝｜\u200b\u202e")


def test_chinese_line() -> None:
    cue = Cue(
        id="face1.AU12.1",
        modality="face",
        code="AU12",
        value=3.4,
        unit="0-5",
        level="strongly",
        start_s=1.2,
        end_s=2.4,
        apex_s=1.8,
        subject="face1",
        marks=("during_speech",),
    )
    expected = (
        "face1，AU12 嘴角上拉：强，强度 3.4（满分 5），1.20-2.40 秒，顶点 1.80 秒；出现在说话时，可能只是发音动作"
    )
    assert cue_text(cue, "zh") == expected


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected one of en, zh"):
        cue_text(Cue(id="a", modality="face", code="AU1"), "fr")


def test_data_files_are_well_formed() -> None:
    folder = resources.files("emoreason.cues") / "data"
    rows = (folder / "emotion_words.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "word,language,sense,source"
    assert len(rows) == len({row.split(",")[0] for row in rows}), "a word is listed twice"
    for language in LANGUAGES:
        json.loads((folder / f"wording_{language}.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_there_has_no_caveat_about_its_timing(language: str) -> None:
    words = wording(language)["marks"]
    marks = ("low_confidence", "presence_only")
    absent, unknown = (
        cue_text(Cue(id="f.AU4.1", modality="face", code="AU4", state=state, marks=marks), language)
        for state in ("absent", "unknown")
    )
    assert words["presence_only"] not in absent + unknown
    assert words["low_confidence"] in absent  # how sure one can be that it is not there
    assert words["low_confidence"] not in unknown
