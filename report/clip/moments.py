"""Keyframes: which moments of a clip to show, the pictures there, and what is active on their faces."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from ...cues.extractor import Frame
from ...records import Cue, CueSet
from .faces import SeenFace
from .illustration import FaceArea, Keyframe, Region
from .regions import is_active, outlines

Picture = npt.NDArray[np.uint8]

MAX_KEYFRAMES: Final = 12
MAX_HEIGHT_PX: Final = 480
MAX_WIDTH_PX: Final = 1280
MAX_BYTES: Final = 60_000
MIME: Final = "image/webp"
#: A thumbnail fits into this many pixels (shown smaller, so that it is sharp on fine screens).
_THUMBNAIL_PX: Final = (128, 72)
_THUMBNAIL_QUALITY: Final = 60
#: Apexes closer together than this show the same moment.
_APART_S: Final = 0.5
_QUALITIES: Final = (82, 70, 55, 40, 25, 10)


def moments_of(cueset: CueSet, duration_s: float) -> list[float]:
    """Choose the times to show, in order: of the keyframe cues, else of the strongest action units, else the middle.

    Examples
    --------
    >>> from emoreason.records import Clip, Cue, CueSet
    >>> moments_of(CueSet(clip=Clip(id="a")), 4.0)
    [2.0]
    >>> cue = Cue(id="face1.AU12.1", modality="face", code="AU12", value=2.0, start_s=0.5, apex_s=1.0, end_s=2.0)
    >>> moments_of(CueSet(clip=Clip(id="a"), cues=(cue,)), 4.0)
    [1.0]
    """
    marked = {
        cue.start_s
        for cue in cueset.cues
        if cue.modality == "scene" and cue.code == "keyframe" and cue.start_s is not None
    }
    if marked:
        strongest = sorted(marked, key=lambda time_s: (-_expressiveness(cueset, time_s), time_s))
        return sorted(strongest[:MAX_KEYFRAMES])
    apexes: list[float] = []
    events = [cue for cue in cueset.cues if cue.modality == "face" and cue.state == "present" and cue.value is not None]
    for cue in sorted(events, key=lambda cue: -(cue.value or 0.0)):
        moment_s = cue.apex_s
        if moment_s is not None and all(abs(moment_s - other_s) >= _APART_S for other_s in apexes):
            apexes.append(moment_s)
    return sorted(apexes[:MAX_KEYFRAMES]) or [duration_s / 2]


def _expressiveness(cueset: CueSet, time_s: float) -> float:
    return sum(cue.value or 0.0 for cue in cueset.cues if is_active(cue, time_s, picture=False))


def keyframe_of(frame: Frame, image: Picture, faces: Sequence[SeenFace], cueset: CueSet, *, picture: bool) -> Keyframe:
    """Keyframe of one frame: a small picture, and as outlines beside it what is active on its faces.

    Parameters
    ----------
    frame : Frame
        What the faces were found in.
    image : uint8 (height, width, 3)
        What is shown: the frame's own picture, or that picture with blurred faces.
    faces : sequence of SeenFace
        Faces without a subject are passed over.
    picture : bool
        Whether the clip is a single picture.
    """
    data, width, height = _encoded(image)
    size = np.array([frame.image.shape[1], frame.image.shape[0]], np.float64)
    areas: list[FaceArea] = []
    regions: list[Region] = []
    for face in faces:
        if face.subject is None:
            continue
        areas.append(FaceArea(subject=face.subject, box=_box(face, size)))
        active = [cue for cue in cueset.cues if is_active(cue, frame.time_s, picture=picture)]
        own = [cue for cue in active if cue.subject in (face.subject, None)]
        regions += _regions(face, face.subject, own, size)
    return Keyframe(
        time_s=frame.time_s, mime=MIME, data=data, width=width, height=height,
        faces=tuple(areas), regions=tuple(regions),
    )  # fmt: skip


def thumbnail_of(keyframes: Sequence[Keyframe], images: Sequence[Picture]) -> bytes | None:
    """Small WebP of the keyframe on which most is active; ``images`` are what the keyframes show."""
    if not keyframes:
        return None
    chosen = max(range(len(keyframes)), key=lambda number: len(keyframes[number].regions))
    return webp(shrunk(images[chosen], *_THUMBNAIL_PX), _THUMBNAIL_QUALITY)


def _regions(face: SeenFace, subject: str, cues: Sequence[Cue], size: npt.NDArray[np.float64]) -> list[Region]:
    if face.mesh is None:
        return []
    points = np.clip(face.mesh[:, :2] / size, 0.0, 1.0).round(4)
    found = ((cue, outlines(points, cue.code, cue.side)) for cue in cues)
    return [Region(cue_id=cue.id, code=cue.code, subject=subject, outlines=shape) for cue, shape in found if shape]


def _box(face: SeenFace, size: npt.NDArray[np.float64]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = np.clip(np.array(face.box).reshape(2, 2) / size, 0.0, 1.0).round(4).reshape(-1).tolist()
    return x0, y0, x1, y1


def _encoded(image: Picture) -> tuple[bytes, int, int]:
    """WebP of at most :data:`MAX_HEIGHT_PX`, and about :data:`MAX_BYTES`."""
    data = b""
    image = shrunk(image, MAX_WIDTH_PX, MAX_HEIGHT_PX)
    for quality in _QUALITIES:
        data = webp(image, quality)
        if len(data) <= MAX_BYTES:
            break
    return data, image.shape[1], image.shape[0]


def shrunk(image: Picture, max_width_px: int, max_height_px: int) -> Picture:
    """Picture scaled down to fit, if need be."""
    import cv2

    height, width = image.shape[:2]
    scale = min(1.0, max_width_px / width, max_height_px / height)
    if scale == 1.0:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def webp(image: Picture, quality: int) -> bytes:
    """WebP of a uint8 RGB picture."""
    import cv2

    good, data = cv2.imencode(".webp", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_WEBP_QUALITY, quality])
    if not good:
        raise RuntimeError("OpenCV cannot write WebP")
    return data.tobytes()
