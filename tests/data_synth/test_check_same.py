"""What makes the checks fast changes nothing they say: cut corners against the long way, and a digest of verdicts."""

import hashlib
import json
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoreason.cues.wording import LANGUAGES, cue_name, cue_text
from emoreason.data_synth.check import check_draft
from emoreason.data_synth.checks.copied import _runs, _words
from emoreason.data_synth.draft import Draft, Manner
from emoreason.data_synth.labelled import LabelledClip
from emoreason.prompts.answer import clean
from emoreason.records import Clip, Cue, CueSet, Reference
from emoreason.rewards.grounding.copying import _CITATION, Copies, _bare
from emoreason.rewards.grounding.cue_index import CueIndex

_NAME = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12) | st.sampled_from(
    ["AU12", "AU4L", "happy", "{x}", "_"]
)


@st.composite
def cues(draw: st.DrawFn) -> Cue:
    return Cue(
        id=draw(_NAME), modality=draw(st.sampled_from(["face", "voice", "scene"])), code=draw(_NAME),
        side=draw(st.none() | st.sampled_from(["left", "top"])), subject=draw(st.none() | _NAME),
        state=draw(st.sampled_from(["present", "absent", "unknown"])), level=draw(st.none() | _NAME),
        value=draw(st.none() | st.floats(0, 5)), start_s=draw(st.none() | st.floats(0, 9)),
    )  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(found=st.lists(cues(), max_size=5), around=st.text(max_size=5), data=st.data())
def test_lines_of_a_text_are_found_by_their_names(found: list[Cue], around: str, data: st.DataObject) -> None:
    lines = [cue_text(cue, language) for cue in found for language in LANGUAGES]
    assert all(_bare(cue_name(cue, lang)) in _bare(cue_text(cue, lang)) for cue in found for lang in LANGUAGES)
    text = around.join(data.draw(st.lists(st.sampled_from(lines or [around]), max_size=4)))
    held = {line for line in map(_bare, lines) if line in _bare(_CITATION.sub(" ", text))}
    assert set(Copies(CueIndex.of(CueSet(clip=Clip(id="a"), cues=tuple(found))), text)._lines) == held


@settings(max_examples=150, deadline=None)
@given(text=st.text(st.characters(), max_size=80), limit=st.integers(1, 60))
def test_a_line_is_clean_of_what_unicode_calls_control_and_surrogate(text: str, limit: int) -> None:
    by_category = {"Cc": " ", "Cs": "\ufffd"}
    plain = "".join(by_category.get(unicodedata.category(character), character) for character in text[: 8 * limit])
    plain = " ".join(plain.split())
    assert clean(text, limit) == (plain if len(plain) <= limit else plain[: limit - 1].rstrip() + "…")


@settings(max_examples=150, deadline=None)
@given(text=st.text("ab ", max_size=40), other=st.text("abc ", max_size=40), run=st.integers(1, 5))
def test_runs_need_their_words(text: str, other: str, run: int) -> None:
    there, known = _runs(text, run)
    words = _words(other)
    for at in range(len(words) - run + 1):
        if hash(words[at : at + run]) in known:
            assert there.issuperset(words[at : at + run])


def _cue(code: str, state: str = "present", **more: object) -> Cue:
    return Cue(id=f"face1.{code}.1", modality="face", code=code, state=state, subject="face1", **more)  # type: ignore[arg-type]


