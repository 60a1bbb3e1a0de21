"""Cues and curves as lines of the files that other tools read: JSON Lines and CSV."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Final

from ..records import Cue
from ..records.convert import to_json
from ..records.jsonl import dump_line
from .inputs import Input

#: Columns of the cue table: the clip, then the fields of a Cue.
CUE_COLUMNS: Final = ("clip", *(field.name for field in fields(Cue)))
CURVE_COLUMNS: Final = ("clip", "modality", "code", "subject", "unit", "time_s", "value")


@dataclass(frozen=True, slots=True)
class LineFormat:
    """How clips become lines (without newlines); ``header`` comes first, if there is one."""

    lines: Callable[[Input], Iterator[str]]
    header: str | None = None


def _cueset_line(source: Input) -> Iterator[str]:
    yield dump_line(source.cueset)


def _cue_rows(source: Input) -> Iterator[str]:
    cueset = source.cueset
    for cue in cueset.cues:
        values = (getattr(cue, name) for name in CUE_COLUMNS[1:])
        cells = (";".join(value) if isinstance(value, tuple) else value for value in values)
        yield csv_row([cueset.clip.id, *cells])


def _curves_line(source: Input) -> Iterator[str]:
    value = {"clip": source.cueset.clip.id, "curves": [to_json(curve) for curve in source.curves]}
    yield json.dumps(value, ensure_ascii=False, allow_nan=False)


def _curve_rows(source: Input) -> Iterator[str]:
    for curve in source.curves:
        about = (source.cueset.clip.id, curve.modality, curve.code, curve.subject, curve.unit)
        for time_s, value in zip(curve.times_s, curve.values, strict=True):
            yield csv_row([*about, time_s, value])


#: One CueSet per line; one cue per row, its marks joined by ``;`` (gaps have no row: they are said on stderr).
CUE_FORMATS: Final = {
    "jsonl": LineFormat(_cueset_line),
    "csv": LineFormat(_cue_rows, ",".join(CUE_COLUMNS)),
}

#: ``{"clip": …, "curves": […]}`` per line; one sample per row, its value empty where it was not measurable.
CURVE_FORMATS: Final = {
    "jsonl": LineFormat(_curves_line),
    "csv": LineFormat(_curve_rows, ",".join(CURVE_COLUMNS)),
}


def csv_row(values: Iterable[object]) -> str:
    """One CSV row (RFC 4180 quoting, None empty), without its line end."""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="").writerow(values)
    return buffer.getvalue()
