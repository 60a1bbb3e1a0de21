"""How far a judge of drafts agrees with people, measured on what they decided on the page for review.

People accept or reject; the judge gives 0 to 1. Two figures, with intervals by clip: the chance that a text that people
accepted has the higher score (AUC), and Krippendorff's alpha (nominal) of the judge's verdict "at least half of the
scale" and theirs. Rows passed the checks and rejected drafts did not, so the sample is not one of all drafts.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from ..eval.auc import auc
from ..eval.judging.rater_agreement import FEWEST, krippendorff_alpha
from ..eval.stats import Interval, bootstrap_by_clip
from .folder import Folder
from .judging import JUDGED, MEASURE, read_scores
from .writing.rejected import read_rejected

#: From this score on a judge is taken to accept.
ACCEPTS: Final = 0.5
_RESAMPLES: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How a judge's scores go with people's decisions.

    Attributes
    ----------
    decisions, accepted : int
        Decisions on texts that the judge scored, and how many of them accept.
    auc, alpha : Interval or None
        None: fewer than three decisions, or people (for alpha: both) decided all the same way.
    """

    decisions: int
    accepted: int
    auc: Interval | None
    alpha: Interval | None

    def sentence(self) -> str:
        """Say it on the card."""
        counts = f"{self.decisions} texts, {self.accepted} accepted by people"
        if self.auc is None:
            return f"not measured ({counts}; it needs {FEWEST} or more, some accepted and some rejected)"
        alpha = "not defined" if self.alpha is None else str(self.alpha)
        return f"AUC {self.auc}, Krippendorff's alpha from a score of {ACCEPTS:g} on {alpha} ({counts})"

    def to_dict(self) -> dict[str, Any]:
        """JSON value."""
        both = {"auc": self.auc, "alpha": self.alpha}
        return {
            "decisions": self.decisions,
            "accepted": self.accepted,
            **{name: None if one is None else [one.value, one.low, one.high] for name, one in both.items()},
        }


def judge_agreement(folder: Path, decisions: Iterable[Mapping[str, str]]) -> Agreement | None:
    """Compare the judge of a synthesis with people.

    Parameters
    ----------
    folder : Path
        Of the synthesis.
    decisions : iterable of mapping
        Of ``reviewed.read_decisions``.

    Returns
    -------
    Agreement or None
        None: no judge was asked.
    """
    scores = _scores(folder)
    if not scores:
        return None
    known = {(one["kind"], one["id"]): one["decision"] == "accept" for one in decisions}
    pairs = [(name.rpartition("#")[0], scores[kind, name], known[kind, name]) for kind, name in known if
             (kind, name) in scores]  # fmt: skip
    return measure_agreement(pairs)


def measure_agreement(pairs: Sequence[tuple[str, float, bool]]) -> Agreement:
    """Measure clip, score and whether people accepted.

    Examples
    --------
    >>> found = measure_agreement([("a", 0.9, True), ("b", 0.8, True), ("c", 0.2, False), ("d", 0.85, False)])
    >>> found.auc.value, found.decisions
    (0.75, 4)
    >>> measure_agreement([("a", 0.9, True)]).sentence()
    'not measured (1 texts, 1 accepted by people; it needs 3 or more, some accepted and some rejected)'
    """
    clips = [clip for clip, _, _ in pairs]
    scores = np.array([score for _, score, _ in pairs], dtype=np.float64)
    accepted = np.array([yes for _, _, yes in pairs], dtype=bool)
    defined = len(set(clips)) >= FEWEST and 0 < accepted.sum() < len(pairs)

    def alpha(score: Any, yes: Any) -> float:
        return krippendorff_alpha([(score >= ACCEPTS).astype(float), yes.astype(float)], "nominal")

    options: dict[str, Any] = {"clips": clips, "resamples": _RESAMPLES}
    return Agreement(
        decisions=len(pairs),
        accepted=int(accepted.sum()),
        auc=bootstrap_by_clip(auc, scores, accepted, **options) if defined else None,
        alpha=_defined(bootstrap_by_clip(alpha, scores, accepted, **options)) if defined else None,
    )


def _defined(one: Interval) -> Interval | None:
    return None if math.isnan(one.value) else one


def _scores(folder: Path) -> dict[tuple[str, str], float]:
    """Score of each text as the page for review calls it."""
    kept = read_scores(Folder(folder).state / JUDGED)
    # Rows that people took out are no longer in the folder's files, but still in the judge's.
    rows = {("row", f"{clip}#{number}"): score for (clip, number, _), score in kept.items()}
    return rows | dict(_rejected(folder))


def _rejected(folder: Path) -> Iterator[tuple[tuple[str, str], float]]:
    for line in read_rejected(folder):
        drafts = [one for one in line.get("drafts") or () if one.get("text")]
        for place, one in enumerate(drafts):
            score = (one.get("measures") or {}).get(MEASURE)
            if score is not None:
                name = f"{line['clip']}#{one['number']}" + (f" try {place + 1}" if place else "")
                yield ("rejected", name), float(score)
