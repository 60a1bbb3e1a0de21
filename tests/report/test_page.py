"""The page of a clip as text: what it says, what hostile text becomes, that it needs nothing from outside."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from explained_clip import BROWS, SAID, SMILE, au, cueset, curves, explanation, hour, illustration

from emoreason.reasoning.explain import explain_cues
from emoreason.reasoning.purpose import NOTICE
from emoreason.records import Claim, Clip, Cue, CueSet, Explanation, Gap
from emoreason.report.clip.illustration import Illustration, Media
from emoreason.report.page import render_page

HOSTILE = (
    "</script><script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>'",
    "</style></title></textarea><!--",
    "{{ 7 * 7 }}{% raw %}",
    "javascript:alert(1)",
    "gpj.\u202eexe\x00\x1b[2J\ud83d",
    "--> <b>&amp;",
)
VOID = {"meta", "img", "input", "track", "br", "hr", "link", "source", "wbr"}


class Reader(HTMLParser):
    """Elements with their attributes, the text outside scripts and styles, and the text of scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self.words: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        last = self.open[-1] if self.open else ""
        self.inside.get(last, self.words).append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    return reader


@pytest.fixture(scope="module")
def page() -> str:
    return render_page(explanation(), cueset(), curves(), illustration(), home="../index.html")


def test_says_what_is_expressed_and_never_what_is_felt(page: str) -> None:
    text = read(page).text
    for said in ("clip.mp4", "Expressed happy, amazed", "happiness 45 %", "surprise 35 %", "valence +0.42"):
        assert said in text
    assert text.count(NOTICE) == 2
    assert "felt" not in text.replace(NOTICE, "")


def test_says_what_was_not_observed_and_every_note(page: str) -> None:
    text = read(page).text
    assert "face1, face: out of the picture, 6.00–6.50 s" in text
    assert "physiology: not measured, it was not asked for No extractor was asked for it." in text
    assert "One sentence was left out." in text


def test_names_where_everything_comes_from(page: str) -> None:
    text = read(page).text
    for said in ("scripted", "explain/1", "ab" * 32, "emoreason.face/1", "emoreason 0."):
        assert said in text


def test_shows_every_claim_with_its_time_and_every_cue_with_its_claims(page: str) -> None:
    reader = read(page)
    claims = [a for a in reader.all("li") if a.get("class", "").startswith("claim")]
    assert [(a["id"], a.get("data-start"), a.get("data-end")) for a in claims][:2] == [
        ("claim=1", "1.24", "2.68"),
        ("claim=2", "1.52", "5.96"),
    ]
    cues = {a["id"]: a for a in reader.all("li") if a.get("class") == "cue"}
    assert set(cues) == {f"cue={cue.id}" for cue in cueset().cues}
    assert f"{BROWS} 1.24–2.68 s AU1 inner brow raiser" in reader.text
    assert "claims 1, 4" in reader.text
    links = {a["href"] for a in reader.all("a") if "data-cue" in a}
    assert f"#cue={SMILE}" in links
    assert {link[1:] for link in links} == set(cues)


def test_absent_and_unknown_cues_are_listed_apart_and_not_drawn(page: str) -> None:
    reader = read(page)
    assert re.search(r"Looked for and not there\s?face1\.AU4\.1", reader.text)
    assert re.search(r"Could not be measured\s?face1\.AU10\.1", reader.text)
    drawn = [a["aria-label"] for a in reader.all("a") if a.get("class", "").startswith("ev")]
    assert not [label for label in drawn if "AU4" in label or "AU10" in label]


