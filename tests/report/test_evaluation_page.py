"""The page of an evaluation as text: what it says and what it admits, hostile names, reports with holes."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from evaluation_reports import clip, probe_report, report
from hypothesis import given
from hypothesis import strategies as st

from emoreason.errors import RecordError
from emoreason.eval.outcome import System
from emoreason.eval.run import RunOptions, run_suites
from emoreason.eval.sample import Gold, Prediction
from emoreason.eval.writing.report_json import report_value
from emoreason.records import Reference
from emoreason.records.convert import check
from emoreason.records.notice import NOTICE
from emoreason.report.evaluation import FORMATS, render_evaluation

HOSTILE = [
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "<!--<script>",
    "\u202egpj.exe\x00\x1b[2J",
    "half\ud83d",
    "{{ 7 * 7 }}{% raw %}",
    "]]></style></title><!--",
    "__proto__",
    "",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PARTS = (
    "title",
    "notice",
    "notes",
    "not_measured",
    "manifest",
    "systems",
    "suites",
    "subgroups",
    "comparisons",
    "clips",
)


class Reader(HTMLParser):
    """Elements with their attributes, and the text outside scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words: list[str] = []
        self._inside = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts.append(data)
        elif self._inside != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def test_it_says_what_a_reader_needs() -> None:
    said = Reader(render_evaluation(report())).text
    assert "People must be informed of it." in said
    assert "ours is clearly better than every control." in said
    assert "ours is not clearly better than transcript; clearly better than 2 of 3 controls." in said
    assert "judge–human agreement not measured: the gold holds no human scores" in said
    assert "constant-list could not be scored: it gives no shares" in said
    assert "emoreason eval pred.jsonl --gold gold.jsonl" in said
    assert "best group minus worst 0.180" in said
    assert "0.620 [0.570, 0.670]" in said
    assert "intervals of 95 %" in said


def test_what_is_not_there_is_said() -> None:
    said = Reader(render_evaluation({"format": FORMATS[0]})).text
    assert NOTICE in said
    assert "No suite was scored." in said
    assert "Not measured: no column was named." in said
    assert "This report holds no single clips." in said
    assert "The report does not say what it was made from." in said
    without = report(systems=("ours",))
    without["suites"][0]["measures"][0]["values"] = {"ours": {"value": None, "low": None, "high": None}}
    without["suites"][0]["measures"][0]["differences"] = []
    assert "none was run" in Reader(render_evaluation(without)).text


def test_comparing_shows_every_two_systems() -> None:
    said = Reader(render_evaluation(report(systems=("ours", "theirs")))).text
    assert "Who beats whom" in said
    assert "Order: ours, theirs." in said
    assert "Every two systems: accuracy (WAR), row minus column" in said
    assert "+0.080*" in said
    assert "Who beats whom" not in Reader(render_evaluation(report())).text


def test_probes_have_their_page() -> None:
    said = Reader(render_evaluation(probe_report())).text
    assert NOTICE in said
    assert "Dropping a cited cue moves the answer more than dropping another." in said
    assert "0.310 [0.240, 0.380] 40 clips" in said
    assert "Effects, share of the probability" in said  # one axis for each unit
    assert "Effects, nats" in said
    assert "subgroups Not measured: no column was named." in said
    assert "There is no probe in this report." in Reader(render_evaluation({"format": FORMATS[1]})).text


def test_other_formats_are_refused() -> None:
    for value in ({}, {"format": "emoreason-eval/2"}, []):
        with pytest.raises(RecordError, match=r"cannot be drawn; expected one of emoreason-eval/1"):
            render_evaluation(value)


def test_only_its_own_script_may_run() -> None:
    html = render_evaluation(report())
    page = Reader(html)
    policy = next(values["content"] for tag, values in page.tags if values.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    *data, script = page.scripts
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}';" in policy
    assert len(data) == 1
    style = re.search(r"<style>(.*?)</style>", html, re.S)
    assert style is not None
    assert base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode() in policy
    assert not re.search(r"(?:src|href)=\"(?!#)", html)
    assert not any(name == "style" or name.startswith("on") for _, values in page.tags for name in values)


def hostile_report(name: str) -> dict[str, Any]:
    """Report in which every text is ``name``."""

    def poisoned(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: entry if key in ("kind", "format") else poisoned(entry) for key, entry in value.items()
            } | {name: name}  # fmt: skip
        if isinstance(value, list | tuple):
            return [poisoned(entry) for entry in value]
        return name if isinstance(value, str) else value

    return poisoned(report(3)) | {"format": FORMATS[0]}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_stay_text(name: str) -> None:
    html = render_evaluation(hostile_report(name))
    page = Reader(html)
    assert [tag for tag, _ in page.tags].count("script") == 2
    assert not any(tag == "img" or "onerror" in values for tag, values in page.tags)
    assert "\u202e" not in html
    html.encode("utf-8")
    assert len(json.loads(page.scripts[0])["clips"]) == 3


def test_clips_are_data_that_no_text_can_leave() -> None:
    clips = [clip(0) | {"clip": name, "n": float("nan")} for name in HOSTILE]
    page = Reader(render_evaluation(report(clips=clips)))
    assert "<" not in page.scripts[0]
    read = json.loads(page.scripts[0], parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert [entry["clip"] for entry in read["clips"]][:2] == HOSTILE[:2]
    assert read["clips"][0]["n"] is None


@given(st.sampled_from(PARTS), JSON)
def test_reports_with_holes_are_drawn(part: str, value: object) -> None:
    assert render_evaluation(report(1) | {part: value}).rstrip().endswith("</html>")


@given(st.sampled_from(("measures", "pictures", "counts", "notes", "settings", "unscored")), JSON)
def test_suites_with_holes_are_drawn(part: str, value: object) -> None:
    broken = report(1)
    broken["suites"][0][part] = value
    broken["suites"][1]["pictures"] = {
        "ours": [
            {"kind": kind, "rows": value, "values": value, "columns": value, "series": value, "bars": value}
            for kind in ("matrix", "lines", "bars")
        ]
    }
    assert render_evaluation(broken).rstrip().endswith("</html>")


def test_what_an_evaluation_writes_is_drawn() -> None:
    check(json.loads(json.dumps(report())), "eval_report")  # what the tests invent is what the software writes
    gold = ["happiness", "sadness", "anger", "happiness", "anger", "sadness"]
    said = ["happiness", "sadness", "anger", "happiness", "sadness", None]
    golds = [
        Gold(clip=f"c{n}", reference=Reference(emotion=name), columns={"site": "ab"[n % 2]})
        for n, name in enumerate(gold)
    ]
    ours = [Prediction(clip=f"c{n}", emotion=name) for n, name in enumerate(said) if name]
    most = [Prediction(clip=f"c{n}", emotion="happiness") for n in range(6)]
    systems = [System(name="ours", predictions=ours), System(name="majority", kind="control", predictions=most)]
    found = run_suites(
        golds, systems, ["closed-set"], options=RunOptions(resamples=50, by=("site",)), title="Six clips"
    )
    page = Reader(render_evaluation(report_value(found)))
    assert "accuracy (WAR), the main measure; higher is better; intervals of 95 % " in page.text
    assert " ours 0.667 [" in page.text
    assert "ours is not clearly better than majority." in page.text  # six clips show nothing
    assert "site closed-set, accuracy (WAR)" in page.text
    assert [entry["clip"] for entry in json.loads(page.scripts[0])["clips"]] == [f"c{n}" for n in range(6)]


def test_the_same_report_gives_the_same_page() -> None:
    assert render_evaluation(report()) == render_evaluation(report())
