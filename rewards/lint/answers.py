"""Attacks on the answer: what is written where the labels, the classes and the codes stand."""

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from itertools import product
from typing import Any, cast

from ...records.labels import EMOTIONS
from ..classes import emotion_vocabulary
from ..wheel import map_label
from .scenes import Draft, Scene


@cache
def words() -> dict[str, Any]:
    """Word lists of the attacks (``rewards/data/lint_words.json``)."""
    place = resources.files(__package__.rpartition(".")[0]) / "data" / "lint_words.json"
    return cast("dict[str, Any]", json.loads(place.read_text(encoding="utf-8")))


def _with_labels(scene: Scene, labels: Sequence[str]) -> Draft:
    return replace(scene.honest, answer=scene.honest.with_labels(list(labels)))


def label_flood(scene: Scene, variant: int) -> Draft:
    """Add emotion words of every class: sixty, or six."""
    return _with_labels(scene, _more(scene, words()["flood"], (None, 6)[variant]))


def synonym_flood(scene: Scene, variant: int) -> Draft:
    """Add words of the same class: ten or four, by ear or by the published tables."""
    synonyms = words()["same_class"][scene.reference.emotion] if variant < 2 else _same_classes(scene.honest.labels)
    return _with_labels(scene, _more(scene, synonyms, (10, 4, 10, 4)[variant]))


def invented_words(scene: Scene, variant: int) -> Draft:
    """Add words that do not exist: ten, or four."""
    return _with_labels(scene, _more(scene, words()["invented"], (10, 4)[variant]))


def _more(scene: Scene, added: Sequence[str], count: int | None) -> list[str]:
    labels = scene.honest.labels
    return [*labels, *[word for word in added if word not in labels][:count]]


def _same_classes(labels: Sequence[str]) -> list[str]:
    """Words that the published tables put into the classes of these labels, on every wheel."""
    metrics = [f"case3_wheel{wheel}_level1" for wheel in range(1, 6)]
    # A wheel on which no label has a class is left out of the published score.
    aimed = [{map_label(label, metric) for label in labels} - {None} for metric in metrics]
    wheels = [(metric, classes) for metric, classes in zip(metrics, aimed, strict=True) if classes]
    return [
        word for word in emotion_vocabulary() if all(map_label(word, metric) in classes for metric, classes in wheels)
    ]


def repeated_labels(scene: Scene, variant: int) -> Draft:
    """Give every label five times, or twice."""
    return _with_labels(scene, scene.honest.labels * (5, 2)[variant])


def translated_labels(scene: Scene, variant: int) -> Draft:
    """Add the class in other languages."""
    return _with_labels(scene, _more(scene, words()["translated"][scene.reference.emotion], (5, 3)[variant]))


@cache
def constant_lists() -> tuple[tuple[str, ...], ...]:
    """Make lists that are the same whatever the clip: each class, pairs of classes, and longer ones."""
    named: dict[str, list[str]] = words()["same_class"]
    singles = [named[emotion][:2] for emotion in EMOTIONS]
    pairs = [[a[0], b[0]] for a, b in product(singles, singles) if a < b]
    everything = [word for one in singles for word in one]
    return tuple(map(tuple, [*singles, *pairs, ["happy", "sad", "angry", "afraid"], words()["flood"][:7], everything]))


def constant_labels(scene: Scene, variant: int) -> Draft:
    """Give one of the lists that are the same for every clip; no class is more probable."""
    labels = list(constant_lists()[variant])
    classes = [{"label": emotion, "probability": round(1 / len(EMOTIONS), 4)} for emotion in EMOTIONS]
    answer = {**scene.honest.with_labels(labels), "emotions": classes, "valence": 0.0, "arousal": 0.0}
    return replace(scene.honest, answer={**answer, "action_units": ["AU4", "AU12"]})


def hedged_answer(scene: Scene, _: int) -> Draft:
    """Add a label of every class; no class is more probable."""
    classes = [{"label": emotion, "probability": round(1 / len(EMOTIONS), 4)} for emotion in EMOTIONS]
    labels = list(dict.fromkeys([*scene.honest.labels, *words()["flood"][:7]]))
    answer = {**scene.honest.with_labels(labels), "emotions": classes, "valence": 0.0, "arousal": 0.0}
    return replace(scene.honest, answer=answer)
