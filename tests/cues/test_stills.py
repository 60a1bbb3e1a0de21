"""Pictures and sound of a clip for a model: the right frames, upright, in the right size, from any file or an error."""

import base64
import hashlib
import io
import math
import wave
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from malformed_files import DAMAGED, REFUSED
from media_files import corners, moving, plain, quadrants, tone, write_sound, write_video, write_wav
from PIL import Image

from emoreason.cues import stills
from emoreason.cues.limits import Limits
from emoreason.cues.seeking import frames_near
from emoreason.cues.stills import Still, fit_pixels, read_stills, read_wav
from emoreason.errors import MediaError
from emoreason.torch_imports import import_heavy

EXAMPLE = Path(__file__).parents[2] / "examples" / "clip.mp4"
GREYS = [plain((10 * k, 10 * k, 10 * k)) for k in range(25)]


def pixels(still: Still) -> np.ndarray:
    image = Image.open(io.BytesIO(still.jpeg))
    assert image.format == "JPEG"
    assert image.size == (still.width, still.height)
    return np.asarray(image.convert("RGB"))


def grey(still: Still) -> int:
    return round(float(pixels(still).mean()) / 10)


def test_the_frames_nearest_to_the_moments(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", GREYS, fps=10)
    asked_s = (1.02, 0.0, 0.28, -3.0, 99.0)
    found = read_stills(path, asked_s, max_pixels=10_000)
    assert [still.asked_s for still in found] == list(asked_s)
    assert [still.time_s for still in found] == pytest.approx([1.0, 0.0, 0.3, 0.0, 2.4])
    assert [grey(still) for still in found] == [10, 0, 3, 0, 24]
    assert [(still.width, still.height) for still in found] == [(96, 64)] * 5
    assert found[1].jpeg == found[3].jpeg


def test_where_the_frame_rate_varies(tmp_path: Path) -> None:
    times_s = [0.0, 0.1, 0.9, 1.0, 1.7]
    path = write_video(tmp_path / "a.mkv", GREYS[:5], times_s=times_s)
    found = read_stills(path, [0.4, 0.6, 1.5], max_pixels=10_000)
    assert [still.time_s for still in found] == pytest.approx([0.1, 0.9, 1.7], abs=0.002)
    assert [grey(still) for still in found] == [1, 2, 4]


@pytest.mark.parametrize(("rotation", "seen"), [(0, "rgbw"), (90, "gwrb"), (180, "wbgr"), (270, "brwg")])
def test_rotated_video_is_upright(tmp_path: Path, rotation: int, seen: str) -> None:
    path = write_video(tmp_path / "a.mp4", [quadrants((320, 160))] * 5, rotation=rotation)
    (still,) = read_stills(path, [0.1], max_pixels=28 * 28 * 40, multiple=28)
    assert corners(pixels(still)) == seen
    assert (still.width > still.height) == (rotation % 180 == 0)
    assert still.width % 28 == still.height % 28 == 0


def test_a_picture_is_the_same_at_every_moment(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(quadrants((640, 480))).save(path)
    found = read_stills(path, [0.0, 5.0], max_pixels=640 * 480)
    assert [(still.time_s, still.width, still.height) for still in found] == [(0.0, 640, 480)] * 2
    assert corners(pixels(found[0])) == "rgbw"


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGBA", (60, 60), (255, 0, 0, 0)).save(path)
    (still,) = read_stills(path, [0.0], max_pixels=3600)
    assert pixels(still).min() > 250


def test_a_video_of_one_frame(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", [quadrants()])
    (first, second) = read_stills(path, [0.0, 0.5], max_pixels=10_000)
    assert first.time_s == second.time_s == 0.0
    assert corners(pixels(first)) == "rgbw"


def test_sound_alone_has_no_stills_and_silent_video_no_sound(tmp_path: Path) -> None:
    assert read_stills(write_wav(tmp_path / "a.wav", tone(1.0)), [0.0, 0.5], max_pixels=10_000) == ()
    assert read_wav(write_video(tmp_path / "a.mp4", GREYS)) is None


def test_no_moments_no_stills(tmp_path: Path) -> None:
    assert read_stills(tmp_path / "nowhere.mp4", [], max_pixels=10_000) == ()


def test_the_same_file_gives_the_same_bytes() -> None:
    first = read_stills(EXAMPLE, [2.08, 5.0], max_pixels=100_000, multiple=28)
    second = read_stills(EXAMPLE, [2.08, 5.0], max_pixels=100_000, multiple=28)
    assert first == second
    assert first[0].sha256 == hashlib.sha256(first[0].jpeg).hexdigest() != first[1].sha256
    assert all(still.width * still.height <= 100_000 for still in first)


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.ts"])
def test_sought_frames_are_those_that_are_read(tmp_path: Path, name: str) -> None:
    path = write_video(tmp_path / name, moving(100))
    moments_s = [3.456, 0.0, 0.31, 1.9, 2.0, 3.96]
    read = frames_near(path, Limits(), moments_s, 0.0)
    sought = frames_near(path, Limits(), moments_s, 1e9)
    assert [frame.time_s for frame in sought] == pytest.approx([frame.time_s for frame in read])
    assert all(
        np.array_equal(*images) for images in zip(*([f.image for f in some] for some in (read, sought)), strict=True)
    )


def test_reading_stops_after_the_last_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from emoreason.cues import seeking

    seen: list[float] = []
    collect = seeking.FrameCollector.see
    monkeypatch.setattr(
        seeking.FrameCollector, "see", lambda self, frame: (seen.append(frame.time_s), collect(self, frame))[1]
    )
    frames_near(write_video(tmp_path / "a.mp4", moving(100)), Limits(), [0.2, 0.5], 4.0)
    assert max(seen) < 0.6


def test_another_file_than_the_one_known_is_refused(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", GREYS[:3], sound=tone(0.2))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert read_stills(path, [0.0], max_pixels=10_000, sha256=digest)
    assert read_wav(path, sha256=digest) is not None
    write_video(path, GREYS[3:6], sound=tone(0.2))
    with pytest.raises(MediaError, match="changed since"):
        read_stills(path, [0.0], max_pixels=10_000, sha256=digest)
    with pytest.raises(MediaError, match="changed since"):
        read_wav(path, sha256=digest)


def test_long_and_thin_pictures_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (1000, 2)).save(path)
    with pytest.raises(MediaError, match="at most 200 : 1"):
        read_stills(path, [0.0], max_pixels=10_000)


def test_limits_hold(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", moving(10, (320, 240)), sound=tone(0.4))
    with pytest.raises(MediaError, match="max_pixels"):
        read_stills(path, [0.0], max_pixels=10_000, limits=Limits(max_pixels=1000))
    with pytest.raises(MediaError, match="timeout_s"):
        read_stills(path, [0.0], max_pixels=10_000, limits=Limits(timeout_s=1e-6))
    with pytest.raises(MediaError, match="max_bytes"):
        read_wav(path, limits=Limits(max_bytes=10))


@pytest.mark.parametrize("time_s", [math.nan, math.inf, -math.inf])
def test_moments_must_be_finite(time_s: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        read_stills(EXAMPLE, [time_s], max_pixels=10_000)


JPEG = base64.b64encode(b"x").decode()


@pytest.mark.parametrize(
    "answer",
    [
        None,
        7,
        {},
        {"pictures": [{}], "which": [0]},
        {"pictures": [], "which": [0, 0]},
        {"pictures": [{"time_s": 0, "width": 1, "height": 1, "jpeg": "§"}], "which": [0]},
        {"pictures": [{"time_s": 0, "width": 1, "height": 1, "jpeg": JPEG}], "which": [0, 0]},
        {"pictures": [{"time_s": 0, "width": 1, "height": 1, "jpeg": JPEG}], "which": [3]},
        {"pictures": [{"time_s": "x", "width": 1, "height": 1, "jpeg": JPEG}], "which": [0]},
        {"pictures": [None], "which": [0]},
    ],
)
def test_what_a_subverted_decoder_answers_is_no_crash(answer: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stills, "run_in_child", lambda *arguments: answer)
    with pytest.raises(MediaError, match="makes no sense"):
        read_stills("a.mp4", [0.0], max_pixels=10_000)
    if answer is not None:
        with pytest.raises(MediaError, match="makes no sense"):
            read_wav("a.mp4")


def samples_of(wav: bytes) -> tuple[np.ndarray, int]:
    with wave.open(io.BytesIO(wav)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2"), file.getframerate()


def test_sound_is_16_khz_mono(tmp_path: Path) -> None:
    stereo = np.stack([tone(1.0, rate_hz=48_000), np.zeros(48_000, np.float32)])
    recording = read_wav(write_wav(tmp_path / "a.wav", stereo, 48_000))
    assert recording is not None
    samples, rate_hz = samples_of(recording.wav)
    assert rate_hz == 16_000
    assert len(samples) == pytest.approx(16_000, abs=50)
    assert np.abs(samples).max() / 32_767 == pytest.approx(0.25, abs=0.01)
    assert recording.duration_s == recording.full_s == pytest.approx(1.0, abs=0.01)
    assert np.abs(np.fft.rfft(samples)).argmax() / recording.duration_s == pytest.approx(220, abs=2)


def test_sound_is_cut(tmp_path: Path) -> None:
    path = write_sound(tmp_path / "a.flac", (tone(3.0) * 32_767).astype(np.int16)[None], 16_000)
    recording = read_wav(path, max_s=1.25)
    assert recording is not None
    assert len(samples_of(recording.wav)[0]) == 20_000
    assert (recording.duration_s, recording.full_s) == pytest.approx((1.25, 3.0), abs=0.001)


def test_the_sound_of_the_example() -> None:
    recording = read_wav(EXAMPLE)
    assert recording is not None
    assert recording == read_wav(EXAMPLE)
    assert recording.full_s == pytest.approx(7.05, abs=0.05)


def taken(read: Callable[[], object]) -> object:
    """What was read, or the one line that says why it was not."""
    try:
        return read()
    except MediaError as error:
        return str(error)


@pytest.mark.parametrize("name", REFUSED)
def test_files_that_are_refused(name: str, tmp_path: Path) -> None:
    path = REFUSED[name](tmp_path)
    outcomes = [taken(lambda: read_stills(path, [0.0, 1.0], max_pixels=10_000)), taken(lambda: read_wav(path))]
    # One of them may find that there is no such track; nothing is read by either.
    refusals = [outcome for outcome in outcomes if isinstance(outcome, str)]
    assert refusals
    assert all("\n" not in refusal for refusal in refusals)
    assert all(outcome in ((), None) for outcome in outcomes if not isinstance(outcome, str))


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_files_give_what_they_hold_or_an_error(name: str, tmp_path: Path) -> None:
    path = DAMAGED[name](tmp_path)
    found = taken(lambda: read_stills(path, [0.0, 1.0], max_pixels=10_000))
    heard = taken(lambda: read_wav(path))
    assert any(isinstance(outcome, str) or outcome for outcome in (found, heard))


sides = st.integers(1, 4000)


@given(sides, sides, st.integers(1, 2_000_000), st.sampled_from([None, 14, 28, 32]))
def test_a_picture_fits(width: int, height: int, max_pixels: int, multiple: int | None) -> None:
    assume(max(width, height) <= 200 * min(width, height))
    assume(max_pixels >= (multiple or 1) ** 2)
    wide, high = fit_pixels(width, height, max_pixels, multiple)
    assert min(wide, high) >= 1
    assert wide * high <= max_pixels
    if multiple is None:
        assert wide <= width
        assert high <= height
    else:
        assert wide % multiple == high % multiple == 0
    if min(wide, high) > 2 * (multiple or 10) and max_pixels > 40 * (multiple or 10) ** 2:
        assert wide / high == pytest.approx(width / height, rel=0.75)


@given(sides, sides, st.integers(10, 4000), st.sampled_from([28, 32]))
def test_sizes_are_those_of_qwen_vl_utils(width: int, height: int, blocks: int, multiple: int) -> None:
    if is_missing("qwen_vl_utils"):
        pytest.skip("qwen-vl-utils is not installed: pip install 'emoreason[train]'")
    smart_resize = import_heavy("qwen_vl_utils.vision_process").smart_resize
    assume(max(width, height) <= 200 * min(width, height))
    high, wide = smart_resize(height, width, factor=multiple, max_pixels=blocks * multiple**2)
    assume(min(high, wide) > 0 and high * wide <= blocks * multiple**2)
    assert fit_pixels(width, height, blocks * multiple**2, multiple) == (wide, high)
    assert fit_pixels(wide, high, blocks * multiple**2, multiple) == (wide, high)


def is_missing(name: str) -> bool:
    from importlib.util import find_spec

    return find_spec(name) is None


@pytest.mark.parametrize(("width", "height", "most"), [(0, 5, 100), (5, -1, 100), (1, 201, 10_000), (28, 28, 783)])
def test_sizes_that_cannot_be(width: int, height: int, most: int) -> None:
    with pytest.raises(ValueError, match="picture"):
        fit_pixels(width, height, most, 28)
