"""WebVTT: what a strict parser and a real browser make of it."""

import re
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from browser import run_chromium
from hypothesis import given
from hypothesis import strategies as st
from some_records import CUESET, EXPLANATION, NASTY

from emoreason.cues.speech.transcript import read_transcript
from emoreason.formats import write_transcript_vtt, write_vtt
from emoreason.formats.webvtt import claims_vtt, transcript_vtt
from emoreason.records import Claim, Cue

quiet: dict[str, Any] = {"say": lambda text: None}
TIMES = re.compile(r"(\d\d+):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d\d+):([0-5]\d):([0-5]\d)\.(\d{3})( \S+:\S+)*")


def parsed(text: str) -> tuple[list[str], list[tuple[str, float, float, str]]]:
    """Notes and cues (id, start, end, payload) by the grammar of https://www.w3.org/TR/webvtt1/#syntax."""
    assert "\0" not in text
    head, *blocks = text.removesuffix("\n").split("\n\n")
    assert re.fullmatch(r"WEBVTT( [^\n]*)?", head)
    assert "-->" not in head
    notes, cues = [], []
    for block in blocks:
        assert block.strip("\n") == block
        if block.startswith("NOTE "):
            assert "-->" not in block
            notes.append(unescape(block[5:]))
            continue
        name, times, payload = block.split("\n")
        assert "-->" not in name
        assert "-->" not in payload
        match = TIMES.fullmatch(times)
        assert match is not None, times
        numbers = [int(part) for part in match.groups()[:8]]
        start, end = (
            numbers[at] * 3600 + numbers[at + 1] * 60 + numbers[at + 2] + numbers[at + 3] / 1000 for at in (0, 4)
        )
        assert start < end
        cues.append((name, start, end, payload))
    starts = [start for _, start, _, _ in cues]
    assert starts == sorted(starts)
    return notes, cues


def test_claims_with_times_ids_and_the_notice() -> None:
    said: list[str] = []
    notes, cues = parsed(claims_vtt(EXPLANATION, say=said.append))
    assert "must be informed" in notes[0]
    assert notes[1] == "Expressed: happy, amazed"
    assert cues == [
        ("claim2 face1.AU4.1", 0.0, 6.0, "<c.negated>The brows stay down.</c>"),
        ("claim3", 1.0, 2.0, "<c.claim>It is a &lt;room&gt; &amp; --&gt; nothing else.</c>"),
        ("claim1 face1.AU12.1,voice.f0_mean.1", 1.52, 5.96, "<c.claim>The lip corners rise.</c>"),
    ]
    assert said == ["WebVTT has no place for 1 claim without a time: left out"]


@given(
    sentence=st.text() | st.just(NASTY),
    clip=st.text(min_size=1) | st.just("-->\n\nNOTE"),
    span=st.tuples(st.floats(0, 4e5), st.floats(0, 4e5)).map(sorted),
    cited=st.lists(st.text(st.characters(exclude_characters=" \t\r\n[],;", exclude_categories=["C", "Z"]), min_size=1)),
)
def test_whatever_is_in_it_it_stays_a_track(sentence: str, clip: str, span: list[float], cited: list[str]) -> None:
    claim = Claim(sentence=sentence, cue_ids=(*cited, "-->"), start_s=span[0], end_s=span[1])
    _, cues = parsed(claims_vtt(replace(EXPLANATION, clip=clip, claims=(claim,), labels=(sentence,))))
    payload = cues[0][3].removeprefix("<c.claim>").removesuffix("</c>")
    assert "<" not in payload
    said = parsed(transcript_vtt(replace(CUESET, cues=(speech(sentence, *span),))))[1]
    assert len(said) == bool(sentence)


def speech(text: str, start_s: float, end_s: float) -> Cue:
    return Cue(id="a", modality="speech", code="utterance", text=text, start_s=start_s, end_s=end_s, subject="Anna<b>")


def test_what_is_said_is_a_transcript_again(tmp_path: Path) -> None:
    write_transcript_vtt(tmp_path / "x.vtt", CUESET)
    text = (tmp_path / "x.vtt").read_text(encoding="utf-8")
    assert [(one.start_s, one.end_s, one.text) for one in read_transcript(text)] == [(1.6, 5.4, "Oh! You came.")]


@pytest.mark.slow
def test_a_browser_plays_the_track(tmp_path: Path) -> None:
    nasty = Claim(sentence=NASTY, cue_ids=("face1.AU12.1",), start_s=0.25, end_s=0.5)
    write_vtt(tmp_path / "x.vtt", replace(EXPLANATION, claims=(*EXPLANATION.claims, nasty)), **quiet)
    text = (tmp_path / "x.vtt").read_text(encoding="utf-8")
    script = """text => new Promise(done => {
        const video = document.createElement('video'), track = document.createElement('track');
        track.src = URL.createObjectURL(new Blob([text], {type: 'text/vtt'}));
        track.onload = () => done([...track.track.cues].map(
            cue => [cue.id, cue.startTime, cue.endTime, cue.line, cue.align, cue.getCueAsHTML().textContent]));
        track.onerror = () => done('refused');
        video.append(track); document.body.append(video); track.track.mode = 'hidden';
    })"""
    with run_chromium() as browser:
        page = browser.new_page()
        cues = page.evaluate(script, text)
    assert [cue[:5] for cue in cues] == [
        ["claim2 face1.AU4.1", 0, 6, 0, "start"],
        ["claim5 face1.AU12.1", 0.25, 0.5, 0, "start"],
        ["claim3", 1, 2, 0, "start"],
        ["claim1 face1.AU12.1,voice.f0_mean.1", 1.52, 5.96, 0, "start"],
    ]
    assert cues[2][5] == "It is a <room> & --> nothing else."
    assert "<b>&amp;\"' ]]> =1+1 -- > -->" in cues[1][5]
