"""Movements of known amount and time course, and what the face extractor says of them.

One photograph, animated (``examples/face_animation``), is not many people: these tests show that motion is measured
where and when it happens and that nothing is seen where nothing moves; they say nothing about validity across faces.
The wide battery is in ``test_known_truth_battery.py``.
"""

from pathlib import Path

import pytest
from face_animation.media import write_video
from face_animation.scene import Actor, Pulse, Scene, leave_frame, pan_zoom_roll, talk
from face_animation.speech import synthesise
from known_truth import agreement, curve, events, gaps, require_face_models, watch


@pytest.fixture(scope="module", autouse=True)
def _face_models() -> None:
    require_face_models()


#: Action unit -> the movement that makes it alone or (AU25) most purely, at the smallest amplitude that must be seen.
SMALL = {
    "AU12": Pulse("smile", 0.05, 0.8, 1.3, 2.1),
    "AU1": Pulse("brow_raise", 0.05, 0.7, 1.2, 2.0),
    "AU2": Pulse("brow_raise", 0.05, 0.7, 1.2, 2.0),
    "AU25": Pulse("lips_part", 0.05, 0.8, 1.2, 1.8),
    "AU26": Pulse("jaw_drop", 0.05, 0.9, 1.4, 2.1),
    "AU45": Pulse("blink", 0.08, 1.0, 1.2, 1.5),
}


def scene(*pulses: Pulse, **options) -> Scene:
    settings = {"duration_s": 2.8, "width": 400, "height": 300, "face_px": 110.0, "actors": (Actor(pulses),)}
    return Scene(**{**settings, **options})


@pytest.mark.parametrize("action_unit", SMALL)
def test_small_movement_is_followed_at_25_fps(action_unit: str) -> None:
    moving = scene(SMALL[action_unit])
    result = agreement(watch(moving), moving, action_unit)
    assert result.meets(action_unit, moving.fps), result


@pytest.mark.parametrize(
    ("action_unit", "fps", "pulse"),
    [
        ("AU12", 8.0, Pulse("smile", 0.1, 0.8, 1.5, 2.5)),
        ("AU1", 10.0, Pulse("brow_raise", 0.1, 0.8, 1.5, 2.5)),
        ("AU26", 12.0, Pulse("jaw_drop", 0.08, 0.7, 1.4, 2.3)),
    ],
)
def test_movement_is_followed_at_few_frames_a_second(action_unit: str, fps: float, pulse: Pulse) -> None:
    moving = scene(pulse, fps=fps, duration_s=3.2, face_px=140.0)
    result = agreement(watch(moving), moving, action_unit)
    assert result.meets(action_unit, fps), result


def test_still_face_makes_no_event() -> None:
    assert events(watch(scene(duration_s=3.0))) == []


def test_moved_camera_makes_no_event() -> None:
    assert events(watch(scene(duration_s=4.0, width=480, height=360, camera=pan_zoom_roll()))) == []


def test_blink_is_no_jaw_movement_and_counts_as_one_blink() -> None:
    found = watch(scene(SMALL["AU45"]))
    assert len(events(found, "AU45")) == 1
    assert events(found, "AU26", "AU17", "AU25") == []


def test_smile_is_no_other_movement() -> None:
    found = watch(scene(Pulse("smile", 0.12, 0.8, 1.3, 2.1, hold_s=0.2), face_px=130.0))
    assert len(events(found, "AU12")) == 1
    assert events(found, "AU9", "AU10", "AU43", "AU45") == []


def test_brow_raise_is_no_blink() -> None:
    assert events(watch(scene(SMALL["AU1"])), "AU43", "AU45", "AU4") == []


def test_lowered_brow_claims_presence_only() -> None:
    found = watch(scene(Pulse("brow_lower", 0.08, 0.7, 1.2, 2.2, hold_s=0.3), face_px=150.0))
    said = [cue for cue in found.cues if cue.code == "AU4"]
    assert said, "AU4 must be spoken of: present, absent or unknown"
    for cue in said:
        if cue.state == "present":
            assert {"low_confidence", "presence_only"} <= set(cue.marks)
            assert cue.value is None
            assert cue.confidence is not None
            assert cue.confidence <= 0.5


