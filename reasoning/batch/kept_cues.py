"""Which cues a row was explained from, for pages and tables afterwards."""

from typing import Any

from ...errors import RecordError
from ...records import CueSet
from ...records.convert import from_json, to_json
from .journal import Journal
from .memory import StageResults
from .row import Row, of_row


class KeptCues:
    """Cues by row: they stand once among the results of stages, and each row points at its own."""

    def __init__(self, journal: Journal, results: StageResults) -> None:
        self._journal = journal
        self._results = results

    def keep(self, row_id: str, stage: str, key: str | None, cueset: CueSet) -> None:
        """Keep a row's cues. Without a key they are this row's alone, and no other row is given them."""
        self.keep_json(row_id, stage, key, to_json(cueset))

    def keep_json(self, row_id: str, stage: str, key: str | None, value: Any) -> None:
        """As :meth:`keep`, for a CueSet that is a JSON value already."""
        place = ("row", self._journal.key_of(row_id)) if key is None else (stage, key)
        self._results.keep(*place, value)
        self.point(row_id, *place)

    def point(self, row_id: str, stage: str, key: str) -> None:
        """Note that a row's cues are kept there."""
        self._results.keep("cues of", self._journal.key_of(row_id), [stage, key])

    def extracted(self, row_id: str) -> tuple[str, Any] | None:
        """Return key and JSON value of the cues that were extracted for a row; None where there are none."""
        match self._results.get("cues of", self._journal.key_of(row_id)):
            case ["extract", str(key)] if (value := self._results.get("extract", key)) is not None:
                return key, value
        return None

    def of(self, row_id: str) -> CueSet | None:
        """Return the cues a row was explained from; None where there are none, or they are kept no longer."""
        if (row := self._journal.row(row_id)) is None:
            return None
        if isinstance(place := self._results.get("cues of", self._journal.key_of(row_id)), list):
            return self._at(row, *place)
        return None if row.cueset is None else of_row(row.cueset, row)

    def _at(self, row: Row, stage: str, key: str) -> CueSet | None:
        value = self._results.get(stage, key)
        try:
            return None if value is None else of_row(from_json(value, CueSet), row)
        except RecordError:
            return None
