"""What a batch says while it runs, and what it counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

#: ``start``: rows are known, work begins. ``row``: one ended. ``notice``: something to tell the user. ``end``: the run
#: is over, whatever ended it.
Kind = Literal["start", "row", "notice", "end"]


@dataclass(slots=True, kw_only=True)
class Totals:
    """Counts of a batch. ``done`` and ``failed`` are those of all runs so far, what follows them is this run's alone.

    Attributes
    ----------
    rows : int
        Rows of the manifest (of the shard).
    done, failed : int
        Rows in ``explanations.jsonl`` and in ``errors.jsonl``.
    done_now, failed_now : int
        Of those, the ones of this run.
    adopted : int
        Lines an earlier run wrote and was killed before it noted them; counted in ``done`` and ``failed``.
    cut_bytes : int
        Bytes of a torn last line that were removed.
    vanished : int
        Rows of earlier runs that the manifest no longer has; they stay as they are and are in no other count.
    prompt_tokens, completion_tokens : int
        As far as the engine tells.
    seconds : dict of str to float
        Stage -> seconds, summed over rows (stages of several rows run side by side).
    wall_s : float
        Seconds since the start of work.
    stopped : str or None
        Why the run ended before all rows were; None when it is complete.
    """

    rows: int = 0
    done: int = 0
    failed: int = 0
    done_now: int = 0
    failed_now: int = 0
    adopted: int = 0
    cut_bytes: int = 0
    vanished: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    wall_s: float = 0.0
    stopped: str | None = None

    @property
    def pending(self) -> int:
        """Rows that are in neither file yet."""
        return self.rows - self.done - self.failed

    @property
    def complete(self) -> bool:
        """Whether every row is in one of the two files."""
        return self.pending == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something happened.

    Attributes
    ----------
    kind : Kind
        What it is.
    totals : Totals
        The counts now. The same object each time: read it at once, or copy it.
    id : str or None
        The row (``row`` events).
    failed : bool
        It went to ``errors.jsonl``.
    stage, error, message : str or None
        Where and why it failed; ``message`` alone: what a notice says.
    seconds : mapping of str to float
        Stage -> seconds of this row.
    prompt_tokens, completion_tokens : int
        What this row cost.
    """

    kind: Kind
    totals: Totals
    id: str | None = None
    failed: bool = False
    stage: str | None = None
    error: str | None = None
    message: str | None = None
    seconds: Mapping[str, float] = field(default_factory=dict)
    prompt_tokens: int = 0
    completion_tokens: int = 0
