"""Sums of the wheel metrics: what each clip's labels add to precision and recall, and F of such sums."""

from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cache
from typing import Final, cast

import numpy as np

from ..rewards.wheel.tables import METRICS, Classes, classes_by_word, translated_classes
from .measure import Floats
from .sample import Prediction
from .written import labels_of as named_labels

Labels = Sequence[str]
#: Classes of a list of labels under each metric.
ClassSets = tuple[Set[str], ...]

#: Where the five wheels of a level stand among the metrics.
LEVEL_METRICS: Final = {1: tuple(range(2, 7)), 2: tuple(range(7, 12))}


def labels_of(prediction: Prediction | None) -> tuple[str, ...] | None:
    """Open labels of a prediction; where it gave none, its one class, else the strongest of its distribution.

    None: there is no prediction, or nothing in it that could be a label. Empty: it named no emotion.

    Examples
    --------
    >>> labels_of(Prediction(clip="a", emotion="anger")), labels_of(Prediction(clip="a", abstained=True))
    (('anger',), ())
    """
    if prediction is None:
        return None
    named = named_labels(prediction)
    if named is not None or prediction.abstained:
        return named or ()
    shares = {name: share for name, share in (prediction.distribution or {}).items() if share > 0}
    return (max(shares, key=lambda name: shares[name]),) if shares else None


def class_table(tables: str) -> dict[str, Classes]:
    """Word -> its classes; Chinese labels are read with the mended tables only, as the published rule has it."""
    return translated_classes(tables) if tables == "mended" else classes_by_word(tables)


def wheel_sums(
    gold: Sequence[Labels | None],
    predicted: Sequence[Labels | None],
    tables: str,
    metrics: Sequence[int] = range(len(METRICS)),
) -> Floats:
    """Return what each clip adds to precision, to recall and to the number of clips, metric by metric.

    Parameters
    ----------
    gold, predicted : sequence of sequence of str or None
        Labels of each clip. Gold None: not known, its row is zeros; an empty gold list means ``neutral``.
    tables : str
        One of :data:`emoreason.rewards.wheel.TABLES`.
    metrics : sequence of int
        Places in :data:`emoreason.rewards.wheel.METRICS`.

    Returns
    -------
    float array ``[clips, 3 * metrics]``

    Examples
    --------
    >>> wheel_sums([["angry", "sad"], []], [["mad"], ["mad"]], "v2026", [2]).tolist()
    [[1.0, 0.5, 1.0], [0.0, 0.0, 0.0]]
    """
    masks, places = _masks(tables)
    fields = [places[metric] for metric in metrics]
    nothing = [0.0] * (3 * len(fields))
    rows = [
        nothing if ours is None else _row(_union(masks, ours or ("neutral",)), _union(masks, theirs or ()), fields)
        for ours, theirs in zip(gold, predicted, strict=True)
    ]
    return np.array(rows, dtype=np.float64).reshape(len(rows), 3 * len(fields))


def mean_f(sums: Floats, *, places: Sequence[int], undefined: float) -> Floats:
    """Mean over metrics of F, each of its average precision and recall; ``undefined`` for a metric without clips.

    Where nothing was hit, F is 0 (the published v2025 code gives NaN).
    """
    at = 3 * np.asarray(places)
    precision, recall, clips = sums[..., at], sums[..., at + 1], sums[..., at + 2]
    total = precision + recall
    f = np.where(total > 0, 2 * precision * recall / (np.where(total > 0, total, 1.0) * np.maximum(clips, 1)), 0.0)
    return np.asarray(np.where(clips > 0, f, undefined).mean(axis=-1), dtype=np.float64)


def mean_part(sums: Floats, *, places: Sequence[int], undefined: float, part: int) -> Floats:
    """Mean over metrics of the average precision (part 0) or recall (part 1)."""
    at = 3 * np.asarray(places)
    clips = sums[..., at + 2]
    means = np.where(clips > 0, sums[..., at + part] / np.maximum(clips, 1), undefined)
    return np.asarray(means.mean(axis=-1), dtype=np.float64)


class LabelReader:
    """Labels -> classes under some metrics; the same list of labels is read once."""

    def __init__(self, table: Mapping[str, Classes], metrics: Sequence[int] = range(len(METRICS))) -> None:
        self._table = table
        self._metrics = tuple(metrics)
        self._seen: dict[tuple[str, ...], ClassSets] = {}

    def __call__(self, labels: Labels) -> ClassSets:
        """Classes of the labels, metric by metric."""
        key = tuple(labels)
        found = self._seen.get(key)
        if found is None:
            rows = [self._table[word] for word in key if word in self._table]
            found = tuple(_named([row[at] for row in rows]) for at in self._metrics)
            self._seen[key] = found
        return found


def _named(classes: Iterable[str | None]) -> Set[str]:
    found = set(classes)
    found.discard(None)
    return cast("Set[str]", found)


@cache
def _masks(tables: str) -> tuple[dict[str, int], list[tuple[int, int]]]:
    """Word -> its classes as one set bit a metric; where the bits of each metric begin, and ones for all of them."""
    table = class_table(tables)
    numbers: list[dict[str, int]] = [{} for _ in METRICS]
    for classes in table.values():
        for known, name in zip(numbers, classes, strict=True):
            if name is not None:
                known.setdefault(name, len(known))
    # The wheels come first: their numbers stay short, however many base words case1 tells apart.
    shifts, width = dict.fromkeys(range(len(METRICS)), 0), 0
    for metric in sorted(range(len(METRICS)), key=lambda metric: len(numbers[metric])):
        shifts[metric] = width
        width += len(numbers[metric])
    by_classes = {
        classes: sum(1 << shifts[at] + numbers[at][name] for at, name in enumerate(classes) if name is not None)
        for classes in set(table.values())
    }
    ones = [(shifts[at], (1 << len(known)) - 1) for at, known in enumerate(numbers)]
    return {word: by_classes[classes] for word, classes in table.items()}, ones


def _union(masks: Mapping[str, int], labels: Labels) -> int:
    union = 0
    for label in labels:
        union |= masks.get(label, 0)
    return union


def _row(gold: int, predicted: int, fields: Sequence[tuple[int, int]]) -> list[float]:
    row: list[float] = []
    both = gold & predicted
    for shift, ones in fields:
        wanted = (gold >> shift & ones).bit_count()
        hits = (both >> shift & ones).bit_count()
        if hits:
            row += (hits / (predicted >> shift & ones).bit_count(), hits / wanted, 1.0)
        else:
            row += (0.0, 0.0, 1.0 if wanted else 0.0)
    return row
