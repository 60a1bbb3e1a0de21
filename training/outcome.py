"""What a training run ends with, and what it tells on the way."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Told what happens: ``{"event": "started" | "data" | "log" | "saved" | "stopped" | "finished", …}``.
OnEvent = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A finished run.

    Attributes
    ----------
    folder : Path
        Holds the adapter and all that belongs to it.
    steps : int
        Optimiser steps done, those before a resume included.
    stopped : str or None
        Why it stopped before its last step.
    metrics : dict of str to float
        Last values of what was logged.
    """

    folder: Path
    steps: int
    stopped: str | None = None
    metrics: dict[str, float] = field(default_factory=dict)
