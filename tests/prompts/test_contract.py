"""The parser against what models really write, and against what nobody should."""

import json

import pytest

from emoreason.errors import ConfigError, ModelOutputError, RecordError
from emoreason.prompts.contract import LONGEST_REPLY, Parsed, parse_answer, read_answer, write_answer
from emoreason.records import Clip, Cue, CueSet, Explanation, Gap
from emoreason.records.convert import check, to_json
from emoreason.records.labels import EMOTIONS

CUESET = CueSet(
    clip=Clip(id="clip.mp4"),
    cues=(
        Cue(id="face1.AU12.1", modality="face", code="AU12", start_s=1.0, end_s=2.0, subject="face1"),
        Cue(id="face1.AU6.1", modality="face", code="AU6", start_s=1.5, end_s=2.5, subject="face1"),
        Cue(id="face1.AU4.1", modality="face", code="AU4", state="absent", subject="face1"),
        Cue(id="voice.f0_mean.1", modality="voice", code="f0_mean"),
    ),
    gaps=(Gap(modality="scene", reason="not_requested"),),
)
THINK = (
    "Observations: The lip corners rise [face1.AU12.1, face1.AU6.1]. No brow lowering [face1.AU4.1].\n"
    "Interpretation: Cheeks and lips move together [face1.AU6.1].\nConclusion: joy."
)
ANSWER = {
    "labels": [{"label": "joyful", "cues": ["face1.AU12.1"]}],
    "emotions": [
        {"label": label, "probability": probability}
        for label, probability in zip(EMOTIONS, (0.7, 0.05, 0.05, 0.05, 0.05, 0.05, 0.05), strict=True)
    ],
    "valence": 0.6,
    "arousal": 0.3,
    "action_units": ["AU6", "AU12"],
    "alternatives": [{"label": "polite", "reason": "short"}],
    "abstained": False,
    "abstain_reason": None,
}
BODY = json.dumps(ANSWER)
GOOD = f"<think>{THINK}</think>{BODY}"


def codes(parsed: Parsed) -> set[str]:
    return {problem.code for problem in parsed.problems}


def reading(text: str, **options: object) -> Explanation:
    explanation = read_answer(text, CUESET, **options)  # type: ignore[arg-type]
    check(to_json(explanation), "explanation")
    return explanation


def test_a_good_reply_needs_no_repair() -> None:
    assert parse_answer(GOOD).problems == ()
    explanation = reading(GOOD, engine="test", model="m", prompt_version="1")
    assert explanation.clip == "clip.mp4"
    assert explanation.labels == ("joyful",)
    assert explanation.label_cues == {"joyful": ("face1.AU12.1",)}
    assert [item.label for item in explanation.emotions] == list(EMOTIONS)
    assert (explanation.valence, explanation.arousal) == (0.6, 0.3)
    assert explanation.action_units == ("AU6", "AU12")
    assert explanation.interpretation == "Cheeks and lips move together [face1.AU6.1]."
    assert explanation.alternatives[0].label == "polite"
    assert explanation.reasoning == THINK
    assert explanation.gaps == CUESET.gaps
    assert (explanation.engine, explanation.model, explanation.prompt_version) == ("test", "m", "1")
    assert explanation.notes == ()


