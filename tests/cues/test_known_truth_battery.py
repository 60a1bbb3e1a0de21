"""The wide battery: movements of known truth over size, rate, place, mirror, light and compression (marker slow)."""

import pytest
from drawn_scenes import MOVES, NOT, camera_moving, motionless, moving
from known_truth import agreement, events, require_face_models, watch

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def _face_models() -> None:
    require_face_models()


@pytest.mark.parametrize("number", range(16))
@pytest.mark.parametrize("movement", MOVES)
def test_movement_is_followed(movement: str, number: int) -> None:
    scene, bit_rate = moving(movement, number)
    found = watch(scene, bit_rate)
    for action_unit in MOVES[movement]:
        result = agreement(found, scene, action_unit)
        assert result.meets(action_unit, scene.fps), (action_unit, result, scene)
    assert events(found, *NOT.get(movement, ("AU4",))) == []


@pytest.mark.parametrize("number", range(8))
def test_motionless_face_makes_no_event(number: int) -> None:
    assert events(watch(*motionless(number))) == []


@pytest.mark.parametrize("number", range(8))
def test_moved_camera_makes_no_event(number: int) -> None:
    assert events(watch(*camera_moving(number))) == []
