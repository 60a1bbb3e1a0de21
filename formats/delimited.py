"""Numeric columns of a delimited text file that anyone may have written (OpenFace, py-feat, openSMILE).

What such files differ in is read off the file itself: ``,``, ``;`` or tab between cells, decimal points or (between
semicolons or tabs) commas, a byte order mark, blanks around column names. Nothing is guessed silently: what cannot be
read is an error in one line, what was repaired is a note.
"""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sized
from dataclasses import dataclass, field
from typing import IO, Any, Final

import numpy as np
import numpy.typing as npt

from ..errors import RecordError

Array = npt.NDArray[np.float64]

#: The largest set of features in use (ComParE) has 6,373 columns.
MAX_COLUMNS: Final = 20_000
#: Ten hours at 30 frames a second with one face.
MAX_ROWS: Final = 1_100_000
#: The header with its column names, and a few rows after it to tell the dialect by.
_HEAD_BYTES: Final = 1 << 20
_BYTE_ORDER_MARKS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
#: How C++ and pandas write what is no number, beyond what pandas knows.
_NOT_NUMBERS: Final = ["-nan(ind)", "nan(ind)", "-nan", "+nan", "-1.#IND", "1.#QNAN", "1.#INF", "-1.#INF", "None", "NA"]
#: Sums of squares of such numbers are infinite.
_NO_MEASUREMENT: Final = 1e100
_DECIMAL_COMMA: Final = re.compile(r"\s*[-+]?\d+,\d+(?:[eE][-+]?\d+)?\s*")


@dataclass(frozen=True, slots=True)
class Columns:
    """What was read of a table.

    Attributes
    ----------
    names : tuple of str
        All column names as the file has them, blanks around them taken off.
    numbers : dict of str to (n_rows,)
        The wanted columns; NaN where a cell is empty or no number.
    words : dict of str to list of str
        The wanted text columns.
    notes : tuple of str
        What was repaired on the way.
    """

    names: tuple[str, ...]
    numbers: Mapping[str, Array]
    words: Mapping[str, list[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def n_rows(self) -> int:
        """Number of data rows."""
        columns: tuple[Sized, ...] = (*self.numbers.values(), *self.words.values())
        return len(columns[0]) if columns else 0


@dataclass(frozen=True, slots=True)
class _Dialect:
    encoding: str
    delimiter: str
    names: tuple[str, ...]
    decimal: str


def read_columns(file: IO[bytes], wanted: Callable[[str], bool], *, words: frozenset[str] = frozenset()) -> Columns:
    """Read the wanted columns of a delimited text file.

    Parameters
    ----------
    file : binary file
        Seekable; read from its beginning.
    wanted : callable
        Says of a column name whether the column is to be read as numbers.
    words : set of str
        Names of the columns to be read as text.

    Raises
    ------
    RecordError
        Not such a file, or larger than the limits above; one line without the file's name.
    """
    dialect = _dialect(file)
    first = {name: index for index, name in reversed(list(enumerate(dialect.names))) if name}
    numeric = {name: index for name, index in first.items() if name not in words and wanted(name)}
    textual = {name: index for name, index in first.items() if name in words}
    if not numeric and not textual:
        return Columns(dialect.names, {})
    table = _parse(file, dialect, sorted({*numeric.values(), *textual.values()}), set(textual.values()))
    notes = [f"columns read with {_said(dialect)}"] if (dialect.delimiter, dialect.decimal) != (",", ".") else []
    numbers: dict[str, Array] = {}
    bad: list[str] = []
    for name, index in numeric.items():
        numbers[name], unreadable = _numbers(table[index])
        bad += [name] if unreadable else []
    if bad:
        more = f" and {len(bad) - 3} more" if len(bad) > 3 else ""
        notes.append(f"cells of {', '.join(_short(name) for name in bad[:3])}{more} that are no numbers count as empty")
    text = {name: ["" if value is None else str(value) for value in table[index]] for name, index in textual.items()}
    return Columns(dialect.names, numbers, text, tuple(notes))


def column_names(file: IO[bytes]) -> tuple[str, ...]:
    """Column names of a delimited text file; RecordError when its first line cannot be a header."""
    return _dialect(file).names


def _dialect(file: IO[bytes]) -> _Dialect:
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS if head.startswith(mark)), "utf-8")
    if encoding != "utf-16" and b"\0" in head:
        raise RecordError("is no text file; expected a table with a header line")
    text = head.decode(encoding, errors="replace").lstrip("\n\r")
    lines = text.splitlines()[:20]
    if not lines or not lines[0].strip():
        raise RecordError("is empty; expected a table with a header line")
    if len(lines) == 1 and len(head) == _HEAD_BYTES:
        raise RecordError(f"its first line is longer than {_HEAD_BYTES >> 20} MiB; expected a header of column names")
    delimiter = max(",;\t", key=lines[0].count)
    names = tuple(name.strip().strip("'\"").strip() for name in _cells(lines[0], delimiter))
    if len(names) > MAX_COLUMNS:
        raise RecordError(f"has {len(names)} columns, more than the limit of {MAX_COLUMNS}")
    complete = lines[1:] if len(head) < _HEAD_BYTES else lines[1:-1]
    rows = [_cells(line, delimiter) for line in complete if line.strip()]
    for row in rows:
        if len(row) > len(names) + (row[-1].strip() == ""):
            raise RecordError(
                f"a row has {len(row)} cells, the header {len(names)}; a table with decimal commas needs semicolons "
                "between its cells"
            )
    comma = delimiter != "," and any(_DECIMAL_COMMA.fullmatch(cell) for row in rows for cell in row)
    return _Dialect(encoding, delimiter, names, "," if comma else ".")


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error as error:
        raise RecordError(f"is no table ({error}); expected cells between commas, semicolons or tabs") from error


