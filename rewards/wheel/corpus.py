"""The twelve metrics: the class of a label, one clip, a set of clips."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ..labels import parse_labels
from .report import WheelMetric, WheelReport
from .tables import METRICS, Classes, classes_by_word, translated_classes

_INDEX: Final = {metric: index for index, metric in enumerate(METRICS)}


def map_label(word: str, metric: str, tables: str = "v2026", *, chinese: bool | None = None) -> str | None:
    """Class of one label under one metric, None when it has none.

    Parameters
    ----------
    word : str
        One label; case and outer blanks do not count.
    metric : str
        One of :data:`METRICS`.
    tables : str
        One of :data:`TABLES`.
    chinese : bool, optional
        Whether Chinese labels are read through ``data/labels_zh.csv``. By default the mended tables do so and the
        published ones do not: there a Chinese label has no class.

    Raises
    ------
    KeyError
        There is no such metric.
    ConfigError
        There are no such tables.
    TypeError
        The label is no string. (None is no label; a field that may be empty is read by :func:`parse_labels`.)

    Examples
    --------
    >>> map_label("fear", "case3_wheel1_level1"), map_label("happy", "case3_wheel5_level1")
    ('scared', 'powerful')
    >>> map_label("fear", "case3_wheel2_level1", "v2025"), map_label("happy", "case3_wheel5_level1", "mended")
    ('happy', 'joyful')
    >>> map_label("愤怒", "case1"), map_label("愤怒", "case1", chinese=True)
    (None, 'anger')
    """
    index = _index(metric)
    if not isinstance(word, str):
        raise TypeError(f"expected one label as str, got {type(word).__name__}")
    classes = _table(tables, chinese).get(word.lower().strip())
    return classes[index] if classes else None


def score_pair(
    gold: object, predicted: object, metric: str, tables: str = "v2026", *, chinese: bool | None = None
) -> tuple[float, float] | None:
    """Precision and recall of one clip's labels under one metric; None when the clip is left out.

    Parameters
    ----------
    gold, predicted : list of str, or str
        Labels, or a label field (:func:`parse_labels`). An empty gold field means ``neutral``.
    metric, tables, chinese
        As for :func:`map_label`.

    Returns
    -------
    tuple of (precision, recall), or None
        None: no gold label has a class. No predicted label has one: (0, 0).

    Raises
    ------
    TypeError
        A field is neither labels nor empty.

    Examples
    --------
    >>> score_pair("[angry, sad]", ["mad", "xyzzy"], "case3_wheel1_level1")
    (1.0, 0.5)
    """
    index = _index(metric)
    table = _table(tables, chinese)
    return _precision_recall(_classes(table, _gold(gold), index), _classes(table, parse_labels(predicted), index))


def score_corpus(
    gold: Mapping[str, object],
    predicted: Mapping[str, object],
    tables: str = "v2026",
    *,
    chinese: bool | None = None,
) -> WheelReport:
    """Score predictions for a set of clips under all twelve metrics.

    Precision and recall are averaged over the clips first, F is taken of the averages. Clips whose gold labels have no
    class under a metric are left out of it, so ``n_scored`` differs between metrics.

    Parameters
    ----------
    gold, predicted : mapping of clip id to labels
        Lists of labels or label fields. Predictions for clips without gold are not looked at.
    tables, chinese
        As for :func:`map_label`.

    Raises
    ------
    KeyError
        A clip of ``gold`` has no prediction.
    TypeError
        A field is neither labels nor empty; the message names the clip.

    Examples
    --------
    >>> report = score_corpus({"a": ["angry"], "b": "happy"}, {"a": "[furious, zzz]", "b": ["sad"]})
    >>> report.metrics["case3_wheel1_level1"].fscore, report.level1.recall, report.unmapped
    (0.5, 0.5, {'zzz': 1})
    """
    table = _table(tables, chinese)
    missing = [clip for clip in gold if clip not in predicted]
    if missing:
        raise KeyError(f"{len(missing)} of {len(gold)} clips have no prediction, the first is {missing[0]!r}")
    pairs = [_pair(clip, field, predicted[clip]) for clip, field in gold.items()]
    metrics = {
        metric: _averages(
            [_precision_recall(_classes(table, ours, index), _classes(table, theirs, index)) for ours, theirs in pairs],
            undefined=math.nan if tables == "v2025" else 0.0,
        )
        for metric, index in _INDEX.items()
    }
    return WheelReport(
        tables=tables,
        chinese=_translates(tables, chinese),
        n_clips=len(pairs),
        metrics=metrics,
        unmapped_gold=_unknown(table, (word for ours, _ in pairs for word in ours)),
        unmapped_predicted=_unknown(table, (word for _, theirs in pairs for word in theirs)),
    )


def _index(metric: str) -> int:
    if metric not in _INDEX:
        raise KeyError(f"no wheel metric is called {metric!r}; there are {', '.join(METRICS)}")
    return _INDEX[metric]


def _translates(tables: str, chinese: bool | None) -> bool:
    return tables == "mended" if chinese is None else chinese


def _table(tables: str, chinese: bool | None) -> dict[str, Classes]:
    return translated_classes(tables) if _translates(tables, chinese) else classes_by_word(tables)


def _gold(field: Any) -> list[str]:
    """Gold labels; the benchmark's loaders read an empty field as neutral."""
    return parse_labels(field) or ["neutral"]


def _pair(clip: str, gold: object, predicted: object) -> tuple[list[str], list[str]]:
    try:
        return _gold(gold), parse_labels(predicted)
    except TypeError as error:
        raise TypeError(f"clip {clip!r}: {error}") from error


def _classes(table: dict[str, Classes], words: Iterable[str], index: int) -> set[str]:
    found = {table[word][index] for word in words if word in table}
    return {name for name in found if name is not None}


def _precision_recall(gold: set[str], predicted: set[str]) -> tuple[float, float] | None:
    if not gold:
        return None
    hits = len(gold & predicted)
    return (hits / len(predicted), hits / len(gold)) if predicted else (0.0, 0.0)


def _averages(pairs: Sequence[tuple[float, float] | None], *, undefined: float) -> WheelMetric:
    scored = [pair for pair in pairs if pair is not None]
    if not scored:
        return WheelMetric(fscore=undefined, precision=undefined, recall=undefined, n_scored=0)
    precision = math.fsum(pair[0] for pair in scored) / len(scored)
    recall = math.fsum(pair[1] for pair in scored) / len(scored)
    fscore = 2 * precision * recall / (precision + recall) if precision + recall else undefined
    return WheelMetric(fscore=fscore, precision=precision, recall=recall, n_scored=len(scored))


def _unknown(table: dict[str, Classes], words: Iterable[str]) -> dict[str, int]:
    return dict(Counter(word for word in words if word not in table).most_common())
