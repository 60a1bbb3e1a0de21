"""OpenFace 2.x tables (``FeatureExtraction``, ``FaceLandmarkVidMulti``, ``FaceLandmarkImg``): read and written.

Columns as documented in the OpenFace wiki, "Output Format" (OpenFace 2.0: Baltrusaitis, Zadeh, Lim, Morency 2018):
``frame`` from 1, ``face_id`` from 0, ``timestamp`` in seconds, ``confidence`` 0-1, ``success`` 0 or 1,
``gaze_angle_x/y`` and ``pose_Rx/y/z`` in radians with respect to the camera (x right, y down, z away, in the picture),
``AU12_r`` intensity 0-5, ``AU12_c`` presence; AU28 has presence only.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Final

import numpy as np
import numpy.typing as npt

from ..errors import RecordError
from ..records import Cue, Curve
from ..records.labels import parse_action_unit
from .delimited import Columns, read_columns
from .face_table import FaceTable, FaceTrack, frame_times, in_order, lay_out, pick, to_scale

Array = npt.NDArray[np.float64]

#: Rows with less confidence than this are not tracked, whatever ``success`` says.
LEAST_CONFIDENCE: Final = 0.7
_ACTION_UNIT: Final = re.compile(r"AU(\d{1,2})_([rc])")
_POSE: Final = ("pose_Rx", "pose_Ry", "pose_Rz")
_GAZE: Final = ("gaze_angle_x", "gaze_angle_y")
_WANTED: Final = frozenset(("frame", "face_id", "face", "timestamp", "confidence", "success", *_POSE, *_GAZE))

#: What the written table does not hold, in words for the user.
NOT_WRITTEN: Final = (
    "landmarks, gaze vectors, head position and per-frame confidence are not kept, so OpenFace's columns for them are "
    "missing and confidence repeats success"
)


def is_openface(names: Sequence[str]) -> bool:
    """Whether these column names are those of an OpenFace table."""
    return any(_ACTION_UNIT.fullmatch(name) for name in names) or {"confidence", *_POSE} <= {*names}


def read_openface(file: IO[bytes], fps: float | None = None) -> FaceTable:
    """Read an OpenFace table.

    Parameters
    ----------
    file : binary file
    fps : float, optional
        Frame rate of the recording, for tables without usable timestamps.

    Raises
    ------
    RecordError
        It is no OpenFace table, or cannot be read; one line without the file's name.
    """
    table = read_columns(file, lambda name: name in _WANTED or _ACTION_UNIT.fullmatch(name) is not None)
    if not is_openface(table.names):
        raise RecordError("is no OpenFace table: it has no column such as AU12_r or AU12_c")
    if not table.n_rows:
        raise RecordError("has a header but no rows")
    times, notes = frame_times(table.n_rows, _frames(table), table.numbers.get("timestamp"), fps, first_frame=1)
    labels, more = _labels(table, times)
    axis, rows, repairs = lay_out(times, labels)
    intensity, presence, scaling = _action_units(table)
    tracks = in_order([_track(table, label, at, intensity, presence) for label, at in rows.items()])
    said = [*table.notes, *notes, *more, *repairs, *scaling, *_about(table, tracks, rows, presence)]
    return FaceTable("openface", 5.0, axis, tracks, tuple(said))


def _frames(table: Columns) -> Array | None:
    """Frame of each row; None for pictures. Where the column was dropped and no faces are numbered, rows are frames."""
    if "frame" in table.numbers or {"face", "face_id", "timestamp"} & {*table.names}:
        return table.numbers.get("frame")
    return np.arange(1.0, table.n_rows + 1, dtype=np.float64)


def _labels(table: Columns, times: Array) -> tuple[Sequence[object], list[str]]:
    """Face of each row; without ``face_id``, the place of the row among those of its frame."""
    numbers = table.numbers.get("face_id", table.numbers.get("face"))
    if numbers is not None and not np.isnan(numbers).all():
        return [f"{number:g}" for number in np.nan_to_num(numbers, nan=0.0)], []
    seen: dict[float, int] = {}
    labels = []
    for time in times.tolist():
        labels.append(seen.get(time, 0))
        seen[time] = labels[-1] + 1
    several = max(labels, default=0) > 0
    return labels, ["several rows per frame and no face_id: faces are told apart by their order"] if several else []


def _action_units(table: Columns) -> tuple[dict[str, Array], dict[str, Array], list[str]]:
    """Intensities 0-5, presences of units without intensity, and notes."""
    raw: dict[str, dict[str, Array]] = {"r": {}, "c": {}}
    for name, column in table.numbers.items():
        match = _ACTION_UNIT.fullmatch(name)
        if match is not None and int(match[1]) and not np.isnan(column).all():
            raw[match[2]][f"AU{int(match[1])}"] = column
    tracked = ~_untracked(table)
    seen, notes = to_scale({code: np.where(tracked, curve, np.nan) for code, curve in raw["r"].items()}, 5.0)
    presence = {
        code: np.where(np.isnan(curve), np.nan, (curve > 0.5).astype(np.float64))
        for code, curve in raw["c"].items()
        if code not in seen
    }
    return seen, presence, notes


def _untracked(table: Columns) -> npt.NDArray[np.bool_]:
    """Rows that OpenFace itself does not trust, the all-zero rows of unused face numbers among them."""
    untracked = np.zeros(table.n_rows, np.bool_)
    if (success := table.numbers.get("success")) is not None:
        untracked |= ~(success > 0.5)
    if (confidence := table.numbers.get("confidence")) is not None:
        # An export in percent is as good as one in shares.
        untracked |= ~(confidence >= LEAST_CONFIDENCE * _percent(confidence))
    return untracked


def _repeats_success(table: Columns) -> bool:
    """Whether confidence is only 0 and 1, as in tables that were not written by a tracker: it then tells nothing."""
    confidence = table.numbers.get("confidence")
    return confidence is not None and bool(np.isin(confidence[~np.isnan(confidence)], (0.0, 1.0)).all())


def _percent(confidence: Array) -> float:
    return 100.0 if np.nanmax(confidence, initial=0.0) > 1.5 else 1.0


def _track(
    table: Columns,
    label: str,
    rows: npt.NDArray[np.int64],
    intensity: Mapping[str, Array],
    presence: Mapping[str, Array],
) -> FaceTrack:
    tracked = (rows >= 0) & ~_untracked(table)[rows]
    confidence = table.numbers.get("confidence", np.empty(0))
    if _repeats_success(table):
        confidence = np.empty(0)
    share = pick(confidence / _percent(confidence), rows)

    def where_tracked(columns: Mapping[str, Array]) -> dict[str, Array]:
        return {code: np.where(tracked, pick(column, rows), np.nan) for code, column in columns.items()}

    return FaceTrack(
        label,
        tracked,
        np.clip(share, 0.0, 1.0),
        where_tracked(intensity),
        where_tracked(presence),
        where_tracked(_angles_deg(table)),
    )


def _angles_deg(table: Columns) -> dict[str, Array]:
    """Angles of head and eyes in degrees; the eyes' relative to the head."""
    numbers = table.numbers
    if any(name not in numbers or np.nanmax(np.abs(numbers[name]), initial=0.0) > 2 * np.pi for name in _POSE):
        return {}
    pose = np.stack([numbers[name] for name in _POSE])
    pitch, yaw, roll = -np.degrees(pose)
    angles = {"yaw": yaw, "pitch": pitch, "roll": roll}
    if all(name in numbers and np.nanmax(np.abs(numbers[name]), initial=0.0) <= np.pi for name in _GAZE):
        looking = np.einsum("nji,nj->ni", _rotations(pose), _directions(*(numbers[name] for name in _GAZE)))
        angles["gaze_yaw"] = np.degrees(np.arctan2(looking[:, 0], -looking[:, 2]))
        angles["gaze_pitch"] = np.degrees(np.arctan2(-looking[:, 1], np.hypot(looking[:, 0], looking[:, 2])))
    return angles


