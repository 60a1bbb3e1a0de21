"""One batch from its file of requests to its results; it can be left at any point, and goes on from there."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, Final, TypeVar

from ...reasoning.batch.journal import Entry, Journal
from ...reasoning.batch.ledger import Ledger
from ...reasoning.batch.resume import close_files, mend, open_files
from ...reasoning.batch.stages import Outcome
from ..watching.metrics import Metrics
from .asking import Asking
from .catalogue import changed
from .ending import hand_over
from .home import Kept
from .objects import Batch, Counts, Ending, Status
from .outcomes import ANSWERS, answered, unanswered
from .requests import LineError, RequestFile, read_body

T = TypeVar("T")
#: How often a batch looks whether its time is over.
_TICK_S: Final = 10.0
#: How long a request lets clips of others go first.
_COURTESY_S: Final = 30.0
_LOOK_S: Final = 0.05
#: Lines written without letting others write.
_AT_ONCE: Final = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What all batches of one server share.

    Attributes
    ----------
    asking : Asking
    metrics : Metrics
    places : asyncio.Semaphore
        Requests asked at a time.
    checking : asyncio.Semaphore
        Files checked at a time.
    most_bytes : int
        Of the body of one request.
    """

    asking: Asking
    metrics: Metrics
    places: asyncio.Semaphore
    checking: asyncio.Semaphore
    most_bytes: int


