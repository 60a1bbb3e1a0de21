"""Lines of a manifest as mappings: CSV and TSV, JSON Lines, Parquet.

Each reader yields ``("FILE:LINE", mapping)``, or in the place of the mapping a RecordError that says what is wrong with
that line. ConfigError when the file is no such manifest at all.
"""

import csv
import io
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final

from ...errors import ConfigError, RecordError
from ...records.convert import parse_json
from ...records.jsonl import MAX_LINE_BYTES
from .manifest_fields import CLIP_COLUMNS, CUES_COLUMN, READ_COLUMNS

Line = tuple[str, Mapping[str, Any] | RecordError]

#: A longer cell is a quote that was never closed.
_LONGEST_CELL: Final = 1 << 20
_LONGEST_RECORD: Final = 16 << 20
_LONGEST_HEADER: Final = 1 << 20
_BATCH_ROWS: Final = 512
_BATCH_BYTES: Final = 512 << 20
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
#: One of these columns a manifest must have; other tables may be named by others.
_NAMED_BY: Final = (*CLIP_COLUMNS, CUES_COLUMN)


def csv_lines(path: Path, named_by: Sequence[str] = _NAMED_BY) -> Iterator[Line]:
    """Rows of a table in UTF-8 (or UTF-16 with its mark), with commas, semicolons or tabs between cells."""
    with _opened(path) as file:
        head = file.read(_LONGEST_HEADER)
        file.seek(0)
        encoding = "utf-16" if head.startswith(_UTF16) else "utf-8-sig"
        # A file name may be no Unicode: what is none comes through as Python has it in paths.
        errors = "replace" if encoding == "utf-16" else "surrogateescape"
        lines = _Lines(io.TextIOWrapper(file, encoding=encoding, errors=errors, newline=""))
        first = head.decode(encoding, errors).split("\n", 1)[0]
        if "\0" in first or not first.strip():
            raise ConfigError(f"{path}: is no table; expected a first line with the names of columns, path among them")
        delimiter = "\t" if path.suffix.lower() == ".tsv" else max(",;\t", key=first.count)
        records = _records(lines, delimiter)
        _, header = next(records, (1, RecordError("is empty")))
        if isinstance(header, RecordError):
            raise ConfigError(f"{path}: its first line cannot be read: {header}")
        names = [name.strip().lower() for name in header]
        _check_columns(path, names, named_by)
        for number, cells in records:
            if isinstance(cells, RecordError) or any(cells):
                yield f"{path.name}:{number}", _row(cells, names)


def _row(cells: list[str] | RecordError, names: list[str]) -> dict[str, Any] | RecordError:
    if isinstance(cells, RecordError):
        return cells
    if len(cells) > len(names) and any(cells[len(names) :]):
        return RecordError(f"has {len(cells)} cells, the first line names {len(names)} columns")
    row: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=False):
        if cell and name not in row:
            row[name] = cell
    return row


class _Lines:
    """Lines of a text file; those of one record can be given back."""

    def __init__(self, file: io.TextIOWrapper) -> None:
        self._file = file
        self._again: list[str] = []
        self._record: list[str] = []
        self._length = 0
        self.number = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._file.readline(_LONGEST_RECORD)
        if not line:
            raise StopIteration
        self.number += 1
        self._record.append(line)
        self._length += len(line)
        if self._length >= _LONGEST_RECORD:
            while line and not line.endswith("\n"):
                line = self._file.readline(_LONGEST_RECORD)
            raise RecordError(f"a line is longer than {_LONGEST_RECORD >> 20} MiB, or a quote is not closed")
        return line

    def begin(self) -> int:
        """Begin a record; the number of its first line."""
        self._record, self._length = [], 0
        return self.number + 1

    def retry(self) -> None:
        """Read all but the first line of this record again, as records of their own."""
        rest = self._record[1:]
        self._again += reversed(rest)
        self.number -= len(rest)


