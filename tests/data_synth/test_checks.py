"""Checks: each fault is found for what it is, and nothing is found in an honest draft."""

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoreason.cues.imports.annotations import peak_cues, said_cue
from emoreason.data_synth.check import CHECKS, check_draft, check_drafts, failed, feedback
from emoreason.data_synth.checked import REASONS, Checked, Fault, NoEvidenceError
from emoreason.data_synth.checks.limits import Limits
from emoreason.data_synth.draft import MODES, Draft, Manner
from emoreason.data_synth.labelled import LabelledClip
from emoreason.data_synth.template import write_template
from emoreason.errors import UpstreamError
from emoreason.reasoning.engines import Request, load_engine
from emoreason.records import Clip, Cue, CueSet, Reference
from emoreason.rewards.blend import blend_named
from emoreason.rewards.completion import read_completion

SMILE = {"AU06": 2.1, "AU12": 3.4, "AU25": 1.2, "AU04": 0.0, "AU15": 0.1}
SAID = "I am so happy that you came, we did it"
THINK = (
    "Observations:\n"
    "The lip corners are pulled up strongly at 1.2 s [face1.AU12.1].\n"
    "The cheeks are raised moderately at the same moment [face1.AU6.1].\n"
    "The brows are not lowered [face1.AU4.1].\n"
    "Interpretation:\nA strong smile with raised cheeks speaks for joy [face1.AU6.1, face1.AU12.1].\n"
    "Conclusion:\nThe face expresses joy."
)
ANSWER = {
    "labels": [{"label": "joyful", "cues": ["face1.AU12.1", "face1.AU6.1"]}],
    "emotions": [{"label": "happiness", "probability": 0.9}, {"label": "neutral", "probability": 0.1}],
    "valence": 0.8,
    "arousal": 0.4,
    "action_units": ["AU6", "AU12"],
}


def clip(said: str | None = None, cues: tuple[Cue, ...] = (), **gold: object) -> LabelledClip:
    known = {"labels": ("happy",), "emotion": "happiness", "action_units": ("AU6", "AU12", "AU25"), **gold}
    observed = (*peak_cues(SMILE, 1.2), *cues, *((said_cue(said),) if said else ()))
    return LabelledClip(
        id="one",
        cueset=CueSet(clip=Clip(id="one", duration_s=3.0, transcript=said), cues=observed),
        reference=Reference(**known),  # type: ignore[arg-type]
    )


def draft(think: str = THINK, *, style: str = "long", writer: str = "someone", mode: str = "rationalise",
          language: str = "en", asked: tuple[dict[str, object], ...] = (), **answer: object) -> Draft:  # fmt: skip
    body = json.dumps({**ANSWER, **answer}, ensure_ascii=False)
    text = body if style == "direct" else f"<think>\n{think}\n</think>\n{body}"
    manner = Manner(mode=mode, style=style, language=language)  # type: ignore[arg-type]
    return Draft(number=0, text=text, manner=manner, writer=writer, asked=asked)


def reasons(checked: Checked) -> set[str]:
    return {fault.reason for fault in checked.faults}


def with_line(line: str, behind: str = "Observations:\n") -> str:
    return THINK.replace(behind, f"{behind}{line}\n", 1)


def test_nothing_is_wrong_with_an_honest_draft() -> None:
    found = check_draft(clip(), draft())
    assert found.passed, found.faults
    assert found.measures["grounded"] == found.measures["cited"] == found.measures["agreement"] == 1.0
    assert found.measures["contradicted"] == found.measures["emotion_words"] == found.measures["copied"] == 0.0


@pytest.mark.parametrize("style", ["long", "short", "direct"])
def test_an_honest_direct_answer_needs_no_thought(style: str) -> None:
    assert check_draft(clip(), draft(style=style)).passed


