"""One face of another tool's table, in the form that the cues of head and gaze are read from."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...formats.face_table import FaceTable, FaceTrack
from ..face.person import Person

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ImportedFace(Person):
    """A person whose angles were measured elsewhere; there is no mesh, so there are no movements of our own."""

    track: FaceTrack

    def column(self, name: str) -> Array:
        """Angle over time in degrees, NaN where the table has none."""
        return self.track.angles_deg.get(name, np.full(len(self.times_s), np.nan))

    def quality(self, start_s: float, end_s: float) -> float:
        """Return the tool's own confidence within a span; 1 where it gives none."""
        confidence = self.confidence(start_s, end_s)
        return 1.0 if confidence is None else confidence

    def confidence(self, start_s: float, end_s: float) -> float | None:
        """Mean of the tool's own confidence within a span; None where it gives none."""
        rows = (self.times_s >= start_s) & (self.times_s <= end_s) & self.seen
        known = self.track.confidence[rows]
        known = known[~np.isnan(known)]
        return float(known.mean()) if len(known) else None

    @property
    def span_s(self) -> tuple[float, float]:
        """First and last moment at which the face was tracked."""
        moments = self.times_s[self.seen]
        return float(moments[0]), float(moments[-1])


def imported_face(table: FaceTable, track: FaceTrack, name: str) -> ImportedFace:
    """One track of a table as a person called ``name``."""
    times = table.times_s
    rate_hz = 1.0 / max(float(np.median(np.diff(times))), 1e-3) if len(times) > 1 else 0.0
    return ImportedFace(
        name=name, times_s=times, rate_hz=rate_hz, values=np.empty((len(times), 0)), seen=track.tracked,
        movements=None, losses=(), obstacles=(), track=track,
    )  # fmt: skip
