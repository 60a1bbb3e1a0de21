"""Records cross a boundary unchanged, and what other tools write is understood or refused in one line."""

import json
import math
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreason.errors import RecordError
from emoreason.records import (
    Alternative,
    Claim,
    Clip,
    Cue,
    CueSet,
    Curve,
    EmotionProbability,
    Explanation,
    Frame,
    Gap,
    Reference,
    Score,
    TrainingRow,
    Turn,
)
from emoreason.records.convert import SCHEMA_NAMES, check, from_json, schema, to_json
from emoreason.records.labels import EMOTIONS, GAP_REASONS, MARKS, MODALITIES, SIDES, STATES, parse_action_unit

text = st.text(max_size=20)
maybe = st.none()
number = st.floats(allow_nan=False, allow_infinity=False)
seconds = st.floats(0, 1e6, allow_nan=False)
share = st.floats(0, 1, allow_nan=False)
polar = st.floats(-1, 1, allow_nan=False)
ids = st.text("abcdefghijklmnopqrstuvwxyz0123456789._-", min_size=1, max_size=12)
texts = st.lists(text, max_size=3).map(tuple)

clips = st.builds(
    Clip,
    id=st.text(min_size=1, max_size=20),
    path=maybe | text,
    sha256=maybe | st.text("0123456789abcdef", min_size=64, max_size=64),
    duration_s=maybe | seconds,
    fps=maybe | seconds,
    has_video=maybe | st.booleans(),
    has_audio=maybe | st.booleans(),
    transcript=maybe | text,
    context=st.lists(st.builds(Turn, text, text), max_size=2).map(tuple),
)
spans = st.tuples(maybe | seconds, maybe | seconds).filter(lambda span: None in span or span[0] <= span[1])
cues = st.builds(
    lambda span, **others: Cue(start_s=span[0], end_s=span[1], **others),
    span=spans,
    id=ids,
    modality=st.sampled_from(MODALITIES),
    code=st.sampled_from(["AU12", "AU1", "f0_mean", "shot", "某"]),
    state=st.sampled_from(STATES),
    value=maybe | number,
    unit=maybe | text,
    level=maybe | text,
    direction=maybe | text,
    side=maybe | st.sampled_from(SIDES),
    apex_s=maybe | seconds,
    subject=maybe | ids,
    confidence=maybe | share,
    source=maybe | text,
    text=maybe | text,
    marks=st.lists(st.sampled_from(MARKS), max_size=2).map(tuple),
)
gaps = st.builds(
    Gap,
    modality=st.sampled_from(MODALITIES),
    reason=st.sampled_from(GAP_REASONS),
    start_s=maybe | seconds,
    end_s=maybe | seconds,
    subject=maybe | text,
    detail=maybe | text,
)
cuesets = st.builds(
    CueSet,
    clip=clips,
    cues=st.lists(cues, max_size=4, unique_by=lambda cue: cue.id).map(tuple),
    gaps=st.lists(gaps, max_size=2).map(tuple),
)
probabilities = st.lists(st.builds(EmotionProbability, st.sampled_from(EMOTIONS), share), max_size=3).map(tuple)
explanations = st.builds(
    Explanation,
    clip=st.text(min_size=1, max_size=9),
    labels=texts,
    label_cues=maybe | st.dictionaries(text, texts, max_size=2),
    emotions=probabilities,
    compounds=probabilities,
    valence=maybe | polar,
    arousal=maybe | polar,
    action_units=texts,
    claims=st.lists(
        st.builds(
            Claim,
            sentence=text,
            cue_ids=texts,
            polarity=st.sampled_from(["affirmed", "negated"]),
            start_s=maybe | seconds,
            end_s=maybe | seconds,
        ),
        max_size=2,
    ).map(tuple),
    interpretation=maybe | text,
    alternatives=st.lists(st.builds(Alternative, text, text), max_size=2).map(tuple),
    abstained=st.booleans(),
    abstain_reason=maybe | text,
    reasoning=maybe | text,
    engine=maybe | text,
    model=maybe | text,
    prompt_version=maybe | text,
    gaps=st.lists(gaps, max_size=2).map(tuple),
    notes=texts,
)
curves = st.builds(
    Curve,
    modality=st.sampled_from(MODALITIES),
    code=text,
    times_s=st.lists(number, max_size=3).map(tuple),
    values=st.lists(maybe | number, max_size=3).map(tuple),
    unit=maybe | text,
    subject=maybe | text,
)
scores = st.builds(
    Score,
    name=st.text(min_size=1, max_size=9),
    value=maybe | number,
    parts=maybe | st.dictionaries(text, maybe | number),
)
references = st.builds(
    Reference,
    labels=maybe | texts,
    emotion=maybe | text,
    distribution=maybe | st.dictionaries(st.sampled_from(EMOTIONS), share, max_size=3),
    valence=maybe | polar,
    arousal=maybe | polar,
    action_units=maybe | st.lists(st.sampled_from(["AU12", "L14", "4"]), max_size=3).map(tuple),
    cueset=maybe | cuesets,
    shown=maybe | texts,
    saw_media=st.booleans(),
    clues=texts,
    tree=maybe | text,
)