class Working:
    """Works on one batch.

    Parameters
    ----------
    batch : Batch
    kept : Kept
    bench : Bench

    Attributes
    ----------
    counts : Counts
        As far as it is now.
    """

    def __init__(self, batch: Batch, kept: Kept, bench: Bench) -> None:
        self.counts = batch.counts
        self._batch, self._kept, self._bench = batch, kept, bench
        self._stop = asyncio.Event()
        self._home = kept.folder.batch(batch.id)
        self._source = kept.folder.file(batch.input_file_id)

    def stop(self) -> None:
        """Do no further requests (the catalogue says that it is being cancelled)."""
        self._stop.set()

    async def run(self) -> None:
        """Work on it to its end.

        Raises
        ------
        StorageError
            There is no room for results; called again, it goes on.
        ConfigError
            What is kept of it is damaged.
        """
        # As it is now: it may have been cancelled, or an earlier call may have come far.
        self._batch = await self._kept.write(self._kept.catalogue.batch, self._batch.owner, self._batch.id)
        self.counts = self._batch.counts
        if self._batch.status == "finalizing":
            await self._finish()
            return
        with contextlib.ExitStack() as stack:
            journal, ledger = await _whatever_comes(self._kept.write(self._opened, stack))
            try:
                if "in_progress_at" not in self._batch.times and not await self._checked(journal):
                    return
                ending = await self._worked(journal, ledger)
            finally:
                await _whatever_comes(self._kept.write(self._closed, ledger, stack))
        await self._change(status="finalizing", finalizing_at=self._kept.now, ending=ending, counts=self.counts)
        await self._finish()

    def _opened(self, stack: contextlib.ExitStack) -> tuple[Journal, Ledger]:
        self._home.mkdir(mode=0o700, parents=True, exist_ok=True)
        journal = Journal(self._home / "journal.sqlite")
        stack.callback(journal.close)
        files = open_files(self._home, ANSWERS)
        stack.callback(close_files, files)
        mend(journal, files, form=ANSWERS)
        self._count(journal)
        return journal, Ledger(journal, files)

    @staticmethod
    def _closed(ledger: Ledger, stack: contextlib.ExitStack) -> None:
        with stack:
            ledger.flush()

    async def _checked(self, journal: Journal) -> bool:
        """Read the file and take its requests in; False: something is wrong with it, and nothing is worked on."""
        requests = RequestFile(self._source, self._batch.endpoint, self._bench.most_bytes)
        # Not in the thread that writes: this takes seconds, and nobody else has this journal.
        async with self._bench.checking:
            await _whatever_comes(asyncio.to_thread(journal.enrol, requests.rows()), requests.leave)
        if requests.errors:
            await self._failed(requests.errors)
            return False
        await self._kept.write(self._count, journal)
        await self._change(status="in_progress", in_progress_at=self._kept.now, counts=self.counts)
        return True

    async def _failed(self, errors: list[dict[str, Any]]) -> None:
        await self._change(status="failed", failed_at=self._kept.now, ending="failed", errors=tuple(errors))
        await asyncio.to_thread(self._kept.folder.remove_batch, self._batch.id)

    # Requests

    async def _worked(self, journal: Journal, ledger: Ledger) -> Ending:
        """Ask for what is not answered yet, until all is or nothing more is to be; write down what is not."""
        if self._batch.stopping:
            self._stop.set()
        asking = asyncio.create_task(self._asked(journal, ledger))
        stopping = asyncio.create_task(self._stop.wait())
        try:
            while not asking.done() and not stopping.done():
                left_s = self._batch.expires_at - self._kept.clock()
                if left_s <= 0:
                    break
                await asyncio.wait(
                    (asking, stopping), timeout=min(left_s, _TICK_S), return_when=asyncio.FIRST_COMPLETED
                )
        finally:
            await _ended(asking, stopping)
        if not asking.cancelled():
            asking.result()  # what it raised
            if not self._stop.is_set():
                return "completed"
        ending: Ending = "cancelled" if self._stop.is_set() else "expired"
        # In the thread that writes, behind the answers that were on their way to it.
        rest = journal.pending()
        while await self._kept.write(self._given_up, rest, journal, ledger, f"batch_{ending}"):
            pass  # others write in between
        return ending

    async def _asked(self, journal: Journal, ledger: Ledger) -> None:
        bench = self._bench
        if not self._kept.owners.may_ask(self._batch.owner):  # its key was taken away; perhaps it is given back in time
            await asyncio.get_running_loop().create_future()
        await bench.asking.until_ready()
        pending = journal.pending()
        try:
            async with asyncio.TaskGroup() as group:
                while (entry := await self._kept.write(_next, pending)) is not None:
                    await self._others_first()
                    await bench.places.acquire()
                    task = group.create_task(self._one(entry, journal, ledger))
                    # Not within the task, which may be cancelled before its first line.
                    task.add_done_callback(lambda _: bench.places.release())
        except ExceptionGroup as error:
            raise error.exceptions[0] from None

    async def _others_first(self) -> None:
        """Let clips wait in no queue behind those of a batch."""
        until = asyncio.get_running_loop().time() + _COURTESY_S
        while self._bench.metrics.waiting and asyncio.get_running_loop().time() < until:
            await asyncio.sleep(_LOOK_S)

    async def _one(self, entry: Entry, journal: Journal, ledger: Ledger) -> None:
        outcome = await self._outcome(entry)
        await _whatever_comes(self._kept.write(self._record, journal, ledger, entry, outcome))

    async def _outcome(self, entry: Entry) -> Outcome:
        batch = self._batch
        assert entry.row.place is not None  # noqa: S101 - so they were enrolled
        try:
            body = await asyncio.to_thread(read_body, self._source, entry.row.place)
        except (OSError, LineError, KeyError):  # somebody else was at the file
            error = {"message": "the request cannot be read any more", "type": "server_error", "param": None}
            return answered(batch.id, entry, 500, {"error": {**error, "code": "input_file_damaged"}})
        key = self._kept.owners.index(batch.owner)
        return await self._bench.asking.outcome(batch.id, batch.endpoint, entry, body, key)

    def _record(self, journal: Journal, ledger: Ledger, entry: Entry, outcome: Outcome) -> None:
        known = journal.due
        ledger.record(entry, outcome)
        done = outcome.state == "done"
        self.counts = replace(
            self.counts,
            completed=self.counts.completed + done,
            failed=self.counts.failed + (not done),
            input_tokens=self.counts.input_tokens + outcome.prompt_tokens,
            output_tokens=self.counts.output_tokens + outcome.completion_tokens,
        )
        self._bench.metrics.row("completed" if done else "failed")
        if known:  # what is committed now is told also after a restart, until the batch goes on
            self._kept.catalogue.change(self._batch.id, changed(counts=self.counts))

    def _given_up(self, rest: Iterator[Entry], journal: Journal, ledger: Ledger, code: str) -> bool:
        """Say of some requests that they were not answered; False: there are no more."""
        entries = list(islice(rest, _AT_ONCE))
        for entry in entries:
            self._record(journal, ledger, entry, unanswered(self._batch.id, entry, code))
        return bool(entries)

    def _count(self, journal: Journal) -> None:
        found = journal.counts()
        _, prompt, completion = journal.spent()
        self.counts = Counts(
            total=sum(found.values()),
            completed=found.get("done", 0),
            failed=found.get("failed", 0),
            input_tokens=prompt,
            output_tokens=completion,
        )

    # The end

    async def _change(self, *, status: Status, **values: Any) -> None:
        times = {name: value for name, value in values.items() if name.endswith("_at")}
        others = {name: value for name, value in values.items() if not name.endswith("_at")}

        def change(batch: Batch) -> Batch:
            if batch.status == "cancelling" and status == "in_progress":  # cancelled while it was read
                return replace(batch, times={**batch.times, **times}, **others)
            return replace(batch, status=status, times={**batch.times, **times}, **others)

        self._batch = await self._kept.write(self._kept.catalogue.change, self._batch.id, change)
        self.counts = self._batch.counts

    async def _finish(self) -> None:
        self._batch = await self._kept.write(hand_over, self._kept, self._batch)


def _next(entries: Iterator[Entry]) -> Entry | None:
    return next(entries, None)


async def _ended(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel what is not done, and wait for it."""
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def _whatever_comes(work: Awaitable[T], leave: Callable[[], object] = lambda: None) -> T:
    """Wait for work to its end also when this task is cancelled meanwhile; ``leave`` tells the work to hurry then."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        leave()
        await asyncio.wait([task])
        raise
