"""A real browser plays what was made of every odd form: full length, seeking to a moment shows that moment."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from media_files import moving, quadrants, tone, write_sound, write_video

from emoreason.cues.media import probe
from emoreason.records import CueSet
from emoreason.report.clip.illustration import Media
from emoreason.report.clip.making import make_illustration
from emoreason.report.text import data_uri

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

PAGE = "<!doctype html><title>media</title><{tag} id=m src='{source}' preload=auto muted></{tag}><canvas id=c></canvas>"
LOAD = """() => new Promise((done, fail) => {
    const m = document.getElementById('m');
    const tell = () => done([m.duration, m.videoWidth || 0, m.videoHeight || 0]);
    m.onerror = () => fail(m.error.message);
    if (m.readyState >= 3) tell(); else m.oncanplay = tell;
})"""
#: Seek, draw what is shown, and tell the mean colours of the picture's quadrants.
SEEK = """(at) => new Promise((done, fail) => {
    const m = document.getElementById('m'), c = document.getElementById('c');
    m.onerror = () => fail(m.error.message);
    m.onseeked = () => setTimeout(() => {
        if (!m.videoWidth) return done([m.currentTime, []]);
        c.width = m.videoWidth; c.height = m.videoHeight;
        const d = c.getContext('2d'); d.drawImage(m, 0, 0);
        const mean = (x, y) => d.getImageData(x * c.width, y * c.height, 1, 1).data.slice(0, 3);
        done([m.currentTime, [[.25, .25], [.75, .25], [.25, .75], [.75, .75]].map(([x, y]) => [...mean(x, y)])]);
    }, 60);
    m.currentTime = at;
})"""


def steps(count: int) -> list[np.ndarray]:
    """Grey pictures that get brighter: the brightness tells which one is shown."""
    return [np.full((90, 160, 3), 20 + 200 * k // count, np.uint8) for k in range(count)]


def played(open_page: Callable[..., "Page"], media: Media | None, folder: Path) -> "Page":
    assert media is not None
    tag = "video" if media.kind == "video" else "audio"
    path = folder / "page.html"
    path.write_text(PAGE.format(tag=tag, source=data_uri(media.mime, media.data)), encoding="utf-8")
    return open_page(path)


VFR = [0.0, 0.2, 0.25, 0.6, 1.0, 1.04, 1.4, 1.9, 2.0, 2.4]
VIDEOS: dict[str, Callable[[Path], Path]] = {
    "h264 copied": lambda p: write_video(p / "a.mp4", steps(75), sound=tone(3.0)),
    "vp9 copied": lambda p: write_video(p / "a.webm", steps(75), codec="libvpx-vp9"),
    "h264 out of matroska": lambda p: write_video(p / "a.mkv", steps(75)),
    "hevc": lambda p: write_video(p / "a.mp4", steps(75), codec="libx265", sound=tone(3.0)),
    "mpeg4 in avi": lambda p: write_video(p / "a.avi", steps(75), codec="mpeg4", sound=tone(3.0)),
    "transport stream": lambda p: write_video(p / "a.ts", steps(75), sound=tone(3.0)),
    "sound starts late": lambda p: write_video(p / "a.mp4", steps(75), sound=tone(2.0), sound_start_s=1.0),
    "pictures start late": lambda p: write_video(
        p / "a.mp4", steps(60), times_s=[0.6 + k / 25 for k in range(60)], sound=tone(3.0)
    ),
    "varying rate, copied": lambda p: write_video(p / "a.mp4", steps(10), times_s=VFR),
    "varying rate, encoded": lambda p: write_video(p / "a.mkv", steps(10), times_s=VFR, codec="mpeg4"),
    "4k": lambda p: write_video(p / "a.mp4", moving(4, (3840, 2160))),
}


@pytest.mark.parametrize("name", VIDEOS)
def test_videos_play_and_seek(name: str, tmp_path: Path, open_page: Callable[..., "Page"]) -> None:
    from emoreason.cues.media import read_frames

    path = VIDEOS[name](tmp_path)
    page = played(open_page, make_illustration(CueSet(clip=probe(path)), path).media, tmp_path)
    duration_s, width, height = page.evaluate(LOAD)
    frames = list(read_frames(path))
    assert duration_s == pytest.approx(max(probe(path).duration_s or 0.0, frames[-1].time_s), abs=0.15)
    assert width > 0
    assert height > 0
    for k in range(1, len(frames) - 1, max(1, len(frames) // (6 if name != "4k" else 1))):
        moment_s = (frames[k].time_s + frames[k + 1].time_s) / 2
        at_s, colours = page.evaluate(SEEK, moment_s)
        assert at_s == pytest.approx(moment_s, abs=0.01)
        if name != "4k":
            assert np.mean(colours) == pytest.approx(frames[k].image.mean(), abs=6)


def test_rotated_video_is_upright(tmp_path: Path, open_page: Callable[..., "Page"]) -> None:
    from emoreason.cues.media import read_frames

    for rotation in (90, 180, 270):
        path = write_video(tmp_path / f"{rotation}.mp4", [quadrants((160, 96))] * 10, rotation=rotation)
        page = played(open_page, make_illustration(CueSet(clip=probe(path)), path).media, tmp_path)
        _, width, height = page.evaluate(LOAD)
        shown = next(iter(read_frames(path))).image
        assert (height, width) == shown.shape[:2]
        _, colours = page.evaluate(SEEK, 0.2)
        h, w = shown.shape[:2]
        true = [shown[y, x] for y in (h // 4, 3 * h // 4) for x in (w // 4, 3 * w // 4)]
        assert np.abs(np.array(colours, float) - np.array(true, float)).max() < 40


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.wav", "pcm_s16le"),
        ("a.mp3", "libmp3lame"),
        ("a.flac", "flac"),
        ("a.ogg", "libopus"),
        ("a.m4a", "aac"),
        ("b.m4a", "alac"),
    ],
)
def test_sounds_play_and_seek(tmp_path: Path, open_page: Callable[..., "Page"], name: str, codec: str) -> None:
    path = write_sound(tmp_path / name, (tone(3.0) * 32767).astype(np.int16)[None], 16_000, codec=codec)
    page = played(open_page, make_illustration(CueSet(clip=probe(path)), path).media, tmp_path)
    duration_s, *_ = page.evaluate(LOAD)
    assert duration_s == pytest.approx(3.0, abs=0.12)
    at_s, _ = page.evaluate(SEEK, 2.0)
    assert at_s == pytest.approx(2.0, abs=0.01)
