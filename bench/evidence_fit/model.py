"""The fit: a softmax regression with soft targets on the engine's own terms."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from emoreason.reasoning.evidence.people import read_people
from emoreason.reasoning.evidence.score import terms
from emoreason.reasoning.evidence.tables import SIX, Table, Weight, load_table
from emoreason.records import CueSet

from .faces import CONVENTIONS, Face, crowd_of, cueset_of
from .sources import literature_rows

Array = npt.NDArray[np.float64]
Column = tuple[str, str]
Amounts = dict[Column, float]

#: A pair of actions has a term of its own when so many faces show both.
PAIR_FACES = 60
#: An action's absence has a term when so many faces show the action.
ABSENT_FACES = 90
#: L2 penalties by kind, towards the literature's weight (present terms) or 0 (all others); a
#: rare action's is raised by RARE / (number of faces that show it).
PENALTY = {"present": 2.0, "one_sided": 4.0, "together": 10.0, "absent": 10.0}
RARE = 60.0
#: Share of the crowd's favourite in the targets, the rest is the crowd's distribution.
FAVOURITE_SHARE = 0.2
SOURCE = "fitted: RAF-AU human FACS codes, RAF-ML crowd distributions (research-only annotations)"


@dataclass(frozen=True, slots=True)
class Fitted:
    """Weights by column, base, and how many faces each column rests on."""

    columns: list[Column]
    weights: Array
    base: Array
    faces: dict[Column, int]


def write_down(faces: list[Face], vocabulary: list[str], seed: int = 0) -> dict[str, list[CueSet]]:
    """All faces in every convention (seed: which codes are left out or masked)."""
    rng = np.random.default_rng(seed)
    return {convention: [cueset_of(face, convention, vocabulary, rng) for face in faces] for convention in CONVENTIONS}


def amounts_of(cuesets: Sequence[CueSet]) -> list[Amounts]:
    """How much of each term there is in each face."""
    return [_amounts(cueset) for cueset in cuesets]


def fit(faces: list[Face], amounts: dict[str, list[Amounts]]) -> Fitted:
    """Fit on faces written down in all conventions; ``amounts`` per convention in the order of ``faces``."""
    by_convention = [row for convention in CONVENTIONS for row in amounts[convention]]
    counts = _counts(amounts["present"])
    prior = {(kind, code): np.array(values) for kind, code, values, _ in literature_rows() if kind == "present"}
    columns = _columns(counts, prior)
    design = _design(by_convention, columns)
    crowd = crowd_of(faces)
    targets = (1 - FAVOURITE_SHARE) * crowd + FAVOURITE_SHARE * np.eye(len(SIX))[crowd.argmax(axis=1)]
    centre = np.array([prior.get(column, np.zeros(len(SIX))) for column in columns])
    penalty = np.array([PENALTY[kind] + RARE / max(counts.get((kind, code), 0), 1) for kind, code in columns])
    weights, base = _minimise(design, np.tile(targets, (len(CONVENTIONS), 1)), penalty, centre, len(faces))
    return Fitted(columns, weights, base, {column: counts.get(column, 0) for column in columns})


def table_of(fitted: Fitted) -> Table:
    """Make a table the engine can use, with the shipped voice and neutral weights."""
    shipped = load_table("literature")
    weights = {key: weight for key, weight in shipped.weights.items() if key[0] == "voice"}
    weights["base", ""] = Weight(tuple(fitted.base), 0.0, SOURCE)
    for column, values in zip(fitted.columns, fitted.weights, strict=True):
        weights[column] = Weight(tuple(values), 0.0, SOURCE)
    return Table("fitted", weights, shipped.neutral, shipped.voice_family)


def _amounts(cueset: CueSet) -> dict[Column, float]:
    people = read_people(cueset)
    return {(term.kind, term.code): term.amount for term in terms(people[0])} if people else {}


def _counts(rows: Sequence[dict[Column, float]]) -> dict[Column, int]:
    counts: dict[Column, int] = {}
    for row in rows:
        for column in row:
            counts[column] = counts.get(column, 0) + 1
    for kind, code in list(counts):
        if kind == "present":
            counts["absent", code] = counts[kind, code]
    return counts


def _columns(counts: dict[Column, int], prior: dict[Column, Array]) -> list[Column]:
    def number(code: str) -> list[int]:
        return [int(part[2:]) for part in code.split("+")]

    codes = sorted({code for kind, code in {*counts, *prior} if kind == "present"}, key=number)
    pairs = [f"{first}+{second}" for first, second in combinations(codes, 2)]
    return [
        *(("present", code) for code in codes),
        *(("one_sided", code) for code in codes if ("one_sided", code) in counts),
        *(("together", pair) for pair in pairs if counts.get(("together", pair), 0) >= PAIR_FACES),
        *(("absent", code) for code in codes if counts.get(("absent", code), 0) >= ABSENT_FACES),
    ]


def _design(rows: Sequence[dict[Column, float]], columns: list[Column]) -> Array:
    place = {column: index for index, column in enumerate(columns)}
    design = np.zeros((len(rows), len(columns)))
    for number, row in enumerate(rows):
        for column, amount in row.items():
            if column in place:
                design[number, place[column]] = amount
    return design


def _minimise(design: Array, targets: Array, penalty: Array, centre: Array, n_faces: int) -> tuple[Array, Array]:
    """Penalised cross-entropy; each face weighs 1 however many conventions it is written in."""
    n_columns = design.shape[1]
    share = n_faces / len(design)

    def loss(vector: Array) -> tuple[float, Array]:
        weights, base = vector[: n_columns * 6].reshape(n_columns, 6), vector[n_columns * 6 :]
        logits = design @ weights + base
        logits -= logits.max(axis=1, keepdims=True)
        log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
        away = weights - centre
        value = -share * (targets * log_p).sum() + 0.5 * (penalty[:, None] * away**2).sum()
        slope = share * (np.exp(log_p) - targets)
        gradient = design.T @ slope + penalty[:, None] * away
        return float(value), np.concatenate([gradient.ravel(), slope.sum(axis=0)])

    start = np.concatenate([centre.ravel(), np.zeros(6)])
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 400, "ftol": 1e-9})
    weights, base = found.x[: n_columns * 6].reshape(n_columns, 6), found.x[n_columns * 6 :]
    return weights - weights.mean(axis=1, keepdims=True), base - base.mean()
