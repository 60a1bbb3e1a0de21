"""Action units in columns of their own (``AU12``, ``AU12_r``, ``AU12_c``), as in BP4D, DISFA and OpenFace."""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ...errors import RecordError
from ...records.labels import parse_action_unit
from .cells import (
    ACTION_UNIT_COLUMNS,
    INTENSITY_COLUMNS,
    action_units_from,
    intensities_from,
    letter_intensities,
)
from .rows import Row, first_of, number_of

_COLUMN: Final = re.compile(r"au_?0*([1-9]\d?)(?:_([rc]))?")
#: BP4D writes 9 where a unit could not be coded.
_PRESENCE: Final = frozenset((0.0, 1.0, 9.0))
_NOT_CODED: Final = 9.0


class AuColumns:
    """What such columns of one file mean: presence where all cells are 0 or 1 (9: not coded), else intensity 0-5.

    Parameters
    ----------
    rows : iterable of mapping
        All rows of the file.

    Examples
    --------
    >>> rows = [{"au4": 0, "au12": 1}, {"au4": 9, "au12": 0}]
    >>> AuColumns(rows).of(rows[0]), AuColumns(rows).of(rows[1])
    ((('AU12',), {}), ((), {}))
    """

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._presence: dict[str, bool] = {}
        for row in rows:
            for name, cell in row.items():
                found = _COLUMN.fullmatch(name)
                if found is not None and self._presence.get(name, True):
                    self._presence[name] = found[2] == "c" or (found[2] is None and _is_presence(cell))

    def __contains__(self, name: str) -> bool:
        return name in self._presence

    def of(self, row: Mapping[str, Any]) -> tuple[tuple[str, ...] | None, dict[str, float]]:
        """Codes that are there (None: none was coded) and intensities of one row.

        Raises
        ------
        RecordError
            A cell is no such number.
        """
        presence: dict[str, bool] = {}
        intensities: dict[str, float] = {}
        for name in self._presence.keys() & row.keys():
            parsed = parse_action_unit(name.replace("_", "")[:4].rstrip("rc"))
            if parsed is None:
                raise RecordError(f"{name} is no action unit")
            number = number_of(row[name], name, 0, _NOT_CODED)
            if number == _NOT_CODED:
                continue
            if self._presence[name]:
                presence[parsed[0]] = number > 0
            else:
                intensities[parsed[0]] = number_of(number, name, 0, 5)
        there = sorted((code for code, seen in presence.items() if seen), key=lambda code: int(code[2:]))
        return (tuple(there) if presence else None), dict(
            sorted(intensities.items(), key=lambda item: int(item[0][2:]))
        )


def action_units_of(row: Row, au_columns: AuColumns | None = None) -> tuple[tuple[str, ...] | None, dict[str, float]]:
    """Codes that are there (None: none was coded) and intensities of one row, however its columns say them."""
    codes, intensities = au_columns.of(row) if au_columns is not None else (None, {})
    if (cell := first_of(row, ACTION_UNIT_COLUMNS)) is not None:
        codes = action_units_from(cell[1], cell[0])
        intensities = intensities or letter_intensities(codes)
    if (cell := first_of(row, INTENSITY_COLUMNS)) is not None:
        intensities = intensities_from(cell[1], cell[0])
    return codes, intensities


def _is_presence(cell: object) -> bool:
    try:
        return float(cell) in _PRESENCE  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return True
