"""Which of the seven classes a word names (:func:`class_of`), and the broad family it belongs to (:func:`family_of`).

A class takes plain synonyms and inflections only: *angry* names anger, *annoyed* does not. A family also takes the
neighbouring emotions: *annoyed* belongs to anger, *worried* to fear, *disappointed* to sadness, *excited* to happiness,
*contempt* to disgust, *calm* to neutral. Words between families (*confused*, *serious*, *upset*, *embarrassed*) have
none. English words stand in ``data/emotion_families.csv``; Chinese words are read through their English translation in
``data/labels_zh.csv``. Words that neither table knows go by the emotion wheels: the family that most wheels agree on.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final

from .synonyms import chinese_labels, class_words
from .tables import read_rows
from .wheel import map_label

#: Degree words before a label: "very happy" is of the class and family of "happy". Negations are not among them.
_DEGREE = re.compile(
    r"(?:very|slightly|a bit|a little|somewhat|quite|rather|extremely|really|mildly|deeply|feeling|slight|mild|strong"
    r"|intense|deep|great) +|(?:非常|十分|极度|极其|有一点|有点儿|有点|有些|略微|稍微|略|很|太|更加)"
)

#: Level-1 classes of the five wheels -> family. ``bad`` (wheel 2) and ``genius`` (wheel 4) belong to none.
_FAMILY_OF_WHEEL_CLASS: Final = {
    "mad": "anger",
    "angry": "anger",
    "anger": "anger",
    "scared": "fear",
    "fearful": "fear",
    "fear": "fear",
    "sad": "sadness",
    "happy": "happiness",
    "joyful": "happiness",
    "joy": "happiness",
    "powerful": "happiness",
    "peaceful": "happiness",
    "surprised": "surprise",
    "disgusted": "disgust",
    "disgust": "disgust",
    "neutral": "neutral",
    "surprise": "surprise",
}


def class_of(word: str) -> str | None:
    """Class of ``records.labels.EMOTIONS`` that a label names by a plain synonym or an inflection of it, else None.

    Examples
    --------
    >>> class_of("Joyful"), class_of("very angry"), class_of("伤心"), class_of("annoyed")
    ('happiness', 'anger', 'sadness', None)
    """
    for form in _forms(word):
        emotion = class_words().get(form) or class_words().get(chinese_labels().get(form, ""))
        if emotion:
            return emotion
    return None


@lru_cache(maxsize=16_384)
def family_of(word: str) -> str | None:
    """Broad family (a class of ``records.labels.EMOTIONS``) that a label belongs to, None when it has none.

    Examples
    --------
    >>> [family_of(word) for word in ("furious", "worried", "焦虑", "calm", "confused")]
    ['anger', 'fear', 'fear', 'neutral', None]
    """
    for form in _forms(word):
        english = chinese_labels().get(form, form)
        if english in _families():
            return _families()[english]
        family = _by_wheels(english)
        if family:
            return family
    return None


@cache
def emotion_vocabulary() -> Mapping[str, str]:
    """Words -> family, English and Chinese, all safe to look for in running text.

    Words that often mean something else there ("content", "tender", "压力", single characters) are left out, so a
    label may have a family and not stand here.
    """
    found = {row["word"]: row["family"] for row in read_rows("emotion_families.csv") if row["prose"]}
    for row in read_rows("labels_zh.csv"):
        family = _families().get(row["en"])
        if row["prose"] and family:
            found[row["zh"]] = family
    return MappingProxyType(found)


def _forms(word: str) -> Iterator[str]:
    """Yield the label in lower case, then without a degree word before it."""
    form = " ".join(word[:200].casefold().split())
    yield form
    degree = _DEGREE.match(form)
    if degree and degree.end() < len(form):
        yield form[degree.end() :]


@cache
def _families() -> dict[str, str | None]:
    found = {row["word"]: row["family"] or None for row in read_rows("emotion_families.csv")}
    return {**found, **class_words()}


def _by_wheels(word: str) -> str | None:
    """Family that more wheels give the word than any other family."""
    classes = [map_label(word, f"case3_wheel{wheel}_level1", "mended") for wheel in range(1, 6)]
    votes = Counter(_FAMILY_OF_WHEEL_CLASS[name] for name in classes if name in _FAMILY_OF_WHEEL_CLASS)
    ranked = votes.most_common(2)
    if not ranked or (len(ranked) == 2 and ranked[0][1] == ranked[1][1]):
        return None
    return ranked[0][0]
