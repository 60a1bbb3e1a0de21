"""The rows of a manifest enter the journal, a few hundred at a time."""

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Final

from ...errors import ConfigError
from .database import Database
from .row import Row, pack_row, plain_id

_AT_ONCE: Final = 500
_DIGEST_BYTES: Final = 16


def enrol(base: Database, rows: Iterable[Row], seen: int) -> None:
    """Add new rows and mark all of them as seen; ``seen`` is larger than at any time before.

    Raises
    ------
    ConfigError
        An id occurs twice.
    """
    source = iter(rows)
    while chunk := _taken(source):
        with base.transaction():
            _enrol(base, chunk, seen)


def _enrol(base: Database, rows: Mapping[str, Row], seen: int) -> None:
    known = {
        row_id: (ordinal, digest, state, last_seen)
        for row_id, ordinal, digest, state, last_seen in base.rows(
            # Bound one by one: SQLite's own reading of JSON ends a text at its first NUL.
            f"SELECT id, ordinal, digest, state, seen FROM rows WHERE id IN ({', '.join('?' * len(rows))})",  # noqa: S608
            *rows,
        )
    }
    ordinal = base.rows("SELECT coalesce(max(ordinal), 0) FROM rows")[0][0]
    new, inputs, again = [], [], []
    for row_id, row in rows.items():
        data = pack_row(row)
        digest = blake2b(data, digest_size=_DIGEST_BYTES).digest()
        if row_id not in known:
            ordinal += 1
            new.append((ordinal, row_id, digest, seen))
            inputs.append((ordinal, data))
            continue
        place, old_digest, state, last_seen = known[row_id]
        if last_seen == seen:
            raise _twice(row_id)
        if digest != old_digest and state != "done":
            inputs.append((place, data))
            old_digest = digest
        again.append((seen, old_digest, place))
    base.write_many("INSERT INTO rows (ordinal, id, digest, seen) VALUES (?, ?, ?, ?)", new)
    base.write_many("UPDATE rows SET seen = ?, digest = ? WHERE ordinal = ?", again)
    base.write_many("INSERT OR REPLACE INTO inputs VALUES (?, ?)", inputs)


def _taken(source: Iterator[Row]) -> dict[str, Row]:
    """Return the next rows by id."""
    chunk: dict[str, Row] = {}
    for row in source:
        row_id = plain_id(row.id)
        if row_id in chunk:
            raise _twice(row_id)
        chunk[row_id] = row
        if len(chunk) >= _AT_ONCE:
            break
    return chunk


def _twice(row_id: str) -> ConfigError:
    return ConfigError(f"two rows of the manifest have the id {row_id!r}; ids must be unique")