rows = st.builds(
    TrainingRow,
    id=st.text(min_size=1, max_size=9),
    cueset=cuesets,
    target=maybe | text,
    reference=references.map(lambda known: replace(known, cueset=None)),
    held_back=texts,
    frames=st.lists(
        st.builds(Frame, time_s=seconds, path=st.text(min_size=1, max_size=9), cue_id=maybe | ids), max_size=2
    ).map(tuple),
    split=maybe | st.sampled_from(["train", "dev", "test"]),
    group=maybe | text,
    preset=text,
    language=text,
    origin=st.dictionaries(text, maybe | number | text, max_size=2),
)


@given(st.one_of(clips, cuesets, explanations, curves, scores, references, rows))
def test_round_trip_is_exact(record: Any) -> None:
    value = to_json(record)
    assert json.loads(json.dumps(value, allow_nan=False)) == value
    assert from_json(value, type(record)) == record


@pytest.mark.parametrize(
    "cls", [Clip, Cue, Gap, Claim, Curve, Explanation, Reference, Score, TrainingRow], ids=lambda cls: cls.__name__
)
def test_schemas_describe_every_field(cls: type) -> None:
    described = schema(SCHEMA_NAMES.get(cls, cls.__name__.lower()))
    properties = described.get("properties") or described["oneOf"][1]["properties"]
    assert set(properties) == {field.name for field in fields(cls)}


def test_schemas_are_valid_draft_2020_12() -> None:
    from importlib import resources

    from jsonschema import Draft202012Validator

    names = [path.name.removesuffix(".json") for path in (resources.files("emoreason.records") / "schemas").iterdir()]
    assert len(names) == 12
    for name in names:
        Draft202012Validator.check_schema(schema(name))


def test_vocabularies_and_schemas_agree() -> None:
    cue = schema("cue")["properties"]
    assert [m for m in cue["modality"]["enum"] if m] == list(MODALITIES)
    assert [s for s in cue["state"]["enum"] if s] == list(STATES)
    assert [s for s in cue["side"]["enum"] if s] == list(SIDES)
    assert cue["marks"]["items"]["enum"] == list(MARKS)
    assert schema("gap")["properties"]["reason"]["enum"] == list(GAP_REASONS)
    assert schema("answer")["properties"]["emotions"]["items"]["properties"]["label"]["enum"] == list(EMOTIONS)


