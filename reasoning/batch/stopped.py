"""The end of a run before its rows."""

from ...errors import EmoreasonError
from .events import Totals


class StoppedError(EmoreasonError):
    """A batch had to end before all rows were done; nothing is lost, and the same command goes on.

    ``totals`` counts what is done; ``totals.stopped`` says why without the counts.
    """

    def __init__(self, why: str, totals: Totals) -> None:
        totals.stopped = why
        self.totals = totals
        done = f"{totals.done + totals.failed} of {totals.rows} rows are done, " if totals.rows else ""
        super().__init__(f"{why}; {done}the same command goes on from there")
