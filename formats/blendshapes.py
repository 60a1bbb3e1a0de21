"""Face blendshapes as JSON (MediaPipe FaceLandmarker, ARKit and what imitates it), read only.

Understood, one entry per frame, as a list or under a key such as ``frames``, or as JSON Lines:

* ``{"timestamp_ms": 40, "faceBlendshapes": [{"categories": [{"categoryName": "jawOpen", "score": 0.1}, …]}, …]}``
  (the JavaScript result; one entry of the list per face), ``face_blendshapes`` with ``category_name`` (Python);
* ``[{"categoryName": "jawOpen", "score": 0.1}, …]``;
* ``{"timestamp_ms": 40, "jawOpen": 0.1, …}`` or with the coefficients under ``blendshapes`` (ARKit).

Correspondence of blendshapes and action units: py-feat 2.1, ``feat/utils/region_maps.py`` (MIT), which rests on FACS
and on M. Ozel's "ARKit to FACS cheat sheet"; ``mouthPress`` (AU24) from the comments there. A coefficient tells how
far a shape is moved, 0-1, on its network's own scale: it is no FACS intensity.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any, Final

import numpy as np
import numpy.typing as npt

from ..errors import RecordError
from .face_table import MAX_TIME_S, FaceTable, FaceTrack, frame_times, in_order, lay_out, to_scale

Array = npt.NDArray[np.float64]

#: Larger files are refused: an hour of one face at 30 frames a second takes about 300 MB of JSON.
MAX_BYTES: Final = 512 << 20
#: Ten hours at 30 frames a second.
MAX_FRAMES: Final = 1_100_000

#: Action unit -> its blendshapes; ``*`` stands for Left and Right, whose larger one counts.
ACTION_UNITS: Final[Mapping[str, tuple[str, ...]]] = {
    "AU1": ("browInnerUp",),
    "AU2": ("browOuterUp*",),
    "AU4": ("browDown*",),
    "AU5": ("eyeWide*",),
    "AU6": ("cheekSquint*",),
    "AU7": ("eyeSquint*",),
    "AU9": ("noseSneer*",),
    "AU10": ("mouthUpperUp*",),
    "AU12": ("mouthSmile*",),
    "AU14": ("mouthDimple*",),
    "AU15": ("mouthFrown*",),
    "AU16": ("mouthLowerDown*",),
    "AU17": ("mouthShrugLower",),
    "AU18": ("mouthPucker",),
    "AU20": ("mouthStretch*",),
    "AU22": ("mouthFunnel",),
    "AU24": ("mouthPress*",),
    "AU26": ("jawOpen",),
    "AU45": ("eyeBlink*",),
}
#: Blendshape (in lower case, without underlines) -> its action unit.
_UNIT_OF: Final = {
    name.replace("*", side).lower(): code
    for code, names in ACTION_UNITS.items()
    for name in names
    for side in (("Left", "Right") if "*" in name else ("",))
}
#: Keys under which frames, faces and coefficients are found.
_FRAMES: Final = ("frames", "results", "data", "blendshapes_per_frame")
_FACES: Final = ("faceBlendshapes", "face_blendshapes", "blendshapes", "blendShapes", "categories", "coefficients")
#: Key of a frame's time -> how many of its units make a second.
_TIMES: Final = {
    "timestamp_ms": 1e3,
    "timestampMs": 1e3,
    "time_ms": 1e3,
    "timestamp_s": 1.0,
    "time_s": 1.0,
    "timestamp": 1.0,
    "time": 1.0,
}
_NUMBERS: Final = ("frame", "frame_index", "index")


def read_blendshapes(file: IO[bytes], fps: float | None = None) -> FaceTable:
    """Read blendshapes of a recording.

    Parameters
    ----------
    file : binary file
    fps : float, optional
        Frame rate of the recording, for files without timestamps.

    Raises
    ------
    RecordError
        It is no such JSON, or too large; one line without the file's name.
    """
    frames = _frames(_value(file))
    if len(frames) > MAX_FRAMES:
        raise RecordError(f"has more than {MAX_FRAMES} frames; cut it into shorter recordings")
    faces = [list(_faces(frame)) for frame in frames]
    if not any(_codes(face) for found in faces for face in found):
        raise RecordError(
            "holds no blendshapes: expected a list of frames with coefficients such as jawOpen "
            '({"timestamp_ms": 40, "faceBlendshapes": [...]})'
        )
    times, notes = _times(frames, fps)
    flat = [(index, place, face) for index, found in enumerate(faces) for place, face in enumerate(found)]
    axis, rows, repairs = lay_out(times[[index for index, _, _ in flat]], [place for _, place, _ in flat])
    known = sorted({code for _, _, face in flat for code in _codes(face)}, key=lambda code: int(code[2:]))
    columns = {code: np.full(len(flat), np.nan) for code in known}
    for row, (_, _, face) in enumerate(flat):
        for code, value in _codes(face).items():
            columns[code][row] = value
    curves, scaling = to_scale(columns, 1.0)
    # Frames without a face belong on the axis too.
    axis_all = np.unique(times[(times >= 0) & (times <= MAX_TIME_S)])
    places = np.searchsorted(axis_all, axis)
    tracks = in_order([_track(label, at, places, len(axis_all), curves) for label, at in rows.items()])
    more = ["a face's place in the list need not be the same person in every frame"] if len(rows) > 1 else []
    about = "coefficients 0-1 are how far a shape is moved, read as action units by a published table"
    return FaceTable("blendshapes", 1.0, axis_all, tracks, (about, *notes, *repairs, *scaling, *more))


def _value(file: IO[bytes]) -> Any:
    file.seek(0)
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise RecordError(f"is larger than {MAX_BYTES >> 20} MiB; expected blendshapes of one recording")
    try:
        text = data.decode("utf-8-sig")
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            lines = [line for line in text.splitlines() if line.strip()]
            if len(lines) < 2:
                raise
            return [json.loads(line) for line in lines]
    except UnicodeDecodeError as error:
        raise RecordError(f"is not UTF-8 text ({error.reason})") from error
    except (ValueError, RecursionError) as error:
        raise RecordError(f"is not JSON ({str(error)[:120]}); expected a list of frames") from error


def _frames(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        inside = next((value[key] for key in _FRAMES if isinstance(value.get(key), list)), None)
        return list(inside) if inside is not None else [value]
    if isinstance(value, list):
        # A single frame: the bare list of one face's categories.
        return [value] if value and all(_is_category(item) for item in value) else value
    raise RecordError("is JSON, but no list of frames")


def _is_category(item: Any) -> bool:
    return isinstance(item, Mapping) and _name(item) is not None and _number(item.get("score")) is not None


def _name(item: Mapping[Any, Any]) -> str | None:
    name = item.get("categoryName", item.get("category_name", item.get("name")))
    return name if isinstance(name, str) else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if np.isfinite(number) else None


def _faces(frame: Any, depth: int = 0) -> Iterator[Mapping[str, float]]:
    """Yield the faces of one frame, each as blendshape -> coefficient."""
    if depth > 4:
        return
    if isinstance(frame, list):
        if frame and all(_is_category(item) for item in frame):
            yield {str(_name(item)): float(_number(item["score"]) or 0.0) for item in frame}
        else:
            for item in frame:
                yield from _faces(item, depth + 1)
    elif isinstance(frame, Mapping):
        inside = next((frame[key] for key in _FACES if isinstance(frame.get(key), list | Mapping)), None)
        if inside is not None:
            yield from _faces(inside, depth + 1)
        else:
            named = {str(key): number for key, value in frame.items() if (number := _number(value)) is not None}
            if any(_plain(name) in _UNIT_OF for name in named):
                yield named


def _plain(name: str) -> str:
    """``browInnerUp``, ``BrowInnerUp``, ``brow_inner_up`` and ``browDown_L`` are one spelling."""
    plain = re.sub(r"_L$", "Left", re.sub(r"_R$", "Right", name))
    return plain.replace("_", "").lower()


def _codes(face: Mapping[str, float]) -> dict[str, float]:
    """Read the action units of one face in one frame; of two sides the stronger one counts."""
    found: dict[str, float] = {}
    for name, value in face.items():
        code = _UNIT_OF.get(_plain(name))
        if code is not None:
            found[code] = max(found.get(code, value), value)
    return found


def _times(frames: Sequence[Any], fps: float | None) -> tuple[Array, list[str]]:
    """Time of each frame."""
    stamps = np.array([_stamp(frame) for frame in frames])
    numbers = np.array([_frame_number(frame, index) for index, frame in enumerate(frames)])
    return frame_times(len(frames), numbers, None if np.isnan(stamps).all() else stamps, fps, first_frame=0)


def _stamp(frame: Any) -> float:
    if isinstance(frame, Mapping):
        for key, per_second in _TIMES.items():
            number = _number(frame.get(key))
            if number is not None:
                return number / per_second
    return float("nan")


def _frame_number(frame: Any, index: int) -> float:
    if isinstance(frame, Mapping):
        for key in _NUMBERS:
            number = _number(frame.get(key))
            if number is not None:
                return number
    return float(index)


def _track(
    label: str, rows: npt.NDArray[np.int64], places: npt.NDArray[np.int64], length: int, curves: Mapping[str, Array]
) -> FaceTrack:
    """Lay one face's rows on the axis of all frames."""
    here = np.full(length, -1, np.int64)
    here[places] = rows
    values = {code: np.where(here >= 0, curve[here], np.nan) for code, curve in curves.items()}
    return FaceTrack(label, here >= 0, np.full(length, np.nan), values)