def _rotations(pose: Array) -> Array:
    """Rotation matrices (n, 3, 3) of OpenFace's Euler angles (3, n): R = Rx Ry Rz."""
    (sx, sy, sz), (cx, cy, cz) = np.sin(pose), np.cos(pose)
    rows = [
        [cy * cz, -cy * sz, sy],
        [cx * sz + cz * sx * sy, cx * cz - sx * sy * sz, -cy * sx],
        [sx * sz - cx * cz * sy, cz * sx + cx * sy * sz, cx * cy],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def _directions(angle_x: Array, angle_y: Array) -> Array:
    """Turn OpenFace's gaze angles, atan2(x, -z) and atan2(y, -z), into unit vectors (n, 3) in the camera's axes."""
    vectors = np.stack([np.tan(angle_x), np.tan(angle_y), -np.ones_like(angle_x)], axis=1)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), np.float64)


def _about(
    table: Columns, tracks: Sequence[FaceTrack], rows: Mapping[str, object], presence: Mapping[str, Array]
) -> Iterator[str]:
    """Say what else a user should know of this table."""
    if len(rows) > len(tracks):
        yield f"{len(rows) - len(tracks)} of {len(rows)} face numbers were never tracked and are left out"
    if len(tracks) > 1:
        yield "a face_id is a slot of OpenFace's tracker: after a loss it may hold another person"
    if presence:
        codes = ", ".join(sorted(presence, key=lambda code: int(code[2:])))
        yield f"{codes}: presence only, the table has no intensity"
    if _repeats_success(table):
        yield "confidence is only 0 and 1 and tells no more than success: cues have none"
    if not any(_ACTION_UNIT.fullmatch(name) for name in table.names):
        yield "the table has no action units"
    has_pose = all(name in table.numbers for name in _POSE)
    if has_pose and not _angles_deg(table):
        yield "pose_R values beyond a full turn are no radians and are left out"
    elif not has_pose:
        missing = "no head pose" if not any(name in table.numbers for name in _GAZE) else "no head pose, and gaze is"
        yield f"{missing} relative to the camera without it" if missing.endswith("is") else missing


