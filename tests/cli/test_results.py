"""The folder ``--out`` names: whole files or none."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from emoreason.cli.results import OutFolder
from emoreason.errors import ConfigError, EmoreasonError, MediaError
from emoreason.records import Score


@contextmanager
def small_disk() -> Iterator[None]:
    """No file may grow beyond 4 KiB; not for longer than it takes, as pytest itself may be writing into a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_files_take_their_names_when_the_run_ends_however_it_ends(tmp_path: Path) -> None:
    def interrupted_run() -> None:
        with OutFolder(tmp_path, "scores.jsonl") as out:
            out.add("scores.jsonl", Score(name="done", value=1.0))
            assert not (tmp_path / "scores.jsonl").exists()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted_run()
    assert '"done"' in (tmp_path / "scores.jsonl").read_text(encoding="utf-8")
    assert [path.name for path in tmp_path.iterdir()] == ["scores.jsonl"]


def test_errors_are_written_only_when_there_are_some(tmp_path: Path) -> None:
    with OutFolder(tmp_path, "scores.jsonl") as out:
        out.add_error("ü.mp4", MediaError("it is broken"))
    assert (tmp_path / "errors.jsonl").read_text(encoding="utf-8") == (
        '{"clip": "ü.mp4", "error": "MediaError", "message": "it is broken"}\n'
    )
    with OutFolder(tmp_path, "scores.jsonl"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["scores.jsonl"]


def test_two_runs_into_one_folder_do_not_mix_their_lines(tmp_path: Path) -> None:
    with OutFolder(tmp_path, "scores.jsonl") as first, OutFolder(tmp_path, "scores.jsonl") as second:
        first.add("scores.jsonl", Score(name="first", value=1.0))
        second.add("scores.jsonl", Score(name="second", value=2.0))
    assert len((tmp_path / "scores.jsonl").read_text(encoding="utf-8").splitlines()) == 1


def test_a_folder_that_cannot_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"--out .*file"):
        OutFolder(tmp_path / "file", "scores.jsonl")


def test_what_killed_runs_left_is_swept_and_a_living_run_keeps_its_files(tmp_path: Path) -> None:
    (tmp_path / ".scores.jsonl.0123abcd.partial").write_text("of a killed run")
    (tmp_path / ".mine.partial").write_text("somebody's own")
    with OutFolder(tmp_path, "scores.jsonl") as living:
        living.add("scores.jsonl", Score(name="first", value=1.0))
        with OutFolder(tmp_path, "others.jsonl"):
            pass
    assert sorted(path.name for path in tmp_path.iterdir()) == [".mine.partial", "others.jsonl", "scores.jsonl"]


def test_on_a_full_disk_a_line_is_whole_or_not_there(tmp_path: Path) -> None:
    with small_disk(), OutFolder(tmp_path, "a.jsonl", "b.jsonl") as out:
        out.add_together([("a.jsonl", "1" * 100), ("b.jsonl", "1" * 3000)])
        with pytest.raises(OSError, match="too large"):
            out.add_together([("a.jsonl", "2" * 100), ("b.jsonl", "2" * 3000)])
        out.add_together([("a.jsonl", "3" * 100), ("b.jsonl", "3" * 100)])
        with pytest.raises(EmoreasonError, match=r"errors\.jsonl cannot be written: File too large"):
            out.add_error("clip.mp4", MediaError("x" * 5000))
    first, last = ((tmp_path / name).read_text(encoding="utf-8") for name in ("a.jsonl", "b.jsonl"))
    assert [len(line) for line in first.splitlines()] == [100, 100]
    assert [line[0] for line in last.splitlines()] == ["1", "3"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jsonl", "b.jsonl"]
