"""Blurred faces are blurred, in every frame, beyond recovery, across dropouts; where that fails nothing is shown."""

import io
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from face_animation.media import write_sound, write_video
from face_animation.scene import Actor, Pulse, Scene, leave_frame, pan_zoom_roll
from known_truth import require_face_models
from media_files import tone
from PIL import Image
from true_faces import face_box

from emoreason.cues.face.detect import FaceDetector
from emoreason.cues.frames import read_frames
from emoreason.cues.media import probe
from emoreason.errors import ModelFileError
from emoreason.records import CueSet
from emoreason.report.clip import faces, making
from emoreason.report.clip.blur import HOLD_S, HiddenAreas, blurred
from emoreason.report.clip.illustration import Illustration
from emoreason.report.clip.making import make_illustration

Picture = np.ndarray
SMILE = (Pulse("smile", 0.12, 0.4, 0.9, 1.6),)
#: A detector that is as sure as this of a blurred face would take it for a face.
A_FACE = 0.6
#: What share of the detail soft transitions between mean colours, coded anew, may look like.
LEFT = 0.2


@pytest.fixture(autouse=True)
def _models() -> None:
    require_face_models()


def detail(image: Picture, box: tuple[int, int, int, int]) -> float:
    """Standard deviation of what is finer than a twelfth of the box: eyes, lips, brows and their edges."""
    left, top, right, bottom = box
    part = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)[top:bottom, left:right].astype(np.float32)
    return float((part - cv2.GaussianBlur(part, (0, 0), max(1.0, (right - left) / 12))).std())


def shown(path: Path) -> Illustration:
    return make_illustration(CueSet(clip=probe(path)), path, blur_faces=True)


def frames_of(made: Illustration, folder: Path) -> list[tuple[float, Picture]]:
    assert made.media is not None
    path = folder / "made.mp4"
    path.write_bytes(made.media.data)
    return [(frame.time_s, frame.image) for frame in read_frames(path)]


def scaled(box: tuple[int, int, int, int], scene: Scene, image: Picture) -> tuple[int, int, int, int]:
    x, y = image.shape[1] / scene.width, image.shape[0] / scene.height
    return int(box[0] * x), int(box[1] * y), int(np.ceil(box[2] * x)), int(np.ceil(box[3] * y))


def check_hidden(scene: Scene, path: Path, made: Illustration, folder: Path) -> None:
    """In every frame, no face has detail left, none is found any more, and what is far from faces is as it was."""
    detector = FaceDetector()
    before = [(frame.time_s, frame.image) for frame in read_frames(path)]
    after = frames_of(made, folder)
    assert [t for t, _ in after] == pytest.approx([t for t, _ in before], abs=0.002)
    for (time_s, old), (_, new) in zip(before, after, strict=True):
        for actor in range(len(scene.actors)):
            box = scaled(face_box(scene, time_s, actor), scene, new)
            if box[2] - box[0] < 8 or box[3] - box[1] < 8:
                continue  # outside the picture
            old_small = cv2.resize(old, new.shape[1::-1], interpolation=cv2.INTER_AREA)
            assert detail(new, box) < LEFT * detail(old_small, box), (time_s, actor)
        assert all(face.score < A_FACE for face in detector.detect(new)), time_s


SCENES = {
    "a face that smiles": Scene(duration_s=1.6, width=640, height=480, face_px=160, actors=(Actor(SMILE),)),
    "two faces": Scene(duration_s=1.0, width=960, height=400, face_px=140, actors=(Actor(SMILE), Actor(mirrored=True))),
    "a moving camera": Scene(duration_s=3.0, width=640, height=480, face_px=150, camera=pan_zoom_roll(2.5, pan=0.5)),
    "leaves and comes back": Scene(duration_s=3.0, width=640, height=360, face_px=110, camera=leave_frame(1.0, 2.0)),
    "a hand before the mouth": Scene(duration_s=2.4, width=640, height=480, face_px=160, covered_s=(0.6, 1.8)),
    "a small face": Scene(duration_s=0.6, width=1280, height=720, face_px=44),
    "too dark": Scene(duration_s=1.0, width=640, height=480, face_px=140, brightness=0.25),
}  # fmt: skip


