"""Wheel rewards for one answer: the published F of one clip, and a strict form that cannot be gamed with more labels.

Both take the mean over the five wheels of F = 2 hits / (gold classes + predicted classes) on level 1; wheels on which
no gold label has a class are left out. The published form counts neither words that no wheel knows nor further labels
of a class, so nonsense and floods of synonyms are free. The strict form counts them:

- a word that no wheel knows is a wrong class of its own, unless the reference has it too;
- a label written twice is a wrong class of its own;
- a class may hold two labels ("happy, joyful"), or as many as the reference gives it; each further one is a wrong
  class;
- each of these costs at least :data:`JUNK_COST` of the score;
- more than four labels (or than the reference has) multiply the score by (allowed / written)².

Where no gold label has a class on any wheel (``neutral`` under the published tables), the strict form compares on the
mended tables, and if these do not know the words either, the words themselves. Empty gold labels mean ``neutral``. An
answer without labels scores 0. Chinese labels are read through their English translation in both forms.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from typing import Final, NamedTuple

from ...records import Reference, Score
from ..completion import Completion
from .tables import LEVEL, WHEELS, translated_classes

#: Least that a duplicate, an unknown word or a surplus synonym costs.
JUNK_COST: Final = 0.05
#: Labels of one class (:func:`_held` counts to two), and labels in all, that are always allowed.
SAME_CLASS: Final = 2
MOST_LABELS: Final = 4

_BITS: Final = 48  # per wheel; level 2 of a wheel has at most 41 classes
_SHIFTS: Final = tuple(_BITS * at for at in range(len(WHEELS)))
_FIELD: Final = (1 << _BITS) - 1
_NO_SURPLUS: Final = dict.fromkeys(_SHIFTS, 0)


def wheel_f(gold: Sequence[str], predicted: Sequence[str], tables: str = "v2026", level: int = 1) -> float | None:
    """Mean over five wheels of one clip's F by the published rule; None when no gold label has a class.

    Parameters
    ----------
    gold, predicted : sequence of str
        Labels. Read a label field with :func:`emoreason.rewards.labels.parse_labels` first.
    tables : str
        ``v2025``, ``v2026`` or ``mended``.
    level : int
        1 or 2.

    Examples
    --------
    >>> wheel_f(["angry"], ["mad", "furious"]), wheel_f(["angry"], ["sad", "mad"]), wheel_f(["neutral"], ["sad"])
    (1.0, 0.6666666666666666, None)
    """
    masks = _masks(tables, level)
    of_gold = _union(masks, gold)
    if not of_gold:
        return None
    of_answer = _union(masks, predicted)
    hits = of_gold & of_answer
    total = 0.0
    wheels = 0
    for shift in _SHIFTS:
        classes = of_gold >> shift & _FIELD
        if classes:
            wheels += 1
            hit = hits >> shift & _FIELD
            if hit:
                total += 2 * hit.bit_count() / (classes.bit_count() + (of_answer >> shift & _FIELD).bit_count())
    return total / wheels


def wheel_f_strict(gold: Sequence[str], predicted: Sequence[str], tables: str = "v2026") -> float:
    """Strict wheel score of one answer's labels, 0 to 1; empty gold means ``neutral``.

    Examples
    --------
    >>> wheel_f_strict(["happy"], ["happy", "joyful"]), wheel_f_strict([], ["neutral"])
    (1.0, 1.0)
    >>> round(wheel_f_strict(["happy"], ["happy", "happy"]), 3), round(wheel_f_strict(["happy"], ["happy", "xyzzy"]), 3)
    (0.617, 0.617)
    """
    return _strict(_gold(tuple(gold), tables), predicted).value


def score_wheel(completion: Completion, reference: Reference, /, *, tables: str = "v2026") -> Score | None:
    """Strict wheel reward, the default one. None when the reference has no labels.

    Parts: ``wheel1`` … ``wheel5`` (F; None where left out), ``n_labels``, ``n_unknown``, ``n_duplicate``, ``n_surplus``
    (mean over wheels), ``flood`` (factor for too many labels) and ``tables`` (what was compared on).
    """
    if reference.labels is None:
        return None
    gold = _gold(tuple(reference.labels), tables)
    found = _strict(gold, completion.labels)
    parts: dict[str, float | str | None] = {f"wheel{wheel}": None for wheel in WHEELS}
    parts |= {f"wheel{1 + shift // _BITS}": f for (shift, _, _), f in zip(gold.fields, found.wheels, strict=True)}
    parts |= {
        "n_labels": float(found.n_labels),
        "n_unknown": float(found.n_unknown),
        "n_duplicate": float(found.n_duplicate),
        "n_surplus": found.n_surplus,
        "flood": found.flood,
        "tables": gold.tables,
    }
    return Score(name="wheel", value=found.value, parts=parts)


def score_wheel_official(
    completion: Completion, reference: Reference, /, *, tables: str = "v2026", level: int = 1
) -> Score | None:
    """Wheel reward by the published rule. None when no reference label has a class.

    Parts: ``wheel1`` … ``wheel5`` (F; None where left out), ``n_labels``, ``n_unknown`` and ``tables``.
    """
    if reference.labels is None:
        return None
    value = wheel_f(reference.labels, completion.labels, tables, level)
    if value is None:
        return None
    masks = _masks(tables, level)
    of_gold, of_answer = _union(masks, reference.labels), _union(masks, completion.labels)
    parts: dict[str, float | str | None] = {
        f"wheel{wheel}": _f(of_gold >> shift & _FIELD, of_answer >> shift & _FIELD)
        for wheel, shift in zip(WHEELS, _SHIFTS, strict=True)
    }
    words = set(_normal(completion.labels))
    parts |= {
        "n_labels": float(len(completion.labels)),
        "n_unknown": float(sum(word not in masks for word in words)),
        "tables": tables,
    }
    return Score(name="wheel_official", value=value, parts=parts)


@cache
def _masks(tables: str, level: int) -> dict[str, int]:
    """Word -> its class on each wheel as one set bit of that wheel's field."""
    numbers: list[dict[str, int]] = [{} for _ in WHEELS]
    masks: dict[str, int] = {}
    for word, classes in translated_classes(tables).items():
        mask = 0
        for shift, known, name in zip(_SHIFTS, numbers, classes[LEVEL[level]], strict=True):
            if name is not None:
                mask |= 1 << (shift + known.setdefault(name, len(known)))
        masks[word] = mask
    return masks


