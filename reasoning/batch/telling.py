"""Counting what becomes of rows, and telling it to whoever shows it."""

from collections.abc import Callable

from .events import Event, Totals
from .stages import Outcome

OnEvent = Callable[[Event], None]


class Telling:
    """Keeps the totals of a run and passes events on."""

    def __init__(self, totals: Totals, on_event: OnEvent | None) -> None:
        self.totals = totals
        self._on_event = on_event or (lambda event: None)

    def begin(self) -> None:
        """Say that work begins."""
        self._on_event(Event(kind="start", totals=self.totals))

    def notice(self, message: str) -> None:
        """Say something to the user."""
        self._on_event(Event(kind="notice", totals=self.totals, message=message))

    def row(self, row_id: str, outcome: Outcome) -> None:
        """Count a row and say what became of it."""
        self._count(outcome)
        self._on_event(
            Event(
                kind="row",
                totals=self.totals,
                id=row_id,
                failed=outcome.state == "failed",
                stage=outcome.stage,
                error=outcome.error,
                message=outcome.message,
                seconds=outcome.seconds,
                prompt_tokens=outcome.prompt_tokens,
                completion_tokens=outcome.completion_tokens,
            )
        )

    def end(self) -> None:
        """Say that the run is over."""
        self._on_event(Event(kind="end", totals=self.totals))

    def _count(self, outcome: Outcome) -> None:
        totals = self.totals
        if outcome.state == "done":
            totals.done, totals.done_now = totals.done + 1, totals.done_now + 1
        else:
            totals.failed, totals.failed_now = totals.failed + 1, totals.failed_now + 1
        totals.prompt_tokens += outcome.prompt_tokens
        totals.completion_tokens += outcome.completion_tokens
        for stage, seconds in outcome.seconds.items():
            totals.seconds[stage] = totals.seconds.get(stage, 0.0) + seconds