RULES = "No single movement proves an emotion. Weigh all observations together, also those that disagree."
CHINESE = "观察：嘴角明显上扬 [face1.AU12.1]。脸颊抬起 [face1.AU6.1]。\n解读：这些线索共同指向快乐。\n"
OTHER_CUES = THINK.replace("AU12.1].\nThe", "AU25.1].\nThe").replace("AU6.1].\nThe", "AU4.1].\nThe")
BROKEN = {
    "invented in the thought": (draft(with_line("AU9 is strong [face1.AU9.1].")), {"uncited", "action_units"}),
    "not there": (draft(with_line("The brows are lowered strongly [face1.AU4.1].")), {"contradicted"}),
    "the opposite": (draft(THINK.replace("are pulled up strongly", "are not pulled up")), {"contradicted"}),
    "invented in the answer": (draft(action_units=["AU6", "AU12", "AU9"]), {"action_units"}),
    "too few units": (draft(action_units=[]), {"action_units"}),
    "another label": (
        draft(
            labels=[{"label": "sad", "cues": ["face1.AU12.1"]}],
            emotions=[{"label": "sadness", "probability": 1.0}],
        ),
        {"label", "inconsistent"},
    ),
    "another thought": (draft(THINK.replace("joy", "sadness")), {"inconsistent"}),
    "an emotion observed": (draft(with_line("A happy look [face1.AU12.1].")), {"emotion_in_observation"}),
    "told": (draft(f"{THINK}\nSince the label is happiness, nothing else is likely."), {"told_label"}),
    "told in the answer": (
        draft(alternatives=[{"label": "calm", "reason": "the given label says otherwise"}]),
        {"told_label"},
    ),
    "said again": (draft("\n".join((THINK, *THINK.splitlines()[1:4] * 4))), {"repetition"}),
    "a label twice": (
        draft(labels=[{"label": "joyful", "cues": []}, {"label": "Joyful", "cues": []}]),
        {"repetition"},
    ),
    "nothing cited": (draft(THINK.replace("[", "(").replace("]", ")")), {"uncited"}),
    "a cue that is none": (draft(labels=[{"label": "joyful", "cues": ["face1.AU99.1"]}]), {"uncited"}),
    "another cue": (draft(OTHER_CUES), {"uncited"}),
    "unseen in words": (draft(with_line("The nose is wrinkled. The lids are raised wide.")), {"action_units"}),
    "too short": (draft("Observations:\nThe lip corners rise [face1.AU12.1].\nConclusion:\nJoy."), {"length"}),
    "copied rules": (draft(f"{THINK}\n{RULES}"), {"copied_prompt"}),
    "in Chinese": (draft(CHINESE * 2), {"unreadable"}),
    "chat": (replace(draft(), text=draft().text + "\nI hope this helps!"), {"unreadable"}),
    "no answer": (replace(draft(), text=THINK), {"unreadable"}),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_each_fault_is_found(name: str) -> None:
    broken, expected = BROKEN[name]
    found = check_draft(clip(), broken)
    assert expected <= reasons(found), found.faults
    assert reasons(found) <= REASONS.keys()


def test_claims_that_nothing_could_tell_are_counted() -> None:
    lines = ["His voice is loud.", "The pitch is high.", "She speaks fast.", "The pauses are long."]
    found = check_draft(clip(), draft(with_line("\n".join(lines))))
    assert "unverifiable" in reasons(found)
    assert found.measures["unverifiable"] > 1 / 3


def test_what_the_crowd_saw_is_right_enough() -> None:
    split = {"surprise": 0.6, "happiness": 0.35, "fear": 0.05}
    assert check_draft(clip(labels=None, emotion="surprise", distribution=split), draft()).passed
    split = {"surprise": 0.9, "happiness": 0.1}
    assert reasons(check_draft(clip(labels=None, emotion="surprise", distribution=split), draft())) == {"label"}


def test_words_that_were_said_are_no_emotion_words() -> None:
    told = with_line('The words are "I am so happy that you came" [speech.utterance.1].')
    assert check_draft(clip(SAID), draft(told)).passed
    assert "emotion_in_observation" in reasons(check_draft(clip("Come in."), draft(told)))
    assert "emotion_in_observation" in reasons(check_draft(clip(SAID), draft(with_line("The face is happy."))))


def test_observations_without_a_heading_are_looked_at_too() -> None:
    bare = THINK.replace("Observations:\n", "").replace("Interpretation:\n", "").replace("Conclusion:\n", "Overall, ")
    assert "emotion_in_observation" not in reasons(check_draft(clip(), draft(bare)))
    named = bare.replace("The lip corners are", "The happy lip corners are")
    assert "emotion_in_observation" in reasons(check_draft(clip(), draft(named)))


def test_a_label_in_the_clip_leaks() -> None:
    place = Cue(id="scene.place.1", modality="scene", code="place", text="A sheepish look on the face.")
    found = check_draft(clip(cues=(place,), labels=("sheepish",), emotion=None), draft())
    assert "leak" in reasons(found)
    assert not feedback(replace(found, faults=(Fault(reason="leak", detail="'sheepish'"),)))


ASKED = (
    {"role": "system", "content": "Explain. Choose among happiness, sadness, anger, fear, surprise and disgust."},
    {"role": "user", "content": "[face1.AU12.1] AU12 lip corner puller: strongly"},
)
TELLING = {"role": "user", "content": "People said: happy."}


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "template"])
def test_a_blind_writer_must_not_be_told(mode: str) -> None:
    assert "leak" not in reasons(check_draft(clip(), draft(mode=mode, asked=ASKED)))
    told = check_draft(clip(), draft(mode=mode, asked=(*ASKED, TELLING)))
    assert ("leak" in reasons(told)) == (mode != "rationalise")


