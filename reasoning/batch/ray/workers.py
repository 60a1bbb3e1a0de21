"""What workers do: tasks extract the cues of clips, an actor holds an engine and answers."""

import queue
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ....errors import EmoreasonError
from ....records import CueSet
from ....records.convert import restore, to_json
from ...engines.base import Reply
from ..journal import Entry
from ..plan import Plan
from ..preparing import Preparing
from ..row import Row, unpack_row
from ..stages import Outcome, failure
from ..working import Means, work_here
from .carried import KnownCues, SentCues, ended, fatal, packed, table_of, taken_up, unpacked

if TYPE_CHECKING:
    import pyarrow as pa


def extract(table: "pa.Table", carried: Mapping[str, Any]) -> "pa.Table":
    """Find the cues of some rows, each clip in a killable child of this process as everywhere.

    Parameters
    ----------
    table : pyarrow.Table
        ``found`` holds key and cues of an earlier run, if there are some.
    carried : mapping
        The plan, for extraction alone.

    Returns
    -------
    pyarrow.Table
        ``found`` holds the cues, or why there are none.
    """
    rows = table.to_pylist()
    try:
        found = _extracted(rows, taken_up(carried))
    except Exception as error:  # concerns all rows; said by the process that writes
        found = {row["ordinal"]: fatal(error) for row in rows}
    return table_of([{**row, "found": packed(found[row["ordinal"]])} for row in rows])


def _extracted(rows: list[dict[str, Any]], plan: Plan) -> dict[int, dict[str, Any]]:
    """Ordinal -> what was found."""
    known = dict(unpacked(row["found"]) for row in rows if row["found"] is not None)
    entries = [Entry(row["ordinal"], unpack_row(row["id"], row["row"]), 0) for row in rows]
    sent, found = SentCues(), {}
    preparing = Preparing(iter(entries), plan, KnownCues(known), sent)
    try:
        for prepared in preparing:
            entry, cues = prepared.entry, prepared.found
            if isinstance(cues, CueSet):
                value: dict[str, Any] = {"cues": to_json(cues), "seconds": prepared.seconds}
            else:
                value = ended(failure(entry.row.id, prepared.stage, cues, prepared.seconds), None)
            found[entry.ordinal] = {**value, "kept": sent.taken(entry.row.id)}
    finally:
        preparing.stop()
    if preparing.failure is not None:
        raise preparing.failure
    return found


class Answering:
    """An actor with one engine: rows whose cues are known -> outcomes.

    Calls come from several threads. All their rows go through one run of :func:`work_here`, which ends with the actor.

    Parameters
    ----------
    carried : mapping
        The plan.
    """

    def __init__(self, carried: Mapping[str, Any]) -> None:
        self._lock = threading.Lock()
        self._count = 0
        self._waiting: dict[int, Future[dict[str, Any]]] = {}
        self._arrived: queue.SimpleQueue[Entry] = queue.SimpleQueue()
        self._over: dict[str, Any] | None = None
        self._sent = SentCues()
        threading.Thread(target=self._run, args=(carried,), name="emoreason-ray", daemon=True).start()

    def __call__(self, table: "pa.Table") -> "pa.Table":
        """Answer for some rows."""
        rows = table.to_pylist()
        found = [unpacked(row["found"]) for row in rows]
        known = {place: _known(rows[place], value) for place, value in enumerate(found) if "cues" in value}
        asked = self._ask(known)
        ends = [asked[place].result() if place in asked else value for place, value in enumerate(found)]
        return table_of(
            [
                {"ordinal": row["ordinal"], "id": row["id"], "row": None, "found": packed(_joined(value, end))}
                for row, value, end in zip(rows, found, ends, strict=True)
            ]
        )

    def _ask(self, rows: Mapping[int, Row]) -> "dict[int, Future[dict[str, Any]]]":
        """Hand rows to the engine, one after the other: what comes together is to be done together."""
        asked: dict[int, Future[dict[str, Any]]] = {place: Future() for place in rows}
        with self._lock:
            for place, future in asked.items():
                if self._over is not None:
                    future.set_result(self._over)
                    continue
                self._count += 1
                self._waiting[self._count] = future
                self._arrived.put(Entry(self._count, rows[place], 0))
        return asked

    def _run(self, carried: Mapping[str, Any]) -> None:
        over = fatal(EmoreasonError("an engine's worker ended"))
        try:
            work_here(self._entries(), Means(taken_up(carried), KnownCues(), self._sent, None, self._done))
        except BaseException as error:
            over = fatal(error)
        with self._lock:
            self._over = over
            waiting, self._waiting = list(self._waiting.values()), {}
        for future in waiting:
            future.set_result(over)

    def _entries(self) -> Iterator[Entry]:
        while True:
            yield self._arrived.get()

    def _done(self, entry: Entry, outcome: Outcome, reply: Reply | EmoreasonError | None) -> None:
        with self._lock:
            future = self._waiting.pop(entry.ordinal, None)
        if future is not None:
            future.set_result({**ended(outcome, reply), "kept": self._sent.taken(entry.row.id)})


def _known(row: Mapping[str, Any], value: Mapping[str, Any]) -> Row:
    """Return a row with the cues that were found; without the manifest's transcript, which is in them."""
    return replace(unpack_row(row["id"], row["row"]), cueset=restore(value["cues"], CueSet), transcript=None)


def _joined(before: Mapping[str, Any], end: Mapping[str, Any]) -> dict[str, Any]:
    """Join what extraction and the engine came to."""
    if before is end or "outcome" not in end:
        return dict(end)
    outcome = {**end["outcome"], "seconds": {**before["seconds"], **end["outcome"]["seconds"]}}
    return {**end, "outcome": outcome, "kept": [*before["kept"], *end["kept"]]}
