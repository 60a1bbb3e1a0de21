"""Answers that are the same for every clip: the majority, and the short list that suits a gold best.

They are made of a training gold where there is one, else of the gold that is evaluated, which flatters them.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from ...rewards.embedders import Embedder
from ..class_mapping import gold_class
from ..measure import Floats
from ..sample import Gold, Prediction
from ..sentiment import NEGATIVE, POSITIVE
from ..wheel_sums import LEVEL_METRICS, mean_f, wheel_sums
from ..written import gold_sentences

#: Popular labels that are tried for the list, and how long it may get.
_TRIED: Final = 20
_LONGEST: Final = 8
#: Sentences that are compared when the list of cues is chosen; more are thinned out evenly.
_MOST_SENTENCES: Final = 1500


def majority(golds: Sequence[Gold]) -> Prediction:
    """Most frequent class and label, mean distribution, valence and arousal, and the units that most clips have.

    Where valence is all there is, the class is ``positive`` or ``negative``, whichever more clips are.

    Examples
    --------
    >>> from emoreason.records import Reference
    >>> golds = [Gold(clip=c, reference=Reference(emotion=e)) for c, e in (("a", "sad"), ("b", "sad"), ("c", "happy"))]
    >>> majority(golds).emotion, majority(golds).labels
    ('sad', ('sad',))
    """
    words = [word for word in (_word(gold) for gold in golds) if word]
    labels = [label for gold in golds for label in gold.reference.labels or ()]
    valences = [gold.reference.valence for gold in golds if gold.reference.valence is not None]
    emotion = _most(words)
    if emotion is None and not labels and valences:
        emotion = POSITIVE if sum(value > 0 for value in valences) >= sum(value < 0 for value in valences) else NEGATIVE
        labels = [emotion]
    label = _most(labels) or emotion
    return Prediction(
        clip="",
        labels=(label,) if label else None,
        emotion=emotion,
        distribution=_shares(golds),
        valence=_mean(valences),
        arousal=_mean(gold.reference.arousal for gold in golds),
        action_units=_units(golds),
        intensities=_intensities(golds),
    )


def constant_labels(golds: Sequence[Gold], tables: str = "v2026") -> tuple[str, ...] | None:
    """Short list of popular labels that scores best as the answer to every clip; None where the gold has no words.

    Labels are added one by one as long as the five-wheel F of level 1 rises. Where the gold gives one class a clip, the
    list holds all classes, the most frequent first: the hit rate takes nothing off for it.
    """
    gold = [one.reference.labels for one in golds]
    counts = Counter(label for found in gold for label in found or ())
    popular = [label for label, _ in counts.most_common(_TRIED)]
    if not popular:
        classes = Counter(word for word in (_word(one) for one in golds) if word)
        return tuple(word for word, _ in classes.most_common(_LONGEST)) or None
    chosen: list[str] = []
    best = -1.0
    while len(chosen) < min(_LONGEST, len(popular)):
        tried = {label: _wheel_f(gold, [*chosen, label], tables) for label in popular if label not in chosen}
        label = max(tried, key=lambda name: tried[name])
        if tried[label] <= best:
            break
        best = tried[label]
        chosen.append(label)
    return tuple(chosen)


def constant_cues(golds: Sequence[Gold], embedder: Embedder) -> str | None:
    """Sentences of the golds that are near to most others, as many as a gold has in the middle; None without any.

    Each time the sentence is added that raises the mean best cosine over all sentences the most (facility location).
    """
    by_gold = [told for gold in golds if (told := gold_sentences(gold))]
    sentences = sorted({sentence for one in by_gold for sentence in one})
    if not sentences:
        return None
    step = -(-len(sentences) // _MOST_SENTENCES)
    sentences = sentences[::step]
    vectors = np.asarray(embedder(sentences), dtype=np.float64)
    cosines = vectors @ vectors.T
    best = np.zeros(len(sentences))
    chosen: list[int] = []
    for _ in range(min(len(sentences), round(float(np.median([len(one) for one in by_gold]))))):
        gains = np.maximum(cosines, best).sum(axis=1)
        gains[chosen] = -1.0
        chosen.append(int(gains.argmax()))
        best = np.maximum(best, cosines[chosen[-1]])
    return "\n".join(sentences[at] for at in chosen)


def _word(gold: Gold) -> str | None:
    emotion = (gold.reference.emotion or "").strip()
    return emotion or gold_class(gold)


def _most(words: Sequence[str]) -> str | None:
    counts = Counter(words)
    return min(counts, key=lambda word: (-counts[word], word)) if counts else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None and np.isfinite(value)]
    return float(np.mean(known)) if known else None


def _shares(golds: Sequence[Gold]) -> dict[str, float] | None:
    """Mean of the distributions; without any, how frequent each class is."""
    spread: Counter[str] = Counter()
    for gold in golds:
        spread.update(gold.reference.distribution or {})
    if not spread:
        spread.update(name for gold in golds if (name := gold_class(gold)))
    total = sum(spread.values())
    return {name: share / total for name, share in sorted(spread.items())} if total else None


def _units(golds: Sequence[Gold]) -> tuple[str, ...] | None:
    coded = [set(gold.reference.action_units) for gold in golds if gold.reference.action_units is not None]
    counts = Counter(unit for units in coded for unit in units)
    return tuple(sorted(unit for unit, count in counts.items() if 2 * count > len(coded))) if coded else None


def _intensities(golds: Sequence[Gold]) -> dict[str, float]:
    units = sorted({unit for gold in golds for unit in gold.intensities})
    return {unit: _mean(gold.intensities.get(unit) for gold in golds) or 0.0 for unit in units}


def _wheel_f(gold: Sequence[Sequence[str] | None], answer: Sequence[str], tables: str) -> float:
    sums: Floats = wheel_sums(gold, [answer] * len(gold), tables, LEVEL_METRICS[1])
    return float(mean_f(sums.sum(axis=0), places=range(5), undefined=0.0))