def test_claims_carry_cues_spans_and_polarity() -> None:
    first, second, third = reading(GOOD).claims
    assert first.cue_ids == ("face1.AU12.1", "face1.AU6.1")
    assert (first.start_s, first.end_s, first.polarity) == (1.0, 2.5, "affirmed")
    assert (second.cue_ids, second.polarity, second.start_s) == (("face1.AU4.1",), "negated", None)
    assert third.cue_ids == ("face1.AU6.1",)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("fenced", f"<think>{THINK}</think>\n```json\n{BODY}\n```\n", set()),
        ("chatty", f"Sure, here it is:\n<think>{THINK}</think>\nMy answer:\n{BODY}\nHope that helps!", {"chatty"}),
        ("opening tag in the prompt", f"{THINK}</think>{BODY}", set()),
        ("end token", f"<think>{THINK}</think>{BODY}<|im_end|>", set()),
        ("answer tags", f"<think>{THINK}</think><answer>{BODY}</answer>", set()),
        ("other case", f"<THINK>{THINK}</Think >{BODY}", set()),
        ("thinking", f"<thinking>{THINK}</thinking>{BODY}", set()),
        ("no closing tag", f"<think>{THINK}\n{BODY}", {"unclosed_think"}),
        ("twice opened", f"<think><think>{THINK}</think>{BODY}", {"repeated_think"}),
        ("two thoughts", f"<think>a</think><think>{THINK}</think>{BODY}", {"repeated_think"}),
        ("untagged", f"{THINK}\n{BODY}", {"untagged_think"}),
        ("answer in the thought", f"<think>{THINK} {BODY}</think> done", {"answer_in_think", "chatty"}),
        ("draft in the thought", f'<think>{THINK} {{"labels": ["wrong"]}}</think>{BODY}', set()),
        ("broken brace in the thought", f'<think>{THINK} {{"a": "</think>{BODY}', set()),
        ("two answers", f'<think>{THINK}</think>{{"labels": ["wrong"]}} {BODY}', {"several_answers", "chatty"}),
        ("other object", f'<think>{THINK}</think>{{"note": 1}}{BODY}', {"chatty"}),
        ("byte order mark", f"\ufeff<think>{THINK}</think>{BODY}", {"chatty"}),
        ("windows lines", f"<think>\r\n{THINK}\r\n</think>\r\n{BODY}\r\n", set()),
    ],
)
def test_forms_that_are_repaired(name: str, text: str, expected: set[str]) -> None:
    parsed = parse_answer(text)
    assert parsed.answer == ANSWER | {"abstain_reason": None} or parsed.answer == {
        key: value for key, value in ANSWER.items() if value is not None
    }, name
    assert codes(parsed) == expected
    explanation = reading(text)
    assert len(explanation.claims) >= 3
    assert len(explanation.notes) == len(expected)


def test_a_tag_inside_the_json_is_text() -> None:
    answer = ANSWER | {"alternatives": [{"label": "polite", "reason": "</think><think> { } </think>"}]}
    parsed = parse_answer(f"<think>{THINK}</think>{json.dumps(answer)}")
    assert parsed.think == THINK
    assert parsed.answer is not None
    assert parsed.answer["alternatives"][0]["reason"] == "</think><think> { } </think>"
    assert parsed.problems == ()


@pytest.mark.parametrize("end", range(1, len(BODY)))
def test_every_truncation_is_read_or_refused(end: int) -> None:
    """What stands before the cut is taken, half a word or number never is, and the cut is said."""
    text = f"<think>{THINK}</think>{BODY[:end]}"
    try:
        explanation = reading(text)
    except ModelOutputError:
        return
    assert any("cut off" in note for note in explanation.notes)
    assert set(explanation.labels) <= {"joyful"}
    assert explanation.valence in (None, 0.6)
    assert explanation.arousal in (None, 0.3)
    assert set(explanation.action_units) <= {"AU6", "AU12"}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (BODY.replace('"', "'").replace("null", "None").replace("false", "False"), "malformed"),
        (BODY.replace("}", ",}").replace("]", ",]"), "malformed"),
        (BODY.replace('"labels"', "“labels”").replace('"joyful"', "“joyful”"), "malformed"),
        (BODY.replace('"labels": ', "labels: "), "malformed"),
        (BODY.replace(", ", "，").replace(": ", "："), "malformed"),
        (BODY.replace("0.6", "NaN"), "bad_value"),
        (BODY.replace("0.6", "Infinity"), "bad_value"),
        (BODY.replace("0.6", "1e999"), "bad_value"),
        (BODY.replace("0.6", "7"), "bad_value"),
        (BODY.replace("0.6", "1" * 5000), "bad_value"),
        (BODY.replace("0.6", '"high"'), "bad_value"),
        (BODY.replace('"AU12"', '"smile"'), "bad_value"),
        (BODY.replace("0.05", "0.5"), "not_normalised"),
        (BODY.replace("0.05", "5").replace("0.7", "70"), "percentages"),
        (BODY.replace("0.05", '"5%"').replace("0.7", '"70 %"'), "percentages"),
        (BODY.replace('"happiness"', '"Joy"'), "synonym"),
        (BODY.replace('"happiness"', '"高兴"'), "synonym"),
        (BODY.replace('"happiness"', '"smugness"'), "bad_value"),
        (BODY.replace('"valence"', '"mood"'), "unknown_field"),
        (BODY.replace('"arousal": 0.3, ', ""), "missing_field"),
        (BODY.replace('"cues": ["face1.AU12.1"]', '"cues": null'), None),
        (BODY.replace('{"label": "joyful", "cues": ["face1.AU12.1"]}', '"joyful"'), None),
        (BODY.replace('[{"label": "joyful", "cues": ["face1.AU12.1"]}]', '"joyful"'), None),
    ],
)
def test_values_that_are_repaired(body: str, problem: str | None) -> None:
    parsed = parse_answer(f"<think>{THINK}</think>{body}")
    assert parsed.answer is not None
    assert parsed.answer["labels"][0]["label"] == "joyful"
    if problem is None:
        assert parsed.problems == ()
    else:
        assert problem in codes(parsed)
    explanation = reading(f"<think>{THINK}</think>{body}")
    total = sum(item.probability for item in explanation.emotions)
    assert total == pytest.approx(1.0)


