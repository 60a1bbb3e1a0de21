"""Sentiment as MER-UniBench scores it on CMU-MOSI, CMU-MOSEI, CH-SIMS and CH-SIMS v2: positive or not, by weighted F1.

Clips of valence 0 are left out. A word is read as ``positive``, ``negative`` or ``neutral``; only the first counts as
positive, so ``neutral`` and whatever cannot be read count as negative. The published scores have a language model turn
each label list into the word; :func:`sentiment_of` does so by the labels' broad families, without one, and is no
substitute where numbers are compared with published ones.

Source: MER-UniBench of AffectGPT (zeroQiaoba/AffectGPT).
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from ..rewards.classes import family_of
from .confusion import class_measures
from .measure import Measure

POSITIVE: Final = "positive"
NEGATIVE: Final = "negative"
NEUTRAL: Final = "neutral"
#: Family of a label -> which way it points. Surprise may be either, and says nothing.
_SIGN: Final = {"happiness": 1, "sadness": -1, "anger": -1, "fear": -1, "disgust": -1}


def score(
    valence: Mapping[str, float] | Sequence[float], words: Mapping[str, str | None] | Sequence[str | None]
) -> tuple[float, float]:
    """Weighted F1 and accuracy of sentiment words; NaN when no clip has a valence other than 0.

    Parameters
    ----------
    valence : mapping of clip to float, or sequence
        Its sign counts; 0 and NaN are left out.
    words : mapping of clip to str, or sequence
        ``positive``, ``negative``, ``neutral``, in any case; anything else counts as ``neutral``.

    Raises
    ------
    KeyError
        A clip has a valence and no word.
    ValueError
        One is a mapping and the other is none, or they are not equally long.

    Examples
    --------
    >>> score([1.5, -0.2, 0.0, -3.0], ["positive", "neutral", "positive", "Negative"])
    (1.0, 1.0)
    >>> score({"a": 1.0, "b": -1.0}, {"a": "no idea", "b": "negative"})
    (0.3333333333333333, 0.5)
    """
    ours: list[float]
    theirs: list[str | None]
    if isinstance(valence, Mapping):
        if not isinstance(words, Mapping):
            raise ValueError("valence is given by clip, words are not: give both by clip or both in order")
        missing = [clip for clip in valence if clip not in words]
        if missing:
            raise KeyError(f"{len(missing)} of {len(valence)} clips have no word, the first is {missing[0]!r}")
        ours, theirs = list(valence.values()), [words[clip] for clip in valence]
    elif isinstance(words, Mapping):
        raise ValueError("words are given by clip, valence is not: give both by clip or both in order")
    else:
        ours, theirs = list(valence), list(words)
    if len(ours) != len(theirs):
        raise ValueError(f"{len(ours)} valences for {len(theirs)} words")
    weighted_f1, accuracy = sentiment_measures(ours, theirs)
    return weighted_f1.value, accuracy.value


def sentiment_measures(valence: Sequence[float | None], words: Sequence[str | None]) -> tuple[Measure, Measure]:
    """``weighted F1`` and ``accuracy`` as measures of clips; clips without a valence, or of valence 0, are left out."""
    gold = [_side(value) for value in valence]
    predicted = [POSITIVE if _is_positive(word) else NEGATIVE for word in words]
    found = {measure.name: measure for measure in class_measures(gold, predicted, (NEGATIVE, POSITIVE))}
    return found["weighted F1"], replace(found["accuracy (WAR)"], name="accuracy")


def sentiment_of(labels: Iterable[str]) -> str:
    """Sentiment word of a label list: what more of its labels point to, else the first label that points anywhere.

    Examples
    --------
    >>> [sentiment_of(labels) for labels in (["joyful"], ["angry", "happy"], ["surprised"], [])]
    ['positive', 'negative', 'neutral', 'neutral']
    """
    signs = [sign for label in labels if (sign := _SIGN.get(family_of(label) or "", 0))]
    total = sum(signs) or (signs[0] if signs else 0)
    return POSITIVE if total > 0 else NEGATIVE if total < 0 else NEUTRAL


def _side(valence: float | None) -> str | None:
    if valence is None or math.isnan(valence) or valence == 0:
        return None
    return POSITIVE if valence > 0 else NEGATIVE


def _is_positive(word: object) -> bool:
    return isinstance(word, str) and word.strip().lower() == POSITIVE
