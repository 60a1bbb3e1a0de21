"""ELAN: our files open in pympi, obey the EAF rules and come back exactly; edits count; anyone's files are read."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from some_records import CUESET, EXPLANATION, NASTY, cuesets

from emoreason.errors import RecordError
from emoreason.formats import FormatWarning, read_eaf, read_eaf_explanation, write_eaf
from emoreason.formats.elan import eaf, read_tiers
from emoreason.records import Claim, Clip, CueSet

quiet = {"say": lambda text: None}
anywhere = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def written(folder: Path, name: str = "x.eaf", **changes: Any) -> Path:
    path = folder / name
    write_eaf(path, replace(CUESET, **changes), EXPLANATION, **quiet)
    return path


@anywhere
@given(cueset=cuesets())
def test_any_cueset_comes_back_exactly(cueset: CueSet, tmp_path: Path) -> None:
    path = tmp_path / "x.eaf"
    write_eaf(path, cueset, replace(EXPLANATION, claims=(Claim(sentence=NASTY, start_s=0.0, end_s=1.0),)), **quiet)
    assert read_eaf(path, **quiet) == cueset
    check_structure(path)


def test_the_explanation_comes_back_exactly(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert read_eaf_explanation(path) == EXPLANATION
    write_eaf(path, CUESET, **quiet)
    assert read_eaf_explanation(path) is None


def test_pympi_sees_tiers_times_and_words(tmp_path: Path) -> None:
    pympi = pytest.importorskip("pympi", reason="pip install -e '.[dev]' brings pympi")
    found = pympi.Elan.Eaf(str(written(tmp_path)))
    rows = {name: found.get_annotation_data_for_tier(name) for name in found.get_tier_names()}
    assert rows["face1 AU12"] == [(1520, 5960, "moderately, 1.93/5")]
    assert (rows["face1 AU45"], rows["face1 AU45 (2)"]) == ([(600, 840, "AU45")], [(800, 1000, "AU45")])
    assert rows["face1 L6"] == [(2000, 3000, "AU6")]
    assert rows["face1 absent"] == [(0, 6000, "AU4; AU5")]
    assert rows["face1 unknown"] == [(0, 6000, "AU10")]
    assert rows["speech.utterance"] == [(1600, 5400, "Oh! You came.")]
    assert rows["voice.f0_mean"] == [(1640, 5120, "high, 225.3667 Hz")]
    assert rows["scene.keyframe"] == [(2080, 2081, "keyframe")]
    assert [value for *_, value in sorted(rows["claims"] + rows["claims (2)"])] == [
        "It is a <room> & --> nothing else.",
        "The lip corners rise [face1.AU12.1, voice.f0_mean.1].",
    ]
    assert rows["claims negated"] == [(0, 6000, "The brows stay down [face1.AU4.1].")]
    assert rows["expressed"][0][2].startswith("happy, amazed; happiness 0.60, surprise 0.15")
    assert found.get_parameters_for_tier("face1 AU12")["PARTICIPANT"] == "face1"


def test_what_stands_on_no_tier_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    write_eaf(tmp_path / "x.eaf", CUESET, EXPLANATION, say=said.append)
    assert said == [
        "ELAN has no tier for 2 gaps (what could not be observed): in a property alone",
        "ELAN has no tier for 1 cue without a time: in a property alone",
        "ELAN has no tier for 1 claim without a time: in a property alone",
    ]
    with pytest.warns(FormatWarning, match="no tier for 2 gaps"):
        write_eaf(tmp_path / "x.eaf", CUESET)


def test_people_must_be_informed_and_the_media_is_linked_relative(tmp_path: Path) -> None:
    clip = tmp_path / "clips" / "a b.mp4"
    clip.parent.mkdir()
    clip.touch()
    root = ET.fromstring(eaf(CueSet(clip=Clip(id="a", path=str(clip))), folder=tmp_path / "elan"))  # noqa: S314
    media = root.find("HEADER/MEDIA_DESCRIPTOR")
    assert media is not None
    assert media.attrib == {
        "MEDIA_URL": "../clips/a%20b.mp4",
        "RELATIVE_MEDIA_URL": "../clips/a%20b.mp4",
        "MIME_TYPE": "video/mp4",
    }
    notices = [one.text for one in root.iterfind("HEADER/PROPERTY") if one.get("NAME") == "emoreason.notice"]
    assert "must be informed" in (notices[0] or "")


def edited(path: Path, change: Any) -> CueSet:
    tree = ET.parse(path)  # noqa: S314
    change(tree.getroot())
    tree.write(path, encoding="UTF-8", xml_declaration=True)
    return read_eaf(path, **quiet)


def tier_of(root: ET.Element, name: str) -> ET.Element:
    return next(tier for tier in root.iterfind("TIER") if tier.get("TIER_ID") == name)


def test_what_a_coder_changed_in_elan_counts(tmp_path: Path) -> None:
    def change(root: ET.Element) -> None:
        smile = tier_of(root, "face1 AU12").find("ANNOTATION/ALIGNABLE_ANNOTATION")
        assert smile is not None
        slot = next(s for s in root.iter("TIME_SLOT") if s.get("TIME_SLOT_ID") == smile.get("TIME_SLOT_REF2"))
        slot.set("TIME_VALUE", "3000")
        value = smile.find("ANNOTATION_VALUE")
        assert value is not None
        value.text = "E"
        absent = tier_of(root, "face1 absent").find("ANNOTATION/ALIGNABLE_ANNOTATION/ANNOTATION_VALUE")
        assert absent is not None
        absent.text = "AU5"
        blinks = tier_of(root, "face1 AU45")
        blinks.remove(blinks[0])
        tier_of(root, "face1 L6").set("TIER_ID", "face1 AU7")

    found = edited(written(tmp_path), change)
    cues = found.by_id()
    kept = CUESET.cue("face1.AU12.1")
    assert cues["face1.AU12.1"] == replace(
        kept, end_s=3.0, value=5.0, level=None, confidence=None, source="elan", marks=()
    )
    assert "face1.AU4.1" not in cues
    assert cues["face1.AU5.1"] == CUESET.cue("face1.AU5.1")
    assert "face1.AU45.1" not in cues
    assert cues["face1.AU45.2"] == CUESET.cue("face1.AU45.2")
    assert "face1.AU6.1" not in cues
    assert (cues["face1.AU7.1"].start_s, cues["face1.AU7.1"].source) == (2.0, "elan")
    assert cues["scene.place.1"] == CUESET.cue("scene.place.1")
    assert found.gaps == CUESET.gaps


def test_without_our_properties_the_tiers_are_read(tmp_path: Path) -> None:
    def change(root: ET.Element) -> None:
        header = root.find("HEADER")
        assert header is not None
        for entry in list(header.iterfind("PROPERTY")):
            header.remove(entry)

    found = edited(written(tmp_path), change)
    said = {(cue.subject, cue.code, cue.state, cue.value, cue.start_s) for cue in found.cues}
    assert ("face1", "AU12", "present", 1.93, 1.52) in said
    assert ("face1", "AU4", "absent", None, 0.0) in said
    assert len(found.cues) == len(CUESET.cues) - 1  # the one without a time
    assert found.clip.id == "Anna's talk.mp4"


def test_a_damaged_property_is_said_and_the_tiers_are_read(tmp_path: Path) -> None:
    path = written(tmp_path)
    said: list[str] = []
    path.write_bytes(path.read_bytes().replace(b'"cueset": ', b'"cueset": null, "x": '))
    assert len(read_eaf(path, say=said.append).cues) == len(CUESET.cues) - 1
    assert "read from the tiers alone" in said[0]


CODERS = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2024-01-01T00:00:00+00:00" FORMAT="2.7" VERSION="2.7">
  <HEADER MEDIA_FILE="" TIME_UNITS="milliseconds">
    <MEDIA_DESCRIPTOR MEDIA_URL="file:///C:/data/talk 1.mpg" MIME_TYPE="video/mpeg" TIME_ORIGIN="500"/>
  </HEADER>
  <TIME_ORDER>
    <TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/>
    <TIME_SLOT TIME_SLOT_ID="ts2"/>
    <TIME_SLOT TIME_SLOT_ID="ts3"/>
    <TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="4000"/>
    <TIME_SLOT TIME_SLOT_ID="ts5" TIME_VALUE="5000"/>
    <TIME_SLOT TIME_SLOT_ID="ts6"/>
  </TIME_ORDER>
  <TIER TIER_ID="utterances" PARTICIPANT="Anna" ANNOTATOR="KL" LINGUISTIC_TYPE_REF="a">
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts4">
      <ANNOTATION_VALUE>three words here</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
  </TIER>
  <TIER TIER_ID="words" PARENT_REF="utterances" PARTICIPANT="Anna" LINGUISTIC_TYPE_REF="a">
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
      <ANNOTATION_VALUE>three</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a3" TIME_SLOT_REF1="ts2" TIME_SLOT_REF2="ts3">
      <ANNOTATION_VALUE>words</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a4" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts4">
      <ANNOTATION_VALUE>here</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
  </TIER>
  <TIER TIER_ID="FACS" PARENT_REF="utterances" LINGUISTIC_TYPE_REF="b">
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a6" ANNOTATION_REF="a1" PREVIOUS_ANNOTATION="a5">
      <ANNOTATION_VALUE>L12C+25</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a5" ANNOTATION_REF="a1">
      <ANNOTATION_VALUE>1</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
  </TIER>
  <TIER TIER_ID="head" PARENT_REF="FACS" LINGUISTIC_TYPE_REF="c">
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a7" ANNOTATION_REF="a6">
      <ANNOTATION_VALUE>nod</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
    <ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a8" ANNOTATION_REF="nowhere">
      <ANNOTATION_VALUE>shake</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
  </TIER>
  <TIER TIER_ID="gaze" LINGUISTIC_TYPE_REF="a">
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a9" TIME_SLOT_REF1="ts5" TIME_SLOT_REF2="ts6">
      <ANNOTATION_VALUE>left</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
    <ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a10" TIME_SLOT_REF1="ts4" TIME_SLOT_REF2="ts1">
      <ANNOTATION_VALUE>right</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
  </TIER>
</ANNOTATION_DOCUMENT>
"""


