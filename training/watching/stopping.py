"""When GRPO stops early: nothing left to learn, answers that cannot be read any more, length that runs away."""

import math
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ..settings import StopSettings

#: Logged key -> what is measured; the first that is there counts.
_SPREAD: Final = ("reward_group_std", "reward_std")
_READABLE: Final = ("completions/readable",)
_LENGTH: Final = ("completions/mean_length",)


class EarlyStop:
    """Follows the logged steps and says when a rule of :class:`~emoreason.training.settings.StopSettings` holds.

    Every number it looks at was gathered from all processes before it was logged, so each process comes to the same
    decision at the same step.

    - Variance: the mean of ``reward_group_std`` over the window is below ``reward_std``.
    - Format: the share of readable answers over the window is below ``format``, and it *fell*: it was above in an
      earlier window, or it is below the first. A model that has yet to learn the form is let learn it.
    - Length: the mean length over the window is more than ``length_growth`` times that of the first window.

    Examples
    --------
    >>> early = EarlyStop(StopSettings(window=2))
    >>> [early.add({"completions/readable": share}) for share in (0.9, 0.9, 0.6)]
    [None, None, None]
    >>> early.add({"completions/readable": 0.2})
    'the share of readable answers fell to 0.40 over the last 2 logged steps (stop.format = 0.5)'
    """

    def __init__(self, stop: StopSettings) -> None:
        self._stop = stop
        self._spread = _Window(stop.window)
        self._readable = _Window(stop.window)
        self._length = _Window(stop.window)
        self._was_readable = False

    @classmethod
    def after(cls, stop: StopSettings, history: Iterable[Mapping[str, Any]]) -> "tuple[EarlyStop, str | None]":
        """Follow what was logged before a resume; also say whether a rule holds after the last line."""
        early, reason = cls(stop), None
        for line in history:
            reason = early.add(line)
        return early, reason

    def add(self, line: Mapping[str, Any]) -> str | None:
        """Take a logged line; return why the run is to stop, None when it is to go on."""
        self._spread.add(_first(line, _SPREAD))
        self._readable.add(_first(line, _READABLE))
        self._length.add(_first(line, _LENGTH))
        return self._no_spread() or self._unreadable() or self._too_long()

    def _no_spread(self) -> str | None:
        least, mean = self._stop.reward_std, self._spread.mean
        if least is None or mean is None or mean >= least:
            return None
        return (
            f"the rewards of a prompt's completions hardly differ: standard deviation {mean:.2g}"
            f"{self._told('reward_std', least)}"
        )

    def _unreadable(self) -> str | None:
        least, mean, first = self._stop.format, self._readable.mean, self._readable.first
        if least is None or mean is None or first is None:
            return None
        if mean >= least:
            self._was_readable = True
            return None
        if not (self._was_readable or mean < first):
            return None
        return f"the share of readable answers fell to {mean:.2f}{self._told('format', least)}"

    def _too_long(self) -> str | None:
        most, mean, first = self._stop.length_growth, self._length.mean, self._length.first
        if most is None or mean is None or not first or mean <= most * first:
            return None
        return (
            f"completions grew from {first:.0f} to {mean:.0f} tokens, {mean / first:.1f} times as long"
            f"{self._told('length_growth', most)}"
        )

    def _told(self, key: str, value: float) -> str:
        return f" over the last {self._stop.window} logged steps (stop.{key} = {value:g})"


class _Window:
    """Means of the first and of the last so many values; None until there are as many."""

    def __init__(self, size: int) -> None:
        self._last: deque[float] = deque(maxlen=max(size, 1))
        self.first: float | None = None

    def add(self, value: float | None) -> None:
        if value is None:
            return
        self._last.append(value)
        if self.first is None:
            self.first = self.mean

    @property
    def mean(self) -> float | None:
        return sum(self._last) / len(self._last) if len(self._last) == self._last.maxlen else None


def _first(line: Mapping[str, Any], keys: Iterable[str]) -> float | None:
    for key in keys:
        value = line.get(key)
        if isinstance(value, int | float) and math.isfinite(value):
            return float(value)
    return None
