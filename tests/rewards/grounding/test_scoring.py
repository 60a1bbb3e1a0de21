"""The grounding reward: honest answers win over every way to game it; parts; what it needs."""

import re
from dataclasses import replace

import pytest
from grounded_clips import ATTACKS, CLIPS, JOY, RAGE, Told, without_ids
from work import assert_work_is_linear

from emoreason.cues.wording import cue_text
from emoreason.records import Clip, CueSet, Reference
from emoreason.rewards.completion import read_completion
from emoreason.rewards.grounding import score_grounding, verdicts

MARGIN = 0.05


def value(told: Told, think: str, *, saw_media: bool = False) -> float:
    score = score_grounding(read_completion(told.write(think)), told.reference(saw_media=saw_media))
    assert score is not None
    assert score.value is not None
    assert 0 <= score.value <= 1
    return score.value


@pytest.mark.parametrize("saw_media", [False, True], ids=["text", "media"])
@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("told", CLIPS, ids=lambda told: told.name)
def test_an_honest_answer_beats(told: Told, attack: str, saw_media: bool) -> None:
    honest = value(told, told.honest, saw_media=saw_media)
    gamed = value(told, ATTACKS[attack](told), saw_media=saw_media)
    assert honest >= gamed + MARGIN, f"{honest:.3f} {gamed:.3f}"


@pytest.mark.parametrize("told", CLIPS, ids=lambda told: told.name)
def test_honest_claims_are_supported_and_need_no_ids(told: Told) -> None:
    found = verdicts(told.honest, told.cueset)
    assert [item.claim for item in found if item.verdict != "supported"] == []
    assert not any(item.miscited for item in found)
    assert value(told, told.honest) >= 0.9
    assert value(told, without_ids(told).honest) >= 0.9


@pytest.mark.parametrize("told", CLIPS, ids=lambda told: told.name)
def test_the_flip_of_an_honest_text_is_contradicted(told: Told) -> None:
    assert {item.verdict for item in verdicts(told.flipped, told.cueset)} == {"contradicted"}


def test_true_claims_for_another_answer_earn_nothing() -> None:
    """The same text under a label that it does not speak for."""
    wrong = replace(JOY, labels={"disgusted": ("face1.AU12.1",)})
    score = score_grounding(read_completion(wrong.write(JOY.honest)), JOY.reference())
    assert score is not None
    assert score.parts is not None
    assert score.parts["n_contradicted"] == 0
    assert score.parts["n_earning"] == 0
    assert score.value == 0


def test_a_label_of_no_known_family_stands_by_what_it_cites() -> None:
    odd = replace(JOY, labels={"zorbulous": ("face1.AU12.1", "face1.AU6.1", "voice.f0_mean.1")})
    assert value(odd, JOY.honest) == pytest.approx(1.0)
    assert value(replace(JOY, labels={"zorbulous": ()}), JOY.honest) == 0


def test_labels_without_a_reason_cost() -> None:
    honest = value(JOY, JOY.honest)
    for more in (("disgusted",), ("glorpful", "zorbulous"), ("joyous", "happy", "merry", "glad", "pleased")):
        flooded = replace(JOY, labels=JOY.labels | dict.fromkeys(more, ()))
        assert value(flooded, JOY.honest) <= honest - MARGIN
    repeated = "<answer>joyful, surprised, joyful, surprised</answer>"
    once = "<answer>joyful, surprised</answer>"
    scores = [
        score_grounding(read_completion(f"<think>{JOY.honest}</think>{answer}"), JOY.reference())
        for answer in (once, repeated)
    ]
    assert [score.value for score in scores if score] == [pytest.approx(1.0), pytest.approx(0.6)]


def test_one_citation_may_serve_two_claims_of_a_sentence() -> None:
    score = score_grounding(
        read_completion(JOY.write("The lip corners and the cheeks go up [face1.AU12.1].")), JOY.reference()
    )
    assert score is not None
    assert score.parts is not None
    assert score.parts["n_miscited"] == 0
    assert score.parts["n_earning"] == 2


def test_what_the_model_could_not_know_earns_nothing() -> None:
    """A cue that the prompt kept back, named by a model that saw no media, is a guess."""
    hidden = tuple(cue.id for cue in JOY.cueset.cues if cue.id != "face1.AU6.1")
    done = read_completion(JOY.write(JOY.honest))
    guessed = score_grounding(done, Reference(cueset=JOY.cueset, shown=hidden))
    seen = score_grounding(done, Reference(cueset=JOY.cueset, shown=hidden, saw_media=True))
    assert guessed is not None
    assert guessed.parts is not None
    assert guessed.parts["n_guessed"] == 1
    assert guessed.parts["recall"] is None
    assert seen is not None
    assert seen.parts is not None
    assert seen.parts["recall"] == 1.0


def test_recall_is_of_what_the_prompt_did_not_show_by_salience() -> None:
    shown = tuple(cue.id for cue in JOY.cueset.cues if cue.id not in ("face1.AU12.1", "face1.AU25.1"))
    reference = Reference(cueset=JOY.cueset, shown=shown, saw_media=True)
    score = score_grounding(read_completion(JOY.write("She smiles. The cheeks are raised.")), reference)
    assert score is not None
    assert score.parts is not None
    assert score.parts["recall"] == pytest.approx(3.2 / (3.2 + 0.6))


