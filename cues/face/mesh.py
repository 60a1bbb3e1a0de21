"""The 468-point face mesh and where to look for it.

Points are in pixels of the picture (x right, y down, z away from the camera on the same scale). The network is not
quite equivariant: the same face, cut out a little differently, gives a slightly different mesh, and that difference
would read as movement under pan and zoom. The cut is therefore a function of the head's rigid pose alone (not of a
box around the points, which grows when the jaw drops), and each picture is fitted again and again until the
cut settles, so that the last pass always sees the face upright, in the same place and at the same size.
Source: "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs" (arXiv 1907.06724).
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from .detect import Detection, Picture
from .network import Network, Tensor
from .pose import Rigid, canonical_face, fit_head

INPUT_PX: Final = 192
#: Side of the cut in inter-ocular distances and its centre in the head frame (between forehead and chin): what
#: MediaPipe's own rule (1.5 times the box around the points) gives for the canonical face.
SIDE_IOD: Final = 4.2
CENTRE_IOD: Final = np.array([0.0, -0.51, 0.0])
#: The cut has settled when it changes less than this (:meth:`Region.change_from`); nearly, when less than that.
SETTLED: Final = 0.004
NEARLY_SETTLED: Final = 0.012
MAX_PASSES: Final = 3
#: Finest sampling of a cut, per pixel of the network's input; beyond, faces are large enough to alias little.
MAX_FINER: Final = 2

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

    def change_from(self, other: "Region") -> float:
        """How different two squares are: the largest of shift and growth (shares of the side) and turn (radians)."""
        moved = max(abs(self.x - other.x), abs(self.y - other.y), abs(self.side - other.side)) / other.side
        return max(moved, abs(self.angle - other.angle))

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

    ``points`` float64 (468, 3) in pixels, the ``head`` pose, and ``certainty``, the network's own logit of a whole
    face being there: above 20 in clear view, near 10 with a hand before the mouth, negative where there is none.
    """

    points: Array
    head: Rigid
    certainty: float


class MeshFitter:
    """Fits the mesh to one face."""

    def __init__(self) -> None:
        self._network = Network("face_landmark")
        self._mirror = mirror_vertices()

    def find(self, image: Picture, region: Region, *, together: bool = False) -> Mesh:
        """Mesh of a face whose place is known roughly, as a detector knows it."""
        for _ in range(MAX_PASSES):
            points, _ = self._read(self._network.run(_tensor(cut(image, region, INPUT_PX))), region)
            last, region = region, Region.of_head(fit_head(points))
            if region.change_from(last) < NEARLY_SETTLED:
                break
        return self.fit(image, region, together=together)

    def fit(self, image: Picture, region: Region, *, together: bool = False) -> Mesh:
        """Mesh of a face whose place is nearly known, as from the frame before.

        Cuts anew around the pose just found until the cut settles. Each time the mean of the face and its mirror
        image is taken, which halves what trembling is left; ``together`` looks at both on two threads.
        """
        import cv2

        for _ in range(MAX_PASSES):
            square = cut(image, region, INPUT_PX)
            straight, mirrored = _tensor(square), _tensor(cv2.flip(square, 1))
            seen, seen_mirrored = self._network.run_pair(straight, mirrored, together=together)
            points, certainty = self._read(seen, region)
            points = (points + self._read(seen_mirrored, region, mirrored=True)[0]) / 2
            head = fit_head(points)
            last, region = region, Region.of_head(head)
            if region.change_from(last) < SETTLED:
                break
        return Mesh(points, head, certainty)

    def _read(self, outputs: list[Tensor], region: Region, *, mirrored: bool = False) -> tuple[Array, float]:
        """Read the network's answer: points in picture pixels and the logit of a face being there."""
        raw, flag = outputs
        points = raw.reshape(468, 3).astype(np.float64)
        if mirrored:
            points = points[self._mirror]
            points[:, 0] = INPUT_PX - points[:, 0]
        to_picture = region.to_picture()
        points[:, :2] = points[:, :2] @ to_picture[:, :2].T + to_picture[:, 2]
        points[:, 2] *= region.side / INPUT_PX
        return points, float(flag.reshape(-1)[0])


def _tensor(square: npt.ArrayLike) -> Tensor:
    """Network input (1, 192, 192, 3) in [0, 1]."""
    return np.asarray(square, np.uint8)[None] * np.float32(1 / 255)


@cache
def mirror_vertices() -> npt.NDArray[np.int64]:
    """Vertex on the other side of the face for every vertex (468,); those on the middle line stay."""
    face = canonical_face()
    mirrored = face * (-1.0, 1.0, 1.0)
    return np.array([int(np.argmin(((face - point) ** 2).sum(axis=1))) for point in mirrored])


def cut(image: Picture, region: Region, size: int) -> Picture:
    """Cut a turned square out of a picture, ``size`` x ``size``; outside the picture its edge is continued.

    Large faces are cut out larger and then averaged down: sampled directly they would alias, and the mesh would
    tremble under a slow zoom.
    """
    import cv2

    finer = int(np.clip(round(region.side / size), 1, MAX_FINER))
    affine = region.to_picture()
    affine[:, :2] *= INPUT_PX / (size * finer)
    # cv2 puts pixel centres on whole numbers, the networks' squares put them on halves
    affine[:, 2] += affine[:, :2].sum(axis=1) * 0.5 - 0.5
    near, corner = _around(image, region)
    affine[:, 2] -= corner
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    # Four channels are turned in less than half the time of three.
    four = cv2.cvtColor(near, cv2.COLOR_RGB2RGBA)
    square = cv2.warpAffine(four, affine, (size * finer,) * 2, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    if finer > 1:
        square = cv2.resize(square, (size, size), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.cvtColor(square, cv2.COLOR_RGBA2RGB), np.uint8)


def _around(image: Picture, region: Region) -> tuple[Picture, tuple[int, int]]:
    """Part of a picture that holds all of a square (a view; never empty), and where its corner is."""
    reach = region.side * (abs(np.cos(region.angle)) + abs(np.sin(region.angle))) / 2 + 2
    height, width = image.shape[:2]
    left, top = (int(np.clip(v - reach, 0, n - 1)) for v, n in ((region.x, width), (region.y, height)))
    right, bottom = (
        int(np.clip(v + reach + 1, low + 1, n)) for v, low, n in ((region.x, left, width), (region.y, top, height))
    )
    return image[top:bottom, left:right], (left, top)