def test_what_other_tools_write_is_understood() -> None:
    cueset = from_json(
        {
            "clip": "x.mp4",
            "cues": [
                {"code": "L12", "state": None, "marks": None},
                {"code": "AU01_r", "value": 3, "subject": "face2"},
                {"id": "face.AU12.1", "modality": "face", "code": "12"},
                {"modality": "voice", "code": "f0_mean", "something_else": 1},
            ],
            "gaps": None,
        },
        CueSet,
    )
    assert cueset.clip == Clip(id="x.mp4")
    assert [(cue.id, cue.code, cue.side) for cue in cueset.cues] == [
        ("face.AU12.2", "AU12", "left"),
        ("face2.AU1.1", "AU1", None),
        ("face.AU12.1", "AU12", None),
        ("voice.f0_mean.1", "f0_mean", None),
    ]
    assert cueset.cues[0].state == "present"
    assert cueset.by_id()["face2.AU1.1"].value == 3.0
    assert cueset.cue("face.AU12.1").modality == "face"
    with pytest.raises(KeyError):
        cueset.cue("nobody")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([], "the top level"),
        ({}, "'clip' is a required property"),
        ({"clip": ""}, "clip"),
        ({"clip": "x", "cues": [{"id": "a", "code": "AU1"}, {"id": "a", "code": "AU2"}]}, "unique"),
        ({"clip": "x", "cues": [{"code": "smile"}]}, "no modality"),
        ({"clip": "x", "cues": [{"code": "AU1", "confidence": 7}]}, "cues/0/confidence"),
        ({"clip": "x", "cues": [{"code": "AU1", "id": "a b"}]}, "cues/0/id"),
        ({"clip": "x", "cues": [{"code": "AU1", "state": "maybe"}]}, "cues/0/state"),
        ({"clip": "x", "cues": [{"code": "AU1", "start_s": 5, "end_s": 2}]}, "before it starts"),
        ({"clip": "x", "gaps": [{"modality": "face", "reason": "lazy"}]}, "gaps/0/reason"),
    ],
)
def test_a_bad_cueset_is_refused_with_its_place(value: Any, expected: str) -> None:
    with pytest.raises(RecordError, match=expected) as caught:
        from_json(value, CueSet)
    assert "\n" not in str(caught.value)


def test_an_answer_may_hold_nothing_else() -> None:
    answer = {"labels": [], "emotions": [], "valence": 0, "arousal": 0, "action_units": []}
    check(answer, "answer")
    with pytest.raises(RecordError):
        check({**answer, "felt": "joy"}, "answer")


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("AU12", ("AU12", None)),
        ("au06_r", ("AU6", None)),
        ("AU45_c", ("AU45", None)),
        ("B22", ("AU22", "bottom")),
        ("AU12R", ("AU12", "right")),
        ("12C", ("AU12", None)),
        ("L12B", ("AU12", "left")),
        ("12+6", None),
        ("4", ("AU4", None)),
        ("L12R", None),
        ("AU0", None),
        ("AU123", None),
        ("", None),
        ("speech_rate", None),
    ],
)
def test_facs_codes_in_any_spelling(code: str, expected: tuple[str, str | None] | None) -> None:
    assert parse_action_unit(code) == expected


def test_intensity_letters_of_human_coders_are_values() -> None:
    cueset = from_json({"clip": "x", "cues": [{"code": "12C"}, {"code": "L6E", "value": 1}, {"code": "B22"}]}, CueSet)
    assert [(cue.code, cue.side, cue.value, cue.unit) for cue in cueset.cues] == [
        ("AU12", None, 3.0, "0-5"),
        ("AU6", "left", 1.0, None),
        ("AU22", "bottom", None, None),
    ]


def test_made_up_ids_can_be_read_again() -> None:
    cueset = from_json({"clip": "x", "cues": [{"modality": "body", "code": "arms, crossed [tight]"}]}, CueSet)
    assert from_json(to_json(cueset), CueSet) == cueset


def test_dataframe_is_indexed_by_file_start_end() -> None:
    import pandas as pd

    cueset = CueSet(
        clip=Clip(id="x.mp4"),
        cues=(
            Cue(id="a", modality="face", code="AU12", value=2.5, start_s=1.0, end_s=2.5, apex_s=2.0),
            Cue(id="b", modality="voice", code="f0_mean"),
        ),
    )
    frame = cueset.to_dataframe()
    assert frame.index.names == ["file", "start", "end"]
    assert frame.index[0] == ("x.mp4", pd.Timedelta(seconds=1), pd.Timedelta(seconds=2.5))
    assert pd.isna(frame.index[1][1])
    assert frame["value"].iloc[0] == 2.5
    assert math.isnan(frame["value"].iloc[1])
    assert list(CueSet(clip=Clip(id="e")).to_dataframe().columns) == list(frame.columns)
