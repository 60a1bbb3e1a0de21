"""The index as text: what is in every row, what hostile names become, what one and no clips look like."""

import re
from html.parser import HTMLParser

import pytest
from index_entries import entries, entry, explained

from emoreason.reasoning.purpose import NOTICE
from emoreason.records import Clip, CueSet, EmotionProbability, Explanation, Gap
from emoreason.report.clip.illustration import Illustration, Keyframe
from emoreason.report.index import entry_of, render_index

HOSTILE = [
    "<script>alert(1)</script>.mp4",
    "\"><img src=x onerror=alert(1)>/'.mp4",
    "two\nlines\r\n.mp4",
    "\u202egpj.exe\x00\x1b[2J.mp4",
    "../../x.mp4",
    "CON",
    "会话/第一.mp4",
    "a" * 300 + ".mp4",
    "half\ud83d.mp4",
    "{{ 7 * 7 }}{% raw %}.mp4",
    "]]></style></title><!--",
]


class Reader(HTMLParser):
    """Elements, their attributes and the text of table cells."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def rows(self) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag == "tr" and "data-group" in attributes]


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


def test_a_row_says_what_the_explanation_says() -> None:
    gaps = (Gap(modality="voice", reason="silent", start_s=0.0, end_s=1.0), Gap(modality="voice", reason="silent"))
    html = render_index([entry("a/b.mp4", "fear", 0.64, gaps=gaps, labels=("tense", "wary"))])
    (row,) = read(html).rows()
    assert (row["data-group"], row["data-confidence"], row["data-gaps"]) == ("fear", "0.6400", "voice.silent")
    for said in ("tense, wary", "64 %", "+0.40", "+0.20", "2.0 s", "fear 64 %, ", NOTICE):
        assert said in html
    assert html.count('<span class="gap">') == 1


def test_a_picture_has_no_length_and_minus_is_a_minus() -> None:
    still = CueSet(clip=Clip(id="x.png", duration_s=0.0, has_video=True))
    seen = Explanation(clip="x.png", valence=-0.25, arousal=0.5)
    reader = read(render_index([entry_of(seen, still, Illustration(), "pages/x.html")]))
    assert "0.0 s" not in reader.text
    assert "−0.25" in reader.text


def test_what_is_not_known_is_not_made_up() -> None:
    bare = entry_of(Explanation(clip="x"), CueSet(clip=Clip(id="x")), Illustration(), "pages/x.html")
    html = render_index([bare])
    (row,) = read(html).rows()
    assert row["data-group"] == "abstained"
    assert {row[f"data-{name}"] for name in ("confidence", "valence", "arousal", "length")} == {""}
    assert 'class="plane"' not in html


def test_an_abstention_is_no_emotion() -> None:
    html = render_index([entry("x", "anger", 0.3, abstained=True, abstain_reason="one weak cue only")])
    (row,) = read(html).rows()
    assert row["data-group"] == "abstained"
    assert "one weak cue only" in html


def test_broken_clips_are_rows_with_their_error() -> None:
    html = render_index([entry("a.mp4")], [("b.mp4", "b.mp4: damaged & <odd>")])
    assert [row["data-group"] for row in read(html).rows()] == ["happiness", "failed"]
    assert "b.mp4: damaged &amp; &lt;odd&gt;" in html
    assert "2 clips" in html
    assert "1 failed" in html


def test_a_clip_whose_page_was_lost_has_no_link() -> None:
    lost = entry_of(explained("a.mp4"), CueSet(clip=Clip(id="a.mp4")), Illustration(), None, problem="disk full")
    html = render_index([lost])
    assert "disk full" in html
    assert 'href="pages' not in html


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_shown_and_nothing_else(name: str) -> None:
    html = render_index([entry(name, labels=(name,), abstain_reason=name)], [(name, name)])
    html.encode("utf-8")
    tags = read(html).tags
    harmless = read(render_index([entry("x", labels=("x",))], [("x", "x")])).tags
    count = lambda found, tag: sum(one == tag for one, _ in found)  # noqa: E731
    assert {tag: count(tags, tag) for tag in ("script", "img", "style", "a", "tr")} == {
        tag: count(harmless, tag) for tag in ("script", "img", "style", "a", "tr")
    }
    assert not any(key.startswith("on") for _, attributes in tags for key in attributes)
    assert not re.search("[\u202e\x00\x1b]", html)


def test_an_emotion_nobody_knows_is_shown_by_its_name() -> None:
    odd = Explanation(clip="x", emotions=(EmotionProbability('e"><b>wistful', 0.9), EmotionProbability("anger", 0.1)))
    html = render_index([entry_of(odd, CueSet(clip=Clip(id="x")), Illustration(), "pages/x.html")])
    assert "<b>" not in html
    assert 'class="e-other"' in html


@pytest.mark.parametrize("data", [b"", b"no picture"])
def test_a_keyframe_that_cannot_be_read_costs_the_thumbnail_alone(data: bytes) -> None:
    seen = Illustration(keyframes=(Keyframe(time_s=0, mime="image/jpeg", data=data, width=1, height=1),))
    assert entry_of(explained("x"), CueSet(clip=Clip(id="x")), seen, None).thumbnail is None


def test_counts_add_up_and_empty_is_said() -> None:
    html = render_index(entries(60), [("b.mp4", "b.mp4: damaged")])
    counts = [int(number) for number in re.findall(r'<span class="count">(\d+)</span>', html)]
    assert sum(counts) == 61
    assert "There is no clip in this report." in render_index([])


def test_it_is_self_contained_and_runs_only_our_script() -> None:
    html = render_index(entries(9))
    policy = next(a["content"] for tag, a in read(html).tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"https?://(?!www\.w3\.org/)", html)