def test_face_out_of_frame_is_a_gap_not_a_zero() -> None:
    leaving = scene(
        Pulse("smile", 0.1, 2.6, 2.9, 3.5), duration_s=3.8, camera=leave_frame(0.9, 1.7, move_s=0.4), width=480
    )
    found = watch(leaving)
    (gap,) = gaps(found, "left_frame", "no_face")
    assert gap.start_s == pytest.approx(0.9, abs=0.35)
    assert gap.end_s == pytest.approx(1.7, abs=0.35)
    times_s, values = curve(found, "AU12", found.curves[0].subject or "face1")
    outside = (times_s > 1.0) & (times_s < 1.6)
    assert all(value != value for value in values[outside])  # NaN: not measured
    assert [cue for cue in events(found) if cue.start_s < 2.2 and cue.end_s > 0.5] == []


def test_hidden_mouth_is_not_read() -> None:
    found = watch(scene(duration_s=3.0, covered_s=(1.0, 2.0), face_px=130.0))
    assert gaps(found, "occluded")
    assert events(found, "AU10", "AU12", "AU15", "AU17", "AU20", "AU23", "AU24", "AU25", "AU26") == []


def test_two_faces_keep_their_own_movements() -> None:
    left = Actor((Pulse("smile", 0.1, 0.5, 1.0, 1.6),))
    right = Actor((Pulse("brow_raise", 0.09, 1.0, 1.5, 2.2),), mirrored=True)
    both = Scene(duration_s=2.6, width=600, height=280, face_px=110.0, actors=(left, right))
    found = watch(both)
    smiles, raises = events(found, "AU12"), events(found, "AU1")
    assert len(smiles) == len(raises) == 1
    assert smiles[0].subject != raises[0].subject
    assert smiles[0].apex_s == pytest.approx(1.0, abs=0.1)
    assert raises[0].apex_s == pytest.approx(1.5, abs=0.1)


def test_talking_mouth_is_marked() -> None:
    talking = scene(duration_s=3.0, actors=(Actor(talk(0.6, 2.4, amplitude=0.08)),), face_px=130.0)
    found = watch(talking, speech_s=(0.5, 2.5))
    mouth = events(found, "AU25", "AU26")
    assert mouth
    assert all("during_speech" in cue.marks for cue in mouth)


@pytest.mark.parametrize("options", [{"brightness": 0.03, "noise": 3.0}, {"face_px": 16.0}], ids=["dark", "tiny"])
def test_face_that_cannot_be_read_is_said_aloud(options) -> None:
    found = watch(scene(Pulse("smile", 0.12, 0.8, 1.3, 2.1), duration_s=2.4, **options))
    assert events(found) == []
    assert gaps(found, "low_light", "too_small", "no_face")


def test_whole_way_from_file_to_cues(tmp_path: Path) -> None:
    from emoreason.cues.gather import gather_cues

    moving = scene(Pulse("smile", 0.08, 0.8, 1.3, 2.1), face_px=130.0)
    voice = synthesise((4, 3), pause_s=0.4, lead_s=0.2).samples
    path = write_video(tmp_path / "smile.mp4", moving.frames(), moving.fps, bit_rate=1_000_000, samples=voice)
    gathered = gather_cues(path)
    smiles = [cue for cue in gathered.cueset.cues if cue.code == "AU12" and cue.state == "present"]
    assert len(smiles) == 1
    assert smiles[0].apex_s == pytest.approx(1.3, abs=0.1)
    assert {cue.modality for cue in gathered.cueset.cues} >= {"face", "voice", "speech", "scene"}
    assert any(one.code == "AU12" and one.modality == "face" for one in gathered.curves)
