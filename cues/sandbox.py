"""Extraction in a killable child process: a hostile file costs one clip, never the run.

Decoders are large and written in C; files come from anyone. Each clip is therefore decoded in a process of its own
with a limit on memory and wall-clock time. A crash, a full memory and a time-out become a MediaError in one line.
Processes are forked from a server that has imported everything already (``worker.py``), so that a clip costs
milliseconds to start; the server itself takes about a second, once.
"""

import os
import queue
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from .. import errors
from ..errors import ConfigError, EmoreasonError, MediaError, RecordError
from ..records import Clip
from ..records.convert import from_json
from .extractor import Settings
from .gathered import Gathered, from_wire
from .limits import Limits
from .pool import Pool, Worker
from .running import EXTRACTORS

Progress = Callable[[Clip, float], None]
Result = Gathered | EmoreasonError

#: Clips that may be finished before the one whose turn it is.
_AHEAD_PER_JOB: Final = 4
_POOL: Final = Pool()


def gather_in_child(
    path: str | os.PathLike[str],
    *,
    settings: Settings | None = None,
    extractors: Sequence[str] = tuple(EXTRACTORS),
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Gathered:
    """Extract the cues of one clip in a child process.

    Parameters and result as :func:`emoreason.cues.gather.gather_cues`.

    Raises
    ------
    MediaError
        As there; or the child crashed, or broke the limit on time or memory.
    ConfigError
        An extractor is named that does not exist.
    """
    request = _Request(path, settings or Settings(), tuple(extractors), limits or Limits(), progress)
    with _POOL.borrowed() as worker:
        return request.ask(worker)


def gather_many(
    paths: Iterable[str | os.PathLike[str]],
    *,
    settings: Settings | None = None,
    extractors: Sequence[str] = tuple(EXTRACTORS),
    limits: Limits | None = None,
    jobs: int | None = None,
    progress: Progress | None = None,
) -> Iterator[Result]:
    """Extract the cues of many clips, several at a time, each in a child process.

    Parameters
    ----------
    paths : iterable of path
        Read as needed: a generator over a large archive is fine.
    jobs : int, optional
        Clips at a time; as many as this process may use cores by default.
    settings, extractors, limits, progress
        As :func:`gather_in_child`, for every clip; ``progress`` is called from other threads.

    Yields
    ------
    Gathered or EmoreasonError
        One for each path, in the order of the paths; an error where that clip cannot be read.

    Raises
    ------
    ConfigError
        An extractor is named that does not exist: that concerns every clip.
    """
    if jobs is not None and jobs < 1:
        raise ConfigError(f"jobs is {jobs}; expected 1 or more")
    common = (settings or Settings(), tuple(extractors), limits or Limits(), progress)
    return _in_order((_Request(path, *common) for path in paths), jobs or core_count())


def core_count() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@dataclass(slots=True)
class _Task:
    request: "_Request"
    done: threading.Event = field(default_factory=threading.Event)
    result: Result | None = None
    failure: BaseException | None = None


def _in_order(requests: Iterator["_Request"], jobs: int) -> Iterator[Result]:
    # Daemon threads: when the caller is interrupted they must not keep the interpreter from ending.
    todo: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
    waiting: deque[_Task] = deque()
    threads: list[threading.Thread] = []
    pool = Pool(parent=_POOL)
    try:
        for request in requests:
            if len(threads) < jobs:
                threads.append(threading.Thread(target=_work, args=(todo, pool), daemon=True))
                threads[-1].start()
            waiting.append(_Task(request))
            todo.put(waiting[-1])
            if len(waiting) >= jobs * _AHEAD_PER_JOB:
                yield _outcome(waiting.popleft())
        while waiting:
            yield _outcome(waiting.popleft())
    finally:
        while not todo.empty():
            todo.get()
        for _ in threads:
            todo.put(None)
        pool.kill()


def _work(todo: "queue.SimpleQueue[_Task | None]", pool: Pool) -> None:
    while (task := todo.get()) is not None:
        try:
            with pool.borrowed() as worker:
                task.result = task.request.ask(worker)
        except ConfigError as error:
            task.failure = error
        except EmoreasonError as error:
            task.result = error
        except BaseException as error:  # handed over to the caller's thread, whatever it is
            task.failure = error
        task.done.set()


def _outcome(task: _Task) -> Result:
    task.done.wait()
    if task.failure is not None:
        raise task.failure
    if task.result is None:
        raise RuntimeError("a task ended without a result")
    return task.result


@dataclass(frozen=True, slots=True)
class _Request:
    """One clip to extract, and the reading of what the worker answers."""

    path: str | os.PathLike[str]
    settings: Settings
    extractors: tuple[str, ...]
    limits: Limits
    progress: Progress | None

    def ask(self, worker: Worker) -> Gathered:
        """Have it done; raise what went wrong."""
        answer: dict[str, Any] | None = None
        status: int | None = None
        with worker.deadline(self.limits.timeout_for(None)) as deadline:
            for message in worker.ask(self._wire()):
                if "at_s" in message:
                    clip = from_json(message["clip"], Clip)
                    deadline.extend(self.limits.timeout_for(clip.duration_s))
                    if self.progress is not None:
                        self.progress(clip, float(message["at_s"]))
                elif "exit" in message:
                    status = int(message["exit"])
                else:
                    answer = message
        if deadline.passed and status != 0:
            raise self._error(f"took longer than the limit of {deadline.seconds:g} s and was given up (timeout_s)")
        if status != 0 or answer is None:
            raise self._error(self._death(status))
        return self._read(answer)

    def _wire(self) -> dict[str, Any]:
        return {
            "path": os.fsdecode(self.path),
            "settings": asdict(self.settings),
            "extractors": list(self.extractors),
            "limits": asdict(self.limits),
            "cwd": os.getcwd(),
            "environment": {name: value for name, value in os.environ.items() if name.startswith("EMOREASON_")},
        }

    def _read(self, answer: dict[str, Any]) -> Gathered:
        if "gathered" in answer:
            try:
                return from_wire(answer["gathered"])
            except RecordError as error:
                raise self._error(str(error)) from error
        kind = getattr(errors, str(answer.get("error")), MediaError)
        if not (isinstance(kind, type) and issubclass(kind, EmoreasonError)):
            kind = MediaError
        raise kind(str(answer.get("message")))

    def _death(self, status: int | None) -> str:
        """Say why the process ended without an answer."""
        if status is not None and status < 0:
            name = signal.Signals(-status).name
            if name == "SIGKILL":
                return "the process that decoded it was killed, most likely because the machine ran out of memory"
            return (
                f"the decoder crashed ({name}): the file is damaged or hostile, or needs more than "
                f"{self.limits.memory_mb} MiB of memory (memory_mb)"
            )
        return f"the extraction process ended without an answer (exit status {status})"

    def _error(self, what: str) -> MediaError:
        from .container import media_error

        return media_error(self.path, what)
