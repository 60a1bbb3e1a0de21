"""The wheel rewards: the published form, and the strict one under attack."""

import random
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoreason.records import Reference
from emoreason.rewards.completion import Completion
from emoreason.rewards.wheel import TABLES, score_corpus, score_wheel, score_wheel_official, wheel_f, wheel_f_strict
from emoreason.rewards.wheel.tables import classes_by_word

#: Labels as people give them, one to four at a time.
HONEST = [
    ["happy"],
    ["angry"],
    ["worried"],
    ["surprised"],
    ["happy", "joyful"],
    ["angry", "dissatisfied"],
    ["sad", "disappointed"],
    ["worried", "anxious", "nervous"],
    ["angry", "surprised"],
    ["sad", "helpless", "angry"],
    ["happy", "excited", "proud"],
    ["disgust", "angry", "contempt"],
    ["sad", "guilty", "anxious", "nervous"],
]
SYNONYMS = {
    "happy": [
        "happy",
        "happier",
        "happily",
        "happiness",
        "joyful",
        "joy",
        "cheerful",
        "delighted",
        "elated",
        "gleeful",
    ],
    "angry": ["angry", "anger", "mad", "furious", "rage", "irate", "enraged", "infuriated", "outraged", "annoyed"],
    "sad": ["sad", "sadness", "sorrow", "sorrowful", "unhappy", "gloomy", "miserable", "melancholy", "depressed"],
    "worried": ["worried", "worry", "anxious", "anxiety", "uneasy", "nervous", "apprehensive", "afraid", "fearful"],
}
COMMON = ["happy", "sad", "angry", "worried", "surprised", "disgusted", "excited", "calm", "nervous", "disappointed"]


def answer(*labels):
    return Completion(text="", answered=True, labels=tuple(labels))


@pytest.mark.parametrize("tables", TABLES)
@pytest.mark.parametrize("labels", HONEST, ids=" ".join)
def test_what_people_wrote_scores_1(labels, tables):
    assert wheel_f_strict(labels, labels, tables) == 1.0
    assert wheel_f(labels, labels, tables) == 1.0


def test_one_more_word_for_the_same_is_free_and_one_less_too():
    assert wheel_f_strict(["happy"], ["happy", "joyful"]) == 1.0
    assert wheel_f_strict(["happy", "joyful"], ["happy"]) == 1.0
    assert wheel_f_strict(["angry"], ["furious"]) == 1.0


def test_a_third_word_for_the_same_counts_as_wrong():
    three = ["happy", "joyful", "joy"]  # one class on every mended wheel
    assert wheel_f_strict(["happy"], three, "mended") == pytest.approx(2 / 3 - 0.05)
    assert wheel_f_strict(["happy", "sad"], three, "mended") == pytest.approx(2 / 4 - 0.05)
    assert wheel_f_strict(three, three, "mended") == 1.0  # the reference gives as many
    score = score_wheel(answer(*three), Reference(labels=("happy",)), tables="mended")
    assert score.parts["n_surplus"] == 1.0


def attacks(labels):
    """Name -> the honest labels with something added."""
    for times in (1, 2, 5, 50):
        yield f"{times} times again", labels + labels * times
    yield "one again", [*labels, labels[-1].upper() + " "]
    for number in (1, 2, 10, 100):
        yield f"{number} unknown words", labels + [f"zzq{at}" for at in range(number)]
    yield "neutral too", [*labels, "neutral"]
    yield "unknown words first", ["zzq", *labels]
    for head, words in SYNONYMS.items():
        if head in labels:
            yield f"all synonyms of {head}", [*labels, *(word for word in words if word not in labels)]
            yield f"three synonyms of {head}", [*labels, *[word for word in words if word not in labels][:3]]
    yield "common labels", [*labels, *(word for word in COMMON if word not in labels)]
    words = sorted(classes_by_word("v2026"))
    for number in (10, 100, 1000):
        yield f"{number} words of the tables", labels + random.Random(number).sample(words, number)


@pytest.mark.parametrize("tables", TABLES)
@pytest.mark.parametrize("gold", HONEST, ids=" ".join)
def test_nothing_added_to_a_right_answer_pays(gold, tables):
    """Whole answers and each part of them: every attack costs at least 0.05."""
    for size in range(1, len(gold) + 1):
        for honest in combinations(gold, size):
            fair = wheel_f_strict(gold, honest, tables)
            for name, labels in attacks(list(honest)):
                if name == "neutral too" and tables == "mended":
                    continue
                assert wheel_f_strict(gold, labels, tables) <= fair - 0.05, (honest, name)


def test_the_published_form_falls_for_them():
    assert wheel_f(["happy"], ["happy", *(f"zzq{at}" for at in range(100))]) == 1.0
    assert wheel_f(["happy"], ["happy"] * 100) == 1.0


