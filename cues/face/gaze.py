"""Where the eyes point: iris centres relative to the eyes' corners.

Angles in degrees, in the head frame: yaw positive towards the person's left, pitch positive upwards.
Source of the network: "Real-time Pupil Tracking from Monocular Video for Digital Puppetry" (arXiv 2006.11341).
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from .detect import Picture
from .mesh import Mesh, Region, cut
from .network import Network, Tensor
from .pose import EYE_CORNERS, head_axes

INPUT_PX: Final = 64
#: Side of the cut around an eye, in widths of the eye (MediaPipe's own).
SIDE_EYES: Final = 2.3
#: Radius of the eyeball (12 mm) over the distance of the pupils (63 mm): adult means.
EYEBALL_IOD: Final = 12.0 / 63.0

Array = npt.NDArray[np.float64]


class GazeReader:
    """Reads the direction of both eyes."""

    def __init__(self) -> None:
        self._network = Network("iris_landmark")

    def read(self, image: Picture, mesh: Mesh, *, together: bool = False) -> tuple[float, float]:
        """(yaw, pitch) of the eyes in the head, degrees, mean of both eyes; ``together`` uses two threads."""
        eyes = [mesh.points[list(corners)] for corners in EYE_CORNERS]
        regions = [_region(ends[:, :2], mirrored=side == 1) for side, ends in enumerate(eyes)]
        right, left = (_tensor(image, region, mirrored=side == 1) for side, region in enumerate(regions))
        seen = self._network.run_pair(right, left, together=together)
        offsets = []
        for side, (ends, region) in enumerate(zip(eyes, regions, strict=True)):
            iris = _iris(seen[side], region, mirrored=side == 1)
            place = head_axes(np.array([[*iris, ends[:, 2].mean()], *ends]))
            iris_iod, *ends_iod = mesh.head.undo(place)
            offsets.append((iris_iod - np.mean(ends_iod, axis=0))[:2])
        across, up = np.clip(np.mean(offsets, axis=0) / EYEBALL_IOD, -1.0, 1.0)
        return float(np.degrees(np.arcsin(across))), float(np.degrees(np.arcsin(up)))


def _region(corners: Array, *, mirrored: bool) -> Region:
    """Square around an eye (its corners (2, 2), pixels), upright as the network wants it."""
    x, y = corners.mean(axis=0)
    dx, dy = (corners[1] - corners[0]) * (-1 if mirrored else 1)
    return Region(float(x), float(y), SIDE_EYES * float(np.hypot(dx, dy)), float(np.arctan2(dy, dx)))


def _tensor(image: Picture, region: Region, *, mirrored: bool) -> Tensor:
    """Network input (1, 64, 64, 3) in [0, 1]. The network knows right eyes; a left one is shown mirrored."""
    eye = cut(image, region, INPUT_PX)
    return (np.ascontiguousarray(eye[:, ::-1] if mirrored else eye).astype(np.float32) / 255.0)[None]


def _iris(outputs: list[Tensor], region: Region, *, mirrored: bool) -> Array:
    """Iris centre in picture pixels."""
    iris = next(out for out in outputs if out.size == 15).reshape(5, 3)[0, :2].astype(np.float64)
    if mirrored:
        iris[0] = INPUT_PX - iris[0]
    to_picture = region.to_picture()
    return np.asarray(to_picture[:, :2] @ (iris * 192 / INPUT_PX) + to_picture[:, 2], np.float64)
