"""Transcripts as people and tools write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreason.cues.speech.transcript import MAX_TEXT, Utterance, read_transcript

SRT = """1
00:00:00,500 --> 00:00:01,750
Good morning.

2
00:01:02,000 --> 00:01:03,000
<i>We</i> could
{\\an8}meet &lt;again&gt;
"""

VTT = """\ufeffWEBVTT - title
Kind: captions

STYLE
::cue { color: red }

NOTE
a comment

intro
00:00.500 --> 00:01.750 align:start position:0%
<v Anna><c.loud>Good</c> <00:00:01.000>morning.</v>

100:00:00.000 --> 100:00:01.000
Late.
"""


def test_subrip() -> None:
    assert read_transcript(SRT) == [
        Utterance("Good morning.", 0.5, 1.75),
        Utterance("We could meet <again>", 62.0, 63.0),
    ]


def test_webvtt() -> None:
    assert read_transcript(VTT) == [Utterance("Good morning.", 0.5, 1.75), Utterance("Late.", 360000.0, 360001.0)]


@pytest.mark.parametrize("ends", ["\r\n", "\r", "\n"])
def test_line_ends(ends: str) -> None:
    assert len(read_transcript(SRT.replace("\n", ends))) == 2


def test_plain_text_is_one_utterance_without_times() -> None:
    assert read_transcript(" Good\n\nmorning. \x00\x1b") == [Utterance("Good morning.")]
    assert read_transcript("see --> there") == [Utterance("see --> there")]


@pytest.mark.parametrize(
    "text", ["", " \n\t", "\x00", "00:00:01,000 --> 00:00:02,000\n\n", "WEBVTT\n\n00:01.000 --> 00:02.000\n<i></i>\n"]
)
def test_nothing_said(text: str) -> None:
    assert read_transcript(text) == []


def test_blocks_without_blank_lines_and_out_of_order() -> None:
    text = "2\n00:00:05,0 --> 00:00:06,0\nSecond.\n1\n00:00:01,0 --> 00:00:02,0\nFirst.\n"
    assert read_transcript(text) == [Utterance("First.", 1.0, 2.0), Utterance("Second.", 5.0, 6.0)]


def test_a_block_that_ends_before_it_starts_has_no_times() -> None:
    assert read_transcript("00:00:05,000 --> 00:00:05,000\nHow late.") == [Utterance("How late.")]


def test_fractions_are_decimal() -> None:
    assert read_transcript("00:01.5 --> 00:02.05\nNow.") == [Utterance("Now.", 1.5, 2.05)]


def test_numbers_that_are_said_stay() -> None:
    assert read_transcript("00:00:01,000 --> 00:00:02,000\n42\n\n3\n")[0].text == "42"


def test_text_is_cut_at_its_limit() -> None:
    assert len(read_transcript("word " * 100_000)[0].text) == MAX_TEXT


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    for utterance in read_transcript(text):
        assert utterance.text == " ".join(utterance.text.split()) != ""


@given(
    st.lists(
        st.tuples(
            st.integers(0, 10**7),
            st.integers(1, 10**5),
            st.from_regex(r"[A-Za-z]{1,9}( [A-Za-z]{1,9}){0,3}", fullmatch=True),
        ),
        max_size=6,
    )
)
def test_what_is_written_is_read(lines: list[tuple[int, int, str]]) -> None:
    def clock(ms: int) -> str:
        return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02},{ms % 1000:03}"

    blocks = [f"{i}\n{clock(start)} --> {clock(start + ms)}\n{text}\n" for i, (start, ms, text) in enumerate(lines)]
    expected = [
        Utterance(text, start / 1000, (start + ms) / 1000) for start, ms, text in sorted(lines, key=lambda x: x[0])
    ]
    assert read_transcript("\n".join(blocks)) == expected