def test_percentages_keep_their_proportions() -> None:
    body = '{"labels": ["joy"], "emotions": {"happiness": "75%", "sad": 25}}'
    shares = {item.label: item.probability for item in reading(body, preset="direct").emotions}
    assert (shares["happiness"], shares["sadness"], shares["fear"]) == (0.75, 0.25, 0.0)


def test_two_names_of_one_class_are_added() -> None:
    body = '{"labels": [], "emotions": {"happiness": 0.5, "joy": 0.25, "anger": 0.25}}'
    shares = {item.label: item.probability for item in reading(body, preset="direct").emotions}
    assert (shares["happiness"], shares["anger"]) == (0.75, 0.25)


def test_a_flood_of_labels_is_cut_and_said() -> None:
    labels = [{"label": f"word{number}", "cues": []} for number in range(500)]
    parsed = parse_answer(f"<think>{THINK}</think>{json.dumps(ANSWER | {'labels': labels})}")
    assert parsed.answer is not None
    assert len(parsed.answer["labels"]) == 8
    assert "too_many" in codes(parsed)


def test_cues_that_do_not_exist_are_dropped_and_named() -> None:
    think = "Brows rise [face9.AU1.1]. Lips rise [face1.AU12.1, face9.AU2.1]."
    answer = ANSWER | {"labels": [{"label": "joyful", "cues": ["face1.AU12.1", "made_up.1"]}]}
    explanation = reading(f"<think>{think}</think>{json.dumps(answer)}")
    assert [claim.cue_ids for claim in explanation.claims] == [(), ("face1.AU12.1",)]
    assert explanation.label_cues == {"joyful": ("face1.AU12.1",)}
    (note,) = explanation.notes
    for name in ("face9.AU1.1", "face9.AU2.1", "made_up.1"):
        assert name in note


def test_alternatives_and_interpretation_can_stand_in_the_reasoning() -> None:
    think = "观察：嘴角上拉 [face1.AU12.1]。\n解读：像是高兴。\n其他解读：\n- 礼貌：时间很短"
    body = json.dumps({key: value for key, value in ANSWER.items() if key != "alternatives"})
    explanation = reading(f"<think>{think}</think>{body}")
    assert explanation.interpretation == "像是高兴。"
    assert [(item.label, item.reason) for item in explanation.alternatives] == [("礼貌", "时间很短")]


def test_an_interpretation_in_the_json_is_taken() -> None:
    body = json.dumps(ANSWER | {"interpretation": "It all fits."})
    assert reading(f"<think>x</think>{body}").interpretation == "It all fits."


def test_abstaining_keeps_the_distribution() -> None:
    answer = ANSWER | {"labels": [], "abstained": True, "abstain_reason": "two cues only"}
    explanation = reading(f"<think>{THINK}</think>{json.dumps(answer)}")
    assert (explanation.abstained, explanation.abstain_reason) == (True, "two cues only")
    assert len(explanation.emotions) == 7


