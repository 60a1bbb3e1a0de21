"""Finding faces: MediaPipe's full-range detector (BlazeFace, one 48 x 48 layer of anchors).

Boxes and key points are in pixels of the picture, x to the right and y down; the picture's corner is (0, 0).
Source: "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs" (arXiv 1907.05047) and the full-range
model card; score limit and overlap limit are MediaPipe's own.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from .network import Network

INPUT_PX: Final = 192
GRID: Final = 48
MIN_SCORE: Final = 0.6
MAX_OVERLAP: Final = 0.3

Array = npt.NDArray[np.float32]
Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Detection:
    """One face found.

    ``box`` is (left, top, right, bottom); ``keypoints`` float32 (6, 2): right eye, left eye (of the person), nose
    tip, mouth, right ear, left ear; ``score`` 0-1.
    """

    box: tuple[float, float, float, float]
    keypoints: Array
    score: float


class FaceDetector:
    """Finds every face of a picture."""

    def __init__(self) -> None:
        self._network = Network("face_detection_full_range")

    def detect(self, image: Picture) -> list[Detection]:
        """Faces of one picture, the surest first.

        Parameters
        ----------
        image : uint8 (height, width, 3), RGB
        """
        tensor, scale, offset = letterbox(image)
        raw, logits = self._network.run(tensor)
        return decode(raw.reshape(-1, 16), logits.reshape(-1), scale, offset)


def letterbox(image: Picture) -> tuple[Array, float, tuple[float, float]]:
    """Fit a picture into the network's square, grey bars where it is not square.

    Returns
    -------
    (tensor, scale, offset)
        float32 (1, 192, 192, 3) in [-1, 1]; picture pixels per network pixel; the picture's corner in the square.
    """
    import cv2

    height, width = image.shape[:2]
    scale = max(height, width) / INPUT_PX
    size = max(1, round(width / scale)), max(1, round(height / scale))
    small = cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale > 1 else cv2.INTER_LINEAR)
    left, top = (INPUT_PX - size[0]) // 2, (INPUT_PX - size[1]) // 2
    tensor = np.zeros((1, INPUT_PX, INPUT_PX, 3), np.float32)
    tensor[0, top : top + size[1], left : left + size[0]] = small.astype(np.float32) / 127.5 - 1.0
    return tensor, scale, (float(left), float(top))


def decode(raw: Array, logits: Array, scale: float, offset: tuple[float, float]) -> list[Detection]:
    """Turn the network's numbers into faces: anchors, score limit, overlap removal.

    Parameters
    ----------
    raw : (2304, 16)
        Centre, size and six key points per anchor, in network pixels, relative to the anchor.
    logits : (2304,)
        Scores before the logistic function.
    scale, offset
        As :func:`letterbox` gave them.
    """
    scores = 1.0 / (1.0 + np.exp(-np.clip(logits, -80.0, 80.0)))
    keep = np.flatnonzero(scores >= MIN_SCORE)
    keep = keep[np.argsort(-scores[keep], kind="stable")]
    anchors = np.stack([keep % GRID, keep // GRID], axis=1).astype(np.float32)
    anchors = (anchors + 0.5) * (INPUT_PX / GRID)
    values = raw[keep].reshape(-1, 8, 2).astype(np.float32)
    points = values + anchors[:, None]
    points[:, 1] = values[:, 1]  # the size is not relative to the anchor
    return _merge(points, scores[keep], scale, np.asarray(offset, np.float32))


def _merge(points: Array, scores: npt.NDArray[np.floating], scale: float, offset: Array) -> list[Detection]:
    """Average overlapping candidates weighted by score (MediaPipe's weighted suppression): steadier than the best."""
    half = points[:, 1] / 2
    boxes = np.concatenate([points[:, 0] - half, points[:, 0] + half], axis=1)
    left = np.ones(len(points), bool)
    found = []
    for i in range(len(points)):
        if not left[i]:
            continue
        group = left & (overlap(boxes[i], boxes) > MAX_OVERLAP)
        group[i] = True
        left &= ~group
        weights = scores[group] / scores[group].sum()
        box = (np.einsum("n,nk->k", weights, boxes[group]).reshape(2, 2) - offset) * scale
        keypoints = (np.einsum("n,nkc->kc", weights, points[group][:, 2:]) - offset) * scale
        x0, y0, x1, y1 = (float(v) for v in box.reshape(-1))
        found.append(Detection((x0, y0, x1, y1), keypoints.astype(np.float32), float(scores[i])))
    return found


def overlap(box: npt.ArrayLike, others: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Intersection over union of one box (4,) with others (n, 4).

    Examples
    --------
    >>> overlap([0, 0, 2, 2], [[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6]]).round(3).tolist()
    [1.0, 0.333, 0.0]
    """
    a, b = np.asarray(box, np.float64), np.asarray(others, np.float64).reshape(-1, 4)
    low, high = np.maximum(a[:2], b[:, :2]), np.minimum(a[2:], b[:, 2:])
    shared = np.prod(np.clip(high - low, 0.0, None), axis=1)
    areas = np.prod(a[2:] - a[:2]) + np.prod(b[:, 2:] - b[:, :2], axis=1)
    return np.asarray(shared / np.maximum(areas - shared, 1e-9), np.float64)
