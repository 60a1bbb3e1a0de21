"""Media of requests -> files, looked at from outside, shared where they are the same, deleted with their requests."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Final, ParamSpec, TypeVar

from ...cues.container import STILLS, identify
from ...errors import MediaError
from ..refusals import NO_ROOM, ApiError, no_room
from ..settings import MediaLimits, ServeSettings
from .addresses import AllowedHosts
from .data_urls import decoded, is_data_url, read_data_url
from .fetching import Fetcher
from .folder import PrivateFolder
from .frames import DEFAULT_FPS, clip_of_frames
from .parts import Kind, MediaPart
from .store import LARGE, Incoming, Store, too_large

P = ParamSpec("P")
T = TypeVar("T")
#: Demuxers of files that hold nothing but sound.
_SOUND: Final = frozenset({"wav", "mp3", "flac", "aac", "aiff", "au", "amr", "caf", "w64"})


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
        self._store = Store(PrivateFolder())

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

    def __init__(self, limits: MediaLimits, fetcher: Fetcher, store: Store) -> None:
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
                does = _at_once if len(part.url or part.data or "") <= LARGE else asyncio.to_thread
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
    def _incoming(self, name: str, most: int) -> Iterator[Incoming]:
        """Write a file; it is deleted unless it was kept."""
        try:
            incoming = Incoming(self._store, name, most)
            try:
                yield incoming
            finally:
                incoming.discard()
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            raise no_room() from error

    async def _looked_at(self, incoming: Incoming, said: Kind, name: str, notes: tuple[str, ...]) -> Spooled:
        incoming.file.close()
        try:
            kind = _kind_of(identify(incoming.path, self._limits.clip), said)
        except MediaError as error:
            message = str(error).replace(str(incoming.path), name)
            raise ApiError(422, message, param=name, code="media_unreadable") from None
        if kind == "audio" and incoming.size > self._limits.audio_bytes:
            raise too_large(name, self._limits.audio_bytes)
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
