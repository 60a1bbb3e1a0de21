"""Reasoning trees: attributes below expressions below emotions, compared with a reference tree."""

from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reward_texts import TEXTS, assert_any_megabyte, tagged

from emoreason.records import Reference
from emoreason.rewards.completion import read_completion
from emoreason.rewards.tree import score_tree
from emoreason.rewards.tree_edit import Node, edit_distance

ATTRIBUTES = [
    "The lip corners rise strongly [face1.AU12.1].",
    "The cheeks are raised [face1.AU6.1].",
    "The brows are lowered slightly [face2.AU4.1].",
    "The voice is loud [voice.loudness.1].",
]
EXPRESSIONS = [
    "Lip corners and cheeks make a broad smile [face1.AU12.1, face1.AU6.1].",
    "The second person frowns with a loud voice [face2.AU4.1, voice.loudness.1].",
]
EMOTIONS = ["The smile expresses joy [face1.AU12.1].", "The frown expresses anger [face2.AU4.1]."]


def tree(attributes: list[str], expressions: list[str], emotions: list[str]) -> str:
    lines = ["Attributes:", *attributes, "Expression:", *expressions, "Emotion:", *emotions]
    return "\n".join(lines)


WHOLE = tree(ATTRIBUTES, EXPRESSIONS, EMOTIONS)
GOLD = Reference(tree=WHOLE)


def parts(think: str, reference: Reference = GOLD) -> dict[str, float | str | None]:
    score = score_tree(read_completion(tagged(think=think)), reference)
    assert score is not None
    assert score.parts is not None
    return {**score.parts, "value": score.value}


def value(think: str, reference: Reference = GOLD) -> float:
    found = parts(think, reference)["value"]
    assert isinstance(found, float)
    return found


def test_the_same_tree_scores_one_in_any_order() -> None:
    assert value(WHOLE) == pytest.approx(1)
    assert value(tree(ATTRIBUTES[::-1], EXPRESSIONS[::-1], EMOTIONS[::-1])) == pytest.approx(1)
    assert value(tree(ATTRIBUTES * 2, EXPRESSIONS, EMOTIONS * 3)) == pytest.approx(1)


def test_without_a_reference_tree_it_does_not_apply() -> None:
    assert score_tree(read_completion(tagged()), Reference()) is None
    assert score_tree(read_completion(tagged()), Reference(tree=" ... ")) is None


def test_each_kind_of_node_is_checked() -> None:
    wrong_emotion = parts(tree(ATTRIBUTES, EXPRESSIONS, ["The smile expresses fear [face1.AU12.1].", EMOTIONS[1]]))
    assert (wrong_emotion["attribute_f"], wrong_emotion["emotion_f"]) == (1, 0.5)
    missing = parts(tree(ATTRIBUTES[:2], EXPRESSIONS[:1], EMOTIONS[:1]))
    assert missing["attribute_f"] == missing["expression_f"] == missing["emotion_f"] == pytest.approx(2 / 3)
    assert missing["edit"] == pytest.approx(0.5)
    denied = parts(tree(["The lip corners do not rise [face1.AU12.1].", *ATTRIBUTES[1:]], EXPRESSIONS, EMOTIONS))
    assert denied["attribute_f"] == pytest.approx(0.75)


def test_a_weaker_degree_is_partly_right() -> None:
    weaker = tree([ATTRIBUTES[0].replace("strongly", "slightly"), *ATTRIBUTES[1:]], EXPRESSIONS, EMOTIONS)
    wrong = tree(["The nose wrinkles [face1.AU9.1].", *ATTRIBUTES[1:]], EXPRESSIONS, EMOTIONS)
    assert value(WHOLE) > value(weaker) > value(wrong)


def test_links_count() -> None:
    swapped = [EMOTIONS[0].replace("joy", "anger"), EMOTIONS[1].replace("anger", "joy")]
    linked_wrongly = parts(tree(ATTRIBUTES, EXPRESSIONS, swapped))
    assert linked_wrongly["emotion_f"] == 1
    assert linked_wrongly["edit"] != 1


def test_ids_are_not_needed() -> None:
    prose = tree(
        ["The lip corners rise strongly.", "The cheeks are raised."], ["A smile with raised cheeks."], ["Joy."]
    )
    gold = Reference(tree=tree(ATTRIBUTES[:2], EXPRESSIONS[:1], EMOTIONS[:1]))
    assert value(prose, gold) == pytest.approx(1)


def test_chinese_trees_are_read() -> None:
    gold = "属性：\n嘴角上扬。\n眉毛下压。\n表情：\n嘴角上扬是微笑。\n情绪：\n微笑表达快乐。"
    assert value(gold, Reference(tree=gold)) == pytest.approx(1)
    assert value(gold.replace("快乐", "悲伤"), Reference(tree=gold)) < 0.8


def test_listing_everything_loses() -> None:
    dump = tree([f"AU{number}." for number in range(1, 47)], EXPRESSIONS, EMOTIONS)
    honest = tree(ATTRIBUTES[:3], EXPRESSIONS, EMOTIONS)
    assert value(dump) < value(honest) - 0.2
    assert value(tree(ATTRIBUTES, EXPRESSIONS, ["Joy, anger, fear, sadness, surprise and disgust."])) < value(honest)
    assert value("") == value("Attributes: none. Expression: none. Emotion: none.") == 0


@given(TEXTS, st.sampled_from([WHOLE, "Emotion: joy", "a smile"]))
def test_any_text_is_in_range(text: str, gold: str) -> None:
    score = score_tree(read_completion(text), Reference(tree=gold))
    assert score is not None
    assert score.value is not None
    assert 0 <= score.value <= 1


@pytest.mark.slow
def test_any_megabyte_is_scored() -> None:
    assert_any_megabyte(score_tree, GOLD)


Shape = tuple[str, tuple["Shape", ...]]


def node(shape: Shape) -> Node:
    return Node(shape[0], children=[node(child) for child in shape[1]])


def differ(one: Node, other: Node) -> float:
    return float(one.kind != other.kind)


@cache
def by_definition(one: tuple[Shape, ...], other: tuple[Shape, ...]) -> float:
    """Distance of two forests by the plain recursion over their rightmost roots."""
    if not one or not other:
        return float(sum(node(shape).size() for shape in (*one, *other)))
    (a, below_a), (b, below_b) = one[-1], other[-1]
    return min(
        by_definition((*one[:-1], *below_a), other) + 1,
        by_definition(one, (*other[:-1], *below_b)) + 1,
        by_definition(one[:-1], other[:-1]) + by_definition(below_a, below_b) + (a != b),
    )


SHAPES: st.SearchStrategy[Shape] = st.recursive(
    st.tuples(st.sampled_from("abc"), st.just(())),
    lambda inner: st.tuples(st.sampled_from("abc"), st.lists(inner, max_size=3).map(tuple)),
    max_leaves=6,
)


@given(SHAPES, SHAPES)
def test_the_edit_distance_is_that_of_its_definition(one: Shape, other: Shape) -> None:
    assert edit_distance(node(one), node(other), differ) == by_definition((one,), (other,))


def test_the_example_of_zhang_and_shasha() -> None:
    one: Shape = ("f", (("d", (("a", ()), ("c", (("b", ()),)))), ("e", ())))
    other: Shape = ("f", (("c", (("d", (("a", ()), ("b", ()))),)), ("e", ())))
    assert edit_distance(node(one), node(other), differ) == 2
