"""Chats for one vLLM engine: a thread hands them in as they come and gives each its completion when it is done.

The engine is given everything that waits and works on it together; what comes meanwhile joins in at its next step. When
its process dies, a new one is started, and the chats that it was at are tried again one by one: only the one that it
dies of is lost.
"""

import contextlib
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from ....errors import EmoreasonError, UpstreamError

#: The engine's process may die so often without having finished anything in between.
_MOST_DEATHS: Final = 3
_JOIN_S: Final = 60.0

E = TypeVar("E")
C = TypeVar("C")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Operations(Generic[E, C, R]):
    """What can be done with an engine. All are called in the desk's thread, but for the first ``start``.

    Attributes
    ----------
    start : callable
        () -> engine.
    stop : callable
        Engine -> None; must not raise on an engine that died.
    put : callable
        (engine, chat) -> ticket; raises an EmoreasonError when the engine refuses this chat.
    step : callable
        Engine -> (ticket, result or EmoreasonError) of what it has finished; anything else that it raises means that
        the engine is dead.
    drop : callable
        (engine, ticket) -> None.
    """

    start: Callable[[], E]
    stop: Callable[[E], None]
    put: Callable[[E, C], str]
    step: Callable[[E], list[tuple[str, R | EmoreasonError]]]
    drop: Callable[[E, str], None]


@dataclass(slots=True)
class _Job(Generic[C, R]):
    chat: C
    future: "Future[R]"
    alone: bool = False


class Desk(Generic[E, C, R]):
    """Takes chats from any thread.

    Parameters
    ----------
    operations : Operations
        The engine; it is started here.
    name : str
        The model's, for errors.
    """

    def __init__(self, operations: Operations[E, C, R], name: str) -> None:
        self._do, self._name = operations, name
        self.failure: UpstreamError | None = None
        self._engine: E | None = operations.start()
        self._arrived: queue.SimpleQueue[_Job[C, R] | None] = queue.SimpleQueue()
        self._careful: deque[_Job[C, R]] = deque()
        self._under_way: dict[str, _Job[C, R]] = {}
        self._deaths = 0
        self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name="emoreason-vllm", daemon=True)
        self._thread.start()

    def submit(self, chat: C) -> "Future[R]":
        """Hand a chat in; cancelling the future takes it back.

        Raises
        ------
        UpstreamError
            The desk is closed, or the engine cannot be started any more.
        """
        with self._lock:
            if self._closed:
                raise UpstreamError(f"{self._name} is closed; make a new engine")
            if self.failure is not None:
                raise self.failure
            job: _Job[C, R] = _Job(chat, Future())
            self._arrived.put(job)
            return job.future

    def close(self) -> None:
        """Give up what is under way and stop the engine."""
        with self._lock:
            self._closed = True
        self._arrived.put(None)
        self._thread.join(_JOIN_S)
        self._stop_engine()

    def _run(self) -> None:
        try:
            while not self._closed:
                self._take_in(wait=not self._under_way and not self._careful)
                self._take_back()
                if self._closed or self._engine is None:
                    break
                self._step()
        finally:
            self._give_up(self.failure or UpstreamError(f"{self._name} was closed before it answered"))

    def _take_in(self, wait: bool) -> None:
        """Hand in what has arrived; while chats are tried one by one, only the next of those."""
        if self._careful:
            if not self._under_way:
                job = self._careful.popleft()
                job.alone = True
                self._hand_in(job)
            return
        if any(job.alone for job in self._under_way.values()):
            return
        for job in self._arrivals(wait):
            self._hand_in(job)

    def _arrivals(self, wait: bool) -> Iterator[_Job[C, R]]:
        with contextlib.suppress(queue.Empty):
            while not self._closed:
                job = self._arrived.get(block=wait)
                wait = False
                if job is not None:
                    yield job

    def _hand_in(self, job: _Job[C, R]) -> None:
        if job.future.cancelled():
            return
        if self._engine is None:
            _fail(job, self.failure or UpstreamError(f"{self._name} was closed before it answered"))
            return
        try:
            ticket = self._do.put(self._engine, job.chat)
        except EmoreasonError as error:
            _fail(job, error)
        except Exception as error:
            self._bury([job, *self._under_way.values()], error)
        else:
            self._under_way[ticket] = job

    def _take_back(self) -> None:
        for ticket, job in list(self._under_way.items()):
            if job.future.cancelled():
                del self._under_way[ticket]
                if self._engine is not None:
                    with contextlib.suppress(Exception):  # a dead engine is noticed at its next step
                        self._do.drop(self._engine, ticket)

    def _step(self) -> None:
        if not self._under_way or self._engine is None:
            return
        try:
            finished = self._do.step(self._engine)
        except Exception as error:
            self._bury(list(self._under_way.values()), error)
            return
        for ticket, result in finished:
            job = self._under_way.pop(ticket, None)
            self._deaths = 0
            if job is None:
                continue
            if isinstance(result, EmoreasonError):
                _fail(job, result)
            else:
                with contextlib.suppress(InvalidStateError):
                    job.future.set_result(result)

    def _bury(self, jobs: list[_Job[C, R]], error: Exception) -> None:
        """Start the engine anew after its death, and have the chats it was at tried one by one."""
        self._under_way.clear()
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        if len(jobs) == 1 and jobs[0].alone:
            _fail(jobs[0], UpstreamError(f"{self._name} died of this chat ({reason})"))
            jobs = []
        self._careful.extend(jobs)
        self._deaths += 1
        self._stop_engine()
        if self._closed:
            return
        if self._deaths >= _MOST_DEATHS:
            self.failure = UpstreamError(f"{self._name} died {self._deaths} times without an answer ({reason})")
            return
        try:
            self._engine = self._do.start()
        except Exception as again:
            self.failure = UpstreamError(f"{self._name} died ({reason}) and does not start again: {again}")

    def _stop_engine(self) -> None:
        engine, self._engine = self._engine, None
        if engine is not None:
            with contextlib.suppress(Exception):
                self._do.stop(engine)

    def _give_up(self, error: UpstreamError) -> None:
        """Fail everything that still waits."""
        with self._lock:  # from here on submit() refuses
            self._closed = self._closed or self.failure is None
        for job in [*self._under_way.values(), *self._careful, *self._arrivals_left()]:
            _fail(job, error)

    def _arrivals_left(self) -> Iterator[_Job[C, R]]:
        with contextlib.suppress(queue.Empty):
            while True:
                job = self._arrived.get_nowait()
                if job is not None:
                    yield job


def _fail(job: _Job[Any, Any], error: Exception) -> None:
    with contextlib.suppress(InvalidStateError):
        job.future.set_exception(error)
