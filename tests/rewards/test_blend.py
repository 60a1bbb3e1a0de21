"""A blend is a weighted sum of what applies, gated and scheduled."""

import pytest

from emoreason.errors import ConfigError
from emoreason.records import Reference, Score
from emoreason.rewards.blend import PRESETS, Blend, Gate, Term, blend_named
from emoreason.rewards.completion import Completion, read_completion
from emoreason.rewards.reward import Case

HAPPY = Reference(labels=("happy",))
RIGHT = "<think>The lip corners rise.</think>\n<answer>happy</answer>"
WRONG = RIGHT.replace("happy", "sad")


def words(completion: Completion, reference: Reference) -> Score:
    return Score(name="words", value=min(len(completion.text.split()) / 10, 1.0))


def never(completion: Completion, reference: Reference) -> None:
    return None


def mine(name: str) -> str:
    return f"{__file__}:{name}"


def test_the_default_is_strict_wheel_and_a_tenth_of_format() -> None:
    blend = blend_named("default")
    assert [(term.reward, term.weight) for term in blend.terms] == [("wheel", 1.0), ("format", 0.1)]
    right, wrong, broken = (blend(read_completion(text), HAPPY) for text in (RIGHT, WRONG, RIGHT + " and that is that"))
    assert right.value == pytest.approx(1.1)
    assert wrong.value == pytest.approx(0.1)
    assert broken.value == pytest.approx(1.0)
    assert right.terms == {"wheel": 1.0, "format": 1.0}


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_loads_names_its_source_and_scores_garbage(name: str) -> None:
    blend = blend_named(name)
    assert blend.source
    for text in ("", "\x00", "<think>", RIGHT):
        blend(read_completion(text), HAPPY)
    assert blend(read_completion(RIGHT), Reference(labels=("happy",), emotion="happiness")).value > 0


def test_a_gated_term_counts_only_for_a_right_answer() -> None:
    words_name = mine("words")
    blend = Blend("b", (Term(reward="wheel"), Term(reward=words_name, weight=0.5, gate=Gate(("wheel",), 0.5))))
    right, wrong = blend.score_many([Case.of(text, HAPPY) for text in (RIGHT, WRONG)])
    assert right.value == pytest.approx(1.0 + 0.5 * right.terms[words_name])
    assert wrong.value == 0.0
    assert wrong.parts[f"{words_name}.gate"] == 0.0


def test_a_gate_is_open_when_nobody_knows_the_answer() -> None:
    blend = Blend("b", (Term(reward="wheel"), Term(reward=mine("words"), gate=Gate(("wheel",)))))
    score = blend(read_completion(RIGHT), Reference())
    assert score.terms["wheel"] is None
    assert score.value > 0


def test_a_scheduled_term_enters_late() -> None:
    name = mine("words")
    blend = Blend("b", (Term(reward="format"), Term(reward=name, starts_at_step=10, ramp_steps=10)))
    case = Case.of(RIGHT, HAPPY)
    values = [blend.score_many([case], step=step)[0].value for step in (0, 9, 15, 20, 99)]
    share = blend(case.completion, case.reference).terms[name]
    assert values == pytest.approx([1.0, 1.0, 1 + share / 2, 1 + share, 1 + share])


def test_nothing_applicable_is_none_not_zero() -> None:
    assert Blend("b", (Term(reward=mine("never")),))(read_completion(RIGHT), HAPPY).value is None


@pytest.mark.parametrize(
    ("terms", "message"),
    [
        ((), "one or more"),
        ((Term(reward="format"), Term(reward="format")), "each reward once"),
        ((Term(reward="format", gate=Gate(("wheel",))),), "names no term"),
        ((Term(reward="format", weight=float("nan")),), "weight"),
        ((Term(reward="wheeel"),), "wheeel"),
    ],
)
def test_a_blend_that_cannot_work_says_so(terms: tuple[Term, ...], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Blend("b", terms)


def test_an_own_blend_is_a_plug_in() -> None:
    assert blend_named(mine("OWN")).name == "own"
    with pytest.raises(ConfigError, match="expected an emoreason"):
        blend_named(mine("words"))


OWN = Blend("own", (Term(reward=mine("never")),))