def _parse(file: IO[bytes], dialect: _Dialect, chosen: list[int], textual: set[int]) -> dict[int, Any]:
    """Cells of the chosen columns by column number; text where pandas could not make numbers of a whole column."""
    import pandas as pd

    file.seek(0)
    wrapper = io.TextIOWrapper(file, encoding=dialect.encoding, errors="replace", newline="")
    try:
        frame = pd.read_csv(
            wrapper,
            sep=dialect.delimiter,
            decimal=dialect.decimal,
            header=None,
            skiprows=1,
            names=list(range(len(dialect.names))),
            usecols=chosen,
            dtype=dict.fromkeys(textual, str),
            index_col=False,
            nrows=MAX_ROWS + 1,
            skipinitialspace=True,
            na_values=_NOT_NUMBERS,
            low_memory=False,
        )
    except pd.errors.EmptyDataError:
        return dict.fromkeys(chosen, ())
    except (pd.errors.ParserError, ValueError, OverflowError, csv.Error) as error:
        raise RecordError(f"is no table that can be read: {' '.join(str(error).split())[:200]}") from error
    finally:
        wrapper.detach()
    if len(frame) > MAX_ROWS:
        raise RecordError(f"has more than {MAX_ROWS} rows; cut it into shorter recordings")
    return {index: frame[index].fillna("") if index in textual else frame[index] for index in chosen}


def _numbers(cells: Any) -> tuple[Array, bool]:
    """Cells as float64, and whether some were neither empty nor numbers."""
    import pandas as pd

    series = pd.Series(cells)
    numbers = pd.to_numeric(series, errors="coerce")
    bad = bool((numbers.isna() & series.notna()).any())
    values = numbers.to_numpy(dtype=np.float64, na_value=np.nan).copy()
    values[~(np.abs(values) < _NO_MEASUREMENT)] = np.nan
    return values, bad


def _said(dialect: _Dialect) -> str:
    cell = {",": "commas", ";": "semicolons", "\t": "tabs"}[dialect.delimiter]
    return f"{cell} between cells and decimal {'commas' if dialect.decimal == ',' else 'points'}"


def _short(name: str) -> str:
    return name if len(name) <= 40 else name[:37] + "..."