@dataclass(frozen=True, slots=True)
class _Face:
    subject: str | None
    number: int
    curves: Mapping[tuple[str, str], Mapping[float, float]]
    spans: Mapping[str, list[tuple[float, float]]]

    def at(self, modality: str, code: str, time_s: float) -> float | None:
        return self.curves.get((modality, code), {}).get(time_s)


def write_openface(curves: Sequence[Curve], cues: Sequence[Cue], file: IO[str]) -> tuple[str, ...]:
    """Write face, head and gaze curves as an OpenFace-style frame table.

    One row per frame and measured face; a frame without any has one row with ``success`` 0 and zeros, as OpenFace
    writes it. ``AU12_c`` is 1 within the present cues of AU12.

    Parameters
    ----------
    curves : sequence of Curve
        Of one clip; other modalities are left out.
    cues : sequence of Cue
        Of the same clip.
    file : text file

    Returns
    -------
    tuple of str
        What the table does not hold.

    Raises
    ------
    RecordError
        There are no face curves.
    """
    own = [curve for curve in curves if curve.modality in ("face", "head", "gaze") and curve.subject is not None]
    times = sorted({time for curve in own for time in curve.times_s})
    codes = sorted({code for curve in own if (code := _code(curve)) is not None}, key=lambda code: int(code[2:]))
    if not times:
        raise RecordError(
            "there are no face curves to write; extract them with `emoreason cues CLIP --out DIR --curves`"
        )
    faces = [_face(subject, number, own, cues) for number, subject in enumerate(_subjects(own))]
    present = sorted({*codes, *(code for face in faces for code in face.spans)}, key=lambda code: int(code[2:]))
    header = ["frame", "face_id", "timestamp", "confidence", "success", *_GAZE, *_POSE]
    header += [f"AU{int(code[2:]):02d}_r" for code in codes] + [f"AU{int(code[2:]):02d}_c" for code in present]
    rows = csv.writer(file, lineterminator="\n")
    rows.writerow(header)
    for frame, time_s in enumerate(times, start=1):
        measured = [face for face in faces if _is_measured(face, codes, time_s)]
        for face in measured:
            rows.writerow([frame, face.number, f"{time_s:.4f}", 1, 1, *_row(face, codes, present, time_s)])
        if not measured:
            rows.writerow([frame, 0, f"{time_s:.4f}", 0, 0, *[0] * (len(header) - 5)])
    return (NOT_WRITTEN,)


def _code(curve: Curve) -> str | None:
    parsed = parse_action_unit(curve.code) if curve.modality == "face" and curve.unit == "0-5" else None
    return parsed[0] if parsed is not None else None


def _subjects(curves: Sequence[Curve]) -> list[str | None]:
    return list(dict.fromkeys(curve.subject for curve in curves))


def _face(subject: str | None, number: int, curves: Sequence[Curve], cues: Sequence[Cue]) -> _Face:
    values: dict[tuple[str, str], dict[float, float]] = {}
    for curve in curves:
        if curve.subject == subject:
            known = ((t, v) for t, v in zip(curve.times_s, curve.values, strict=True) if v is not None)
            values[curve.modality, _code(curve) or curve.code] = dict(known)
    spans: dict[str, list[tuple[float, float]]] = {}
    for cue in cues:
        parsed = parse_action_unit(cue.code) if cue.modality == "face" and cue.subject == subject else None
        if parsed is not None and cue.state == "present" and cue.start_s is not None and cue.end_s is not None:
            spans.setdefault(parsed[0], []).append((cue.start_s, cue.end_s))
    return _Face(subject, number, values, spans)


def _is_measured(face: _Face, codes: Sequence[str], time_s: float) -> bool:
    return any(face.at("face", code, time_s) is not None for code in codes) or (
        not codes and face.at("head", "yaw", time_s) is not None
    )


def _row(face: _Face, codes: Sequence[str], present: Sequence[str], time_s: float) -> Iterator[str]:
    pitch, yaw, roll = (-np.radians(face.at("head", axis, time_s) or 0.0) for axis in ("pitch", "yaw", "roll"))
    yield from (f"{angle:.4f}" for angle in (*_gaze_angles(face, time_s, (pitch, yaw, roll)), pitch, yaw, roll))
    yield from (f"{face.at('face', code, time_s) or 0.0:.3f}" for code in codes)
    for code in present:
        yield str(int(any(start <= time_s <= end for start, end in face.spans.get(code, ()))))


def _gaze_angles(face: _Face, time_s: float, pose: tuple[float, float, float]) -> tuple[float, float]:
    """Gaze with respect to the camera, as OpenFace has it, from gaze in the head."""
    yaw, pitch = (np.radians(face.at("gaze", axis, time_s) or 0.0) for axis in ("yaw", "pitch"))
    in_head = np.array([np.cos(pitch) * np.sin(yaw), -np.sin(pitch), -np.cos(pitch) * np.cos(yaw)])
    x, y, z = _rotations(np.array(pose)[:, None])[0] @ in_head
    return float(np.arctan2(x, -z)), float(np.arctan2(y, -z))
