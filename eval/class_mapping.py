"""Which class of the gold a predicted word names: the classes may be any set, the words any labels."""

import math
from collections.abc import Iterable, Mapping
from typing import Final

from ..records.labels import EMOTIONS
from ..rewards.classes import class_of, family_of
from .sample import Gold, Prediction

#: Longest label that is looked at; what is longer is prose.
_LONGEST: Final = 200


def class_name(word: str) -> str:
    """Name of a gold class: the class of ``records.labels.EMOTIONS`` that the word plainly names, else the word itself.

    Examples
    --------
    >>> class_name("Angry"), class_name("joy"), class_name(" Frustrated")
    ('anger', 'happiness', 'frustrated')
    """
    plain = " ".join(word[:_LONGEST].casefold().split())
    return class_of(plain) or plain


def gold_class(gold: Gold) -> str | None:
    """Class of a clip: its ``emotion``, else the one class that most raters chose; None when there is none.

    Examples
    --------
    >>> from emoreason.records import Reference
    >>> gold_class(Gold(clip="a", reference=Reference(distribution={"fear": 0.6, "anger": 0.4})))
    'fear'
    """
    if gold.reference.emotion and gold.reference.emotion.strip():
        return class_name(gold.reference.emotion)
    found = _strongest(gold.reference.distribution or {})
    return class_name(found[0]) if len(found) == 1 else None


class ClassMapping:
    """Words -> classes of one gold.

    A word is, in this order: the class of that name; the class that it plainly names (``joyful``: happiness); the class
    of its broad family (``annoyed``: anger); the only class of its family where the gold has no such class (``fear``
    where the gold has ``worried`` alone). Else it is none of them.

    Parameters
    ----------
    classes : iterable of str
        As :func:`class_name` gives them.

    Examples
    --------
    >>> mapping = ClassMapping(["anger", "happiness", "worried"])
    >>> [mapping.of_word(word) for word in ("Furious", "annoyed", "afraid", "bored")]
    ['anger', 'anger', 'worried', None]
    """

    def __init__(self, classes: Iterable[str]) -> None:
        self.classes = in_order(classes)
        self._known = dict.fromkeys(self.classes)
        families: dict[str, list[str]] = {}
        for name in self.classes:
            families.setdefault(family_of(name) or "", []).append(name)
        self._alone = {family: names[0] for family, names in families.items() if family and len(names) == 1}
        self._found: dict[str, str | None] = {}

    def of_word(self, word: str) -> str | None:
        """Class that a word names, None when it names none."""
        plain = " ".join(word[:_LONGEST].casefold().split())
        if plain not in self._found:
            self._found[plain] = self._look_up(plain)
        return self._found[plain]

    def _look_up(self, word: str) -> str | None:
        if word in self._known:
            return word
        family = family_of(word)
        for name in (class_of(word), family):
            if name in self._known:
                return name
        return self._alone.get(family or "")

    def of_prediction(self, prediction: Prediction) -> tuple[str | None, str | None]:
        """Class that a system chose, and the word that says so.

        Its ``emotion`` counts, else the strongest of its distribution (of equals the first by :func:`in_order`), else
        the first of its labels that names a class.
        The word is None when it named nothing; the class is None also when the word names no class of the gold.
        """
        if prediction.abstained:
            return None, None
        if prediction.emotion and prediction.emotion.strip():
            return self.of_word(prediction.emotion), prediction.emotion
        strongest = in_order(_strongest(prediction.distribution or {}))
        if strongest:
            return self.of_word(strongest[0]), strongest[0]
        labels = [label for label in prediction.labels or () if label.strip()]
        named = next((label for label in labels if self.of_word(label)), labels[0] if labels else None)
        return (self.of_word(named), named) if named is not None else (None, None)


def in_order(classes: Iterable[str]) -> tuple[str, ...]:
    """Classes in the order of ``records.labels.EMOTIONS``, then the others by the alphabet.

    Examples
    --------
    >>> in_order(["worried", "sadness", "bored", "happiness"])
    ('happiness', 'sadness', 'bored', 'worried')
    """
    names = set(classes)
    return (*(name for name in EMOTIONS if name in names), *sorted(names - set(EMOTIONS)))


def _strongest(shares: Mapping[str, float]) -> list[str]:
    """Names of the largest share, as many as share it; shares that are no positive number do not count."""
    usable = {name: share for name, share in shares.items() if math.isfinite(share) and share > 0}
    largest = max(usable.values(), default=0.0)
    return [name for name, share in usable.items() if share == largest]
