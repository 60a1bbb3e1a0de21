"""Running a batch: rows in, each of them in exactly one of two files, whatever ends the run in between."""

from collections.abc import Callable, Iterable
from pathlib import Path

from .events import Event, Totals
from .plan import Plan
from .row import Row


def run_batch(rows: Iterable[Row], out: Path, plan: Plan, *, on_event: Callable[[Event], None] | None = None) -> Totals:
    """Explain every row; go on where an earlier run on the same folder ended.

    Parameters
    ----------
    rows : iterable of Row
        Read once, one by one, before work begins; ids must be unique.
    out : Path
        Gets ``explanations.jsonl``, ``errors.jsonl`` and ``.emoreason/`` (the journal).
    plan : Plan
        What to do with them.
    on_event : callable, optional
        Told what happens, in the caller's thread.

    Returns
    -------
    Totals
        With every row in one of the two files.

    Raises
    ------
    ConfigError
        Another run works on ``out``; it was begun with other parameters; it holds results that are no batch's; an id
        occurs twice; the engine, an extractor or a preset cannot be used.
    Stopped
        The run had to end before all rows were done: the disk is full, or the engine cannot be reached. What is done
        is kept; the same call goes on.
    """
    raise NotImplementedError
