"""Shortcuts of the checks say what the long way says, on drawn and hostile texts, English and Chinese."""

import re
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from emoreason.cues.wording import LANGUAGES, cue_text
from emoreason.data_synth.checks.case import Case
from emoreason.data_synth.checks.form import _CITATION, _LATIN, another_language
from emoreason.data_synth.checks.observations import _named, _observes, emotion_words
from emoreason.data_synth.checks.told_label import _TOLD, _TOLD_ZH, told_label
from emoreason.data_synth.dedupe import _CITATION as CITED
from emoreason.data_synth.dedupe import _WORD, HASHES, RUN, Texts, runs
from emoreason.data_synth.draft import Draft, Manner
from emoreason.data_synth.labelled import LabelledClip
from emoreason.prompts.passages import find_passages, thought_of
from emoreason.records import Clip, Cue, CueSet, Reference
from emoreason.rewards import consistency
from emoreason.rewards.denied_names import denied
from emoreason.rewards.grounding.copying import _lines_of, _words
from emoreason.rewards.length import CHARACTER

SMILE = Cue(id="face1.AU12.1", modality="face", code="AU12", level="strongly", subject="face1")
SAID = Cue(id="speech.utterance.1", modality="speech", code="utterance", text="I am so happy, and 我很高兴。")
CLIP = LabelledClip(
    id="drawn", cueset=CueSet(clip=Clip(id="drawn"), cues=(SMILE, SAID)), reference=Reference(emotion="happiness")
)
_PIECES = st.sampled_from(
    [
        "Observations:\n", "Interpretation: ", "观察：", "结论：", "\n", "\r\n", " ", ". ", "。", "; ", ", ", "- ",
        "The lip corners rise", "a happy smile", "grossed out", "self-conscious", "no clear emotion", "NO EMOTION",
        "without any affect", "没有明显的情绪", "他很高兴", "嘴角上扬", "I am so happy", "she is sad, not angry", "but",
        "which suggests joy", "表明愤怒", "since the label is joy", "as given", "the gold label", "根据标签",
        "the answer",
        "[face1.AU12.1]", "[speech.utterance.1]", "[laughs]", "[", "]", "“", "”", '"', "「", "」", "‘", "'",
        "<think>", "</think>", "<THINK>", "< / think >", "</thinking>", "{", "}", '{"labels": [', '{"label": "x"}',
        "```json", "\\", "AU12", "3.9", "\u2028", "\x85", "\x0b", "İ", "ß", "ſ", "\ud800", "ﬀ", "emoﬅ",
        "it may also be fear",
    ]
)  # fmt: skip
TEXTS = st.lists(_PIECES | st.text(max_size=6), max_size=25).map("".join)
#: Mostly in the form that is asked for, which is the one that is read quickly.
REPLIES = TEXTS | st.builds("<think>\n{}\n</think>{}".format, TEXTS, TEXTS | st.just('\n{"labels": ["joy"]}'))


def _case(text: str, language: str) -> Case:
    manner = Manner(language=language)  # type: ignore[arg-type]
    return Case(CLIP, Draft(number=0, text=f"<think>{text}</think>{{}}", manner=manner, writer="someone"))


@settings(max_examples=150, deadline=None)
@given(text=REPLIES)
def test_the_thought_alone_is_that_of_all_passages(text: str) -> None:
    assert thought_of(text) == find_passages(text).think


@settings(max_examples=120, deadline=None)
@given(text=TEXTS, language=st.sampled_from(LANGUAGES))
def test_emotion_words_of_all_observations_are_those_of_each(text: str, language: str) -> None:
    case = _case(text, language)
    titled = any(sentence.section == "observations" for sentence in case.sentences)
    each = [word for one in case.sentences if _observes(one, titled) for word in _named(case, one.text)]
    assert emotion_words(case) == each


