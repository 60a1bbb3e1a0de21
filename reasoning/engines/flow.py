"""Many conversations at a time with one server.

Three kinds of threads work together, each on what blocks it:

- one *feeder* reads the requests, which may wait for cues to be extracted, and takes the next one only when there is
  room for it;
- a few *preparers* begin conversations (render the prompt, decode the pictures);
- the *caller's own* thread, the one that iterates over :func:`converse_each`, carries the conversations on. Whatever
  keeps completions (:class:`~emoreason.reasoning.conversation.Memory`) is called in this thread alone.

Chats are generated elsewhere (``submit`` returns a future). While the caller is busy with a result, chats already
submitted go on.
"""

import os
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass
from typing import Generic, TypeVar

from ...errors import EmoreasonError, UpstreamError
from ..conversation.turn import Chat, Completion
from .base import Reply, Request, broken

K = TypeVar("K")

Conversation = Generator[Chat, Completion, Reply]
Outcome = Reply | EmoreasonError

_MOST_PREPARERS = 4
_JOIN_S = 1.0


@dataclass(slots=True)
class _Job(Generic[K]):
    """One request on its way."""

    key: K
    conversation: Conversation | None = None
    failure: Exception | None = None
    future: "Future[Completion] | None" = None


@dataclass(frozen=True, slots=True)
class _End:
    """The requests are used up after so many, or reading them failed."""

    handed: int
    error: BaseException | None = None


def converse_each(
    requests: Iterable[tuple[K, Request]],
    begin: Callable[[Request], Conversation],
    carry: Callable[[Conversation], Conversation],
    submit: "Callable[[Chat], Future[Completion]]",
    *,
    name: str,
    room: int,
) -> Iterator[tuple[K, Outcome]]:
    """Hold a conversation about each request.

    Parameters
    ----------
    requests : iterable of (key, Request)
        Read in a thread of ours, at most ``room`` ahead of what was yielded.
    begin : callable
        Request -> conversation; called in several threads at a time.
    carry : callable
        Conversation -> what is carried on in the caller's thread (answers from memory are put in here).
    submit : callable
        Has a chat generated.
    name : str
        The engine's name, for errors that are its own mistakes.
    room : int
        Most requests under way.

    Yields
    ------
    (key, Reply or EmoreasonError)
        Exactly one for each request, as they are done. An error while ``requests`` is read is raised. When the
        iterator ends early, what is under way is cancelled and nothing more is read.
    """
    flow: _Flow[K] = _Flow(iter(requests), begin, room)
    flow.start()
    under_way: dict[int, _Job[K]] = {}
    done = 0
    handed: int | None = None
    try:
        while handed is None or done < handed:
            event = flow.inbox.get()
            if isinstance(event, _End):
                if event.error is not None:
                    raise event.error
                handed = event.handed
                continue
            under_way[id(event)] = event
            outcome = _advanced(event, carry, submit, flow, name)
            if outcome is not None:
                del under_way[id(event)]
                done += 1
                yield event.key, outcome
                flow.room.release()
    finally:
        flow.stop()
        for job in under_way.values():
            if job.future is not None:
                job.future.cancel()
            if job.conversation is not None:
                job.conversation.close()


def _advanced(
    job: _Job[K],
    carry: Callable[[Conversation], Conversation],
    submit: "Callable[[Chat], Future[Completion]]",
    flow: "_Flow[K]",
    name: str,
) -> Outcome | None:
    """Carry a conversation on by one step; None while it waits for its chat."""
    try:
        if job.failure is not None:
            raise job.failure
        assert job.conversation is not None  # noqa: S101 - a job without one has a failure
        if job.future is None:
            job.conversation = carry(job.conversation)
            chat = next(job.conversation)
        else:
            chat = _sent(job.conversation, job.future)
        job.future = submit(chat)
    except StopIteration as end:
        reply: Reply = end.value
        return reply
    except EmoreasonError as error:
        return error
    except CancelledError:
        return UpstreamError(f"engine {name} was closed before it answered")
    except Exception as error:  # our own mistake costs one input, and says where it is
        return broken(name, error)
    job.future.add_done_callback(lambda _: flow.inbox.put(job))
    return None


def _sent(conversation: Conversation, future: "Future[Completion]") -> Chat:
    """Give a conversation what its chat brought, a text or an error, and return its next chat."""
    try:
        completion = future.result()
    except EmoreasonError as error:
        return conversation.throw(error)
    return conversation.send(completion)


class _Flow(Generic[K]):
    """The feeder and the preparers, with what they share."""

    def __init__(self, requests: Iterator[tuple[K, Request]], begin: Callable[[Request], Conversation], room: int):
        self._requests, self._begin = requests, begin
        self._preparers = min(_MOST_PREPARERS, os.cpu_count() or 1, room)
        self._most = room
        self._stopped = False
        self._todo: queue.SimpleQueue[tuple[K, Request] | None] = queue.SimpleQueue()
        self.room = threading.Semaphore(room)
        self.inbox: queue.SimpleQueue[_Job[K] | _End] = queue.SimpleQueue()
        # Daemons: a program that ends must not wait for a clip that is being decoded.
        self._threads = [threading.Thread(target=self._feed, name="emoreason-feeder", daemon=True)]
        self._threads += [
            threading.Thread(target=self._prepare, name="emoreason-preparer", daemon=True)
            for _ in range(self._preparers)
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Have every thread end after the step it is at; a short wait for them to do so."""
        self._stopped = True
        self.room.release(self._most + 1)
        self._end_preparers()
        end_s = time.monotonic() + _JOIN_S
        for thread in self._threads:
            thread.join(max(0.0, end_s - time.monotonic()))

    def _end_preparers(self) -> None:
        for _ in range(self._preparers):
            self._todo.put(None)

    def _feed(self) -> None:
        handed = 0
        error: BaseException | None = None
        try:
            while True:
                self.room.acquire()
                if self._stopped:
                    return
                try:
                    item = next(self._requests)
                except StopIteration:
                    break
                handed += 1
                self._todo.put(item)
        except BaseException as raised:  # it is raised again where the results are read
            error = raised
        self._end_preparers()
        self.inbox.put(_End(handed, error))

    def _prepare(self) -> None:
        while (item := self._todo.get()) is not None:
            if self._stopped:
                return
            key, request = item
            job = _Job(key)
            try:
                job.conversation = self._begin(request)
            except Exception as error:  # it is dealt with in the caller's thread
                job.failure = error
            self.inbox.put(job)
