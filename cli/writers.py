"""Where ``emoreason convert`` puts what it made: lines, a Parquet file, a file per clip; whole or not there."""

import os
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol

from ..errors import ConfigError, RecordError
from ..formats import table
from ..formats.loss import Say
from .results import AtomicLines
from .sources import Found
from .terminal import notice, print_json, print_line

_NOT_IN_NAMES: Final = re.compile(r"[^\w.+@=,-]+")
_LONGEST_NAME: Final = 120
_TAKEN_BY_WINDOWS: Final = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


class Writer(Protocol):
    """Takes clips one by one; a context manager that finishes what it wrote. ``written`` lists the files."""

    written: list[str]

    def __enter__(self) -> "Writer": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def take(self, found: Found) -> None:
        """Write one clip. Raises RecordError when it has not what the format needs."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be written: which part of the clips (``what``), where, and where to say what is left out.

    ``read`` are the files that are being read (:func:`identities`); none of them is written over.
    """

    what: str
    out: str | None
    say: Say
    read: frozenset[tuple[int, int]] = frozenset()


def identities(inputs: Iterable[Path]) -> frozenset[tuple[int, int]]:
    """Say which files the inputs are (those of a folder: what it keeps results in), whatever they are called."""
    files = [file for path in inputs for file in (path.glob("*.jsonl") if path.is_dir() else [path])]
    return frozenset(identity for file in files if (identity := _identity(file)) is not None)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


class Lines:
    """Lines for all clips, to a file or to stdout."""

    def __init__(
        self, job: Job, lines: Callable[[Found], Iterable[str]], header: str | None = None, *, is_json: bool = False
    ) -> None:
        self.written: list[str] = []
        self._lines = lines
        self._taken = 0
        self._file = None if job.out is None else _opened(job, job.out)
        self._print = print_json if is_json else print_line
        if header is not None:
            (self._file.write_header if self._file is not None else self._print)(header)

    def __enter__(self) -> "Lines":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            if self._taken:  # a run that did nothing must not replace what an earlier one did
                _say_replaced([self._file.path])
                self.written.append(str(self._file.path))
            self._file.close(nothing_done=not self._taken)

    def take(self, found: Found) -> None:
        """Write the clip's lines."""
        write = self._file.write if self._file is not None else self._print
        for line in self._lines(found):
            write(line)
        self._taken += 1


def _opened(job: Job, out: str) -> AtomicLines:
    path = _file_path(job, out)
    try:
        return AtomicLines(path)
    except OSError as error:
        raise ConfigError(f"--out {out}: cannot be written: {error.strerror or error}") from error


def _file_path(job: Job, out: str) -> Path:
    path = Path(out)
    if path.is_dir():
        raise ConfigError(f"--out {out}: is a folder; this format is one file for all clips, name it")
    if _identity(path) in job.read:
        raise ConfigError(f"--out {out}: is being read; name another file")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
    return path


class ParquetTable:
    """One Parquet file, which takes its name when it is complete."""

    def __init__(self, job: Job, rows: Callable[[Found], Iterable[table.Row]]) -> None:
        from ..formats.parquet import ParquetFile

        if job.out is None:
            raise ConfigError("--to parquet writes no text; name a file with --out FILE")
        self.written: list[str] = []
        self._rows = rows
        self._with_clips = job.what == "cues"
        self._path = _file_path(job, job.out)
        self._partial = _partial(self._path)
        self._taken = 0
        try:
            self._file = ParquetFile(self._partial, table.TABLES[job.what])
        except OSError as error:
            raise ConfigError(f"--out {job.out}: cannot be written: {error.strerror or error}") from error

    def __enter__(self) -> "ParquetTable":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
            if self._taken:
                _say_replaced([self._path])
                os.replace(self._partial, self._path)
                self.written.append(str(self._path))
        finally:
            self._partial.unlink(missing_ok=True)

    def take(self, found: Found) -> None:
        """Add the clip's rows."""
        self._file.add(self._rows(found), found.cueset if self._with_clips else None)
        self._taken += 1


class FilePerClip:
    """A file per clip, in a folder, under a safe name made of the clip's id; or one file where there is one clip.

    ``render`` makes its bytes of a clip and the folder it will lie in.
    """

    def __init__(self, job: Job, suffix: str, render: Callable[[Found, Path], bytes]) -> None:
        if job.out is None:
            raise ConfigError(f"this format is a file per clip; name a folder (or a {suffix} file) with --out")
        self.written: list[str] = []
        self._suffix = suffix
        self._render = render
        self._read = job.read
        self._replaced: list[Path] = []
        self._names: set[str] = set()
        self._numbers: Counter[str] = Counter()
        out = Path(job.out)
        self._single = out if out.suffix.lower() == suffix.lower() and not out.is_dir() else None
        self._folder = out if self._single is None else out.parent
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"--out {job.out}: cannot be written: {error.strerror or error}") from error

    def __enter__(self) -> "FilePerClip":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _say_replaced(self._replaced, already=True)

    def take(self, found: Found) -> None:
        """Write the clip's file."""
        data = self._render(found, self._folder)
        path = self._single or self._folder / self._name(found.clip)
        if self._single is not None and self.written:
            raise RecordError(f"{found.clip}: {path} holds one clip already; name a folder with --out")
        existed = path.exists()
        if existed and _identity(path) in self._read:
            raise RecordError(f"{found.clip}: {path} is being read; name another folder with --out")
        partial = _partial(path)
        try:
            partial.write_bytes(data)
            os.replace(partial, path)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from error
        finally:
            partial.unlink(missing_ok=True)
        self.written.append(str(path))
        if existed:
            self._replaced.append(path)

    def _name(self, clip: str) -> str:
        stem = name = safe_name(clip)
        while name.casefold() in self._names:
            self._numbers[stem.casefold()] += 1
            name = f"{stem}-{self._numbers[stem.casefold()] + 1}"
        self._names.add(name.casefold())
        return name + self._suffix


def safe_name(clip: str) -> str:
    """Name of a file made of a clip's id: its last part without its ending, and only what every system takes.

    Examples
    --------
    >>> safe_name("clips/Anna's talk (1).mp4"), safe_name("../..")
    ('Anna_s_talk_1', 'clip')
    """
    last = re.split(r"[/\\]", clip.rstrip("/\\"))[-1]
    stem = last.rsplit(".", 1)[0] if "." in last[1:] else last
    name = _NOT_IN_NAMES.sub("_", stem).strip("._-")
    while len(name.encode()) > _LONGEST_NAME:
        name = name[:-1]
    return f"{name}_" if _TAKEN_BY_WINDOWS.fullmatch(name) else name or "clip"


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")


def _say_replaced(paths: Sequence[Path], *, already: bool = False) -> None:
    replaced = [path for path in paths if already or path.exists()]
    if len(replaced) == 1:
        notice(f"{replaced[0]}: replaces an earlier file")
    elif replaced:
        notice(f"{len(replaced)} earlier files in {replaced[0].parent} were replaced")
