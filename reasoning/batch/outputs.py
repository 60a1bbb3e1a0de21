"""The two output files: they grow by whole lines, and a line that does not fit is taken back."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from ...errors import EmoreasonError

#: State of a row -> the file its line is in.
FILES: Final = {"done": "explanations.jsonl", "failed": "errors.jsonl"}

_CHUNK_BYTES: Final = 1 << 20
_FLAGS: Final = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


class StorageError(EmoreasonError):
    """What a batch has to write does not fit (disk full, file size limit) or cannot be written."""


class Lines:
    """A file of whole lines that one process appends to.

    Attributes
    ----------
    path : Path
    end : int
        Its length in bytes.

    Raises
    ------
    StorageError
        It cannot be opened for writing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | _FLAGS, 0o644)
        except OSError as error:
            raise _said(path, error) from error
        self.end = os.fstat(self._file).st_size
        self._synced = self.end

    def append(self, text: str) -> tuple[int, int]:
        """Append one line, given without its newline; return where it stands: offset and length in bytes.

        Raises
        ------
        StorageError
            It does not fit; what did was taken back.
        """
        line = text.encode("utf-8", "backslashreplace") + b"\n"
        begin, rest = self.end, memoryview(line)
        try:
            while rest:
                rest = rest[os.write(self._file, rest) :]
        except OSError as error:
            self.cut(begin)
            raise _said(self.path, error) from error
        except BaseException:  # Ctrl-C between two pieces
            self.cut(begin)
            raise
        self.end = begin + len(line)
        return begin, len(line)

    def cut(self, end: int) -> None:
        """Remove everything from a byte on."""
        os.ftruncate(self._file, end)
        self.end, self._synced = end, -1

    def sync(self) -> None:
        """Have the system bring it to disk, if there is anything new.

        Raises
        ------
        StorageError
            It cannot.
        """
        if self._synced == self.end:
            return
        try:
            os.fsync(self._file)
            self._synced = self.end
        except OSError as error:
            raise _said(self.path, error) from error

    def whole_lines(self, begin: int = 0) -> Iterator[tuple[int, bytes]]:
        """Yield offset and bytes (with the newline) of every line from a byte on that has its newline."""
        with open(self.path, "rb", buffering=_CHUNK_BYTES) as file:
            file.seek(begin)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                yield begin, line
                begin += len(line)

    def begins_at(self, place: int) -> bool:
        """Whether a line begins, or would begin, at a byte."""
        with open(self.path, "rb") as file:
            file.seek(max(0, place - 1))
            return place == 0 or file.read(1) == b"\n"

    def close(self) -> None:
        """Close it."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1


def _said(path: Path, error: OSError) -> StorageError:
    return StorageError(f"{path} cannot be written: {error.strerror or error}")


def sync_folder(folder: Path) -> None:
    """Have the names in a folder brought to disk (a file's new name is kept by its folder)."""
    if os.name == "nt":
        return  # folders cannot be opened there
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
