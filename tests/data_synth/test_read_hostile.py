"""Broken and hostile files of every layout: one clear line each, and no good row is lost."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from emoreason.data_synth.read import Counts, read_labelled
from emoreason.errors import ConfigError

GOOD = {
    "corpus": "MELD",
    "clip": "good.mp4",
    "au_intensity": {"AU12": 2.0},
    "scene": "A man sits there.",
    "label": "joy",
}
EMER = {"clip": "e", "explanation_en": "A frown.", "open_vocab_labels": ["angry"], "label": "angry"}
MERR = {"clip": "m", "au_list": ["AU05"], "pseu_emotion": "angry"}
RAF = {"image": "r.jpg", "facs": "1+4", "crowd": {"anger": 1.0}}
MELD = {"utterance": "Hi", "emotion": "joy", "dialogue_id": "0", "utterance_id": "1"}
ROW = {"id": "t", "cueset": {"clip": {"id": "t"}, "cues": []}, "emotion": "joy"}
HEAD = "clip,au_intensity,label\n"
CELL = '"{""AU12"": 2.0}"'
HALF = "\ud800"


def of(good: dict[str, object], **other: object) -> str:
    """Return a row with other cells, as a line of JSON."""
    return json.dumps({**good, "clip" if "clip" in good else "note": "bad", **other})


#: What stands in a line of a .jsonl file among good ones, and what is said of it.
LINES = {
    "torn": ('{"clip": "bad", "au_intensity": {"AU12": 2', "not JSON"),
    "no object": ('["clip", "bad"]', "expected a JSON object"),
    "a number": ("17", "expected a JSON object"),
    "NaN": (of(GOOD, valence=0).replace('"valence": 0', '"valence": NaN'), "NaN is not a number that JSON can hold"),
    "infinite": (of(GOOD, valence=0).replace('"valence": 0', '"valence": -Infinity'), "-Infinity is not a number"),
    "too large": (of(GOOD, valence=0).replace('"valence": 0', '"valence": 1e999'), "1e999 is not a number"),
    "many digits": (of(GOOD, valence=0).replace('"valence": 0', f'"valence": {"9" * 4000}'), "valence is '9999"),
    "more digits": (of(GOOD, valence=0).replace('"valence": 0', f'"valence": {"9" * 9000}'), "too many digits"),
    "beyond the scale": (of(GOOD, valence=6), "expected a number from -5 to 5"),
    "a label that is a list": (of(GOOD, label=["joy"]), "label is of type list; expected text"),
    "a label that is true": (of(GOOD, label=True), "label is of type bool; expected text"),
    "labels that are numbers": (of(GOOD, labels=[1, 2]), "labels holds what is no label"),
    "labels that are an object": (of(GOOD, labels={"joy": 1}), "labels: expected labels as a list"),
    "a long label": (of(GOOD, label="j" * 10_000), "a label has 10000 characters; expected at most 200"),
    "a long open label": (of(EMER, open_vocab_labels=["a", "b" * 10_000]), "a label has 10000 characters"),
    "a long label of a row": (of(ROW, id="bad", emotion="j" * 10_000), "a label has 10000 characters"),
    "intensities that are a list": (of(GOOD, au_intensity=[2.0]), "au_intensity is of type list"),
    "no action unit": (of(GOOD, au_intensity={"smile": 2.0}), "au_intensity has 'smile'; expected FACS codes"),
    "intensity that is text": (of(GOOD, au_intensity={"AU12": "much"}), "'much'; expected a number from 0 to 5"),
    "no id": (json.dumps({**GOOD, "clip": "  "}), "clip has 0 characters; expected the clip's id"),
    "an id that is an object": (of(GOOD, clip={"id": "bad"}), "clip is of type dict; expected the clip's id"),
    "a long id": (of(GOOD, clip="c" * 10_000), "clip has 10000 characters"),
    "NUL in an id": (of(GOOD, clip="a\0b"), r"its id is 'a\x00b'; expected a name without control characters"),
    "an escape sequence": (of(GOOD, clip="a\x1b[2Jb"), r"its id is 'a\x1b[2Jb'; expected a name"),
    "two lines in an id": (of(RAF, image="a\nFAKE:1: fine"), r"its id is 'a\nFAKE:1: fine'; expected a name"),
    "a line separator": (of(MERR, clip="a\u2028b"), r"its id is 'a\u2028b'; expected a name"),
    "control in a source": (of(GOOD, corpus="ME\x07LD"), r"its source is 'ME\x07LD'; expected a name"),
    "half a pair": (f'{{"clip": "{HALF}"}}'.encode("ascii", "backslashreplace").decode(), "half a surrogate pair"),
    "an id twice": (json.dumps(GOOD), "clip 'good.mp4' has a row already; the first one counts"),
    "nested deeply": ("[" * 5000 + "]" * 5000, "not JSON"),
    "cues nested deeply": (
        '{"id": "bad", "cueset": {"clip": {"id": "bad"}, "cues": ' + "[" * 900 + "]" * 900 + "}}",
        "nested too deeply|not a valid",
    ),
    "crowd of other classes": (of(RAF, image="bad", crowd={"awe": 1}), "crowd has 'awe'; expected classes"),
    "crowd that is endless": (of(RAF, image="bad", crowd={"anger": 1e308, "fear": 1e308}), "too large to be added"),
    "crowd below nothing": (of(RAF, image="bad", crowd={"anger": -1}), "expected a number from 0"),
    "codes that are none": (of(RAF, image="bad", facs="smile"), "expected FACS codes, as 1+4C"),
    "an utterance that is a list": (of(MELD, utterance=["Hi"]), "utterance is of type list; expected text"),
    "a dialogue without number": (json.dumps({**MELD, "utterance_id": ""}), "names no clip; expected Dialogue_ID"),
    "cues that are none": (of(ROW, id="bad", cueset={"clip": {"id": "bad"}, "cues": [7]}), "not a valid"),
    "neither cues nor layout": ('{"id": "bad", "emotion": "joy"}', "bad|cues|path"),
    "a blank byte": ('{"clip": "bad"\0}', "not JSON"),
    "another encoding": ('{"clip": "bad", "label": "fr\udce9"}', "not UTF-8 text"),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
def test_a_bad_line_costs_itself_and_is_told_in_one_line(tmp_path: Path, name: str) -> None:
    bad, said = LINES[name]
    path = tmp_path / "in.jsonl"
    others = [json.dumps({**GOOD, "clip": f"{number}.mp4"}) for number in range(2)]
    text = "\n".join((json.dumps(GOOD), bad, *others))
    path.write_bytes(b"\xef\xbb\xbf" + text.encode("utf-8", "surrogateescape"))  # with the mark that editors leave
    told: list[str] = []
    counts = Counts()
    clips = list(read_labelled([path], on_problem=told.append, counts=counts))
    assert [clip.id for clip in clips] == ["good.mp4", "0.mp4", "1.mp4"]
    assert (counts.problems, len(told)) == (1, 1)
    assert told[0].startswith("in.jsonl:2: ")
    assert any(part in told[0] for part in said.split("|"))
    assert told[0].isprintable()
    assert len(told[0]) <= 500


def parquet(path: Path, **columns: object) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns), path)


def loop(path: Path) -> None:
    path.symlink_to(path)


#: How a file is made, and what is said when nothing of it can be read.
FILES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "zeros": ("a.jsonl", lambda path: path.write_bytes(b"\0" * 4096), "none of its lines can be used; the first: a"),
    "a picture": ("a.jsonl", lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n\xff\xd8"), "none of its lines can be"),
    "a folder": ("a.jsonl", lambda path: path.mkdir(), "is a folder without text files of RAF"),
    "a link to itself": ("a.jsonl", loop, "there is no such file"),
    "a pipe": ("a.json", os.mkfifo, "is no regular file"),
    "nothing there": ("a.csv", lambda path: None, "there is no such file"),
    "another kind": ("a.xlsx", lambda path: path.write_bytes(b"PK"), "is of no kind that labels are read from"),
    "no Parquet": ("a.parquet", lambda path: path.write_text(HEAD), "no Parquet file that can be read"),
    "empty Parquet": ("a.parquet", lambda path: path.write_bytes(b""), "no Parquet file that can be read"),
    "torn Parquet": ("a.parquet", lambda path: path.write_bytes(b"PAR1" + b"\xff" * 64 + b"PAR1"), "no Parquet file"),
    "Parquet of numbers": ("a.parquet", lambda path: parquet(path, x=[1, 2]), "no column is called clip"),
    "Parquet of wrong types": (
        "a.parquet", lambda path: parquet(path, clip=[[1], [2]], au_intensity=[[1.0], [2.0]]), "clip is of type list",
    ),
    "empty table": ("a.csv", lambda path: path.write_bytes(b""), "is no table"),
    "no names": ("a.csv", lambda path: path.write_text("1,2,3\n4,5,6\n"), "no column is called clip"),
    "quote in the first line": ("a.csv", lambda path: path.write_text(f'"{HEAD}a,b,c\n'), "first line cannot be read"),
    "table with NUL": ("a.csv", lambda path: path.write_bytes(b"clip,\0\nx,y\n"), "is no table"),
    "torn JSON": ("a.json", lambda path: path.write_text('{"sample_1": {"AU_list": ['), "not JSON"),
    "JSON of nothing": ("a.json", lambda path: path.write_bytes(b""), "not JSON"),
    "JSON of a number": ("a.json", lambda path: path.write_text("3"), "expected an object of samples"),
    "JSON nested deeply": ("a.json", lambda path: path.write_text("[" * 9999), "not JSON"),
    "JSON in UTF-16": ("a.json", lambda path: path.write_text("{}", encoding="utf-16"), "not UTF-8 text"),
    "RAF of zeros": (
        "RAFAU_label.txt", lambda path: path.write_bytes(b"\0\0\0 1+4\n"), "expected a name without control characters",
    ),
    "RAF without numbers": ("distribution.txt", lambda path: path.write_text("a.jpg x\n"), "has 1 numbers; expected 6"),
    "RAF of another name": ("notes.txt", lambda path: path.write_text("a.jpg 1\n"), "is no text file of RAF"),
}  # fmt: skip


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_which_nothing_can_be_read_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    called, make, said = FILES[name]
    path = tmp_path / called
    make(path)
    with pytest.raises(ConfigError, match=re.escape(called)) as refused:
        list(read_labelled([path]))
    assert said in str(refused.value)
    assert str(refused.value).isprintable()
    assert len(str(refused.value)) < 700


#: Bytes of a table of which two rows are good, and what is told of the others.
TABLES: dict[str, tuple[str, bytes, list[str]]] = {
    "a quote that is never closed": (
        "a.csv", f'{HEAD}one,{CELL},joy\nbad,"{{,joy\ntwo,{CELL},joy\n'.encode(), ["a.csv:3: its cells cannot be told"],
    ),
    "too many cells": (
        "a.csv", f"{HEAD}one,{CELL},joy\nbad,{CELL},joy,joy\ntwo,{CELL},joy".encode(), ["a.csv:3: has 4 cells"],
    ),
    "too few cells": ("a.csv", f"{HEAD}one,{CELL},joy\nbad\ntwo,{CELL},joy".encode(), ["a.csv:3: "]),
    "with a mark": ("a.csv", f"\ufeff{HEAD}one,{CELL},joy\ntwo,{CELL},joy".encode(), []),
    "UTF-16": ("a.csv", f"{HEAD}one,{CELL},joy\ntwo,{CELL},joy".encode("utf-16"), []),
    "UTF-16 lines": (
        "a.jsonl", "".join(json.dumps({**GOOD, "clip": name}) + "\n" for name in ("one", "two")).encode("utf-16"), [],
    ),
    "carriage returns": ("a.csv", f"{HEAD}one,{CELL},joy\r\ntwo,{CELL},joy\r\n".encode().replace(b"l\n", b"l\r\n"), []),
    "semicolons": ("a.csv", f"{HEAD}one,{CELL},joy\ntwo,{CELL},joy".replace(",", ";").encode(), []),
    "another encoding": (
        "a.csv", f"{HEAD}one,{CELL},joy\nbad,{CELL},fr".encode() + f"\xe9\ntwo,{CELL},joy".encode("latin-1"),
        ["a.csv:3: label is not UTF-8 text"],
    ),
    "NUL in a cell": ("a.csv", f"{HEAD}one,{CELL},joy\nb\0d,{CELL},joy\ntwo,{CELL},joy".encode(), ["a.csv:3: "]),
    "a huge cell": (
        "a.csv", f"{HEAD}one,{CELL},joy\nbad,{'x' * (2 << 20)},joy\ntwo,{CELL},joy".encode(), ["a.csv:3: "],
    ),
    "one sample is none": (
        "a.json", json.dumps({"one": MERR | {"clip": "one"}, "b\nd": MERR | {"clip": "b\nd"}, "x": None,
                              "two": MERR | {"clip": "two"}}).encode(),
        ["a.json:'b\\nd': its id", "a.json:x: is of type"],
    ),
    "an image twice": (
        "RAFCE_AUlabel.txt", b"\xef\xbb\xbfone 1+4\ntwo 4\none 12\nbad smile\n",
        ["RAFCE_AUlabel.txt:3: image 'one' has", "RAFCE_AUlabel.txt:4: facs is 'smile'"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TABLES)
def test_the_good_rows_of_a_damaged_table_are_all_read(tmp_path: Path, name: str) -> None:
    called, data, places = TABLES[name]
    path = tmp_path / called
    path.write_bytes(data)
    told: list[str] = []
    assert [clip.id for clip in read_labelled([path], on_problem=told.append)] == ["one", "two"]
    assert len(told) == len(places)
    assert all(text.startswith(place) for text, place in zip(told, places, strict=True))
    assert all(text.isprintable() and len(text) <= 500 for text in told)


def test_a_line_that_is_too_long_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "in.jsonl"
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(GOOD) + "\n" + '{"clip": "')
        for _ in range(65):
            file.write("x" * (1 << 20))
        file.write('"}\n' + json.dumps({**GOOD, "clip": "last"}) + "\n")
    told: list[str] = []
    assert [clip.id for clip in read_labelled([path], on_problem=told.append)] == ["good.mp4", "last"]
    assert told == ["in.jsonl:2: line is longer than 64 MiB"]


def test_a_file_without_rows_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").write_bytes(b"\n \n")
    (tmp_path / "in.jsonl").write_text(json.dumps(GOOD), encoding="utf-8")
    told: list[str] = []
    found = list(read_labelled([tmp_path / "empty.jsonl", tmp_path / "in.jsonl"], on_problem=told.append))
    assert (len(found), told) == (1, ["empty.jsonl: holds no row"])
