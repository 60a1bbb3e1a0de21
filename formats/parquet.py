"""Parquet: the tables of ``table.py``, typed, and cue tables back.

``pandas.read_parquet`` gives the table with its ``(file, start, end)`` index. What has no column (facts about the
clips, their gaps, the notice that people must be informed) travels as metadata of the file under the key
``emoreason``, so cues come back whole.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final

from ..errors import RecordError
from ..records import CueSet
from ..records.convert import from_json, parse_json, to_json
from ..records.notice import NOTICE
from .loss import Say, counted, warn
from .table import CUES, Cells, Row, Table, check_columns, cue_rows, cuesets_from, dataframe, nanoseconds

if TYPE_CHECKING:
    import pyarrow as pa

_KEY: Final = b"emoreason"
_FORMAT: Final = 1
_GROUP_ROWS: Final = 50_000
_MOST_ROWS: Final = 5_000_000
_BATCH_ROWS: Final = 1024
#: Text that one batch may come to; a small file can unpack to anything.
_BATCH_BYTES: Final = 64 * 1024 * 1024
_METADATA_BYTES: Final = 256 * 1024 * 1024


class ParquetFile:
    """A Parquet file that is written row by row; a context manager that finishes it.

    ``group_rows`` rows are held at a time.
    """

    def __init__(self, path: str | Path, table: Table, *, group_rows: int = _GROUP_ROWS) -> None:
        import pyarrow.parquet as pq

        self._group_rows = group_rows
        self._table = table
        self._schema = _schema(table)
        self._writer = pq.ParquetWriter(str(path), self._schema, compression="zstd")
        self._rows: list[Row] = []
        self._clips: list[dict[str, Any]] = []

    def __enter__(self) -> "ParquetFile":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def add(self, rows: Iterable[Row], cueset: CueSet | None = None) -> None:
        """Append rows; the clip and the gaps of ``cueset`` go into the metadata."""
        self._rows += rows
        if cueset is not None:
            about = to_json(cueset)
            self._clips.append({"clip": about["clip"], "gaps": about["gaps"]})
        if len(self._rows) >= self._group_rows:
            self._flush()

    def close(self) -> None:
        """Write what is left, and the metadata."""
        self._flush()
        about = {"format": _FORMAT, "notice": NOTICE, "clips": self._clips}
        self._writer.add_key_value_metadata({_KEY: json.dumps(about, allow_nan=False).encode()})
        self._writer.close()

    def _flush(self) -> None:
        import pyarrow as pa

        columns = list(zip(*self._rows, strict=True)) or [()] * len(self._table.columns)
        arrays = [
            pa.array([_stored(value, kind) for value in values], field.type)
            for values, (_, kind), field in zip(columns, self._table.columns, self._schema, strict=True)
        ]
        if self._rows:
            self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))
        self._rows = []


def _schema(table: Table) -> "pa.Schema":
    import pyarrow as pa

    types = {
        "text": pa.string(),
        "time": pa.duration("ns"),
        "number": pa.float64(),
        "flag": pa.bool_(),
        "list": pa.list_(pa.string()),
    }
    pandas = pa.Schema.from_pandas(dataframe(table, [])).metadata  # so that pandas makes the index again
    return pa.schema([(name, types[kind]) for name, kind in table.columns], metadata=pandas)


def _stored(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "time":
        return nanoseconds(value)
    if kind == "list":
        return [_unicode(item) for item in value]
    return _unicode(value) if kind == "text" else value


def _unicode(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()


def write_parquet(path: str | Path, cuesets: CueSet | Sequence[CueSet]) -> None:
    """Write the cues, gaps and clips of CueSets; :func:`read_parquet` gives all of it back (times to the nanosecond).

    ``pandas.read_parquet`` gives the table of :meth:`CueSet.to_dataframe`.
    """
    with ParquetFile(path, CUES) as file:
        for cueset in [cuesets] if isinstance(cuesets, CueSet) else cuesets:
            file.add(cue_rows(cueset), cueset)


def read_parquet(path: str | Path, *, say: Say = warn) -> list[CueSet]:
    """Read a Parquet table of cues: ours, ``CueSet.to_dataframe().to_parquet(...)``, or anyone's.

    ``file`` and ``code`` are needed, as columns or in the index; the rest may be missing.

    Raises
    ------
    RecordError
        It is no such file, or names the first row that is wrong.
    """
    found = []
    for _, cueset in read_parquet_rows(path, say=say):
        if isinstance(cueset, RecordError):
            raise cueset
        found.append(cueset)
    return found


def read_parquet_rows(path: str | Path, *, say: Say = warn) -> Iterator[tuple[str, CueSet | RecordError]]:
    """Read as :func:`read_parquet`, but yield wrong rows as errors (``("FILE:ROW", error)``) and go on."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(str(path), thrift_string_size_limit=_METADATA_BYTES) as file:
            check_columns(file.schema_arrow.names, str(path))
            if file.metadata.num_rows > _MOST_ROWS:
                raise RecordError(f"{path}: {file.metadata.num_rows} rows, more than the limit of {_MOST_ROWS}")
            clips = _clips(file.metadata.metadata or {}, str(path), say)
            yield from cuesets_from(_cells(file, str(path)), str(path), say, clips)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or str(error).split("\n")[0]
        raise RecordError(f"{path}: no Parquet file that can be read: {reason}") from error


def _clips(metadata: Mapping[bytes, bytes], name: str, say: Say) -> list[CueSet]:
    if _KEY not in metadata:
        return []
    try:
        value = parse_json(metadata[_KEY])
        return [from_json(about, CueSet) for about in value["clips"]]
    except (RecordError, KeyError, TypeError) as error:
        say(f"{name}: its metadata cannot be read ({error}): facts about clips and gaps are left out")
        return []


def _cells(file: Any, name: str) -> Iterator[Cells]:
    number = 0
    for batch in file.iter_batches(batch_size=_BATCH_ROWS):
        if batch.nbytes > _BATCH_BYTES:
            raise RecordError(
                f"{name}: {counted(batch.num_rows, 'row')} come to {batch.nbytes >> 20} MiB: no table of cues"
            )
        for row in _plain(batch).to_pylist():
            number += 1
            yield f"{name}:{number}", row


def _plain(batch: "pa.RecordBatch") -> "pa.RecordBatch":
    """Batch with time spans as seconds, which Python's own would cut to microseconds."""
    import pyarrow as pa

    for position, field in enumerate(batch.schema):
        if pa.types.is_duration(field.type):
            column = batch.column(position).cast(pa.duration("ns")).cast(pa.int64())
            seconds = pa.array([None if value is None else value / 1e9 for value in column.to_pylist()], pa.float64())
            batch = batch.set_column(position, field.name, seconds)
    return batch
