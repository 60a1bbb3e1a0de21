"""Training rows in files: JSON Lines and Parquet, written row by row, read back exactly as they were.

Parquet has a typed column for each simple field (``id``, ``split``, ``group``, ``preset``, ``language``, ``target``,
``held_back``, ``frames``), so that ``pandas.read_parquet`` gives something to filter and count; ``cueset``,
``reference`` and ``origin`` are JSON text, since a nested Arrow column fills in every key that another row has.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ...errors import ConfigError, RecordError
from ...reasoning.batch.manifest_tables import json_lines
from ...records import TrainingRow
from ...records.convert import parse_json, to_json
from ...records.jsonl import dump_line
from .validated import validated

if TYPE_CHECKING:
    import pyarrow as pa

#: A line of a file: ``FILE:NUMBER``, and the row or what is wrong with it.
StoredLine = tuple[str, TrainingRow | RecordError]
#: Key -> what stands there beside a row: for other readers, training passes it over.
Beside = Mapping[str, Callable[[TrainingRow], Any]]

JSON_LINES: Final = (".jsonl", ".ndjson")
PARQUET: Final = ".parquet"
#: Key of the Parquet file's metadata, and what stands there.
_KEY: Final = b"emoreason.training_rows"
_FORMAT: Final = b"1"
#: Rows that are held while writing and reading: a row of an hour's clip may have megabytes of cues.
_GROUP_ROWS: Final = 256
_JSON_COLUMNS: Final = ("cueset", "reference", "origin")


def write_rows(rows: Iterable[TrainingRow], path: str | Path, *, beside: Beside | None = None) -> int:
    """Write rows to a file, whole or not at all; the number of rows.

    Parameters
    ----------
    rows : iterable of TrainingRow
        Taken one by one: they need not fit in memory.
    path : path
        ``.jsonl`` or ``.parquet``. The folder is made if need be. The paths of frames are written as they are;
        relative ones begin at this file's folder.
    beside : mapping of str to callable, optional
        Further keys, for those who read the file without this package, and what makes their values of a row. Parquet
        has them as text: what is none stands there as JSON.

    Raises
    ------
    ConfigError
        Another ending.
    RecordError
        A row holds what no file can (NaN, half a surrogate pair), or the file cannot be written.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in (*JSON_LINES, PARQUET):
        raise ConfigError(
            f"{path}: rows are not written as {ending or 'a file without an ending'}; expected .jsonl or .parquet"
        )
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        number = (_write_parquet if ending == PARQUET else _write_lines)(rows, partial, beside or {})
        os.replace(partial, path)
    except OSError as error:
        raise RecordError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            partial.unlink()
    return number


def write_lines_and_table(rows: Iterable[TrainingRow], lines: Path, table: Path, *, beside: Beside) -> int:
    """Write rows to a ``.jsonl`` and a ``.parquet`` file in one pass; as :func:`write_rows` on each of them.

    Both appear whole or not at all, the table last. What stands beside a row is made once for both.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    partials = [path.with_name(f".{path.name}.{os.getpid()}.partial") for path in (lines, table)]
    schema, number = _schema(*beside), 0
    try:
        lines.parent.mkdir(parents=True, exist_ok=True)
        with (
            open(partials[0], "w", encoding="utf-8", newline="\n") as file,
            pq.ParquetWriter(str(partials[1]), schema, compression="zstd") as writer,
        ):
            for group in _grouped(rows):
                values: list[dict[str, Any]] = []
                try:
                    for row in group:
                        value = to_json(row)
                        more = {name: made(row) for name, made in beside.items()}
                        file.write(json.dumps(value | more, ensure_ascii=False, allow_nan=False) + "\n")
                        values.append(_cells(value) | _texts(more))
                    writer.write_batch(pa.RecordBatch.from_pylist(values, schema=schema))
                except (ValueError, pa.ArrowException) as error:
                    at = min(len(values), len(group) - 1)
                    first, after = (group[0], at) if len(values) == len(group) else (group[at], 0)
                    raise _not_storable(first, error, and_next=after) from error
                number += len(group)
        for partial, path in zip(partials, (lines, table), strict=True):
            os.replace(partial, path)
    except OSError as error:
        raise RecordError(f"{lines}: cannot be written: {error.strerror or error}") from error
    finally:
        for partial in partials:
            with suppress(OSError):
                partial.unlink()
    return number


def read_stored(path: str | Path) -> Iterator[TrainingRow]:
    """Yield the rows of a file that :func:`write_rows` wrote.

    Raises
    ------
    RecordError
        ``FILE:LINE: what is wrong``, at the first line that is wrong.
    ConfigError
        It is no such file at all.
    """
    for place, row in read_stored_lines(path):
        if isinstance(row, RecordError):
            raise RecordError(f"{place}: {row}")
        yield row


def read_stored_lines(path: str | Path) -> Iterator[StoredLine]:
    """Yield as :func:`read_stored`, but wrong lines as errors (``("FILE:LINE", error)``), and go on."""
    path = Path(path)
    if path.suffix.lower() == PARQUET:
        lines: Iterator[tuple[str, Mapping[str, Any] | RecordError]] = _parquet_lines(path)
    else:
        lines = json_lines(path)
    for place, value in lines:
        try:
            yield place, value if isinstance(value, RecordError) else validated(value, TrainingRow)
        except RecordError as error:
            yield place, error


def is_stored_parquet(path: Path) -> bool:
    """Whether a Parquet file holds training rows: ours by its metadata, anyone's if it has no other columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(str(path))
    except (pa.ArrowException, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error).split("\n")[0]
        raise ConfigError(f"{path}: no Parquet file that can be read: {reason}") from error
    return _KEY in (schema.metadata or {}) or ({"id", "cueset"} <= set(schema.names) <= set(_schema().names))