@pytest.mark.parametrize(("language", "smile"), [("en", "AU12 lip corner puller: "), ("zh", "AU12 嘴角上拉：")])
def test_what_the_engine_observed_is_said_once_and_what_could_not_be_measured_apart(language: str, smile: str) -> None:
    known = cueset(cues=(replace(au("AU12", 1.52, 5.96), marks=("during_speech",)), *cueset().cues[2:]))
    text = read(render_page(explain_cues(known, language=language), known, (), Illustration())).text
    claims = text[text.index("Reasoning Observed") : text.index("Taken together")]
    assert smile in claims
    assert "face1, AU12" not in claims  # person and time stand beside it
    apart = claims[claims.index("Could not be measured") :]
    assert "AU10" in apart
    assert "absent" not in apart
    assert "could not be measured" not in apart
    assert "无法测量" not in apart


def test_words_and_shots_are_not_called_seen(page: str) -> None:
    text = read(page).text
    assert f"utterance {SAID}" in text
    assert "seen" not in text


def test_says_whom_the_answer_is_about_where_there_are_several() -> None:
    cues = [Cue(id=f"{who}.AU12.1", modality="face", code="AU12", subject=who) for who in ("face1", "face2")]
    claims = (Claim(sentence="AU12 [face2.AU12.1].", cue_ids=("face2.AU12.1",)),)
    about = Explanation(clip="c", labels=("happy",), claims=claims)
    both = CueSet(clip=Clip(id="c"), cues=tuple(cues))
    assert "Expressed by face2, one of 2 people" in read(render_page(about, both, (), Illustration())).text
    alone = CueSet(clip=Clip(id="c"), cues=tuple(cues[1:]))
    assert "one of" not in read(render_page(about, alone, (), Illustration())).text


def test_abstaining_says_why_and_gives_the_distribution_all_the_same() -> None:
    told = explanation(abstained=True, abstain_reason="too little was seen", labels=())
    text = read(render_page(told, cueset(), (), Illustration())).text
    assert "Abstained No emotion is named too little was seen" in text
    assert "45.0 %" in text


def test_chinese_is_marked_as_such() -> None:
    claim = Claim(sentence=f"嘴角上扬 [{SMILE}]。", cue_ids=(SMILE,), start_s=1.5, end_s=5.9)
    told = explanation(claims=(claim,), interpretation="这是高兴。", labels=("高兴",), reasoning="观察：嘴角上扬")
    reader = read(render_page(told, cueset(), (), illustration()))
    marked = [(name, a["lang"]) for name, a in reader.elements if a.get("lang") and name != "html"]
    assert {"p", "a"} <= {name for name, language in marked if language == "zh"}
    assert [a["srclang"] for a in reader.all("track")] == ["zh"]


def test_needs_nothing_from_outside(page: str) -> None:
    reader = read(page)
    for name, attributes in reader.elements:
        for attribute in ("src", "href", "xlink:href", "action", "data", "poster", "srcset"):
            value = attributes.get(attribute, "#")
            assert value.startswith(("#", "data:")) or value == "../index.html", (name, attribute, value[:80])
        assert not [attribute for attribute in attributes if attribute.startswith("on") or attribute == "style"]
    assert not re.search(r"url\((?!#)|@import", "".join(reader.inside["style"]))


