import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreason.cues.face.mesh import CENTRE_IOD, INPUT_PX, Region, cut, mirror_vertices
from emoreason.cues.face.pose import angles_deg, canonical_face, fit_head, fit_rigid, head_axes


def turn(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> np.ndarray:
    """Rotation matrix: roll first, then pitch, then yaw (degrees, signs as in the module)."""
    y, p, r = np.radians([yaw, pitch, roll])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), np.sin(p)], [0, -np.sin(p), np.cos(p)]])
    about_z = np.array([[np.cos(r), -np.sin(r), 0], [np.sin(r), np.cos(r), 0], [0, 0, 1]])
    return about_y @ about_x @ about_z


angle = st.floats(-40, 40)


@given(angle, angle, angle, st.floats(5, 300), st.floats(-500, 500))
def test_fit_finds_the_pose_it_was_given(yaw: float, pitch: float, roll: float, scale: float, shift: float) -> None:
    rotation = turn(yaw, pitch, roll)
    points = scale * canonical_face() @ rotation.T + [shift, -shift, 3.0]
    head = fit_head(head_axes(points))  # the axes' change is its own inverse
    assert head.scale == pytest.approx(scale)
    assert np.allclose(head.rotation, rotation)
    assert np.allclose(head.undo(points), canonical_face(), atol=1e-6)


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [(turn(yaw=20), (20, 0, 0)), (turn(pitch=-10), (0, -10, 0)), (turn(roll=15), (0, 0, 15))],
)
def test_angles_have_the_documented_signs(rotation: np.ndarray, expected: tuple[float, float, float]) -> None:
    assert angles_deg(rotation) == pytest.approx(expected)


def test_turning_to_the_persons_left_points_the_nose_to_the_pictures_right() -> None:
    nose = turn(yaw=20) @ [0, 0, 1]
    assert nose[0] > 0


def test_mirrored_points_are_never_fitted_by_a_reflection() -> None:
    points = canonical_face()[:50]
    assert np.linalg.det(fit_rigid(points, points * [-1, 1, 1]).rotation) == pytest.approx(1.0)


def test_canonical_face_has_eyes_one_apart_and_is_symmetric() -> None:
    face = canonical_face()
    eyes = [face[[33, 133]].mean(axis=0), face[[263, 362]].mean(axis=0)]
    assert np.linalg.norm(eyes[1] - eyes[0]) == pytest.approx(1.0)
    mirror = mirror_vertices()
    assert (mirror[mirror] == np.arange(468)).all()
    assert mirror[33] == 263
    assert mirror[61] == 291


def test_region_puts_the_face_upright_in_the_middle() -> None:
    head = fit_head(head_axes(100 * canonical_face() @ turn(roll=30).T + [200, -300, 0]))
    region = Region.of_head(head)
    to_picture = region.to_picture()
    assert to_picture @ [INPUT_PX / 2, INPUT_PX / 2, 1] == pytest.approx([region.x, region.y])
    middle = head.apply(CENTRE_IOD)
    assert (region.x, region.y) == pytest.approx((middle[0], -middle[1]))
    eyes = head.apply(canonical_face()[[33, 263]])[:, :2] * [1, -1]
    in_square = np.linalg.inv(np.vstack([to_picture, [0, 0, 1]])) @ np.column_stack([eyes, [1, 1]]).T
    assert in_square[1, 0] == pytest.approx(in_square[1, 1])


@pytest.mark.parametrize("side", [90.0, 192.0, 400.0])
def test_cut_shows_what_lies_at_its_centre(side: float) -> None:
    image = np.zeros((300, 400, 3), np.uint8)
    image[120:180, 170:230] = 255
    square = cut(image, Region(200.0, 150.0, side, 0.3), INPUT_PX)
    assert square.shape == (INPUT_PX, INPUT_PX, 3)
    assert square[INPUT_PX // 2, INPUT_PX // 2].tolist() == [255, 255, 255]
    bright = (square[..., 0] > 127).mean()
    assert bright == pytest.approx(min(1.0, (60 / side) ** 2), abs=0.08)
