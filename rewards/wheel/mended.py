"""The ``mended`` wheel tables: the v2026 data, read by closeness and votes instead of by the alphabet.

The rule
--------
1. **Basic words.** A word that names happiness, sadness, anger, fear, surprise, disgust or neutral (a synonym or an
   inflection, as :func:`emoreason.rewards.classes.class_of` has it) belongs to that class on level 1 of every wheel:
   the wheel's own class of that meaning, or a class of its own where the wheel has none (``neutral`` on all wheels,
   ``surprised`` on wheels 3, 4 and 5, ``disgusted`` on wheels 3 and 5). Its other forms of one base follow it.
   Where the wheel has none, that is its class on level 2 too. Excitement is joy, not surprise: forms of *excited*
   belong to ``happy`` on level 1 of wheels 1 and 2.
2. **Classes that a wheel lacks** take near synonyms as well: a word with a base that any run gives as a synonym of
   *surprised* (*disgusted*), and that wheels 1 and 2 both hold to be so by rules 3 and 4, is so on a wheel without
   such a class, unless it, or a base of it, is a word of that wheel.
3. **Closeness.** Else the word itself decides if it stands on the wheel, then the closest of its bases that does. The
   closest base shares the longest beginning with the word; then the shorter, then the alphabetically first wins.
   On level 2 the words of level 1 are classes of their own; the published rule gives them an arbitrary child.
4. **Votes.** Else the wheel words that its bases are synonyms of vote for their classes, each with the number of runs
   (of eight) that say so; the alphabet decides between equals.

``case1`` is the closest base, ``case2`` that base if it is a wheel word, else the wheel word that most runs give.
Words that no table knows stay unmapped, but for basic words.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from ..synonyms import class_words
from .tables import Classes, Sources

#: Class of ``records.labels.EMOTIONS`` -> its class on level 1 of wheels 1 to 5.
BASIC: Final[dict[str, tuple[str, ...]]] = {
    "happiness": ("happy", "happy", "joyful", "joy", "joyful"),
    "sadness": ("sad", "sad", "sad", "sad", "sad"),
    "anger": ("mad", "angry", "mad", "anger", "mad"),
    "fear": ("scared", "fearful", "scared", "fear", "scared"),
    "surprise": ("surprised", "surprised", "surprised", "surprised", "surprised"),
    "disgust": ("disgusted", "disgusted", "disgusted", "disgust", "disgusted"),
    "neutral": ("neutral", "neutral", "neutral", "neutral", "neutral"),
}
#: Classes that some wheels lack, and which (wheel 1 is 0).
_LACKING: Final = {"surprised": (2, 3, 4), "disgusted": (2, 4)}
#: What ``case1`` and ``case2`` call a basic word that the tables do not know.
_NAMES: Final = {emotion: names[1] for emotion, names in BASIC.items()}
_EXCITED: Final = "excited"


def mended_classes(published: Sources) -> dict[str, Classes]:
    """Words -> classes under the rule above, from the v2026 tables."""
    maps = _level_maps(published)
    by_bases: dict[tuple[str, ...], Classes] = {}  # many words share their bases
    classes: dict[str, Classes] = {}
    for word, unordered in published.bases.items():
        bases = closest_first(word, unordered)
        if bases not in by_bases:
            by_bases[bases] = _by_closeness(bases, published, maps)
        emotion = class_words().get(word) or class_words().get(bases[0])
        classes[word] = by_bases[bases] if emotion is None else _with_basic(emotion, by_bases[bases], maps)
    for word, emotion in class_words().items():
        if word not in classes:
            classes[word] = (_NAMES[emotion], _NAMES[emotion], *BASIC[emotion], *BASIC[emotion])
    return classes


def closest_first(word: str, bases: Iterable[str]) -> tuple[str, ...]:
    """Order bases: the longest beginning shared with the word first; then the shorter, then by the alphabet.

    Examples
    --------
    >>> closest_first("excitement", ["excitable", "excited", "exciting"])
    ('excited', 'exciting', 'excitable')
    """
    return tuple(sorted(bases, key=lambda base: (-_shared(word, base), len(base), base)))


def _shared(word: str, base: str) -> int:
    """Count the characters at the beginning that are the same."""
    pairs = enumerate(zip(word, base, strict=False))
    return next((at for at, (one, other) in pairs if one != other), min(len(word), len(base)))


def _level_maps(published: Sources) -> tuple[dict[str, str], ...]:
    """Take the published class maps, but let words of level 1 stand for themselves on level 2."""
    inner = published.class_maps[:5]
    outer = [{**published.class_maps[5 + at], **{name: name for name in inner[at].values()}} for at in range(5)]
    return (*inner, *outer)


def _by_closeness(bases: tuple[str, ...], published: Sources, maps: tuple[dict[str, str], ...]) -> Classes:
    """Rules 2 to 4, for the bases of a word, the closest first (a word of a wheel is a base of itself)."""
    words = published.wheel_words[bases[0]]
    case2 = bases[0] if bases[0] in words else min(words, key=lambda name: (-words[name], name))
    votes = _votes(bases, published, maps)
    found = [
        next((classes[base] for base in bases if base in classes), voted)
        for classes, voted in zip(maps, votes, strict=True)
    ]
    held = found[0]
    if held in _LACKING and found[1] == held and any(held in published.wheel_words[base] for base in bases):
        for at, classes in enumerate(maps):
            if at % 5 in _LACKING[held] and classes.keys().isdisjoint(bases):
                found[at] = held
    if bases[0] == _EXCITED:
        found[:2] = ["happy", "happy"]
    return (bases[0], case2, *found)


def _votes(bases: tuple[str, ...], published: Sources, maps: tuple[dict[str, str], ...]) -> list[str | None]:
    """Rule 4: class that the most runs speak for, under each of the ten maps."""
    runs: Counter[str] = Counter()
    for base in bases:
        runs.update(published.wheel_words[base])
    found: list[str | None] = []
    for classes in maps:
        votes: Counter[str] = Counter()
        for name, number in runs.items():
            if name in classes:
                votes[classes[name]] += number
        found.append(min(votes, key=lambda name: (-votes[name], name)) if votes else None)
    return found


def _with_basic(emotion: str, classes: Classes, maps: tuple[dict[str, str], ...]) -> Classes:
    """Rule 1: a basic word belongs to its class on level 1, and on level 2 where the wheel lacks it."""
    names = BASIC[emotion]
    lacking = [names[at] not in maps[at].values() for at in range(5)]
    level2 = [names[at] if lacking[at] else classes[7 + at] for at in range(5)]
    return (*classes[:2], *names, *level2)