def _records(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str] | RecordError]]:
    """Cells of one record after the other; a bad line costs itself, also if it opens a quote that nothing closes."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=True)
    while True:
        number = lines.begin()
        try:
            with _LONG_CELLS:
                cells = next(reader)
            yield number, cells
        except StopIteration:
            return
        except RecordError as error:
            yield number, error
        except csv.Error as error:
            lines.retry()
            yield number, RecordError(f"its cells cannot be told apart ({error}); expected quotes to come in pairs")


class _LongCells:
    """While held, cells may be as long as ours; ``csv`` knows one limit for the whole process, which is put back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._before = 0

    def __enter__(self) -> None:
        self._lock.acquire()
        self._before = csv.field_size_limit(_LONGEST_CELL)

    def __exit__(self, *_: object) -> None:
        csv.field_size_limit(self._before)
        self._lock.release()


_LONG_CELLS: Final = _LongCells()


def _check_columns(path: Path, names: Iterable[str], named_by: Sequence[str]) -> None:
    there = list(names)
    if not set(named_by) & set(there):
        shown = ", ".join(name[:40] for name in there[:10])
        first, *middle, last = named_by
        raise ConfigError(f"{path}: no column is called {first} (or {', '.join(middle)}) or {last}; it has {shown}")


def json_lines(path: Path) -> Iterator[Line]:
    """JSON objects, one a line."""
    with _opened(path) as file:
        for number, line in enumerate(_byte_lines(file), start=1):
            if not line.strip():
                continue
            place = f"{path.name}:{number}"
            try:
                yield place, _json_object(line)
            except RecordError as error:
                yield place, error


def _byte_lines(file: IO[bytes]) -> Iterator[bytes]:
    """Lines in UTF-8; of one that is too long only so much as shows it."""
    start = file.read(2)
    file.seek(0)
    if start in _UTF16:
        text = io.TextIOWrapper(file, encoding="utf-16", errors="replace", newline="\n")
        while part := text.readline(MAX_LINE_BYTES + 1):
            yield part.encode("utf-8", "replace")
            while len(part) > MAX_LINE_BYTES and part and not part.endswith("\n"):
                part = text.readline(MAX_LINE_BYTES)
        return
    while line := file.readline(MAX_LINE_BYTES + 1):
        yield line
        while len(line) > MAX_LINE_BYTES and line and not line.endswith(b"\n"):
            line = file.readline(MAX_LINE_BYTES)


def _json_object(line: bytes) -> Mapping[str, Any]:
    if len(line) > MAX_LINE_BYTES:
        raise RecordError(f"line is longer than {MAX_LINE_BYTES >> 20} MiB")
    value = parse_json(line)
    if not isinstance(value, Mapping):
        raise RecordError(f"expected a JSON object with path or cues, not {type(value).__name__}")
    return value


def parquet_lines(
    path: Path, named_by: Sequence[str] = _NAMED_BY, read: frozenset[str] | None = READ_COLUMNS
) -> Iterator[Line]:
    """Rows of a Parquet table; only the columns that mean something are read (None: all)."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(str(path)) as file:
            names = {name.strip().lower(): name for name in reversed(file.schema_arrow.names)}
            _check_columns(path, names, named_by)
            wanted = [written for name, written in names.items() if read is None or name in read]
            for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=wanted):
                if batch.nbytes > _BATCH_BYTES:
                    raise RecordError(f"{_BATCH_ROWS} rows come to {batch.nbytes >> 20} MiB")
                for row in batch.to_pylist():
                    number += 1
                    yield f"{path.name}:{number}", {name.strip().lower(): value for name, value in row.items()}
    except (pa.ArrowException, OSError, UnicodeDecodeError, RecordError) as error:
        reason = getattr(error, "strerror", None) or str(error).split("\n")[0]
        if number == 0:
            raise ConfigError(f"{path}: no Parquet file that can be read: {reason}") from error
        yield f"{path.name}:{number + 1}", RecordError(f"it and all rows after it cannot be read: {reason}")


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        if path.exists() and not path.is_file():  # a pipe could be read once only, and a run must be able to go on
            raise ConfigError(f"{path}: is no regular file; expected a manifest")
        file = open(path, "rb")  # noqa: SIM115 - closed below; only its opening may become a ConfigError
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    with file:
        yield file
