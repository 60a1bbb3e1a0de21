"""Properties of the contract: any text is read or refused, and what was written is read back."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from emoreason.errors import ModelOutputError
from emoreason.prompts.answer import clean
from emoreason.prompts.contract import parse_answer, read_answer, write_answer
from emoreason.prompts.passages import find_passages
from emoreason.records import Clip, Cue, CueSet
from emoreason.records.convert import check, to_json
from emoreason.records.labels import EMOTIONS

CUESET = CueSet(
    clip=Clip(id="c"),
    cues=(
        Cue(id="face1.AU12.1", modality="face", code="AU12", start_s=0.5, end_s=1.0),
        Cue(id="voice.f0_mean.1", modality="voice", code="f0_mean"),
    ),
)
FRAGMENTS = st.sampled_from(
    [
        "<think>",
        "</think>",
        "{",
        "}",
        "[",
        "]",
        '"',
        "'",
        "“",
        "”",
        ":",
        ",",
        "，",
        "\\",
        "```json",
        '"labels"',
        '"emotions"',
        '"label": "joy"',
        '"probability": 0.5',
        "NaN",
        "1e999",
        "-5",
        "null",
        "[face1.AU12.1]",
        "[x.y.3]",
        "no ",
        "没有",
        ". ",
        "\n",
        "\ud800",
        '{"labels": ["joy"], "emotions": {"joy": 1}}',
    ]
)
SOUP = st.lists(FRAGMENTS | st.text(max_size=8), max_size=40).map("".join)

short_text = st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=60)
labels = short_text.map(lambda text: clean(text, 60)).filter(bool)
number = st.floats(min_value=-1, max_value=1)
cue_ids = st.sampled_from(["face1.AU12.1", "voice.f0_mean.1"])


@st.composite
def answers(draw: st.DrawFn) -> dict[str, Any]:
    """Draw any answer in canonical form: distinct labels, all seven classes, probabilities that sum to 1."""
    names = draw(st.lists(labels, max_size=8, unique_by=str.casefold))
    weights = draw(st.lists(st.integers(min_value=0, max_value=100), min_size=7, max_size=7).filter(any))
    return {
        "labels": [{"label": name, "cues": draw(st.lists(cue_ids, max_size=2, unique=True))} for name in names],
        "emotions": [
            {"label": emotion, "probability": weight / sum(weights)}
            for emotion, weight in zip(EMOTIONS, weights, strict=True)
        ],
        "compounds": [
            {"label": name, "probability": abs(draw(number))}
            for name in draw(st.lists(labels, max_size=5, unique=True))
        ],
        "valence": draw(number),
        "arousal": draw(number),
        "action_units": [f"AU{code}" for code in draw(st.lists(st.integers(1, 99), max_size=40, unique=True))],
        "alternatives": [
            {"label": name, "reason": draw(st.just("") | labels)} for name in draw(st.lists(labels, max_size=5))
        ],
        "abstained": draw(st.booleans()),
    }


@given(SOUP | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    parsed = parse_answer(text)
    if parsed.answer is not None:
        blank: dict[str, Any] = {"labels": [], "emotions": [], "valence": 0, "arousal": 0, "action_units": []}
        check(blank | parsed.answer, "answer")
    try:
        explanation = read_answer(text, CUESET)
    except ModelOutputError:
        return
    check(to_json(explanation), "explanation")
    assert explanation.labels or explanation.emotions or explanation.abstained
    assert {cue for claim in explanation.claims for cue in claim.cue_ids} <= set(CUESET.by_id())


@given(SOUP, st.integers(min_value=0, max_value=400))
def test_a_good_answer_survives_what_stands_before_it(soup: str, cut: int) -> None:
    """The answer after the last closing tag is found, whatever the chain of thought holds."""
    body = '{"labels": [{"label": "kept", "cues": []}], "emotions": [{"label": "fear", "probability": 1}]}'
    parsed = parse_answer(f"<think>{soup[:cut]}</think>\n{body}")
    assert parsed.answer is not None
    assert parsed.answer["labels"] == [{"label": "kept", "cues": []}]


@given(st.text(alphabet=st.characters(codec="utf-8")) | SOUP.map(lambda text: text.replace("\ud800", "")), answers())
def test_what_was_written_is_read_back(think: str, answer: dict[str, Any]) -> None:
    text = write_answer(think, answer)
    parsed = parse_answer(text)
    assert parsed.answer == answer
    assert {problem.code for problem in parsed.problems} == set()
    if not find_passages(think).opened and not find_passages(think).closed:
        assert (parsed.think or "") == think.strip()
    # Writing what was read changes nothing more.
    again = parse_answer(write_answer(parsed.think, answer))
    assert (again.think or "", again.answer) == (parsed.think or "", answer)


@given(answers())
def test_reading_keeps_every_field(answer: dict[str, Any]) -> None:
    explanation = read_answer(write_answer("Lips rise [face1.AU12.1].", answer), CUESET)
    assert list(explanation.labels) == [item["label"] for item in answer["labels"]]
    assert [item.probability for item in explanation.emotions] == [item["probability"] for item in answer["emotions"]]
    assert (explanation.valence, explanation.arousal) == (answer["valence"], answer["arousal"])
    assert list(explanation.action_units) == answer["action_units"]
    assert explanation.abstained == answer["abstained"]
    assert explanation.notes == ()
