"""Making faces unrecognisable: where they may be in every frame, and what is left of them there.

Detectors drop out: a face turns away, is hidden for a moment, is blurred by its own movement. What was seen is
therefore linked over time; between two sightings the face is taken to be in between, and for a second before the
first and after the last one it is taken to be where it was, with growing uncertainty. Too much is blurred rather than
too little.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
#: Left, top, right, bottom in 0-1 of the picture's width and height.
Box = tuple[float, float, float, float]

#: Two sightings of one face may be this far apart in time; in between it is taken to be there.
BRIDGE_S: Final = 5.0
#: A face is taken to be there this long before it is first seen and after it is last seen.
HOLD_S: Final = 1.2
#: A box around the mesh ends at the brow and the ears: it is enlarged by this share of its size on every side, and by
#: this much of the picture, as small faces are found less exactly.
MARGIN: Final = 0.25
SMALL_MARGIN: Final = 0.006
#: What the margin grows by in each second without a sighting, and how far at most.
GROWTH_PER_S: Final = 0.6
MAX_GROWTH: Final = 0.8
#: Cells across a blurred face: too few for any feature of it.
CELLS: Final = 4
#: Velocity is measured over this time.
_VELOCITY_S: Final = 0.2
_SAME_MOMENT_S: Final = 1e-6


@dataclass(slots=True)
class _Chain:
    """Sightings of what is taken for one face, in order of time."""

    times_s: list[float] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)

    def add(self, time_s: float, box: Box) -> None:
        if self.times_s and time_s - self.times_s[-1] < _SAME_MOMENT_S:
            self.boxes[-1] = _union(self.boxes[-1], box)
        else:
            self.times_s.append(time_s)
            self.boxes.append(box)

    def at(self, time_s: float) -> Box | None:
        """Where the face may be at a moment, with all margins; None when it is not taken to be there."""
        after = bisect_right(self.times_s, time_s + _SAME_MOMENT_S)
        before = after - 1
        if before < 0:
            return self._held(0, time_s)
        if time_s - self.times_s[before] < _SAME_MOMENT_S:
            return _enlarged(self.boxes[before], MARGIN)
        if after == len(self.times_s):
            return self._held(before, time_s)
        start_s, end_s = self.times_s[before], self.times_s[after]
        way = (time_s - start_s) / (end_s - start_s)
        between = tuple((1 - way) * a + way * b for a, b in zip(self.boxes[before], self.boxes[after], strict=True))
        away_s = min(time_s - start_s, end_s - time_s)
        box = _enlarged(between, MARGIN + self._growth(before, away_s))  # type: ignore[arg-type]
        # just after a sighting the face has hardly moved, wherever it will turn up next
        for index, distance_s in ((before, time_s - start_s), (after, end_s - time_s)):
            if distance_s <= HOLD_S:
                box = _union(box, _enlarged(self.boxes[index], MARGIN))
        return box

    def _held(self, index: int, time_s: float) -> Box | None:
        away_s = abs(time_s - self.times_s[index])
        if away_s > HOLD_S:
            return None
        return _enlarged(self.boxes[index], MARGIN + self._growth(index, away_s))

    def _growth(self, index: int, away_s: float) -> float:
        return min(MAX_GROWTH, away_s * (GROWTH_PER_S + self._speed(index)))

    def _speed(self, index: int) -> float:
        """Speed around a sighting, in sizes of the face per second."""
        first = max(0, bisect_right(self.times_s, self.times_s[index] - _VELOCITY_S) - 1)
        last = min(len(self.times_s) - 1, bisect_right(self.times_s, self.times_s[index] + _VELOCITY_S))
        lasted_s = self.times_s[last] - self.times_s[first]
        if lasted_s < _SAME_MOMENT_S:
            return 0.0
        return _distance(self.boxes[first], self.boxes[last]) / lasted_s


class HiddenAreas:
    """What must not be seen, at every moment of a clip.

    Parameters
    ----------
    sightings : iterable of (time_s, boxes)
        Every frame that was looked at, in order of time, with everything in it that may be a face.
    """

    def __init__(self, sightings: Iterable[tuple[float, Sequence[Box]]]) -> None:
        self._chains: list[_Chain] = []
        open_chains: list[_Chain] = []
        for time_s, boxes in sightings:
            open_chains = [chain for chain in open_chains if time_s - chain.times_s[-1] <= BRIDGE_S]
            for box in boxes:
                chain = _nearest(open_chains, time_s, box)
                if chain is None:
                    chain = _Chain()
                    self._chains.append(chain)
                    open_chains.append(chain)
                chain.add(time_s, box)

    @property
    def any(self) -> bool:
        """Whether there is anything to hide."""
        return bool(self._chains)

    def at(self, time_s: float) -> list[Box]:
        """Areas to blur at a moment."""
        return [box for chain in self._chains if (box := chain.at(time_s)) is not None]


def blurred(image: Picture, boxes: Iterable[Box]) -> Picture:
    """Copy of a picture with nothing recognisable left inside the boxes.

    Each box becomes a few cells of its mean colours with soft transitions: everything finer is gone, so no filter can
    bring it back.

    Parameters
    ----------
    image : uint8 (height, width, 3)
    boxes : iterable of (left, top, right, bottom)
        In 0-1 of the picture; parts outside it are ignored.
    """
    import cv2

    result = image.copy()
    height, width = image.shape[:2]
    for x0, y0, x1, y1 in boxes:
        left, right = max(0, int(np.floor(x0 * width))), min(width, int(np.ceil(x1 * width)))
        top, bottom = max(0, int(np.floor(y0 * height))), min(height, int(np.ceil(y1 * height)))
        if left >= right or top >= bottom:
            continue
        part = result[top:bottom, left:right]
        cells = min(CELLS, right - left), min(CELLS, bottom - top)
        coarse = cv2.resize(part, cells, interpolation=cv2.INTER_AREA)
        result[top:bottom, left:right] = cv2.resize(
            coarse, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR
        )
    return result


def _nearest(chains: Sequence[_Chain], time_s: float, box: Box) -> _Chain | None:
    """Chain that this sighting continues: the nearest one within reach (which grows with the time since)."""
    best: _Chain | None = None
    best_distance = np.inf
    for chain in chains:
        last = chain.boxes[-1]
        ratio = (box[2] - box[0]) / max(last[2] - last[0], 1e-9)
        distance = _distance(last, box)
        reach = 0.6 + 0.8 * (time_s - chain.times_s[-1])
        if 0.4 < ratio < 2.5 and distance < min(reach, best_distance):
            best, best_distance = chain, distance
    return best


def _distance(first: Box, second: Box) -> float:
    """Between centres, in sizes of the smaller box (fractions of width and height each count in their own unit)."""
    wide = max(min(first[2] - first[0], second[2] - second[0]), 1e-9)
    high = max(min(first[3] - first[1], second[3] - second[1]), 1e-9)
    across = (first[0] + first[2] - second[0] - second[2]) / 2 / wide
    down = (first[1] + first[3] - second[1] - second[3]) / 2 / high
    return float(np.hypot(across, down))


def _enlarged(box: Box, share: float) -> Box:
    x0, y0, x1, y1 = box
    dx, dy = share * (x1 - x0) + SMALL_MARGIN, share * (y1 - y0) + SMALL_MARGIN
    return x0 - dx, y0 - dy, x1 + dx, y1 + dy


def _union(first: Box, second: Box) -> Box:
    return min(first[0], second[0]), min(first[1], second[1]), max(first[2], second[2]), max(first[3], second[3])
