"""Closed-set scores: one class a clip (``closed-set``), and the hit rate of open labels that the benchmarks publish.

The hit rate (MER2023, MER2024, MELD and IEMOCAP within MER-UniBench) asks whether the gold word's wheel class is among
those of the predicted labels. Further labels cost nothing, so a list of popular words does well: read it beside the
controls. ``closed-set`` takes one answer a clip instead.

Source of the hit rate: MERTools (zeroQiaoba/MERTools), ``hitrate_metric_calculation``.
"""

import math
from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from ..errors import ConfigError
from ..rewards.labels import parse_labels
from ..rewards.wheel.tables import LEVEL, WHEELS, Classes, classes_by_word, translated_classes
from .class_mapping import ClassMapping, class_name, gold_class
from .confusion import NO_ANSWER, OTHER, class_measures, confusion_matrix, recall_bars
from .measure import Floats, Measure
from .sample import Sample
from .suite import SuiteResult, SuiteSettings


def closed_set(samples: Sequence[Sample], settings: SuiteSettings, /) -> SuiteResult:
    """Score one class a clip: accuracy, UAR, weighted and macro F1, confusion.

    The classes are those of the gold, whatever they are (:func:`~.class_mapping.gold_class`). An answer is its one
    class, else the strongest of its distribution, else the first of its labels that names a class. What names none,
    an abstention and a missing answer are wrong.

    Raises
    ------
    ConfigError
        No clip of the gold has a class.
    """
    gold = [gold_class(sample.gold) for sample in samples]
    if not any(gold):
        raise ConfigError("the gold has no classes: give it a column emotion (or a distribution) for closed-set")
    mapping = ClassMapping(name for name in gold if name)
    chosen = [mapping.of_prediction(sample.prediction) if sample.prediction else (None, None) for sample in samples]
    shown = [name or (OTHER if word else NO_ANSWER) for name, word in chosen]
    scored = [truth is not None for truth in gold]
    matrix = confusion_matrix(gold, shown, mapping.classes)
    abstained = [sample.prediction is not None and sample.prediction.abstained for sample in samples]
    silent = [answer == NO_ANSWER and not away for answer, away in zip(shown, abstained, strict=True)]
    return SuiteResult(
        suite="closed-set",
        measures=tuple(class_measures(gold, [name for name, _ in chosen], mapping.classes)),
        counts={
            "clips": len(samples),
            "scored": sum(scored),
            "no_gold": len(samples) - sum(scored),
            "missing": _both(silent, scored),
            "abstained": _both(abstained, scored),
            "another_word": _both([answer == OTHER for answer in shown], scored),
        },
        settings={"classes": list(mapping.classes)},
        notes=_notes(samples, mapping),
        pictures=(matrix, recall_bars(matrix)),
        clips={
            sample.clip: {"gold": truth, "predicted": name, "word": word, "right": truth == name}
            for sample, truth, (name, word) in zip(samples, gold, chosen, strict=True)
            if truth is not None
        },
    )


def _both(one: Sequence[bool], other: Sequence[bool]) -> int:
    return sum(first and second for first, second in zip(one, other, strict=True))


def _notes(samples: Sequence[Sample], mapping: ClassMapping) -> tuple[str, ...]:
    notes = [
        "Accuracy is the weighted average recall (WAR). Words are mapped to the gold's classes by plain synonyms, then "
        "by broad families (annoyed: anger); an answer that names none of them is wrong."
    ]
    spellings: dict[str, set[str]] = {}
    for sample in samples:
        word = (sample.gold.reference.emotion or "").strip().casefold()
        if word:
            spellings.setdefault(class_name(word), set()).add(word)
    merged = [f"{', '.join(sorted(words))} as {name}" for name, words in sorted(spellings.items()) if len(words) > 1]
    if merged:
        notes.append(f"The gold writes classes in several ways, which are read as one: {'; '.join(merged)}.")
    if not any(sample.gold.reference.emotion for sample in samples):
        notes.append("The gold class is the one that most raters chose; clips on which they tie are left out.")
    if len(mapping.classes) == 1:
        notes.append(f"Every clip is of one class ({mapping.classes[0]}): nothing can be told from these numbers.")
    return tuple(notes)


