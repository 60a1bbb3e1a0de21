"""The 468-point face mesh and where to look for it.

Points are in pixels of the picture (x right, y down, z away from the camera on the same scale). The network is not
quite equivariant: the same face, cut out a little differently, gives a slightly different mesh, and that difference
would read as movement under pan and zoom. The cut is therefore a function of the head's rigid pose alone (not of a
box around the points, which grows when the jaw drops), and each picture is fitted in two passes or more, so that
the last pass always sees the face upright, in the same place and at the same size.
Source: "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs" (arXiv 1907.06724).
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from .detect import Detection, Picture
from .network import Network
from .pose import Rigid, fit_head

INPUT_PX: Final = 192
#: Side of the cut in inter-ocular distances and its centre in the head frame (between forehead and chin): what
#: MediaPipe's own rule (1.5 times the box around the points) gives for the canonical face.
SIDE_IOD: Final = 4.2
CENTRE_IOD: Final = np.array([0.0, -0.51, 0.0])

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Region:
    """A square of the picture: centre and side in pixels, ``angle`` in radians (clockwise, as y points down)."""

    x: float
    y: float
    side: float
    angle: float

    @classmethod
    def of_detection(cls, detection: Detection) -> "Region":
        """Square around a detected face, turned upright by its eyes."""
        x0, y0, x1, y1 = detection.box
        dx, dy = detection.keypoints[1] - detection.keypoints[0]
        return cls((x0 + x1) / 2, (y0 + y1) / 2, 1.5 * max(x1 - x0, y1 - y0), float(np.arctan2(dy, dx)))

    @classmethod
    def of_head(cls, head: Rigid) -> "Region":
        """Square around a head whose pose is known."""
        x, y, _ = head.apply(CENTRE_IOD)
        across = head.rotation[:, 0]
        return cls(float(x), float(-y), SIDE_IOD * head.scale, float(np.arctan2(-across[1], across[0])))

    def to_picture(self) -> Array:
        """Affine (2, 3) from the network's square (0-192) to the picture."""
        scale = self.side / INPUT_PX
        cos, sin = scale * np.cos(self.angle), scale * np.sin(self.angle)
        half = INPUT_PX / 2
        return np.array(
            [[cos, -sin, self.x - (cos - sin) * half], [sin, cos, self.y - (sin + cos) * half]],
        )


@dataclass(frozen=True, slots=True)
class Mesh:
    """One fitted mesh.

    ``points`` float64 (468, 3) in pixels, the ``head`` pose, and ``presence``, how sure the network is (0-1) that a
    whole face is there.
    """

    points: Array
    head: Rigid
    presence: float


class MeshFitter:
    """Fits the mesh to one face."""

    def __init__(self) -> None:
        self._network = Network("face_landmark")

    def fit(self, image: Picture, region: Region, passes: int = 2) -> Mesh:
        """Mesh of the face in ``region``; each further pass cuts anew around the pose just found."""
        mesh = self._fit_once(image, region)
        for _ in range(passes - 1):
            mesh = self._fit_once(image, Region.of_head(mesh.head))
        return mesh

    def _fit_once(self, image: Picture, region: Region) -> Mesh:
        tensor = (cut(image, region, INPUT_PX).astype(np.float32) / 255.0)[None]
        raw, flag = self._network.run(tensor)
        points = raw.reshape(468, 3).astype(np.float64)
        to_picture = region.to_picture()
        points[:, :2] = points[:, :2] @ to_picture[:, :2].T + to_picture[:, 2]
        points[:, 2] *= region.side / INPUT_PX
        presence = 1.0 / (1.0 + np.exp(-float(flag.reshape(-1)[0])))
        return Mesh(points, fit_head(points), presence)


def cut(image: Picture, region: Region, size: int) -> Picture:
    """Cut a turned square out of a picture, ``size`` x ``size``, black outside the picture.

    Large faces are first shrunk by area averaging: sampling them directly would alias, and the mesh would tremble
    under a slow zoom.
    """
    import cv2

    affine = region.to_picture() * [[1, 1, 1]]
    affine[:, :2] *= INPUT_PX / size
    shrink = region.side / size
    if shrink > 1.3:
        reach = 0.5 * region.side * (abs(np.cos(region.angle)) + abs(np.sin(region.angle))) + 2
        height, width = image.shape[:2]
        left, top = max(0, int(region.x - reach)), max(0, int(region.y - reach))
        right, bottom = min(width, int(region.x + reach) + 1), min(height, int(region.y + reach) + 1)
        if right - left < 2 or bottom - top < 2:
            return np.zeros((size, size, 3), np.uint8)
        small = max(1, round((right - left) / shrink)), max(1, round((bottom - top) / shrink))
        image = np.asarray(cv2.resize(image[top:bottom, left:right], small, interpolation=cv2.INTER_AREA), np.uint8)
        ratio = np.array([small[0] / (right - left), small[1] / (bottom - top)])
        affine = np.concatenate([affine[:, :2], affine[:, 2:] - [[left], [top]]], axis=1) * ratio[:, None]
    # cv2 puts pixel centres on whole numbers, the networks' squares put them on halves
    affine[:, 2] += affine[:, :2].sum(axis=1) * 0.5 - 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(image, affine, (size, size), flags=flags), np.uint8)
