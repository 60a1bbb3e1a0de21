"""CSV: tables for pandas, R and spreadsheets, and cue tables back.

UTF-8, commas, times as ``00:00:01.240`` (pandas, audformat, R's hms and spreadsheets all read them), lists joined by
``;``, nothing where a value is None (so an empty text comes back as None). Read as well: ``NA`` for nothing, as R
writes it, and decimal commas between semicolons or tabs, as spreadsheets write them in half of the world.

A spreadsheet runs a cell that begins with ``=``, ``+``, ``-`` or ``@`` as a formula, and transcripts come from anyone:
such a *text* gets an apostrophe in front (``'=1+1``), which reading takes off again; so does the text ``NA``. Numbers
are left as they are.
"""

import csv
import io
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final

from ..errors import RecordError
from ..records import CueSet
from .loss import Loss, Say, warn
from .table import CUES, GAPS, Cells, Row, Table, check_columns, cue_rows, cuesets_from, gap_rows, nanoseconds

#: A table is held in memory while it is read.
_LARGEST: Final = 256 * 1024 * 1024
_NOTHING: Final = frozenset(("", "NA"))
_FORMULA: Final = re.compile("'*(?:[=+\\-@\t\r\n＝＋－＠]|NA$)")
_GUARDED: Final = re.compile("'+(?:[=+\\-@\t\r\n＝＋－＠]|NA$)")
_DECIMAL_COMMA: Final = re.compile(r"([-+]?[\d:]+),(\d+(?:[eE][-+]?\d+)?)")
_TEXTS: Final = frozenset(name for name, kind in CUES.columns if kind == "text") | {"clip"}
_BYTE_ORDER_MARKS: Final = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}


def header(table: Table) -> str:
    """First line of a table, without its newline."""
    return _line(guarded(name) for name in table.names)


def line(table: Table, row: Row) -> str:
    """One row as one line (with the newlines of its texts), without its newline."""
    return _line(_cell(value, kind) for value, (_, kind) in zip(row, table.columns, strict=True))


