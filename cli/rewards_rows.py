"""Rows that ``emoreason rewards score`` reads: a text, its reference, an id."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

from ..errors import RecordError
from ..records.convert import from_json, parse_json
from ..records.jsonl import MAX_LINE_BYTES
from .group import Tally
from .terminal import complain

if TYPE_CHECKING:
    from ..records import Reference
    from ..rewards.reward import Case

#: Rows scored together: embeddings and judges are cheaper so.
BATCH: Final = 64


@dataclass(frozen=True, slots=True)
class Row:
    """One text to score; ``place`` is ``FILE:LINE``."""

    place: str
    id: Any
    case: "Case"


def row_batches(source: IO[bytes], name: str, tally: Tally) -> Iterator[list[Row]]:
    """Rows that can be read, some at a time; the others are complained of."""
    rows: list[Row] = []
    for number, line in enumerate(_lines(source), start=1):
        place = f"{name}:{number}"
        if not line.strip():
            continue
        try:
            rows.append(_row(place, line))
        except RecordError as error:
            complain(place, error)
            tally.failed += 1
        if len(rows) == BATCH:
            yield rows
            rows = []
    yield rows


def _lines(source: IO[bytes]) -> Iterator[bytes]:
    """Lines; of one that is too long only so much as shows it."""
    while line := source.readline(MAX_LINE_BYTES + 1):
        yield line
        while len(line) > MAX_LINE_BYTES and line and not line.endswith(b"\n"):
            line = source.readline(MAX_LINE_BYTES)


def _row(place: str, line: bytes) -> Row:
    from ..rewards.adapters.columns import completion_text
    from ..rewards.reward import Case

    if len(line) > MAX_LINE_BYTES:
        raise RecordError(f"line is longer than {MAX_LINE_BYTES >> 20} MiB")
    row = parse_json(line)
    if not isinstance(row, Mapping):
        raise RecordError(f"expected an object with text and reference, not {type(row).__name__}")
    written = row.get("text", row.get("completion"))
    if not isinstance(written, str | list) or (isinstance(written, list) and not all(map(_is_message, written))):
        raise RecordError('expected "text" (or "completion") to be a string or a list of messages')
    return Row(place, row.get("id"), Case.of(completion_text(written), _reference(row.get("reference"))))


def _is_message(item: object) -> bool:
    return isinstance(item, Mapping)


def _reference(value: object) -> "Reference":
    from ..records import Reference

    if isinstance(value, str):
        value = parse_json(value.encode("utf-8", "surrogatepass"))
    if not isinstance(value, Mapping):
        raise RecordError('expected "reference" to be an object, or a JSON string of one')
    return from_json(value, Reference)
