"""From one person's actions and voice to a distribution over seven emotions, every step of it on paper.

Two questions are answered one after the other, both by adding log-odds:

1. *Is anything expressed?* ``neutral`` against the rest: starts at even odds among seven, every present action
   speaks against it, every absent one for it (up to a limit).
2. *Which of the six?* a softmax over the sums of the terms' log-odds.

``P(e) = (1 - P(neutral)) * softmax(sums)[e]``. The annotated faces behind the weights have no neutral class, so
only the second step is fitted; the first is set by hand in ``reasoning/data/evidence_neutral.csv``.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

from ...records.labels import EMOTIONS
from .people import Action, Person
from .tables import SIX, Kind, Table

_MOST_TOGETHER: Final = 1.25


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that can weigh: its kind and code, how strongly it is there, and the cues it rests on."""

    kind: Kind
    code: str
    amount: float
    cue_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contribution:
    """A term and what it added: ``log_odds`` to each of the six, ``neutral`` to neutral against the rest."""

    term: Term
    log_odds: tuple[float, ...]
    neutral: float
    source: str

    @property
    def size(self) -> float:
        """How far it moves the six apart: largest minus smallest log-odds."""
        return max(self.log_odds) - min(self.log_odds)

    def favours(self, emotion: str) -> float:
        """Log-odds added to one emotion, neutral included."""
        return self.neutral if emotion == "neutral" else self.log_odds[SIX.index(emotion)]


@dataclass(frozen=True, slots=True)
class Scored:
    """The sum of a person's evidence.

    ``base`` are the six log-odds before any cue, ``sums`` with all of them; ``neutral`` the log-odds of neutral
    against the rest; ``probabilities`` are in the order of ``records.labels.EMOTIONS`` and sum to 1.
    ``contributions`` are ordered by size, largest first. ``neutral_base`` is where neutral starts; ``neutral_cut``
    (0 or less) what the limit on absent actions takes off, so that ``neutral`` is their sum with all contributions'.
    """

    person: Person
    contributions: tuple[Contribution, ...]
    base: tuple[float, ...]
    sums: tuple[float, ...]
    neutral: float
    probabilities: tuple[float, ...]
    neutral_base: float
    neutral_cut: float

    def probability(self, emotion: str) -> float:
        """Probability of one of the seven emotions."""
        return self.probabilities[EMOTIONS.index(emotion)]

    @property
    def ranked(self) -> list[tuple[str, float]]:
        """Emotions with their probabilities, likeliest first; ties in the fixed order of the emotions."""
        return sorted(zip(EMOTIONS, self.probabilities, strict=True), key=lambda pair: -pair[1])

    @property
    def evident(self) -> float:
        """How much speaks at all: sizes of what is present; what is absent counts a hundredth, as a tie-break."""
        return math.fsum(
            part.size * (0.01 if part.term.kind == "absent" else 1.0) for part in self.contributions
        ) + math.fsum(0.01 * abs(part.neutral) for part in self.contributions)


def terms(person: Person) -> Iterator[Term]:
    """Everything about a person that a table may have a weight for, whether it has one or not."""
    for action in person.present:
        yield Term("present", action.code, action.strength, action.cue_ids)
        if action.one_sided:
            yield Term("one_sided", action.code, action.strength, action.cue_ids)
    for first, second in combinations(person.present, 2):
        met = first.meets(second)
        if met is not None:
            yield _together(first, second, met)
    for action in person.absent:
        yield Term("absent", action.code, action.strength, action.cue_ids)
    for reading in person.voice:
        yield Term("voice", reading.code, reading.z, reading.cue_ids)


def _together(first: Action, second: Action, cue_ids: tuple[str, str]) -> Term:
    amount = min(first.strength * second.strength, _MOST_TOGETHER)
    return Term("together", f"{first.code}+{second.code}", amount, cue_ids)


def score(person: Person, table: Table) -> Scored:
    """Add up one person's evidence with one table of weights."""
    found = list(terms(person))
    # Measures of one family (four of loudness and brightness, say) are one body of evidence: counted once.
    families = Counter(table.voice_family[term.code] for term in found if term.code in table.voice_family)
    contributions: list[Contribution] = []
    for term in found:
        weight = table.find(term.kind, term.code)
        family = table.voice_family.get(term.code) if term.kind == "voice" else None
        share = 1.0 / math.sqrt(families[family]) if family is not None else 1.0
        neutral = _neutral(term, table) if weight is None or term.kind != "voice" else weight.neutral * term.amount
        if term.amount == 0.0 or (weight is None and neutral == 0.0):
            continue
        log_odds = tuple(value * term.amount * share for value in weight.log_odds) if weight else (0.0,) * len(SIX)
        source = weight.source if weight else ""
        contributions.append(Contribution(term, log_odds, neutral * share, source))
    contributions.sort(key=lambda part: (-round(part.size, 9), part.term.kind, part.term.code))
    return _sum_up(person, contributions, table)


def _neutral(term: Term, table: Table) -> float:
    if term.kind == "present":
        return table.neutral_of("present", term.code) * term.amount
    if term.kind == "absent":
        return table.neutral_of("absent", term.code) * term.amount
    return 0.0


def _sum_up(person: Person, contributions: list[Contribution], table: Table) -> Scored:
    base_weight = table.find("base", "")
    # The base is how often coded faces show each emotion: it says nothing about a person who shows nothing coded.
    weighed = (action.strength for action in person.present if table.find("present", action.code) is not None)
    shown = min(1.0, math.fsum(weighed))
    base = tuple(value * shown for value in base_weight.log_odds) if base_weight is not None else (0.0,) * len(SIX)
    sums = tuple(
        math.fsum((start, *(part.log_odds[index] for part in contributions))) for index, start in enumerate(base)
    )
    stillness = math.fsum(part.neutral for part in contributions if part.term.kind == "absent")
    start, most = table.neutral_of("base"), table.neutral_of("absent_most")
    moving = (part.neutral for part in contributions if part.term.kind != "absent")
    neutral = math.fsum((start, min(stillness, most), *moving))
    cut = min(0.0, most - stillness)
    return Scored(person, tuple(contributions), base, sums, neutral, seven(sums, neutral), start, cut)


def softmax(sums: Sequence[float]) -> list[float]:
    """Probabilities proportional to ``exp(sums)``."""
    highest = max(sums)
    powers = [math.exp(value - highest) for value in sums]
    total = math.fsum(powers)
    return [power / total for power in powers]


def seven(sums: Sequence[float], neutral: float) -> tuple[float, ...]:
    """Probabilities of the seven emotions from six sums of log-odds and neutral's own.

    Examples
    --------
    >>> [round(p, 3) for p in seven([0.0] * 6, -1.791759)]
    [0.143, 0.143, 0.143, 0.143, 0.143, 0.143, 0.143]
    """
    # Beyond +-60 the odds are not distinguishable from certainty, and exp must not overflow.
    still = 1.0 / (1.0 + math.exp(-min(max(neutral, -60.0), 60.0)))
    return (*((1.0 - still) * share for share in softmax(sums)), still)
