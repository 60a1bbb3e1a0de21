"""Emotion words are found as a pattern of all of them would find them; looking them up is only faster."""

import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emoreason.cues import emotion_words
from emoreason.cues.emotion_words import emotion_words_in, without_emotion_words
from emoreason.errors import ConfigError


def by_pattern(text: str, language: str, ambiguous: bool) -> list[str]:
    pattern = emotion_words._pattern(language, ambiguous)
    return [match.group().lower() for match in pattern.finditer(text.replace("’", "'"))]


def masked_by_pattern(text: str) -> tuple[str, list[str]]:
    words: list[str] = []

    def masked(match: re.Match[str]) -> str:
        words.append(match.group().lower())
        return "___"

    text = text.replace("’", "'")
    for language in ("en", "zh"):
        text = emotion_words._pattern(language, False).sub(masked, text)
    return text, words


_LISTED = st.sampled_from([word for language in ("en", "zh") for word in emotion_words._words(language, True)])
_PIECES = (
    _LISTED
    | _LISTED.map(str.upper)
    | _LISTED.map(lambda word: word[: len(word) // 2])
    | _LISTED.map(lambda word: word.replace("i", "ı").replace("k", "\u212a").replace("s", "ſ").replace("'", "’"))
    | st.sampled_from([" ", "", "_", "-", "'", "’", "1", "é", "İ", "ı", "ſ", "ß", "\u212a", "坐", "\n", "self", "out"])
    | st.text(max_size=3)
)


@settings(max_examples=400, deadline=None)
@given(pieces=st.lists(_PIECES, max_size=12), ambiguous=st.booleans())
def test_words_are_those_that_the_pattern_finds(pieces: list[str], ambiguous: bool) -> None:
    text = "".join(pieces)
    for language in ("en", "zh"):
        assert emotion_words_in(text, language, ambiguous=ambiguous) == by_pattern(text, language, ambiguous)
    assert without_emotion_words(text) == masked_by_pattern(text)


def test_longer_words_win_and_codes_are_parted() -> None:
    text = "Self-conscious, not good enough; happy_face, unhappy2, grossed outs. don’t care"
    assert emotion_words_in(text) == by_pattern(text, "en", False) != []


def test_characters_that_only_the_pattern_folds_are_known() -> None:
    """Where one of them stands the pattern is asked; everywhere else lower case is enough and keeps the length."""
    letter = re.compile("[a-z' -]", re.IGNORECASE)
    for character in map(chr, range(128, sys.maxunicode + 1)):
        if emotion_words._FOLDED.match(character) is None:
            lower = character.lower()
            assert (len(lower), letter.match(character), lower.isascii()) == (1, None, False), hex(ord(character))
            assert character.isalnum() == lower.isalnum() == bool(emotion_words._RUN.match(character))
    assert all(word.isascii() and word[0].isalnum() and word[-1].isalnum() for word in emotion_words._words("en", True))
    assert not any(letter.search(word) for word in emotion_words._words("zh", True))


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ConfigError, match="expected en or zh"):
        emotion_words_in("plain", "fr")
