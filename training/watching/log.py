"""Two files that a run writes as it goes: ``log.jsonl``, a line a logged step, and ``completions.jsonl``, samples.

A line of ``OUT/log.jsonl`` is one JSON object:

- ``step``: optimiser steps done; ``at``: when, UTC; ``epoch``;
- what the trainer logged, under its names: ``loss``, ``grad_norm``, ``learning_rate``, ``reward``, ``reward_std``,
  ``rewards/<function>/mean``, ``completions/mean_length``, ``completions/clipped_ratio``, ``kl``, ``entropy``,
  ``step_time`` …; what was measured on the dev rows begins with ``eval_``; the last line has ``train_runtime``;
- of GRPO besides: ``<blend>/<term>``, the mean value of a term before weight and gate; ``<blend>/<term>/open``, the
  share of completions whose gate was open; ``completions/readable``, the share with an answer that can be read;
  ``reward_group_std``, how differently the completions of one prompt were paid (mean over prompts); ``reward_time``,
  seconds a process spent on the rewards.

Numbers that are not known (no row had a reference for a term) are null.

A line of ``OUT/completions.jsonl`` is one completion:

- ``step``: the step it was written for; ``row_id``; ``pictures``: how many the prompt had;
- ``prompt``: list of ``{"role", "content"}``, a picture as ``[picture]``; ``completion``: text; both cut when long;
- ``reward``: what was paid, or null; ``terms``: name -> value before weight and gate, or null where it does not apply;
  ``tokens``: length of the completion; ``readable``: whether it holds an answer.

Some steps have samples, spread over the run, each the first completions of one prompt.
"""

import contextlib
import json
import math
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

LOG: Final = "log.jsonl"
COMPLETIONS: Final = "completions.jsonl"


class RunLog:
    """A file of JSON lines with a ``step`` each, written line by line.

    Each line is one write to the system, so that a process that is killed leaves whole lines. Where a run goes on, what
    it wrote after its checkpoint is cut off: those steps are made again.

    Parameters
    ----------
    path : Path
        Made with the first line.

    Examples
    --------
    >>> import tempfile
    >>> log = RunLog(Path(tempfile.mkdtemp()) / "log.jsonl")
    >>> for step in (1, 2, 3):
    ...     log.write({"step": step, "loss": 1 / step, "kl": float("nan")})
    >>> log.cut_after(2)
    >>> list(log.lines())[-1]
    {'step': 2, 'loss': 0.5, 'kl': None}
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, line: Mapping[str, Any]) -> None:
        """Append a line."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(_json(line), ensure_ascii=False, allow_nan=False) + "\n"
        file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            os.write(file, text.encode("utf-8", "replace"))
        finally:
            os.close(file)

    def lines(self) -> Iterator[dict[str, Any]]:
        """Read the lines; what is no line with a step is passed over."""
        with contextlib.suppress(FileNotFoundError), self.path.open(encoding="utf-8", errors="replace") as file:
            for text in file:
                try:
                    line = json.loads(text)
                except ValueError:  # cut off when the machine went down
                    continue
                if isinstance(line, dict) and isinstance(line.get("step"), int):
                    yield line

    def cut_after(self, step: int) -> None:
        """Drop the lines of later steps."""
        if not self.path.exists():
            return
        kept = [line for line in self.lines() if line["step"] <= step]
        partial = self.path.with_name(f"writing-{self.path.name}")
        with partial.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in kept)
        partial.replace(self.path)


def read_log(folder: Path) -> list[dict[str, Any]]:
    """Read the lines of a run's ``log.jsonl``; none where there is no such file."""
    return list(RunLog(folder / LOG).lines())


def read_completions(folder: Path) -> list[dict[str, Any]]:
    """Read the samples of a run's ``completions.jsonl``; none where there is no such file."""
    return list(RunLog(folder / COMPLETIONS).lines())


def now() -> str:
    """Return the time as it stands in the log: UTC, seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _json(value: Any) -> Any:
    """Value as JSON has it: numbers of other libraries as ours, what is no finite number as null."""
    if isinstance(value, Mapping):
        return {str(key): _json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json(item) for item in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return str(value)
    return number if math.isfinite(number) else None
