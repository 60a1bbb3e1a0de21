"""TextGrids: ours open in Praat and praatio and come back; Praat's own, in every form and encoding, are read."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from some_records import CUESET, EXPLANATION, NASTY, cuesets

from emoreason.errors import RecordError
from emoreason.formats import FormatWarning, read_textgrid, read_textgrid_claims, write_textgrid
from emoreason.formats.textgrid import read_tiers, textgrid
from emoreason.records import Claim, CueSet

quiet: dict[str, Any] = {"say": lambda text: None}
KEPT = (
    "subject",
    "modality",
    "code",
    "state",
    "side",
    "value",
    "unit",
    "level",
    "direction",
    "text",
    "start_s",
    "end_s",
)


def kept(cueset: CueSet) -> list[tuple[str, ...]]:
    """What a TextGrid holds of each cue with a time; of what is not there only what and when."""
    rows = []
    for cue in cueset.cues:
        if cue.start_s is None or cue.end_s is None:
            continue
        known = cue
        if cue.state != "present":
            side = cue.side if cue.modality == "face" and cue.code.startswith("AU") else None
            known = replace(cue, value=None, unit=None, level=None, direction=None, text=None, side=side)
        rows.append(tuple(repr(getattr(known, name)) for name in KEPT))
    return sorted(rows)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cueset=cuesets())
def test_what_a_textgrid_holds_comes_back_exactly(cueset: CueSet, tmp_path: Path) -> None:
    write_textgrid(tmp_path / "x.TextGrid", cueset, **quiet)
    assert kept(read_textgrid(tmp_path / "x.TextGrid", **quiet)) == kept(cueset)


def test_claims_come_back(tmp_path: Path) -> None:
    write_textgrid(tmp_path / "x.TextGrid", CUESET, EXPLANATION, **quiet)
    found = read_textgrid_claims(tmp_path / "x.TextGrid")
    assert sorted(found, key=lambda claim: claim.sentence) == sorted(
        (claim for claim in EXPLANATION.claims if claim.start_s is not None), key=lambda claim: claim.sentence
    )
    assert len(read_textgrid(tmp_path / "x.TextGrid").cues) == len(CUESET.cues) - 1


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    write_textgrid(tmp_path / "x.TextGrid", CUESET, EXPLANATION, say=said.append)
    assert said == [
        "a TextGrid has no place for ids, confidence, apex, source and marks: left out of 15 cues",
        "a TextGrid has no place for 2 gaps (what could not be observed): left out",
        "a TextGrid has no place for 1 cue without a time: left out",
        "a TextGrid has no place for 1 claim without a time: left out",
    ]
    with pytest.warns(FormatWarning):
        textgrid(CUESET)


def test_praat_opens_it(tmp_path: Path) -> None:
    parselmouth = pytest.importorskip("parselmouth", reason="pip install -e '.[reference]' brings praat-parselmouth")
    nasty = replace(EXPLANATION, claims=(Claim(sentence=NASTY, start_s=1.0, end_s=2.0),))
    write_textgrid(tmp_path / "x.TextGrid", CUESET, nasty, **quiet)
    grid = parselmouth.Data.read(str(tmp_path / "x.TextGrid"))
    call = parselmouth.praat.call
    names = {call(grid, "Get tier name...", n): n for n in range(1, call(grid, "Get number of tiers") + 1)}
    assert {"face1 AU12", "face1 AU45 (2)", "face1 L6", "face1 absent", "speech.utterance", "claims"} <= set(names)
    smile = names["face1 AU12"]
    assert call(grid, "Get number of intervals...", smile) == 3
    assert call(grid, "Get label of interval...", smile, 2) == "moderately, 1.93/5"
    assert call(grid, "Get start time of interval...", smile, 2) == 1.52
    assert call(grid, "Get time of point...", names["scene.keyframe"], 1) == 2.08
    assert call(grid, "Get end time") == 6.04


def test_a_picture_and_an_empty_clip_are_textgrids_too(tmp_path: Path) -> None:
    parselmouth = pytest.importorskip("parselmouth", reason="pip install -e '.[reference]' brings praat-parselmouth")
    moment = tuple(replace(cue, start_s=0.0, end_s=0.0) for cue in CUESET.cues[:3])
    for cues in (moment, ()):
        picture = replace(CUESET, cues=cues, clip=replace(CUESET.clip, duration_s=0.0))
        write_textgrid(tmp_path / "x.TextGrid", picture, EXPLANATION if cues else None, **quiet)
        parselmouth.Data.read(str(tmp_path / "x.TextGrid"))
        assert len(read_textgrid(tmp_path / "x.TextGrid", **quiet).cues) == len(cues)


def test_praatio_opens_it(tmp_path: Path) -> None:
    praatio = pytest.importorskip("praatio.textgrid")
    write_textgrid(tmp_path / "x.TextGrid", CUESET, **quiet)
    grid = praatio.openTextgrid(str(tmp_path / "x.TextGrid"), includeEmptyIntervals=False)
    assert [tuple(entry) for entry in grid.getTier("face1 AU12").entries] == [(1.52, 5.96, "moderately, 1.93/5")]


@pytest.mark.parametrize("form", ["Save as text file...", "Save as short text file..."])
@pytest.mark.parametrize("label", ["grüezi – „hoi“", "plain"], ids=["utf-16", "ascii"])
def test_what_praat_writes_is_read(form: str, label: str, tmp_path: Path) -> None:
    parselmouth = pytest.importorskip("parselmouth", reason="pip install -e '.[reference]' brings praat-parselmouth")
    call = parselmouth.praat.call
    grid = call("Create TextGrid", 0, 2.3, "sentences AU12 bell", "bell")
    call(grid, "Insert boundary...", 1, 0.5)
    call(grid, "Insert boundary...", 1, 1.25)
    call(grid, "Set interval text...", 1, 2, f'say "{label}"')
    call(grid, "Set interval text...", 2, 1, "B")
    call(grid, "Insert point...", 3, 1.0, "ding")
    path = tmp_path / "praat.TextGrid"
    call("Text writing preferences...", "try ASCII, then UTF-16")
    call(grid, form, str(path))
    said: list[str] = []
    found = read_textgrid(path, say=said.append)
    assert found.clip.duration_s == 2.3
    assert [(c.code, c.start_s, c.end_s, c.value, c.text) for c in found.cues] == [
        ("AU12", 0.0, 2.3, 2.0, None),
        ("utterance", 0.5, 1.25, None, f'say "{label}"'),
    ]
    assert len(said) == 1
    assert "tier 'bell' (1 segment) left out" in said[0]


BY_HAND = """File type = "ooTextFile"
Object class = "TextGrid"
! made by hand, see item [3] and "quoted" things
-1 2.5e0 <exists> 2
"IntervalTier" "words" -1 2.5 2  ! name, times, how many
-1 0 "before ""it"" begins, intervals [7]"
0 1e-3 "tick" !
"TextTier" "AU45" 0s 2.5s 1  0.5s "x"
"""


def test_what_people_type_is_read(tmp_path: Path) -> None:
    path = tmp_path / "hand.TextGrid"
    path.write_text(BY_HAND, encoding="utf-8")
    tiers, end_s = read_tiers(path)
    assert end_s == 2.5
    assert [[(s.start_s, s.end_s, s.label) for s in tier.segments] for tier in tiers] == [
        [(-1.0, 0.0, 'before "it" begins, intervals [7]'), (0.0, 0.001, "tick")],
        [(0.5, 0.5, "x")],
    ]
    assert min(cue.start_s or 0.0 for cue in read_textgrid(path).cues) == 0.0


def test_old_encodings_are_said(tmp_path: Path) -> None:
    path = tmp_path / "old.TextGrid"
    path.write_bytes(BY_HAND.replace("tick", "grün").encode("latin-1"))
    said: list[str] = []
    assert read_textgrid(path, say=said.append).cues[-1].text != ""
    assert "read as ISO Latin-1" in said[0]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "expected 'File type"),
        (b"not a grid", "expected 'File type"),
        (BY_HAND.encode()[:-30], "ends early"),
        (BY_HAND.encode()[:-3], "ends early"),
        (BY_HAND.encode("utf-16")[:-101], "not the UTF-16 text"),
        (BY_HAND.replace("2.5 2", "2.5 1e300").encode(), "expected a number"),
        (BY_HAND.replace("2.5 2", "2.5 1.5").encode(), "expected a count"),
        (BY_HAND.replace("-1 0 ", "1e999 0 ").encode(), "expected a number, found inf"),
        (BY_HAND.replace("-1 0 ", "nan 0 ").encode(), "expected a number"),
        (BY_HAND.replace("0 1e-3", "7 1e-3").encode(), "ends (0.001 s) before it starts (7 s)"),
        (BY_HAND.replace("-1 2.5e0", "9 2.5e0").encode(), "ends (2.5 s) before it starts (9 s)"),
        (b"ooBinaryFile\x08TextGrid", "Save as text file"),
        (b'"Praat chronological TextGrid text file"\n0 2.3\n', "Save as text file"),
        (b'"ooTextFile" "Sound" 0 1', "expected 'File type"),
        (b'"ooTextFile" "TextGrid" 0 1 <exists> 99999999999', "ends early"),
        (b'"ooTextFile" "TextGrid" 0 1 <exists> 1 ' + b'"' * 2_000_001, "ends early"),
    ],
    ids=range(16),
)
def test_what_is_no_textgrid_is_one_line(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.TextGrid"
    path.write_bytes(data)
    with pytest.raises(RecordError, match=re.escape(str(path))) as refused:
        read_textgrid(path, **quiet)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_too_large_a_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "x.TextGrid"
    with open(path, "wb") as file:
        file.truncate(100_000_000)
    with pytest.raises(RecordError, match="larger than 64 MiB"):
        read_textgrid(path)
