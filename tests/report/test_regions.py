"""Outlines of what an action unit moves lie where that is in the face, whoever's face it is."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from face_animation.media import write_video
from face_animation.scene import Actor, Pulse, Scene
from known_truth import require_face_models
from true_faces import face_box, landmarks

from emoreason.cues.face.pose import canonical_face
from emoreason.cues.face.tables import action_units
from emoreason.cues.gather import gather_cues
from emoreason.cues.media import probe
from emoreason.records import Cue, CueSet
from emoreason.report.clip.illustration import Keyframe
from emoreason.report.clip.making import make_illustration
from emoreason.report.clip.regions import is_active, outlines

FACE = canonical_face()[:, :2] * (1, -1)


def holds(shapes: list[np.ndarray], point: np.ndarray, slack: float) -> bool:
    """Whether a point is inside one of the outlines, or no further from it than ``slack``."""
    return any(
        cv2.pointPolygonTest(shape.astype(np.float32), (float(point[0]), float(point[1])), True) >= -slack
        for shape in shapes
    )


def pixels(keyframe: Keyframe, scene: Scene, code: str, subject: str = "face1") -> list[np.ndarray]:
    size = (scene.width, scene.height)
    return [
        np.array(shape) * size
        for region in keyframe.regions
        if region.code == code and region.subject == subject
        for shape in region.outlines
    ]


def test_every_action_unit_we_measure_has_a_region() -> None:
    for code in action_units():
        shapes = outlines(FACE, code)
        assert shapes, code
        for shape in shapes:
            assert cv2.contourArea(np.array(shape, np.float32)) > 0.01, code
    assert outlines(FACE, "AU51") == ()


def test_sides_are_the_persons_own() -> None:
    right, left = outlines(FACE, "AU12", "right"), outlines(FACE, "AU12", "left")
    assert outlines(FACE, "AU12") == right + left
    assert np.mean(right[0], axis=0)[0] < 0 < np.mean(left[0], axis=0)[0]
    assert len(outlines(FACE, "AU25", "left")) == 1
    assert outlines(FACE, "AU25", "top") == outlines(FACE, "AU25")


def test_outlines_do_not_cross_themselves() -> None:
    for code in action_units():
        for shape in outlines(FACE, code):
            points = np.array(shape)
            n = len(points)
            for i in range(n):
                for j in range(i + 2, n - (i == 0)):
                    assert not _cross(points[i], points[(i + 1) % n], points[j], points[(j + 1) % n]), (code, i, j)


def _cross(a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray) -> bool:
    def turn(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> float:
        return float(np.sign((q[0] - p[0]) * (r[1] - p[1]) - (q[1] - p[1]) * (r[0] - p[0])))

    return turn(a, b, c) != turn(a, b, d) and turn(c, d, a) != turn(c, d, b)


def test_only_events_that_cover_the_moment_are_active() -> None:
    event = Cue(id="a", modality="face", code="AU12", value=2.0, start_s=1.0, end_s=2.0)
    assert is_active(event, 1.5, picture=False)
    assert not is_active(event, 2.1, picture=False)
    presence = Cue(id="b", modality="face", code="AU4", start_s=0.0, end_s=9.0, marks=("presence_only",))
    assert not is_active(presence, 1.5, picture=False)
    assert is_active(presence, 0.0, picture=True)
    for other in (
        Cue(id="c", modality="face", code="AU12", state="absent", start_s=0.0, end_s=9.0),
        Cue(id="d", modality="face", code="AU12"),
        Cue(id="e", modality="head", code="nod", start_s=0.0, end_s=9.0),
    ):
        assert not is_active(other, 1.5, picture=False)


def test_two_people_keep_their_numbers_and_their_regions(tmp_path: Path) -> None:
    require_face_models()
    smile, brows = Pulse("smile", 0.15, 0.8, 1.4, 2.2, 0.3), Pulse("brow_raise", 0.11, 0.8, 1.4, 2.2, 0.3)
    scene = Scene(
        duration_s=3.0, width=960, height=420, face_px=180, actors=(Actor((smile,)), Actor((brows,), mirrored=True))
    )
    path = write_video(tmp_path / "a.mp4", scene.frames(), scene.fps, bit_rate=4_000_000)
    cueset = gather_cues(path, extractors=["face", "scene"]).cueset
    for blur_faces in (False, True):
        shown = make_illustration(cueset, path, blur_faces=blur_faces)
        (keyframe,) = shown.keyframes
        areas = {area.subject: np.array(area.box) * [960, 420, 960, 420] for area in keyframe.faces}
        assert sorted(areas) == ["face1", "face2"]
        for subject, actor in (("face1", 0), ("face2", 1)):
            true = np.array(face_box(scene, keyframe.time_s, actor))
            assert np.abs((areas[subject] - true).reshape(2, 2).mean(axis=0)).max() < 20
        assert {(region.subject, region.code) for region in keyframe.regions} >= {
            ("face1", "AU12"), ("face2", "AU1"), ("face2", "AU2")
        }  # fmt: skip
        assert all(cueset.cue(region.cue_id).subject == region.subject for region in keyframe.regions)
        check_smile(scene, keyframe)
        check_brows(scene, keyframe)


def check_smile(scene: Scene, keyframe: Keyframe) -> None:
    """The outlines of AU12 hold the corners of the mouth (which the smile moved up and out), and no eye."""
    shapes = pixels(keyframe, scene, "AU12")
    iod_px = 0.4 * scene.face_px
    for corner in landmarks(scene, keyframe.time_s, 0, "mouth_corner"):
        assert holds(shapes, corner, 0.2 * iod_px)
    for eye in landmarks(scene, keyframe.time_s, 0, "eye_corner"):
        assert not holds(shapes, eye, 0.2 * iod_px)


def check_brows(scene: Scene, keyframe: Keyframe) -> None:
    """The outlines of AU1 and AU2 hold the brows, inner and outer half, and no corner of the mouth."""
    shapes = pixels(keyframe, scene, "AU1", "face2") + pixels(keyframe, scene, "AU2", "face2")
    iod_px = 0.4 * scene.face_px
    brows = landmarks(scene, keyframe.time_s, 1, "brow")
    assert np.mean([holds(shapes, brow, 0.25 * iod_px) for brow in brows]) > 0.9
    for corner in landmarks(scene, keyframe.time_s, 1, "mouth_corner"):
        assert not holds(shapes, corner, 0.5 * iod_px)


def test_cues_of_other_tools_are_drawn_on_a_lone_face_only(tmp_path: Path) -> None:
    require_face_models()
    smile = Cue(
        id="AU12.1", modality="face", code="AU12", value=3.0, start_s=0.0, apex_s=0.2, end_s=0.4, source="tool/1"
    )
    for actors, expected in (((Actor(),), 1), ((Actor(), Actor()), 0)):
        scene = Scene(duration_s=0.6, width=480 * len(actors), height=360, actors=actors)
        path = write_video(tmp_path / f"{len(actors)}.mp4", scene.frames(), scene.fps)
        shown = make_illustration(CueSet(clip=probe(path), cues=(smile,)), path)
        (keyframe,) = shown.keyframes
        assert keyframe.time_s == pytest.approx(0.2)
        assert len(keyframe.regions) == expected
        assert bool(shown.notes) is not expected or expected == 0
        assert ("another tool" in " ".join(shown.notes)) is (expected == 0)