def test_the_second_step_may_tell_and_ones_own_words_are_no_leak() -> None:
    wrote = {"role": "assistant", "content": "The face looks happy."}
    ends = draft(mode="label-hidden-until-end", asked=(*ASKED, {"role": "assistant", "content": "…"}, TELLING))
    assert "leak" not in reasons(check_draft(clip(), ends))
    mended = draft(mode="label-blind", asked=(*ASKED, wrote, {"role": "user", "content": "Wrong: a happy look."}))
    assert "leak" not in reasons(check_draft(clip(), mended))
    parts = {"role": "user", "content": [{"type": "text", "text": "file: happy_man.mp4"}]}
    assert "leak" in reasons(check_draft(clip(), draft(mode="label-blind", asked=(*ASKED, parts))))


def test_a_blind_writer_is_not_sent_back_for_the_label() -> None:
    broken, _ = BROKEN["another label"]
    blind = check_draft(clip(), replace(broken, manner=Manner(mode="label-blind")))
    assert "label" in reasons(blind)
    told = " ".join(feedback(blind))
    assert "label" not in told
    assert "happ" not in told.replace("happiness, the answer", "")
    open_ = feedback(check_draft(clip(), broken))
    assert any(sentence.startswith(REASONS["label"][:-1]) for sentence in open_)
    assert len(open_) == len(set(open_))


def test_the_evidence_engine_passes_where_it_is_right() -> None:
    for language in ("en", "zh"):
        cueset = clip().cueset
        reply = load_engine("evidence").answer(Request(cueset=cueset, language=language))
        manner = Manner(mode="label-blind", language=language)
        found = check_draft(clip(), Draft(number=0, text=reply.text, manner=manner, writer="evidence fitted"))
        assert found.passed, found.faults
        assert found.measures["grounded"] == 1.0


@pytest.mark.parametrize("style", ["long", "direct"])
def test_the_reward_is_that_of_the_blend(style: str) -> None:
    gold = clip()
    for written in (draft(style=style), BROKEN["not there"][0], BROKEN["another label"][0]):
        form = "contract" if written.manner.style != "direct" else "direct"
        shown = tuple(cue.id for cue in gold.cueset.cues)
        reference = replace(gold.reference, cueset=gold.cueset, shown=shown, form=form)
        expected = blend_named("grounded")(read_completion(written.text), reference).value
        assert check_draft(gold, written).reward == pytest.approx(expected)


def test_limits_can_be_set() -> None:
    assert reasons(check_draft(clip(), draft(), Limits(lengths={"long": (500, 600)}))) == {"length"}
    broken, _ = BROKEN["not there"]
    assert "contradicted" not in reasons(check_draft(clip(), broken, Limits(contradicted=5)))


def test_a_failed_writer_is_told_as_such() -> None:
    found = failed(replace(draft(), text=""), UpstreamError("no answer in 30 s"))
    assert reasons(found) == {"engine"}
    assert not found.passed
    assert feedback(found) == ()


def test_a_writer_told_to_write_nothing_without_evidence_has_not_failed() -> None:
    found = failed(replace(draft(), text=""), NoEvidenceError("nothing that was measured speaks for anger"))
    assert reasons(found) == {"no_evidence"}
    assert feedback(found) == ()


def test_every_reason_has_a_check() -> None:
    found = {fault for broken, _ in BROKEN.values() for fault in reasons(check_draft(clip(), broken))}
    assert found | {"leak", "no_evidence", "engine", "unverifiable"} == set(REASONS)
    assert len(CHECKS) == len({check.__name__ for check in CHECKS})


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(max_size=400)
    | st.text(max_size=300).map(lambda think: f"<think>{think}</think>{json.dumps(ANSWER)}"),
    style=st.sampled_from(["long", "short", "direct"]),
    language=st.sampled_from(["en", "zh"]),
)  # fmt: skip
def test_no_text_breaks_a_check(text: str, style: str, language: str) -> None:
    manner = Manner(style=style, language=language)  # type: ignore[arg-type]
    for found in check_drafts(clip(), [Draft(number=0, text=text, manner=manner, writer="x")]):
        assert reasons(found) <= REASONS.keys()
        assert all(value == value for value in found.measures.values())


def test_a_clip_without_cues_cannot_be_cited() -> None:
    bare = LabelledClip(id="bare", cueset=CueSet(clip=Clip(id="bare")), reference=Reference(emotion="happiness"))
    think = (
        "Observations:\nNothing could be observed in this clip, as no cue was measured that could be told here.\n"
        "Conclusion:\nThis may express joy, but there is nothing it could rest on."
    )
    found = check_draft(bare, draft(think, labels=[{"label": "happy", "cues": []}], action_units=[]))
    assert not reasons(found) & {"uncited", "contradicted", "action_units"}, found.faults


def test_a_template_of_each_manner_passes() -> None:
    for style in ("long", "short", "direct"):
        for language in ("en", "zh"):
            manner = Manner(style=style, language=language, seed=3)  # type: ignore[arg-type]
            written = Draft(number=0, text=write_template(clip(SAID), manner), manner=manner, writer="template/1")
            assert check_draft(clip(SAID), written).passed
