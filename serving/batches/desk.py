"""The batches of a server: what its routes ask for, and the work that goes on behind them."""

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ...errors import ConfigError, EmoreasonError
from ...reasoning.batch.outputs import StorageError
from ..refusals import ApiError
from ..settings import ServeSettings
from ..watching.logs import LOGGER
from ..watching.metrics import Metrics
from .asking import Answers, Asking, MayAnswer
from .catalogue import Page, changed
from .files import Files
from .folder import new_id
from .home import Home, Kept
from .objects import Batch
from .working import Bench, Working

#: Requests asked at a time, of all batches together.
_AT_A_TIME: Final = 8
#: Batches that have not ended, of one key, and of everybody: each has files open.
_MOST_OF_ONE: Final = 50
_MOST_OF_ALL: Final = 100
#: After trouble with the disk.
_PAUSE_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What a client orders; ``window_s`` and ``output_kept_s`` in seconds."""

    endpoint: str
    input_file_id: str
    completion_window: str
    window_s: int
    output_kept_s: int
    metadata: Mapping[str, str] | None = None


class BatchDesk:
    """Keeps files and works on batches.

    Parameters
    ----------
    settings : ServeSettings
    metrics : Metrics
    answers : Answers
        Answers the requests.
    upstream : MayAnswer
        Says whether they can be answered at the moment.
    clock : callable
        Unix time.
    asking : Asking, optional
        For tests.

    Attributes
    ----------
    files : Files
    """

    def __init__(
        self,
        settings: ServeSettings,
        metrics: Metrics,
        answers: Answers,
        upstream: MayAnswer,
        *,
        clock: Callable[[], float] = time.time,
        asking: Asking | None = None,
    ) -> None:
        self._home = Home(settings, clock)
        self.files = Files(self._home, settings.limits.upload_bytes)
        self._bench = Bench(
            asking=asking or Asking(answers, upstream),
            metrics=metrics,
            places=asyncio.Semaphore(_AT_A_TIME),
            checking=asyncio.Semaphore(1),
            most_bytes=settings.limits.body_bytes,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._working: dict[str, Working] = {}

    async def start(self) -> None:
        """Go on with what an earlier server left. Where there is nothing, the folder is made with the first file.

        One that somebody named is made at once: that it cannot be is to be known before anyone sends a file.

        Raises
        ------
        ConfigError
            Another server uses the folder, or it is damaged.
        StorageError
            It cannot be made.
        """
        if self._home.is_there or self._home.is_named:
            kept = await self._home.opened()
            for batch in await kept.write(kept.catalogue.unfinished):
                self._begin(kept, batch)

    async def aclose(self) -> None:
        """Leave everything as it is; the next server goes on."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._home.aclose()

    async def order(self, key: int | None, order: Order) -> Batch:
        """Take a batch in, and begin with it.

        Raises
        ------
        ApiError
            There is no such file, it is none of requests, or too much is under way.
        """
        async with self._home.asked() as kept:
            batch = await kept.write(_ordered, kept, kept.owners.name(key), order)
            self._begin(kept, batch)
            return batch

    async def batch(self, key: int | None, batch_id: str) -> Batch:
        """Return a batch.

        Raises
        ------
        ApiError
            404: the key has none of that id.
        """
        async with self._home.asked() as kept:
            return self._live(await kept.write(kept.catalogue.batch, kept.owners.name(key), batch_id))

    async def batches(self, key: int | None, page: Page) -> tuple[list[Batch], bool]:
        """Return batches, and whether there are more."""
        async with self._home.asked() as kept:
            found, more = await kept.write(kept.catalogue.batches, kept.owners.name(key), page)
            return [self._live(batch) for batch in found], more

    async def cancel(self, key: int | None, batch_id: str) -> Batch:
        """Have a batch do no further requests; what is answered is kept.

        Raises
        ------
        ApiError
            404: the key has none of that id. 400: it is over, or about to be.
        """
        async with self._home.asked() as kept:
            batch = await kept.write(_cancelled, kept, kept.owners.name(key), batch_id)
            if working := self._working.get(batch.id):
                working.stop()
            return self._live(batch)

    def _live(self, batch: Batch) -> Batch:
        working = None if batch.ended else self._working.get(batch.id)
        return batch if working is None else replace(batch, counts=working.counts)

    def _begin(self, kept: Kept, batch: Batch) -> None:
        task = asyncio.create_task(self._work(kept, batch))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, kept: Kept, batch: Batch) -> None:
        """Work on a batch to its end, whatever comes in between."""
        while True:
            working = self._working[batch.id] = Working(batch, kept, self._bench)
            try:
                await working.run()
                return
            except (StorageError, OSError) as error:
                LOGGER.error("batch %s waits: %s", batch.id, error)
            except Exception as error:
                await self._broken(kept, batch, error)
                return
            finally:
                del self._working[batch.id]
            await asyncio.sleep(_PAUSE_S)

    async def _broken(self, kept: Kept, batch: Batch, error: Exception) -> None:
        if isinstance(error, EmoreasonError):
            LOGGER.error("batch %s failed: %s", batch.id, error)
        else:  # its words may be those of a request
            LOGGER.error("batch %s failed", batch.id, exc_info=error)
        why = "what was kept of it is damaged" if isinstance(error, ConfigError) else "a bug in emoreason"
        message = f"the batch cannot go on: {why}; the server's log says more"
        failed = {"code": "internal_error", "message": message, "param": None, "line": None}

        def change(found: Batch) -> Batch:
            times = {**found.times, "failed_at": kept.now}
            return replace(found, status="failed", errors=(failed,), times=times, ending="failed")

        with contextlib.suppress(StorageError):  # the next server comes to the same end
            await kept.write(kept.catalogue.change, batch.id, change)


def _ordered(kept: Kept, owner: str, order: Order) -> Batch:
    try:
        file = kept.catalogue.file(owner, order.input_file_id, kept.now)
    except ApiError as error:
        raise ApiError(400, error.message, param="input_file_id", code="invalid_value") from None
    if file.purpose != "batch":
        message = f"the file {file.id} has the purpose {file.purpose}; expected one that was uploaded for batch"
        raise ApiError(400, message, param="input_file_id", code="invalid_value")
    unfinished = kept.catalogue.unfinished()
    if len(unfinished) >= _MOST_OF_ALL or sum(batch.owner == owner for batch in unfinished) >= _MOST_OF_ONE:
        message = "too many batches have not ended; come again when some have"
        raise ApiError(429, message, kind="rate_limit_error", code="too_many_batches", retry_after_s=60)
    kept.check_room()
    batch = Batch(
        id=new_id("batch_"),
        owner=owner,
        endpoint=order.endpoint,
        input_file_id=file.id,
        completion_window=order.completion_window,
        created_at=kept.now,
        expires_at=kept.now + order.window_s,
        metadata=order.metadata,
        output_kept_s=order.output_kept_s,
    )
    kept.catalogue.add_batch(batch)
    return batch


def _cancelled(kept: Kept, owner: str, batch_id: str) -> Batch:
    batch = kept.catalogue.batch(owner, batch_id)
    if batch.status in ("cancelling", "cancelled"):
        return batch
    if batch.ended or batch.status == "finalizing":
        raise ApiError(400, f"the batch is {batch.status}", param="id", code="batch_not_cancellable")
    times = {**batch.times, "cancelling_at": kept.now}
    return kept.catalogue.change(batch.id, changed(status="cancelling", times=times))
