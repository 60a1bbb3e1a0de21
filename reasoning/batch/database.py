"""An SQLite file of one process: transactions, threads, and errors in one line."""

import contextlib
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from ...errors import ConfigError
from .outputs import StorageError

#: What SQLite says when the disk, or the file system, refuses a write: FULL, IOERR, READONLY, CANTOPEN.
_STORAGE: Final = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
_WAIT_S: Final = 30.0


class Database:
    """One connection that several threads may use.

    Write-ahead log, ``synchronous=NORMAL``: what is committed survives the death of this process at once, and that of
    the machine from the next checkpoint on; the file is never inconsistent.

    Parameters
    ----------
    place : Path
        The file; made where there is none.
    schema : str
        SQL that makes what is missing.
    version : int
        Of the schema; a file of another is refused.
    alone : bool
        No other process may open it; needs no shared memory then.

    Raises
    ------
    ConfigError
        The file is damaged, of another version or in use.
    StorageError
        It cannot be written.
    """

    def __init__(self, place: Path, schema: str, version: int, *, alone: bool) -> None:
        self.place = place
        self._lock = threading.RLock()
        with self._said():
            self._connection = sqlite3.connect(
                place, timeout=_WAIT_S, isolation_level=None, check_same_thread=False, cached_statements=64
            )
        try:
            with self._said():
                if alone:
                    self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
                self._connection.execute("PRAGMA journal_mode = WAL")
                self._connection.execute("PRAGMA synchronous = NORMAL")
                self._make(schema, version)
        except BaseException:
            self.close()
            raise

    def _make(self, schema: str, version: int) -> None:
        with self.transaction():
            found = self._connection.execute("PRAGMA user_version").fetchone()[0]
            if found not in (0, version):
                raise ConfigError(
                    f"{self.place} is of version {found}, this emoreason writes version {version}; name another folder"
                )
            for statement in schema.split(";"):
                if statement.strip():
                    self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version = {version}")

    def rows(self, sql: str, *values: Any) -> list[Any]:
        """Everything a query finds, uncommitted changes included."""
        with self._said(), self._lock:
            return self._connection.execute(sql, values).fetchall()

    def write(self, sql: str, *values: Any) -> int:
        """Change something within the transaction that is open, or one of its own; return how many rows changed."""
        with self._said(), self._lock:
            return self._connection.execute(sql, values).rowcount

    def write_many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """As :meth:`write`, once for each tuple."""
        with self._said(), self._lock:
            self._connection.executemany(sql, rows)

    def begin(self) -> None:
        """Open a transaction unless one is open."""
        with self._said(), self._lock:
            if not self._connection.in_transaction:
                self._connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Commit what is open, if anything is."""
        with self._said(), self._lock:
            if self._connection.in_transaction:
                self._connection.execute("COMMIT")

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the block's changes, or none; what was open before is committed first."""
        with self._lock:
            self.commit()
            self.begin()
            try:
                yield
                self.commit()
            except BaseException:
                self.rollback()
                raise

    def rollback(self) -> None:
        """Forget what is open."""
        with self._lock, contextlib.suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def close(self) -> None:
        """Commit nothing more; close."""
        with self._lock:
            self.rollback()
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()

    @contextlib.contextmanager
    def _said(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0) & 0xFF
            if code in _STORAGE:
                raise StorageError(f"{self.place} cannot be written: {error}") from error
            if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
                raise ConfigError(f"{self.place} is in use by another process; wait for it to end") from error
            if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
                raise ConfigError(f"{self.place} is damaged ({error}); name another folder") from error
            raise
