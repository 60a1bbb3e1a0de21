"""What is measured: accuracy, KL to the crowd, calibration, risk against coverage, compound F1."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from emoreason.reasoning.evidence.people import Person, read_people
from emoreason.reasoning.evidence.score import score
from emoreason.reasoning.evidence.tables import Table
from emoreason.records import CueSet

from .faces import CONVENTIONS, Face, crowd_of
from .model import Amounts, Fitted, amounts_of, fit, table_of, write_down

Array = npt.NDArray[np.float64]


def folds(n_faces: int, n_folds: int, seed: int) -> Iterator[tuple[Array, Array]]:
    """Yield indices (training, held-out) of each fold of one shuffled split."""
    order = np.random.default_rng(seed).permutation(n_faces)
    for held_out in np.array_split(order, n_folds):
        yield np.setdiff1d(order, held_out), held_out


def kl_to_crowd(crowd: Array, probabilities: Array) -> Array:
    """KL(crowd || probabilities) in nats, per face."""
    ratio = np.log(np.clip(crowd, 1e-12, None)) - np.log(np.clip(probabilities, 1e-12, None))
    return np.asarray((crowd * ratio).sum(axis=1))


@dataclass(slots=True)
class Held:
    """Held-out answers: row i belongs to face ``index[i]``; seven probabilities each, neutral last."""

    index: list[int] = field(default_factory=list)
    seven: list[tuple[float, ...]] = field(default_factory=list)
    #: (accuracy, KL over seven, KL renormalised over six) of each fold
    by_fold: list[tuple[float, float, float]] = field(default_factory=list)

    def add(self, crowd: Array, index: Array, seven: Sequence[tuple[float, ...]]) -> None:
        """Take one fold."""
        self.index += [int(number) for number in index]
        self.seven += list(seven)
        self.by_fold.append(figures(crowd[index], np.array(seven)))


def figures(crowd: Array, seven: Array) -> tuple[float, float, float]:
    """Accuracy (argmax over seven, so that neutral is always wrong), KL with neutral's mass lost, and without."""
    six = seven[:, :6]
    accuracy = float((seven.argmax(axis=1) == crowd.argmax(axis=1)).mean())
    return (
        accuracy,
        float(kl_to_crowd(crowd, six).mean()),
        float(kl_to_crowd(crowd, six / six.sum(axis=1, keepdims=True)).mean()),
    )


Reader = Callable[[CueSet, Table], tuple[float, ...]]


def read_directly(cueset: CueSet, table: Table) -> tuple[float, ...]:
    """Seven probabilities without the text in between."""
    people = read_people(cueset) or (Person(None),)
    return score(people[0], table).probabilities


def cross_validate(
    faces: list[Face], vocabulary: list[str], repeats: int, n_folds: int, reader: Reader, table: Table | None = None
) -> dict[str, Held]:
    """Held-out answers in every convention; with ``table`` nothing is fitted and that table answers."""
    crowd = crowd_of(faces)
    held = {convention: Held() for convention in CONVENTIONS}
    for seed in range(repeats):
        written = write_down(faces, vocabulary, seed)
        amounts = {convention: amounts_of(cuesets) for convention, cuesets in written.items()}
        for training, held_out in folds(len(faces), n_folds, seed):
            used = table or table_of(_fit_part(faces, amounts, training))
            for convention, cuesets in written.items():
                answers = [reader(cuesets[int(i)], used) for i in held_out]
                held[convention].add(crowd, held_out, answers)
    return held


def _fit_part(faces: list[Face], amounts: dict[str, list[Amounts]], part: Array) -> Fitted:
    chosen = [int(i) for i in part]
    return fit([faces[i] for i in chosen], {name: [rows[i] for i in chosen] for name, rows in amounts.items()})


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of a reliability diagram: mean stated probability, how often it was right, how many answers."""

    stated: float
    observed: float
    count: int


def calibration(crowd: Array, seven: Array, n_bins: int = 10) -> tuple[list[Bin], float]:
    """Reliability of every stated probability against the crowd's share, and its expected calibration error.

    All six probabilities of all faces are pooled: of the emotions stated at about .3, the crowd's share should
    be .3 too.
    """
    stated, observed = seven[:, :6].ravel(), crowd.ravel()
    place = np.minimum((stated * n_bins).astype(int), n_bins - 1)
    bins = [
        Bin(float(stated[place == b].mean()), float(observed[place == b].mean()), int((place == b).sum()))
        for b in range(n_bins)
        if (place == b).any()
    ]
    return bins, sum(b.count * abs(b.stated - b.observed) for b in bins) / len(stated)


def confidence_calibration(crowd: Array, seven: Array, n_bins: int = 10) -> tuple[list[Bin], float]:
    """Reliability of the answer given: its probability against the crowd's share for it."""
    top = seven.argmax(axis=1)
    stated = seven.max(axis=1)
    padded = np.c_[crowd, np.zeros(len(crowd))]
    observed = padded[np.arange(len(top)), top]
    place = np.minimum((stated * n_bins).astype(int), n_bins - 1)
    bins = [
        Bin(float(stated[place == b].mean()), float(observed[place == b].mean()), int((place == b).sum()))
        for b in range(n_bins)
        if (place == b).any()
    ]
    return bins, sum(b.count * abs(b.stated - b.observed) for b in bins) / len(stated)


def risk_coverage(crowd: Array, seven: Array, thresholds: Sequence[float]) -> list[tuple[float, float, float]]:
    """(threshold, share answered, accuracy of the answered) when answers below the threshold are withheld."""
    stated = seven.max(axis=1)
    right = seven.argmax(axis=1) == crowd.argmax(axis=1)
    found = []
    for threshold in thresholds:
        answered = stated >= threshold
        found.append((threshold, float(answered.mean()), float(right[answered].mean()) if answered.any() else 0.0))
    return found


def f1_scores(gold: Array, predicted: Array, n_classes: int) -> tuple[float, float]:
    """Macro and weighted F1 over the classes (a class without gold or prediction counts 0 in macro)."""
    f1, support = np.zeros(n_classes), np.zeros(n_classes)
    for label in range(n_classes):
        hit = float(((gold == label) & (predicted == label)).sum())
        said, is_ = float((predicted == label).sum()), float((gold == label).sum())
        f1[label] = 2 * hit / (said + is_) if said + is_ else 0.0
        support[label] = is_
    return float(f1.mean()), float((f1 * support).sum() / support.sum())


def bootstrap(statistic: Callable[[npt.NDArray[np.int64]], float], n: int, draws: int = 1000) -> tuple[float, float]:
    """95 % percentile interval of a statistic of row indices."""
    rng = np.random.default_rng(0)
    values = [statistic(rng.integers(0, n, n)) for _ in range(draws)]
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)
