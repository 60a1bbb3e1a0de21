"""What a batch says while it runs: a line that moves on a terminal, JSON events elsewhere. All of it on stderr."""

import json
import logging
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from .terminal import complain, notice

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

    from ..reasoning.batch.events import Event, Totals

#: Seconds between two events of how far it is.
EVERY_S: Final = 5.0
#: The rate is that of the last minute: rows whose cues are cached say nothing of the others.
_WINDOW_S: Final = 60.0
#: Failed rows that are said; all of them are in errors.jsonl.
_MOST_COMPLAINTS: Final = 10


class Rate:
    """Rows per second lately, and how long the rest will take."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._samples: deque[tuple[float, int]] = deque()

    def see(self, rows: int) -> None:
        """Take note of how many rows are done."""
        now = self._clock()
        if not self._samples or now - self._samples[-1][0] >= _WINDOW_S / 60:
            self._samples.append((now, rows))
        while len(self._samples) > 2 and now - self._samples[0][0] > _WINDOW_S:
            self._samples.popleft()

    def per_s(self, rows: int) -> float | None:
        """Rows per second; None while there is nothing to tell by."""
        if not self._samples:
            return None
        began, before = self._samples[0]
        passed = self._clock() - began
        return (rows - before) / passed if rows > before and passed > 0 else None

    def left_s(self, rows: int, pending: int) -> float | None:
        """Seconds until the rest is done."""
        rate = self.per_s(rows)
        return None if rate is None else pending / rate


@contextmanager
def following(as_json: bool | None) -> Iterator["Teller"]:
    """Give what is to be told each event.

    ``as_json``: JSON events (True), text (False); None: text on a terminal, JSON events elsewhere.
    """
    on_terminal = sys.stderr.isatty()
    if as_json or (as_json is None and not on_terminal):
        teller: Teller = _Events()
    else:
        teller = _Bar() if on_terminal else _Lines()
    with _warnings_to(teller.notice):
        try:
            yield teller
        finally:
            teller.close()


@contextmanager
def _warnings_to(say: Callable[[str], None]) -> Iterator[None]:
    """Say what our own modules warn of."""

    class Saying(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            say(record.getMessage())

    handler, logger = Saying(logging.WARNING), logging.getLogger(__package__.partition(".")[0])
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class Teller:
    """Common to all ways of telling: the rate, and how often is often enough.

    ``totals`` are the counts of the last event.
    """

    def __init__(self) -> None:
        self.rate = Rate()
        self.totals: Totals | None = None
        self._told = 0.0
        self._complaints = 0
        self._lock = threading.RLock()

    def __call__(self, event: "Event") -> None:
        """Tell one event; they may come from several threads."""
        with self._lock:
            self.totals = totals = event.totals
            if event.kind == "notice":
                self.notice(event.message or "")
                return
            self.rate.see(totals.done + totals.failed)
            if event.failed and self._complaints < _MOST_COMPLAINTS:
                self._complaints += 1
                self.failed(event)
            often = time.monotonic() - self._told >= EVERY_S
            if event.kind != "row" or often:
                self._told = time.monotonic()
                self.tell(event.kind, totals)
            self.move(totals)

    def notice(self, message: str) -> None:
        """Say one line."""
        notice(message)

    def failed(self, event: "Event") -> None:
        """Say that a row failed."""
        complain(event.id or "", event.message or event.error or "")

    def tell(self, kind: str, totals: "Totals") -> None:
        """Say how far it is, now and then."""

    def move(self, totals: "Totals") -> None:
        """Show how far it is, at every row."""

    def close(self) -> None:
        """Take away what is shown."""


class _Events(Teller):
    """JSON, one event a line: ``start``, ``progress``, ``failed``, ``notice``, ``end``."""

    def notice(self, message: str) -> None:
        _event("notice", message=message)

    def failed(self, event: "Event") -> None:
        _event("failed", id=event.id, stage=event.stage, error=event.error, message=event.message)

    def tell(self, kind: str, totals: "Totals") -> None:
        ended = totals.done + totals.failed
        rate, left = self.rate.per_s(ended), self.rate.left_s(ended, totals.pending)
        _event(
            "progress" if kind == "row" else kind,
            rows=totals.rows,
            explained=totals.done,
            failed=totals.failed,
            pending=totals.pending,
            rows_per_s=None if rate is None else round(rate, 3),
            left_s=None if left is None else round(left, 1),
            prompt_tokens=totals.prompt_tokens,
            completion_tokens=totals.completion_tokens,
        )


def _event(kind: str, **facts: Any) -> None:
    value = {"event": kind, "time_s": round(time.time(), 3), **facts}
    click.echo(json.dumps(value), err=True)


class _Lines(Teller):
    """A line of text now and then."""

    def tell(self, kind: str, totals: "Totals") -> None:
        ended = totals.done + totals.failed
        left = self.rate.left_s(ended, totals.pending)
        notice(
            f"{ended} of {totals.rows} rows, {totals.failed} failed"
            + ("" if left is None else f", about {_span(left)} left")
        )


class _Bar(Teller):
    """A bar with the number of rows, those that failed, the rate, time passed and left."""

    def __init__(self) -> None:
        super().__init__()
        self._progress: Progress | None = None
        self._task: Any = None

    def move(self, totals: "Totals") -> None:
        if self._progress is None:
            self._progress = _bar()
            self._task = self._progress.add_task("explaining", total=totals.rows or None, failed="", rate="", left="")
            self._progress.start()
        ended = totals.done + totals.failed
        rate, left = self.rate.per_s(ended), self.rate.left_s(ended, totals.pending)
        self._progress.update(
            self._task,
            completed=ended,
            total=totals.rows or None,
            failed=f"{totals.failed} failed" if totals.failed else "",
            rate="" if rate is None else f"{rate:.3g}/s" if rate >= 1 else f"{1 / rate:.3g} s each",
            left="" if left is None else f"{_span(left)} left",
        )

    def close(self) -> None:
        if self._progress is not None:
            self._progress.stop()


def _bar() -> "Progress":
    from rich import progress as parts
    from rich.console import Console

    columns: list[ProgressColumn] = [
        parts.SpinnerColumn(),
        parts.TextColumn("{task.description}", markup=False),
        parts.BarColumn(bar_width=24),
        parts.MofNCompleteColumn(separator=" of "),
        parts.TextColumn("{task.fields[failed]}", style="red", markup=False),
        parts.TextColumn("{task.fields[rate]}", markup=False),
        parts.TimeElapsedColumn(),
        parts.TextColumn("{task.fields[left]}", markup=False),
    ]
    return parts.Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)


def _span(seconds: float) -> str:
    """Time in words of at most two units.

    Examples
    --------
    >>> _span(42), _span(4000), _span(200_000)
    ('42 s', '1 h 7 min', '2 d 7 h')
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"
