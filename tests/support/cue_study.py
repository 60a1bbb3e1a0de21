"""Cue rewards on clips whose explanations people checked: does the right clip's text score above another clip's?

The clips are halved at random, once for all. The first half gives the clues of other clips (the floor, and the clauses
of the constant lists), and everything that was tried out or tuned was scored there; figures come from the second half.
Words spoken are left out of all texts beforehand, for every score alike.
"""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoreason.eval.auc import auc
from emoreason.eval.stats import Interval, bootstrap_drawn
from emoreason.records import Clip, CueSet, Reference
from emoreason.rewards.completion import Completion
from emoreason.rewards.cue_match import CueMatch
from emoreason.rewards.cue_match.clauses import repeats_speech, split_clauses, spoken_words
from emoreason.rewards.cue_match.emocue360 import EmoCue360
from emoreason.rewards.embedders import Embedder
from emoreason.rewards.reward import Case

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Study:
    """Clips, each with its reference and the sentences each system wrote about it."""

    references: list[Reference]
    texts: dict[str, list[str]]

    def part(self, clips: Sequence[int]) -> "Study":
        texts = {system: [written[clip] for clip in clips] for system, written in self.texts.items()}
        return Study([self.references[clip] for clip in clips], texts)


def read_study(folder: Path, *, speech: bool = False) -> tuple[Study, Study]:
    """First and second half. ``speech`` keeps the sentences about the words spoken."""
    explained = _rows(folder / "emer_explanations.jsonl")
    random.Random(0).shuffle(explained)
    spoken = {row["clip"]: CueSet(clip=Clip(id=row["clip"], transcript=row["transcript_en"])) for row in explained}

    def cleaned(text: str, clip: str) -> list[str]:
        words = spoken_words(spoken[clip])
        return [clause for clause in split_clauses(text) if speech or not repeats_speech(clause, words)]

    references = {row["clip"]: tuple(cleaned(row["explanation_en"], row["clip"])) for row in explained}
    half = {clip: number < len(explained) // 2 + 1 for number, clip in enumerate(references)}
    clips = [clip for clip, clues in references.items() if clues]
    written: dict[str, dict[str, str]] = {}
    for row in _rows(folder / "emer_system_texts.jsonl"):
        written.setdefault(row["system"], {})[row["clip"]] = "\n".join(cleaned(row["text"], row["clip"]))
    whole = Study(
        [Reference(clues=references[clip], cueset=spoken[clip]) for clip in clips],
        {system: [by_clip[clip] for clip in clips] for system, by_clip in sorted(written.items())},
    )
    middle = sum(half[clip] for clip in clips)
    return whole.part(range(middle)), whole.part(range(middle, len(clips)))


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def score_matrices(study: Study, reward: CueMatch | EmoCue360) -> dict[str, Matrix]:
    """System -> values ``[text of clip i, reference of clip j]``."""
    return part_matrices(study, reward, ("value",))["value"]


def part_matrices(study: Study, reward: CueMatch | EmoCue360, parts: Sequence[str]) -> dict[str, dict[str, Matrix]]:
    """Part of the score (or ``value``) -> system -> matrix."""
    found: dict[str, dict[str, Matrix]] = {part: {} for part in parts}
    for system, texts in study.texts.items():
        cases = [Case(Completion(text=text, think=text), gold) for text in texts for gold in study.references]
        scores = [score for score in reward.score_many(cases) if score is not None]
        for part in parts:
            values = [score.value if part == "value" else (score.parts or {})[part] for score in scores]
            found[part][system] = np.array(values, dtype=float).reshape(len(texts), len(study.references))
    return found


def with_floor(study: Study, others: Study, embedder: Embedder, matrices: dict[str, Matrix]) -> dict[str, Matrix]:
    """Soft maxima minus their mean against other clips' clues."""
    floored = {}
    soft = EmoCue360(embedder)
    for system, texts in study.texts.items():
        cases = [Case(Completion(text=text, think=text), gold) for text in texts for gold in others.references[::5]]
        values = [score.value for score in soft.score_many(cases) if score is not None]
        floors = np.array(values, dtype=float).reshape(len(texts), -1).mean(axis=1)
        floored[system] = matrices[system] - floors[:, None]
    return floored


def auc_of(matrices: Sequence[Matrix], clips: NDArray[np.intp] | None = None) -> float:
    """AUC of right pairs (i, i) against wrong ones (i, j), all systems together, of the drawn clips."""
    scores, right = [], []
    for matrix in matrices:
        drawn = np.arange(len(matrix)) if clips is None else clips
        same = drawn[:, None] == drawn[None, :]
        # A clip drawn twice meets itself off the diagonal: that pair is neither.
        keep = ~same | np.eye(len(drawn), dtype=bool)
        scores.append(matrix[np.ix_(drawn, drawn)][keep])
        right.append(same[keep])
    return auc(np.concatenate(scores), np.concatenate(right))


def auc_with_interval(matrices: Sequence[Matrix], resamples: int = 1000) -> Interval:
    return bootstrap_drawn(lambda drawn: auc_of(matrices, drawn), len(matrices[0]), resamples=resamples)


def auc_difference(ours: Sequence[Matrix], theirs: Sequence[Matrix], resamples: int = 1000) -> Interval:
    return bootstrap_drawn(lambda drawn: auc_of(ours, drawn) - auc_of(theirs, drawn), len(ours[0]), resamples=resamples)


def rank_of_right(matrices: Sequence[Matrix]) -> float:
    """Mean share of wrong references that a text scores lower on than on the right one, ties half."""
    shares = []
    for matrix in matrices:
        right = np.diag(matrix)[:, None]
        others = ~np.eye(len(matrix), dtype=bool)
        wins = (matrix < right) + 0.5 * (matrix == right)
        shares.append((wins * others).sum(axis=1) / others.sum(axis=1))
    return float(np.mean(shares))


def central_clauses(study: Study, embedder: Embedder, n: int) -> list[str]:
    """The constant list that suits these references best, clause by clause.

    Each time the clause is added that raises the mean best cosine over all clues the most (facility location).
    """
    clues = [clue for reference in study.references for clue in reference.clues]
    cosines = np.asarray(embedder(clues), dtype=float)
    cosines = cosines @ cosines.T
    best = np.zeros(len(clues))
    chosen: list[int] = []
    for _ in range(n):
        gains = np.maximum(cosines, best).sum(axis=1)
        gains[chosen] = -1
        chosen.append(int(gains.argmax()))
        best = np.maximum(best, cosines[chosen[-1]])
    return [clues[index] for index in chosen]


def scores_of_list(
    study: Study, clauses: Sequence[str], reward: CueMatch | EmoCue360, part: str | None = None
) -> Matrix:
    """Scores of one constant list against every reference, ``[clips]``."""
    text = "\n".join(clauses)
    scores = reward.score_many([Case(Completion(text=text, think=text), gold) for gold in study.references])
    return np.array([s.value if part is None else (s.parts or {})[part] for s in scores if s is not None], dtype=float)


def tuned_threshold(
    first: Study, make: Callable[[float, list[tuple[str, ...]]], CueMatch], grid: Sequence[float]
) -> dict[float, float]:
    """AUC of each threshold on the first half: a third of it makes the floor, the rest is scored."""
    size = len(first.references)
    floor, scored = first.part(range(size // 3)), first.part(range(size // 3, size))
    background = [reference.clues for reference in floor.references]
    return {t: auc_of(list(score_matrices(scored, make(t, background)).values())) for t in grid}
