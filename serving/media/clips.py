"""Media of requests -> files, looked at from outside, shared where they are the same, deleted with their requests."""

import asyncio
import errno
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final, ParamSpec, TypeVar

from ...cues.container import STILLS, identify
from ...errors import MediaError
from ..refusals import ApiError
from ..settings import MediaLimits, ServeSettings
from .addresses import AllowedHosts
from .data_urls import decoded, is_data_url, read_data_url
from .fetching import Fetcher
from .folder import PrivateFolder
from .frames import DEFAULT_FPS, clip_of_frames
from .parts import Kind, MediaPart

P = ParamSpec("P")
T = TypeVar("T")
#: Media of all requests together, on disk.
_MOST_ON_DISK: Final = 8 << 30
#: More than this is decoded and written in a thread.
_LARGE: Final = 1 << 18
#: Demuxers of files that hold nothing but sound.
_SOUND: Final = frozenset({"wav", "mp3", "flac", "aac", "aiff", "au", "amr", "caf", "w64"})
_NO_ROOM: Final = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spooled:
    """A file of a request.

    Attributes
    ----------
    path : str
        Where it is, as long as the request lasts.
    sha256 : str
        Hex digest of its bytes.
    kind : str
        ``video``, ``audio`` or ``image``, by its first bytes; what it is called where these leave it open.
    size : int
        Bytes.
    name : str
        What to call it towards the client.
    notes : tuple of str
        What is to be said about it.
    """

    path: str
    sha256: str
    kind: Kind
    size: int
    name: str
    notes: tuple[str, ...] = ()

    def said(self, text: str) -> str:
        """Return a text about the file, with the name that the client knows instead of the path."""
        return text.replace(self.path, self.name)


class ClipReader:
    """Takes the media of requests in.

    Parameters
    ----------
    settings : ServeSettings
        Hosts that may be fetched from, and limits.
    fetcher : Fetcher, optional
        For tests.

    Raises
    ------
    ConfigError
        An allowed host is no name.
    """

    def __init__(self, settings: ServeSettings, *, fetcher: Fetcher | None = None) -> None:
        self._limits = settings.limits
        self._fetcher = fetcher or Fetcher(AllowedHosts(settings.allowed_hosts), settings.limits)
        self._store = _Store(PrivateFolder())

    @asynccontextmanager
    async def request(self) -> AsyncIterator["RequestMedia"]:
        """Open what holds the media of one request; at the end of the block they are deleted."""
        media = RequestMedia(self._limits, self._fetcher, self._store)
        try:
            yield media
        finally:
            media.release()

    async def aclose(self) -> None:
        """Delete everything."""
        self._store.close()


class RequestMedia:
    """The media of one request (:meth:`ClipReader.request`)."""

    def __init__(self, limits: MediaLimits, fetcher: Fetcher, store: "_Store") -> None:
        self._limits, self._fetcher, self._store = limits, fetcher, store
        self._taken: list[str] = []

    async def spool(self, part: MediaPart, *, fps: float | None = None) -> Spooled:
        """Take in one part of a message.

        Parameters
        ----------
        part : MediaPart
            As found in the messages.
        fps : float, optional
            Frames a second, where it is a list of frames; other media know their own.

        Raises
        ------
        ApiError
            It cannot be read, may not be fetched, or breaks a limit.
        """
        most = min(self._limits.upload_bytes, self._limits.clip.max_bytes)
        with self._incoming(part.param, most) as incoming:
            notes: tuple[str, ...] = ()
            if part.url is not None and not is_data_url(part.url):
                incoming.most = min(self._limits.fetch_bytes, self._limits.clip.max_bytes)
                await self._fetcher.fetch(part.url, incoming.take, param=part.param)
            else:
                does = _at_once if len(part.url or part.data or "") <= _LARGE else asyncio.to_thread
                pieces, notes = await does(_pieces_of, part, fps, self._limits.frames)
                while piece := await does(_next, pieces):
                    await incoming.take(piece)
            return await self._looked_at(incoming, part.kind, part.param, notes)

    async def spool_bytes(
        self, data: bytes | AsyncIterator[bytes], name: str = "file", kind: Kind = "video"
    ) -> Spooled:
        """Take in a file that came by itself.

        Parameters
        ----------
        data : bytes, or async iterator of bytes
            The file.
        name : str
            What to call it towards the client; never used as a path.
        kind : str
            What it is taken for where its bytes leave it open.

        Raises
        ------
        ApiError
            It cannot be read, or breaks a limit.
        """
        with self._incoming(name, min(self._limits.upload_bytes, self._limits.clip.max_bytes)) as incoming:
            if isinstance(data, bytes):
                await incoming.take(data)
            else:
                async for piece in data:
                    await incoming.take(piece)
            return await self._looked_at(incoming, kind, name, ())

    def release(self) -> None:
        """Let go of all of them."""
        while self._taken:
            self._store.release(self._taken.pop())

    @contextmanager
    def _incoming(self, name: str, most: int) -> Iterator["_Incoming"]:
        """Write a file; it is deleted unless it was kept."""
        try:
            incoming = _Incoming(self._store, name, most)
            try:
                yield incoming
            finally:
                incoming.discard()
        except OSError as error:
            if error.errno not in _NO_ROOM:
                raise
            message = "there is no room left for media on this server"
            raise ApiError(503, message, kind="server_error", code="no_room", retry_after_s=30) from error

    async def _looked_at(self, incoming: "_Incoming", said: Kind, name: str, notes: tuple[str, ...]) -> Spooled:
        incoming.file.close()
        try:
            kind = _kind_of(identify(incoming.path, self._limits.clip), said)
        except MediaError as error:
            message = str(error).replace(str(incoming.path), name)
            raise ApiError(422, message, param=name, code="media_unreadable") from None
        if kind == "audio" and incoming.size > self._limits.audio_bytes:
            raise _too_large(name, self._limits.audio_bytes)
        sha256 = incoming.digest.hexdigest()
        path = incoming.keep(sha256)
        self._taken.append(sha256)
        return Spooled(path=str(path), sha256=sha256, kind=kind, size=incoming.size, name=name, notes=notes)