def _line(cells: Iterable[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerow(cells)  # so that \r and \n in cells are quoted
    return buffer.getvalue().removesuffix("\r\n")


def _cell(value: Any, kind: str) -> object:
    if value is None:
        return None
    if kind == "time":
        return clock(value)
    if kind == "flag":
        return str(value).lower()
    if kind == "list":
        return guarded(";".join(value))
    return guarded(value) if kind == "text" else value


def guarded(text: str) -> str:
    """Text that no spreadsheet takes for a formula.

    Examples
    --------
    >>> guarded("=HYPERLINK(1)"), guarded("happy"), guarded("'tis")
    ("'=HYPERLINK(1)", 'happy', "'tis")
    """
    clean = text.encode("utf-8", "backslashreplace").decode()  # a file name may hold what is no Unicode
    return f"'{clean}" if _FORMULA.match(clean) else clean


def unguarded(text: str) -> str:
    """Undo :func:`guarded`."""
    return text[1:] if _GUARDED.match(text) else text


def clock(time_s: float) -> str:
    """Time as ``HH:MM:SS.mmm``, to the nanosecond where it needs more.

    Examples
    --------
    >>> clock(1.24), clock(3723.0000005)
    ('00:00:01.240', '01:02:03.000000500')
    """
    whole_ns = nanoseconds(time_s) or 0
    seconds, rest = divmod(whole_ns, 1_000_000_000)
    digits = f"{rest:09d}"
    while len(digits) > 3 and digits.endswith("000"):
        digits = digits[:-3]
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{digits}"


def write_csv(path: str | Path, cuesets: CueSet | Sequence[CueSet], *, gaps: bool = False, say: Say = warn) -> None:
    """Write cues as CSV with the columns ``file``, ``start``, ``end`` and those of a Cue.

    Parameters
    ----------
    path : str or path
        The file to write.
    cuesets : CueSet or sequence of CueSet
        One or many clips.
    gaps : bool
        Write the table of the gaps instead: what could not be observed, which has no row among the cues.
    say : callable
        Takes one sentence per kind of loss; by default a ``FormatWarning``.
    """
    many = [cuesets] if isinstance(cuesets, CueSet) else list(cuesets)
    table, rows = (GAPS, gap_rows) if gaps else (CUES, cue_rows)
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(header(table) + "\n")
        file.writelines(line(table, row) + "\n" for cueset in many for row in rows(cueset))
    for sentence in () if gaps else losses(many):
        say(sentence)


def losses(cuesets: Iterable[CueSet]) -> Iterator[Loss]:
    """Say in one sentence per kind what a CSV of the cues leaves out."""
    n_gaps = n_empty = 0
    for cueset in cuesets:
        n_gaps += len(cueset.gaps)
        n_empty += not cueset.cues
    yield Loss("CSV has no place for facts about clips (length, frame rate, transcript): left out")
    if n_gaps:
        yield Loss("CSV of cues has no row for {} (what could not be observed): see the gaps table", n_gaps, "gap")
    if n_empty:
        yield Loss("CSV of cues has no row for {} without any cue: left out", n_empty, "clip")


def read_csv(path: str | Path, *, say: Say = warn) -> list[CueSet]:
    """Read a table of cues, ours or anyone's with columns ``file`` and ``code``.

    Times are ``00:00:01.240``, ``0 days 00:00:01.24`` (as pandas writes them) or seconds; cells lie between commas,
    semicolons or tabs. Missing columns are None, missing ids are made, FACS codes are taken in any spelling.

    Raises
    ------
    RecordError
        Names the first row that is wrong by file and line.
    """
    found = []
    for _, cueset in read_csv_rows(path, say=say):
        if isinstance(cueset, RecordError):
            raise cueset
        found.append(cueset)
    return found


def read_csv_rows(path: str | Path, *, say: Say = warn) -> Iterator[tuple[str, CueSet | RecordError]]:
    """Read as :func:`read_csv`, but yield wrong rows as errors (``("FILE:LINE", error)``) and go on with the others.

    Raises
    ------
    RecordError
        The file as a whole cannot be read: no such file, larger than 256 MiB, no header, no text.
    """
    name = str(path)
    try:
        with open(path, "rb") as binary:
            if os.fstat(binary.fileno()).st_size > _LARGEST:
                raise RecordError(f"{name}: larger than {_LARGEST >> 20} MiB; use Parquet, or a file per clip")
            mark = binary.read(3)
            binary.seek(0)
            encoding = next((known for begin, known in _BYTE_ORDER_MARKS.items() if mark.startswith(begin)), "utf-8")
            with io.TextIOWrapper(binary, encoding=encoding, newline="") as file:
                yield from cuesets_from(_cells(file, name), name, say)
    except OSError as error:
        raise RecordError(f"{name}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise RecordError(f"{name}: not {error.encoding.upper()} text ({error.reason}); save it as UTF-8") from error


def _cells(file: IO[str], name: str) -> Iterator[Cells]:
    first = file.readline(1 << 20)
    delimiter = max(",;\t", key=first.count)
    columns = [unguarded(column.strip()) for column in next(csv.reader([first], delimiter=delimiter), [])]
    check_columns(columns, name)
    reader = csv.reader(file, delimiter=delimiter)
    while True:
        place = f"{name}:{reader.line_num + 2}"
        try:
            row = next(reader, None)
        except csv.Error as error:
            yield place, RecordError(f"no row of a table ({error})")
            continue
        if row is None:
            return
        if len(row) > len(columns):
            yield place, RecordError(f"has {len(row)} cells, the header {len(columns)}")
        elif any(cell.strip() for cell in row):
            yield place, _row(columns, row, may_have_commas=delimiter != ",")


def _row(columns: Sequence[str], row: Sequence[str], *, may_have_commas: bool) -> dict[str, Any]:
    cells = {column: cell for column, cell in zip(columns, row, strict=False) if column and cell not in _NOTHING}
    for column, cell in cells.items():
        if column in _TEXTS:
            cells[column] = unguarded(cell)
        elif may_have_commas and (match := _DECIMAL_COMMA.fullmatch(cell.strip())):
            cells[column] = f"{match[1]}.{match[2]}"
    return cells
