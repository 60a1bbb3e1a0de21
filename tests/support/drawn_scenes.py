"""Scenes drawn at random over size, rate, place, mirror, light, noise and compression, so that nothing fits one clip.

A family is one way of drawing. Thresholds may be tuned while looking at ``tuned``; the other families are for
checking what was tuned, and nothing is tuned on them.
"""

from dataclasses import dataclass

import numpy as np
from face_animation.scene import Actor, Pulse, Scene, pan_zoom_roll

#: Movement -> the action units it makes.
MOVES = {
    "smile": ("AU12",),
    "brow_raise": ("AU1", "AU2"),
    "lips_part": ("AU25",),
    "jaw_drop": ("AU26", "AU25"),
    "blink": ("AU45",),
}
#: What a pure movement must not be taken for.
NOT = {"smile": ("AU9", "AU10", "AU43", "AU45"), "blink": ("AU26",)}


@dataclass(frozen=True, slots=True)
class Family:
    """What is drawn from."""

    seed: int
    amplitudes: tuple[float, ...]
    faces_px: tuple[float, ...]
    rates_fps: tuple[float, ...]
    rise_s: tuple[float, float]
    fall_s: tuple[float, float]
    starts_s: tuple[float, float] = (0.6, 1.0)
    holds_s: tuple[float, ...] = (0.0,)
    moved_faces_px: tuple[float, ...] = (130.0, 200.0)

    def rng(self, *numbers: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, *numbers] if self.seed else list(numbers))


TUNED = Family(
    seed=0,
    amplitudes=(0.05, 0.07, 0.1),
    faces_px=(100.0, 150.0, 220.0, 300.0),
    rates_fps=(8.0, 12.0, 25.0),
    rise_s=(0.35, 0.8),
    fall_s=(0.5, 1.0),
)
#: Never looked at while thresholds were chosen: other sizes, rates, amplitudes and time courses, some with a plateau.
HELD_OUT = Family(
    seed=20261122,
    amplitudes=(0.05, 0.06, 0.085, 0.11),
    faces_px=(105.0, 130.0, 180.0, 260.0),
    rates_fps=(8.0, 10.0, 12.0, 25.0, 30.0),
    rise_s=(0.3, 0.9),
    fall_s=(0.4, 1.2),
    starts_s=(0.5, 1.4),
    holds_s=(0.0, 0.0, 0.25),
    moved_faces_px=(110.0, 160.0, 240.0),
)
FAMILIES = {"tuned": TUNED, "held-out": HELD_OUT}


def framed(face_px: float, rng: np.random.Generator, **options) -> Scene:
    """A scene whose picture is large enough for the face, with place, mirror, light and noise drawn."""
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


def moving(movement: str, number: int, family: Family = TUNED) -> tuple[Scene, int | None]:
    """One drawn scene of a movement, and the bit rate it is compressed to (None: not at all)."""
    rng = family.rng(list(MOVES).index(movement), number)
    fps = float(rng.choice(family.rates_fps))
    # Lids move faster than anything else, but at 8 frames a second a shorter blink falls between two frames.
    quick = (0.2, 0.3) if fps >= 25 else (0.3, 0.4)
    spans = np.array([family.rise_s, family.fall_s])
    rise, fall = quick if movement == "blink" else rng.uniform(spans[:, 0], spans[:, 1])
    hold = 0.0 if movement == "blink" or family.holds_s == (0.0,) else float(rng.choice(family.holds_s))
    start = float(rng.uniform(*family.starts_s))
    amplitude = float(rng.choice(family.amplitudes))
    pulse = Pulse(movement, amplitude, start, start + rise, start + rise + hold + fall, hold)
    face_px = float(rng.choice(family.faces_px))
    scene = framed(face_px, rng, pulses=(pulse,), fps=fps, duration_s=round(pulse.end_s + 0.8, 1))
    return scene, (None, 1_000_000, 2_000_000)[rng.integers(3)]


def motionless(number: int, family: Family = TUNED) -> tuple[Scene, int | None]:
    """One drawn scene in which nothing moves; all sizes in turn, without and with compression."""
    face_px = family.faces_px[number % len(family.faces_px)]
    rng = family.rng(7, int(face_px))
    scene = framed(face_px, rng, duration_s=3.0, fps=float(rng.choice(family.rates_fps)))
    return scene, (None, 1_000_000)[number // len(family.faces_px) % 2]


def camera_moving(number: int, family: Family = TUNED) -> tuple[Scene, int | None]:
    """One drawn scene of a motionless face before a camera that pans, zooms and rolls."""
    rng = family.rng(11, number)
    camera = pan_zoom_roll(
        float(rng.uniform(3, 6)),
        pan=float(rng.uniform(0.1, 0.3)),
        zoom=float(rng.uniform(0.1, 0.25)),
        roll_deg=float(rng.uniform(3, 12)),
    )
    fps = float(rng.choice(family.rates_fps))
    scene = framed(float(rng.choice(family.moved_faces_px)), rng, duration_s=5.0, fps=fps, camera=camera)
    return scene, (None, 1_000_000)[rng.integers(2)]
