"""Where the eyes point: iris centres relative to the eyes' corners.

Angles in degrees, in the head frame: yaw positive towards the person's left, pitch positive upwards.
Source of the network: "Real-time Pupil Tracking from Monocular Video for Digital Puppetry" (arXiv 2006.11341).
"""

from typing import Final

import numpy as np
import numpy.typing as npt

from .detect import Picture
from .mesh import Mesh, Region, cut
from .network import Network
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

    def read(self, image: Picture, mesh: Mesh) -> tuple[float, float]:
        """(yaw, pitch) of the eyes in the head, degrees, mean of both eyes."""
        offsets = []
        for side, corners in enumerate(EYE_CORNERS):
            ends = mesh.points[list(corners)]
            iris = self._iris(image, ends[:, :2], mirrored=side == 1)
            place = head_axes(np.array([[*iris, ends[:, 2].mean()], *ends]))
            iris_iod, *ends_iod = mesh.head.undo(place)
            offsets.append((iris_iod - np.mean(ends_iod, axis=0))[:2])
        across, up = np.clip(np.mean(offsets, axis=0) / EYEBALL_IOD, -1.0, 1.0)
        return float(np.degrees(np.arcsin(across))), float(np.degrees(np.arcsin(up)))

    def _iris(self, image: Picture, corners: Array, *, mirrored: bool) -> Array:
        """Iris centre in picture pixels. The network knows right eyes; a left one is shown mirrored."""
        x, y = corners.mean(axis=0)
        dx, dy = (corners[1] - corners[0]) * (-1 if mirrored else 1)
        region = Region(float(x), float(y), SIDE_EYES * float(np.hypot(dx, dy)), float(np.arctan2(dy, dx)))
        eye = cut(image, region, INPUT_PX)
        tensor = (np.ascontiguousarray(eye[:, ::-1] if mirrored else eye).astype(np.float32) / 255.0)[None]
        iris = next(out for out in self._network.run(tensor) if out.size == 15).reshape(5, 3)[0, :2].astype(np.float64)
        if mirrored:
            iris[0] = INPUT_PX - iris[0]
        to_picture = region.to_picture()
        return np.asarray(to_picture[:, :2] @ (iris * 192 / INPUT_PX) + to_picture[:, 2], np.float64)
