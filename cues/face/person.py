"""One followed person over the whole clip: observations on the clip's own frames, with holes where nobody was seen."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

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

    @property
    def is_still(self) -> bool:
        """Whether there is only one picture of the person, so that nothing can be seen to move."""
        return len(self.times_s) == 1

    def column(self, name: str) -> Array:
        """One of :data:`~.track.EXTRAS` over time, NaN where not seen."""
        return self.values[:, len(features()) + EXTRAS.index(name)]

    def quality(self, start_s: float, end_s: float) -> float:
        """0-1: size of the face, light and turn of the head within a span."""
        rows = (self.times_s >= start_s) & (self.times_s <= end_s) & self.seen
        if not rows.any():
            return 0.0
        size = min(1.0, float(self.column("iod_px")[rows].mean()) / GOOD_IOD_PX)
        light = min(1.0, float(self.column("luminance")[rows].mean()) / DIM_LUMINANCE)
        turn = float(np.abs(self.column("yaw")[rows]).mean())
        facing = float(np.clip((60.0 - turn) / 40.0, 0.0, 1.0))
        return size * light * facing * float(self.column("presence")[rows].mean())


def person_of(track: Track, name: str, times_s: npt.ArrayLike, rate_hz: float) -> Person:
    """Lay a track's observations on the clip's frames and find its movements."""
    times = np.asarray(times_s, np.float64)
    width = len(features())
    values = np.full((len(times), width + len(EXTRAS)), np.nan)
    frames = np.array(track.frames, np.int64)
    values[frames] = track.table()
    seen = np.zeros(len(times), bool)
    seen[frames] = True
    values[_unmeasurable(values, width), :width] = np.nan
    measured = ~np.isnan(values[:, 0])
    movements = None
    if len(times) == 1 and measured.any():
        movements = find_departures(values[0, :width])
    elif measured.sum() >= 3:
        movements = find_movements(values[:, :width], values[:, width : width + 2], rate_hz)
    return Person(name, times, rate_hz, values, seen, movements, tuple(track.losses))


def _unmeasurable(values: Array, width: int) -> npt.NDArray[np.bool_]:
    """Frames whose mesh says too little about muscles: too small, too dark, turned too far."""
    column = {extra: values[:, width + i] for i, extra in enumerate(EXTRAS)}
    return np.asarray(
        (column["iod_px"] < MIN_MEASURE_IOD_PX)
        | (column["luminance"] < DARK_LUMINANCE)
        | (np.abs(column["yaw"]) > MAX_YAW_DEG)
    )
