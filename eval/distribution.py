"""``distribution``: how close the probabilities are to how a crowd split, and whether confidence means anything.

Against the crowd: KL divergence (nats), Jensen-Shannon divergence (bits), earth mover's distance. Against single
raters, or the class where no crowd is known: Brier score, calibration error, risk over coverage. An answer is as right
as the share of raters who chose the same class: whoever splits as the crowd does is calibrated, and has the best Brier
score there is.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from ..records.labels import EMOTIONS
from ..rewards.classes import class_of, family_of
from ..rewards.distribution import js_divergence, normalised
from .calibration import BINS, area_measure, calibration_measure, reliability, risk_over_coverage
from .emotion_distance import emotion_distances, ground_distances
from .measure import AnyMeasure, Floats, mean_measure
from .pictures import Picture
from .sample import Gold, Prediction, Sample
from .suite import SuiteResult, SuiteSettings

#: Share of the uniform distribution that is mixed into an answer for the KL divergence, which is else infinite where
#: the answer rules out what a rater chose.
FLOOR: Final = 0.01


#: Of the seven classes, in the order of ``EMOTIONS``, summing to 1.
Shares = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class _Answer:
    """Probabilities of the seven classes (None: there is no answer) and where they come from."""

    shares: Shares | None
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class _Choices:
    """What the answers hold for likeliest, against the raters: rows are clips.

    ``right``: the share of raters who chose it; 0 or 1 where only the class is known. Equal probabilities share it.
    """

    applies: NDArray[np.bool_]
    confidence: Floats
    right: Floats
    brier: Floats
    answered: NDArray[np.bool_]


def distribution(samples: Sequence[Sample], settings: SuiteSettings, /) -> SuiteResult:
    """Score distributions over the seven classes of ``records.labels.EMOTIONS``.

    A system that gives no distribution is read as sure of its class, or as equally sure of the classes of its labels.
    A clip without any answer gets the worst value there is on that clip, and is wrong with a confidence of 0. The
    distribution of an abstention is scored like any other; in risk over coverage it comes after all answers.

    Raises
    ------
    ConfigError
        The gold has neither distributions nor classes among the seven.
    """
    crowds = [normalised(sample.gold.reference.distribution or {}) for sample in samples]
    truths = [crowd or _sure(sample.gold) for sample, crowd in zip(samples, crowds, strict=True)]
    if not any(truths):
        raise ConfigError(
            "the gold has no distributions: give it a column distribution ({class: share of raters}) or emotion, "
            f"with classes of {', '.join(EMOTIONS)}"
        )
    answers = [_read(sample.prediction) for sample in samples]
    choices = _against_raters(samples, answers, truths)
    divergences = _against_crowds(answers, crowds) if any(crowds) else {}
    measures: list[AnyMeasure] = [
        mean_measure(name, column, higher_is_better=False) for name, column in divergences.items()
    ]
    counted = [truth is not None for truth in truths]
    sources = Counter(answer.source for answer, counts in zip(answers, counted, strict=True) if counts)
    away = [bool(sample.prediction and sample.prediction.abstained) for sample in samples]
    return SuiteResult(
        suite="distribution",
        measures=(*measures, *_of_choices(choices)),
        counts={
            "clips": len(samples),
            "scored": sum(counted),
            "with_distribution": sum(crowd is not None for crowd in crowds),
            "no_gold": len(samples) - sum(counted),
            "missing": sources["none"],
            "abstained": sum(gone and counts for gone, counts in zip(away, counted, strict=True)),
            "from_class": sources["class"],
            "from_labels": sources["labels"],
        },
        settings={"kl_floor": FLOOR, "bins": BINS, "classes": list(EMOTIONS)},
        notes=_notes(samples, crowds, sources),
        pictures=_pictures(choices),
        clips=_shown(samples, answers, truths, divergences),
    )


def _read(prediction: Prediction | None) -> _Answer:
    if prediction is None:
        return _Answer(None, "none")
    shares = normalised(prediction.distribution or {})
    if shares is not None:
        return _Answer(shares, "distribution")
    named = _class(prediction.emotion or "")
    if named is not None:
        return _Answer(normalised({named: 1.0}), "class")
    shares = normalised(Counter(name for label in prediction.labels or () if (name := _class(label))))
    return _Answer(shares, "labels" if shares else "none")


def _sure(gold: Gold) -> Shares | None:
    """Take the class of a clip whose crowd is not known as a distribution; None where it is none of the seven."""
    return normalised({gold.reference.emotion: 1.0}) if gold.reference.emotion else None


def _class(word: str) -> str | None:
    return class_of(word) or family_of(word)


def _against_crowds(answers: Sequence[_Answer], crowds: Sequence[Shares | None]) -> dict[str, list[float | None]]:
    """Return KL, JS and EMD of each clip, None where the crowd is not known."""
    kl: list[float | None] = [None] * len(answers)
    js: list[float | None] = [None] * len(answers)
    emd: list[float | None] = [None] * len(answers)
    moved: list[tuple[int, Shares, Shares]] = []
    for row, (answer, crowd) in enumerate(zip(answers, crowds, strict=True)):
        if crowd is None:
            continue
        kl[row] = kl_divergence(crowd, answer.shares)
        js[row] = 1.0 if answer.shares is None else js_divergence(crowd, answer.shares)
        if answer.shares is None:  # all of it on the class farthest from the crowd
            emd[row] = float((ground_distances() @ np.array(crowd)).max())
        else:
            moved.append((row, answer.shares, crowd))
    if moved:
        distances = emotion_distances(
            np.array([ours for _, ours, _ in moved]), np.array([crowd for *_, crowd in moved])
        )
        for (row, *_), distance in zip(moved, distances.tolist(), strict=True):
            emd[row] = distance
    return {"KL": kl, "JS": js, "EMD": emd}


def kl_divergence(crowd: Sequence[float], answer: Sequence[float] | None) -> float:
    """KL divergence of the crowd from the answer in nats; :data:`FLOOR` of the answer is made uniform first.

    Without an answer: as if it had ruled out all that the crowd chose.

    Examples
    --------
    >>> round(kl_divergence([0.5, 0.5], [0.5, 0.5]), 3), round(kl_divergence([1.0, 0.0], [0.0, 1.0]), 3)
    (0.0, 5.298)
    """
    floor = FLOOR / len(crowd)
    given = [0.0] * len(crowd) if answer is None else answer
    terms = zip(crowd, given, strict=True)
    return math.fsum(share * math.log(share / ((1 - FLOOR) * said + floor)) for share, said in terms if share > 0)


def _against_raters(samples: Sequence[Sample], answers: Sequence[_Answer], truths: Sequence[Shares | None]) -> _Choices:
    nothing = (0.0,) * len(EMOTIONS)
    said = np.array([answer.shares or nothing for answer in answers]).reshape(-1, len(EMOTIONS))
    truth = np.array([shares or nothing for shares in truths]).reshape(-1, len(EMOTIONS))
    there = np.array([answer.shares is not None for answer in answers], dtype=np.bool_)
    away = np.array([bool(sample.prediction and sample.prediction.abstained) for sample in samples], dtype=np.bool_)
    largest = said.max(axis=1)
    likeliest = said == largest[:, None]
    brier = (said**2).sum(axis=1) - 2 * (said * truth).sum(axis=1) + 1
    return _Choices(
        applies=np.array([shares is not None for shares in truths], dtype=np.bool_),
        confidence=largest,
        right=np.where(there, (likeliest * truth).sum(axis=1) / likeliest.sum(axis=1), 0.0),
        brier=np.where(there, brier, 2 - 2 * truth.min(axis=1)),
        answered=there & ~away,
    )


def _of_choices(found: _Choices) -> list[AnyMeasure]:
    def over(values: Floats | NDArray[np.bool_], counts: NDArray[np.bool_]) -> list[float | None]:
        return [float(value) if use else None for value, use in zip(values, counts, strict=True)]

    wrong = 1 - found.right
    ranked = np.where(found.answered, found.confidence, -1.0)
    return [
        mean_measure("Brier", over(found.brier, found.applies), higher_is_better=False),
        calibration_measure(found.confidence, found.right, found.applies),
        area_measure(ranked, wrong, found.applies),
        mean_measure("coverage", over(found.answered, found.applies), higher_is_better=None),
        mean_measure("risk when answered", over(wrong, found.applies & found.answered), higher_is_better=False),
    ]


def _pictures(found: _Choices) -> tuple[Picture, ...]:
    counts = found.applies & found.answered
    ranked = np.where(found.answered, found.confidence, -1.0)
    curve = risk_over_coverage(ranked[found.applies], 1 - found.right[found.applies])
    return (reliability(found.confidence[counts], found.right[counts]), curve) if counts.any() else (curve,)


def _notes(samples: Sequence[Sample], crowds: Sequence[Shares | None], sources: Counter[str]) -> tuple[str, ...]:
    notes = []
    if any(crowds):
        notes.append(
            f"KL is of the crowd from the answer, in nats, {FLOOR:.0%} of the answer being made uniform; JS is in "
            "bits, 0 to 1; EMD moves shares over distances in pleasure, arousal and dominance (Russell & Mehrabian "
            "1977), the largest distance of two classes being 1."
        )
    notes.append(
        "Brier score, calibration and risk are against single raters: an answer is as right as the share of raters who "
        "chose the same class. Where only a class is known, it is right or wrong."
    )
    if sources["class"] or sources["labels"]:
        notes.append(
            f"{sources['class'] + sources['labels']} answers give no distribution: a class is read as certain, labels "
            "as equally likely."
        )
    others = {
        name
        for sample in samples
        for name, share in (sample.gold.reference.distribution or {}).items()
        if share > 0 and class_of(name) is None
    }
    if others:
        notes.append(f"Shares of the gold for other classes are left out: {', '.join(sorted(others)[:12])}.")
    return tuple(notes)


def _shown(
    samples: Sequence[Sample],
    answers: Sequence[_Answer],
    truths: Sequence[Shares | None],
    divergences: Mapping[str, Sequence[float | None]],
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for row, (sample, answer, truth) in enumerate(zip(samples, answers, truths, strict=True)):
        if truth is not None:
            values = {
                name: round(value, 4) for name, column in divergences.items() if (value := column[row]) is not None
            }
            found[sample.clip] = {"gold": _named(truth), "predicted": _named(answer.shares), **values}
    return found


def _named(shares: Shares | None) -> Mapping[str, float] | None:
    if shares is None:
        return None
    return {name: round(share, 4) for name, share in zip(EMOTIONS, shares, strict=True) if share > 0}
