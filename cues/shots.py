"""Shots: where the camera cuts, from differences of colour between neighbouring frames.

A frame is a cut when its difference to the one before stands out from the differences around it (the adaptive idea
of PySceneDetect's ``AdaptiveDetector``, BSD-3: ratio 3 over a window of two frames on each side), and when the
picture does not come back two frames later (a flash). The difference is taken in the HSV cone (hue weighted by
saturation and value), where the hue of grey and dark pixels, which is noise, does not count.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

SIZE: Final = (64, 36)
#: How far a cut must stand out from its neighbours.
RATIO: Final = 3.0
#: Smallest difference (mean over pixels and axes of the cone, 0-255) that can be a cut.
MIN_DIFFERENCE: Final = 10.0
#: A picture that returns to this share of the difference was interrupted by a flash.
FLASH_SHARE: Final = 0.5
#: A shot is at least this long.
MIN_SHOT_S: Final = 0.4
_WINDOW: Final = 2
_HUE_RADIANS: Final = np.pi / 90  # OpenCV's 8-bit hue has 180 steps

Array = npt.NDArray[np.float32]


@dataclass(slots=True)
class _Seen:
    time_s: float
    cone: Array
    difference: float


class CutFinder:
    """Takes small RGB frames in order of time; ``cuts_s`` holds the times of the first frames of new shots."""

    def __init__(self) -> None:
        self.cuts_s: list[float] = []
        # Two frames before the candidate, the candidate, two after it; one more in front to compare with.
        self._seen: deque[_Seen] = deque(maxlen=2 * _WINDOW + 2)
        self._last_cut_s = 0.0
        self._blind_until_s = -1.0

    def add(self, time_s: float, small: npt.NDArray[np.uint8]) -> None:
        """Take the next frame (uint8 RGB of :data:`SIZE`)."""
        cone = _hsv_cone(small)
        before = self._seen[-1].cone if self._seen else cone
        self._seen.append(_Seen(time_s, cone, _distance(before, cone)))
        if len(self._seen) > _WINDOW + 1:
            self._judge(len(self._seen) - 1 - _WINDOW)

    def end(self) -> None:
        """Judge the last frames, which have no complete window behind them."""
        for index in range(max(1, len(self._seen) - _WINDOW), len(self._seen)):
            self._judge(index)

    def _judge(self, index: int) -> None:
        seen = list(self._seen)
        candidate = seen[index]
        # The first frame of a clip has no difference, so it is no neighbour either.
        first = max(1 if len(seen) < 2 * _WINDOW + 2 else 0, index - _WINDOW)
        around = [item.difference for item in seen[first : index + _WINDOW + 1] if item is not candidate]
        usual = sum(around) / len(around) if around else 0.0
        if candidate.difference < max(MIN_DIFFERENCE, RATIO * usual) or candidate.time_s <= self._blind_until_s:
            return
        after = seen[index + 1 : index + _WINDOW + 1]
        before = seen[index - 1].cone
        if any(_distance(before, item.cone) < FLASH_SHARE * candidate.difference for item in after):
            self._blind_until_s = after[-1].time_s
            return
        if candidate.time_s - self._last_cut_s >= MIN_SHOT_S:
            self.cuts_s.append(candidate.time_s)
            self._last_cut_s = candidate.time_s


def _hsv_cone(small: npt.NDArray[np.uint8]) -> Array:
    hue, saturation, value = (part.astype(np.float32) for part in cv2.split(cv2.cvtColor(small, cv2.COLOR_RGB2HSV)))
    chroma = saturation * value / 255
    angle = hue * _HUE_RADIANS
    return np.stack([chroma * np.cos(angle), chroma * np.sin(angle), value])


def _distance(first: Array, second: Array) -> float:
    return float(np.abs(first - second).mean())
