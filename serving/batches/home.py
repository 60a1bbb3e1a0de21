"""What a server keeps from one start to the next: opened when it is needed first, swept, closed with the server."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from ...errors import ConfigError, EmoreasonError
from ...reasoning.batch.outputs import StorageError
from ..refusals import ApiError
from ..settings import ServeSettings
from ..watching.logs import LOGGER
from .catalogue import Catalogue
from .folder import StateFolder
from .owners import Owners

T = TypeVar("T")
#: Of everybody together.
_MOST_FILES: Final = 10_000
_MOST_BYTES: Final = 16 << 30
_BATCHES_KEPT_S: Final = 30 * 24 * 3_600
_SWEEP_S: Final = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A state folder that is open.

    Attributes
    ----------
    folder, catalogue, owners
    writing : Executor
        One thread: whatever is written, is written in the order in which it was given to it.
    clock : callable
        Unix time.
    """

    folder: StateFolder
    catalogue: Catalogue
    owners: Owners
    writing: Executor
    clock: Callable[[], float]

    @property
    def now(self) -> int:
        """Unix time."""
        return int(self.clock())

    async def write(self, work: Callable[..., T], *args: Any) -> T:
        """Do what writes, or looks at what is written, in its thread."""
        return await asyncio.get_running_loop().run_in_executor(self.writing, work, *args)

    def check_room(self) -> None:
        """Refuse to keep more than what can be looked after. Blocks.

        Raises
        ------
        ApiError
            413.
        """
        count, size = self.catalogue.stored()
        if count >= _MOST_FILES or size >= _MOST_BYTES:
            message = f"this server keeps {count} files ({size >> 20} MiB) already; delete some, or come again later"
            raise ApiError(413, message, code="too_many_files")

    def sweep(self) -> None:
        """Delete what has been kept for as long as was asked for. Blocks."""
        used = {batch.input_file_id for batch in self.catalogue.unfinished()}
        for file_id in self.catalogue.expired_files(self.now):
            if file_id not in used:
                self.catalogue.forget_file(file_id)
                self.folder.remove_file(file_id)
        self.catalogue.forget_batches(self.now - _BATCHES_KEPT_S)


class Home:
    """The state folder of a server.

    Parameters
    ----------
    settings : ServeSettings
    clock : callable
        Unix time.
    """

    def __init__(self, settings: ServeSettings, clock: Callable[[], float] = time.time) -> None:
        self._settings, self._clock = settings, clock
        self._folder = StateFolder(settings)
        self._writing = ThreadPoolExecutor(1, "batches")
        self._opening = asyncio.Lock()
        self._kept: Kept | None = None
        self._sweeping: asyncio.Task[None] | None = None

    @property
    def is_there(self) -> bool:
        """Whether an earlier server left something."""
        return self._folder.is_there

    @property
    def is_named(self) -> bool:
        """Whether somebody said where it is."""
        return self._settings.state is not None

    async def opened(self) -> Kept:
        """Open it, or return what is open.

        Raises
        ------
        ConfigError
            Another server uses it, or it is damaged.
        StorageError
            It cannot be made.
        """
        async with self._opening:
            if self._kept is None:
                self._kept = await asyncio.get_running_loop().run_in_executor(self._writing, self._open)
                self._sweeping = asyncio.create_task(_sweep(self._kept))
            return self._kept

    @contextlib.asynccontextmanager
    async def asked(self) -> AsyncIterator[Kept]:
        """Open it for a request: what is wrong with it is the server's trouble, and its operator's to know.

        Raises
        ------
        ApiError
            503.
        """
        try:
            yield await self.opened()
        except (ConfigError, StorageError, OSError) as error:
            LOGGER.error("files and batches cannot be kept: %s", error)
            message = "files and batches cannot be kept at the moment; the server's log says why"
            raise ApiError(503, message, kind="server_error", code="no_room", retry_after_s=60) from error

    async def aclose(self) -> None:
        """Close it."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        await asyncio.to_thread(self._close)

    def _close(self) -> None:
        self._writing.shutdown()
        if self._kept is not None:
            self._kept.catalogue.close()
        self._folder.close()

    def _open(self) -> Kept:
        folder = self._folder
        try:
            folder.open()
            catalogue = Catalogue(folder.catalogue)
            unfinished = catalogue.unfinished()
            results = {name for batch in unfinished for name in (batch.output_file_id, batch.error_file_id) if name}
            folder.sweep(catalogue.file_ids() | results, {batch.id for batch in unfinished})
            owners = Owners(self._settings.keys, catalogue.secret())
        except OSError as error:
            folder.close()
            raise StorageError(f"the folder of files and batches cannot be written: {error}") from error
        except BaseException:
            folder.close()
            raise
        return Kept(folder=folder, catalogue=catalogue, owners=owners, writing=self._writing, clock=self._clock)


async def _sweep(kept: Kept) -> None:
    while True:
        try:
            await kept.write(kept.sweep)
        except (EmoreasonError, OSError) as error:
            LOGGER.error("what has expired could not be deleted: %s", error)
        await asyncio.sleep(_SWEEP_S)