def _write_lines(rows: Iterable[TrainingRow], path: Path, beside: Beside) -> int:
    number = 0
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        for row in rows:
            try:
                file.write(_line(row, beside) + "\n")
            except ValueError as error:
                raise _not_storable(row, error) from error
            number += 1
    return number


def _line(row: TrainingRow, beside: Beside) -> str:
    if not beside:
        return dump_line(row)
    value = to_json(row) | {name: made(row) for name, made in beside.items()}
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _write_parquet(rows: Iterable[TrainingRow], path: Path, beside: Beside) -> int:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = _schema(*beside)
    number = 0
    with pq.ParquetWriter(str(path), schema, compression="zstd") as writer:
        for group in _grouped(rows):
            try:
                values = [_stored(row) | _text_cells(row, beside) for row in group]
                writer.write_batch(pa.RecordBatch.from_pylist(values, schema=schema))
            except (ValueError, pa.ArrowException) as error:
                raise _not_storable(group[0], error, and_next=len(group) - 1) from error
            number += len(group)
    return number


def _grouped(rows: Iterable[TrainingRow]) -> Iterator[list[TrainingRow]]:
    group: list[TrainingRow] = []
    for row in rows:
        group.append(row)
        if len(group) == _GROUP_ROWS:
            yield group
            group = []
    if group:
        yield group


def _schema(*beside: str) -> "pa.Schema":
    import pyarrow as pa

    text, frame = pa.string(), pa.struct([("time_s", pa.float64()), ("path", pa.string()), ("cue_id", pa.string())])
    columns = [(name, text) for name in ("id", "split", "group", "preset", "language", "target", "question")]
    lists = [("held_back", pa.list_(text)), ("frames", pa.list_(frame))]
    return pa.schema(
        [*columns, *lists, *((name, pa.large_string()) for name in (*_JSON_COLUMNS, *beside))],
        metadata={_KEY: _FORMAT},
    )


def _stored(row: TrainingRow) -> dict[str, Any]:
    """Cells of one row."""
    return _cells(to_json(row))


def _cells(value: dict[str, Any]) -> dict[str, Any]:
    for name in _JSON_COLUMNS:
        value[name] = json.dumps(value[name], ensure_ascii=False, allow_nan=False)
    return value


def _text_cells(row: TrainingRow, beside: Beside) -> dict[str, str | None]:
    """Cells of what stands beside a row."""
    return _texts({name: made(row) for name, made in beside.items()})


def _texts(values: Mapping[str, Any]) -> dict[str, str | None]:
    return {
        name: value
        if value is None or isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, allow_nan=False)
        for name, value in values.items()
    }


def _not_storable(row: TrainingRow, error: Exception, and_next: int = 0) -> RecordError:
    which = f"row {row.id!r}" + (f" or one of the {and_next} after it" if and_next else "")
    return RecordError(f"{which} cannot be written: {str(error).splitlines()[0][:200]}")


def _parquet_lines(path: Path) -> Iterator[tuple[str, Mapping[str, Any] | RecordError]]:
    """Rows of the table as the JSON values they were written from."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with pq.ParquetFile(str(path)) as file:
            ours = _schema().names
            wanted = [name for name in file.schema_arrow.names if name in ours]
            for batch in file.iter_batches(batch_size=_GROUP_ROWS, columns=wanted):
                for cells in batch.to_pylist():
                    number += 1
                    yield f"{path.name}:{number}", _value(cells)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error).split("\n")[0]
        if number == 0:
            raise ConfigError(f"{path}: no Parquet file that can be read: {reason}") from error
        yield f"{path.name}:{number + 1}", RecordError(f"it and all rows after it cannot be read: {reason}")


def _value(cells: Mapping[str, Any]) -> Mapping[str, Any] | RecordError:
    """JSON value of one row of the table."""
    value = {name: cell for name, cell in cells.items() if cell is not None}
    try:
        for name in _JSON_COLUMNS:
            if isinstance(cell := value.get(name), str):
                value[name] = parse_json(cell.encode())
    except RecordError as error:
        return RecordError(f"column {name!r}: {error}")
    return value
