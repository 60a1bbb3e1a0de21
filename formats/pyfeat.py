"""py-feat tables (``Fex.to_csv`` of ``Detector`` and of py-feat 2's ``Detectorv1`` and ``Detectorv2``), read only.

Columns as py-feat 0.3 to 2.1 writes them: ``FaceRectX`` … ``FaceScore``, ``AU01`` … ``AU43`` between 0 and 1,
``Pitch``, ``Roll``, ``Yaw``, emotion columns, ``input``, ``frame`` from 0, ``approx_time`` as ``mm:ss``, ``Identity``.

What is not taken, and why: a tool's emotion columns are a guess about the answer, not an observation; identity
embeddings recognise people; head angles in radians come from several of py-feat's models whose axes differ.
"""

import re
from collections.abc import Sequence
from typing import IO, Final

import numpy as np
import numpy.typing as npt

from ..errors import RecordError
from .delimited import Columns, read_columns
from .face_table import FaceTable, FaceTrack, frame_times, in_order, lay_out, pick, to_scale

Array = npt.NDArray[np.float64]

#: Detections with a lower score are not tracked.
LEAST_SCORE: Final = 0.5
#: A face keeps its number while its box overlaps the last one by this much (intersection over union), this long.
LEAST_OVERLAP: Final = 0.3
LONGEST_ABSENCE_S: Final = 1.0

_ACTION_UNIT: Final = re.compile(r"AU(\d{1,2})")
_BOX: Final = ("FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight")
_POSE: Final = ("Pitch", "Roll", "Yaw")
_MARKS_OF_FEX: Final = frozenset((*_BOX, "FaceScore", *_POSE, "approx_time"))
_EMOTIONS: Final = frozenset(
    (
        *("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral"),
        *("happy", "sad", "angry", "contempt", "valence", "arousal"),
    )
)
_WORDS: Final = frozenset(("approx_time", "Identity"))
_CLOCK: Final = re.compile(r"(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)")


def is_pyfeat(names: Sequence[str]) -> bool:
    """Whether these column names are those of a py-feat table."""
    return any(_ACTION_UNIT.fullmatch(name) for name in names) and not _MARKS_OF_FEX.isdisjoint(names)


def read_pyfeat(file: IO[bytes], fps: float | None = None) -> FaceTable:
    """Read a py-feat table.

    Parameters
    ----------
    file : binary file
    fps : float, optional
        Frame rate of the recording; without it the table's own ``approx_time`` gives it, to about a second.

    Raises
    ------
    RecordError
        It is no py-feat table, or cannot be read; one line without the file's name.
    """
    wanted = frozenset(("frame", "FaceScore", *_BOX, *_POSE))
    table = read_columns(file, lambda name: name in wanted or _ACTION_UNIT.fullmatch(name) is not None, words=_WORDS)
    if not is_pyfeat(table.names):
        raise RecordError("is no py-feat table: it has no columns such as AU12 and FaceScore")
    if not table.n_rows:
        raise RecordError("has a header but no rows")
    rate, assumed = (fps, []) if fps is not None else _rate(table)
    times, notes = frame_times(table.n_rows, table.numbers.get("frame"), None, rate, first_frame=0)
    labels, telling = _labels(table, times)
    axis, rows, repairs = lay_out(times, labels)
    curves, binary, scaling = _action_units(table)
    angles, posing = _angles_deg(table)
    tracked = _tracked(table)

    def track(label: str, at: npt.NDArray[np.int64]) -> FaceTrack:
        here = (at >= 0) & tracked[at]
        score = table.numbers.get("FaceScore", np.empty(0))
        parts = (
            {name: np.where(here, pick(column, at), np.nan) for name, column in columns.items()}
            for columns in ((curves, {}) if not binary else ({}, curves))
        )
        intensity, presence = parts
        head = {name: np.where(here, pick(column, at), np.nan) for name, column in angles.items()}
        return FaceTrack(label, here, np.clip(pick(score, at), 0.0, 1.0), intensity, presence, head)

    tracks = in_order([track(label, at) for label, at in rows.items()])
    said = [*table.notes, *(assumed or notes), *telling, *repairs, *scaling, *posing, *_left_out(table)]
    return FaceTable("pyfeat", 1.0, axis, tracks, tuple(said))


def _rate(table: Columns) -> tuple[float | None, list[str]]:
    """Frame rate as the clock column tells it; the clock has whole seconds, so the longest stretch is used."""
    frames = table.numbers.get("frame")
    clock = table.words.get("approx_time")
    if frames is None or clock is None:
        return None, []
    seconds = np.array([_seconds(text) for text in clock])
    known = ~np.isnan(seconds) & ~np.isnan(frames)
    if not known.any() or np.ptp(seconds[known]) < 1.0 or np.ptp(frames[known]) < 1.0:
        return None, []
    # The first frame of each second is where the clock has just moved on.
    firsts = [float(frames[known & (seconds == second)].min()) for second in np.unique(seconds[known])]
    moments = np.unique(seconds[known])
    steady = slice(1, None) if len(firsts) > 2 else slice(None)
    rate = float(np.polyfit(moments[steady], firsts[steady], 1)[0]) if len(moments[steady]) > 1 else 0.0
    if not 0.5 <= rate <= 400.0:
        return None, []
    return rate, [
        f"times are frame numbers at {rate:.4g} frames per second, estimated from approx_time (whole seconds)"
    ]