QUICK = ("a face that smiles", "two faces", "a small face")


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name in QUICK else pytest.mark.slow) for name in SCENES]
)
def test_no_frame_shows_a_face(name: str, tmp_path: Path) -> None:
    scene = SCENES[name]
    path = write_video(tmp_path / "a.mp4", scene.frames(), scene.fps, bit_rate=3_000_000, samples=tone(1.0))
    made = shown(path)
    assert made.blurred
    check_hidden(scene, path, made, tmp_path)
    assert "voice is not changed" in " ".join(made.notes)
    detector = FaceDetector()
    for keyframe in made.keyframes:
        image = np.asarray(Image.open(io.BytesIO(keyframe.data)).convert("RGB"))
        assert all(face.score < A_FACE for face in detector.detect(image))
        for actor in range(len(scene.actors)):
            box = scaled(face_box(scene, keyframe.time_s, actor), scene, image)
            if box[2] - box[0] >= 8:
                assert detail(image, box) < 6.0


def test_what_is_far_from_the_face_stays(tmp_path: Path) -> None:
    scene = Scene(duration_s=0.6, width=640, height=480, face_px=110, actors=(Actor(x=0.25, y=0.35),))
    path = write_video(tmp_path / "a.mp4", scene.frames(), scene.fps, bit_rate=4_000_000)
    for frame, (_, new) in zip(read_frames(path), frames_of(shown(path), tmp_path), strict=True):
        assert np.abs(frame.image[:, 320:].astype(int) - new[:, 320:]).mean() < 4


