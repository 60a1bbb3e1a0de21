"""A real Chromium for tests of pages: files only, every other request refused and recorded, console errors recorded.

``tests/conftest.py`` loads this module as a pytest plug-in; tests use the fixture ``open_page``.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Request

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REMEDY = "no Chromium to open pages with: apt-get install chromium, or .venv/bin/playwright install chromium"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--mute-audio",
)
DESKTOP = {"width": 1280, "height": 900}
PHONE = {"width": 390, "height": 844}
#: What a self-contained page may load without asking anyone.
OWN = re.compile(r"(?:data|blob|about):")


@dataclass
class Watched:
    """One page, and what it did that a self-contained page must not do."""

    page: "Page"
    requests: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def check(self) -> None:
        """Fail the test when the page asked for anything outside itself or reported an error."""
        assert self.requests == [], "the page asks for what is outside it"
        assert self.errors == [], "the page reports errors"


@contextmanager
def run_chromium() -> "Iterator[Browser]":
    """Start the system's Chromium (or playwright's own), and stop it; skips the test where there is none."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="pip install -e '.[dev]' brings playwright")
    with sync_api.sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, NAMES)), None) or playwright.chromium.executable_path
        if not Path(found).exists():
            pytest.skip(REMEDY)
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def watched_page(
    browser: "Browser", *, dark: bool = False, phone: bool = False, javascript: bool = True, **options: Any
) -> Iterator[Watched]:
    """Open an empty page in a context of its own.

    Parameters
    ----------
    browser : Browser
    dark, phone : bool
        Dark colours; a narrow screen with touch.
    javascript : bool
        False: as a reader without scripts sees it.
    **options
        Of ``Browser.new_context``, e.g. ``viewport`` or ``reduced_motion``.
    """
    options.setdefault("viewport", PHONE if phone else DESKTOP)
    if phone:
        options |= {"has_touch": True, "is_mobile": True, "device_scale_factor": 2}
    context = browser.new_context(
        color_scheme="dark" if dark else "light", java_script_enabled=javascript, service_workers="block", **options
    )
    try:
        context.route(re.compile(r"^(?!file:|data:|blob:|about:)"), lambda route: route.abort())
        watched = Watched(context.new_page())
        context.on("request", lambda request: _note(request, watched))
        context.on("weberror", lambda error: watched.errors.append(f"uncaught: {error.error}"))
        context.on("console", lambda said: said.type == "error" and watched.errors.append(f"console: {said.text}"))
        watched.page.on("websocket", lambda socket: watched.requests.append(socket.url))
        yield watched
    finally:
        context.close()


def _note(request: "Request", watched: Watched) -> None:
    """Links from file to file are fine; a page that loads a part of itself from a file is not self-contained."""
    opened = request.url.startswith("file:") and request.is_navigation_request()
    if not opened and not OWN.match(request.url):
        watched.requests.append(request.url)


# Not for the whole session: while playwright's loop lives, nothing else in this thread can run asyncio.
@pytest.fixture(scope="module")
def chromium() -> "Iterator[Browser]":
    """One Chromium for the tests of a module."""
    with run_chromium() as browser:
        yield browser


@pytest.fixture
def open_page(chromium: "Browser") -> Iterator[Callable[..., "Page"]]:
    """``open_page(path, dark=…, phone=…, javascript=…, fragment="…")`` opens a file in a context of its own.

    When the test ends, the page must have asked for nothing outside itself and reported no error.
    """
    with ExitStack() as stack:
        opened: list[Watched] = []

        def open_file(path: Path, *, fragment: str = "", **options: Any) -> "Page":
            watched = stack.enter_context(watched_page(chromium, **options))
            opened.append(watched)
            watched.page.goto(path.resolve().as_uri() + fragment)
            return watched.page

        yield open_file
        for watched in opened:
            watched.check()


def axe_violations(page: "Page") -> list[str]:
    """What axe-core finds wrong with the page's accessibility: one line per place, empty when nothing."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{violation['id']} ({violation['impact']}) at {' '.join(map(str, node['target']))}: "
        f"{' '.join((node.get('failureSummary') or violation['help']).split())}"
        for violation in found
        for node in violation["nodes"]
    ]
