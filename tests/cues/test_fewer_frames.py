"""12 analysed frames a second lose no event and move no apex by more than a tenth of a second."""

import os
from itertools import chain

import pytest
from drawn_scenes import MOVES
from face_animation.scene import Scene
from fewer_frames import APEX_BOUND_S, Comparison, compared, quick_blinks, several_movements, single_movements, talking
from known_truth import events, require_face_models, watch


@pytest.fixture(scope="module", autouse=True)
def _face_models() -> None:
    require_face_models()


def assert_nothing_lost(scene: Scene, comparison: Comparison) -> None:
    """Of what was really done. Something seen at 25 frames a second that nobody did may stay unseen at 12."""
    assert comparison.kept, "a scene in which something moves must have events"
    done = {code for actor in scene.actors for pulse in actor.pulses for code in MOVES[pulse.movement]}
    assert [cue for cue in comparison.lost if cue.code in done] == []
    assert max(comparison.shifts_s) <= APEX_BOUND_S


@pytest.mark.parametrize(
    "drawn",
    [*(drawn for _, drawn in chain(single_movements(1), quick_blinks(2), several_movements(1)))],
    ids=["smile", "brow_raise", "lips_part", "jaw_drop", "blink", "quick1", "quick2", "several"],
)
def test_twelve_frames_a_second_lose_no_event(drawn) -> None:
    assert_nothing_lost(drawn[0], compared(*drawn))


#: `make soak` runs four times as many.
SCENES = 12 if os.environ.get("EMOREASON_SOAK") else 3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "drawn"),
    [*chain(single_movements(SCENES), quick_blinks(SCENES + 4), several_movements(SCENES - SCENES // 3))],
    ids=lambda value: value if isinstance(value, str) else f"seed{value[0].seed}",
)
def test_twelve_frames_a_second_lose_no_event_in_the_battery(kind: str, drawn) -> None:
    assert_nothing_lost(drawn[0], compared(*drawn))


@pytest.mark.slow
def test_twelve_frames_a_second_lose_few_syllables() -> None:
    """Syllables of .28 s are seen three times each: most are kept, where they are."""
    results = [compared(*drawn) for _, drawn in talking(6)]
    kept, lost = (sum(len(getattr(one, name)) for one in results) for name in ("kept", "lost"))
    assert kept >= 9 * lost
    assert max(shift for one in results for shift in one.shifts_s) <= APEX_BOUND_S


def test_threads_change_nothing() -> None:
    (_, (scene, bit_rate)) = next(several_movements(1))
    alone, beside = (watch(scene, bit_rate, max_fps=12.0, threads=threads) for threads in (1, 3))
    assert events(alone)
    assert alone == beside