def test_direct_asks_for_no_thought() -> None:
    assert reading(BODY, preset="direct").notes == ()
    assert any("none was asked for" in note for note in reading(GOOD, preset="direct").notes)
    assert any("no chain of thought" in note for note in reading(BODY).notes)
    with pytest.raises(ConfigError, match="expected one of explain"):
        reading(BODY, preset="nope")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "there is no JSON answer"),
        ("   \n", "there is no JSON answer"),
        ("The person is clearly happy.", "there is no JSON answer"),
        ("<think>I will now", "</think> is missing"),
        (f"<think>{THINK}</think>", "there is no JSON answer"),
        ("<think>x</think>{", "there is no JSON answer"),
        ("<think>x</think>{}", "there is no JSON answer"),
        ('<think>x</think>{"note": "hello"}', "there is no JSON answer"),
        ('<think>x</think>{"labels": [], "emotions": []}', "holds neither labels nor emotions"),
        ('<think>x</think>{"labels": null, "emotions": null}', "holds neither labels nor emotions"),
        ('<think>x</think>{"labels": [1, 2], "emotions": "?"}', "left out as unusable"),
        ('{"emotions": {"happiness": 0}}', "all probabilities"),
        ("[1, 2, 3]", "there is no JSON answer"),
    ],
)
def test_what_cannot_be_repaired_is_refused_with_the_reason(text: str, says: str) -> None:
    with pytest.raises(ModelOutputError) as caught:
        reading(text)
    message = str(caught.value)
    assert says in message
    assert "expected <think>" in message
    assert "\n" not in message
    lenient = reading(text, strict=False)
    assert lenient.abstained
    assert says in (lenient.abstain_reason or "")
    assert lenient.notes


def test_a_reply_without_end_is_refused_unread() -> None:
    with pytest.raises(ModelOutputError, match="expected at most"):
        parse_answer("x" * (LONGEST_REPLY + 1))


def test_what_is_written_fits_the_schema() -> None:
    with pytest.raises(RecordError, match="not a valid answer"):
        write_answer("x", {"labels": ["joy"]})
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_answer("x", ANSWER | {"valence": float("nan")})
    text = write_answer("He wrote </think> and <think>.", ANSWER)
    parsed = parse_answer(text)
    assert parsed.problems == ()
    assert parsed.think == "He wrote ‹/think> and ‹think>."
    assert parse_answer(write_answer(None, ANSWER)).think is None


HOSTILE = {
    "braces": "{" * 1_000_000,
    "nested objects": '{"a":' * 200_000,
    "nested lists": '{"labels":' + "[" * 900_000,
    "nested answers": '{"labels":[{"a":' * 60_000,
    "open strings": '{"a":"' * 160_000,
    "quotes": '{"' * 500_000,
    "empty objects": "{}" * 500_000,
    "open objects": "{ " * 500_000,
    "single quotes": "{'" * 500_000,
    "escapes": '{"labels":"' + "\\" * 900_000,
    "surrogate escapes": '{"labels":["' + "\\ud800" * 150_000 + '"]}',
    "tags": "<think>" * 140_000,
    "closing tags": "</think>" * 120_000,
    "angle brackets": "< " * 500_000,
    "angle and space": "<" + " " * 1_000_000,
    "brackets": "[" * 1_000_000,
    "citations": "[a.b.1] " * 120_000,
    "unclosed citations": "[a.b.1 " * 140_000,
    "full stops": "." * 1_000_000,
    "negations": "no " * 330_000,
    "one sentence": "word " * 200_000,
    "answers": '{"labels":["joy"]}' * 50_000,
    "many labels": '{"labels":[' + '"joy",' * 160_000 + "]}",
    "many keys": "{" + ",".join(f'"k{number}":1' for number in range(80_000)) + ',"labels":["joy"]}',
    "one long label": '{"labels":["' + "x" * 1_000_000 + '"]}',
    "digits": '{"valence":' + "1" * 1_000_000 + "}",
    "nulls": "\0" * 1_000_000,
    "spaces": " " * 1_000_000,
    "fences": "```json\n" * 120_000,
    "smart quotes": "{“" * 500_000,
    "lone surrogates": "\ud800" * 500_000,
    "headings": "Observations: " * 70_000,
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_megabyte_of_anything_is_read_or_refused(name: str, wrapped: bool) -> None:
    """The pytest time limit is the only clock here; ``bench/contract.py`` measures that time is linear."""
    text = f"<think>{HOSTILE[name]} [face1.AU12.1]</think>{BODY}" if wrapped else HOSTILE[name]
    try:
        explanation = reading(text)
    except ModelOutputError:
        return
    assert explanation.labels or explanation.emotions or explanation.abstained
    json.dumps(to_json(explanation), allow_nan=False).encode("utf-8")
