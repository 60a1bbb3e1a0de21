"""Rows -> clips ready for the engine: extraction on all cores, beside the engine and never far ahead of it."""

import json
import queue
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Final, TypeVar

from ...cues.extractor import Settings
from ...cues.gathered import Gathered
from ...cues.limits import core_count
from ...cues.sandbox import gather_many
from ...errors import ConfigError, EmoreasonError, RecordError
from ...records import CueSet
from ...records.convert import from_json, to_json
from .clip_key import clip_key
from .journal import Entry
from .kept_cues import KeptCues
from .memory import StageResults
from .outputs import StorageError
from .parameters import fingerprint, is_cacheable
from .plan import Plan
from .row import Row, of_row

T = TypeVar("T")

_LOOK_EVERY_S: Final = 0.2
_JOIN_S: Final = 0.5
#: Gaps that are about this machine today, not about the clip: cues with them are not kept.
_PASSING: Final = {"missing_model", "missing_package", "extractor_failed"}


@dataclass(slots=True)
class Prepared:
    """A row and its cues, or why there are none and at which stage that was found."""

    entry: Entry
    found: CueSet | EmoreasonError
    stage: str = "extract"
    seconds: dict[str, float] = field(default_factory=dict)


class _Leave(Exception):  # noqa: N818
    """The run is over; a thread that waits for room need wait no longer."""


