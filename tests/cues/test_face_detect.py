import numpy as np
import pytest

from emoreason.cues.face.detect import GRID, INPUT_PX, decode, letterbox, overlap

ANCHOR = GRID * 10 + 20  # row 10, column 20: centre (82, 42) in network pixels


def numbers(**logits: float) -> tuple[np.ndarray, np.ndarray]:
    """Raw outputs with a 40 x 50 box, shifted by (2, 3), at each given anchor."""
    raw, scores = np.zeros((GRID * GRID, 16), np.float32), np.full(GRID * GRID, -20.0, np.float32)
    for name, logit in logits.items():
        index = int(name[1:])
        raw[index, :4] = (2, 3, 40, 50)
        raw[index, 4:] = np.arange(12)
        scores[index] = logit
    return raw, scores


def test_box_and_keypoints_are_relative_to_the_anchor() -> None:
    (face,) = decode(*numbers(**{f"a{ANCHOR}": 3.0}), 2.0, (0.0, 10.0))
    assert face.box == pytest.approx(((84 - 20) * 2, (45 - 25 - 10) * 2, (84 + 20) * 2, (45 + 25 - 10) * 2))
    assert face.keypoints[0].tolist() == pytest.approx([(82 + 0) * 2, (42 + 1 - 10) * 2])
    assert face.score == pytest.approx(1 / (1 + np.exp(-3)))


def test_overlapping_candidates_become_one_face() -> None:
    faces = decode(*numbers(**{f"a{ANCHOR}": 3.0, f"a{ANCHOR + 1}": 2.0, "a2000": 2.5}), 1.0, (0.0, 0.0))
    assert [round(face.score, 3) for face in faces] == [0.953, 0.924]
    assert 82 - 18 < faces[0].box[0] < 82 + 4 - 18  # between the two candidates


def test_nothing_above_the_limit_is_no_face() -> None:
    assert decode(*numbers(**{f"a{ANCHOR}": 0.0}), 1.0, (0.0, 0.0)) == []


@pytest.mark.parametrize(("height", "width"), [(100, 300), (300, 100), (192, 192), (1, 500)])
def test_letterbox_keeps_the_picture_whole_and_in_place(height: int, width: int) -> None:
    tensor, scale, (left, top) = letterbox(np.full((height, width, 3), 255, np.uint8))
    assert tensor.shape == (1, INPUT_PX, INPUT_PX, 3)
    filled = tensor[0, :, :, 0] > 0.99
    assert filled.any()
    rows, columns = np.flatnonzero(filled.any(axis=1)), np.flatnonzero(filled.any(axis=0))
    assert (rows[0], columns[0]) == (top, left)
    assert (columns[-1] - columns[0] + 1) * scale == pytest.approx(width, abs=scale)


def test_overlap_of_empty_boxes_is_nothing() -> None:
    assert overlap([0, 0, 0, 0], [[0, 0, 0, 0]]).tolist() == [0.0]