def test_a_coders_file_with_times_of_every_kind(tmp_path: Path) -> None:
    path = tmp_path / "coded.eaf"
    path.write_text(CODERS, encoding="utf-8")
    said: list[str] = []
    found = read_eaf(path, say=said.append)
    assert found.clip == Clip(id="talk 1.mpg")
    assert [(c.code, c.subject, c.start_s, c.end_s, c.side, c.value, c.text, c.source) for c in found.cues] == [
        ("utterance", "Anna", 1.5, 4.5, None, None, "three words here", "elan/KL"),
        ("AU1", None, 1.5, 3.0, None, None, None, "elan"),
        ("word", "Anna", 1.5, 2.5, None, None, "three", "elan"),
        ("word", "Anna", 2.5, 3.5, None, None, "words", "elan"),
        ("AU12", None, 3.0, 4.5, "left", 3.0, None, "elan"),
        ("AU25", None, 3.0, 4.5, None, None, None, "elan"),
        ("nod", None, 3.0, 4.5, None, None, None, "elan"),
        ("word", "Anna", 3.5, 4.5, None, None, "here", "elan"),
    ]
    assert said == [
        f"{path}: tier 'head': 1 annotation without a usable time left out",
        f"{path}: tier 'gaze': 2 annotations without a usable time left out",
    ]


