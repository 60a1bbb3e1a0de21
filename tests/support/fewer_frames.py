"""Events at fewer analysed frames a second against those at every frame."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from drawn_scenes import MOVES, TUNED, framed, moving
from face_animation.scene import Pulse, Scene, talk
from known_truth import events, watch

from emoreason.cues.extractor import Extraction
from emoreason.records import Cue

FEWER_FPS = 12.0
APEX_BOUND_S = 0.1
#: The same event when its apex is nearer than this: half of the fastest repetition, syllables at 4 Hz.
SAME_WITHIN_S = 0.125

Drawn = tuple[Scene, int | None]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of the action-unit events of every frame: pairs (all frames, fewer frames), those lost, new ones."""

    kept: tuple[tuple[Cue, Cue], ...]
    lost: tuple[Cue, ...]
    added: tuple[Cue, ...]

    @property
    def shifts_s(self) -> list[float]:
        """By how much each apex moved, seconds."""
        return [abs(few.apex_s - all_.apex_s) for all_, few in self.kept]


def compare(every: Extraction, fewer: Extraction) -> Comparison:
    """Pair the events of both, nearest apexes of the same person and action unit first."""
    left = [cue for cue in events(every) if cue.apex_s is not None]
    right = [cue for cue in events(fewer) if cue.apex_s is not None]
    pairs = sorted(
        (abs(a.apex_s - b.apex_s), i, j)
        for i, a in enumerate(left)
        for j, b in enumerate(right)
        if (a.code, a.subject) == (b.code, b.subject) and abs(a.apex_s - b.apex_s) <= SAME_WITHIN_S
    )
    paired: dict[int, int] = {}
    for _, i, j in pairs:
        if i not in paired and j not in paired.values():
            paired[i] = j
    return Comparison(
        tuple((left[i], right[j]) for i, j in sorted(paired.items())),
        tuple(cue for i, cue in enumerate(left) if i not in paired),
        tuple(cue for j, cue in enumerate(right) if j not in paired.values()),
    )


def compared(scene: Scene, bit_rate: int | None) -> Comparison:
    """Watch a scene at every frame and at :data:`FEWER_FPS`."""
    return compare(watch(scene, bit_rate), watch(scene, bit_rate, max_fps=FEWER_FPS))


def single_movements(number: int) -> Iterator[tuple[str, Drawn]]:
    """Scenes of one movement each, as the battery draws them, all at 25 frames a second."""
    family = replace(TUNED, rates_fps=(25.0,))
    for movement in MOVES:
        for n in range(number):
            yield movement, moving(movement, n, family)


def quick_blinks(number: int) -> Iterator[tuple[str, Drawn]]:
    """Two blinks of .22 to .34 s each, at any moment between two of the frames that are kept."""
    for n in range(number):
        rng = np.random.default_rng([12, n])
        start, rise, fall = 0.7 + rng.uniform(0, 0.08), rng.uniform(0.08, 0.12), rng.uniform(0.14, 0.22)
        amplitude = float(rng.uniform(0.07, 0.11))
        blinks = tuple(Pulse("blink", amplitude, t, t + rise, t + rise + fall) for t in (start, start + 1.03))
        scene = framed(float(rng.choice([100.0, 150.0, 220.0])), rng, pulses=blinks, duration_s=2.6)
        yield "quick blink", (scene, (None, 1_000_000)[n % 2])


def several_movements(number: int) -> Iterator[tuple[str, Drawn]]:
    """A held smile with a blink on it, raised brows into which the jaw drops, another blink while it is down."""
    for n in range(number):
        rng = np.random.default_rng([13, n])
        pulses = (
            Pulse("smile", 0.1, 0.6, 1.0, 2.0, 0.3),
            Pulse("blink", 0.09, 1.1, 1.2, 1.38),
            Pulse("brow_raise", 0.07, 2.0, 2.3, 3.0),
            Pulse("jaw_drop", 0.06, 2.6, 3.0, 3.6),
            Pulse("blink", 0.1, 3.1, 3.2, 3.36),
        )
        scene = framed(float(rng.choice([130.0, 150.0, 220.0])), rng, pulses=pulses, duration_s=4.2)
        yield "several at once", (scene, (None, 1_500_000)[n % 2])


def talking(number: int) -> Iterator[tuple[str, Drawn]]:
    """Somebody who talks, four syllables a second: three kept frames for each."""
    for n in range(number):
        rng = np.random.default_rng([14, n])
        pulses = talk(0.6, 3.4, amplitude=0.05 + 0.01 * (n % 6), seed=n)
        scene = framed(float(rng.choice([130.0, 150.0, 220.0])), rng, pulses=pulses, duration_s=4.0)
        yield "talking", (scene, (None, 1_500_000)[n % 2])
