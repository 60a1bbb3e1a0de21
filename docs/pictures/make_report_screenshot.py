"""Draw docs/pictures/report.png: the page of examples/clip.mp4 in Chromium, with one claim chosen and lit.

Run by ``make docs``; says so and changes nothing where there is no browser.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
PICTURE = Path(__file__).with_name("report.png")
SIZE = {"width": 1400, "height": 1000}
#: The claim that is chosen: the smile.
CLAIM = "AU12 lip corner puller"
MOMENT_S = 2.2

sys.path.insert(0, str(ROOT / "tests" / "support"))
from browser import run_chromium, watched_page  # noqa: E402


def make_report(folder: str) -> Path:
    """Explain the example; return its page."""
    command = ["explain", "examples/clip.mp4", "--report", "--out", folder, "--offline", "--purpose", "research"]
    subprocess.run(
        [sys.executable, "-m", "emoreason", *command], cwd=ROOT, check=True, stdout=subprocess.DEVNULL, timeout=300
    )
    (page,) = (Path(folder) / "pages").glob("*.html")
    return page


def photograph(page: Any, path: Path) -> None:
    """Choose the claim, go to its middle, and take the picture."""
    video = page.locator("video")
    video.evaluate(
        "(video) => new Promise((done) => video.readyState > 1 ? done() : video.addEventListener('loadeddata', done))"
    )
    page.locator(".claim", has_text=CLAIM).first.locator("button.when").click()
    video.evaluate(
        "(video, at) => new Promise((done) => {"
        " video.pause(); video.onseeked = () => done(); video.currentTime = at; })",
        MOMENT_S,
    )
    page.mouse.move(0, 0)
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_timeout(500)  # what moves on the page has come to rest
    page.screenshot(path=path)


def main() -> None:
    """Renew the picture, in few enough colours to stay small."""
    with tempfile.TemporaryDirectory() as folder:
        report = make_report(folder)
        raw = Path(folder) / "raw.png"
        try:
            with run_chromium() as browser, watched_page(browser, viewport=SIZE, reduced_motion="reduce") as watched:
                watched.page.goto(report.as_uri())
                photograph(watched.page, raw)
                watched.check()
        except pytest.skip.Exception as reason:
            sys.stdout.write(f"{PICTURE.name} stays as it is: {reason}\n")
            return
        with Image.open(raw) as picture:
            picture.convert("RGB").quantize(256, kmeans=5, dither=Image.Dither.NONE).save(PICTURE, optimize=True)
    sys.stdout.write(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size >> 10} KiB\n")


if __name__ == "__main__":
    main()
