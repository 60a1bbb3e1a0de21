"""A folder for the media of requests: deleted when the server ends or, if it was killed, when the next one starts."""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, Final

try:
    import fcntl
except ImportError:  # Windows: a folder that is in use cannot be told from one left behind, so none is removed
    fcntl = None  # type: ignore[assignment]

_PREFIX: Final = "emoreason-media-"
_LOCK: Final = "lock"


class PrivateFolder:
    """A folder that only this user can read. Whoever holds the lock on the file in it is alive.

    Parameters
    ----------
    parent : Path, optional
        Where to make it; by default where temporary files go.

    Attributes
    ----------
    path : Path
    """

    def __init__(self, parent: Path | None = None) -> None:
        self._parent = Path(tempfile.gettempdir()) if parent is None else parent
        self._sweep()
        self.path, self._lock = self._made()

    def renew(self) -> None:
        """Make another in its place: somebody deleted it."""
        self._lock.close()
        self.path, self._lock = self._made()

    def close(self) -> None:
        """Delete it with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()

    def _made(self) -> tuple[Path, IO[bytes]]:
        while True:
            path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self._parent))
            lock = _locked(path / _LOCK)
            if lock is not None and (path / _LOCK).exists():
                return path, lock
            # Another server that was just starting took it for one left behind.
            if lock is not None:
                lock.close()

    def _sweep(self) -> None:
        """Delete what servers of this user left behind that were killed."""
        if fcntl is None:
            return
        for path in self._parent.glob(f"{_PREFIX}*"):
            with suppress(OSError):
                found = path.lstat()
                if path.is_symlink() or not path.is_dir() or found.st_uid != os.getuid():
                    continue
                lock = _locked(path / _LOCK)
                if lock is not None:
                    shutil.rmtree(path, ignore_errors=True)
                    lock.close()


def _locked(path: Path) -> IO[bytes] | None:
    """Open and lock a file; None: somebody else holds it."""
    try:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600), "r+b")
    except OSError:
        return None
    if fcntl is None:
        return file
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        return None
    return file
