"""Action units affirmed in the answer and in the reasoning, against those that were coded."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reward_texts import TEXTS, assert_any_megabyte, contract, tagged

from emoreason.records import Reference
from emoreason.rewards.action_units import WRONG_SIDE, Where, score_action_units
from emoreason.rewards.completion import read_completion

SMILE = Reference(action_units=("AU6", "AU12"))


def value(text: str, reference: Reference = SMILE, *, where: Where = "both", beta: float = 1.0) -> float:
    score = score_action_units(read_completion(text), reference, where=where, beta=beta)
    assert score is not None
    assert score.value is not None
    return score.value


def thought(think: str, reference: Reference = SMILE) -> float:
    return value(tagged(think=think), reference)


def test_f_is_the_mean_of_precision_and_recall() -> None:
    assert thought("AU6 and AU12.") == 1
    assert thought("AU6.") == pytest.approx(2 / 3)
    assert thought("AU6, AU12, AU4 and AU9.") == pytest.approx(2 / 3)
    assert value(tagged(think="AU6."), beta=2) == pytest.approx(5 * 0.5 / (4 + 0.5))
    assert thought("Nothing moves.") == 0


@pytest.mark.parametrize(
    ("think", "expected"),
    [
        ("AU6. There is no AU12.", 2 / 3),
        ("AU6 without AU12.", 2 / 3),
        ("AU6 and AU12, no AU4.", 1),
        ("AU6 and AU12 are absent.", 0),
        ("AU12 is there. AU12 is absent. AU6.", 2 * 0.5 * 0.5),
        ("有AU6和AU12，没有AU4。", 1),
        ("未见AU6、AU12。", 0),
        ("AUs 6 and 12.", 1),
        ("AU6+12; action unit 4 is not visible.", 1),
        ("au06 and AU12_r = 2.1", 1),
        ("Something [face1.AU12.1, face1.AU6.1]? No.", 0),
    ],
)
def test_denied_units_are_no_predictions(think: str, expected: float) -> None:
    assert thought(think) == pytest.approx(expected)


def test_the_list_in_the_answer_counts_and_a_denial_of_it_costs() -> None:
    listed = contract(think="The eyes are wide.", action_units=["AU6", "AU12"])
    assert value(listed, where="answer") == 1
    assert value(listed, where="think") < 0.5
    denied = contract(think="There is no AU12.", action_units=["AU6", "AU12"])
    assert value(denied) == pytest.approx(2 * 0.5 * 0.5)
    assert value(denied, where="answer") == 1
    assert value(contract(), Reference(action_units=("AU4",)), where="answer") == 0


def test_sides_are_compared_where_both_sides_say_one() -> None:
    left = Reference(action_units=("L12",))
    assert thought("AU12 on the left side.", left) == thought("AU12.", left) == thought("左侧AU12。", left) == 1
    assert thought("AU12L", Reference(action_units=("AU12",))) == 1
    assert thought("AU12 on the right side.", left) == WRONG_SIDE
    assert thought("Left AU12 and right AU12.", left) == WRONG_SIDE
    assert thought("AU12 on the left side.", Reference(action_units=("L12", "R12"))) == 1
    assert thought("No AU12 on the right side, AU12 on the left side.", left) == 1
    assert thought("AU12 right after the word.", left) == 1


def test_units_told_in_ordinary_words_count() -> None:
    assert thought("The lip corners are pulled up and the cheeks are raised.") == 1
    assert thought("The cheeks are raised, but the lip corners do not rise.") == pytest.approx(2 / 3)
    brows = Reference(action_units=("AU1", "AU2"))
    assert thought("The eyebrows are raised.", brows) == 1
    assert thought("The eyebrows are raised.") == 0
    assert thought("嘴角上扬，脸颊抬起。") == 1


def test_nothing_coded_and_no_coding() -> None:
    none_found = Reference(action_units=())
    assert thought("The face is still.", none_found) == 1
    assert thought("No AU12.", none_found) == 1
    assert thought("AU12.", none_found) == 0
    assert value("", none_found) == value("bla", none_found) == 0
    assert score_action_units(read_completion(tagged()), Reference()) is None
    assert score_action_units(read_completion(tagged()), Reference(action_units=("smile",))) is None


def test_naming_every_unit_loses() -> None:
    dump = " ".join(f"AU{number}." for number in range(1, 46))
    assert thought(dump) < 0.1 < thought("AU6 and AU12.")


@given(st.permutations(["AU6", "AU12", "AU4", "AU1"]), st.integers(1, 3))
def test_order_and_repetition_change_nothing(codes: list[str], times: int) -> None:
    assert thought(". ".join(codes * times) + ".") == pytest.approx(2 / 3)


@given(TEXTS, st.sampled_from(["both", "answer", "think"]), st.sampled_from([(), ("AU12",), ("L12", "AU1", "AU1C")]))
def test_any_text_is_in_range(text: str, where: Where, codes: tuple[str, ...]) -> None:
    assert 0 <= value(text, Reference(action_units=codes), where=where) <= 1


@pytest.mark.slow
def test_any_megabyte_is_scored() -> None:
    assert_any_megabyte(score_action_units, SMILE)
