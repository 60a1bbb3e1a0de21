"""The page of an evaluation in a real Chromium: filters, sorting, address, keyboard, themes, a phone, no scripts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from browser import axe_violations
from evaluation_reports import clip, probe_report, report

from emoreason.report.evaluation import render_evaluation

pytestmark = pytest.mark.slow

NAMES = "[...document.querySelectorAll('ol.rows .name')].map((name) => name.textContent)"
FITS = "[document.documentElement.scrollWidth, innerWidth]"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[dict[str, Any]], Path]:
    def write_page(value: dict[str, Any]) -> Path:
        path = tmp_path / "report.html"
        path.write_text(render_evaluation(value), encoding="utf-8")
        return path

    return write_page


def number(name: str) -> int:
    return int(name.removesuffix(".mp4").rpartition("-")[2])


def status(page) -> str:
    return page.inner_text("[role=status]")


def test_filters_by_outcome_answer_verdict_column_and_words(open_page, write) -> None:
    page = open_page(write(report(44)))
    assert status(page) == "44 of 44 shown"
    rights = [entry["clip"] for entry in map(clip, range(44)) if entry["of_suites"]["closed-set"]["ours"]["right"]]
    page.get_by_label("Outcome").select_option(label="closed-set · right: yes")
    assert page.evaluate(NAMES) == rights
    page.get_by_role("button", name="Show all").first.click()
    page.get_by_label("Answer").select_option("missing")
    assert [number(name) for name in page.evaluate(NAMES)] == [10, 21, 32, 43]
    assert page.locator("ol.rows .answers").first.inner_text().endswith("no prediction")
    page.get_by_role("button", name="Show all").first.click()
    page.get_by_label("A claim is").select_option("contradicted")
    found = [number(name) for name in page.evaluate(NAMES)]
    expected = [n for n in range(44) if n % 11 != 10 and any((n + k) % 3 == 1 for k in range(n % 4))]
    assert found == expected
    page.get_by_label("corpus").select_option("first")
    assert [number(name) for name in page.evaluate(NAMES)] == [n for n in expected if n % 2]
    page.get_by_role("button", name="Show all").first.click()
    page.get_by_label("Search").fill("SAID in clip 17.")
    assert [number(name) for name in page.evaluate(NAMES)] == [17]
    page.get_by_label("Search").fill("nowhere to be found")
    assert page.get_by_text("No clip fits.").is_visible()


def test_sorting_takes_numbers_as_numbers_and_holes_last(open_page, write) -> None:
    clips = [clip(n) for n in range(12)]
    del clips[5]["of_suites"]["ov-mer"]
    page = open_page(write(report(clips=clips)))
    page.get_by_label("Sort by").select_option(label="ov-mer · wheel F, lowest first")
    scores = {
        entry["clip"]: entry["of_suites"].get("ov-mer", {"ours": {"wheel F": 2}})["ours"]["wheel F"] for entry in clips
    }
    assert page.evaluate(NAMES) == sorted(scores, key=lambda name: scores[name])
    page.get_by_label("Sort by").select_option(label="ov-mer · wheel F, highest first")
    assert number(page.evaluate(NAMES)[-1]) == 5
    page.get_by_label("Sort by").select_option("clip")
    assert [number(name) for name in page.evaluate(NAMES)][:4] == [0, 3, 6, 9]


def test_one_clip_shows_gold_answers_claims_and_scores_side_by_side(open_page, write) -> None:
    page = open_page(write(report(12, ("ours", "theirs"))))
    row = page.locator("ol.rows details").nth(3)
    assert row.locator(".sides").count() == 0  # nothing is made before it is asked for
    row.locator("summary").click()
    titles = row.locator(".sides h3").all_inner_texts()
    assert titles == ["Gold", "ours", "Claims of ours", "theirs", "Claims of theirs", "Scores of this clip"]
    assert "What is said in clip 3." in row.inner_text()
    assert row.locator(".claims").first.locator(".v").all_inner_texts() == ["supported", "contradicted", "unverifiable"]
    boxes = [row.locator(".sides > div").nth(n).bounding_box() for n in range(3)]
    assert len({box["y"] for box in boxes if box}) == 1


def test_with_several_systems_filters_are_of_the_chosen_one(open_page, write) -> None:
    clips = [clip(n, ("ours", "theirs")) for n in range(9)]
    page = open_page(write(report(9, ("ours", "theirs"))))
    page.get_by_label("Outcome").select_option(label="closed-set · right: no")
    for system in ("ours", "theirs"):
        page.locator("[name=system]").select_option(system)
        wrong = [entry["clip"] for entry in clips if not entry["of_suites"]["closed-set"][system]["right"]]
        assert page.evaluate(NAMES) == wrong


def test_the_address_holds_what_was_chosen(open_page, write) -> None:
    path = write(report(30))
    page = open_page(path)
    page.get_by_label("Search").fill("take-1")
    page.get_by_label("Sort by").select_option("claims")
    assert parse_qs(urlsplit(page.url).fragment) == {"q": ["take-1"], "sort": ["claims"]}
    again = open_page(path, fragment="#" + urlsplit(page.url).fragment)
    assert again.evaluate(NAMES) == page.evaluate(NAMES)
    one = open_page(path, fragment="#clip=session%201%2Ftake-7.mp4")
    assert one.evaluate(NAMES) == ["session 1/take-7.mp4"]
    assert one.locator("ol.rows details").get_attribute("open") is not None
    one.get_by_role("button", name="Show all").first.click()
    assert status(one) == "30 of 30 shown"
    odd = open_page(path, fragment="#sort=__proto__&score=%22&verdict=x&q=&clip=nobody")
    assert status(odd) == "30 of 30 shown"
    section = open_page(path, fragment="#suite-1")
    assert urlsplit(section.url).fragment == "suite-1"


def test_it_can_be_used_by_keyboard(open_page, write) -> None:
    page = open_page(write(report(20)))
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the results"
    page.keyboard.press("/")
    page.keyboard.type("session 2")
    assert page.evaluate("document.activeElement.name") == "q"
    assert len(page.evaluate(NAMES)) == 6
    page.keyboard.press("Escape")
    assert len(page.evaluate(NAMES)) == 20
    page.locator("ol.rows summary").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.locator("ol.rows details").nth(1).get_attribute("open") is not None
    page.keyboard.press("ArrowUp")
    assert page.locator("ol.rows summary").first.evaluate("(row) => row === document.activeElement")
    page.keyboard.press("t")
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    page.reload()
    assert page.get_by_role("button", name="Dark colours").get_attribute("aria-pressed") == "true"


@pytest.mark.parametrize("options", [{}, {"dark": True}, {"phone": True}, {"phone": True, "dark": True}])
def test_nobody_is_shut_out(open_page, write, options) -> None:
    page = open_page(write(report(4, ("ours", "theirs"))), **options)
    page.evaluate("for (const folded of document.querySelectorAll('main details')) folded.open = true")
    page.locator("ol.rows .sides").nth(3).wait_for()
    assert axe_violations(page) == []
    wide, screen = page.evaluate(FITS)
    assert wide <= screen


def test_finding_nothing_shuts_nobody_out(open_page, write) -> None:
    page = open_page(write(report(2, suites=[])))
    page.get_by_label("Search").fill("nothing like this")
    assert axe_violations(page) == []


@pytest.mark.parametrize("options", [{"dark": True}, {"phone": True}])
def test_probes_shut_nobody_out(open_page, write, options) -> None:
    page = open_page(write(probe_report()), **options)
    assert axe_violations(page) == []
    wide, screen = page.evaluate(FITS)
    assert wide <= screen


def test_whiskers_stand_where_the_axis_says(open_page, write) -> None:
    page = open_page(write(report(1)))
    chart = page.locator("#suite-0 table.chart").first
    ticks = {tick.inner_html(): tick.bounding_box() for tick in chart.locator(".axis text").all()}
    box = chart.locator(".dot").first.bounding_box()
    zero, whole = (ticks[label]["x"] + ticks[label]["width"] / 2 for label in ("0", "0.8"))
    assert box["x"] + box["width"] / 2 == pytest.approx(zero + (whole - zero) * 0.62 / 0.8, abs=1.5)


def test_without_scripts_all_but_single_clips_can_be_read(open_page, write) -> None:
    page = open_page(write(report(5)), javascript=False)
    assert page.get_by_text("ours is clearly better than every control.").first.is_visible()
    assert page.locator("#suite-0 table.heat").first.is_visible()
    assert "report.json" in page.locator("noscript").first.inner_text()
    assert not page.get_by_label("Search").is_visible()


def test_hostile_clips_stay_text(open_page, write) -> None:
    name = "<img src=x onerror=\"document.title='taken'\">" + "W" * 300
    clips = [
        clip(0)
        | {"clip": name, "columns": {name: name, "__proto__": name}, "gold": {"emotion": name, "labels": [name]}},
        clip(1),
    ]
    page = open_page(write(report(clips=clips, title=name)), phone=True)
    page.locator("ol.rows summary").first.click()
    assert name in page.locator("ol.rows li").first.inner_text()
    assert "taken" not in page.evaluate("document.title.slice(0, 5)")
    assert page.locator("img").count() == 0
    wide, screen = page.evaluate(FITS)
    assert wide <= screen


def test_ten_thousand_clips(open_page, write) -> None:
    page = open_page(write(report(10_000)))
    rows = page.locator("ol.rows > li")
    assert rows.count() == 100
    page.get_by_role("button", name="Show 100 more of 10000").click()
    assert rows.count() == 200
    assert rows.nth(100).locator("summary").evaluate("(row) => row === document.activeElement")
    page.get_by_label("Search").fill("take-9999")
    assert [number(name) for name in page.evaluate(NAMES)] == [9999]
