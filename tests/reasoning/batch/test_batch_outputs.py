"""Output files: whole lines, and a line that does not fit is taken back."""

import errno
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreason.reasoning.batch.outputs import Lines, StorageError


def test_lines_stand_where_they_are_said_to(tmp_path: Path) -> None:
    lines = Lines(tmp_path / "a.jsonl")
    places = [lines.append(text) for text in ("one", "zwölf", "")]
    data = (tmp_path / "a.jsonl").read_bytes()
    assert [data[offset : offset + length] for offset, length in places] == [b"one\n", "zwölf\n".encode(), b"\n"]
    assert lines.end == len(data)
    lines.close()
    again = Lines(tmp_path / "a.jsonl")
    assert again.append("two") == (len(data), 4)
    again.close()


@given(st.lists(st.text(st.characters(exclude_characters="\n", exclude_categories=("Cs",)))), st.integers(0, 400))
def test_whole_lines_of_a_file_cut_anywhere(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], cut: int
) -> None:
    path = tmp_path_factory.mktemp("lines") / "a"
    lines = Lines(path)
    for text in texts:
        lines.append(text)
    lines.cut(min(cut, lines.end))
    found = list(lines.whole_lines())
    whole = b"".join(line for _, line in found)
    assert path.read_bytes().startswith(whole)
    assert path.read_bytes().count(b"\n") == len(found) == whole.count(b"\n")
    assert [offset for offset, _ in found] == [len(b"".join(line for _, line in found[:i])) for i in range(len(found))]
    lines.close()


def test_a_line_that_does_not_fit_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = Lines(tmp_path / "a.jsonl")
    lines.append("one")
    write = os.write

    def full(descriptor: int, data: bytes) -> int:
        if len(data) > 4:
            return write(descriptor, data[:4])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(StorageError, match=r"a\.jsonl cannot be written: No space left on device"):
        lines.append("longer")
    monkeypatch.undo()
    assert (tmp_path / "a.jsonl").read_bytes() == b"one\n"
    assert lines.append("two") == (4, 4)
    lines.close()


def test_interrupted_between_two_pieces_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = Lines(tmp_path / "a.jsonl")
    write, calls = os.write, []

    def interrupted(descriptor: int, data: bytes) -> int:
        if calls:
            raise KeyboardInterrupt
        calls.append(1)
        return write(descriptor, data[:2])

    monkeypatch.setattr(os, "write", interrupted)
    with pytest.raises(KeyboardInterrupt):
        lines.append("longer")
    monkeypatch.undo()
    assert (tmp_path / "a.jsonl").read_bytes() == b""
    lines.close()
    lines.close()
