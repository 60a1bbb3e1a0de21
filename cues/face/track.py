"""Following faces through a clip. They are numbered in order of appearance; nobody is ever recognised.

A face that leaves and comes back keeps its number only as far as place, size and time make it likely (a single face
that is missing, a similar size, a short absence); otherwise it gets a new one.
"""

from array import array
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from .action_units import measure_features
from .detect import Detection, FaceDetector, Picture, overlap
from .gaze import GazeReader
from .mesh import Mesh, MeshFitter, Region
from .pose import angles_deg, canonical_face, head_axes
from .tables import features

#: How often to look for new faces while some are followed, and how often to read the eyes, seconds.
DETECT_EVERY_S: Final = 0.6
GAZE_EVERY_S: Final = 0.15
#: Below this logit the network itself says that there is no face.
MIN_CERTAINTY: Final = 0.0
#: From here on nothing hides the face.
CLEAR_CERTAINTY: Final = 14.0
#: To be measured, a face must be at least this share of its size away from the picture's edge; to be followed, this
#: share of its points must lie inside.
MEASURE_MARGIN: Final = 0.04
#: What lies this far above the eyes may be cut off (close-ups often do), inter-ocular distances.
FOREHEAD_IOD: Final = 0.75
FOLLOW_INSIDE: Final = 0.75
#: Smallest distance between the eyes that is followed at all, pixels.
MIN_IOD_PX: Final = 8.0
MAX_FACES: Final = 12
#: A missing face may come back under its number for this long.
RETURN_WITHIN_S: Final = 20.0

Array = npt.NDArray[np.float64]

#: Columns of an observation after the features.
EXTRAS: Final = ("yaw", "pitch", "roll", "gaze_yaw", "gaze_pitch", "iod_px", "certainty", "luminance")


@dataclass(slots=True)
class Track:
    """One followed face: small numbers per frame, no picture of anyone.

    ``frames`` are frame numbers; ``rows`` is flat: features then ``EXTRAS`` per observation; ``boxes`` four numbers
    per observation (left, top, right, bottom, pixels). ``losses`` are (frame number of the last sight, reason).
    """

    region: Region
    frames: "array[int]" = field(default_factory=lambda: array("l"))
    rows: "array[float]" = field(default_factory=lambda: array("f"))
    boxes: "array[float]" = field(default_factory=lambda: array("f"))
    losses: list[tuple[int, str]] = field(default_factory=list)
    moving: tuple[float, float] = (0.0, 0.0)
    active: bool = True
    last_s: float = 0.0
    gaze_s: float = -1e9
    misses: int = 0

    @property
    def box(self) -> tuple[float, ...]:
        """The latest box."""
        return tuple(self.boxes[-4:])

    def table(self) -> Array:
        """Observations, float64 (n, features + extras)."""
        return np.array(self.rows, np.float64).reshape(len(self.frames), -1)


