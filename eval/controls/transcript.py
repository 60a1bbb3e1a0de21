"""Answers from the words alone: TF-IDF and linear models, so that nobody takes what the transcript says for seeing.

Without a training gold they are cross-validated: no clip is answered by a model that saw it, nor one that saw its
speaker where speakers are known. Chinese is read by characters, everything else by words.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from ...rewards.cue_match.clauses import is_chinese
from ..class_mapping import gold_class
from ..sample import Gold, Prediction

_FOLDS: Final = 5
#: With fewer transcripts nothing is learned.
_FEWEST: Final = 20
#: A label that fewer clips have is not learned; nor are more labels than this.
_RAREST: Final = 3
_MOST_LABELS: Final = 40


def from_transcripts(
    golds: Sequence[Gold], train: Sequence[Gold] | None = None, *, seed: int = 0
) -> list[Prediction] | None:
    """Answer every clip; None where there are too few transcripts to learn from.

    A clip without a transcript gets what the models say of no words at all: how frequent everything is.

    Parameters
    ----------
    golds : sequence of Gold
        Clips to answer.
    train : sequence of Gold, optional
        Clips to learn from, all others than ``golds``. Without it: cross-validation within ``golds``.
    seed : int
        Of the folds.
    """
    spoken = [gold for gold in golds if (gold.transcript or "").strip()]
    teaching = [gold for gold in train if (gold.transcript or "").strip()] if train is not None else spoken
    if len(teaching) < _FEWEST or not spoken:
        return None
    if train is not None:
        return _Words(teaching).answer(golds)
    silent = [gold for gold in golds if not (gold.transcript or "").strip()]
    found = {made.clip: made for made in _Words(spoken).answer(silent)} if silent else {}
    for learned, asked in _folds(spoken, seed):
        words = _Words([spoken[at] for at in learned])
        found |= {made.clip: made for made in words.answer([spoken[at] for at in asked])}
    return [found[gold.clip] for gold in golds]


def _folds(golds: Sequence[Gold], seed: int) -> Iterator[tuple[Any, Any]]:
    """Yield what to learn from and what to answer; clips of one speaker stay together where there are speakers."""
    from sklearn.model_selection import GroupKFold, KFold

    speakers = [gold.speaker or f"clip {gold.clip}" for gold in golds]
    if len(set(speakers)) >= _FOLDS:
        yield from GroupKFold(_FOLDS, shuffle=True, random_state=seed).split(speakers, groups=speakers)
    else:
        yield from KFold(_FOLDS, shuffle=True, random_state=seed).split(speakers)


class _Words:
    """Models of whatever the golds know: class or distribution, labels, valence and arousal."""

    def __init__(self, golds: Sequence[Gold]) -> None:
        from sklearn.feature_extraction.text import TfidfVectorizer

        texts = [gold.transcript or "" for gold in golds]
        chinese = 2 * sum(is_chinese(text) for text in texts) > len(texts)
        kind: dict[str, Any] = {"analyzer": "char"} if chinese else {"token_pattern": r"(?u)\b\w+\b"}
        self._vectorizer = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), **kind)
        vectors = self._vectorizer.fit_transform([text if text.strip() else "-" for text in texts])
        self._classes = _classifier(vectors, golds)
        self._numbers = {
            name: _regression(vectors, [getattr(gold.reference, name) for gold in golds])
            for name in ("valence", "arousal")
        }
        labels = [gold.reference.labels for gold in golds]
        counts = Counter(label for found in labels for label in set(found or ()))
        self._labels = {
            label: _detector(vectors, [None if found is None else label in found for found in labels])
            for label, count in counts.most_common(_MOST_LABELS)
            if count >= _RAREST
        }
        self._n_labels = max(1, round(float(np.mean([len(found) for found in labels if found] or [1]))))

    def answer(self, golds: Sequence[Gold]) -> list[Prediction]:
        vectors = self._vectorizer.transform([gold.transcript or "" for gold in golds])
        shares = self._shares(vectors, len(golds))
        numbers = {
            name: [float(value) for value in model.predict(vectors).clip(-1, 1)] if model else [None] * len(golds)
            for name, model in self._numbers.items()
        }
        chances = {label: model.predict_proba(vectors)[:, 1] for label, model in self._labels.items() if model}
        return [
            Prediction(
                clip=gold.clip,
                labels=self._best(row, chances),
                emotion=max(shares[row], key=lambda name: shares[row][name]) if shares[row] else None,
                distribution=shares[row] or None,
                valence=numbers["valence"][row],
                arousal=numbers["arousal"][row],
            )
            for row, gold in enumerate(golds)
        ]

    def _shares(self, vectors: Any, n_clips: int) -> list[dict[str, float]]:
        """Probability of each class, clip by clip; empty where there was but one class to learn."""
        if self._classes is None:
            return [{} for _ in range(n_clips)]
        names = [str(name) for name in self._classes.classes_]
        return [
            {name: float(share) for name, share in zip(names, row, strict=True)}
            for row in self._classes.predict_proba(vectors)
        ]

    def _best(self, row: int, chances: dict[str, Any]) -> tuple[str, ...] | None:
        """As many labels as clips have on average, the likeliest first."""
        ranked = sorted(chances, key=lambda label: (-float(chances[label][row]), label))
        return tuple(ranked[: self._n_labels]) or None


def _classifier(vectors: Any, golds: Sequence[Gold]) -> Any:
    """Logistic regression on classes, or on the crowd's shares as weights; None where there are not two classes."""
    from sklearn.linear_model import LogisticRegression

    rows, names, weights = [], [], []
    for row, gold in enumerate(golds):
        shares = gold.reference.distribution or ({name: 1.0} if (name := gold_class(gold)) else {})
        for name, share in shares.items():
            if share > 0:
                rows.append(row)
                names.append(name)
                weights.append(share)
    if len(set(names)) < 2:
        return None
    return LogisticRegression(C=4.0, max_iter=1000).fit(vectors[rows], names, sample_weight=weights)


def _detector(vectors: Any, there: Sequence[bool | None]) -> Any:
    from sklearn.linear_model import LogisticRegression

    rows = [row for row, value in enumerate(there) if value is not None]
    wanted = [bool(there[row]) for row in rows]
    return LogisticRegression(C=4.0, max_iter=1000).fit(vectors[rows], wanted) if len(set(wanted)) == 2 else None


def _regression(vectors: Any, values: Sequence[float | None]) -> Any:
    from sklearn.linear_model import Ridge

    rows = [row for row, value in enumerate(values) if value is not None and np.isfinite(value)]
    if len(rows) < _FEWEST:
        return None
    return Ridge(alpha=1.0).fit(vectors[rows], [values[row] for row in rows])