def _seconds(text: str) -> float:
    match = _CLOCK.fullmatch(text.strip())
    return float("nan") if match is None else int(match[1] or 0) * 3600 + int(match[2]) * 60 + float(match[3])


def _labels(table: Columns, times: Array) -> tuple[Sequence[object], list[str]]:
    """Face of each row: py-feat's label where it has told people apart, else by how the boxes overlap."""
    names = table.words.get("Identity")
    if names is not None and all(names) and len(set(names)) > 1:
        return names, ["faces are told apart by py-feat's Identity labels; its embeddings are not read"]
    if len(np.unique(times)) == len(times):
        return ["0"] * len(times), []
    if any(name not in table.numbers for name in _BOX):
        return _by_order(times), ["several rows per frame and no face boxes: faces are told apart by their order"]
    boxes = np.stack([table.numbers[name] for name in _BOX], axis=1)
    return _by_overlap(times, boxes), ["faces are told apart by how their boxes overlap from frame to frame"]


def _by_order(times: Array) -> list[int]:
    seen: dict[float, int] = {}
    labels = []
    for time in times.tolist():
        labels.append(seen.get(time, 0))
        seen[time] = labels[-1] + 1
    return labels


def _by_overlap(times: Array, boxes: Array) -> list[int]:
    """Tell by number which face each row is; greedy, the best overlap first."""
    labels = [-1] * len(times)
    last: list[tuple[float, Array]] = []
    for time in np.unique(times[~np.isnan(times)]).tolist():
        rows = np.flatnonzero(times == time).tolist()
        alive = [face for face, (seen, _) in enumerate(last) if time - seen <= LONGEST_ABSENCE_S]
        pairs = sorted(
            ((_overlap(last[face][1], boxes[row]), row, face) for row in rows for face in alive), reverse=True
        )
        taken: set[int] = set()
        for overlap, row, face in pairs:
            if overlap >= LEAST_OVERLAP and labels[row] < 0 and face not in taken:
                labels[row] = face
                taken.add(face)
        for row in rows:
            if labels[row] < 0:
                labels[row] = len(last)
                last.append((time, boxes[row]))
            else:
                last[labels[row]] = (time, boxes[row])
    return labels


def _overlap(one: Array, other: Array) -> float:
    """Intersection over union of two boxes (left, top, width, height); 0 where one is not known."""
    sides = np.minimum(one[:2] + one[2:], other[:2] + other[2:]) - np.maximum(one[:2], other[:2])
    inside = float(np.prod(np.clip(sides, 0.0, None)))
    union = float(one[2] * one[3] + other[2] * other[3]) - inside
    return inside / union if union > 0 and np.isfinite(union) else 0.0


def _tracked(table: Columns) -> npt.NDArray[np.bool_]:
    """Rows with a face: py-feat leaves cells empty where it found none."""
    codes = [name for name in table.numbers if _ACTION_UNIT.fullmatch(name)]
    found = ~np.all([np.isnan(table.numbers[name]) for name in codes], axis=0)
    score = table.numbers.get("FaceScore")
    if score is not None and not np.isnan(score).all():
        found &= score >= LEAST_SCORE
    return np.asarray(found, np.bool_)


def _action_units(table: Columns) -> tuple[dict[str, Array], bool, list[str]]:
    """Curves 0-1, whether they are only 0 and 1, and notes."""
    raw = {
        f"AU{int(match[1])}": column
        for name, column in table.numbers.items()
        if (match := _ACTION_UNIT.fullmatch(name)) is not None and int(match[1]) and not np.isnan(column).all()
    }
    curves, notes = to_scale(raw, 1.0)
    values = np.unique(np.concatenate([curve[~np.isnan(curve)] for curve in curves.values()] or [np.empty(0)]))
    # A few rows can be 0 and 1 by chance.
    binary = table.n_rows >= 2 and np.isin(values, (0.0, 1.0)).all() and len(values) > 0
    if binary:
        notes.append("action units are only 0 and 1 (py-feat's svm model): taken as presence, without intensity")
    return curves, bool(binary), notes


def _angles_deg(table: Columns) -> tuple[dict[str, Array], list[str]]:
    """Head angles of the tables that have them in degrees, signs as py-feat draws them."""
    if any(name not in table.numbers for name in _POSE):
        return {}, ["no head pose"]
    pitch, roll, yaw = (table.numbers[name] for name in _POSE)
    largest = float(np.nanmax(np.abs([pitch, roll, yaw]), initial=0.0))
    six = {"X", "Y", "Z"} <= {*table.names}
    if largest > 180.0 or (largest <= np.pi and six):
        return {}, ["head angles are left out: their axes and signs differ between py-feat's models"]
    return {"pitch": pitch, "yaw": -yaw, "roll": -roll}, []


def _left_out(table: Columns) -> list[str]:
    guesses = [name for name in table.names if name.lower() in _EMOTIONS]
    said = [f"py-feat's own emotion columns ({', '.join(guesses)}) are not read: a guess is no cue"] if guesses else []
    if any(name.startswith("gaze_") for name in table.names):
        said.append("gaze columns are left out: their axes differ between py-feat's models")
    return said
