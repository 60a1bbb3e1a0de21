"""From a folder of clips to a report in a real browser: sixty clips, one broken; blurred faces; killed runs."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from media_files import moving, tone, write_video, write_wav

from emoreason.cues.models import MODELS, model_path
from emoreason.errors import ModelFileError
from emoreason.records import CueSet
from emoreason.records.jsonl import read_jsonl
from emoreason.report.clip.illustrate import illustrate

pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parents[2] / "examples" / "clip.mp4"
PURPOSE = ("--purpose", "research")
BROKEN = "broken & <odd>.mp4"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where the face models are; skipped where they cannot be had."""
    folder = tmp_path_factory.mktemp("models")
    try:
        for name in MODELS:
            shutil.copy(model_path(name), folder)
    except ModelFileError as error:
        pytest.skip(f"emoreason models fetch ({error})")
    return {"EMOREASON_MODELS": str(folder)}


@pytest.fixture(scope="module")
def sixty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fifty-two small films, six recordings, the example, and one file that is no clip."""
    folder = tmp_path_factory.mktemp("sixty") / "clips"
    (folder / "sound").mkdir(parents=True)
    for number in range(52):
        sound = tone(0.5, 180.0 + 3 * number) if number % 2 else None
        write_video(folder / f"film {number}.mp4", moving(6 + number % 5), fps=12, sound=sound)
    for number in range(6):
        write_wav(folder / "sound" / f"take {number}.wav", tone(0.6, 150.0 + 20 * number))
    shutil.copy(EXAMPLE, folder / "face.mp4")
    (folder / BROKEN).write_bytes(b"\x00\x00\x00\x18ftypmp42 and then nothing of the kind" * 20)
    return folder


def rows(folder: Path) -> list[str]:
    """Group of every row of the index."""
    return re.findall(r'<tr[^>]* data-group="([^"]+)"', (folder / "index.html").read_text(encoding="utf-8"))


def links(folder: Path) -> list[Path]:
    html = (folder / "index.html").read_text(encoding="utf-8")
    return [folder / link for link in re.findall(r'class="title"><a href="([^"]+)"', html)]


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_sixty_clips_one_broken(run_in, sixty: Path, models: dict[str, str], open_page, tmp_path: Path) -> None:
    done = run_in(tmp_path, "explain", sixty, "--report", *PURPOSE, env=models)
    assert done.returncode == 1, done.stderr
    folder = tmp_path / "emoreason-report"
    assert "59 of 60 explained" in done.stderr
    assert rows(folder).count("failed") == 1
    assert len(set(links(folder))) == 59
    page = open_page(folder / "index.html")
    assert page.locator("tbody tr").count() == 60
    failed = page.locator("tr.failed")
    assert BROKEN in failed.inner_text()
    assert "damaged" in failed.inner_text()
    hrefs = page.eval_on_selector_all("tbody .title a", "(links) => links.map((link) => link.href)")
    assert len(hrefs) == 59
    for href in hrefs:
        page.goto(href)
        assert page.locator("h1").is_visible()
    page.get_by_role("link", name="All clips").click()
    assert page.locator("tbody tr").count() == 60
    page.get_by_label("Search").fill("face.mp4")
    assert (
        page.locator("tbody img.thumb").evaluate("(picture) => picture.decode().then(() => picture.naturalWidth)") > 50
    )


class Shown:
    """What Chromium shows of the example: the video's picture at one moment, the keyframe, the index's thumbnail."""

    MOMENT_S = 2.0

    def __init__(self, page, folder: Path) -> None:
        video = page.locator("video")
        video.evaluate(
            "(video, at) => new Promise((done) => {"
            " video.onseeked = () => requestAnimationFrame(() => done());"
            " const seek = () => { video.currentTime = at; };"
            " if (video.readyState) seek(); else video.onloadedmetadata = seek; })",
            self.MOMENT_S,
        )
        self.frame = video.evaluate(
            "(video) => { const canvas = document.createElement('canvas'); canvas.width = video.videoWidth;"
            " canvas.height = video.videoHeight; const at = canvas.getContext('2d'); at.drawImage(video, 0, 0);"
            " return canvas.toDataURL('image/png'); }"
        )
        self.frame = _pixels(self.frame)
        source = page.locator("img[src^='data:image'], svg image").first
        self.keyframe = _pixels(source.evaluate("(image) => image.src || image.href.baseVal"))
        page.goto((folder / "index.html").as_uri())
        self.thumbnail = _pixels(page.locator("img.thumb").get_attribute("src"))


def _pixels(url: str) -> np.ndarray:
    import base64

    data = base64.b64decode(url.split(",", 1)[1])
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return picture.astype(np.float32)


def detail(picture: np.ndarray, box: tuple[float, float, float, float]) -> float:
    """How much fine detail there is in a part of a picture: spread of its Laplacian."""
    height, width = picture.shape
    left, top, right, bottom = (round(edge * size) for edge, size in zip(box, (width, height) * 2, strict=True))
    return float(cv2.Laplacian(picture, cv2.CV_32F)[top:bottom, left:right].std())


def test_blurred_faces_are_blurred_in_the_pixels(
    run_in, models: dict[str, str], open_page: Callable[..., object], tmp_path: Path
) -> None:
    shown = {}
    for name, options in {"sharp": (), "blurred": ("--blur-faces",)}.items():
        done = run_in(tmp_path, "explain", EXAMPLE, "--report", *options, "--out", name, *PURPOSE, env=models)
        assert done.returncode == 0, done.stderr
        (page,) = links(tmp_path / name)
        shown[name] = Shown(open_page(page), tmp_path / name)
    (cueset,) = read_jsonl(tmp_path / "sharp" / "cues.jsonl", CueSet)
    left, top, right, bottom = illustrate(cueset).keyframes[0].faces[0].box
    middle = (
        0.75 * left + 0.25 * right,
        0.75 * top + 0.25 * bottom,
        0.25 * left + 0.75 * right,
        0.25 * top + 0.75 * bottom,
    )
    corner = (0.0, 0.6, 0.2, 0.95)
    for kind in ("frame", "keyframe", "thumbnail"):
        sharp, blurred = getattr(shown["sharp"], kind), getattr(shown["blurred"], kind)
        assert detail(blurred, middle) < 0.35 * detail(sharp, middle), kind
        assert detail(blurred, corner) > 0.6 * detail(sharp, corner), kind
    again = run_in(tmp_path, "report", "sharp", "--blur-faces", env=models)
    assert again.returncode == 0, again.stderr
    (page,) = links(tmp_path / "sharp")
    assert detail(Shown(open_page(page), tmp_path / "sharp").frame, middle) < 0.35 * detail(
        shown["sharp"].frame, middle
    )


@pytest.fixture
def begun(sixty: Path, models: dict[str, str], tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A run over the sixty clips that has finished some pages."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("EMOREASON_")}
    command = [sys.executable, "-m", "emoreason", "explain", str(sixty), "--report", "--offline", *PURPOSE]
    with open(tmp_path / "stderr", "wb") as said:
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env=inherited | models,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,
        )
    try:
        pages = tmp_path / "emoreason-report" / "pages"
        while len([*pages.glob("*.html")]) < 5:
            assert process.poll() is None, (tmp_path / "stderr").read_text()
            time.sleep(0.05)
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def test_interrupted_what_was_done_is_kept(begun, run_in, models, tmp_path: Path) -> None:
    begun.send_signal(signal.SIGINT)
    assert begun.wait(60) == 130
    folder = tmp_path / "emoreason-report"
    explanations = lines(folder / "explanations.jsonl")
    assert 5 <= len(explanations) < 59
    assert len(rows(folder)) == len(explanations) + rows(folder).count("failed")
    assert len(links(folder)) >= 5
    assert all(page.stat().st_size > 1000 for page in links(folder))
    # The pages that were not finished are made from what is there.
    done = run_in(tmp_path, "report", folder, env=models)
    assert done.returncode == 0, done.stderr
    assert len(links(folder)) == len(explanations)


def test_killed_the_next_run_is_fine(begun, run_in, sixty, models, tmp_path: Path) -> None:
    folder = tmp_path / "emoreason-report"
    os.kill(begun.pid, signal.SIGKILL)
    begun.wait()
    whole = [page for page in (folder / "pages").glob("*.html") if page.read_bytes().rstrip().endswith(b"</html>")]
    assert len(whole) >= 5
    assert len(whole) == len([*(folder / "pages").glob("*.html")])
    done = run_in(tmp_path, "explain", sixty, "--report", *PURPOSE, env=models)
    assert done.returncode == 1, done.stderr
    assert len(set(links(folder))) == 59
    assert not [path for path in folder.iterdir() if path.name.startswith(".") and "jsonl" in path.name]
