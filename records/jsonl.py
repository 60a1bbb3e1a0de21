"""JSON Lines: one record per line, UTF-8; a bad row is named by file and line."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TypeVar

from ..errors import RecordError
from .convert import from_json, parse_json, to_json

R = TypeVar("R")

#: A longer line is refused unread: no record of ours comes near it.
MAX_LINE_BYTES = 64 * 1024 * 1024


def dump_line(record: object) -> str:
    """One record as one line of JSON, without the newline. Raises ValueError on NaN or infinity."""
    return json.dumps(to_json(record), ensure_ascii=False, allow_nan=False)


def write_jsonl(records: Iterable[object], file: IO[str]) -> None:
    """Write records, one per line."""
    for record in records:
        file.write(dump_line(record) + "\n")


def read_jsonl(path: str | Path, cls: type[R]) -> Iterator[R]:
    """Yield the records of a JSON Lines file in order; blank lines are passed over.

    Raises
    ------
    RecordError
        ``FILE:LINE: what is wrong`` for a line that is no JSON or does not fit the schema of ``cls``; or the file
        cannot be read.
    """
    try:
        with open(path, "rb") as file:
            for _, row in read_rows(file, cls, str(path)):
                if isinstance(row, RecordError):
                    raise row
                yield row
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror or error}") from error


def read_rows(file: IO[bytes], cls: type[R], name: str) -> Iterator[tuple[str, R | RecordError]]:
    """Yield ``("NAME:LINE", record)`` for every line; a bad line gives its RecordError and the next one is read."""
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        place = f"{name}:{number}"
        if len(line) > MAX_LINE_BYTES:
            _skip_rest_of_line(file, line)
            yield place, RecordError(f"{place}: line is longer than {MAX_LINE_BYTES >> 20} MiB")
        elif line.strip():
            try:
                yield place, _read_line(line, cls, place)
            except RecordError as error:
                yield place, error


def _skip_rest_of_line(file: IO[bytes], line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = file.readline(MAX_LINE_BYTES)


def _read_line(line: bytes, cls: type[R], place: str) -> R:
    try:
        return from_json(parse_json(line), cls)
    except RecordError as error:
        raise RecordError(f"{place}: {error}") from error
