"""The browser that other tests open pages with sees what they rely on it to see."""

from pathlib import Path

import pytest
from browser import axe_violations, watched_page

pytestmark = pytest.mark.slow

GOOD = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>good</title>
<meta name="viewport" content="width=device-width"><style>body { background: #fff; color: #000 }
@media (prefers-color-scheme: dark) { body { color: #fff; background: #000 } }</style>
</head><body><main><h1>A page</h1><img alt="a dot" src="data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAA=">
</main></body></html>"""
BAD = """<!doctype html><html><head><title>bad</title><link rel="stylesheet" href="beside.css"></head>
<body><img src="https://example.org/x.png"><p style="color:#eee;background:#fff">faint</p>
<script>console.error("said"); new WebSocket("wss://example.org/s"); throw new Error("thrown")</script></body></html>"""


@pytest.fixture
def write(tmp_path: Path):
    def write_page(text: str) -> Path:
        path = tmp_path / "page.html"
        path.write_text(text, encoding="utf-8")
        return path

    return write_page


def test_a_self_contained_page_passes(open_page, write) -> None:
    page = open_page(write(GOOD), dark=True, phone=True)
    assert axe_violations(page) == []
    assert page.evaluate("getComputedStyle(document.body).color") == "rgb(255, 255, 255)"
    assert page.evaluate("innerWidth") == 390


def test_requests_errors_and_barriers_are_seen(chromium, write) -> None:
    with watched_page(chromium) as watched:
        watched.page.goto(write(BAD).as_uri())
        watched.page.wait_for_timeout(200)
        assert {url.rsplit("/", 1)[1] for url in watched.requests} == {"beside.css", "x.png", "s"}
        assert any("said" in line for line in watched.errors)
        assert any("thrown" in line for line in watched.errors)
        lines = axe_violations(watched.page)
        assert {"image-alt", "color-contrast", "html-has-lang"} <= {line.split()[0] for line in lines}
        with pytest.raises(AssertionError, match="outside it"):
            watched.check()


def test_each_page_starts_anew(open_page, write) -> None:
    path = write(GOOD)
    open_page(path).evaluate("localStorage.setItem('seen', '1')")
    assert open_page(path).evaluate("localStorage.getItem('seen')") is None
