"""Where a scene's faces truly are: its landmarks, carried into the picture by the scene's own camera."""

import numpy as np
import numpy.typing as npt
from face_animation.scene import Scene, _Pane

Floats = npt.NDArray[np.float64]


def landmarks(scene: Scene, time_s: float, actor: int = 0, *groups: str) -> Floats:
    """Landmarks (n, 2) of an actor at rest, in pixels of the frame; of these groups when given."""
    pane = _Pane(scene, scene.actors[actor])
    points = pane.face.points[pane.face.rows(*groups)] if groups else pane.face.points
    matrix = pane._to_frame(scene.camera(time_s))
    return points @ matrix[:, :2].T + matrix[:, 2] + [actor * pane.size[0], 0]


def face_box(scene: Scene, time_s: float, actor: int = 0) -> tuple[int, int, int, int]:
    """Left, top, right, bottom (pixels, within the picture) of an actor's face: brows, jaw, cheeks and all between."""
    points = landmarks(scene, time_s, actor)
    low, high = np.clip([points.min(axis=0), points.max(axis=0)], 0, [scene.width, scene.height]).astype(int)
    return int(low[0]), int(low[1]), int(high[0]), int(high[1])