class Tracker:
    """Follows every face of a clip, frame by frame."""

    def __init__(self, threads: int = 1) -> None:
        self._threads = threads
        self._detector, self._fitter, self._gaze = FaceDetector(), MeshFitter(), GazeReader()
        self.tracks: list[Track] = []
        self.times_s = array("d")
        self.counts = array("l")
        self._detected_s = -1e9

    def see(self, image: Picture, time_s: float) -> None:
        """Take the next frame."""
        index = len(self.times_s)
        self.times_s.append(time_s)
        for track in self.tracks:
            if track.active:
                self._follow(track, image, index, time_s)
        self._drop_doubles()
        if time_s - self._detected_s >= DETECT_EVERY_S or not any(track.active for track in self.tracks):
            self._detected_s = time_s
            self._look(image, index, time_s)
        self.counts.append(sum(bool(track.active) for track in self.tracks))

    @property
    def _together(self) -> bool:
        """Whether a second thread pays: decoding takes most of one while there is a single face to look at."""
        return self._threads > 2 or (self._threads == 2 and sum(track.active for track in self.tracks) > 1)

    def _follow(self, track: Track, image: Picture, index: int, time_s: float) -> None:
        dx, dy = track.moving
        guess = track.region
        ahead = Region(guess.x + dx, guess.y + dy, guess.side, guess.angle)
        mesh = self._fitter.fit(image, ahead, together=self._together)
        if not _is_face(mesh, image, guess):
            self._lose(track, image)
            return
        self._note(track, mesh, image, index, time_s)

    def _note(self, track: Track, mesh: Mesh, image: Picture, index: int, time_s: float) -> None:
        region = Region.of_head(mesh.head)
        seen_last = bool(track.frames) and track.frames[-1] == index - 1
        track.moving = (region.x - track.region.x, region.y - track.region.y) if seen_last else (0.0, 0.0)
        track.region, track.last_s, track.active = region, time_s, True
        low, high = mesh.points[:, :2].min(axis=0), mesh.points[:, :2].max(axis=0)
        values = np.full(len(features()), np.nan)
        if _edge_distance(image, mesh) >= MEASURE_MARGIN * float((high - low).max()):
            values = measure_features(mesh.head.undo(head_axes(mesh.points)))
        gaze = (np.nan, np.nan)
        if time_s - track.gaze_s >= GAZE_EVERY_S and mesh.head.scale > 2 * MIN_IOD_PX:
            gaze, track.gaze_s = self._gaze.read(image, mesh, together=self._together), time_s
        track.frames.append(index)
        track.boxes.extend((*low.tolist(), *high.tolist()))
        extras = (*angles_deg(mesh.head.rotation), *gaze, mesh.head.scale, mesh.certainty, _luminance(image, low, high))
        track.rows.extend((*values.tolist(), *extras))

    def _lose(self, track: Track, image: Picture) -> None:
        track.active = False
        track.losses.append((track.frames[-1], "left_frame" if _near_edge(track, image) else "occluded"))

    def _drop_doubles(self) -> None:
        """Two tracks on one face: the younger one was a mistake."""
        active = [track for track in self.tracks if track.active]
        for i, older in enumerate(active):
            for younger in active[i + 1 :]:
                if younger.active and overlap(older.box, [younger.box])[0] > 0.5:
                    younger.active = False
                    younger.losses.append((younger.frames[-1], "occluded"))

    def _look(self, image: Picture, index: int, time_s: float) -> None:
        """Detect: take up new faces, let go of what is no face any more."""
        detections = self._detector.detect(image)
        followed = [track for track in self.tracks if track.active]
        matched: set[int] = set()
        for detection in detections:
            shares = overlap(detection.box, [t.box for t in followed]) if followed else np.zeros(0)
            matched.update(int(i) for i in np.flatnonzero(shares > 0.2))
            if not (shares > 0.2).any() and sum(t.active for t in self.tracks) < MAX_FACES:
                self._take_up(detection, image, index, time_s)
        for i, track in enumerate(followed):
            track.misses = 0 if i in matched else track.misses + 1
            if track.misses >= 3 and track.rows[-2] < CLEAR_CERTAINTY:
                self._lose(track, image)

    def _take_up(self, detection: Detection, image: Picture, index: int, time_s: float) -> None:
        mesh = self._fitter.find(image, Region.of_detection(detection), together=self._together)
        region = Region.of_head(mesh.head)
        if not _is_face(mesh, image, region):
            return
        track = self._missing_one(region, time_s)
        if track is None:
            track = Track(region)
            self.tracks.append(track)
        self._note(track, mesh, image, index, time_s)

    def _missing_one(self, region: Region, time_s: float) -> Track | None:
        """Find the missing face that this may be: the only candidate, or the one that vanished nearest."""
        missing = [
            track
            for track in self.tracks
            if not track.active
            and time_s - track.last_s <= RETURN_WITHIN_S
            and 0.5 < region.side / track.region.side < 2.0
        ]
        return min(missing, key=lambda t: np.hypot(t.region.x - region.x, t.region.y - region.y), default=None)


def _is_face(mesh: Mesh, image: Picture, before: Region) -> bool:
    side = Region.of_head(mesh.head).side
    return (
        mesh.certainty >= MIN_CERTAINTY
        and mesh.head.scale >= MIN_IOD_PX
        and 0.6 < side / before.side < 1.7
        and _inside(mesh, image) >= FOLLOW_INSIDE
    )


def _inside(mesh: Mesh, image: Picture) -> float:
    height, width = image.shape[:2]
    x, y = mesh.points[:, 0], mesh.points[:, 1]
    return float(((x >= 0) & (x < width) & (y >= 0) & (y < height)).mean())


def _edge_distance(image: Picture, mesh: Mesh) -> float:
    """Pixels between the face below the upper forehead and the nearest edge of the picture; negative outside."""
    height, width = image.shape[:2]
    points = mesh.points[canonical_face()[:, 1] < FOREHEAD_IOD, :2]
    low, high = points.min(axis=0), points.max(axis=0)
    return float(min(low.min(), width - high[0], height - high[1]))


def _near_edge(track: Track, image: Picture) -> bool:
    """Whether the face was leaving: its box, moved on by a few frames, crosses the picture's edge."""
    height, width = image.shape[:2]
    x0, y0, x1, y1 = track.box
    dx, dy = 3 * track.moving[0], 3 * track.moving[1]
    reach = 0.05 * (x1 - x0)
    return x0 + dx < reach or y0 + dy < reach or x1 + dx > width - reach or y1 + dy > height - reach


def _luminance(image: Picture, low: Array, high: Array) -> float:
    """Mean brightness (0-255) of every fourth pixel of a box."""
    x0, y0 = np.maximum(low, 0).astype(int)
    x1, y1 = np.maximum(high, 1).astype(int)
    patch = image[y0:y1:4, x0:x1:4]
    return float(patch.mean()) if patch.size else 0.0
