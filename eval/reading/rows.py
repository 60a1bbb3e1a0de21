"""Rows of tables of labels and of predictions: JSON Lines, CSV, TSV and Parquet as mappings.

Names of columns are lower-cased and stripped of blanks, so that the same file means the same in every format. What one
row has wrong costs that row. What labels, shares and action units stand in their cells, :mod:`.cells` reads.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from ...errors import ConfigError, RecordError
from ...reasoning.batch.manifest_tables import csv_lines, json_lines, parquet_lines

Row = Mapping[str, Any]

#: What the clip's id may be called, in this order of preference.
CLIP_COLUMNS: Final = (
    "clip",
    "clip_id",
    "custom_id",
    "id",
    "sample",
    "name",
    "image",
    "video",
    "file",
    "filename",
    "path",
)
_LONGEST_CLIP: Final = 4096


def read_rows(path: str | Path, named_by: Sequence[str] = CLIP_COLUMNS) -> Iterator[tuple[str, Row | RecordError]]:
    """Yield ``("FILE:LINE", row)``; a line that cannot be read gives a RecordError that says why, without its place.

    Parameters
    ----------
    path : path
        ``.jsonl``, ``.csv``, ``.tsv`` or ``.parquet``.
    named_by : sequence of str
        A table with columns must have one of these.

    Raises
    ------
    ConfigError
        The file cannot be read at all, is of another kind, or no column names clips.
    """
    file = Path(path)
    ending = file.suffix.lower()
    if ending in (".csv", ".tsv"):
        lines = csv_lines(file, named_by)
    elif ending == ".parquet":
        lines = parquet_lines(file, named_by, None)
    elif ending in (".jsonl", ".ndjson"):
        lines = json_lines(file)
    else:
        raise ConfigError(f"{path}: expected a file that ends in .jsonl, .csv, .tsv or .parquet")
    for place, line in lines:
        yield place, line if isinstance(line, RecordError) else lowered(line)


def lowered(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row with plain names of columns, without what is empty (null, "", NaN)."""
    return {str(name).strip().lower(): value for name, value in line.items() if not is_nothing(value)}


def is_nothing(value: object) -> bool:
    """Whether a cell says nothing."""
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def first_of(row: Row, names: Iterable[str]) -> tuple[str, Any] | None:
    """Return the first of these columns that the row has, and its cell."""
    return next(((name, row[name]) for name in names if name in row), None)


def clip_of(row: Row, names: Sequence[str] = CLIP_COLUMNS) -> str:
    """Id of the row's clip, from the first of these columns that it has; a whole number is written out.

    Raises
    ------
    RecordError
        It names none, or in no way that can be an id.
    """
    found = first_of(row, names)
    if found is None:
        also = f" (or {', '.join(names[1:])})" if names[1:] else ""
        raise RecordError(f"names no clip; expected a column {names[0]}{also}")
    name, value = found
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a column of whole numbers in which one is missing
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise RecordError(f"{name} is of type {type(value).__name__}; expected the clip's id")
    clip = str(value).strip()
    if not clip or len(clip) > _LONGEST_CLIP:
        raise RecordError(f"{name} has {len(clip)} characters; expected the clip's id")
    return clip


def text_of(row: Row, names: Iterable[str]) -> str | None:
    """Text of the first of these columns; RecordError when it is no text."""
    found = first_of(row, names)
    if found is None:
        return None
    if not isinstance(found[1], str):
        raise RecordError(f"{found[0]} is of type {type(found[1]).__name__}; expected text")
    return found[1]


def written(row: Row, *names: str) -> str | None:
    """Text of the first of these columns, as a record can hold it: no blanks around it, numbers written out.

    None where it says nothing.

    Raises
    ------
    RecordError
        It is no text, or text that no file of ours can hold.

    Examples
    --------
    >>> written({"said": " There! ", "dialogue": 3}, "said"), written({"dialogue": 3}, "dialogue"), written({}, "said")
    ('There!', '3', None)
    """
    found = first_of(row, names)
    if found is None:
        return None
    name, value = found
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise RecordError(f"{name} is of type {type(value).__name__}; expected text")
    text = str(value).strip()
    try:
        text.encode()
    except UnicodeEncodeError:
        raise RecordError(f"{name} is not UTF-8 text") from None
    return text or None


def number_of(value: object, name: str, low: float = -math.inf, high: float = math.inf) -> float:
    """Finite number of a cell, within a range; RecordError when it is none."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not (math.isfinite(number) and low <= number <= high):
        expected = "a number" if math.isinf(low) else f"a number from {low:g}"
        expected += "" if math.isinf(high) else f" to {high:g}"
        raise RecordError(f"{name} is {str(value)[:40]!r}; expected {expected}")
    return number


def number_in(row: Row, name: str, low: float = -math.inf, high: float = math.inf) -> float | None:
    """Return the number of a column, as :func:`number_of` does; None where the row has none."""
    return number_of(row[name], name, low, high) if name in row else None