def test_policy_admits_exactly_the_style_and_the_script_of_the_page(page: str) -> None:
    reader = read(page)
    (policy,) = [a["content"] for a in reader.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    style, script = reader.inside["style"], reader.inside["script"]
    assert len(style) == 1
    for text in (style[0], script[-1]):
        assert base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() in policy


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(page: str, text: str) -> None:
    clip = Clip(id=f"a/{text}", duration_s=7.0, fps=25.0, has_video=True, has_audio=True)
    spoken = Cue(id=text, modality="speech", code="utterance", text=text, start_s=1.0, end_s=2.0, source=text)
    foreign = Cue(id=text + "2", modality="face", code=text, unit=text, value=1.0, level=text, subject=text)
    given = cueset(clip=clip)
    given = replace(given, cues=(*given.cues, spoken, foreign), gaps=(Gap(modality="body", reason="occluded", subject=text, detail=text),))  # fmt: skip  # noqa: E501
    claim = Claim(sentence=text, cue_ids=(text,), start_s=1.0, end_s=2.0)
    told = explanation(
        claims=(claim,), interpretation=text, labels=(text,), label_cues={text: (text,)}, reasoning=text,
        engine=text, model=text, notes=(text,), abstain_reason=text,
    )  # fmt: skip
    html = render_page(told, given, curves(), replace(illustration(), notes=(text,)), home=None)
    html.encode("utf-8")
    reader, plain = read(html), read(page)
    assert {name for name, _ in reader.elements} <= {name for name, _ in plain.elements} | {"em"}
    assert len(reader.all("script")) == len(plain.all("script"))
    assert not [a for _, a in reader.elements if any(name.startswith("on") for name in a)]
    assert not [a for _, a in reader.elements if a.get("href", "#")[0] != "#"]
    assert not re.search("[\u202e\x00\x1b\ud800-\udfff]", html)
    ids = [a["id"] for _, a in reader.elements if "id" in a]
    assert len(ids) == len(set(ids))


def test_media_travels_whole_inside_the_page(page: str) -> None:
    block = re.search(r'<script type="text/plain" id="media-data">([^<]+)</script>', page)
    media = illustration().media
    assert block is not None
    assert media is not None
    assert base64.b64decode(block[1]) == media.data


def test_without_media_nothing_of_it_is_there_and_the_page_says_so() -> None:
    html = render_page(explanation(), cueset(), curves(), Illustration(notes=("left out",)))
    reader = read(html)
    assert "media-data" not in "".join(a.get("id", "") for _, a in reader.elements)
    assert "The clip itself is not in this page." in reader.text
    assert [a for _, a in reader.elements if a.get("id") == "timeline"]


def test_a_picture_has_no_timeline_but_its_cues_and_regions() -> None:
    clip = Clip(id="face.jpg", duration_s=0.0, has_video=True, has_audio=False)
    smile = Cue(id=SMILE, modality="face", code="AU12", value=2.5, unit="0-5", start_s=0.0, end_s=0.0, subject="face1")
    shown = illustration()
    still = replace(shown.keyframes[0], time_s=0.0)
    media = Media(kind="picture", mime="image/jpeg", data=still.data, width=still.width, height=still.height)
    told = explanation(claims=(Claim(sentence="She smiles.", cue_ids=(SMILE,), start_s=0.0, end_s=0.0),))
    shown = Illustration(media=media, keyframes=(still,))
    reader = read(render_page(told, CueSet(clip=clip, cues=(smile,)), (), shown))
    assert not [a for _, a in reader.elements if a.get("id") == "timeline"]
    assert [a for a in reader.all("a") if a.get("class", "").startswith("meter")]
    assert reader.all("polygon")


def test_cues_without_times_make_a_page_too() -> None:
    given = CueSet(clip=Clip(id="p1"), cues=(Cue(id="face.AU12.1", modality="face", code="AU12"),))
    told = Explanation(clip="p1", claims=(Claim(sentence="A smile.", cue_ids=("face.AU12.1",)),))
    assert "AU12 lip corner puller" in read(render_page(told, given, (), Illustration())).text


def test_an_empty_explanation_makes_a_page_too() -> None:
    text = read(render_page(Explanation(clip="x"), CueSet(clip=Clip(id="x")), (), Illustration())).text
    assert "No claim was made." in text
    assert "There is no cue." in text


def test_an_hour_with_thousands_of_events_stays_under_2_mb() -> None:
    told, given, drawn = hour()
    html = render_page(told, given, drawn, Illustration(peaks=((-0.5, 0.5),) * 36_000))
    assert len(html.encode()) < 2_000_000
    reader = read(html)
    assert "are drawn in the timeline only" in reader.text
    listed = {a["id"] for a in reader.all("li") if a.get("class") == "cue"}
    assert {f"cue={cue_id}" for claim in told.claims for cue_id in claim.cue_ids} <= listed
