"""Scene: cuts and their counter-examples, keyframes, measures with known truth, darkness, number of people."""

from collections.abc import Sequence

import numpy as np
import pytest
from media_files import Picture, moving, plain

from emoreason.cues.extractor import Extraction, Frame, Job
from emoreason.cues.scene import LEVELS, WORDS, SceneExtractor, colourfulness, level_of
from emoreason.records import Clip, Cue, Curve

SIZE = (320, 180)


def textured(seed: int, shift: int = 0, size: tuple[int, int] = SIZE, gain: float = 1.0) -> Picture:
    """A smooth random picture in its own colours; ``shift`` pans over it."""
    import cv2

    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255 * gain, (12, 24, 3)).astype(np.float32)
    wide = cv2.resize(coarse, (2 * size[0], size[1]), interpolation=cv2.INTER_CUBIC)
    return np.clip(wide[:, shift : shift + size[0]], 0, 255).astype(np.uint8)


def run(pictures: Sequence[Picture], fps: float = 25, curves: Sequence[Curve] = ()) -> Extraction:
    job = Job(Clip(id="a", has_video=True), found=Extraction(curves=tuple(curves)))
    extractor = SceneExtractor()
    extractor.begin(job)
    for index, picture in enumerate(pictures):
        extractor.see(Frame(index, index / fps, picture))
    return extractor.finish(job)


def of(extraction: Extraction, code: str) -> list[Cue]:
    return [cue for cue in extraction.cues if cue.code == code]


def shots(extraction: Extraction) -> list[tuple[float | None, float | None]]:
    return [(cue.start_s, cue.end_s) for cue in of(extraction, "shot")]


def test_cuts_are_found_where_they_are() -> None:
    pictures = [textured(seed, shift=k) for seed in (1, 2, 3) for k in range(30)]
    assert shots(run(pictures)) == [(0, 1.2), (1.2, 2.4), (2.4, 3.6)]
    assert shots(run(pictures[::3], fps=25 / 3)) == [(0, 1.2), (1.2, 2.4), (2.4, 3.6)]


def test_what_is_no_cut() -> None:
    rng = np.random.default_rng(0)
    still = textured(4)
    noisy = [np.clip(still + rng.normal(0, 12, still.shape), 0, 255).astype(np.uint8) for _ in range(50)]
    fast_pan = [textured(5, shift=6 * k) for k in range(50)]
    flash = [still] * 20 + [plain((255, 255, 255), SIZE)] * 2 + [still] * 20
    fade = [np.uint8(still * abs(np.cos(k / 16))) for k in range(50)]
    pulse = [np.roll(still, int(40 * np.sin(k / 2)), axis=1) for k in range(50)]
    for pictures in (noisy, fast_pan, flash, fade, pulse):
        assert len(shots(run(pictures))) == 1


def test_a_cut_in_the_dark_and_one_near_the_end() -> None:
    dark = [textured(6, gain=0.35)] * 20 + [textured(7, gain=0.35)] * 20
    assert len(shots(run(dark))) == 2
    late = [textured(8)] * 40 + [textured(9)] * 1
    assert shots(run(late)) == [(0, 1.6), (1.6, 1.64)]


def au_curve(code: str, values: Sequence[float | None], subject: str = "face1") -> Curve:
    times = tuple(k / 25 for k in range(len(values)))
    return Curve(modality="face", code=code, subject=subject, unit="0-5", times_s=times, values=tuple(values))


def bump(count: int, peak: int, height: float) -> list[float]:
    return [height * float(np.exp(-(((k - peak) / 4) ** 2))) for k in range(count)]


def test_the_keyframe_is_the_apex_of_the_face_not_of_its_speech_or_blinks() -> None:
    curves = [
        au_curve("AU12", bump(50, 30, 3)),
        au_curve("AU6", bump(50, 31, 2)),
        au_curve("AU25", bump(50, 10, 5)),
        au_curve("AU45", bump(50, 5, 5)),
        Curve(modality="head", code="yaw", times_s=(0.2,), values=(90.0,)),
    ]
    (keyframe,) = of(run([textured(1)] * 50, curves=curves), "keyframe")
    assert keyframe.start_s == keyframe.end_s == keyframe.apex_s == pytest.approx(30 / 25, abs=0.041)


def test_two_people_add_up_and_missing_values_do_not_count() -> None:
    curves = [
        au_curve("AU1", bump(50, 10, 2), "face1"),
        au_curve("AU1", [None if k < 30 else value for k, value in enumerate(bump(50, 40, 1.5))], "face1x"),
        au_curve("AU4", bump(50, 40, 1.5), "face2"),
    ]
    (keyframe,) = of(run([textured(1)] * 50, curves=curves), "keyframe")
    assert keyframe.apex_s == pytest.approx(40 / 25)


