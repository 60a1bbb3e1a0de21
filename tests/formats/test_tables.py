"""CSV and Parquet: pandas and audformat see the index, cues come back, formulas and bad rows do no harm."""

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from some_records import CUESET, CURVES, EXPLANATION, NASTY, cuesets, nanoseconds

from emoreason.errors import RecordError
from emoreason.formats import curves_to_dataframe, read_csv, read_parquet, write_csv, write_parquet
from emoreason.formats.parquet import read_parquet_rows
from emoreason.formats.spreadsheet import guarded, header, line, read_csv_rows, unguarded
from emoreason.formats.table import (
    CLAIMS,
    EXPLANATIONS,
    claim_rows,
    curve_rows,
    dataframe,
    explanation_rows,
    wide_curves,
)
from emoreason.formats.table import (
    CURVES as CURVE_TABLE,
)
from emoreason.records import Clip, CueSet

quiet: dict[str, Any] = {"say": lambda text: None}
INDEX = ["file", "start", "end"]
anywhere = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)


def plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Table without the differences between missing and None, str and object, tuple and array."""
    marks = frame["marks"].map(
        lambda m: () if isinstance(m, float) else tuple(m.split(";") if isinstance(m, str) else m)
    )
    frame = frame.assign(marks=marks).astype(object)
    return frame.where(frame.notna(), None)


def same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(plain(one), plain(other), check_index_type=False, check_column_type=False)


def test_pandas_reads_both_as_the_table_of_the_cueset(tmp_path: Path) -> None:
    write_parquet(tmp_path / "x.parquet", CUESET)
    write_csv(tmp_path / "x.csv", CUESET, **quiet)
    expected = CUESET.to_dataframe()
    found = pd.read_parquet(tmp_path / "x.parquet")
    assert list(found.index.names) == INDEX
    same(found, expected)
    found = pd.read_csv(tmp_path / "x.csv")
    found["start"], found["end"] = pd.to_timedelta(found["start"]), pd.to_timedelta(found["end"])
    same(found.set_index(INDEX), expected)


def test_audformat_reads_the_csv(tmp_path: Path) -> None:
    audformat = pytest.importorskip("audformat", reason="pip install -e '.[reference]' brings audformat")
    write_csv(tmp_path / "x.csv", CUESET, **quiet)
    same(audformat.utils.read_csv(tmp_path / "x.csv"), CUESET.to_dataframe())


@anywhere
@given(many=st.lists(cuesets(nanoseconds), max_size=3, unique_by=lambda cueset: cueset.clip.id))
def test_parquet_gives_everything_back(many: list[CueSet], tmp_path: Path) -> None:
    write_parquet(tmp_path / "x.parquet", many)
    assert read_parquet(tmp_path / "x.parquet", **quiet) == many


@anywhere
@given(many=st.lists(cuesets(nanoseconds), max_size=3, unique_by=lambda cueset: cueset.clip.id))
def test_csv_gives_the_cues_back(many: list[CueSet], tmp_path: Path) -> None:
    write_csv(tmp_path / "x.csv", many, **quiet)
    expected = [(cueset.clip.id, tuple(map(without_empty, cueset.cues))) for cueset in many if cueset.cues]
    assert [(found.clip.id, found.cues) for found in read_csv(tmp_path / "x.csv", **quiet)] == expected


def without_empty(cue: Any) -> Any:
    """An empty text is none in CSV."""
    return replace(
        cue, **{name: getattr(cue, name) or None for name in ("unit", "level", "direction", "source", "text")}
    )


def test_what_a_table_of_cues_leaves_out_is_said(tmp_path: Path) -> None:
    said: list[str] = []
    write_csv(tmp_path / "x.csv", [CUESET, CueSet(clip=Clip(id="b"))], say=said.append)
    assert said == [
        "CSV has no place for facts about clips (length, frame rate, transcript): left out",
        "CSV of cues has no row for 2 gaps (what could not be observed): see the gaps table",
        "CSV of cues has no row for 1 clip without any cue: left out",
    ]
    write_csv(tmp_path / "gaps.csv", CUESET, gaps=True)
    rows = list(csv.DictReader((tmp_path / "gaps.csv").read_text(encoding="utf-8").splitlines()))
    assert [(row["modality"], row["reason"], row["start"]) for row in rows] == [
        ("gaze", "occluded", "00:00:04.000"),
        ("body", "not_requested", ""),
    ]


@given(text=st.text("=+-@'\t\r\n＝aNA1", max_size=6))
def test_no_text_is_a_formula_and_every_text_comes_back(text: str) -> None:
    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))
    assert guarded(text) != "NA"


def test_numbers_and_words_are_left_as_they_are() -> None:
    assert guarded("'tis said") == "'tis said"
    row = line(CURVE_TABLE, ("=a.mp4", 0.5, "voice", None, "f0_slope", "dB", -7.25))
    assert row == "'=a.mp4,0.5,voice,,f0_slope,dB,-7.25"


def test_newlines_and_quotes_stay_in_their_cell(tmp_path: Path) -> None:
    cue = replace(CUESET.cues[0], text=NASTY.replace("\x00", ""))
    write_csv(tmp_path / "x.csv", replace(CUESET, cues=(cue,)), **quiet)
    assert len(pd.read_csv(tmp_path / "x.csv")) == 1
    assert read_csv(tmp_path / "x.csv")[0].cues == (cue,)


def test_claims_results_and_curves_have_tables() -> None:
    claims = dataframe(CLAIMS, claim_rows(EXPLANATION))
    assert list(claims.index.names) == INDEX
    assert claims["polarity"].tolist() == ["affirmed", "negated", "affirmed", "affirmed"]
    assert claims.index[0][1] == pd.Timedelta(seconds=1.52)
    result = dataframe(EXPLANATIONS, explanation_rows(EXPLANATION, 6.04)).iloc[0]
    assert (result["happiness"], result["valence"], result["abstained"]) == (0.6, 0.5, False)
    assert result["labels"] == ("happy", "amazed")
    curves = dataframe(CURVE_TABLE, curve_rows("a.mp4", CURVES))
    assert curves.index.names == ["file", "time_s"]
    assert curves["value"].isna().tolist() == [False, True, False, True, False]
    assert curves_to_dataframe("a.mp4", CURVES).equals(curves)
    assert curves_to_dataframe("a.mp4", CURVES, wide=True)["voice.f0"].tolist()[1] == 220.5
    table, rows = wide_curves("a.mp4", CURVES)
    assert table.names == ("file", "time_s", "face1.AU12", "voice.f0")
    assert rows == [
        ("a.mp4", 0.0, 0.0, None),
        ("a.mp4", 0.01, None, 220.5),
        ("a.mp4", 0.04, None, None),
        ("a.mp4", 0.08, 1.5, None),
    ]
    assert header(EXPLANATIONS).startswith("file,start,end,labels,happiness,sadness,anger")


ANYONES = """\ufefffile;start;end;code;value;note
a.mp4;0 days 00:00:01.5;2.5;AU06L;;seen twice
a.mp4;2:00;3;12C;;
a.mp4;00:01:00;00:01:01.25;AU4;nan;
a.mp4;5;4;AU4;;
;5;6;AU4;;
a.mp4;5;6;smile;;
a.mp4;5;6;AU1;1;x;more
b.mp4;;;25;;
"""


def test_anyones_table_is_read_and_bad_rows_are_named(tmp_path: Path) -> None:
    path = tmp_path / "coded.csv"
    path.write_text(ANYONES, encoding="utf-8")
    said: list[str] = []
    rows = list(read_csv_rows(path, say=said.append))
    assert [str(row).removeprefix(f"{path}:") for place, row in rows if isinstance(row, RecordError)] == [
        "3: start: '2:00' is none; expected 00:00:01.240 or seconds: a spreadsheet saves times as it shows them, so "
        "give the column the format hh:mm:ss.000 before saving",
        "4: value: 'nan' is none; expected a number",
        "6: names no clip; expected a column 'file'",
        "8: has 7 cells, the header 6",
        "5: not a valid cueset: cue 'AU4' ends (4.0 s) before it starts (5.0 s)",
        "7: not a valid cueset: cue 'smile' has no modality and is no FACS action unit",
    ]
    found = [row for _, row in rows if isinstance(row, CueSet)]
    assert [(cueset.clip.id, [(c.code, c.side, c.start_s, c.end_s) for c in cueset.cues]) for cueset in found] == [
        ("a.mp4", [("AU6", "left", 1.5, 2.5)]),
        ("b.mp4", [("AU25", None, None, None)]),
    ]
    assert said == [f"{path}: columns that are no part of a cue were left out: 'note'"]
    with pytest.raises(RecordError, match=r"coded\.csv:3: start"):
        read_csv(path, **quiet)


def test_what_r_and_spreadsheets_saved_is_read(tmp_path: Path) -> None:
    """``write.csv`` of R: row names, everything quoted, NA for nothing; a spreadsheet of half of the world: commas."""
    (tmp_path / "r.csv").write_text(
        '"","file","start","end","code","value","level","text"\n"1","a.mp4","00:00:01.240","00:00:02",12,3.4,NA,NA\n'
        '"2","a.mp4",NA,NA,"AU4",NA,"strongly","\'NA"\n',
        encoding="utf-8",
    )
    first, second = read_csv(tmp_path / "r.csv", say=pytest.fail)[0].cues
    assert (first.start_s, first.value, first.level, first.text) == (1.24, 3.4, None, None)
    assert (second.start_s, second.value, second.level, second.text) == (None, None, "strongly", "NA")
    (tmp_path / "s.csv").write_text(
        "file;start;end;code;value;text\na.mp4;1,5;00:00:02,250;AU12;3,4;1,5\n", encoding="utf-8"
    )
    [cue] = read_csv(tmp_path / "s.csv")[0].cues
    assert (cue.start_s, cue.end_s, cue.value, cue.text) == (1.5, 2.25, 3.4, "1,5")


def test_ids_that_occur_twice_are_named(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("file,id,code\na,x,AU1\na,x,AU2\n", encoding="utf-8")
    rows = [row for _, row in read_csv_rows(path)]
    assert str(rows[0]) == f"{path}:3: the id 'x' occurs twice in this clip"
    assert isinstance(rows[1], CueSet)


def test_what_pandas_wrote_is_read(tmp_path: Path) -> None:
    CUESET.to_dataframe().to_parquet(tmp_path / "x.parquet")
    assert read_parquet(tmp_path / "x.parquet")[0].cues == CUESET.cues
    frame = CUESET.to_dataframe().drop(columns="marks")
    frame.to_csv(tmp_path / "x.csv")
    assert [cue.id for cue in read_csv(tmp_path / "x.csv")[0].cues] == [cue.id for cue in CUESET.cues]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no table of cues"),
        (b"a,b\n1,2\n", "no table of cues"),
        (b"file,time_s,code,value\na,0,AU1,1\n", "a table of curves"),
        (b"file,code\na,\xff\xfe\n", "not UTF-8 text"),
        (b"\xff\xfef\x00i\x00\x00\xd8", "not UTF-16"),
        (b"PAR1", "no table of cues"),
    ],
    ids=range(6),
)
def test_what_is_no_table_is_one_line(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(data)
    with pytest.raises(RecordError, match=said) as refused:
        read_csv(path)
    assert str(refused.value).startswith(str(path))


def test_cells_without_end_are_one_bad_row(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text('file,code,text\na,AU1,"' + "x" * 200_000, encoding="utf-8")
    rows = [row for _, row in read_csv_rows(path)]
    assert [type(row) for row in rows] == [RecordError]
    with open(path, "wb") as file:
        file.truncate(300_000_000)
    with pytest.raises(RecordError, match="larger than 256 MiB"):
        read_csv(path)


#: One text that is no UTF-8.
NO_UTF8 = pa.StringArray.from_buffers(1, pa.py_buffer(b"\0\0\0\0\1\0\0\0"), pa.py_buffer(b"\xf4"))


def parquet(**columns: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "no Parquet file"),
        (b"PAR1" + b"\0" * 100 + b"PAR1", "no Parquet file"),
        (parquet(file=["a"], code=["AU1"])[:-20], "no Parquet file"),
        (parquet(file=["a"], x=[1]), "no table of cues"),
        (parquet(file=["a"], time_s=[1.0], code=["AU1"]), "a table of curves"),
        (parquet(file=["a"], code=["AU1"], value=[float("inf")]), ":1: value: inf"),
        (parquet(file=["a"], code=["AU1"], start=[-1.0]), ":1: not a valid cueset"),
        (parquet(file=["a"], code=["AU1"], marks=[[1, 2]]), ":1: not a valid cueset"),
        (
            parquet(
                file=["a"],
                code=NO_UTF8,
            ),
            "no Parquet file",
        ),
        (parquet(file=["a"] * 1024, code=["x" * 100_000] * 1024), "no table of cues"),
    ],
    ids=range(10),
)
def test_what_is_no_parquet_of_cues_is_one_line(data: bytes, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(data)
    with pytest.raises(RecordError, match=said) as refused:
        read_parquet(path, **quiet)
    assert str(refused.value).startswith(str(path))
    assert "\n" not in str(refused.value)


def test_bad_rows_of_parquet_are_named_and_the_others_read(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    path.write_bytes(parquet(file=["a", "a", None], code=["AU1", "AU99x", "AU2"], start=["00:00:01", None, None]))
    rows = dict(read_parquet_rows(path))
    assert set(rows) == {f"{path}:3", f"{path}:2", str(path)}
    assert rows[str(path)].cues[0].start_s == 1.0  # type: ignore[union-attr]


def test_too_many_rows_are_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    codes = pa.array(["AU1"] * 5_000_001).dictionary_encode()
    pq.write_table(pa.table({"file": codes, "code": codes}), path)
    with pytest.raises(RecordError, match="more than the limit"):
        read_parquet(path)
