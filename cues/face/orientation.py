"""Cues of head and eyes: turned, raised, tilted, nodding, shaking, looking aside."""

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from ...records import Cue
from ...records.labels import Modality
from .action_units import true_spans
from .person import Person
from .report import SOURCE

Array = npt.NDArray[np.float64]

#: Angle (degrees) from which on a pose is said, and the words for its positive and its negative side.
POSES: Final[tuple[tuple[Modality, str, str, float, str, str], ...]] = (
    ("head", "yaw", "yaw", 15.0, "left", "right"),
    ("head", "pitch", "pitch", 12.0, "up", "down"),
    ("head", "roll", "roll", 12.0, "right", "left"),
    ("gaze", "yaw", "gaze_yaw", 12.0, "left", "right"),
    ("gaze", "pitch", "gaze_pitch", 12.0, "up", "down"),
)
#: A pose must last this long to be said, seconds.
POSE_MIN_S: Final = 0.3
#: Nodding and shaking: at least two swings of this size (degrees), no further apart than this (seconds).
SWING_DEG: Final = 4.0
SWING_GAP_S: Final = 0.8


def orientation_cues(person: Person) -> Iterator[Cue]:
    """Head and gaze cues of one person."""
    for modality, code, name, limit, positive, negative in POSES:
        curve = steady(person, name)
        for sign, direction in ((1.0, positive), (-1.0, negative)):
            yield from _poses(person, sign * curve, sign, limit, (modality, code, direction))
    if not person.is_still:
        yield from _swings(person, "pitch", "nod")
        yield from _swings(person, "yaw", "shake")


def steady(person: Person, name: str) -> Array:
    """Angle over time; heights of head and gaze count from the person's own median, as cameras stand high or low."""
    curve = person.column(name)
    if name.startswith("gaze"):
        curve = _hold(curve, person)
    if name in ("pitch", "gaze_pitch") and not person.is_still and not np.isnan(curve).all():
        curve = curve - np.nanmedian(curve)
    return curve


def _hold(curve: Array, person: Person) -> Array:
    """Fill in between readings of the eyes (several a second): interpolate between, not across absences."""
    known = ~np.isnan(curve)
    if not known.any():
        return curve
    filled = np.interp(person.times_s, person.times_s[known], curve[known])
    return np.where(person.seen, filled, np.nan)


def _poses(person: Person, curve: Array, sign: float, limit: float, what: tuple[Modality, str, str]) -> Iterator[Cue]:
    modality, code, direction = what
    spans = true_spans(np.nan_to_num(curve, nan=-1e9) >= limit)
    for start, end in spans:
        start_s, end_s = float(person.times_s[start]), float(person.times_s[end - 1])
        if end_s - start_s < POSE_MIN_S and not person.is_still:
            continue
        apex = start + int(np.argmax(curve[start:end]))
        yield _cue(person, modality, f"{code}.{direction}", code, direction, sign * curve[apex], start, end - 1, apex)


def _swings(person: Person, name: str, code: str) -> Iterator[Cue]:
    from scipy.signal import find_peaks

    curve = person.column(name)
    for start, end in true_spans(~np.isnan(curve)):
        if end - start < 5:
            continue
        part = curve[start:end]
        peaks = np.sort(np.concatenate([find_peaks(s * part, prominence=SWING_DEG)[0] for s in (1, -1)])) + start
        if len(peaks) < 3:
            continue
        for group in np.split(peaks, np.flatnonzero(np.diff(person.times_s[peaks]) > SWING_GAP_S) + 1):
            if len(group) >= 3:
                size = float(np.ptp(curve[group[0] : group[-1] + 1]))
                yield _cue(person, "head", code, code, None, size, int(group[0]), int(group[-1]), None)


def _cue(
    person: Person, modality: Modality, key: str, code: str, direction: str | None,
    value: float, first: int, last: int, apex: int | None,
) -> Cue:  # fmt: skip
    start_s, end_s = float(person.times_s[first]), float(person.times_s[last])
    prefix = "" if modality == "head" else f"{modality}."
    return Cue(
        id=f"{person.name}.{prefix}{key}.{first}", modality=modality, code=code, value=round(float(value), 1),
        unit="deg", direction=direction, start_s=round(start_s, 3), end_s=round(end_s, 3),
        apex_s=None if apex is None else round(float(person.times_s[apex]), 3), subject=person.name,
        confidence=round(0.8 * person.quality(start_s, end_s), 2), source=SOURCE,
    )  # fmt: skip