def test_no_cues_no_score_and_no_reasoning_no_points() -> None:
    assert score_grounding(read_completion(JOY.write(JOY.honest)), Reference()) is None
    for text in ("", '{"labels": ["happy"]}', "<answer>happy</answer>", "<think></think>"):
        score = score_grounding(read_completion(text), JOY.reference())
        assert score is not None
        assert score.value == 0


def test_a_copied_line_earns_only_where_that_is_allowed() -> None:
    text = JOY.write(ATTACKS["prompt copy, ids behind"](JOY))
    score = score_grounding(read_completion(text), JOY.reference())
    allowed = score_grounding(read_completion(text), JOY.reference(), copies_earn=True)
    assert score is not None
    assert allowed is not None
    assert score.parts is not None
    assert allowed.parts is not None
    assert score.parts["n_earning"] == 0
    assert score.parts["n_copied"] is not None
    assert allowed.parts["n_earning"] >= 5


@pytest.mark.parametrize("told", CLIPS, ids=lambda told: told.name)
@pytest.mark.parametrize(
    "form", ["{head}{end}", "{head} [{id}]{end}", "{tail} [{id}]{end}", "{head}, {head} [{id}]{end}"]
)
def test_a_trimmed_line_is_a_copy(told: Told, form: str) -> None:
    """Lines cut at their numbers, with and without the person, earn nothing; nor do ids that nothing is said of."""
    english = told.language == "en"
    lines = []
    for cue in told.cueset.cues:
        if cue.state == "present" and cue.level is not None and not cue.id.startswith("scene"):
            head = re.split(r"(?<=[a-z]), (?=[a-z]+ \d|-?\d)|，(?=[^，]*\d)(?!AU)", cue_text(cue, told.language))[0]
            tail = re.sub(r"^face\d[,，] ?", "", head)
            lines.append(form.format(head=head, tail=tail, id=cue.id, end="." if english else "。"))
    score = score_grounding(read_completion(told.write(" ".join(lines))), told.reference())
    assert score is not None
    assert score.parts is not None
    assert score.parts["n_supported"]
    assert (score.parts["n_earning"], score.value) == (0, 0)


@pytest.mark.parametrize("said", ["{} [{}].", "This [{1}].", "[{1}]", "Observed: {}[{}]."])
def test_ids_that_nothing_is_said_of_earn_nothing(said: str) -> None:
    text = " ".join(said.format("face1", cue.id) for cue in JOY.cueset.cues)
    assert value(JOY, text) == 0


@pytest.mark.parametrize("told", CLIPS, ids=lambda told: told.name)
def test_what_a_person_says_is_no_copy(told: Told) -> None:
    score = score_grounding(read_completion(told.write(told.honest)), told.reference())
    assert score is not None
    assert score.parts is not None
    assert score.parts["n_copied"] == 0


def test_true_claims_beyond_the_free_ones_cost() -> None:
    more = ". ".join(RAGE.irrelevant.split(". ")[:4]) + "."
    assert value(RAGE, f"{RAGE.honest} {more}") == value(RAGE, RAGE.honest)
    assert value(RAGE, RAGE.honest + ATTACKS["dump of all that is true"](RAGE)) < value(RAGE, RAGE.honest)


def test_still_faces_are_told_by_what_is_not_there() -> None:
    still = CueSet(
        clip=Clip(id="still.mp4", duration_s=8.0),
        cues=tuple(replace(cue, state="absent", value=None, level=None) for cue in JOY.cueset.cues[:8]),
    )
    text = (
        "<think>There is no smile. The brows are not raised. The cheeks are not raised. The brows are not lowered."
        '</think>{"labels": ["neutral"]}'
    )
    score = score_grounding(read_completion(text), Reference(cueset=still))
    assert score is not None
    assert score.value == 1.0


@pytest.mark.parametrize(
    "text",
    ["\ud800" * 1000, "[" * 100_000, "no " * 100_000, "「" * 100_000, '"' * 100_001, "她没有微笑，" * 30_000,
     "AU12 [face1.AU12.1] " * 20_000, "a" * 1_000_000, "，；。" * 100_000, "face1 face2 " * 40_000],
    ids=range(10),
)  # fmt: skip
def test_any_text_is_scored(text: str) -> None:
    score = score_grounding(read_completion(f"<think>{text}</think>"), JOY.reference())
    assert score is not None
    assert score.value == 0
    gold = JOY.reference()
    assert_work_is_linear(lambda size: score_grounding(read_completion(f"<think>{text[:size]}</think>"), gold), 2_000)


@pytest.mark.parametrize("told", CLIPS, ids=lambda told: told.name)
def test_ids_that_the_answer_invents_cost(told: Told) -> None:
    invented = {label: (*ids, "face9.AU99.1", "face9.AU98.1") for label, ids in told.labels.items()}
    honest, gamed = (
        score_grounding(read_completion(one.write(told.honest)), told.reference())
        for one in (told, replace(told, labels=invented))
    )
    assert honest is not None
    assert gamed is not None
    assert (honest.parts["n_invented"], gamed.parts["n_invented"]) == (0.0, 2.0)
    assert gamed.value <= honest.value - 0.05