def test_without_a_moving_face_the_keyframe_is_the_middle_of_each_shot() -> None:
    pictures = [textured(1)] * 25 + [textured(2)] * 25
    keyframes = of(run(pictures, curves=[au_curve("AU12", [0.1] * 50)]), "keyframe")
    assert [keyframe.start_s for keyframe in keyframes] == pytest.approx([0.5, 1.5], abs=0.021)
    assert [keyframe.apex_s for keyframe in keyframes] == [None, None]


def test_brightness_is_mean_luma_and_darkness_a_gap() -> None:
    for value, word in ((10, "very_low"), (50, "low"), (128, "normal"), (180, "high"), (240, "very_high")):
        extraction = run([plain((value, value, value), SIZE)] * 10)
        (cue,) = of(extraction, "brightness")
        assert cue.value == pytest.approx(value / 255, abs=0.005)
        assert cue.level == word
        assert [gap.reason for gap in extraction.gaps] == (["low_light"] if value < 64 else [])
    lamp = plain((5, 5, 5), SIZE)
    lamp[40:140, 100:200] = 200  # a lit face in a dark room can be seen
    assert run([lamp] * 10).gaps == ()


def test_colourfulness_follows_the_published_formula() -> None:
    rng = np.random.default_rng(0)
    picture = rng.integers(0, 256, (90, 96, 3), dtype=np.uint8)
    red, green, blue = (picture[..., k].astype(float) for k in range(3))
    first, second = red - green, (red + green) / 2 - blue
    published = np.sqrt(first.var() + second.var()) + 0.3 * np.sqrt(first.mean() ** 2 + second.mean() ** 2)
    assert colourfulness(picture) == pytest.approx(published, rel=1e-4)
    assert colourfulness(plain((90, 90, 90))) == 0
    assert level_of("colourfulness", 10) == "very_low"
    assert level_of("colourfulness", 70) == "high"


@pytest.mark.parametrize("pixels_per_frame", [1, 3])
def test_motion_of_a_pan_is_its_speed(pixels_per_frame: int) -> None:
    extraction = run([textured(3, shift=pixels_per_frame * k) for k in range(50)])
    (cue,) = of(extraction, "motion")
    assert cue.unit == "%/s"
    assert cue.value == pytest.approx(100 * pixels_per_frame * 25 / SIZE[0], rel=0.25)
    still = of(run([textured(3)] * 50), "motion")[0]
    assert still.value == pytest.approx(0, abs=0.1)
    assert still.level == "very_low"


def test_number_of_people_comes_from_the_faces_found() -> None:
    pictures = [textured(1)] * 25 + [textured(2)] * 25
    counts = [2.0] * 25 + [0.0] * 25
    counts[3] = 5.0  # one frame is a mistake of the detector
    curve = Curve(modality="face", code="n_faces", times_s=tuple(k / 25 for k in range(50)), values=tuple(counts))
    first, second = of(run(pictures, curves=[curve]), "n_faces")
    assert (first.state, first.value) == ("present", 2.0)
    assert (second.state, second.value) == ("absent", None)
    assert of(run(pictures), "n_faces") == []


@pytest.mark.parametrize("size", [(1, 1), (7, 900), (2000, 3), (640, 480)])
def test_a_picture_of_any_shape_is_a_moment(size: tuple[int, int]) -> None:
    extraction = run([plain((120, 130, 140), size)])
    assert shots(extraction) == [(0, 0)]
    assert [cue.start_s for cue in of(extraction, "keyframe")] == [0]
    assert of(extraction, "motion") == []
    assert len(run([plain((120, 130, 140), size)] * 12).cues) == 5


def test_ids_are_unique_spans_cover_the_clip_and_a_second_run_starts_afresh() -> None:
    extractor = SceneExtractor()
    job = Job(Clip(id="a"))
    for _ in range(2):
        extractor.begin(job)
        for index, picture in enumerate([*moving(30, SIZE), *[textured(2)] * 30]):
            extractor.see(Frame(index, index / 25, picture))
        extraction = extractor.finish(job)
        ids = [cue.id for cue in extraction.cues]
        assert len(set(ids)) == len(ids)
        assert shots(extraction) == [(0, 1.2), (1.2, 2.4)]
        assert all(cue.source == "emoreason.scene/1" for cue in extraction.cues)


def test_levels_are_words_of_one_scale() -> None:
    for code, edges in LEVELS.items():
        assert list(edges) == sorted(edges)
        assert [level_of(code, edge) for edge in edges] == list(WORDS[1:])
        assert level_of(code, 0) == "very_low"
