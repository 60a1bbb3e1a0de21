"""The page of a clip in a real Chromium: moments play, cues and claims light each other, by mouse and by keyboard."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from browser import axe_violations
from explained_clip import BROWS, FPS, SMILE, cueset, curves, explanation, hour, illustration

from emoreason.records import Claim, Clip, Cue, CueSet, Explanation
from emoreason.report.clip.illustration import Illustration, Media
from emoreason.report.page import render_page

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.slow

Open = Callable[..., "Page"]
FRAME_S = 1.001 / FPS


@pytest.fixture
def page_file(tmp_path: Path) -> Path:
    path = tmp_path / "clip.html"
    path.write_text(render_page(explanation(), cueset(), curves(), illustration()), encoding="utf-8")
    return path


def until(page: "Page", condition: str) -> None:
    """Wait for a condition; playwright's own wait evaluates text inside the page, which the page's policy refuses."""
    for _ in range(600):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(25)
    pytest.fail(f"never came true: {condition}")


def time_of(page: "Page") -> float:
    return float(page.evaluate("document.getElementById('player').currentTime"))


def paused(page: "Page") -> bool:
    return bool(page.evaluate("document.getElementById('player').paused"))


def lit(page: "Page", selector: str) -> list[str]:
    return page.locator(f"{selector}.lit").evaluate_all("found => found.map(e => e.id || e.getAttribute('href'))")


def started_at(page: "Page") -> float:
    """Where the player was sent first, whatever has played since."""
    return float(page.evaluate("window.firstSeek"))


def note_seeks(page: "Page") -> None:
    until(page, "document.getElementById('player').readyState >= 2")
    page.evaluate(
        """() => { const player = document.getElementById('player');
        const own = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, 'currentTime');
        Object.defineProperty(player, 'currentTime', { get() { return own.get.call(this); },
          set(time) { window.firstSeek ??= time; own.set.call(this, time); } }); }"""
    )


def test_a_click_on_a_claim_plays_its_moment_and_lights_its_cues(open_page: Open, page_file: Path) -> None:
    page = open_page(page_file)
    note_seeks(page)
    page.locator(".claim").first.locator(".said").click()
    until(page, "!document.getElementById('player').paused")
    assert abs(started_at(page) - 1.24) <= FRAME_S
    assert 1.24 - FRAME_S <= time_of(page) <= 2.68 + FRAME_S
    assert lit(page, ".claim") == ["claim=1"]
    assert lit(page, ".ev") == [f"#cue={BROWS}"]
    assert lit(page, "li.cue") == [f"cue={BROWS}"]
    until(page, "document.getElementById('player').paused")
    assert abs(time_of(page) - 2.68) <= FRAME_S
    assert page.url.endswith("#claim=1")


def test_a_paused_player_shows_exactly_the_start_of_a_claim_opened_by_its_address(
    open_page: Open, page_file: Path
) -> None:
    page = open_page(page_file, fragment="#claim=2")
    until(page, "document.getElementById('player').readyState >= 2")
    until(page, "Math.abs(document.getElementById('player').currentTime - 1.52) <= 0.041")
    assert paused(page)
    assert lit(page, ".claim") == ["claim=2"]


def test_a_click_on_a_cue_lights_the_claims_that_use_it(open_page: Open, page_file: Path) -> None:
    page = open_page(page_file)
    page.locator(f"#timeline a[href='#cue={SMILE}']").click()
    assert lit(page, ".claim") == ["claim=2", "claim=4"]
    assert lit(page, "li.cue") == [f"cue={SMILE}"]
    details = page.locator("#details").inner_text()
    for said in (
        "AU12 lip corner puller",
        "moderately, intensity 2 of 5, certainty 0.8",
        "emoreason.face/1",
        "Claim 4",
    ):
        assert said in details
    assert page.locator(".regions .lit").count() > 0
    page.locator("#details a", has_text="Claim 4").click()
    assert lit(page, ".claim") == ["claim=4"]
    assert set(lit(page, "li.cue")) == {f"cue={SMILE}", f"cue={BROWS}"}


def test_a_label_lights_what_it_rests_on(open_page: Open, page_file: Path) -> None:
    page = open_page(page_file)
    page.locator(".verdict a.label", has_text="amazed").click()
    assert set(lit(page, ".ev")) == {f"#cue={BROWS}", f"#cue={SMILE}"}


def test_the_keyboard_does_what_the_mouse_does(open_page: Open, page_file: Path) -> None:
    page = open_page(page_file)
    note_seeks(page)
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('#timeline .ev') !== null"):
            break
    else:
        pytest.fail("the timeline's cues cannot be reached with the Tab key")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert lit(page, ".ev") == [f"#cue={SMILE}"]
    assert lit(page, ".claim") == ["claim=2", "claim=4"]
    page.keyboard.press("Tab")  # one stop for all cues of the timeline
    assert not page.evaluate("document.activeElement.matches('#timeline .ev')")
    for _ in range(60):
        if page.evaluate("document.activeElement.matches('.claim .when')"):
            break
        page.keyboard.press("Tab")
    page.evaluate("window.firstSeek = undefined")
    page.keyboard.press("Enter")
    assert lit(page, ".claim") == ["claim=1"]
    assert abs(started_at(page) - 1.24) <= FRAME_S
    page.keyboard.press("k")
    until(page, "document.getElementById('player').paused")
    at = time_of(page)
    page.keyboard.press("ArrowRight")
    assert time_of(page) == pytest.approx(at + 1, abs=FRAME_S)
    page.keyboard.press("n")
    assert lit(page, ".claim") == ["claim=2"]
    page.keyboard.press("Escape")
    assert lit(page, ".claim") == []
    page.locator("body").press(" ")
    page.keyboard.press("?")
    assert page.locator("#help").evaluate("dialog => dialog.open")
    page.keyboard.press("Escape")
    assert not page.locator("#help").evaluate("dialog => dialog.open")


def test_what_has_the_focus_can_be_seen(open_page: Open, page_file: Path) -> None:
    page = open_page(page_file)
    for _ in range(25):
        page.keyboard.press("Tab")
        seen = page.evaluate(
            """() => { const e = document.activeElement, s = getComputedStyle(e);
            if (e.matches('.ev')) return getComputedStyle(e.querySelector('rect, path')).strokeWidth === '3px';
            return e === document.body || (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 2); }"""
        )
        assert seen, page.evaluate("document.activeElement.outerHTML.slice(0, 200)")


def test_dragging_on_the_timeline_seeks_and_zoom_keeps_places(open_page: Open, page_file: Path) -> None:
    page = open_page(page_file)
    until(page, "document.getElementById('player').readyState >= 2")
    box = page.locator("#ruler .lane").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 10)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 10, steps=4)
    page.mouse.up()
    until(page, "Math.abs(document.getElementById('player').currentTime - 3.5) < 0.06")
    page.keyboard.press("+")
    wide = page.locator("#ruler .lane").bounding_box()
    assert wide is not None
    assert wide["width"] == pytest.approx(2 * box["width"], rel=0.03)
    head = page.locator("#playhead").bounding_box()
    assert head is not None
    assert head["x"] == pytest.approx(wide["x"] + wide["width"] / 2, abs=4)
    page.keyboard.press("0")
    assert page.locator("#zoom-fit").inner_text() == "fit"


def test_dark_colours_come_with_the_system_and_with_the_button_and_stay(open_page: Open, page_file: Path) -> None:
    def ground(page: "Page") -> list[int]:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return [int(number) for number in re.findall(r"\d+", colour)[:3]]

    assert max(ground(open_page(page_file, dark=True))) < 60
    page = open_page(page_file)
    assert min(ground(page)) > 200
    page.locator("#theme").click()
    assert max(ground(page)) < 60
    assert page.locator("#theme").get_attribute("aria-pressed") == "true"
    page.reload()
    assert max(ground(page)) < 60


def test_outlines_can_be_taken_off_the_keyframes(open_page: Open, page_file: Path) -> None:
    page = open_page(page_file)
    assert page.locator(".keyframes polygon").first.is_visible()
    page.locator("#regions").uncheck()
    assert not page.locator(".keyframes polygon").first.is_visible()


def test_captions_say_what_is_said(open_page: Open, page_file: Path) -> None:
    page = open_page(page_file)
    page.locator("#subtitles").click()
    until(page, "document.getElementById('player').textTracks[0].cues?.length === 1")
    assert page.evaluate("document.getElementById('player').textTracks[0].cues[0].text") == "Oh! How wonderful."


def test_without_scripts_everything_can_be_read(open_page: Open, page_file: Path) -> None:
    page = open_page(page_file, javascript=False)
    for selector in (
        ".verdict",
        ".wheel svg",
        ".claim >> nth=3",
        "#timeline .ev >> nth=0",
        "li.cue >> nth=0",
        "#limits",
    ):
        assert page.locator(selector).is_visible(), selector
    page.locator(f"#timeline a[href='#cue={BROWS}']").click()
    assert page.evaluate("location.hash") == f"#cue={BROWS}"


def test_without_media_time_runs_all_the_same(open_page: Open, tmp_path: Path) -> None:
    path = tmp_path / "silent.html"
    path.write_text(
        render_page(explanation(), cueset(), curves(), replace(illustration(), media=None)), encoding="utf-8"
    )
    page = open_page(path)
    page.locator(".claim .when").first.click()
    until(page, "document.getElementById('now').textContent > '0:01.30'")
    until(page, "!document.documentElement.classList.contains('is-playing')")
    assert page.locator("#now").inner_text() == "0:02.68"


def test_a_phone_scrolls_in_one_direction_and_shows_the_chosen_at_the_bottom(open_page: Open, page_file: Path) -> None:
    page = open_page(page_file, phone=True, viewport={"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.locator(".claim .when").nth(1).tap()
    box = page.locator("#details").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] == pytest.approx(740, abs=2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360


def samples() -> dict[str, tuple[Explanation, CueSet, tuple[Any, ...], Illustration]]:
    full = illustration()
    still = replace(full.keyframes[0], time_s=0.0)
    picture = Media(kind="picture", mime="image/jpeg", data=still.data, width=still.width, height=still.height)
    smile = Cue(id=SMILE, modality="face", code="AU12", value=2.5, unit="0-5", start_s=0.0, end_s=0.0, subject="face1")
    photograph = CueSet(clip=Clip(id="face.jpg", duration_s=0.0, has_video=True, has_audio=False), cues=(smile,))
    timeless = CueSet(clip=Clip(id="p1"), cues=(Cue(id=SMILE, modality="face", code="AU12"),))
    one = explanation(claims=(Claim(sentence="A smile.", cue_ids=(SMILE,)),), interpretation=None)
    chinese = explanation(
        claims=(Claim(sentence=f"嘴角上扬 [{SMILE}]。", cue_ids=(SMILE,), start_s=1.5, end_s=5.9),),
        labels=("高兴",), label_cues={"高兴": (SMILE,)}, interpretation="这是高兴。", reasoning="观察：嘴角上扬",
    )  # fmt: skip
    abstained = explanation(abstained=True, abstain_reason="too little was seen", labels=(), label_cues=None)
    return {
        "video": (explanation(), cueset(), curves(), full),
        "no media": (explanation(), cueset(), curves(), Illustration()),
        "picture": (one, photograph, (), Illustration(media=picture, keyframes=(still,))),
        "cues alone": (one, timeless, (), Illustration()),
        "abstained": (abstained, cueset(), curves(), full),
        "Chinese": (chinese, cueset(), curves(), full),
    }


@pytest.mark.parametrize("name", list(samples()))
def test_axe_finds_nothing(open_page: Open, tmp_path: Path, name: str) -> None:
    path = tmp_path / "page.html"
    path.write_text(render_page(*samples()[name]), encoding="utf-8")
    for options in ({}, {"dark": True}, {"phone": True}):
        page = open_page(path, **options, reduced_motion="reduce")
        assert axe_violations(page) == [], (name, options)
        page.locator(".claim").first.locator(".when").click()
        assert axe_violations(page) == [], (name, options, "chosen")


def test_an_hour_opens_and_answers(open_page: Open, tmp_path: Path) -> None:
    told, given, drawn = hour()
    path = tmp_path / "hour.html"
    path.write_text(render_page(told, given, drawn, Illustration()), encoding="utf-8")
    page = open_page(path)
    page.locator(".claim .when").nth(30).click()
    assert lit(page, ".claim") == ["claim=31"]
    assert len(lit(page, ".ev")) == 1
    page.keyboard.press("+")
    page.keyboard.press("+")
    assert page.locator("#zoom-fit").inner_text() == "4×"