class Preparing:
    """Prepares rows in threads of its own; iterate over it from one thread.

    Parameters
    ----------
    entries : iterator of Entry
        Read as there is room.
    plan : Plan
    results : StageResults
        Cues of earlier runs, and where new ones are kept.
    kept : KeptCues
        Told which cues belong to which row.
    """

    def __init__(self, entries: Iterator[Entry], plan: Plan, results: StageResults, kept: KeptCues) -> None:
        self.failure: BaseException | None = None
        self._entries = entries
        self._plan = plan
        self._results = results
        self._kept = kept
        self._jobs = plan.jobs or core_count()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self._extracting: deque[tuple[Entry, str | None]] = deque()
        self._describers = 0 if plan.describe is None else max(1, plan.describe_jobs)
        self._found: queue.Queue[Prepared | None] = queue.Queue(2 * self._jobs)
        self._ready = queue.Queue[Prepared | None](2 * self._jobs) if self._describers else self._found
        self._fingerprint = fingerprint(plan)

    def __iter__(self) -> Iterator[Prepared]:
        """Yield rows as they are ready, in no order. Ends early when the run is over or broke (``failure``)."""
        self._start(self._read)
        for _ in range(self._describers):
            self._start(self._describe_all)
        for _ in range(max(1, self._describers)):
            while (prepared := self._next(self._ready)) is not None:
                yield prepared

    def stop(self) -> None:
        """End the threads soon; clips that are being extracted are given up."""
        self._over.set()
        for thread in self._threads:
            thread.join(_JOIN_S)

    def _start(self, work: Callable[[], None]) -> None:
        # Daemons: a program that ends must not wait for a clip that is being decoded.
        self._threads.append(threading.Thread(target=self._guarded, args=(work,), name="emoreason-batch", daemon=True))
        self._threads[-1].start()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except _Leave:
            pass
        except BaseException as error:  # handed over to the thread that iterates
            self.failure = self.failure or error
            self._over.set()

    def _next(self, source: "queue.Queue[T | None]") -> T | None:
        """Return the next item; None at the end, or when the run is over."""
        while not self._over.is_set():
            try:
                return source.get(timeout=_LOOK_EVERY_S)
            except queue.Empty:
                continue
        return None

    def _hand(self, target: "queue.Queue[T]", item: T) -> None:
        """Pass an item on as soon as there is room."""
        while not self._over.is_set():
            try:
                return target.put(item, timeout=_LOOK_EVERY_S)
            except queue.Full:
                continue
        raise _Leave

    def _read(self) -> None:
        """Extract what has to be extracted; pass everything else straight on."""
        plan = self._plan
        results = gather_many(self._to_extract(), extractors=plan.extractors, limits=plan.limits, jobs=self._jobs)
        try:
            for result in results:
                entry, key = self._extracting.popleft()
                self._hand(self._found, self._extracted(entry, key, result))
        finally:
            results.close()  # type: ignore[attr-defined]
        for _ in range(max(1, self._describers)):
            self._hand(self._found, None)

    def _to_extract(self) -> Iterator[tuple[str, Settings]]:
        for entry in self._entries:
            if self._over.is_set():
                raise _Leave
            row = entry.row
            settings = settings_of(row, self._plan.settings)
            if row.problem is not None or row.path is None or row.cueset is not None:
                self._hand(self._found, _without_media(entry))
                continue
            key = clip_key(row.path, settings, self._fingerprint, self._results) if is_cacheable(settings) else None
            if key is not None and (known := self._recalled("extract", key)) is not None:
                self._kept.point(row.id, "extract", key)
                self._hand(self._found, Prepared(entry, of_row(known, row)))
                continue
            self._extracting.append((entry, key))
            yield row.path, settings

    def _recalled(self, stage: str, key: str) -> CueSet | None:
        value = self._results.get(stage, key)
        try:
            return None if value is None else from_json(value, CueSet)
        except RecordError:  # from a version that wrote them in another way
            return None

    def _extracted(self, entry: Entry, key: str | None, result: Gathered | EmoreasonError) -> Prepared:
        if isinstance(result, EmoreasonError):
            return Prepared(entry, result)
        passing = any(gap.reason in _PASSING for gap in result.cueset.gaps)
        self._kept.keep(entry.row.id, "extract", None if passing else key, result.cueset)
        return Prepared(entry, of_row(result.cueset, entry.row), seconds={"extract": sum(result.seconds.values())})

    def _describe_all(self) -> None:
        while (prepared := self._next(self._found)) is not None:
            if isinstance(prepared.found, CueSet):
                self._describe(prepared, prepared.found)
            self._hand(self._ready, prepared)
        self._hand(self._ready, None)

    def _describe(self, prepared: Prepared, cueset: CueSet) -> None:
        if self._plan.describe is None:
            return
        began = time.monotonic()
        prepared.stage = "describe"
        row, key = prepared.entry.row, described_key(cueset, self._plan)
        try:
            if (known := self._recalled("describe", key)) is not None:
                self._kept.point(row.id, "describe", key)
                prepared.found = of_row(known, row)
                return
            prepared.found = self._plan.describe(cueset)
            self._kept.keep(row.id, "describe", key, prepared.found)
        except (ConfigError, StorageError):
            raise
        except EmoreasonError as error:
            prepared.found = error
        except Exception as error:  # a plug-in's own mistake costs one row, and says where it is
            prepared.found = broke("describe", error)
        prepared.seconds["describe"] = time.monotonic() - began


def described_key(cueset: CueSet, plan: Plan) -> str:
    """Key of a described clip for caches: its cues, whatever the clip is called, and how it is described."""
    value = to_json(cueset)
    value["clip"] = {**value["clip"], "id": "", "path": None}
    asked = json.dumps([value, dict(plan.parameters)], sort_keys=True, default=str)
    return sha256(asked.encode("ascii")).hexdigest()


def settings_of(row: Row, settings: Settings) -> Settings:
    """Return what extraction is told about a row."""
    return replace(
        settings,
        transcript=row.transcript if row.transcript is not None else settings.transcript,
        speaker_sex=row.sex or settings.speaker_sex,
    )


def _without_media(entry: Entry) -> Prepared:
    row = entry.row
    if row.problem is not None:
        return Prepared(entry, RecordError(row.problem), "manifest")
    if row.cueset is None:
        return Prepared(entry, RecordError("the row names neither a file nor cues"), "manifest")
    return Prepared(entry, of_row(row.cueset, row))


def broke(what: str, error: Exception) -> EmoreasonError:
    """Put somebody's mistake into the form of an error of ours, with its place."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return EmoreasonError(f"{what} broke: {type(error).__name__}: {error} ({last.filename}:{last.lineno})")