CLIP = LabelledClip(
    id="drawn/1",
    cueset=CueSet(
        clip=Clip(id="drawn/1", duration_s=6.0, transcript="I am so glad that you came."),
        cues=(
            _cue("AU12", level="strongly", value=3.9, unit="0-5", start_s=1.0, end_s=2.5, apex_s=1.6),
            _cue("AU6", level="moderately", value=2.4, unit="0-5", start_s=1.1, end_s=2.4),
            _cue("AU4", state="absent"),
            _cue("AU15", state="absent"),
            Cue(id="voice.f0_mean.1", modality="voice", code="f0_mean", level="high", value=240.0, unit="Hz"),
            Cue(id="scene.place.1", modality="scene", code="place", text="A woman in a red coat stands at a gate."),
            Cue(id="speech.utterance.1", modality="speech", code="utterance", text="I am so glad that you came."),
        ),
    ),
    reference=Reference(emotion="happiness", labels=("joyful",), action_units=("AU6", "AU12")),
)
ANSWER = (
    '{"labels": [{"label": "joyful", "cues": ["face1.AU12.1", "face1.AU6.1"]}], "emotions": {"happiness": 0.9, '
    '"neutral": 0.1}, "valence": 0.7, "arousal": 0.4, "action_units": ["AU6", "AU12"]}'
)
THOUGHTS = {
    "honest": (
        "Observations:\n- At 1.6 s, the lip corners are pulled up strongly [face1.AU12.1].\n- The cheeks are raised "
        "[face1.AU6.1].\n- The brows are not lowered [face1.AU4.1].\n- The pitch is high, 240 Hz [voice.f0_mean.1].\n"
        "Interpretation:\n- Raised cheeks and the broad smile suggest joy [face1.AU6.1, face1.AU12.1].\n"
        "Conclusion:\n- She is joyful."
    ),
    "wrong": (
        "She frowns deeply [face1.AU4.1] and the lip corners fall [face1.AU15.1]. Therefore she is sad, not happy."
    ),
    "copied": (
        "face1, AU12 lip corner puller: strongly, intensity 3.9 of 5. AU6 cheek raiser: moderately. AU4: absent."
    ),
    "told": (
        "Since the label is happiness, she smiles [face1.AU12.1]. “I am so glad that you came”, she says. She smiles."
    ),
    "named": (
        "Observations: A happy, self-conscious smile [face1.AU12.1]; don’t care. A blue car. Neither AU4 nor AU15."
    ),
    "invented": (
        "AU20 is clearly there [face1.AU20.1]. AU1, AU2 and AU5 as well. It could also be fear, perhaps anger."
    ),
    "chinese": (
        "观察：嘴角明显上扬 [face1.AU12.1]。脸颊上提 [face1.AU6.1]，没有皱眉"
        " [face1.AU4.1]。结论：她很高兴，而不是悲伤。"
    ),
    "repeated": "She smiles [face1.AU12.1]. " * 8 + "No clear emotion.",
}
#: Worked out before any of it was made fast. A check that is meant to say something else gives another one.
DIGEST = "9affaaba69ac1bd6"


def _said(text: str, manner: Manner, writer: str) -> object:
    found = check_draft(CLIP, Draft(number=0, text=text, manner=manner, writer=writer))
    return [[fault.reason, fault.detail] for fault in found.faults], sorted(found.measures.items()), found.reward


def _drafts() -> list[tuple[str, Manner, str]]:
    texts = [(f"<think>\n{thought}\n</think>\n{ANSWER}", "long") for thought in THOUGHTS.values()]
    texts += [(ANSWER, "direct"), (f"Sure! {ANSWER}", "short"), ("no answer", "long"), (THOUGHTS["honest"], "long")]
    return [
        (text, Manner(style=style, language=language), writer)  # type: ignore[arg-type]
        for text, style in texts
        for language in ("en", "zh")
        for writer in ("template/1", "evidence 1")
    ]


def digest() -> str:
    said = [_said(*draft) for draft in _drafts()]
    return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()[:16]


def test_verdicts_measures_and_rewards_are_the_known_ones() -> None:
    assert digest() == DIGEST


@pytest.mark.parametrize("name", ["honest", "copied"])
def test_a_draft_is_checked_the_same_the_second_time(name: str) -> None:
    text, manner = f"<think>\n{THOUGHTS[name]}\n</think>\n{ANSWER}", Manner()
    assert _said(text, manner, "template/1") == _said(text, manner, "template/1")
