"""The order in which rows are learnt from: easy ones first, or as they come.

Difficulty of a row is the mean of three figures from 0 (easy) to 1 (hard):

- disagreement: the entropy of the raters' distribution over the seven classes, divided by that of a uniform one. Where
  no distribution is known, 0 for a row with one emotion or one label, else 0.5.
- labels: how many open-vocabulary labels there are beyond the first, 7 or more counting as 1. People who see a mixture
  give more of them.
- shift: 1 where the emotion differs from that of the turn before in the same group (as the rows stand in the file),
  0 where it is the same, 0.5 where one of the two is not known or there is no turn before.

Shifts of emotion are a known measure of how hard a dialogue is (Yang et al., "Hybrid Curriculum Learning for Emotion
Recognition in Conversation", AAAI 2022); the other two are ours. The weights are equal for want of a reason for others.
Rows of the same difficulty keep their order.

A trainer shuffles unless it is told not to: ``train_sampling_strategy = "sequential"`` for SFT and ``shuffle_dataset =
false`` for GRPO.
"""

import math
from collections.abc import Sequence
from typing import Final

from ...errors import ConfigError
from ...records import Reference, TrainingRow
from ...records.labels import EMOTIONS

EASY_TO_HARD: Final = "easy-to-hard"
_MOST_LABELS: Final = 8


def in_order(rows: Sequence[TrainingRow], curriculum: str | None) -> list[TrainingRow]:
    """Sort rows as the curriculum says; None leaves them as they are.

    Raises
    ------
    ConfigError
        There is no such curriculum.
    """
    if curriculum is None:
        return list(rows)
    if curriculum != EASY_TO_HARD:
        raise ConfigError(f"there is no curriculum {curriculum!r}; expected {EASY_TO_HARD!r} or none")
    ranks = difficulties(rows)
    return [rows[index] for index in sorted(range(len(rows)), key=ranks.__getitem__)]


def difficulties(rows: Sequence[TrainingRow]) -> list[float]:
    """Difficulty of each row, 0 to 1, as the module says.

    Examples
    --------
    >>> from emoreason.records import Clip, CueSet
    >>> def row(name, **known):
    ...     return TrainingRow(
    ...         id=name, cueset=CueSet(clip=Clip(id=name)), group="talk", reference=Reference(**known)
    ...     )
    >>> rows = [row("a", emotion="anger"), row("b", emotion="anger"), row("c", emotion="fear")]
    >>> [round(difficulty, 2) for difficulty in difficulties(rows)]
    [0.17, 0.0, 0.33]
    >>> [one.id for one in in_order(rows, "easy-to-hard")]
    ['b', 'a', 'c']
    """
    found, before = [], dict[str, str | None]()
    for row in rows:
        emotion = _emotion(row.reference)
        last = before.get(row.group) if row.group is not None else None
        if row.group is not None:
            before[row.group] = emotion
        shift = 0.5 if emotion is None or last is None else float(emotion != last)
        found.append((_disagreement(row.reference) + _mixture(row.reference) + shift) / 3)
    return found


def _disagreement(reference: Reference) -> float:
    counts = (reference.distribution or {}).values()
    total = sum(counts)
    shares = [share for count in counts if (share := count / (total or 1.0)) > 0]
    if not shares:
        return 0.0 if reference.emotion is not None or len(reference.labels or ()) == 1 else 0.5
    entropy = -sum(share * math.log(share) for share in shares)
    return min(1.0, max(0.0, entropy / math.log(len(EMOTIONS))))


def _mixture(reference: Reference) -> float:
    beyond = min(len(reference.labels or ()), _MOST_LABELS) - 1
    return max(0, beyond) / (_MOST_LABELS - 1)


def _emotion(reference: Reference) -> str | None:
    """Name what the row is mostly about, in whatever words: only differences count."""
    if reference.emotion is not None:
        return reference.emotion.casefold()
    if reference.distribution:
        return max(reference.distribution.items(), key=lambda item: item[1])[0].casefold()
    return reference.labels[0].casefold() if reference.labels else None
