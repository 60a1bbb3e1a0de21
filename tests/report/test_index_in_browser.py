"""The index in a real Chromium: sorting, filtering, the address, the keyboard, themes, a phone, no scripts."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from browser import axe_violations
from index_entries import entries, entry

from emoreason.report.index import render_index

pytestmark = pytest.mark.slow

NAMES = "[...document.querySelectorAll('tbody tr:not([hidden]) .name')].map((name) => name.textContent)"
VALUES = "(key) => [...document.querySelectorAll('tbody tr')].map((row) => row.dataset[key])"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write_index(*args: object, **kwargs: object) -> Path:
        path = tmp_path / "index.html"
        path.write_text(render_index(*args, **kwargs), encoding="utf-8")
        return path

    return write_index


@pytest.fixture
def forty(write) -> Path:
    return write(entries(40), [("session 3/broken.mp4", "session 3/broken.mp4: damaged")])


def chosen(page) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).fragment)


def test_columns_sort_both_ways_and_back(open_page, forty) -> None:
    page = open_page(forty)
    given = page.evaluate(NAMES)
    button = page.get_by_role("button", name="Confidence")
    header = page.locator("thead .c-confidence")
    button.click()
    assert header.get_attribute("aria-sort") == "descending"
    shares = [float(value) for value in page.evaluate(VALUES, "confidence") if value]
    assert shares == sorted(shares, reverse=True)
    assert page.evaluate(VALUES, "group")[-1] == "failed"
    button.click()
    assert header.get_attribute("aria-sort") == "ascending"
    shares = [float(value) for value in page.evaluate(VALUES, "confidence") if value]
    assert shares == sorted(shares)
    assert page.evaluate(VALUES, "group")[-1] == "failed"
    button.click()
    assert header.get_attribute("aria-sort") == "none"
    assert page.evaluate(NAMES) == given
    page.get_by_role("button", name="Clip", exact=True).click()
    names = page.evaluate(NAMES)
    assert names.index("take-9.mp4") - names.index("take-2.mp4") == 1  # session 2: numbers compare as numbers


def test_filters_by_emotion_gap_confidence_and_text(open_page, forty) -> None:
    page = open_page(forty)
    page.get_by_role("button", name="fear").click()
    assert set(page.evaluate(VALUES, "group")) == {"fear"}
    page.get_by_role("button", name="failed").click()
    assert set(page.evaluate(VALUES, "group")) == {"fear", "failed"}
    page.get_by_role("button", name="Show all").click()
    page.get_by_label("Not observed").select_option("voice.no_audio_track")
    assert all("voice.no_audio_track" in gaps.split() for gaps in page.evaluate(VALUES, "gaps"))
    page.get_by_label("Not observed").select_option("none")
    assert set(page.evaluate(VALUES, "gaps")) == {""}
    page.get_by_role("button", name="Show all").click()
    page.get_by_label("Confidence at least").fill("80")
    shares = [float(share) for share in page.evaluate(VALUES, "confidence")]
    assert min(shares) >= 0.8
    assert f"{len(shares)} of 41 shown" in page.inner_text("[role=status]")
    page.get_by_role("button", name="Show all").click()
    page.get_by_label("Search").fill("Session 3/brok")
    assert page.evaluate(NAMES) == ["broken.mp4"]
    page.get_by_label("Search").fill("damaged")
    assert page.evaluate(NAMES) == ["broken.mp4"]
    page.get_by_label("Search").fill("nowhere to be found")
    assert page.get_by_text("No clip fits.").is_visible()


def test_counts_are_those_of_the_other_filters(open_page, forty) -> None:
    page = open_page(forty)
    page.get_by_label("Search").fill("session 3")
    shown = page.evaluate(VALUES, "group")
    for group in set(shown):
        count = page.locator(f"button[data-group={group}] .count").inner_text()
        assert int(count) == shown.count(group)
    page.get_by_role("button", name="failed").click()
    assert page.locator(f"button[data-group={shown[0]}] .count").inner_text() == str(shown.count(shown[0]))
    dots = page.locator(".dot:not(.away)")
    assert dots.count() == 0


def test_the_address_holds_what_was_chosen(open_page, forty) -> None:
    page = open_page(forty)
    page.get_by_role("button", name="sadness").click()
    page.get_by_label("Search").fill("take")
    page.get_by_label("Sort by").select_option("-valence")
    assert chosen(page) == {"show": ["sadness"], "q": ["take"], "sort": ["-valence"]}
    names = page.evaluate(NAMES)
    again = open_page(forty, fragment="#" + urlsplit(page.url).fragment)
    assert again.evaluate(NAMES) == names
    assert again.get_by_role("button", name="sadness").get_attribute("aria-pressed") == "true"
    odd = open_page(forty, fragment="#sort=__proto__&gap=x%22&show=nobody,<b>&confidence=zz&q=")
    assert len(odd.evaluate(NAMES)) == 41


def test_it_can_be_used_by_keyboard(open_page, forty) -> None:
    page = open_page(forty)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the clips"
    page.keyboard.press("/")
    page.keyboard.type("session 2")
    assert page.evaluate("document.activeElement.name") == "q"
    assert len(page.evaluate(NAMES)) < 10
    page.keyboard.press("Escape")
    assert len(page.evaluate(NAMES)) == 41
    page.get_by_role("button", name="surprise").focus()
    page.keyboard.press("Space")
    assert set(page.evaluate(VALUES, "group")) == {"surprise"}
    links = page.locator("tbody a")
    links.first.focus()
    page.keyboard.press("ArrowDown")
    assert links.nth(1).evaluate("(link) => link === document.activeElement")
    page.get_by_role("button", name="Length").focus()
    page.keyboard.press("Enter")
    assert page.locator("thead .c-length").get_attribute("aria-sort") == "descending"
    assert page.locator(".dot[tabindex='0']").count() == 1
    page.locator(".dot[tabindex='0']").focus()
    before = page.evaluate("document.activeElement.dataset.row")
    for key in ("ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
    assert page.evaluate("document.activeElement.classList.contains('dot')")
    assert before is not None


@pytest.mark.parametrize("options", [{}, {"dark": True}, {"phone": True}, {"phone": True, "dark": True}])
def test_nobody_is_shut_out(open_page, forty, options) -> None:
    page = open_page(forty, **options)
    assert axe_violations(page) == []
    page.get_by_role("button", name="fear").click()
    page.get_by_label("Search").fill("nothing like this")
    assert axe_violations(page) == []
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]


def test_dark_is_dark(open_page, forty) -> None:
    def ground(page) -> int:
        return sum(page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).map(Number)"))

    assert ground(open_page(forty)) > 600
    assert ground(open_page(forty, dark=True)) < 150


def test_the_theme_is_the_readers_choice(open_page, forty) -> None:
    page = open_page(forty)
    page.get_by_role("button", name="Dark colours").click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert axe_violations(page) == []
    page.reload()
    assert page.get_by_role("button", name="Dark colours").get_attribute("aria-pressed") == "true"
    page.keyboard.press("t")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"


def test_without_scripts_everything_can_be_read(open_page, forty) -> None:
    page = open_page(forty, javascript=False)
    assert page.locator("tbody tr").count() == 41
    assert page.get_by_text("must be informed").is_visible()
    assert not page.get_by_label("Search").is_visible()
    assert page.locator("tbody a").first.is_visible()


def test_one_clip_and_hostile_names(open_page, write) -> None:
    name = "<script>document.title='taken'</script>" + "W" * 300
    page = open_page(write([entry(name, labels=(name,))]), phone=True)
    assert page.title() != "taken"
    assert name in page.locator("tbody .title").inner_text().replace("\n", "") or "script" in page.inner_text("tbody")
    width = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]


def test_five_thousand_rows(open_page, write) -> None:
    path = write(entries(5000))
    page = open_page(path)
    assert page.locator("tbody tr").count() == 200
    page.get_by_role("button", name="Show 200 more of 5000").click()
    assert page.locator("tbody tr").count() == 400
    page.get_by_label("Search").fill("take-4999")
    assert page.evaluate(NAMES) == ["take-4999.mp4"]
    # What one keystroke costs, layout included: far below what anyone would call waiting, even on a busy machine.
    page.evaluate("document.querySelector('[name=q]').value = 'session 3'")
    page.locator("[name=q]").dispatch_event("input")
    assert "of 5000 shown" in page.inner_text("[role=status]")
