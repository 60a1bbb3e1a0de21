"""FaceTable: what any face tool wrote about the frames of one recording, on one time axis, in one set of units.

The readers (``openface``, ``pyfeat``, ``blendshapes``) bring their tool's file into this form and change no more than
that: intensities stay on the tool's own scale, angles become degrees with the signs of ``cues/face/pose.py`` (yaw
positive to the person's left, pitch upwards, roll to the person's right shoulder). What they repaired, assumed and
left out is in ``notes``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from ..errors import RecordError

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

#: More faces than this are mistakes of a tracker, not people.
MAX_FACES: Final = 50
#: A video has fewer frames per second than this; timestamps that are closer are frame numbers in disguise.
MAX_RATE_HZ: Final = 400.0
#: No recording lasts longer (eleven days); such a time is a mistake.
MAX_TIME_S: Final = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class FaceTrack:
    """One face.

    Attributes
    ----------
    label : str
        What the tool calls it (``face_id``).
    tracked : (n,) bool
        Where the tool says that it followed this face.
    confidence : (n,)
        The tool's own, 0-1; NaN where it gives none.
    intensity : dict of str to (n,)
        Action unit -> intensity on the tool's scale, from 0; NaN where not tracked.
    presence : dict of str to (n,)
        Action unit -> 1 or 0, for units of which the tool says no more than that.
    angles_deg : dict of str to (n,)
        ``yaw``, ``pitch``, ``roll`` of the head, ``gaze_yaw``, ``gaze_pitch`` of the eyes in the head.
    """

    label: str
    tracked: Mask
    confidence: Array
    intensity: Mapping[str, Array] = field(default_factory=dict)
    presence: Mapping[str, Array] = field(default_factory=dict)
    angles_deg: Mapping[str, Array] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class FaceTable:
    """Faces of one recording.

    Attributes
    ----------
    tool : str
        ``openface``, ``pyfeat`` or ``blendshapes``.
    full_scale : float
        The tool's largest intensity (OpenFace 5, the others 1).
    times_s : (n,)
        Seconds, ascending.
    tracks : tuple of FaceTrack
        In the order in which they were first tracked; faces that never were are left out.
    notes : tuple of str
        What was repaired, assumed and left out, one plain sentence each without a full stop.
    """

    tool: str
    full_scale: float
    times_s: Array
    tracks: tuple[FaceTrack, ...]
    notes: tuple[str, ...] = ()


def frame_times(
    n_rows: int, frames: Array | None, stamps_s: Array | None, fps: float | None, first_frame: int
) -> tuple[Array, list[str]]:
    """Time of each row in seconds, and what had to be assumed.

    Parameters
    ----------
    n_rows : int
    frames, stamps_s : (n_rows,) or None
        Frame numbers and timestamps as the file has them; neither: all rows are of one picture.
    fps : float or None
        Frame rate of the recording where it is known from elsewhere.
    first_frame : int
        Number that the tool gives the first frame.

    Returns
    -------
    times_s : (n_rows,)
        NaN for rows whose time is not known.
    notes : list of str

    Raises
    ------
    RecordError
        Several frames without usable timestamps, and no frame rate.
    """
    if stamps_s is not None and _usable(stamps_s):
        return stamps_s, []
    n_frames = len(np.unique(frames[~np.isnan(frames)])) if frames is not None else 1
    if n_frames <= 1:
        return np.zeros(n_rows), []
    if frames is None or fps is None:
        raise RecordError(
            "has no usable timestamps and its frame rate is not known; give it together with its clip: "
            "emoreason cues CLIP --face-csv FILE"
        )
    why = "no timestamps" if stamps_s is None else "timestamps that are no times"
    return (frames - first_frame) / fps, [f"{why}: times are frame numbers at the clip's {fps:g} frames per second"]


def _usable(stamps_s: Array) -> bool:
    moments = np.unique(stamps_s[~np.isnan(stamps_s)])
    if len(moments) < 2:
        return False
    return float(np.median(np.diff(moments))) > 1.0 / MAX_RATE_HZ


def lay_out(times_s: Array, labels: Sequence[object]) -> tuple[Array, dict[str, npt.NDArray[np.int64]], list[str]]:
    """Put rows on one time axis.

    Returns
    -------
    axis_s : (n,)
        Every moment of the table once, ascending.
    rows : dict of str to (n,) int
        Face -> row number at each moment, -1 where the face has none; faces in the order of their first row.
    notes : list of str

    Raises
    ------
    RecordError
        No row has a time, or there are more than ``MAX_FACES`` faces.
    """
    known = np.flatnonzero((times_s >= 0) & (times_s <= MAX_TIME_S))
    if not len(known):
        raise RecordError("has no row with a time; expected one row per frame and face")
    notes = [f"{len(times_s) - len(known)} rows without a time are left out"] if len(known) < len(times_s) else []
    axis, places = np.unique(times_s[known], return_inverse=True)
    rows: dict[str, npt.NDArray[np.int64]] = {}
    repeated = 0
    for row, place in zip(known.tolist(), places.tolist(), strict=True):
        label = str(labels[row])
        if label not in rows:
            if len(rows) == MAX_FACES:
                raise RecordError(f"names more than {MAX_FACES} faces; expected the people of one recording")
            rows[label] = np.full(len(axis), -1, np.int64)
        if rows[label][place] < 0:
            rows[label][place] = row
        else:
            repeated += 1
    if repeated:
        notes.append(f"{repeated} rows repeat a face in the same frame and are left out")
    return axis, rows, notes


def pick(column: Array, rows: npt.NDArray[np.int64]) -> Array:
    """Values of a column at the rows of one face; NaN where it has none."""
    if not len(column):
        return np.full(len(rows), np.nan)
    return np.where(rows >= 0, column[rows], np.nan)


def in_order(tracks: Sequence[FaceTrack]) -> tuple[FaceTrack, ...]:
    """Tracks that were tracked at all, by the moment they first were (those of one moment keep their order)."""
    seen = [track for track in tracks if track.tracked.any()]
    return tuple(sorted(seen, key=lambda track: int(np.argmax(track.tracked))))


def to_scale(curves: Mapping[str, Array], full: float) -> tuple[dict[str, Array], list[str]]:
    """Bring intensities between 0 and ``full``: a hundredfold file divided, negatives and overshoots cut; all noted.

    Raises
    ------
    RecordError
        Values that are on no scale known here.
    """
    finite = np.concatenate([curve[~np.isnan(curve)] for curve in curves.values()] or [np.empty(0)])
    if not len(finite):
        return dict(curves), []
    top, bottom = float(finite.max()), float(finite.min())
    notes: list[str] = []
    factor = 1.0
    if top > 100.0 * full * 1.05 or bottom < -100.0 * full:
        raise RecordError(f"has action-unit values from {bottom:g} to {top:g}; expected 0 to {full:g}")
    if top > 2.0 * full:
        factor = 100.0
        notes.append(f"action-unit values reach {top:g}: taken for hundredths of 0-{full:g} and divided by 100")
    scaled = finite / factor
    if (below := int((scaled < 0).sum())) > 0:
        notes.append(f"{below} negative action-unit values (down to {scaled.min():.2g}) count as 0")
    if (above := int((scaled > full).sum())) > 0:
        notes.append(f"{above} action-unit values above {full:g} (up to {scaled.max():.3g}) count as {full:g}")
    return {code: np.clip(curve / factor, 0.0, full) for code, curve in curves.items()}, notes
