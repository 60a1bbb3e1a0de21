"""Limits: how much of the machine one clip may cost."""

import os
from dataclasses import dataclass, fields

from ..errors import ConfigError, MediaError


def core_count() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class LimitError(MediaError):
    """A clip asks for more than its limits allow."""


#: Start-up, model loading and a slow disk get this much, on top of the share per second of media.
_BASE_TIMEOUT_S = 120.0
#: Extraction runs faster than real time on two cores; a loaded or slow machine may take five times real time.
_TIMEOUT_PER_MEDIA_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one clip may cost; a clip that asks for more is refused with a MediaError, never cut short in silence.

    Attributes
    ----------
    max_bytes : int
        Size of the file.
    max_duration_s : float
        Length in seconds; one hour by default, ten hours (36000) is possible where memory allows.
    max_pixels : int
        Width times height of a picture or video frame as coded.
    timeout_s : float or None
        Wall-clock seconds in the child process; None allows two minutes plus five times the length of the clip.
    memory_mb : int
        Memory of the child process (MiB of private data; enforced where the system can, which is Linux).
    max_fps : float
        Frames analysed per second; a faster video is thinned out evenly (never above 110 % of this).
    long_side_px : int
        Frames are scaled down until their longer side is at most this.
    threads : int or None
        Threads that a clip may keep busy; None takes the cores there are, shared among the clips that are extracted
        side by side. What is found does not depend on it.
    """

    max_bytes: int = 4 * 1024**3
    max_duration_s: float = 3600.0
    max_pixels: int = 100_000_000
    timeout_s: float | None = None
    memory_mb: int = 3072
    max_fps: float = 30.0
    long_side_px: int = 1280
    threads: int | None = None

    def __post_init__(self) -> None:
        """Refuse limits that no clip could meet."""
        for field in fields(self):
            value = getattr(self, field.name)
            # "not > 0" also catches NaN
            if value is not None and not value > 0:
                raise ConfigError(f"limit {field.name} is {value}; expected a number above 0")

    def timeout_for(self, duration_s: float | None) -> float:
        """Wall-clock seconds allowed for a clip of that length (None: not known yet)."""
        if self.timeout_s is not None:
            return self.timeout_s
        return _BASE_TIMEOUT_S + _TIMEOUT_PER_MEDIA_S * (duration_s or 0.0)