@settings(max_examples=120, deadline=None)
@given(text=TEXTS, language=st.sampled_from(LANGUAGES))
def test_the_script_of_a_text_without_chinese_is_known_at_once(text: str, language: str) -> None:
    case = _case(text, language)
    bare = case.without_speech(_CITATION.sub(" ", case.think))
    characters, words = len(CHARACTER.findall(bare)), len(_LATIN.findall(bare))
    zh = language == "zh"
    wrong = words > characters if zh else characters > words
    assert another_language(case) == (("English letters" if zh else "Chinese characters") if wrong else None)


@settings(max_examples=120, deadline=None)
@given(text=TEXTS)
def test_words_of_having_been_told_are_found_as_by_the_patterns_alone(text: str) -> None:
    match = _TOLD.search(text) or _TOLD_ZH.search(text)
    assert told_label(text) == (match and match[0])


@settings(max_examples=120, deadline=None)
@given(text=TEXTS)
def test_families_are_affirmed_as_without_a_look_ahead(text: str) -> None:
    bare = consistency._QUOTED.sub(consistency._without_speech, text)
    named = list(consistency._named(bare, bare.casefold(), frozenset()))
    other = consistency._OTHER_READING.search(bare)
    expected = [
        (name, other is not None and start > other.start())
        for (name, (start, _)), gone in zip(named, denied(bare, [span for _, span in named]), strict=True)
        if not gone
    ]
    if re.search("emot|affect|情绪", bare, re.IGNORECASE) and consistency._NO_EMOTION.search(bare):
        expected.append(("neutral", False))
    assert list(consistency.affirmed_families(text)) == expected


_NUMBERS = st.none() | st.floats(-10, 10) | st.sampled_from([0.0, 1e-5, -1e-4, 999_999.6, 1e6, 1e300]) | st.floats()


@settings(max_examples=120, deadline=None)
@given(
    cues=st.lists(
        st.builds(
            Cue, id=st.just("a"), modality=st.sampled_from(["face", "voice"]),
            code=st.sampled_from(["AU12", "e-5", "f0"]), state=st.sampled_from(["present", "absent"]),
            level=st.sampled_from([None, "high", "strange"]),
            unit=st.sampled_from([None, "Hz", "0-5", "e"]), direction=st.sampled_from([None, "rising"]),
            value=_NUMBERS, start_s=_NUMBERS, end_s=_NUMBERS, apex_s=_NUMBERS, confidence=_NUMBERS,
            subject=st.sampled_from([None, "face1", "joan"]), marks=st.sampled_from([(), ("presence_only",)]),
        ),
        min_size=2, max_size=4,
    ),
    moment=st.booleans(),
)  # fmt: skip
def test_the_words_of_a_line_do_not_depend_on_numbers(cues: list[Cue], moment: bool) -> None:
    for cue in (replace(one, end_s=one.start_s) if moment else one for one in cues):
        lines = [_words(cue_text(cue, language)) for language in LANGUAGES]
        assert _lines_of(cue) == tuple((line, frozenset(line)) for line in lines)


@settings(max_examples=50, deadline=None)
@given(drawn=st.lists(TEXTS, min_size=1, max_size=4))
def test_signatures_are_those_that_the_library_makes_of_each_text(drawn: list[str]) -> None:
    from datasketch import MinHash

    texts = Texts()
    expected = b""
    for text in drawn:
        words = _WORD.findall(CITED.sub(" ", text).casefold())
        all_runs = [" ".join(words[at : at + RUN]) for at in range(len(words) - RUN + 1)] or [" ".join(words)]
        bits = [run.encode("utf-8", "surrogatepass") for run in dict.fromkeys(all_runs)]
        assert runs(text) == bits
        signature = MinHash(HASHES, seed=1, hashfunc=texts._signature.hashfunc)
        signature.update_batch(bits)
        expected += np.asarray(signature.hashvalues).astype(np.uint16).tobytes()
        texts.add(text)
    assert bytes(texts._signatures) == expected
