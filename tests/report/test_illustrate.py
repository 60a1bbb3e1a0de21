"""What a page shows of a clip: every odd form of media comes out playable, upright, and on the same clock."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from media_files import corners, moving, quadrants, tone, write_sound, write_video, write_wav
from PIL import Image

from emoreason.cues.limits import Limits
from emoreason.cues.media import probe, read_audio, read_frames
from emoreason.errors import MediaError
from emoreason.records import Clip, Cue, CueSet
from emoreason.report.clip import making, proxy
from emoreason.report.clip.illustrate import illustrate
from emoreason.report.clip.illustration import Illustration, Media
from emoreason.report.clip.making import make_illustration, peaks_of
from emoreason.report.clip.wire import from_wire, to_wire

#: What every browser plays, by the names libav gives.
PLAYABLE = {
    "video/mp4": ({"h264"}, {"aac", "mp3", "mp3float"}),
    "video/webm": ({"vp8", "vp9"}, {"opus", "vorbis"}),
    "audio/mp4": (set(), {"aac"}),
    "audio/mpeg": (set(), {"mp3", "mp3float"}),
    "audio/wav": (set(), {"pcm_s16le", "pcm_u8"}),
    "audio/flac": (set(), {"flac"}),
    "audio/ogg": (set(), {"opus", "vorbis"}),
}
SECRET = b"SECRET-PLACE"


def cueset_of(path: Path, *cues: Cue) -> CueSet:
    return CueSet(clip=probe(path), cues=cues)


def keyframe_at(*times_s: float) -> tuple[Cue, ...]:
    return tuple(
        Cue(id=f"scene.keyframe.{n}", modality="scene", code="keyframe", start_s=t, end_s=t)
        for n, t in enumerate(times_s, 1)
    )


def made(path: Path, *cues: Cue, **options: Any) -> Illustration:
    return make_illustration(cueset_of(path, *cues), path, **options)


def saved(media: Media | None, folder: Path) -> Path:
    assert media is not None
    path = folder / f"made.{media.mime.rpartition('/')[2]}"
    path.write_bytes(media.data)
    return path


def check_playable(media: Media) -> None:
    videos, sounds = PLAYABLE[media.mime]
    with av.open(io.BytesIO(media.data)) as container:
        for stream in container.streams:
            assert stream.type in ("video", "audio")
            context = stream.codec_context
            assert context.name in (videos if stream.type == "video" else sounds)
            if stream.type == "video":
                assert context.pix_fmt in ("yuv420p", "yuvj420p")
        assert len(container.streams.video) == bool(videos)


def check_same_clock(before: Path, after: Path, *, exact_s: float = 0.002) -> None:
    """Every moment shows the same picture, and sound begins when it began."""
    old, new = list(read_frames(before)), list(read_frames(after))
    if new[0].time_s < old[0].time_s:
        new = new[1:]  # the first picture is shown from the start
    assert [f.time_s for f in new] == pytest.approx([f.time_s for f in old], abs=exact_s)
    for a, b in zip(old, new, strict=True):
        height, width = b.image.shape[:2]
        small = np.asarray(Image.fromarray(a.image).resize((width, height), Image.Resampling.BOX), float)
        assert np.abs(small - b.image).mean() < 16
    assert probe(after).duration_s == pytest.approx(probe(before).duration_s or 0.0, abs=0.15)
    sound = read_audio(before)
    if sound is not None:
        copy = read_audio(after)
        assert copy is not None
        assert onset_s(copy.samples) == pytest.approx(onset_s(sound.samples), abs=0.015)


def onset_s(samples: np.ndarray) -> float:
    return float(np.argmax(np.abs(samples) > 0.1)) / 16_000


def chirp_at(start_s: float, length_s: float) -> np.ndarray:
    sound = np.zeros(round(length_s * 16_000), np.float32)
    first = round(start_s * 16_000)
    sound[first:] = tone(length_s)[: len(sound) - first]
    return sound


BIG = (320, 180)
VFR = [0.0, 0.04, 0.08, 0.5, 0.52, 1.1, 1.14, 1.9]
#: Name -> (maker of a video, whether its packets can be copied).
VIDEOS: dict[str, tuple[Callable[[Path], Path], bool]] = {
    "h264 and aac in mp4": (lambda p: write_video(p / "a.mp4", moving(30, BIG), sound=chirp_at(0.5, 1.2)), True),
    "sound starts late": (
        lambda p: write_video(p / "a.mp4", moving(40, BIG), sound=chirp_at(0.3, 1.0), sound_start_s=0.4),
        True,
    ),
    "pictures start late": (
        lambda p: write_video(
            p / "a.mp4", moving(20, BIG), times_s=[0.4 + k / 25 for k in range(20)], sound=chirp_at(0.2, 1.2)
        ),
        True,
    ),
    "varying frame rate": (lambda p: write_video(p / "a.mp4", moving(8, BIG), times_s=VFR), True),
    "varying frame rate, mpeg4": (
        lambda p: write_video(p / "a.mkv", moving(8, BIG), times_s=VFR, codec="mpeg4", sound=chirp_at(0.7, 1.9)),
        False,
    ),
    "h264 in mkv, pcm": (lambda p: write_video(p / "a.mkv", moving(20, BIG), sound=chirp_at(0.3, 0.8)), False),
    "h264 in mkv, silent": (lambda p: write_video(p / "a.mkv", moving(20, BIG)), True),
    "transport stream, starts at 1.4 s": (
        lambda p: write_video(p / "a.ts", moving(30, BIG), sound=chirp_at(0.5, 1.2)),
        False,
    ),
    "hevc": (lambda p: write_video(p / "a.mp4", moving(20, BIG), codec="libx265", sound=chirp_at(0.2, 0.8)), False),
    "mpeg4 in avi": (
        lambda p: write_video(p / "a.avi", moving(20, BIG), codec="mpeg4", sound=chirp_at(0.2, 0.8)),
        False,
    ),
    "vp9 in webm": (lambda p: write_video(p / "a.webm", moving(20, BIG), codec="libvpx-vp9"), True),
    "ten bits": (lambda p: write_video(p / "a.mp4", moving(10, BIG), pix_fmt="yuv420p10le"), False),
    "4:4:4": (lambda p: write_video(p / "a.mp4", moving(10, BIG), pix_fmt="yuv444p"), False),
    "odd number of rows and columns": (
        lambda p: write_video(p / "a.avi", moving(10, (97, 65)), codec="mjpeg", pix_fmt="yuvj444p"),
        False,
    ),
    "4k": (lambda p: write_video(p / "a.mp4", moving(6, (3840, 2160))), True),
    "4k hevc": (
        lambda p: write_video(
            p / "a.mp4", moving(4, (3840, 2160)), codec="libx265", options={"preset": "ultrafast"}
        ),
        False,
    ),
    "60 frames a second, mpeg4": (
        lambda p: write_video(p / "a.avi", moving(60, BIG), fps=60, codec="mpeg4"),
        False,
    ),
    "one picture and sound": (
        lambda p: write_video(p / "a.mkv", moving(1, BIG), fps=1, codec="mjpeg", pix_fmt="yuvj420p",
                              sound=chirp_at(0.5, 2.0)),
        False,
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.slow if "4k" in name else ()) for name in VIDEOS]
)
def test_every_form_of_video_becomes_playable_on_the_same_clock(name: str, tmp_path: Path) -> None:
    make, is_copied = VIDEOS[name]
    path = make(tmp_path)
    shown = made(path, *keyframe_at(0.4))
    assert shown.media is not None
    assert shown.media.kind == "video"
    check_playable(shown.media)
    check_same_clock(path, saved(shown.media, tmp_path))
    assert any("encoded anew" in note for note in shown.notes) is not is_copied
    first = next(iter(read_frames(saved(shown.media, tmp_path))))
    assert first.image.shape[1] / first.image.shape[0] == pytest.approx(
        (shown.media.width or 0) / (shown.media.height or 1), rel=0.02
    )
    if not is_copied:
        assert (shown.media.height or 0) <= making.PROXY_HEIGHT_PX
    assert len(shown.peaks) == (0 if read_audio(path) is None else making.PEAKS)
    (keyframe,) = shown.keyframes
    nearest = min((f.time_s for f in read_frames(path)), key=lambda t: abs(t - 0.4))
    assert keyframe.time_s == pytest.approx(nearest, abs=1e-6)


@pytest.mark.parametrize(("rotation", "expected"), [(90, "gwrb"), (180, "wbgr"), (270, "brwg"), (-90, "brwg")])
@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_rotated_video_stays_upright(tmp_path: Path, rotation: int, expected: str, codec: str) -> None:
    path = write_video(tmp_path / "a.mp4", [quadrants()] * 5, codec=codec, rotation=rotation)
    before = next(iter(read_frames(path))).image
    shown = made(path)
    assert shown.media is not None
    after = next(iter(read_frames(saved(shown.media, tmp_path)))).image
    assert corners(after) == corners(before)
    turned = rotation % 180 != 0
    assert (shown.media.width, shown.media.height) == ((64, 96) if turned else (96, 64))
    assert np.asarray(Image.open(io.BytesIO(shown.keyframes[0].data))).shape == before.shape
    assert expected  # the exact reading of the matrix is proven in tests/cues/test_media.py


def test_pixels_that_are_not_square_are_made_so(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.sample_aspect_ratio = stream.codec_context.sample_aspect_ratio = 2
        for picture in moving(5):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    shown = made(path).media
    assert shown is not None
    assert (shown.width or 0) / (shown.height or 1) == pytest.approx(3.0, rel=0.02)


SOUNDS: dict[str, tuple[str, str | None, str]] = {
    "wav": ("a.wav", "pcm_s16le", "audio/wav"),
    "mp3": ("a.mp3", "libmp3lame", "audio/mpeg"),
    "flac": ("a.flac", "flac", "audio/flac"),
    "opus": ("a.ogg", "libopus", "audio/ogg"),
    "aac": ("a.m4a", "aac", "audio/mp4"),
    "alac": ("a.m4a", "alac", "audio/mp4"),
    "aiff": ("a.aiff", "pcm_s16be", "audio/mp4"),
    "opus in matroska": ("a.mka", "libopus", "audio/ogg"),
}


@pytest.mark.parametrize("name", SOUNDS)
def test_every_form_of_sound_becomes_playable(name: str, tmp_path: Path) -> None:
    file, codec, mime = SOUNDS[name]
    sound = (chirp_at(0.7, 2.0) * 32767).astype(np.int16)[None]
    path = write_sound(tmp_path / file, sound, 16_000, codec=codec)
    shown = made(path)
    assert shown.media is not None
    assert (shown.media.kind, shown.media.mime) == ("audio", mime)
    check_playable(shown.media)
    before, after = read_audio(path), read_audio(saved(shown.media, tmp_path))
    assert before is not None
    assert after is not None
    assert onset_s(after.samples) == pytest.approx(onset_s(before.samples), abs=0.05)
    assert after.duration_s == pytest.approx(before.duration_s, abs=0.12)
    assert shown.keyframes == ()
    assert len(shown.peaks) == making.PEAKS


def test_pictures_are_drawn_anew_upright_and_opaque(tmp_path: Path) -> None:
    turned = Image.fromarray(quadrants())
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, SECRET.decode()
    turned.save(tmp_path / "a.jpg", exif=exif, quality=95)
    rgba = np.zeros((64, 96, 4), np.uint8)
    rgba[:, :48] = (255, 0, 0, 255)
    Image.fromarray(rgba).save(tmp_path / "a.png")
    turned.save(tmp_path / "a.webp")
    turned.save(tmp_path / "a.bmp")
    upright = (96, 64)
    for name, letters, size in (
        ("a.jpg", "brwg", (64, 96)), ("a.png", "rwrw", upright), ("a.webp", "rgbw", upright), ("a.bmp", "rgbw", upright)
    ):  # fmt: skip
        shown = made(tmp_path / name)
        assert shown.media is not None
        assert (shown.media.kind, shown.media.mime) == ("picture", "image/webp")
        assert (shown.media.width, shown.media.height) == size
        assert corners(np.asarray(Image.open(io.BytesIO(shown.media.data)).convert("RGB"))) == letters
        assert SECRET not in shown.media.data
        assert len(shown.keyframes) == 1
        assert shown.peaks == ()


@pytest.mark.parametrize("name", ["a.gif", "a.webp"])
def test_animations_become_videos(tmp_path: Path, name: str) -> None:
    pictures = [Image.fromarray(picture) for picture in moving(6)]
    pictures[0].save(
        tmp_path / name, save_all=True, append_images=pictures[1:], duration=[100, 300, 100, 100, 500, 200]
    )
    shown = made(tmp_path / name)
    assert shown.media is not None
    check_playable(shown.media)
    frames = list(read_frames(saved(shown.media, tmp_path)))
    assert [f.time_s for f in frames] == pytest.approx([0.0, 0.1, 0.4, 0.5, 0.6, 1.1], abs=0.002)
    assert probe(saved(shown.media, tmp_path)).duration_s == pytest.approx(1.3, abs=0.02)


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_nothing_of_the_file_goes_along_but_pictures_and_sound(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "a.mp4"
    with av.open(str(path), "w") as container:
        container.metadata["title"] = container.metadata["location"] = SECRET.decode()
        stream: Any = container.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.metadata["handler_name"] = stream.metadata["title"] = SECRET.decode()
        for picture in moving(10):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode())
    original = path.read_bytes()
    assert SECRET in original
    shown = made(path).media
    assert shown is not None
    assert SECRET not in shown.data
    if codec == "libx264":
        assert b"x264 - core" in original  # written beside the pictures, where cameras write place and time
        assert b"x264 - core" not in shown.data


@pytest.mark.parametrize(("file", "codec"), [("a.mp3", "libmp3lame"), ("a.flac", "flac"), ("a.ogg", "libopus"),
                                             ("b.ogg", "vorbis"),
                                             ("a.m4a", "aac"), ("a.wav", "pcm_s16le")])  # fmt: skip
def test_titles_of_sound_stay_behind(tmp_path: Path, file: str, codec: str) -> None:
    path = tmp_path / file
    with av.open(str(path), "w") as container:
        container.metadata["title"] = container.metadata["artist"] = SECRET.decode()
        stream: Any = container.add_stream(codec, rate=48_000, layout="stereo", options={"strict": "experimental"})
        stream.metadata["title"] = stream.metadata["artist"] = SECRET.decode()
        frame_size = stream.codec_context.frame_size or 1024
        for first in range(0, 48_000, frame_size):
            samples = np.zeros((2, frame_size), np.float32)
            frame = av.AudioFrame.from_ndarray(samples, "fltp", "stereo")
            frame.sample_rate, frame.pts = 48_000, first
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    assert SECRET in path.read_bytes()
    shown = made(path)
    assert shown.media is not None
    assert SECRET not in shown.media.data
    assert not any("anew" in note for note in shown.notes)


def test_what_an_editor_cut_away_stays_away(tmp_path: Path) -> None:
    red, blue = np.zeros((64, 96, 3), np.uint8), np.zeros((64, 96, 3), np.uint8)
    red[..., 0], blue[..., 2] = 255, 255
    path = write_video(tmp_path / "a.mp4", [red] * 50 + [blue] * 50, options={"movie_timescale": "1000"})
    data = bytearray(path.read_bytes())
    at = data.index(b"elst") + 12
    media_time = int.from_bytes(data[at + 4 : at + 8], "big")
    scale = int.from_bytes(data[data.index(b"mdhd") + 16 :][:4], "big")
    data[at : at + 4] = (2000).to_bytes(4, "big")
    data[at + 4 : at + 8] = (media_time + 2 * scale).to_bytes(4, "big")
    path.write_bytes(data)
    assert all(frame.image[..., 2].mean() > 200 for frame in read_frames(path))
    media = made(path).media
    copy = saved(media, tmp_path)
    with av.open(str(copy), options={"ignore_editlist": "1"}) as container:
        assert all(frame.to_ndarray(format="rgb24")[..., 0].mean() < 60 for frame in container.decode(video=0))


def test_keyframes_of_long_clips_are_the_same_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from emoreason.report.clip import looking

    times_s = [0.0, 0.31, 1.9, 2.0, 3.456]
    for name, options in (("a.mp4", {}), ("a.mkv", {}), ("a.avi", {"codec": "mpeg4"}), ("a.ts", {}), ("a.gif", None)):
        path = tmp_path / name
        if options is None:
            pictures = [Image.fromarray(picture) for picture in moving(40)]
            pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=100)
        else:
            write_video(path, moving(100), **options)
        monkeypatch.setattr(looking, "LONG_S", 1e9)
        read = made(path, *keyframe_at(*times_s), media=False).keyframes
        monkeypatch.setattr(looking, "LONG_S", 0.0)
        sought = made(path, *keyframe_at(*times_s), media=False).keyframes
        assert [k.time_s for k in sought] == pytest.approx([k.time_s for k in read], abs=1e-6)
        assert [k.data for k in sought] == [k.data for k in read]


def test_what_cannot_be_small_enough_is_left_out_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_video(tmp_path / "a.mp4", moving(50, BIG), sound=tone(2.0))
    monkeypatch.setattr(making, "MAX_MEDIA_BYTES", 150_000)
    small = made(path)
    assert small.media is not None
    assert len(small.media.data) <= 150_000
    monkeypatch.setattr(making, "MAX_MEDIA_BYTES", 20_000)
    shown = made(path)
    assert shown.media is None
    assert "do not fit" in " ".join(shown.notes)
    assert len(shown.keyframes) == 1
    assert len(shown.peaks) == making.PEAKS


@pytest.mark.parametrize("form", proxy.FORMS, ids=lambda form: form.video)
def test_the_encoders_that_libav_may_lack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: proxy.Form) -> None:
    if not all(map(proxy._has, (form.video, form.audio))):
        pytest.skip(f"this libav was built without {form.video}")
    monkeypatch.setattr(proxy, "FORMS", (form,))
    path = write_video(tmp_path / "a.avi", moving(30, BIG), codec="mpeg4", sound=chirp_at(0.4, 1.2))
    shown = made(path).media
    assert shown is not None
    check_playable(shown)
    check_same_clock(path, saved(shown, tmp_path))
    monkeypatch.setattr(proxy, "FORMS", ())
    without = made(path)
    assert without.media is None
    assert "no encoder" in " ".join(without.notes)


def test_options_and_files_that_are_gone_or_changed(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", moving(10), sound=tone(0.4))
    cueset = cueset_of(path)
    without = illustrate(cueset, media=False)
    assert without.media is None
    assert len(without.keyframes) == 1
    assert "on request" in " ".join(without.notes)
    assert illustrate(cueset).media is not None
    moved = path.rename(tmp_path / "b.mp4")
    assert "not where" in " ".join(illustrate(cueset).notes)
    assert illustrate(cueset, path=moved).media is not None
    moved.write_bytes(moved.read_bytes() + b"\0")
    with pytest.raises(MediaError, match=r"b\.mp4: the file has changed since its cues were found"):
        illustrate(cueset, path=moved)
    known = illustrate(CueSet(clip=Clip(id="only cues")))
    assert (known.media, known.keyframes) == (None, ())
    assert "Only the cues" in " ".join(known.notes)


def test_one_broken_track_is_left_out_and_said(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mkv", moving(10), sound=tone(0.4))
    data = path.read_bytes()
    broken = tmp_path / "b.mkv"
    broken.write_bytes(data.replace(b"V_MPEG4/ISO/AVC", b"V_MPEG4/ISO/AVX"))
    shown = made(broken)
    assert shown.media is not None
    assert shown.media.kind == "audio"


def test_keyframes_are_small_and_the_most_expressive_of_many(tmp_path: Path) -> None:
    noise = np.random.default_rng(0)
    pictures = [noise.integers(0, 255, (500, 600, 3), dtype=np.uint8) for _ in range(20)]
    path = write_video(tmp_path / "a.mp4", pictures, fps=2)
    smile = Cue(id="face1.AU12.1", modality="face", code="AU12", value=3.0, start_s=8.9, end_s=9.6, subject="face1")
    shown = made(path, *keyframe_at(*(k / 2 for k in range(20))), smile)
    assert len(shown.keyframes) == 12
    assert {9.0, 9.5} <= {keyframe.time_s for keyframe in shown.keyframes}
    assert [k.time_s for k in shown.keyframes] == sorted(k.time_s for k in shown.keyframes)
    for keyframe in shown.keyframes:
        assert (keyframe.width, keyframe.height) == (576, 480)
        assert len(keyframe.data) < 60_000


def test_peaks_cover_the_whole_clip_and_show_where_sound_is(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", moving(100), sound=chirp_at(1.0, 2.0))
    peaks = np.array(made(path).peaks)
    loud = np.flatnonzero(np.ptp(peaks, axis=1) > 0.3) / len(peaks) * 4.0
    assert (loud.min(), loud.max()) == pytest.approx((1.0, 2.0), abs=0.05)
    assert peaks_of(np.zeros(3, np.float32), 16_000, 0.0) == ((0.0, 0.0),) * 3


def test_the_child_keeps_to_the_limits_and_the_wire_is_checked(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", tone(1.0))
    cueset = cueset_of(path)
    with pytest.raises(MediaError, match="took longer than the limit"):
        illustrate(cueset, limits=Limits(timeout_s=0.001))
    with pytest.raises(MediaError, match=r"more than the limit of 0\.5 s"):
        illustrate(cueset, limits=Limits(max_duration_s=0.5))
    shown = make_illustration(cueset, path)
    assert from_wire(to_wire(shown)) == shown
    for broken in (
        None,
        {},
        {**to_wire(shown), "peaks": [[float("nan"), 1]]},
        {**to_wire(shown), "media": {**to_wire(shown)["media"], "mime": 'text/html"><script>'}},
        {**to_wire(shown), "media": {**to_wire(shown)["media"], "data": "%%"}},
    ):
        with pytest.raises(Exception, match="cannot be read"):
            from_wire(broken)


def test_the_same_in_the_child_as_here(tmp_path: Path) -> None:
    path = write_video(tmp_path / "a.mp4", moving(10), sound=tone(0.4))
    cueset = cueset_of(path, *keyframe_at(0.2))
    here, there = make_illustration(cueset, path), illustrate(cueset)
    assert replace(here, media=None) == replace(there, media=None)
    assert there.media is not None