def _union(masks: Mapping[str, int], labels: Iterable[str]) -> int:
    union = 0
    for label in labels:
        mask = masks.get(label)
        union |= masks.get(str(label).lower().strip(), 0) if mask is None else mask
    return union


def _f(gold: int, predicted: int) -> float | None:
    return 2 * (gold & predicted).bit_count() / (gold.bit_count() + predicted.bit_count()) if gold else None


def _normal(labels: Iterable[str]) -> list[str]:
    return [word for label in labels if (word := str(label).lower().strip())]


class _Strict(NamedTuple):
    """What a strict score was made of; ``wheels``: F of the wheels that count, in order."""

    value: float
    wheels: list[float]
    n_labels: int
    n_unknown: int
    n_duplicate: int
    n_surplus: float
    flood: float


class _Gold(NamedTuple):
    """Gold labels, read once for all answers that are compared with them.

    ``fields``: for each wheel on which they have a class, where its bits begin, its classes and how many.
    """

    tables: str
    masks: Mapping[str, int]
    words: frozenset[str]
    fields: tuple[tuple[int, int, int], ...]
    allowed: int


@lru_cache(maxsize=4096)
def _gold(labels: tuple[str, ...], tables: str) -> _Gold:
    """Choose what to compare on: the tables asked for, else the mended ones, else every word as a class of its own."""
    words = frozenset(_normal(labels) or ["neutral"])
    masks: Mapping[str, int] = {word: 1 << at for at, word in enumerate(sorted(words)[:_BITS])}
    chosen = "words"
    for family in (tables, "mended"):
        known = _masks(family, 1)
        if any(word in known for word in words):
            chosen, masks = family, known
            break
    union = _union(masks, words)
    fields = [(shift, union >> shift & _FIELD) for shift in _SHIFTS]
    counted = tuple((shift, held, held.bit_count()) for shift, held in fields if held)
    return _Gold(chosen, masks, words, counted, allowed=max(MOST_LABELS, len(words)))


def _strict(gold: _Gold, predicted: Sequence[str]) -> _Strict:
    masks = gold.masks
    theirs, written, unknown = set(predicted), len(predicted), 0
    if not theirs <= masks.keys():
        words = _normal(predicted)
        theirs, written = set(words), len(words)
        unknown = sum(word not in masks and word not in gold.words for word in theirs)
    duplicate = written - len(theirs)
    of_answer, crowded = _held(masks, theirs)
    surplus = _surplus(gold, theirs) if crowded else _NO_SURPLUS
    extra = unknown + duplicate
    scores: list[float] = []
    for shift, classes, size in gold.fields:
        answered = of_answer >> shift & _FIELD
        size += extra + answered.bit_count() + surplus[shift]
        scores.append(2 * (classes & answered).bit_count() / size)
    mean_surplus = sum(surplus[shift] for shift, _, _ in gold.fields) / len(scores) if crowded else 0.0
    flood = (gold.allowed / written) ** 2 if written > gold.allowed else 1.0
    value = flood * sum(scores) / len(scores) - JUNK_COST * (extra + mean_surplus)
    return _Strict(max(0.0, value), scores, written, unknown, duplicate, mean_surplus, flood)


def _held(masks: Mapping[str, int], words: Iterable[str]) -> tuple[int, bool]:
    """All classes that the words have, and whether any class is held by more words than is always allowed."""
    once = twice = thrice = 0
    for word in words:
        mask = masks.get(word, 0)
        thrice |= twice & mask
        twice |= once & mask
        once |= mask
    return once, thrice != 0


def _surplus(gold: _Gold, words: Iterable[str]) -> dict[int, int]:
    """Words of a class beyond what it may hold, on each wheel (by where its bits begin)."""
    theirs = [gold.masks[word] for word in words if word in gold.masks]
    ours = [gold.masks[word] for word in gold.words if word in gold.masks]
    found: dict[int, int] = {}
    for shift in _SHIFTS:
        allowed = Counter(mask >> shift & _FIELD for mask in ours)
        held = Counter(mask >> shift & _FIELD for mask in theirs)
        found[shift] = sum(max(0, number - max(SAME_CLASS, allowed[name])) for name, number in held.items() if name)
    return found
