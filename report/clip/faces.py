"""Who is where in a clip: faces numbered as the face extractor numbers them, and everything else that may be a face."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Final

import numpy as np
import numpy.typing as npt

from ...cues.extractor import Frame, Job
from ...cues.face import FaceExtractor
from ...cues.face.detect import MIN_SCORE, Detection, decode, letterbox, overlap
from ...cues.face.mesh import MeshFitter, Region
from ...cues.face.network import Network
from ...records import Clip
from .blur import Box, HiddenAreas

Picture = npt.NDArray[np.uint8]

#: A face to be blurred may look less like one than a face to be measured; this often it is looked for everywhere.
LOW_SCORE: Final = 0.4
#: In parts and turned pictures the detector errs more often: below this the mesh network must see a face as well.
SURE_SCORE: Final = 0.75
SWEEP_EVERY_S: Final = 0.4
#: Parts per axis in which small faces are looked for, and how far they reach into their neighbours. A single picture
#: is looked at more closely.
_PARTS: Final = (2,)
_PICTURE_PARTS: Final = (2, 3)
_REACH: Final = 0.25
#: Two boxes that share this much are the same face.
_SAME: Final = 0.3
#: From here on a second sighting of a face in one frame adds nothing to the first.
_DOUBLE: Final = 0.4


#: Left, top, right, bottom in pixels.
PixelBox = tuple[float, float, float, float]
#: Subject (None: seen too briefly to be counted) and place of a face that was followed.
Followed = tuple[str | None, PixelBox]


@dataclass(frozen=True, slots=True)
class SeenFace:
    """One face of one picture: whose (None: nobody's that was counted), box in pixels, mesh (468, 2) in pixels."""

    subject: str | None
    box: PixelBox
    mesh: npt.NDArray[np.float64] | None


class FaceWatch:
    """Follows the faces of a clip just as extraction does, so that its numbers are extraction's numbers.

    Raises ModelFileError or ImportError when the face models are missing.
    """

    def __init__(self, clip: Clip, threads: int = 1) -> None:
        self._extractor = FaceExtractor()
        self._extractor.begin(Job(clip, threads=threads))

    def see(self, frame: Frame) -> None:
        """Take the next frame."""
        self._extractor.see(frame)

    def boxes(self) -> dict[int, list[Followed]]:
        """Frame number -> (subject, box in pixels) of every face that was followed in it."""
        found: dict[int, list[Followed]] = {}
        for face in self._extractor.boxes():
            found.setdefault(face.frame, []).append((face.subject, face.box))
        return found


class Lookout:
    """Finds everything in a clip that may be a face, for blurring.

    Every frame is searched as a whole with a low score limit. Now and then it is also searched in overlapping parts,
    where small faces are larger, and lying on either side. What :class:`FaceWatch` follows comes on top.
    """

    def __init__(self, watch: FaceWatch) -> None:
        self._network = Network("face_detection_full_range")
        self._fitter = MeshFitter()
        self._watch = watch
        self._frames: list[tuple[float, tuple[int, int], list[Box]]] = []
        self._swept_s = -1e9

    def see(self, frame: Frame, *, picture: bool = False) -> None:
        """Search the next frame."""
        found = _Found(self._fitter)
        found.take(frame.image, _detections(self._network, frame.image, LOW_SCORE), LOW_SCORE)
        if frame.time_s - self._swept_s >= SWEEP_EVERY_S:
            self._swept_s = frame.time_s
            self._sweep(frame.image, _PICTURE_PARTS if picture else _PARTS, found)
        height, width = frame.image.shape[:2]
        self._frames.append((frame.time_s, (width, height), [_share(box, width, height) for box in found.boxes]))

    @property
    def times_s(self) -> list[float]:
        """Times of the frames that were searched."""
        return [time_s for time_s, _, _ in self._frames]

    def hidden(self) -> HiddenAreas:
        """Areas that must not be seen, once every frame has been searched."""
        followed = self._watch.boxes()
        return HiddenAreas(
            (time_s, boxes + [_share(box, *size) for _, box in followed.get(index, ())])
            for index, (time_s, size, boxes) in enumerate(self._frames)
        )

    def _sweep(self, image: Picture, parts: Sequence[int], found: "_Found") -> None:
        height, width = image.shape[:2]
        for count, (row, column) in ((n, place) for n in parts for place in product(range(n), repeat=2)):
            left, right = _part(column, count, width)
            top, bottom = _part(row, count, height)
            part = np.ascontiguousarray(image[top:bottom, left:right])
            place = partial(_moved, by=(left, top))
            found.take(part, _detections(self._network, part, LOW_SCORE), SURE_SCORE, place)
        for turns, place in ((1, partial(_turned_back, width=width)), (-1, partial(_turned_on, height=height))):
            turned = np.ascontiguousarray(np.rot90(image, turns))
            found.take(turned, _detections(self._network, turned, LOW_SCORE), SURE_SCORE, place)


class _Found:
    """What was found in one frame: sure detections, and unsure ones in which the mesh network sees a face too."""

    def __init__(self, fitter: MeshFitter) -> None:
        self.boxes: list[PixelBox] = []
        self._fitter = fitter

    def take(
        self,
        image: Picture,
        detections: Sequence[Detection],
        sure_score: float,
        place: Callable[[PixelBox], PixelBox] = lambda box: box,
    ) -> None:
        """Add what was found in a part of the frame; ``place`` tells where that is in the frame."""
        for detection in detections:
            box = place(detection.box)
            if self.boxes and (overlap(box, self.boxes) > _DOUBLE).any():
                continue
            if detection.score >= sure_score or self._is_face(image, detection):
                self.boxes.append(box)

    def _is_face(self, image: Picture, detection: Detection) -> bool:
        return self._fitter.find(image, Region.of_detection(detection)).certainty > 0


def _moved(box: PixelBox, by: tuple[int, int]) -> PixelBox:
    return box[0] + by[0], box[1] + by[1], box[2] + by[0], box[3] + by[1]


def _turned_back(box: PixelBox, width: int) -> PixelBox:
    """Place a box of a picture that was turned to the left."""
    return width - box[3], box[0], width - box[1], box[2]


def _turned_on(box: PixelBox, height: int) -> PixelBox:
    """Place a box of a picture that was turned to the right."""
    return box[1], height - box[2], box[3], height - box[0]


class Portraitist:
    """Fits the mesh to the faces of single pictures.

    Raises ModelFileError or ImportError when the face models are missing.
    """

    def __init__(self) -> None:
        self._network = Network("face_detection_full_range")
        self._fitter = MeshFitter()

    def faces(self, image: Picture, followed: Sequence[Followed] | None) -> list[SeenFace]:
        """Faces of one picture with their meshes.

        ``followed`` are those that :class:`FaceWatch` had there; without it, faces are detected and have no subject.
        """
        detections = _detections(self._network, image, MIN_SCORE)
        if followed is None:
            return [SeenFace(None, found.box, self._mesh(image, Region.of_detection(found))) for found in detections]
        return [SeenFace(subject, box, self._mesh(image, _region(box, detections))) for subject, box in followed]

    def _mesh(self, image: Picture, region: Region) -> npt.NDArray[np.float64] | None:
        mesh = self._fitter.find(image, region)
        return mesh.points[:, :2] if mesh.certainty > 0 else None


def _region(box: PixelBox, detections: Sequence[Detection]) -> Region:
    """Square to look for a followed face in; a detection also knows how the head is tilted."""
    shares = overlap(box, [found.box for found in detections]) if detections else np.zeros(0)
    if (shares > _SAME).any():
        return Region.of_detection(detections[int(np.argmax(shares))])
    x0, y0, x1, y1 = box
    return Region((x0 + x1) / 2, (y0 + y1) / 2, 1.5 * max(x1 - x0, y1 - y0), 0.0)


def _detections(network: Network, image: Picture, min_score: float) -> list[Detection]:
    tensor, scale, offset = letterbox(image)
    raw, logits = network.run(tensor)
    # The decoder knows one limit: moving the logits moves the limit, and the scores are moved back.
    shift = _logit(MIN_SCORE) - _logit(min_score)
    found = decode(raw.reshape(-1, 16), logits.reshape(-1) + np.float32(shift), scale, offset)
    return [replace(face, score=float(1 / (1 + np.exp(shift - _logit(face.score))))) for face in found]


def _logit(score: float) -> float:
    score = min(max(score, 1e-6), 1 - 1e-6)
    return float(np.log(score / (1 - score)))


def _part(number: int, count: int, length: int) -> tuple[int, int]:
    """First and last pixel of one of several overlapping parts of an axis."""
    size = length / count
    return max(0, int((number - _REACH) * size)), min(length, int(np.ceil((number + 1 + _REACH) * size)))


def _share(box: PixelBox, width: int, height: int) -> Box:
    x0, y0, x1, y1 = box
    return x0 / width, y0 / height, x1 / width, y1 / height
