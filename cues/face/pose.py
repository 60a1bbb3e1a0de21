"""Where the head is and how it is turned: a rigid fit of the canonical face to the mesh.

Head frame: x to the person's left (the picture's right), y up, z towards the camera, in inter-ocular distances
(IOD: between the centres of the eyes' corners), origin between the eyes. Angles in degrees: yaw positive when the
head turns to the person's left, pitch positive upwards, roll positive when the head tilts towards the person's
right shoulder.
Source of the fit: Kabsch 1976, Umeyama 1991. Source of the canonical face: MediaPipe's face geometry (Apache-2.0).
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

#: Vertices that expressions move little: eye corners, nose bridge, temples (mesh of MediaPipe, 468 points).
STABLE: Final = (33, 133, 362, 263, 168, 6, 197, 195, 122, 351, 193, 417, 127, 356, 234, 454, 162, 389, 10)
#: The corners of both eyes; their mid-points are the IOD's ends. Right eye (of the person) first.
EYE_CORNERS: Final = ((33, 133), (263, 362))


@dataclass(frozen=True, slots=True)
class Rigid:
    """A similarity ``target = scale * rotation @ source + shift``."""

    rotation: Array
    scale: float
    shift: Array

    def apply(self, points: npt.ArrayLike) -> Array:
        """Transform points (n, 3)."""
        return self.scale * np.asarray(points, np.float64) @ self.rotation.T + self.shift

    def undo(self, points: npt.ArrayLike) -> Array:
        """Apply the inverse transform of points (n, 3)."""
        return (np.asarray(points, np.float64) - self.shift) @ self.rotation / self.scale


@cache
def canonical_face() -> Array:
    """Vertices of the canonical face in the head frame, IOD units, float64 (468, 3)."""
    with files(__package__).joinpath("data/canonical_face.csv").open(encoding="utf-8") as file:
        rows = [[float(row[axis]) for axis in "xyz"] for row in csv.DictReader(file)]
    points = np.array(rows)
    right, left = (points[list(pair)].mean(axis=0) for pair in EYE_CORNERS)
    return np.asarray((points - (right + left) / 2) / float(np.linalg.norm(left - right)), np.float64)


def fit_rigid(source: npt.ArrayLike, target: npt.ArrayLike) -> Rigid:
    """Best similarity that carries ``source`` (n, 3) onto ``target`` (n, 3), least squares, no mirroring.

    Examples
    --------
    >>> import numpy as np
    >>> points = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1.0]])
    >>> turn = np.array([[0, -1, 0], [1, 0, 0], [0, 0, 1.0]])
    >>> fit = fit_rigid(points, 2 * points @ turn.T + [5, 6, 7])
    >>> round(fit.scale, 6), bool(np.allclose(fit.rotation, turn))
    (2.0, True)
    """
    a, b = np.asarray(source, np.float64), np.asarray(target, np.float64)
    a_mid, b_mid = a.mean(axis=0), b.mean(axis=0)
    a0, b0 = a - a_mid, b - b_mid
    u, singular, vt = np.linalg.svd(b0.T @ a0)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * sign) @ vt
    scale = float((singular * sign).sum() / (a0**2).sum())
    return Rigid(rotation, scale, b_mid - scale * rotation @ a_mid)


def head_axes(points_px: npt.ArrayLike) -> Array:
    """Mesh points from picture axes (x right, y down, z away) to axes of the head frame (y up, z to the camera)."""
    return np.asarray(points_px, np.float64) * (1.0, -1.0, -1.0)


def fit_head(points_px: npt.ArrayLike) -> Rigid:
    """Head frame (IOD) -> picture (pixels, y up, z to the camera) of one mesh (468, 3) in pixels."""
    stable = list(STABLE)
    return fit_rigid(canonical_face()[stable], head_axes(points_px)[stable])


def angles_deg(rotation: Array) -> tuple[float, float, float]:
    """(yaw, pitch, roll) of a rotation, degrees; signs as in the module's description."""
    yaw = np.arctan2(rotation[0, 2], rotation[2, 2])
    pitch = np.arctan2(rotation[1, 2], np.hypot(rotation[0, 2], rotation[2, 2]))
    roll = np.arctan2(rotation[1, 0], rotation[1, 1])
    return float(np.degrees(yaw)), float(np.degrees(pitch)), float(np.degrees(roll))
