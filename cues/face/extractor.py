"""The face extractor: frames in, action units, head, gaze and gaps out.

Nothing is kept of a picture but distances and boxes, so an hour of video needs a few megabytes, and nothing that
could recognise a person exists at any time.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ...records import Cue, Curve
from ...records.labels import Modality
from ..extractor import Audio, Extraction, Frame, Job, Stream
from .absence import face_gaps
from .orientation import orientation_cues, steady
from .person import Person, person_of
from .report import action_unit_cues
from .tables import action_units, features
from .track import Track, Tracker

#: A face seen for less than this (and less than a third of the clip) is taken for a mistake of the detector.
SHORTEST_TRACK_S: Final = 0.3


@dataclass(frozen=True, slots=True)
class FaceBox:
    """Where a face was in one frame: (left, top, right, bottom) in pixels; for blurring, and for nothing else.

    ``subject`` is None where the face was seen too briefly to be counted as a person.
    """

    frame: int
    time_s: float
    subject: str | None
    box: tuple[float, float, float, float]


class FaceExtractor:
    """Faces of one clip (see :class:`~emoreason.cues.extractor.Extractor`).

    Examples
    --------
    >>> FaceExtractor().name, sorted(FaceExtractor().needs)
    ('face', ['frames'])
    """

    name = "face"
    version = "1"
    needs: frozenset[Stream] = frozenset({"frames"})

    def __init__(self) -> None:
        self._tracker: Tracker | None = None

    def begin(self, job: Job) -> None:
        """Load the networks. Raises ModelFileError or ImportError when something is missing."""
        self._tracker = Tracker(job.threads)

    def hear(self, audio: Audio) -> None:
        """Faces are silent."""

    def see(self, frame: Frame) -> None:
        """Follow every face into the next frame."""
        self._running().see(frame.image, frame.time_s)

    def finish(self, job: Job) -> Extraction:
        """Cues, gaps and curves of every face; speech segments of earlier extractors mark mouth movements."""
        tracker = self._running()
        if not tracker.times_s:
            return Extraction()
        persons = self._persons()
        speech = [
            (cue.start_s, cue.end_s)
            for cue in job.found.cues
            if (cue.modality, cue.code) == ("speech", "segment") and cue.start_s is not None and cue.end_s is not None
        ]
        cues = [cue for person in persons for cue in _person_cues(person, speech)]
        times_s = tuple(tracker.times_s)  # one for all curves: an hour has 90,000 of them
        curves = [curve for person in persons for curve in _person_curves(person, times_s)]
        curves.append(_curve("face", "n_faces", times_s, np.array(tracker.counts, np.float64), "count", None))
        return Extraction(tuple(cues), tuple(face_gaps(persons, times_s)), tuple(curves))

    def boxes(self) -> Iterator[FaceBox]:
        """Every face of every frame seen so far, mistaken ones included: better to blur too much."""
        tracker = self._running()
        names = {id(track): f"face{i}" for i, track in enumerate(self._kept(), 1)}
        for track in tracker.tracks:
            boxes = np.array(track.boxes, np.float64).reshape(-1, 4)
            for index, (x0, y0, x1, y1) in zip(track.frames, boxes.tolist(), strict=True):
                yield FaceBox(index, tracker.times_s[index], names.get(id(track)), (x0, y0, x1, y1))

    def _running(self) -> Tracker:
        if self._tracker is None:
            raise RuntimeError("FaceExtractor.begin() must be called before frames are shown")
        return self._tracker

    def _persons(self) -> list[Person]:
        times, rate_hz = np.array(self._running().times_s), self._rate_hz()
        return [person_of(track, f"face{i}", times, rate_hz) for i, track in enumerate(self._kept(), 1)]

    def _kept(self) -> list[Track]:
        """Tracks long enough to be faces, in order of appearance (then from left to right)."""
        tracker = self._running()
        shortest = min(SHORTEST_TRACK_S * self._rate_hz(), len(tracker.times_s) / 3)
        return sorted((track for track in tracker.tracks if len(track.frames) >= shortest), key=_appearance)

    def _rate_hz(self) -> float:
        times = np.array(self._running().times_s)
        return 1.0 / max(float(np.median(np.diff(times))), 1e-3) if len(times) > 1 else 0.0


def _appearance(track: Track) -> tuple[int, float]:
    return track.frames[0], track.boxes[0]


def _person_cues(person: Person, speech: list[tuple[float, float]]) -> Iterator[Cue]:
    yield from action_unit_cues(person, speech)
    yield from orientation_cues(person)


def _person_curves(person: Person, times_s: tuple[float, ...]) -> Iterator[Curve]:
    if person.movements is not None:
        for code, unit in action_units().items():
            if unit.measure:
                yield _curve("face", code, times_s, person.movements.intensity(code), "0-5", person.name)
    names = [feature.name for feature in features()]
    opening = person.values[:, names.index("lid_upper")] - person.values[:, names.index("lid_lower")]
    yield _curve("face", "eye_opening", times_s, opening, "iod", person.name)
    for axis in ("yaw", "pitch", "roll"):
        yield _curve("head", axis, times_s, person.column(axis), "deg", person.name)
    for axis in ("yaw", "pitch"):
        yield _curve("gaze", axis, times_s, steady(person, f"gaze_{axis}"), "deg", person.name)


def _curve(
    modality: Modality, code: str, times_s: tuple[float, ...], values: npt.NDArray[np.float64],
    unit: str, subject: str | None,
) -> Curve:  # fmt: skip
    known = tuple(None if np.isnan(value) else round(value, 4) for value in values.tolist())
    return Curve(modality=modality, code=code, times_s=times_s, values=known, unit=unit, subject=subject)
