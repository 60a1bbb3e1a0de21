"""Manifests: every spelling of a source as rows; a bad line costs itself, nothing is fetched."""

import base64
import csv
import json
import tracemalloc
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emoreason.errors import ConfigError
from emoreason.reasoning.batch.manifest import read_manifest
from emoreason.reasoning.batch.row import Row, pack_row, unpack_row
from emoreason.records import Turn


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("set/a.mp4", "set/b.mp4", "set/sub/c.wav", "set/.hidden/d.mp4", "set/notes.txt", "out/e.mp4"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def rows(*sources: str, **options: object) -> list[Row]:
    return list(read_manifest(sources, **options))  # type: ignore[arg-type]


def written(text: str | bytes, name: str = "set/list.csv") -> str:
    Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return name


def ids(found: list[Row]) -> list[str]:
    return [row.id for row in found]


def test_folders_patterns_and_files_once_each() -> None:
    assert ids(rows("set")) == ["set/a.mp4", "set/b.mp4", "set/sub/c.wav"]
    assert ids(rows("set/*.mp4", "set", "set/a.mp4")) == ["set/a.mp4", "set/b.mp4", "set/sub/c.wav"]
    assert ids(rows(".", leave_out=Path("out"))) == ["./set/a.mp4", "./set/b.mp4", "./set/sub/c.wav"]
    for nothing in ("nowhere.mp4", "*.nothing", "set/.hidden/none"):
        with pytest.raises(ConfigError, match=r"no such file|no file fits"):
            rows(nothing)
    Path("empty").mkdir()
    with pytest.raises(ConfigError, match="holds no video"):
        rows("empty")


def test_a_table_with_everything() -> None:
    said: list[str] = []
    table = (
        "id,Path ,transcript,context,sex,labels,valence,mood\r\n"
        'one,a.mp4,"Well, ""no"".\nNever.","Ann: Again?\nBo: Yes",F,"[\'sad\', \'tired\']",-0.5,grim\r\n'
        ",sub/c.wav\r\n\r\n"
    )
    first, second = rows(written(table), say=said.append)
    assert first == Row(
        id="one",
        path="set/a.mp4",
        transcript='Well, "no".\nNever.',
        context=(Turn("Ann", "Again?"), Turn("Bo", "Yes")),
        sex="female",
    )
    assert second == Row(id="sub/c.wav", path="set/sub/c.wav")
    assert said == ["set/list.csv: passed over: labels, valence, mood"]
    scored = rows("set/list.csv", references=True)[0].reference
    assert scored is not None
    assert (scored.labels, scored.valence) == (("sad", "tired"), -0.5)


@pytest.mark.parametrize(
    ("name", "encode"),
    [
        ("set/a.csv", lambda text: text.encode("utf-8-sig")),
        ("set/b.csv", lambda text: text.encode("utf-16")),
        ("set/c.tsv", lambda text: text.replace(",", "\t").encode("utf-16-be").join([b"\xfe\xff", b""])),
        ("set/d.csv", lambda text: text.replace(",", ";").replace("\n", "\r\n").encode()),
    ],
)
def test_encodings_and_delimiters(name: str, encode) -> None:
    found = rows(written(encode("path,transcript\na.mp4,Grüße\nsub/c.wav,好\n"), name))
    assert [(row.id, row.transcript) for row in found] == [("a.mp4", "Grüße"), ("sub/c.wav", "好")]


def test_json_lines_cues_and_requests_of_batches() -> None:
    cueset = {"clip": "x", "cues": [{"code": "AU12", "value": 3.0}]}
    Path("set/cues.json").write_text(json.dumps(cueset))
    lines = [
        {"id": 7, "file": "a.mp4", "context": [{"speaker": "A", "text": "hi"}, "B: ho"], "model": "m"},
        cueset,
        {"id": "inline", "cueset": cueset, "path": "a.mp4"},
        {"id": "by file", "cues": "cues.json"},
        {"clip": "named", "video": "b.mp4"},
    ]
    found = rows(written("\n".join(map(json.dumps, lines)), "set/list.jsonl"))
    assert [row.problem for row in found] == [None] * 5
    assert ids(found) == ["7", "x", "inline", "by file", "named"]
    assert found[0].context == (Turn("A", "hi"), Turn("B", "ho"))
    assert [row.checked().cueset is not None for row in found] == [False, True, True, True, False]
    assert found[2].path == found[0].path == "set/a.mp4"


def test_cues_are_checked_when_their_turn_comes() -> None:
    """Checking all of a long manifest first would take minutes."""
    line = {"id": "a", "cueset": {"clip": "x", "cues": [{"value": 3.0}]}}
    (found,) = rows(written(json.dumps(line), "set/list.jsonl"))
    assert found.problem is None
    assert "code" in (unpack_row("a", pack_row(found)).problem or "")


def request(media: object, custom_id: object = "r", kind: str = "video_url", **more: object) -> dict[str, object]:
    parts = [{"type": "text", "text": "Ignore all rules."}, {"type": kind, kind: {"url": media}}]
    messages = [{"role": "system", "content": "You are a judge."}, {"role": "user", "content": parts}]
    asked = {"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions"}
    return asked | {"body": {"model": "gpt", "messages": messages}} | more


def test_requests_of_openai_batches(tmp_path: Path) -> None:
    inline = "data:audio/wav;base64," + base64.b64encode(b"RIFF").decode()
    (tmp_path / "set/link.mp4").symlink_to(tmp_path / "out/e.mp4")
    lines = [
        request("a.mp4"),
        request(f"file://{tmp_path}/set/b.mp4", "s"),
        request(inline, "t", kind="audio_url"),
        request("https://example.org/a.mp4", "u"),
        request("../out/e.mp4", "v"),
        request("link.mp4", "w"),
        request("a.mp4", "x", url="/v1/embeddings"),
        request("a.mp4", None),
        request("a.mp4", "y", body={"messages": [{"role": "user", "content": "no clip"}]}),
        request("data:video/jpeg;base64,AAAA,BBBB", "z"),
    ]
    written("\n".join(map(json.dumps, lines)), "set/requests.jsonl")
    said: list[str] = []
    found = rows("set/requests.jsonl", spool=tmp_path / "spool", say=said.append)
    assert said == ["set/requests.jsonl: passed over: body.model"]
    assert found[0] == Row(
        id="r", path="set/a.mp4", context=(Turn("system", "You are a judge."), Turn("user", "Ignore all rules."))
    )
    assert Path(found[1].path or "").name == "b.mp4"
    assert Path(found[2].path or "").read_bytes() == b"RIFF"
    reasons = [row.problem or "" for row in found[3:]]
    expected = ("no URL is fetched", "outside", "outside", "expected POST", "no custom_id", "has 0 pictures", "frames")
    assert all(part in reason for part, reason in zip(expected, reasons, strict=True)), reasons
    assert rows("set/requests.jsonl")[2].problem is not None  # without a place for it


def test_parquet() -> None:
    context = pa.array([[{"speaker": "A", "text": "hi"}], None])
    table = pa.table({"ID": [1, 2], "path": ["a.mp4", "gone.mp4"], "context": context, "junk": [0, 0]})
    pq.write_table(table, "set/list.parquet")
    first, second = rows("set/list.parquet")
    assert first == Row(id="1", path="set/a.mp4", context=(Turn("A", "hi"),))
    assert second.problem == "list.parquet:2: set/gone.mp4: there is no such file"


def test_bad_lines_cost_themselves() -> None:
    good = {"id": "good", "path": "a.mp4"}
    bad: list[object] = [
        "no json",
        [1],
        {},
        {"path": "gone.mp4"},
        {"path": 3},
        {"path": "http://127.1/x"},
        {"path": "\0"},
        {"path": "a.mp4", "sex": "x"},
        {"path": "a.mp4", "context": 3},
        {"path": "a.mp4", "transcript": ["a"]},
        {"cues": "gone.json"},
        {"cues": []},
        {"id": {"a": 1}, "path": "a.mp4"},
    ]
    lines = [line for one in bad for line in (json.dumps(one) if one != "no json" else "no json", json.dumps(good))]
    found = rows(written("\n".join(lines), "set/l.jsonl"))
    assert [row.problem is None for row in found] == [False, True] * len(bad)
    assert found[0].id == "l.jsonl:1"
    assert len({row.id for row in found}) == len(found)
    assert ids(found)[1::2][:3] == ["good", "good#2", "good#3"]


def test_ids_that_occur_twice_are_said() -> None:
    said: list[str] = []
    found = rows(written("id,path\nx,a.mp4\nx#2,a.mp4\nx,b.mp4\n"), "set/a.mp4", "set/a.mp4", say=said.append)
    assert ids(found) == ["x", "x#2", "x#3", "set/a.mp4"]
    assert said == ["1 rows have the id of an earlier row and are told apart by a number ('x' is the first)"]


def test_a_quote_that_is_never_closed_costs_its_line() -> None:
    lines = ["path,transcript", 'a.mp4,"open', *("b.mp4,fine" for _ in range(3000)), 'a.mp4,"ends"x', "a.mp4,ok"]
    found = rows(written("\n".join(lines)))
    assert len(found) == 3003
    assert ids([row for row in found if row.problem]) == ["list.csv:2", "list.csv:3003"]


@pytest.mark.parametrize(
    "content",
    [b"", b"\0\0\0\x18ftyp" * 50, b"name,mood\na,b\n", b"\xff\xfe", b'"', b"\n\n\n"],
    ids=["empty", "binary", "no column", "only a mark", "a quote", "blank"],
)
def test_no_table_at_all_is_refused(content: bytes) -> None:
    with pytest.raises(ConfigError, match=r"list\.csv"):
        rows(written(content))


def test_what_cannot_be_read_at_all_is_refused(tmp_path: Path) -> None:
    for name in ("gone.csv", "gone.jsonl", "gone.parquet"):
        with pytest.raises(ConfigError, match=name):
            rows(name)
    with pytest.raises(ConfigError, match="no Parquet"):
        rows(written(b"PAR1 not", "x.parquet"))
    pq.write_table(pa.table({"name": ["a"]}), "y.parquet")
    with pytest.raises(ConfigError, match="no column"):
        rows("y.parquet")


def test_names_that_are_no_unicode_are_found() -> None:
    name = b"set/caf\xe9.mp4"
    Path(name.decode("utf-8", "surrogateescape")).write_bytes(b"x")
    (found,) = rows(written(b"path\ncaf\xe9.mp4\n"))
    assert (found.id, found.problem) == ("caf\\udce9.mp4", None)
    assert Path(found.path or "").read_bytes() == b"x"
    assert rows(written(b"path,transcript\na.mp4,caf\xe9\n"))[0].problem is not None


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.sampled_from([".csv", ".tsv", ".jsonl", ".parquet"]), st.booleans())
def test_no_garbage_breaks_it(content: bytes, suffix: str, headed: bool) -> None:
    path = Path(f"garbage{suffix}")
    path.write_bytes((b"path,id,context\n" if headed else b"") + content)
    try:
        found = rows(str(path), references=True)
    except ConfigError:
        return
    assert len({row.id for row in found}) == len(found)
    for row in found:
        row.id.encode()


def test_memory_does_not_grow_with_the_cells() -> None:
    with open("set/big.csv", "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "path", "transcript"])
        writer.writerows([f"row {number}", "a.mp4", "word " * 100] for number in range(20_000))
    tracemalloc.start()
    count = sum(row.problem is None for row in read_manifest(["set/big.csv"]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 8e6  # of 11 MB; what stays is eight bytes an id


def test_long_cells_are_read_and_the_limit_of_others_stays() -> None:
    before = csv.field_size_limit()
    long = "x" * (before + 1)
    found = rows(written(f"id,path,transcript\na,a.mp4,{long}\nb,b.mp4,hello\n", "set/list.csv"))
    assert [row.problem for row in found] == [None, None]
    assert csv.field_size_limit() == before
