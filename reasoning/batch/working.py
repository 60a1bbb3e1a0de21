"""Rows through all stages in this process: cues, what the engine says about them, an outcome for each."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ...errors import ConfigError, EmoreasonError, UpstreamError
from ...records import CueSet
from ..conversation.memory import Memory
from ..engines.base import Engine, Reply, Request, answer_each
from .journal import Entry
from .kept_cues import KeptCues
from .memory import StageResults
from .outputs import StorageError
from .plan import Plan
from .preparing import Preparing, broke
from .stages import Outcome, failure, outcome_of, request_of

#: Told what became of a row, and what a model said or how it failed (None: none was asked); from several threads.
Done = Callable[[Entry, Outcome, Reply | EmoreasonError | None], None]


@dataclass(frozen=True, slots=True)
class Means:
    """What working on rows takes and leaves behind.

    Attributes
    ----------
    plan : Plan
    results : StageResults
        What stages came to in earlier runs.
    kept : KeptCues
        Told which cues belong to which row.
    memory : Memory or None
        Completions of earlier runs.
    done : Done
        Told what became of each row.
    """

    plan: Plan
    results: StageResults
    kept: KeptCues
    memory: Memory | None
    done: Done


#: Works on rows until there are no more, and says what became of them to ``means.done``.
Work = Callable[[Iterator[Entry], Means], None]


def work_here(entries: Iterator[Entry], means: Means) -> None:
    """Work on rows in this process.

    Raises
    ------
    EmoreasonError
        What concerns all rows; also what ``means.done`` raised.
    """
    with contextlib.ExitStack() as stack:
        _Working(means).work(entries, stack)


@dataclass(slots=True)
class _Asked:
    """A row that the engine is working on."""

    entry: Entry
    cueset: CueSet
    seconds: dict[str, float]
    began: float


class _Working:
    """One engine and the rows it is at."""

    def __init__(self, means: Means) -> None:
        self._plan = means.plan
        self._means = means
        self._lock = threading.Lock()
        self._under_way: dict[int, _Asked] = {}
        self._failure: BaseException | None = None

    def work(self, entries: Iterator[Entry], stack: contextlib.ExitStack) -> None:
        """Work on all of them."""
        means = self._means
        engine = self._plan.engine()
        preparing = Preparing(entries, self._plan, means.results, means.kept)
        if callable(close := getattr(engine, "close", None)):
            stack.callback(close)
        answers = answer_each(engine, self._requests(preparing), means.memory)
        stack.callback(answers.close)  # type: ignore[attr-defined]
        stack.callback(preparing.stop)  # first of all: the engine may be waiting for a row
        for key, reply in answers:
            self._take(key, reply, engine)
            if self._failure is not None:
                break
        if failure := self._failure or preparing.failure:
            raise failure

    def _requests(self, preparing: Preparing) -> Iterator[tuple[int, Request]]:
        """Yield what the engine is asked, perhaps in a thread of the engine; rows without cues are done here."""
        try:
            for prepared in preparing:
                entry, cueset = prepared.entry, prepared.found
                if isinstance(cueset, CueSet):
                    try:
                        request = request_of(cueset, self._plan)
                    except ConfigError:
                        raise
                    except Exception as error:  # a plug-in's mistake costs one row
                        known = error if isinstance(error, EmoreasonError) else broke("prompt", error)
                        self._means.done(entry, failure(entry.row.id, "prompt", known, prepared.seconds), None)
                        continue
                    with self._lock:
                        self._under_way[entry.ordinal] = _Asked(entry, cueset, prepared.seconds, time.monotonic())
                    yield entry.ordinal, request
                else:
                    outcome = failure(entry.row.id, prepared.stage, cueset, prepared.seconds)
                    # A model that describes scenes can be gone, too.
                    self._means.done(entry, outcome, cueset if isinstance(cueset, UpstreamError) else None)
        except Exception as error:  # raised again in the thread that works
            self._failure = self._failure or error
            preparing.stop()

    def _take(self, key: int, reply: Reply | EmoreasonError, engine: Engine) -> None:
        with self._lock:
            asked = self._under_way.pop(key, None)
        if asked is None:  # the engine answered twice
            return
        if isinstance(reply, ConfigError | StorageError):
            raise reply
        asked.seconds["generate"] = time.monotonic() - asked.began
        outcome = outcome_of(asked.entry.row, asked.cueset, reply, engine, self._plan, asked.seconds)
        self._means.done(asked.entry, outcome, reply)
