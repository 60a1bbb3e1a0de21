"""Blendshapes: MediaPipe's results in JavaScript and Python, ARKit dictionaries, JSON Lines."""

import json

import numpy as np
import pytest
from tool_tables import bump, mediapipe_face, times, write_json

from emoreason.errors import RecordError
from emoreason.formats.blendshapes import ACTION_UNITS, read_blendshapes

SMILE = bump(3.0, 0.8)


def read(path, fps=None):
    with open(path, "rb") as file:
        return read_blendshapes(file, fps)


def javascript(time_s: float) -> dict:
    face = mediapipe_face(mouthSmileLeft=SMILE(time_s), mouthSmileRight=0.5 * SMILE(time_s))
    return {"timestamp_ms": 1000 * time_s, "faceBlendshapes": [face]}


def python(time_s: float) -> dict:
    face = [{"category_name": "mouthSmileLeft", "score": SMILE(time_s)}, {"category_name": "jawOpen", "score": 0.0}]
    return {"timestamp_ms": 1000 * time_s, "face_blendshapes": [face]}


def arkit(time_s: float) -> dict:
    return {"time_s": time_s, "browInnerUp": 0.1, "mouthSmile_L": SMILE(time_s), "jawOpen": 0.0}


def nested_arkit(time_s: float) -> dict:
    return {"timestamp": time_s, "blendShapes": {"mouthSmileLeft": SMILE(time_s), "jawOpen": 0.0}}


@pytest.mark.parametrize("shape", [javascript, python, arkit, nested_arkit])
@pytest.mark.parametrize("wrap", [lambda frames: frames, lambda frames: {"frames": frames}])
def test_every_shape_gives_the_same_curve(tmp_path, shape, wrap) -> None:
    table = read(write_json(tmp_path / "clip.json", wrap([shape(t) for t in times(6.0)])))
    [track] = table.tracks
    assert track.intensity["AU12"].max() == pytest.approx(0.8)
    assert table.times_s[int(np.argmax(track.intensity["AU12"]))] == pytest.approx(3.0)
    assert np.isnan(track.confidence).all()


def test_json_lines_are_read_too(tmp_path) -> None:
    path = tmp_path / "clip.jsonl"
    path.write_text("\n".join(json.dumps(arkit(t)) for t in times(6.0)))
    assert read(path).tracks[0].intensity["AU12"].max() == pytest.approx(0.8)


def test_shapes_that_no_action_unit_is_made_of_are_not_read(tmp_path) -> None:
    [track] = read(write_json(tmp_path / "clip.json", [javascript(t) for t in times(1.0)])).tracks
    assert set(track.intensity) == {"AU1", "AU12", "AU26"}
    assert "AU25" not in ACTION_UNITS


def test_frames_without_a_face_are_holes(tmp_path) -> None:
    frames = [javascript(t) for t in times(2.0)]
    for frame in frames[10:30]:
        frame["faceBlendshapes"] = []
    table = read(write_json(tmp_path / "clip.json", frames))
    assert len(table.times_s) == 50
    assert not table.tracks[0].tracked[10:30].any()
    assert np.isnan(table.tracks[0].intensity["AU12"][20])


def test_several_faces_keep_their_places(tmp_path) -> None:
    frames = [
        {"timestamp_ms": 1000 * t, "faceBlendshapes": [mediapipe_face(), mediapipe_face(jawOpen=0.7)]}
        for t in times(1.0)
    ]
    table = read(write_json(tmp_path / "clip.json", frames))
    assert [track.intensity["AU26"].max() for track in table.tracks] == [0.02, 0.7]
    assert any("need not be the same person" in note for note in table.notes)


def test_without_timestamps_the_clip_gives_the_frame_rate(tmp_path) -> None:
    frames = [{"faceBlendshapes": [mediapipe_face()]} for _ in range(50)]
    path = write_json(tmp_path / "clip.json", frames)
    assert read(path, fps=25.0).times_s[-1] == pytest.approx(1.96)
    with pytest.raises(RecordError, match="give it together with its clip"):
        read(path)


def test_one_frame_is_a_moment(tmp_path) -> None:
    path = write_json(tmp_path / "face.json", mediapipe_face(jawOpen=0.7)["categories"])
    table = read(path)
    assert table.times_s.tolist() == [0.0]
    assert table.tracks[0].intensity["AU26"].tolist() == [0.7]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2, 3]", "holds no blendshapes"),
        ("{}", "holds no blendshapes"),
        ("3", "no list of frames"),
        ("[" * 100_000, "is not JSON"),
        ('[{"timestamp_ms": 1, "jawOpen": 1e999}]', "holds no blendshapes"),
        ('[{"timestamp_ms": 1, "jawOpen": 250.0, "mouthPucker": 1}]', "expected 0 to 1"),
        ("not json", "is not JSON"),
    ],
)
def test_hostile_files_give_one_line(tmp_path, text, message) -> None:
    path = tmp_path / "clip.json"
    path.write_text(text)
    with pytest.raises(RecordError, match=message) as caught:
        read(path)
    assert "\n" not in str(caught.value)
