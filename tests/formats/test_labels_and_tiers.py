"""Labels and tier names give back what they were made from; coders' tiers are understood or said."""

from dataclasses import replace

import pytest
from hypothesis import given
from some_records import cues

from emoreason.formats.tiers.coder import understand
from emoreason.formats.tiers.label import FIELDS, label_of, parse_label
from emoreason.formats.tiers.layout import cue_values
from emoreason.formats.tiers.tier import Segment, Tier, packed, parse_tier_name, tier_name
from emoreason.records import Cue


@given(cue=cues(placed=True))
def test_a_label_says_the_same_as_its_cue(cue: Cue) -> None:
    label = label_of(cue)
    assert label.strip()
    said = parse_label(label, cue.modality, cue.code)
    expected = {name: getattr(cue, name) for name in FIELDS if getattr(cue, name) is not None}
    if cue.modality == "face" and cue.code.startswith("AU"):
        expected.pop("side", None)  # part of the tier's name
    assert said == expected


@given(cue=cues(placed=True))
def test_a_tier_name_says_what_is_on_it(cue: Cue) -> None:
    subject = parse_tier_name(tier_name(cue))
    assert subject is not None
    assert (subject.person, subject.state) == (cue.subject, cue.state)
    if cue.state == "present":
        assert (subject.modality, subject.code) == (cue.modality, cue.code)
        if cue.modality == "face" and cue.code.startswith("AU"):
            assert subject.side == cue.side


def test_labels_are_readable() -> None:
    smile = Cue(id="a", modality="face", code="AU12", value=1.93, unit="0-5", level="moderately")
    assert label_of(smile) == "moderately, 1.93/5"
    assert label_of(replace(smile, value=None, unit=None, level=None)) == "AU12"
    assert label_of(Cue(id="b", modality="speech", code="utterance", text="absent")) == "absent"


def test_overlaps_and_moments_get_tiers_of_their_own() -> None:
    spans = [(0.0, 2.0), (1.0, 3.0), (2.0, 4.0), (1.0, 1.0), (1.0, 1.0)]
    tiers = list(packed({"a": [Segment(*span, "x") for span in spans]}, persons={"a": "face1"}))
    assert [tier.name for tier in tiers] == ["a", "a (2)", "a (3)", "a (4)"]
    assert [len(tier.segments) for tier in tiers] == [2, 1, 1, 1]
    for tier in tiers:
        assert len({segment.is_moment for segment in tier.segments}) == 1


def understood(name: str, labels: list[str], person: str | None = None) -> list[tuple[object, ...]]:
    tier = Tier(name, tuple(Segment(float(n), n + 0.5, label) for n, label in enumerate(labels)), person)
    values = cue_values([tier], "elan", lambda text: None, {})
    keys = ("subject", "modality", "code", "side", "state", "value", "text")
    return [tuple(value.get(key) for key in keys) for value in values]


@pytest.mark.parametrize(
    ("name", "labels", "person", "expected"),
    [
        (
            "AU12",
            ["", "C"],
            None,
            [(None, "face", "AU12", None, None, None, None), (None, "face", "AU12", None, None, 3.0, None)],
        ),
        ("AU 12", ["2"], "Anna", [("Anna", "face", "AU12", None, None, 2.0, None)]),
        ("P1_AU06", ["x"], None, [("P1", "face", "AU6", None, None, None, None)]),
        ("AU06_left", ["absent"], None, [(None, "face", "AU6", "left", "absent", None, None)]),
        (
            "AU4",
            ["0", "1", "1"],
            None,
            [(None, "face", "AU4", None, "absent", None, None)] + 2 * [(None, "face", "AU4", None, None, None, None)],
        ),
        (
            "FACS",
            ["1+2C"],
            "Max",
            [("Max", "face", "1", None, None, None, None), ("Max", "face", "2C", None, None, None, None)],
        ),
        ("A_Transcription", ["hello"], None, [(None, "speech", "utterance", None, None, None, "hello")]),
        ("W-Spch", ["so from here."], "W [x]", [("W_x", "speech", "utterance", None, None, None, "so from here.")]),
        ("Mary - words", ["hi"], None, [(None, "speech", "word", None, None, None, "hi")]),
        ("Head", ["Nod"], None, [(None, "head", "nod", None, None, None, "Nod")]),
        (
            "silences",
            ["silent", "sounding"],
            None,
            [(None, "voice", "pause", None, None, None, None), (None, "speech", "segment", None, None, None, None)],
        ),
        ("phones", ["a"], None, []),
        ("Comments", ["check AU12"], None, []),
        ("Take 12", ["x"], None, []),
        ("Anna", ["x"], None, []),
    ],
)
def test_coders_tiers(name: str, labels: list[str], person: str | None, expected: list[tuple[object, ...]]) -> None:
    assert understood(name, labels, person) == expected


def test_what_is_not_understood_is_said_with_the_way_out() -> None:
    said: list[str] = []
    tiers = [
        Tier("Anna's smile", (Segment(0, 1, "wide"),)),
        Tier("Notes", (Segment(0, 1, "x"),)),
        Tier("FACS", (Segment(0, 1, "grin"), Segment(1, 2, "12"))),
    ]
    values = cue_values(tiers, "elan", said.append, {"Anna's smile": "Anna AU12", "Notes": "-"})
    assert [(value.get("subject"), value["code"]) for value in values] == [("Anna", "AU12"), (None, "12")]
    assert said == ["tier 'FACS': 1 label not understood and left out: 'grin'"]
    cue_values(tiers, "elan", said.append, {})
    assert "Anna's smile=AU12" in said[1]


def test_a_wrong_tier_option_names_what_is_expected() -> None:
    with pytest.raises(ValueError, match=r"'smiling' is no code; expected AU12.*AU for labels.*- to leave it out"):
        understand(Tier("x"), {"x": "smiling"})
