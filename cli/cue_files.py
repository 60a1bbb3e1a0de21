"""Cues and curves as lines of the files that other tools read: JSON Lines and CSV."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from ..formats.spreadsheet import header, line
from ..formats.table import CUES, CURVES, cue_rows, curve_rows
from ..records.convert import to_json
from ..records.jsonl import dump_line
from .inputs import Input


@dataclass(frozen=True, slots=True)
class LineFormat:
    """How clips become lines (without newlines); ``header`` comes first, if there is one."""

    lines: Callable[[Input], Iterator[str]]
    header: str | None = None


def _cueset_line(source: Input) -> Iterator[str]:
    yield dump_line(source.cueset)


def _cue_lines(source: Input) -> Iterator[str]:
    return (line(CUES, row) for row in cue_rows(source.cueset))


def _curves_line(source: Input) -> Iterator[str]:
    value = {"clip": source.cueset.clip.id, "curves": [to_json(curve) for curve in source.curves]}
    yield json.dumps(value, ensure_ascii=False, allow_nan=False)


def _curve_lines(source: Input) -> Iterator[str]:
    return (line(CURVES, row) for row in curve_rows(source.cueset.clip.id, source.curves))


#: One CueSet per line; one cue per row (gaps have no row: they are said on stderr).
CUE_FORMATS: Final = {"jsonl": LineFormat(_cueset_line), "csv": LineFormat(_cue_lines, header(CUES))}

#: ``{"clip": …, "curves": […]}`` per line; one sample per row, its value empty where it was not measurable.
CURVE_FORMATS: Final = {"jsonl": LineFormat(_curves_line), "csv": LineFormat(_curve_lines, header(CURVES))}
