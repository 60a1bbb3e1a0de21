"""The extractor's own promises: pictures, nothing to see, boxes, numbering. Movement is in test_known_truth.py."""

import numpy as np
import pytest
from face_animation.scene import Actor, Pulse, Scene
from known_truth import events, gaps, require_face_models

from emoreason.cues.extractor import Extraction, Frame, Job
from emoreason.cues.face import FaceExtractor
from emoreason.records import Clip


@pytest.fixture(scope="module", autouse=True)
def _face_models() -> None:
    require_face_models()


def show(*images: np.ndarray, rate_hz: float = 25.0) -> tuple[FaceExtractor, Extraction]:
    extractor, job = FaceExtractor(), Job(Clip(id="shown"))
    extractor.begin(job)
    for index, image in enumerate(images):
        extractor.see(Frame(index, index / rate_hz, image))
    return extractor, extractor.finish(job)


def photograph(*pulses: Pulse, **options) -> np.ndarray:
    scene = Scene(duration_s=0.04, width=320, height=280, actors=(Actor(pulses),), **options)
    return next(scene.frames())


def test_a_picture_gives_moments_of_lower_confidence() -> None:
    _, found = show(photograph())
    smiles = events(found, "AU12")
    assert len(smiles) == 1  # the photographed person smiles; against the population that shows
    assert smiles[0].start_s == smiles[0].end_s == smiles[0].apex_s == 0.0
    assert smiles[0].confidence <= 0.6
    assert events(found, "AU45") == []


def test_a_picture_without_a_face_is_a_gap() -> None:
    _, found = show(np.full((200, 300, 3), 128, np.uint8))
    assert [gap.reason for gap in found.gaps] == ["no_face"]
    assert found.cues == ()


def test_no_frames_give_nothing() -> None:
    assert show()[1] == Extraction()


def test_every_action_unit_is_spoken_of() -> None:
    _, found = show(*[photograph()] * 10)
    states = {cue.code: cue.state for cue in found.cues if cue.code.startswith("AU")}
    assert len(states) == 20
    assert states["AU1"] == "absent"
    assert states["AU12"] == "unknown"  # held through the clip: a smile or this person's resting face
    assert len({cue.id for cue in found.cues}) == len(found.cues)


@pytest.mark.parametrize("turns", [1, 3])
def test_a_face_on_its_side_is_not_read_as_another_expression(turns: int) -> None:
    upright = next(Scene(duration_s=0.04, width=480, height=420, face_px=200, actors=(Actor(()),)).frames())
    _, found = show(*[np.ascontiguousarray(np.rot90(upright, turns))] * 12)
    assert [cue.id for cue in found.cues if cue.code.startswith("AU") and cue.state != "unknown"] == []
    reasons = {gap.reason for gap in found.gaps}
    assert reasons == {"no_face"} or "tilted" in reasons


def test_boxes_and_counts_are_given_for_every_frame() -> None:
    pair = np.concatenate([photograph(), photograph()], axis=1)
    extractor, found = show(*[pair] * 4)
    (count,) = [curve for curve in found.curves if curve.code == "n_faces"]
    assert count.values == (2.0, 2.0, 2.0, 2.0)
    boxes = list(extractor.boxes())
    assert len(boxes) == 8
    assert {box.subject for box in boxes} == {"face1", "face2"}
    left, right = (next(b.box for b in boxes if b.subject == name) for name in ("face1", "face2"))
    assert left[2] < 320 < right[0]
    assert gaps(found, "several_faces")


def test_frames_before_begin_are_refused() -> None:
    with pytest.raises(RuntimeError, match="begin"):
        FaceExtractor().see(Frame(0, 0.0, photograph()))
