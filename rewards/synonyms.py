"""Plain synonyms of the seven classes, and the English label that a Chinese one is read as."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from ..prompts.answer import SYNONYMS
from .tables import read_rows


@cache
def chinese_labels() -> Mapping[str, str]:
    """Chinese label -> the English label it is read as."""
    return MappingProxyType({row["zh"]: row["en"] for row in read_rows("labels_zh.csv")})


@cache
def class_words() -> Mapping[str, str]:
    """Plain synonyms and inflections of the seven classes -> class; the Chinese ones through :func:`chinese_labels`."""
    found = {row["word"]: row["family"] for row in read_rows("emotion_families.csv") if row["synonym"]}
    found.update({name: emotion for emotion, names in SYNONYMS.items() for name in (emotion, *names)})
    return MappingProxyType(found)
