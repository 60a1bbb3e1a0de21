"""Label fields of other types than the benchmarks write (their rule is tested with the wheel metrics)."""

from typing import Any

import numpy as np
import pytest

from emoreason.rewards.labels import parse_labels
from emoreason.rewards.wheel import map_label, score_corpus, score_pair


@pytest.mark.parametrize("field", [{"Sad", "angry "}, frozenset({"angry", "sad"}), ("angry", "sad")])
def test_sets_are_lists_in_sorted_order(field: object) -> None:
    assert parse_labels(field) == ["angry", "sad"]


@pytest.mark.parametrize("field", [None, float("nan"), np.float32("nan"), "", [], set(), type("NAType", (), {})()])
def test_what_is_missing_gives_no_labels(field: object) -> None:
    assert parse_labels(field) == []


@pytest.mark.parametrize(
    "field", [{"happy": 1}, b"happy", 3, 0, True, 1.5, float("inf"), np.int64(3), np.array(3), object(), iter("ab")]
)
def test_what_is_no_labels_is_refused_and_never_read_as_neutral(field: object) -> None:
    with pytest.raises(TypeError, match="expected labels as a list, set or str, or None; got "):
        parse_labels(field)
    with pytest.raises(TypeError, match="expected labels"):
        score_pair(field, ["happy"], "case1")
    with pytest.raises(TypeError, match="clip 'b': expected labels"):
        score_corpus({"a": "happy", "b": field}, {"a": "happy", "b": "sad"})
    with pytest.raises(TypeError, match="clip 'a': expected labels"):
        score_corpus({"a": "happy"}, {"a": field})


def test_gold_in_a_set_counts() -> None:
    assert score_pair({"angry", "sad"}, ["mad", "xyzzy"], "case3_wheel1_level1") == (1.0, 0.5)


@pytest.mark.parametrize("word", [None, 3, ["happy"], b"happy"])
def test_one_label_is_a_string(word: Any) -> None:
    with pytest.raises(TypeError, match="expected one label as str, got"):
        map_label(word, "case1")
