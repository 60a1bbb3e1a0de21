"""One followed person over the whole clip: observations on the clip's own frames, with holes where nobody was seen."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ...records.labels import GapReason
from .action_units import Movements, find_departures, find_movements
from .tables import features
from .track import EXTRAS, Track

Array = npt.NDArray[np.float64]

#: Below this distance between the eyes (pixels) single muscles cannot be told.
MIN_MEASURE_IOD_PX: Final = 16.0
#: Full confidence from this distance between the eyes on (about a face of 100 pixels).
GOOD_IOD_PX: Final = 40.0
#: Brightness (0-255) of a face below which nothing can be measured, and below which confidence falls.
DARK_LUMINANCE: Final = 25.0
DIM_LUMINANCE: Final = 60.0
#: Beyond this turn of the head half the face is out of sight.
MAX_YAW_DEG: Final = 45.0
#: Networks have learned upright faces; one that lies on its side gets the shape of another expression.
MAX_ROLL_DEG: Final = 50.0


#: The network's logit with a hand before the mouth; and what share of the person's usual one it then falls below.
HIDDEN_CERTAINTY: Final = 12.0
HIDDEN_SHARE: Final = 0.6
#: Around a hole this much more is not measured, seconds.
HOLE_MARGIN_S: Final = 0.08


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a followed face could not be measured in some ``frames`` (bool (n,))."""

    reason: GapReason
    frames: npt.NDArray[np.bool_]
    detail: str


@dataclass(frozen=True, slots=True)
class Person:
    """What was seen of one person.

    ``times_s`` (n,) are the clip's frames; ``values`` (n, features + extras) has NaN where not seen; ``seen`` says
    where the face was followed; ``movements`` are its action units.
    """

    name: str
    times_s: Array
    rate_hz: float
    values: Array
    seen: npt.NDArray[np.bool_]
    movements: Movements | None
    losses: tuple[tuple[int, str], ...]
    obstacles: tuple[Obstacle, ...]

    @property
    def is_still(self) -> bool:
        """Whether there is only one picture of the person, so that nothing can be seen to move."""
        return len(self.times_s) == 1

    def column(self, name: str) -> Array:
        """One of :data:`~.track.EXTRAS` over time, NaN where not seen."""
        return self.values[:, len(features()) + EXTRAS.index(name)]

    def quality(self, start_s: float, end_s: float) -> float:
        """0-1: size of the face, light and turn of the head within a span."""
        first, last = np.searchsorted(self.times_s, start_s), np.searchsorted(self.times_s, end_s, "right")
        rows = np.arange(first, last)[self.seen[first:last]]
        if not len(rows):
            return 0.0
        size = min(1.0, float(self.column("iod_px")[rows].mean()) / GOOD_IOD_PX)
        light = min(1.0, float(self.column("luminance")[rows].mean()) / DIM_LUMINANCE)
        turn = float(np.abs(self.column("yaw")[rows]).mean())
        facing = float(np.clip((60.0 - turn) / 40.0, 0.0, 1.0))
        return size * light * facing


def person_of(track: Track, name: str, times_s: npt.ArrayLike, rate_hz: float) -> Person:
    """Lay a track's observations on the clip's frames and find its movements."""
    times = np.asarray(times_s, np.float64)
    width = len(features())
    values = np.full((len(times), width + len(EXTRAS)), np.nan)
    frames = np.array(track.frames, np.int64)
    values[frames] = track.table()
    seen = np.zeros(len(times), bool)
    seen[frames] = True
    obstacles = find_obstacles(values)
    values[_near_holes(obstacles, seen, rate_hz), :width] = np.nan
    measured = ~np.isnan(values[:, 0])
    movements = None
    if len(times) == 1 and measured.any():
        movements = find_departures(values[0, :width])
    elif measured.sum() >= 3:
        movements = find_movements(values[:, :width], values[:, width : width + 2], rate_hz)
    return Person(name, times, rate_hz, values, seen, movements, tuple(track.losses), obstacles)


def _near_holes(obstacles: tuple[Obstacle, ...], seen: npt.NDArray[np.bool_], rate_hz: float) -> npt.NDArray[np.bool_]:
    """Frames without a measurement, and those just beside them: a face half hidden is measured wrongly first."""
    holes = ~seen | np.any([obstacle.frames for obstacle in obstacles], axis=0)
    reach = round(HOLE_MARGIN_S * rate_hz)
    if not reach:
        return np.asarray(holes, np.bool_)
    from scipy.ndimage import binary_dilation

    return np.asarray(binary_dilation(holes, iterations=reach), np.bool_)


def find_obstacles(values: Array) -> tuple[Obstacle, ...]:
    """Find what kept the muscles of a followed face from being measured; each frame counts once.

    Parameters
    ----------
    values : (n, features + extras)
        NaN rows where the face was not followed.
    """
    width = len(features())
    column = {extra: values[:, width + i] for i, extra in enumerate(EXTRAS)}
    certainty = column["certainty"]
    usual = float(np.nanmedian(certainty))
    left = ~np.isnan(certainty)
    found = []
    cases: tuple[tuple[GapReason, npt.NDArray[np.bool_], str], ...] = (
        (
            "too_small",
            column["iod_px"] < MIN_MEASURE_IOD_PX,
            f"the eyes are under {MIN_MEASURE_IOD_PX:.0f} pixels apart; a larger picture would help",
        ),
        (
            "low_light",
            column["luminance"] < DARK_LUMINANCE,
            "the face is too dark to measure; brighter material would help",
        ),
        ("left_frame", np.isnan(values[:, 0]), "part of the face is outside the picture"),
        (
            "tilted",
            np.abs(column["roll"]) > MAX_ROLL_DEG,
            "the head lies on its side; turn the picture so that the face stands upright",
        ),
        ("occluded", np.abs(column["yaw"]) > MAX_YAW_DEG, "the head is turned away too far"),
        (
            "occluded",
            certainty < min(HIDDEN_CERTAINTY, HIDDEN_SHARE * usual if usual > HIDDEN_CERTAINTY else np.inf),
            "something hides part of the face",
        ),
    )
    for reason, mask, detail in cases:
        found.append(Obstacle(reason, mask & left, detail))
        left = left & ~mask
    return tuple(found)