def _pieces_of(part: MediaPart, fps: float | None, most_frames: int) -> tuple[Iterator[bytes], tuple[str, ...]]:
    """Bytes of a file that stands in the request itself, none of them empty, and what is to be said about it."""
    if part.url is None:
        return filter(None, decoded(part.data or "", param=part.param)), ()
    url = read_data_url(part.url, part.param)
    if not url.is_frames:
        return filter(None, decoded(url.url, url.start, part.param)), ()
    frames = [b"".join(decoded(text, param=part.param)) for text in url.frames(most_frames, part.param)]
    notes = () if fps else (f"the list of {len(frames)} frames was taken as {DEFAULT_FPS:g} frame a second",)
    return filter(None, clip_of_frames(frames, fps, param=part.param)), notes


def _next(pieces: Iterator[bytes]) -> bytes:
    return next(pieces, b"")


async def _at_once(work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Do what a thread would cost more than."""
    return work(*args, **named)


def _kind_of(demuxer: str, said: Kind) -> Kind:
    if demuxer in _SOUND:
        return "audio"
    if demuxer in STILLS:
        return "image"
    moves = demuxer in ("gif", "apng")
    if said == "audio":
        return "video" if moves else "audio"
    return "image" if moves and said == "image" else "video"


def _too_large(name: str, most: int) -> ApiError:
    message = f"{name} is larger than {most / (1 << 20):.0f} MiB"
    return ApiError(413, message, param=name, code="media_too_large")


@dataclass(slots=True)
class _Kept:
    path: Path
    size: int
    users: int = 1


class _Store:
    """The files that there are; the same bytes are one file, which goes with the last request that has them."""

    def __init__(self, folder: PrivateFolder) -> None:
        self._folder = folder
        self._kept: dict[str, _Kept] = {}
        self.on_disk = 0

    def new(self) -> tuple[Path, IO[bytes]]:
        """Begin a file."""
        path = self._folder.path / secrets.token_hex(16)
        return path, os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

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
        self._kept.clear()
        self._folder.close()


@dataclass(slots=True)
class _Incoming:
    """A file that is being written."""

    store: _Store
    name: str
    most: int
    path: Path = field(init=False)
    file: IO[bytes] = field(init=False)
    size: int = 0
    _kept: bool = False

    digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def __post_init__(self) -> None:
        self.path, self.file = self.store.new()

    async def take(self, piece: bytes) -> None:
        """Write the next piece."""
        if self.size + len(piece) > self.most:
            raise _too_large(self.name, self.most)
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
        if len(piece) > _LARGE:
            await asyncio.to_thread(self._write, piece)
        else:
            self._write(piece)

    def _write(self, piece: bytes) -> None:
        self.digest.update(piece)
        self.file.write(piece)

    def keep(self, sha256: str) -> Path:
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
