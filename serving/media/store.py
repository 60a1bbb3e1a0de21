"""The files of all requests: written as they come, the same bytes once, deleted with the last request that has them."""

import asyncio
import hashlib
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final

from ..refusals import ApiError
from .folder import PrivateFolder

#: Pieces larger than this are decoded and written in a thread.
LARGE: Final = 1 << 18
#: Media of all requests together.
_MOST_ON_DISK: Final = 8 << 30


def too_large(name: str, most: int) -> ApiError:
    """Refuse what has too many bytes."""
    message = f"{name} is larger than {most / (1 << 20):.0f} MiB"
    return ApiError(413, message, param=name, code="media_too_large")


@dataclass(slots=True)
class _Kept:
    path: Path
    size: int
    users: int = 1


class Store:
    """The files that there are; the same bytes are one file, which goes with the last request that has them."""

    def __init__(self, folder: PrivateFolder) -> None:
        self._folder = folder
        self._kept: dict[str, _Kept] = {}
        self.on_disk = 0

    def new(self) -> tuple[Path, IO[bytes]]:
        """Begin a file."""
        name = secrets.token_hex(16)
        try:
            return _opened(self._folder.path / name)
        except FileNotFoundError:  # old temporary files were cleaned up, and the folder with them
            self._folder.renew()
            return _opened(self._folder.path / name)

    def keep(self, path: Path, sha256: str, size: int) -> Path:
        """Keep a file that is complete; where its bytes are here already, that other file."""
        kept = self._kept.get(sha256)
        if kept is None:
            self._kept[sha256] = _Kept(path, size)
            self.on_disk += size
            return path
        kept.users += 1
        path.unlink(missing_ok=True)
        return kept.path

    def release(self, sha256: str) -> None:
        """Let go of a file; it is deleted when everybody has."""
        kept = self._kept.get(sha256)
        if kept is None:  # everything was deleted
            return
        kept.users -= 1
        if not kept.users:
            del self._kept[sha256]
            self.on_disk -= kept.size
            with suppress(OSError):
                kept.path.unlink()

    def close(self) -> None:
        """Delete everything."""
        self._kept.clear()
        self._folder.close()


def _opened(path: Path) -> tuple[Path, IO[bytes]]:
    return path, os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


@dataclass(slots=True)
class Incoming:
    """A file that is being written."""

    store: Store
    name: str
    most: int
    path: Path = field(init=False)
    file: IO[bytes] = field(init=False)
    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)
    size: int = 0
    _kept: bool = False

    def __post_init__(self) -> None:
        self.path, self.file = self.store.new()

    async def take(self, piece: bytes) -> None:
        """Write the next piece."""
        if self.size + len(piece) > self.most:
            raise too_large(self.name, self.most)
        if self.store.on_disk + len(piece) > _MOST_ON_DISK:
            raise ApiError(
                429,
                "too many media at a time; come again",
                kind="rate_limit_error",
                code="too_many_media_at_a_time",
                retry_after_s=5,
            )
        self.size += len(piece)
        self.store.on_disk += len(piece)
        if len(piece) > LARGE:
            await asyncio.to_thread(self._write, piece)
        else:
            self._write(piece)

    def _write(self, piece: bytes) -> None:
        self.digest.update(piece)
        self.file.write(piece)

    def keep(self, sha256: str) -> Path:
        """Keep it, complete as it is; return where it lies."""
        self._kept = True
        return self.store.keep(self.path, sha256, self.size)

    def discard(self) -> None:
        """Delete it unless it was kept; what was kept counts as the store's from now on."""
        self.store.on_disk -= self.size
        try:
            self.file.close()
        finally:
            if not self._kept:
                self.path.unlink(missing_ok=True)
