"""Open-vocabulary labels: a word for the likeliest emotion by its intensity, and words for what is mixed in.

The words are in ``reasoning/data/evidence_labels.csv``. Intensity is the mean peak intensity of the actions that
speak for the emotion, weighted by how much they do.
"""

import math
from collections import defaultdict
from functools import cache
from typing import Final

from .score import Contribution, Scored
from .tables import rows

#: A second emotion is named when it has this share of the likeliest one's probability, and this probability.
_SECOND_SHARE: Final = 0.6
_SECOND_PROBABILITY: Final = 0.2
_SLIGHT_BELOW: Final = 1.0
_STRONG_FROM: Final = 2.5
_MOST_CUES: Final = 8
#: Of an action with many events, so many (the strongest) are cited.
CUES_PER_ACTION: Final = 3
_SPEAKS_FOR: Final = 0.05


def open_labels(scored: Scored) -> list[tuple[str, tuple[str, ...]]]:
    """Labels, strongest first, each with the ids of the cues that speak for it."""
    (best, p_best), (second, p_second), *_ = scored.ranked
    labels = [(_word(best, intensity_grade(scored, best)), cue_ids_for(scored, best))]
    if "neutral" in (best, second) or not shown_by_presence(scored, second):
        return labels
    if p_second >= max(_SECOND_PROBABILITY, _SECOND_SHARE * p_best):
        blend = _blends().get(frozenset((best, second)))
        if blend is not None:
            both = tuple(dict.fromkeys(cue_ids_for(scored, best) + cue_ids_for(scored, second)))
            labels.append((blend, both))
        labels.append((_word(second, intensity_grade(scored, second)), cue_ids_for(scored, second)))
    return labels


def supporting(scored: Scored, emotion: str) -> list[Contribution]:
    """Contributions that speak for an emotion, strongest first."""
    found = [part for part in scored.contributions if part.favours(emotion) > _SPEAKS_FOR]
    return sorted(found, key=lambda part: -part.favours(emotion))


def shown_by_presence(scored: Scored, emotion: str) -> bool:
    """Whether something present speaks for an emotion, not only base rates and what is absent."""
    return any(part.term.kind != "absent" for part in supporting(scored, emotion))


def cue_ids_for(scored: Scored, emotion: str) -> tuple[str, ...]:
    """Ids of the cues that speak for an emotion in sum, strongest first, those of present things before absent ones.

    A cue may speak in several terms (alone, on one side, together with another, which is half its own).
    """
    favour: dict[str, float] = defaultdict(float)
    absent: set[str] = set()
    for part in scored.contributions:
        cited = part.term.cue_ids[:CUES_PER_ACTION]
        for cue_id in cited:
            favour[cue_id] += part.favours(emotion) / (len(cited) if part.term.kind == "together" else 1)
        if part.term.kind == "absent":
            absent.update(cited)
    found = [cue_id for cue_id, value in favour.items() if value > _SPEAKS_FOR]
    return tuple(sorted(found, key=lambda cue_id: (cue_id in absent, -round(favour[cue_id], 9), cue_id)))[:_MOST_CUES]


def intensity_grade(scored: Scored, emotion: str) -> str:
    """``slight``, ``moderate`` or ``strong``; moderate when no supporting action has a measured intensity."""
    known = {action.code: action.intensity for action in scored.person.present if action.intensity is not None}
    weighted = [
        (part.favours(emotion), known[part.term.code])
        for part in supporting(scored, emotion)
        if part.term.kind == "present" and part.term.code in known
    ]
    total = math.fsum(weight for weight, _ in weighted)
    if total <= 0:
        return "moderate"
    mean = math.fsum(weight * value for weight, value in weighted) / total
    return "slight" if mean < _SLIGHT_BELOW else "strong" if mean >= _STRONG_FROM else "moderate"


def _word(emotion: str, grade: str) -> str:
    return _words()[emotion, "", grade]


@cache
def _words() -> dict[tuple[str, str, str], str]:
    return {(row["emotion"], row["second"], row["grade"]): row["word"] for row in rows("evidence_labels.csv")}


@cache
def _blends() -> dict[frozenset[str], str]:
    return {frozenset((emotion, second)): word for (emotion, second, _), word in _words().items() if second}