words = st.one_of(
    st.sampled_from([*COMMON, "neutral", "高兴", "zzq", "fear", "love"]), st.text(max_size=8).filter(str.strip)
)
labels = st.lists(words, max_size=8)


@settings(max_examples=150, deadline=None)
@given(gold=labels, predicted=labels, tables=st.sampled_from(TABLES), seed=st.randoms())
def test_properties(gold, predicted, tables, seed):
    value = wheel_f_strict(gold, predicted, tables)
    assert 0.0 <= value <= 1.0
    shuffled = list(predicted)
    seed.shuffle(shuffled)
    assert wheel_f_strict(gold, shuffled, tables) == pytest.approx(value)
    official = wheel_f(gold, predicted, tables)
    if official is not None:
        assert value <= official + 1e-12
        assert wheel_f(gold, predicted + predicted, tables) == official
    if predicted:
        assert wheel_f_strict(gold, [*predicted, predicted[0]], tables) <= max(0.0, value - 0.04)


@settings(max_examples=60, deadline=None)
@given(gold=labels, predicted=labels, tables=st.sampled_from(TABLES), level=st.sampled_from([1, 2]))
def test_the_published_form_is_the_corpus_metric_of_one_clip(gold, predicted, tables, level):
    """Over the wheels that are not left out, with F = 0 where the corpus metric of 2025 is not defined."""
    metrics = score_corpus({"a": gold}, {"a": predicted}, tables, chinese=True).metrics
    rows = [metrics[f"case3_wheel{wheel}_level{level}"] for wheel in range(1, 6)]
    scored = [0.0 if row.fscore != row.fscore else row.fscore for row in rows if row.n_scored]
    gold = gold or ["neutral"]
    expected = pytest.approx(sum(scored) / len(scored), abs=1e-9) if scored else None
    assert wheel_f(gold, predicted, tables, level) == expected


def test_neutral_is_compared_on_the_mended_tables():
    for reference in (Reference(labels=()), Reference(labels=("neutral",))):
        score = score_wheel(answer("Neutral"), reference)
        assert (score.value, score.parts["tables"]) == (1.0, "mended")
        assert score_wheel(answer("angry"), reference).value == 0.0
        assert score_wheel(answer(), reference).value == 0.0
        assert 0.3 < score_wheel(answer("neutral", "calm"), reference).value < 1.0
    assert score_wheel_official(answer("neutral"), Reference(labels=("neutral",))) is None
    assert score_wheel_official(answer("neutral"), Reference(labels=("neutral",)), tables="mended").value == 1.0


def test_words_that_no_table_knows_are_compared_as_words():
    reference = Reference(labels=("blessing", "frank"))
    score = score_wheel(answer("blessing"), reference)
    assert (score.value, score.parts["tables"]) == (pytest.approx(2 / 3), "words")
    assert score_wheel(answer("blessing", "zzq"), reference).value < score.value - 0.05
    many = [f"zzq{at}" for at in range(300)]
    assert wheel_f_strict(many, many) <= 1.0


def test_unknown_words_of_the_reference_cost_nothing():
    reference = Reference(labels=("happy", "humorous"))
    assert score_wheel(answer("happy", "humorous"), reference).value == 1.0
    assert score_wheel(answer("happy"), reference).value == 1.0


def test_none_only_for_want_of_a_reference():
    assert score_wheel(answer("happy"), Reference()) is None
    assert score_wheel_official(answer("happy"), Reference()) is None
    assert score_wheel(Completion(text=""), Reference(labels=("happy",))).value == 0.0
    assert score_wheel_official(Completion(text=""), Reference(labels=("happy",))).value == 0.0


def test_parts_say_what_the_score_was_made_of():
    score = score_wheel(answer("disgust", "disgust", "zzq"), Reference(labels=("disgust",)))
    parts = score.parts
    assert (parts["wheel1"], parts["wheel3"]) == (0.5, None)
    assert (parts["n_labels"], parts["n_unknown"], parts["n_duplicate"], parts["n_surplus"]) == (3.0, 1.0, 1.0, 0.0)
    assert (parts["flood"], parts["tables"]) == (1.0, "v2026")
    assert score.value == pytest.approx(0.5 - 0.05 * 2)
    assert score_wheel(answer(*"abcdefgh"), Reference(labels=("sad",))).parts["flood"] == 0.25
    official = score_wheel_official(answer("disgust", "zzq"), Reference(labels=("disgust",)))
    assert (official.value, official.parts["n_unknown"], official.parts["wheel3"]) == (1.0, 1.0, None)


def test_chinese_answers():
    assert wheel_f_strict(["angry", "dissatisfied"], ["愤怒", "不满"]) == 1.0
    assert wheel_f_strict(["愤怒"], ["angry"]) == 1.0
    assert wheel_f(["愤怒"], ["生气"]) == 1.0


def test_ten_thousand_labels_take_no_time():
    assert wheel_f_strict(["happy"], ["happy", *(f"zzq{at}" for at in range(10_000))]) == 0.0