def hit_rate(
    gold: Mapping[str, str], predicted: Mapping[str, object], tables: str = "v2026", *, chinese: bool | None = None
) -> tuple[float, float]:
    """Hit rate and mscore of open labels against one gold word a clip, means over the five wheels (level 1).

    On each wheel, clips whose word has no class are left out (``neutral`` on all published wheels). A clip is hit when
    the word's class is among the labels' classes; its mscore is the share of that hit among those classes of its
    labels that the data set uses at all (0 when there is none). Labels beyond the first hit cost nothing of the hit
    rate.

    Parameters
    ----------
    gold : mapping of clip id to str
        One word a clip.
    predicted : mapping of clip id to labels
        Lists of labels or label fields (:func:`emoreason.rewards.labels.parse_labels`).
    tables : str
        ``v2025``, ``v2026`` or ``mended``.
    chinese : bool, optional
        As for :func:`emoreason.rewards.wheel.map_label`.

    Returns
    -------
    tuple of (float, float)
        0 to 1. Without any clip on a wheel: NaN under ``v2025``, else 0 for that wheel, as for the wheel F.

    Raises
    ------
    KeyError
        A clip of ``gold`` has no prediction.

    Examples
    --------
    >>> hit_rate({"a": "angry", "b": "happy"}, {"a": ["furious", "sad"], "b": ["sad"]})
    (0.5, 0.5)
    >>> hit_rate({"a": "angry", "b": "sad"}, {"a": ["furious", "sad"], "b": ["sad"]})
    (1.0, 0.75)
    """
    missing = [clip for clip in gold if clip not in predicted]
    if missing:
        raise KeyError(f"{len(missing)} of {len(gold)} clips have no prediction, the first is {missing[0]!r}")
    hits, mscore = hit_measures(list(gold.values()), [predicted[clip] for clip in gold], tables, chinese=chinese)
    return hits.value, mscore.value


def hit_measures(
    gold: Sequence[object], predicted: Sequence[object], tables: str = "v2026", *, chinese: bool | None = None
) -> tuple[Measure, Measure]:
    """``hit rate`` and ``mscore`` as measures of clips, in their order; empty gold is left out.

    The words that the data set uses are those of all clips, whichever are drawn. Both share one array of sums.
    """
    by_word = _table(tables, chinese)
    used = [by_word.get(word) for field in gold for word in parse_labels(field)]
    candidates = [{classes[at] for classes in used if classes} - {None} for at in range(len(WHEELS))]
    sums = np.zeros((len(gold), 3 * len(WHEELS)))
    for row, (ours, theirs) in enumerate(zip(gold, predicted, strict=True)):
        truth = _classes(by_word, ours)
        answer = _classes(by_word, theirs) if any(truth) else []
        for at, wanted in enumerate(truth):
            if wanted:
                hits, known = len(wanted & answer[at]), len(candidates[at] & answer[at])
                sums[row, 3 * at : 3 * at + 3] = hits, hits / known if known else 0.0, 1.0
    applies = np.asarray(sums[:, 2::3].any(axis=1), dtype=np.bool_)
    undefined = math.nan if tables == "v2025" else 0.0
    hit_of, mscore_of = (partial(_mean_over_wheels, part=part, undefined=undefined) for part in (0, 1))
    return (
        Measure(name="hit rate", sums=sums, of=hit_of, applies=applies),
        Measure(name="mscore", sums=sums, of=mscore_of, applies=applies),
    )


def _table(tables: str, chinese: bool | None) -> dict[str, Classes]:
    """Word -> its level-1 classes on the five wheels."""
    translates = tables == "mended" if chinese is None else chinese
    found = translated_classes(tables) if translates else classes_by_word(tables)
    return {word: classes[LEVEL[1]] for word, classes in found.items()}


def _classes(by_word: Mapping[str, Classes], field: object) -> list[set[str | None]]:
    """Classes of a label field on each wheel."""
    found = [by_word[word] for word in parse_labels(field) if word in by_word]
    return [{classes[at] for classes in found} - {None} for at in range(len(WHEELS))]


def _mean_over_wheels(sums: Floats, *, part: int, undefined: float) -> Floats:
    taken, clips = sums[..., part::3], sums[..., 2::3]
    return np.asarray(np.where(clips > 0, taken / clips, undefined).mean(axis=-1), dtype=np.float64)
