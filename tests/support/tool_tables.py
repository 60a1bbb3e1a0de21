"""Tables in the shape in which OpenFace, py-feat, MediaPipe and openSMILE write them, made from known curves."""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

Curve = Callable[[float], float]

#: Action units with intensity and with presence, in OpenFace 2.2's order.
INTENSITY = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
PRESENCE = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 28, 45)
#: OpenFace 2.2's header for everything it can write but the landmarks' 700 columns; each name has a blank before it.
OPENFACE_COLUMNS = (
    "frame", "face_id", "timestamp", "confidence", "success",
    "gaze_0_x", "gaze_0_y", "gaze_0_z", "gaze_1_x", "gaze_1_y", "gaze_1_z", "gaze_angle_x", "gaze_angle_y",
    "pose_Tx", "pose_Ty", "pose_Tz", "pose_Rx", "pose_Ry", "pose_Rz",
    *(f"{axis}_{number}" for axis in "xy" for number in range(68)),
    *(f"AU{number:02d}_r" for number in INTENSITY), *(f"AU{number:02d}_c" for number in PRESENCE),
)  # fmt: skip
#: py-feat 0.6's header without the landmarks.
PYFEAT_AUS = (1, 2, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 17, 20, 23, 24, 25, 26, 28, 43)
PYFEAT_COLUMNS = (
    "FaceRectX", "FaceRectY", "FaceRectWidth", "FaceRectHeight", "FaceScore", "Pitch", "Roll", "Yaw",
    *(f"AU{number:02d}" for number in PYFEAT_AUS),
    "anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral", "input", "frame", "approx_time",
)  # fmt: skip
EGEMAPS = {
    "F0semitoneFrom27.5Hz_sma3nz_amean": 34.375183,
    "F0semitoneFrom27.5Hz_sma3nz_stddevNorm": 0.11,
    "F0semitoneFrom27.5Hz_sma3nz_pctlrange0-2": 5.5,
    "loudness_sma3_amean": 0.3358,
    "spectralFlux_sma3_amean": 0.2,
    "jitterLocal_sma3nz_amean": 0.021,
    "shimmerLocaldB_sma3nz_amean": 1.1,
    "HNRdBACF_sma3nz_amean": 5.2,
    "alphaRatioV_sma3nz_amean": -12.5,
    "hammarbergIndexV_sma3nz_amean": 21.0,
    "spectralFluxV_sma3nz_amean": 0.4,
    "loudnessPeaksPerSec": 3.1,
    "VoicedSegmentsPerSec": 2.0,
    "equivalentSoundLevel_dBp": -24.0,
}


def bump(apex_s: float, height: float, width_s: float = 0.5) -> Curve:
    """Movement with its apex at a known moment; a tenth of its height is left 1.517 widths before and after it."""
    return lambda time_s: height * math.exp(-(((time_s - apex_s) / width_s) ** 2))


def times(duration_s: float, fps: float = 25.0) -> list[float]:
    """Moment of each frame."""
    return [frame / fps for frame in range(round(duration_s * fps))]


def openface_row(frame: int, time_s: float, curves: Mapping[str, Curve], **cells: object) -> dict[str, object]:
    """One row as OpenFace writes it; ``curves`` by column (``AU12_r``, ``pose_Ry``)."""
    row: dict[str, object] = dict.fromkeys(OPENFACE_COLUMNS, 0)
    row |= {"frame": frame, "timestamp": f"{time_s:.3f}", "confidence": 0.98, "success": 1, "pose_Tz": 520.3}
    row |= {column: f"{curve(time_s):.3f}" for column, curve in curves.items()}
    return row | cells


def openface_rows(curves: Mapping[str, Curve], duration_s: float = 6.0, fps: float = 25.0) -> list[dict[str, object]]:
    """Rows of one tracked face."""
    return [openface_row(n, t, curves) for n, t in enumerate(times(duration_s, fps), start=1)]


def write_table(
    path: Path, rows: Iterable[Mapping[str, object]], *, columns: Sequence[str] | None = None, separator: str = ", ",
    decimal: str = ".", encoding: str = "utf-8",
) -> Path:  # fmt: skip
    """Write rows under a header (by default the columns of the first row)."""
    rows = list(rows)
    names = list(rows[0]) if columns is None else list(columns)
    lines = [separator.join(names)]
    for row in rows:
        cells = (str(row.get(name, "")) for name in names)
        lines.append(
            separator.strip(" ").join(cell.replace(".", decimal) if decimal != "." else cell for cell in cells)
        )
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def pyfeat_row(frame: int, aus: Mapping[int, float], *, x: float = 100.0, score: float = 0.99, **cells: object) -> dict:
    """One row as py-feat writes it, its face at ``x``."""
    row: dict[str, object] = dict.fromkeys(PYFEAT_COLUMNS, 0.01)
    row |= {"FaceRectX": x, "FaceRectY": 80.0, "FaceRectWidth": 90.0, "FaceRectHeight": 120.0, "FaceScore": score}
    row |= {"Pitch": 4.1, "Roll": -1.9, "Yaw": 4.87, "happiness": 0.98, "input": "/data/clip.mp4", "frame": frame}
    row |= {f"AU{number:02d}": value for number, value in aus.items()}
    seconds = int(frame / 25.0)
    row["approx_time"] = f"{seconds // 60:02d}:{seconds % 60:02d}"
    return row | cells


def mediapipe_face(**scores: float) -> dict[str, object]:
    """One face of MediaPipe's JavaScript result."""
    named = {"_neutral": 0.0, "browInnerUp": 0.01, "jawOpen": 0.02, "mouthSmileLeft": 0.0, "mouthSmileRight": 0.0}
    categories = [
        {"index": index, "score": score, "categoryName": name, "displayName": ""}
        for index, (name, score) in enumerate((named | scores).items())
    ]
    return {"categories": categories, "headIndex": -1, "headName": ""}


def write_json(path: Path, value: object) -> Path:
    """Write a JSON value."""
    path.write_text(json.dumps(value), encoding="utf-8")
    return path