def test_a_file_that_pympi_wrote_is_read(tmp_path: Path) -> None:
    pympi = pytest.importorskip("pympi", reason="pip install -e '.[dev]' brings pympi")
    made = pympi.Elan.Eaf(author="KL")
    made.add_tier("Anna AU12")
    made.add_annotation("Anna AU12", 1200, 2400, "D")
    made.add_linked_file("file:///data/talk.mp4", "./talk.mp4", "video/mp4")
    made.to_file(str(tmp_path / "p.eaf"))
    (tmp_path / "talk.mp4").touch()
    found = read_eaf(tmp_path / "p.eaf", **quiet)
    assert found.clip.path == str(tmp_path / "talk.mp4")
    assert [(c.id, c.value, c.start_s, c.end_s) for c in found.cues] == [("Anna.AU12.1", 4.0, 1.2, 2.4)]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no element found"),
        (b"not xml", "syntax error"),
        (b"<a/>", "expected <ANNOTATION_DOCUMENT>"),
        (CODERS.encode()[:900], "no ELAN file that can be read"),
        (b"<?xml version='1.0' encoding='klingon'?><ANNOTATION_DOCUMENT/>", "unknown encoding"),
        (CODERS.encode("utf-16"), "no ELAN file"),
        (b"\xff\xfe\x00\xd8<", "no ELAN file"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><ANNOTATION_DOCUMENT/>', "DTDForbidden"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><ANNOTATION_DOCUMENT/>', "DTDForbidden"),
        (b"<a>" * 100_000, "nested deeper than 32"),
        (CODERS.replace('"4000"', '"-4000"').encode(), "a time of '-4000'"),
        (CODERS.replace('"4000"', '"NaN"').encode(), "a time of 'NaN'"),
        (CODERS.replace('"4000"', f'"{"9" * 5000}"').encode(), "a time of '9999"),
        (CODERS.replace("milliseconds", "PAL-frames").encode(), "times are in 'PAL-frames'"),
    ],
    ids=range(14),
)
def test_what_is_no_elan_file_is_one_line(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.eaf"
    path.write_bytes(data)
    with pytest.raises(RecordError, match=re.escape(str(path))) as refused:
        read_eaf(path, **quiet)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_too_large_a_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "x.eaf"
    with open(path, "wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(RecordError, match="larger than 64 MiB"):
        read_eaf(path)
    with pytest.raises(RecordError, match="cannot be read: No such file"):
        read_tiers(tmp_path / "nowhere.eaf")


def test_refs_that_go_round_in_circles_end(tmp_path: Path) -> None:
    path = tmp_path / "x.eaf"
    path.write_text(CODERS.replace('ANNOTATION_REF="a1"', 'ANNOTATION_REF="a7"'), encoding="utf-8")
    assert {cue.code for cue in read_eaf(path, **quiet).cues} == {"utterance", "word"}


def test_a_long_chain_of_refs_that_is_told_backwards_is_read(tmp_path: Path) -> None:
    links = 60_000
    chain = "".join(
        f'<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="c{number}" ANNOTATION_REF="c{number - 1}">'
        "<ANNOTATION_VALUE>1</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>"
        for number in range(links, 0, -1)
    ).replace('ANNOTATION_REF="c0"', 'ANNOTATION_REF="a1"')
    path = tmp_path / "x.eaf"
    tier = f'<TIER TIER_ID="notes" LINGUISTIC_TYPE_REF="b">{chain}</TIER></ANNOTATION_DOCUMENT>'
    path.write_text(CODERS.replace("</ANNOTATION_DOCUMENT>", tier), encoding="utf-8")
    (notes,) = [tier for tier in read_tiers(path, **quiet) if tier.name == "notes"]
    assert len(notes.segments) == links
    assert {(segment.start_s, segment.end_s) for segment in notes.segments} == {(1.5, 4.5)}  # the span of a1


def check_structure(path: Path) -> None:
    """What the EAF 3.0 schema and ELAN itself ask of a file."""
    root = ET.parse(path).getroot()  # noqa: S314
    order = ["HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "CONSTRAINT"]
    assert sorted(order.index(child.tag) for child in root) == [order.index(child.tag) for child in root]
    assert {"AUTHOR", "DATE", "FORMAT", "VERSION"} <= set(root.attrib)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", root.attrib["DATE"])
    slots = {slot.attrib["TIME_SLOT_ID"]: int(slot.attrib["TIME_VALUE"]) for slot in root.iter("TIME_SLOT")}
    assert list(slots.values()) == sorted(slots.values())
    assert all(re.fullmatch(r"ts\d+", name) for name in slots)
    types = {one.attrib["LINGUISTIC_TYPE_ID"] for one in root.iter("LINGUISTIC_TYPE")}
    names = [tier.attrib["TIER_ID"] for tier in root.iter("TIER")]
    assert len(set(names)) == len(names)
    ids = [one.attrib["ANNOTATION_ID"] for one in root.iter("ALIGNABLE_ANNOTATION")]
    assert ids == [f"a{number}" for number in range(1, len(ids) + 1)]
    used: list[str] = []
    for tier in root.iter("TIER"):
        assert tier.attrib["LINGUISTIC_TYPE_REF"] in types
        reached = -1
        for one in tier.iter("ALIGNABLE_ANNOTATION"):
            start, end = slots[one.attrib["TIME_SLOT_REF1"]], slots[one.attrib["TIME_SLOT_REF2"]]
            used += [one.attrib["TIME_SLOT_REF1"], one.attrib["TIME_SLOT_REF2"]]
            assert reached <= start < end
            reached = end
    assert sorted(used) == sorted(slots)
    last = next(one.text for one in root.iter("PROPERTY") if one.get("NAME") == "lastUsedAnnotationId")
    assert last == str(len(ids))


def test_the_records_beside_the_tiers_are_plain_json(tmp_path: Path) -> None:
    root = ET.parse(written(tmp_path)).getroot()  # noqa: S314
    texts = {one.get("NAME"): one.text or "" for one in root.iter("PROPERTY")}
    assert json.loads(texts["emoreason.cues"])["format"] == 1
