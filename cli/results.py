"""The folder that ``--out`` names: files that are whole or not there, written line by line as clips are done."""

import contextlib
import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, Final

from ..errors import ConfigError, EmoreasonError
from ..records.jsonl import dump_line
from .terminal import notice

_PARTIAL: Final = re.compile(r"\..+\.[0-9a-f]{8}\.partial")
#: File -> what its lines are, one and many; the first line of a table is no result.
_LINES: Final = {
    "explanations.jsonl": ("explanation", "explanations"),
    "cues.jsonl": ("clip's cues", "clips' cues"),
    "cues.csv": ("cue", "cues"),
}


@contextlib.contextmanager
def written(what: str) -> Iterator[None]:
    """Turn what goes wrong while one result is written into an EmoreasonError: that input is lost, the run goes on.

    A reader that went away (BrokenPipeError) ends the run all the same.
    """
    try:
        yield
    except (BrokenPipeError, EmoreasonError):
        raise
    except Exception as error:  # a full disk, a value that no file can hold
        said = error.strerror if isinstance(error, OSError) else f"{type(error).__name__}: {error}"
        raise EmoreasonError(f"{what} cannot be written: {said or error}") from error


class AtomicLines:
    """A text file that grows under a hidden name and takes its real name when closed.

    It takes the name also when the run was interrupted: what was done is kept. With ``keep_empty=False`` a file
    without a line does not appear, and an older one of that name is removed. A line is whole or not there, also when
    the disk is full.
    """

    def __init__(self, path: Path, *, keep_empty: bool = True) -> None:
        self.path = path
        self._keep_empty = keep_empty
        self._partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
        # Without a buffer: what does not fit must not come back when the file is closed.
        self._file = open(self._partial, "wb", buffering=0)  # noqa: SIM115
        _lock(self._file)  # as long as this run lives, no other takes the file for a dead run's
        self.count = 0

    def write(self, text: str) -> None:
        """Append one line (without its newline)."""
        self._append(text)
        self.count += 1

    def write_header(self, text: str) -> None:
        """Begin with a line that is no result."""
        self._append(text)

    def place(self) -> tuple[int, int]:
        """Where the next line goes: in bytes and in lines."""
        return self._file.tell(), self.count

    def cut(self, place: tuple[int, int]) -> None:
        """Take back what was written after a place."""
        self._file.truncate(place[0])
        self._file.seek(place[0])
        self.count = place[1]

    def _append(self, text: str) -> None:
        rest = memoryview(f"{text}\n".encode())
        before = self.place()
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self.cut(before)
            raise

    def close(self, *, nothing_done: bool = False) -> None:
        """Give the file its name; or remove it, and leave an older one alone, when nothing was done."""
        self._file.close()
        if nothing_done:
            self._partial.unlink()
        elif self.count or self._keep_empty:
            os.replace(self._partial, self.path)
        else:
            self._partial.unlink()
            with contextlib.suppress(FileNotFoundError):
                self.path.unlink()


class OutFolder:
    """Named JSON Lines files in one folder; a context manager that gives them their names at the end.

    Raises
    ------
    ConfigError
        The folder cannot be made or written.
    """

    def __init__(self, folder: str | Path, *names: str) -> None:
        self.folder = Path(folder)
        self._files: dict[str, AtomicLines] = {}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _sweep(self.folder)
            for name in names:
                self._files[name] = AtomicLines(self.folder / name)
            self._files["errors.jsonl"] = AtomicLines(self.folder / "errors.jsonl", keep_empty=False)
        except OSError as error:
            raise ConfigError(f"--out {folder}: cannot be written: {error.strerror or error}") from error

    def __enter__(self) -> "OutFolder":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A run that failed or was stopped before its first result must not replace the results of an older one.
        idle = all(file.count == 0 for file in self._files.values())
        nothing_done = idle and error is not None
        if not nothing_done:
            _say_replaced(next(iter(self._files.values())).path)
        for file in self._files.values():
            file.close(nothing_done=nothing_done)

    def __contains__(self, name: str) -> bool:
        return name in self._files

    def add(self, name: str, record: object) -> None:
        """Append one record to one of the files."""
        self._files[name].write(dump_line(record))

    def add_together(self, lines: Iterable[tuple[str, str]]) -> None:
        """Append lines of text, each to the file of its name: all of them, or none."""
        places = {name: file.place() for name, file in self._files.items()}
        try:
            for name, line in lines:
                self._files[name].write(line)
        except Exception:
            for name, place in places.items():
                self._files[name].cut(place)
            raise

    def add_header(self, name: str, text: str) -> None:
        """Begin one of the files with a line that is no result."""
        self._files[name].write_header(text)

    def add_error(self, place: str, error: BaseException) -> None:
        """Append one failed input to ``errors.jsonl``."""
        row = {"clip": place, "error": type(error).__name__, "message": str(error)}
        with written(str(self._files["errors.jsonl"].path)):
            self._files["errors.jsonl"].write(json.dumps(row, ensure_ascii=False))


def _say_replaced(path: Path) -> None:
    try:
        with open(path, "rb") as file:
            count = sum(1 for _ in file) - (path.suffix == ".csv")
    except OSError:  # there is none
        return
    if count > 0:
        one, many = _LINES.get(path.name, ("line", "lines"))
        notice(f"{path}: replaces {count} {one if count == 1 else many} of an earlier run")


def _lock(file: IO[str] | IO[bytes]) -> bool:
    """Whether the file is now ours alone; where there are no such locks (Windows), open files cannot be removed."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # another run holds it, or this file system has no locks
        return False
    return True


def _sweep(folder: Path) -> None:
    """Remove what killed runs left behind: files under a hidden name that no living run holds."""
    for path in folder.iterdir():
        if _PARTIAL.fullmatch(path.name) and not path.is_symlink():
            with contextlib.suppress(OSError):
                with open(path, "a", encoding="utf-8") as file:
                    dead = _lock(file)
                if dead:
                    path.unlink()
