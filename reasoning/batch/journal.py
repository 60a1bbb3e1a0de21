"""What a batch knows of its rows: which there are, what became of each, and where its line stands.

The output files come first: a line is written, then noted here. Notes are committed together, about twice a second;
what was written and not yet committed when a run was killed is found again in the files (``resume.py``).
"""

import json
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from .database import Database
from .enrolment import enrol
from .row import Row, unpack_row

State = Literal["pending", "done", "failed", "retry"]

_VERSION: Final = 1
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS parameters (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows (
    ordinal INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    digest BLOB NOT NULL,
    seen INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',
    offset INTEGER,
    length INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    stage TEXT,
    error TEXT,
    seconds TEXT,
    prompt_tokens INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0,
    scores TEXT
);
CREATE INDEX IF NOT EXISTS pending ON rows (ordinal) WHERE state = 'pending';
CREATE INDEX IF NOT EXISTS failed ON rows (ordinal) WHERE state IN ('failed', 'retry');
CREATE TABLE IF NOT EXISTS inputs (ordinal INTEGER PRIMARY KEY, row BLOB NOT NULL);
"""
_WINDOW: Final = 32
_COMMIT_EVERY_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Entry:
    """A row that is to be worked on; ``attempts`` counts the outcomes it had before."""

    ordinal: int
    row: Row
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """What became of a row: which file its line is in, where, and what it cost."""

    state: Literal["done", "failed"]
    offset: int
    length: int
    stage: str | None = None
    error: str | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    prompt_tokens: int = 0
    completion_tokens: int = 0
    scores: Mapping[str, Any] | None = None


class Journal:
    """The journal of one output folder; whoever opens it holds the folder's lock.

    Raises
    ------
    ConfigError
        It is damaged or of another version.
    StorageError
        It cannot be written.
    """

    def __init__(self, place: Path) -> None:
        self._base = Database(place, _SCHEMA, _VERSION, alone=True)
        self._committed = time.monotonic()

    # Facts and parameters

    def fact(self, name: str, default: Any = None) -> Any:
        """Return a value kept by name."""
        found = self._base.rows("SELECT value FROM facts WHERE name = ?", name)
        return found[0][0] if found else default

    def keep_fact(self, name: str, value: Any) -> None:
        """Keep a value by name."""
        self._base.write("INSERT OR REPLACE INTO facts VALUES (?, ?)", name, value)

    def parameters(self) -> dict[str, Any] | None:
        """Return what the batch was begun with; None when it is new."""
        found = self._base.rows("SELECT name, value FROM parameters ORDER BY name")
        return {name: json.loads(value) for name, value in found} or None

    def keep_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Begin a batch, or begin it anew with others."""
        with self._base.transaction():
            self._base.write("DELETE FROM parameters")
            self._base.write_many(
                "INSERT INTO parameters VALUES (?, ?)",
                [(name, json.dumps(value, sort_keys=True)) for name, value in parameters.items()],
            )

    # Rows

    def enrol(self, rows: Iterable[Row]) -> None:
        """Take in the rows of the manifest: new ones are added, rows that are not done yet may have changed.

        Rows of earlier runs that are not among them are not worked on, and stay as they are.

        Raises
        ------
        ConfigError
            An id occurs twice.
        """
        seen = int(self.fact("seen", 0)) + 1
        self.keep_fact("seen", seen)
        self.key_of("")  # before any note: results are kept under it at once, notes are committed later
        enrol(self._base, rows, seen)

    def pending(self) -> Iterator[Entry]:
        """Yield the rows of the manifest that are in neither file, in order; each once. Reads a few at a time."""
        seen, last = self.fact("seen", 0), 0
        while window := self._base.rows(
            "SELECT ordinal, id, row, attempts FROM rows JOIN inputs USING (ordinal) "
            "WHERE state = 'pending' AND seen = ? AND ordinal > ? ORDER BY ordinal LIMIT ?",
            seen,
            last,
            _WINDOW,
        ):
            for ordinal, row_id, data, attempts in window:
                yield Entry(ordinal, unpack_row(row_id, data), attempts)
            last = window[-1][0]

    def counts(self) -> dict[str, int]:
        """State -> rows of the manifest in it; ``vanished``: rows that it no longer has."""
        seen = self.fact("seen", 0)
        found = self._base.rows(
            "SELECT CASE WHEN seen = ? THEN state ELSE 'vanished' END, count(*) FROM rows GROUP BY 1", seen
        )
        return {str(state): int(count) for state, count in found}

    def found(self, row_id: str) -> tuple[int, State] | None:
        """Return ordinal and state of a row; None when there is none of that id."""
        rows = self._base.rows("SELECT ordinal, state FROM rows WHERE id = ?", row_id)
        return rows[0] if rows else None

    def row(self, row_id: str) -> Row | None:
        """Return a row; None when there is none of that id."""
        found = self._base.rows("SELECT row FROM inputs JOIN rows USING (ordinal) WHERE id = ?", row_id)
        return unpack_row(row_id, found[0][0]) if found else None

    def key_of(self, row_id: str) -> str:
        """Key of a row among those of all batches."""
        if (identity := self.fact("identity")) is None:
            identity = secrets.token_hex(8)
            self.keep_fact("identity", identity)
        return f"{identity}:{row_id}"

    # Outcomes

    def note(self, ordinal: int, note: Note) -> None:
        """Note where a row's line stands; committed soon, and with the next :meth:`flush` for sure."""
        self._base.begin()
        self._base.write(
            "UPDATE rows SET state = ?, offset = ?, length = ?, attempts = attempts + 1, stage = ?, error = ?, "
            "seconds = ?, prompt_tokens = prompt_tokens + ?, completion_tokens = completion_tokens + ?, scores = ? "
            "WHERE ordinal = ?",
            note.state,
            note.offset,
            note.length,
            note.stage,
            note.error,
            json.dumps(note.seconds) if note.seconds else None,
            note.prompt_tokens,
            note.completion_tokens,
            None if note.scores is None else json.dumps(note.scores),
            ordinal,
        )
        self.keep_fact(f"end of {note.state}", note.offset + note.length)

    @property
    def due(self) -> bool:
        """Whether it is time to commit."""
        return time.monotonic() - self._committed > _COMMIT_EVERY_S

    def flush(self) -> None:
        """Commit what is noted."""
        self._base.commit()
        self._committed = time.monotonic()

    def end(self, state: State) -> int:
        """Return up to which byte the file of that state is known here."""
        return int(self.fact(f"end of {state}", 0))

    def forget_after(self, state: State, end: int) -> int:
        """Make rows pending whose line is not whole within the first ``end`` bytes; return where the rest ends."""
        with self._base.transaction():
            self._base.write(
                "UPDATE rows SET state = 'pending', offset = NULL, length = NULL "
                "WHERE state = ? AND offset + length > ?",
                state,
                end,
            )
            rest = self._base.rows("SELECT coalesce(max(offset + length), 0) FROM rows WHERE state = ?", state)[0][0]
            self.keep_fact(f"end of {state}", rest)
        return int(rest)

    # Failed rows, once more

    @property
    def retrying(self) -> bool:
        """Whether failed rows are being taken up again: their lines may still be in the file."""
        return bool(self._base.rows("SELECT 1 FROM rows WHERE state = 'retry' LIMIT 1"))

    def begin_retry(self) -> int:
        """Mark the failed rows of the manifest; return how many."""
        with self._base.transaction():
            count = self._base.write(
                "UPDATE rows SET state = 'retry' WHERE state = 'failed' AND seen = ?", self.fact("seen", 0)
            )
            if count:
                self.keep_fact("epoch", self.epoch + 1)
        return count

    def end_retry(self, kept: Iterable[tuple[str, int, int]], swap: Callable[[], None]) -> None:
        """Make the marked rows pending; ``kept`` says where the lines of the others stand once ``swap`` was called."""
        with self._base.transaction():
            end = 0
            for row_id, offset, length in kept:
                self._base.write("UPDATE rows SET offset = ?, length = ? WHERE id = ?", offset, length, row_id)
                end = offset + length
            self._base.write(
                "UPDATE rows SET state = 'pending', offset = NULL, length = NULL, stage = NULL, error = NULL "
                "WHERE state = 'retry'"
            )
            self.keep_fact("end of failed", end)
            swap()

    @property
    def epoch(self) -> int:
        """How often failed rows were taken up again."""
        return int(self.fact("epoch", 0))

    # What it all came to

    def spent(self) -> tuple[dict[str, float], int, int]:
        """Stage -> seconds, prompt tokens and completion tokens, over all runs."""
        seconds = self._base.rows(
            "SELECT key, sum(each.value) FROM rows, json_each(rows.seconds) AS each "
            "WHERE seconds IS NOT NULL GROUP BY key"
        )
        tokens = self._base.rows("SELECT total(prompt_tokens), total(completion_tokens) FROM rows")[0]
        return {str(stage): float(value) for stage, value in seconds}, int(tokens[0]), int(tokens[1])

    def failures(self) -> dict[tuple[str, str], int]:
        """(stage, error) -> how many rows failed so."""
        found = self._base.rows("SELECT stage, error, count(*) FROM rows WHERE state = 'failed' GROUP BY 1, 2")
        return {(str(stage), str(error)): int(count) for stage, error, count in found}

    def scores(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield id and scores of every row that has some, in order."""
        last = 0
        while window := self._base.rows(
            "SELECT ordinal, id, scores FROM rows WHERE scores IS NOT NULL AND ordinal > ? ORDER BY ordinal LIMIT 500",
            last,
        ):
            for last, row_id, scores in window:  # noqa: B007
                yield row_id, json.loads(scores)

    def close(self) -> None:
        """Close; what is not flushed is forgotten here, and stands in the files."""
        self._base.close()
