"""Failures that any row would have had: a server that is down must not fail a million rows."""

from dataclasses import dataclass, field
from typing import Final

from ...errors import UpstreamError
from .journal import Entry
from .stages import Outcome

#: So many in a row, without an answer in between, end the run.
MOST_HELD: Final = 20


class UnreachableError(UpstreamError):
    """The engine answers nobody."""


@dataclass(slots=True)
class Holding:
    """Holds back failures that would concern any row until another row shows whether they do.

    An answer, or a failure of another kind, lets them go to the errors; so many in a row mean that the engine is
    gone: their rows stay as if they had not been asked.
    """

    answered: bool = False
    _held: list[tuple[Entry, Outcome]] = field(default_factory=list)
    _last: UpstreamError | None = None

    def take(self, entry: Entry, outcome: Outcome, reply: object) -> list[tuple[Entry, Outcome]]:
        """Return what can be written now.

        Raises
        ------
        UnreachableError
            The engine is gone.
        """
        if isinstance(reply, UpstreamError) and reply.for_all:
            self._held.append((entry, outcome))
            self._last = reply
            if len(self._held) >= MOST_HELD:
                self._give_up()
            return []
        self.answered = True
        return [*self._let_go(), (entry, outcome)]

    def end(self) -> list[tuple[Entry, Outcome]]:
        """Return what is still held once there are no more rows.

        Raises
        ------
        UnreachableError
            Nobody was answered at all.
        """
        if self._held and not self.answered:
            self._give_up()
        return self._let_go()

    def _let_go(self) -> list[tuple[Entry, Outcome]]:
        held, self._held = self._held, []
        return held

    def _give_up(self) -> None:
        count = len(self._held)
        self._held = []
        raise UnreachableError(
            f"the engine answered none of the last {count} {'row' if count == 1 else 'rows'}: {self._last}"
        )
