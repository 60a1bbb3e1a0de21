"""The truth itself: the warp moves what it should by what it should, and never folds the picture over."""

import itertools

import cv2
import numpy as np
import pytest
from face_animation.media import write_video
from face_animation.scene import Actor, Pulse, Scene, leave_frame, pan_zoom_roll, talk
from face_animation.speech import synthesise
from face_animation.warp import (
    GRID_PX,
    LARGEST,
    MOVEMENTS,
    backward_field,
    displacement,
    jacobian,
    pattern,
    photographed_face,
)

PULSE = Pulse("smile", 0.1, 0.4, 0.8, 1.4)


@pytest.mark.parametrize("movement", MOVEMENTS)
def test_largest_movement_does_not_fold_the_picture(movement: str) -> None:
    assert jacobian(backward_field(displacement({movement: LARGEST[movement]}))).min() > 0


@pytest.mark.parametrize(
    ("one", "other"), list(itertools.combinations(["smile", "brow_raise", "blink", "jaw_drop"], 2))
)
def test_movements_together_do_not_fold_the_picture(one: str, other: str) -> None:
    together = {one: 0.7 * LARGEST[one], other: 0.7 * LARGEST[other]}
    assert jacobian(backward_field(displacement(together))).min() > 0


@pytest.mark.parametrize("movement", MOVEMENTS)
def test_landmarks_arrive_where_they_should(movement: str) -> None:
    shift = displacement({movement: 0.06})
    field = backward_field(shift)
    at = (photographed_face().points + shift - field.corner) / GRID_PX
    back = cv2.remap(field.offsets, *at.astype(np.float32).T[..., None], cv2.INTER_CUBIC)[:, 0]
    assert np.abs(back + shift).max() < 0.25  # px of the photograph: 0.6 % of the inter-ocular distance


@pytest.mark.parametrize("movement", MOVEMENTS)
def test_amplitude_is_the_largest_travel(movement: str) -> None:
    travel = np.linalg.norm(pattern(movement), axis=1).max() / photographed_face().iod_px
    assert travel == pytest.approx(1.0, abs=0.06)


def test_too_large_a_movement_is_refused() -> None:
    with pytest.raises(ValueError, match=r"blink by 0\.300 IOD"):
        displacement({"blink": 0.3})


def test_truth_follows_the_pulse() -> None:
    scene = Scene(duration_s=2, actors=(Actor((PULSE,)),))
    curve = scene.truth("AU12")
    assert scene.times_s[curve.argmax()] == pytest.approx(0.8)
    assert curve.max() == pytest.approx(0.1)
    assert curve[scene.times_s <= 0.4].max() == 0
    assert np.interp(0.6, scene.times_s, curve) == pytest.approx(0.05)
    assert scene.truth("AU26").max() == 0


def test_only_the_moving_part_of_the_picture_changes() -> None:
    scene = Scene(duration_s=1, noise=0, actors=(Actor((PULSE,)),))
    pictures = list(scene.frames())
    change = np.abs(pictures[20].astype(int) - pictures[0]).max(axis=2)
    assert change.max() > 60
    rows = np.flatnonzero(change.max(axis=1) > 12)
    assert rows.min() > 0.35 * scene.height  # below the eyes
    assert rows.max() < 0.8 * scene.height


def test_scene_is_repeatable_and_moving_cameras_move() -> None:
    scene = Scene(duration_s=0.2, camera=pan_zoom_roll())
    first, again = list(scene.frames()), list(scene.frames())
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert np.abs(first[0].astype(int) - first[-1]).mean() > 1


def test_camera_leaves_and_returns() -> None:
    camera = leave_frame(1.0, 2.0)
    assert camera(0.0).right == camera(3.0).right == 0
    assert camera(1.5).right == -3.0


def test_two_actors_stand_side_by_side() -> None:
    scene = Scene(duration_s=0.04, width=400, noise=0, actors=(Actor(), Actor(mirrored=True)))
    (picture,) = scene.frames()
    assert picture.shape == (360, 400, 3)
    assert np.abs(picture[:, :200].astype(int) - picture[:, 200:][:, ::-1]).mean() < 6


def test_talking_moves_jaw_and_lips_within_its_span() -> None:
    scene = Scene(duration_s=3, actors=(Actor(talk(0.5, 2.0)),))
    curve = scene.truth("AU25")
    assert curve.max() > 0.03
    assert curve[(scene.times_s < 0.5) | (scene.times_s > 2.2)].max() == 0


def test_synthetic_voice_has_the_pitch_it_says() -> None:
    speech = synthesise((5, 4), f0_at=lambda t: 110 + 20 * t)
    voiced = np.flatnonzero(speech.f0_hz)
    assert len(speech.nuclei_s) == 9
    ((start, end),) = speech.pauses_s
    assert end - start == pytest.approx(0.5)
    middle = round(speech.nuclei_s[2] * speech.rate_hz)
    window = speech.samples[middle - 400 : middle + 400].astype(float)
    lags = np.correlate(window, window, "full")[len(window) :]
    assert speech.rate_hz / (lags[60:200].argmax() + 61) == pytest.approx(speech.f0_hz[middle], rel=0.04)
    assert np.sqrt(np.mean(speech.samples[voiced] ** 2)) == pytest.approx(0.2, rel=0.05)


def test_written_video_has_picture_and_sound(tmp_path) -> None:
    import av

    scene = Scene(duration_s=0.4, width=160, height=120, face_px=50)
    path = write_video(tmp_path / "a.mp4", scene.frames(), 25, samples=synthesise((2,)).samples)
    with av.open(str(path)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
        assert sum(1 for _ in container.decode(video=0)) == 10
