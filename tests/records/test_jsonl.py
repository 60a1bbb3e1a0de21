"""JSON Lines: order kept, bad rows named by file and line."""

from pathlib import Path

import pytest

from emoreason.errors import RecordError
from emoreason.records import Clip, Cue, CueSet, Score
from emoreason.records.jsonl import dump_line, read_jsonl, write_jsonl


def test_what_is_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "cues.jsonl"
    records = [CueSet(clip=Clip(id=f"剪辑 {n}"), cues=(Cue(id="a", modality="face", code="AU1"),)) for n in range(3)]
    with path.open("w", encoding="utf-8") as file:
        write_jsonl(records, file)
    assert list(read_jsonl(path, CueSet)) == records


def test_blank_lines_and_a_byte_order_mark_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "cues.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"clip": "a"}\n\n  \r\n{"clip": "b"}')
    assert [record.clip.id for record in read_jsonl(path, CueSet)] == ["a", "b"]


@pytest.mark.parametrize(
    "line",
    [
        b"not json",
        b"[1, 2]",
        b'{"clip": 3}',
        b"\xff\xfe\x00",
        b'{"clip": "x", "cues": [{"code": "AU1", "value": NaN}]}',
        b"[" * 100_000,
        b'{"clip": "x"',
        b'{"clip": "x", "cues": [{"code": "AU1", "start_s": 1e400}]}',
        b'{"clip": "x", "cues": [{"code": "AU1", "value": ' + b"9" * 5000 + b"}]}",
        b'{"clip": "x", "cues": [{"code": "AU1", "value": ' + b"9" * 400 + b"}]}",
        b'{"clip": "a\\ud800"}',
    ],
)
def test_a_bad_row_is_named_by_file_and_line(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "cues.jsonl"
    path.write_bytes(b'{"clip": "a"}\n\n' + line + b"\n")
    with pytest.raises(RecordError) as caught:
        list(read_jsonl(path, CueSet))
    message = str(caught.value)
    assert message.startswith(f"{path}:3: ")
    assert "\n" not in message
    assert len(message) < 600


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"missing\.jsonl: cannot be read"):
        list(read_jsonl(tmp_path / "missing.jsonl", CueSet))
    with pytest.raises(RecordError, match="cannot be read"):
        list(read_jsonl(tmp_path, CueSet))


def test_no_nan_is_ever_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        dump_line(Score(name="x", value=float("nan")))
