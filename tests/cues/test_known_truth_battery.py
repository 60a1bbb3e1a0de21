"""The wide battery: movements of known truth over size, rate, place, mirror, light and compression (marker slow).

Configurations are drawn, not chosen: a seeded sample over all of them, so that no threshold fits a single clip.
"""

import numpy as np
import pytest
from face_animation.scene import Actor, Pulse, Scene, pan_zoom_roll
from known_truth import agreement, events, require_face_models, watch

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def _face_models() -> None:
    require_face_models()


MOVES = {
    "smile": ("AU12",),
    "brow_raise": ("AU1", "AU2"),
    "lips_part": ("AU25",),
    "jaw_drop": ("AU26", "AU25"),
    "blink": ("AU45",),
}
#: What a pure movement must not be taken for.
NOT = {"smile": ("AU9", "AU10", "AU43", "AU45"), "blink": ("AU26",)}
AMPLITUDES = (0.05, 0.07, 0.1)
FACES_PX = (100.0, 150.0, 220.0, 300.0)
RATES_FPS = (8.0, 12.0, 25.0)


def framed(face_px: float, rng: np.random.Generator, **options) -> Scene:
    """A scene whose picture is large enough for the face, with place, mirror and light drawn."""
    room = rng.uniform(2.3, 3.6)
    width, height = (int(face_px * room) // 16 + 1) * 16, (int(face_px * max(0.65 * room, 1.7)) // 16 + 1) * 16
    actor = Actor(options.pop("pulses", ()), float(rng.uniform(0.4, 0.6)), 0.45, bool(rng.random() < 0.5))
    return Scene(
        width=width,
        height=height,
        face_px=face_px,
        actors=(actor,),
        brightness=float(rng.choice([0.5, 0.8, 1.0, 1.15])),
        noise=float(rng.choice([0.5, 1.5, 3.0])),
        seed=int(rng.integers(1000)),
        **options,
    )


def moving(movement: str, number: int) -> tuple[Scene, int | None]:
    """One drawn scene of a movement, and the bit rate it is compressed to (None: not at all)."""
    rng = np.random.default_rng([list(MOVES).index(movement), number])
    fps = float(rng.choice(RATES_FPS))
    # Lids move faster than anything else, but at 8 frames a second a shorter blink falls between two frames.
    rise, fall = (
        ((0.2, 0.3) if fps == 25 else (0.3, 0.4)) if movement == "blink" else rng.uniform([0.35, 0.5], [0.8, 1])
    )
    start = float(rng.uniform(0.6, 1.0))
    pulse = Pulse(movement, float(rng.choice(AMPLITUDES)), start, start + rise, start + rise + fall)
    scene = framed(float(rng.choice(FACES_PX)), rng, pulses=(pulse,), fps=fps, duration_s=round(pulse.end_s + 0.8, 1))
    return scene, (None, 1_000_000, 2_000_000)[rng.integers(3)]


@pytest.mark.parametrize("number", range(8))
@pytest.mark.parametrize("movement", MOVES)
def test_movement_is_followed(movement: str, number: int) -> None:
    scene, bit_rate = moving(movement, number)
    found = watch(scene, bit_rate)
    for action_unit in MOVES[movement]:
        result = agreement(found, scene, action_unit)
        assert result.meets(action_unit, scene.fps), (action_unit, result, scene)
    assert events(found, *NOT.get(movement, ("AU4",))) == []


@pytest.mark.parametrize("bit_rate", [None, 1_000_000])
@pytest.mark.parametrize("face_px", FACES_PX)
def test_motionless_face_makes_no_event(face_px: float, bit_rate: int | None) -> None:
    rng = np.random.default_rng([7, int(face_px)])
    assert events(watch(framed(face_px, rng, duration_s=3.0, fps=float(rng.choice(RATES_FPS))), bit_rate)) == []


@pytest.mark.parametrize("number", range(8))
def test_moved_camera_makes_no_event(number: int) -> None:
    rng = np.random.default_rng([11, number])
    camera = pan_zoom_roll(
        float(rng.uniform(3, 6)),
        pan=float(rng.uniform(0.1, 0.3)),
        zoom=float(rng.uniform(0.1, 0.25)),
        roll_deg=float(rng.uniform(3, 12)),
    )
    fps = float(rng.choice(RATES_FPS))
    scene = framed(float(rng.choice((130.0, 200.0))), rng, duration_s=5.0, fps=fps, camera=camera)
    assert events(watch(scene, (None, 1_000_000)[rng.integers(2)])) == []
