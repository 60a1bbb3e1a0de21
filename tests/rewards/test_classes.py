"""Classes and families of emotion words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emoreason.prompts.answer import SYNONYMS
from emoreason.records.labels import EMOTIONS
from emoreason.rewards.classes import class_of, emotion_vocabulary, family_of
from emoreason.rewards.synonyms import chinese_labels, class_words


@pytest.mark.parametrize(("emotion", "names"), SYNONYMS.items())
def test_the_names_that_answers_may_use(emotion, names):
    assert {class_of(name) for name in (emotion, *names)} == {emotion}
    assert {family_of(name) for name in (emotion, *names)} == {emotion}


@pytest.mark.parametrize(
    ("word", "emotion", "family"),
    [
        ("Happily", "happiness", "happiness"),
        ("very  angry", "anger", "anger"),
        ("slightly anxious", None, "fear"),
        ("not happy", None, None),
        ("furious", None, "anger"),
        ("annoyed", None, "anger"),
        ("worried", None, "fear"),
        ("disappointed", None, "sadness"),
        ("excited", None, "happiness"),
        ("contempt", None, "disgust"),
        ("calm", None, "neutral"),
        ("confused", None, None),
        ("serious", None, None),
        ("upset", None, None),
        ("伤心", "sadness", "sadness"),
        ("有点焦虑", None, "fear"),
        ("不开心", None, "anger"),
        ("疑惑", None, None),
        ("", None, None),
        ("xyzzy", None, None),
        ("infuriation", None, "anger"),  # known to the wheels only
    ],
)
def test_words(word, emotion, family):
    assert (class_of(word), family_of(word)) == (emotion, family)


def test_a_class_is_a_family():
    assert {family_of(word) == emotion for word, emotion in class_words().items()} == {True}
    assert set(class_words().values()) == set(EMOTIONS)


def test_the_vocabulary_is_for_running_text():
    words = emotion_vocabulary()
    assert set(words.values()) == set(EMOTIONS)
    assert all(family_of(word) == family for word, family in words.items())
    assert {"furious", "焦虑", "sadness"} <= words.keys()
    assert not {"content", "down", "tender", "压力", "怒", "serious", "none"} & words.keys()
    assert sum(not word.isascii() for word in words) >= 250


def test_every_chinese_label_has_one_row():
    assert all(word and english.isascii() for word, english in chinese_labels().items())


@given(st.text(max_size=300))
def test_any_text_has_a_class_or_none(text):
    assert class_of(text) in (None, *EMOTIONS)
    assert family_of(text) in (None, *EMOTIONS)