class Blinded:
    """The real detector and tracker, seeing nothing during some seconds."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, spans: Iterable[tuple[float, float]]) -> None:
        self._spans, self._time_s = list(spans), 0.0
        look, detections, boxes = faces.Lookout.see, faces._detections, faces.FaceWatch.boxes

        def see(lookout: Any, frame: Any, **options: Any) -> None:
            self._time_s = frame.time_s
            look(lookout, frame, **options)

        monkeypatch.setattr(faces.Lookout, "see", see)
        monkeypatch.setattr(faces, "_detections", lambda *args: [] if self.blind else detections(*args))
        monkeypatch.setattr(
            faces.FaceWatch,
            "boxes",
            lambda watch: {index: some for index, some in boxes(watch).items() if not self._covers(index / 25)},
        )

    @property
    def blind(self) -> bool:
        return self._covers(self._time_s)

    def _covers(self, time_s: float) -> bool:
        return any(start_s <= time_s < end_s for start_s, end_s in self._spans)


@pytest.mark.parametrize(
    "spans",
    [
        [(0.2, 0.5), (0.6, 1.4), (1.5, 2.2)],
        pytest.param([(0.0, 0.9)], marks=pytest.mark.slow),
        pytest.param([(1.7, 9.0)], marks=pytest.mark.slow),
        pytest.param([(0.5, 2.2)], marks=pytest.mark.slow),
    ],
)
def test_dropouts_of_the_detector_are_bridged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spans: list[tuple[float, float]]
) -> None:
    scene = Scene(duration_s=2.6, width=640, height=480, face_px=130, camera=pan_zoom_roll(6.0, pan=0.5, zoom=0.1))
    path = write_video(tmp_path / "a.mp4", scene.frames(), scene.fps, bit_rate=3_000_000)
    with monkeypatch.context() as patch:
        Blinded(patch, spans)
        made = shown(path)
    check_hidden(scene, path, made, tmp_path)


def test_a_picture_is_blurred_and_sound_alone_has_nothing_to_blur(tmp_path: Path) -> None:
    scene = Scene(duration_s=0.04, width=640, height=480, face_px=160)
    image = next(scene.frames())
    Image.fromarray(image).save(tmp_path / "a.png")
    made = shown(tmp_path / "a.png")
    assert made.media is not None
    hidden = np.asarray(Image.open(io.BytesIO(made.media.data)).convert("RGB"))
    assert detail(hidden, face_box(scene, 0)) < LEFT * detail(image, face_box(scene, 0))
    assert made.blurred
    heard = shown(write_sound(tmp_path / "a.wav", tone(1.0)))
    assert heard.media is not None
    assert not heard.blurred


def test_without_the_models_nothing_that_may_show_a_face_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(duration_s=0.4)
    path = write_video(tmp_path / "a.mp4", scene.frames(), scene.fps, samples=tone(0.4))

    def missing(name: str) -> Path:
        raise ModelFileError(f"{name}: not there; fetch it with emoreason models fetch")

    monkeypatch.setattr("emoreason.cues.face.network.model_path", missing)
    made = shown(path)
    assert (made.media, made.keyframes, made.blurred) == (None, (), False)
    assert "emoreason models fetch" in " ".join(made.notes)
    assert made.peaks
    unblurred = make_illustration(CueSet(clip=probe(path)), path)
    assert unblurred.media is not None
    assert len(unblurred.keyframes) == 1
    assert "emoreason models fetch" in " ".join(unblurred.notes)


def test_a_frame_that_was_not_searched_is_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(duration_s=0.6)
    path = write_video(tmp_path / "a.mp4", scene.frames(), scene.fps)
    real = faces.Lookout.see

    def forgetful(lookout: Any, frame: Any, **options: Any) -> None:
        if frame.index != 7:
            real(lookout, frame, **options)

    monkeypatch.setattr(faces.Lookout, "see", forgetful)
    made = shown(path)
    assert made.media is None
    assert "not every frame" in " ".join(made.notes)
    monkeypatch.undo()
    monkeypatch.setattr(making, "_hidden", _broken)
    with pytest.raises(ZeroDivisionError):
        shown(path)  # in the child this is a MediaError: nothing is shown


def _broken(*_: object) -> Picture:
    raise ZeroDivisionError


def test_only_a_few_mean_colours_are_left() -> None:
    noise = np.random.default_rng(1)
    image = noise.integers(0, 255, (80, 80, 3), dtype=np.uint8)
    mixed = image.copy()
    for y in range(0, 80, 20):
        for x in range(0, 80, 20):
            cell = mixed[y : y + 20, x : x + 20].reshape(-1, 3)
            mixed[y : y + 20, x : x + 20] = noise.permutation(cell).reshape(20, 20, 3)
    whole = [(0.0, 0.0, 1.0, 1.0)]
    assert (blurred(image, whole) == blurred(mixed, whole)).all()
    assert (blurred(image, [(2.0, 2.0, 3.0, 3.0)]) == image).all()
    part = blurred(image, [(-1.0, 0.0, 0.5, 0.5)])
    assert (part[40:] == image[40:]).all()
    assert (part[:, 40:] == image[:, 40:]).all()


def test_areas_grow_while_nothing_is_seen_and_end_after_a_while() -> None:
    seen = [(k / 25, [(0.4 + k / 500, 0.4, 0.5 + k / 500, 0.5)] if k in range(10, 30) else []) for k in range(100)]
    areas = HiddenAreas(seen)
    assert areas.any
    assert areas.at(10 / 25 - HOLD_S - 0.05) == []
    widths = [areas.at(29 / 25 + away_s)[0] for away_s in (0.0, 0.3, 0.6, 1.0)]
    assert all(a[0] > b[0] and a[2] < b[2] for a, b in pairwise(widths))
    assert areas.at(29 / 25 + HOLD_S + 0.05) == []
    gone = HiddenAreas([(0.0, [(0.4, 0.4, 0.5, 0.5)]), (2.0, [(0.5, 0.4, 0.6, 0.5)])])
    (between,) = gone.at(1.0)
    assert between[0] < 0.4
    assert between[2] > 0.6
    assert not HiddenAreas([(0.0, [])]).any
