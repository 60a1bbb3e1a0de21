"""Which cues a page lists and makes clickable: all of them, or, in a long clip, those that matter most."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from ...records import Cue, CueSet, Explanation
from ..text import shown

#: More cues than this make a page too large and too slow; the others are drawn but not listed.
MOST_CUES: Final = 1_500


@dataclass(frozen=True, slots=True)
class Listed:
    """One cue with its number on the page and the numbers of the claims that cite it."""

    number: int
    cue: Cue
    claims: tuple[int, ...]

    @property
    def id(self) -> str:
        """The cue's id as the page shows and links it."""
        return str(shown(self.cue.id))


@dataclass(frozen=True, slots=True)
class Choice:
    """Cues of a page: ``listed`` by cue id, and ``others``, which are only drawn."""

    listed: Mapping[str, Listed]
    others: tuple[Cue, ...]

    def numbers(self, cue_ids: Iterable[str]) -> str:
        """Numbers of these cues, for a ``data-cues`` attribute."""
        return " ".join(str(self.listed[cue_id].number) for cue_id in cue_ids if cue_id in self.listed)


def choose(cueset: CueSet, explanation: Explanation, most: int = MOST_CUES) -> Choice:
    """Choose the cues to list: those cited, then from every kind in turn the longest, until ``most`` are chosen."""
    claims: dict[str, list[int]] = defaultdict(list)
    for number, claim in enumerate(explanation.claims, 1):
        for cue_id in dict.fromkeys(claim.cue_ids):
            claims[cue_id].append(number)
    cited = set(claims) | {cue_id for ids in (explanation.label_cues or {}).values() for cue_id in ids}
    ranks: Counter[tuple[str | None, str]] = Counter()
    order: dict[str, tuple[bool, int]] = {}
    for cue in sorted(cueset.cues, key=lambda cue: (cue.start_s or 0.0) - (cue.end_s or 0.0)):
        ranks[cue.subject, cue.code] += 1
        order[cue.id] = (cue.id not in cited, ranks[cue.subject, cue.code])
    chosen = set(sorted(order, key=order.__getitem__)[:most])
    listed = [cue for cue in cueset.cues if cue.id in chosen]
    return Choice(
        {cue.id: Listed(number, cue, tuple(claims.get(cue.id, ()))) for number, cue in enumerate(listed)},
        tuple(cue for cue in cueset.cues if cue.id not in chosen),
    )
