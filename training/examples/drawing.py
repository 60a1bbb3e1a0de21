"""What is drawn for a row: the same whenever and wherever the row is met, whatever rows stand around it."""

import random
from collections.abc import Sequence

from ...records import TrainingRow


def draw(row_id: str, seed: int, purpose: str) -> random.Random:
    """Return the source of chance for one purpose and one row.

    Examples
    --------
    >>> draw("clip 7", 0, "direct").random() == draw("clip 7", 0, "direct").random()
    True
    >>> draw("clip 7", 0, "direct").random() == draw("clip 8", 0, "direct").random()
    False
    """
    return random.Random(f"{seed}/{purpose}/{row_id}")  # noqa: S311 - no secret


def some_rows(rows: Sequence[TrainingRow], most: int | None, seed: int) -> list[TrainingRow]:
    """At most so many rows, in their order; which ones depends on their ids and the seed alone.

    Examples
    --------
    >>> from emoreason.records import Clip, CueSet
    >>> rows = [TrainingRow(id=name, cueset=CueSet(clip=Clip(id=name))) for name in "abcdef"]
    >>> len(some_rows(rows, 4, seed=0)), len(some_rows(rows, None, seed=0))
    (4, 6)
    >>> {row.id for row in some_rows(rows, 3, 0)} == {row.id for row in some_rows(rows[::-1], 3, 0)}
    True
    """
    if most is None or most >= len(rows):
        return list(rows)
    ranked = sorted(range(len(rows)), key=lambda index: draw(rows[index].id, seed, "rows").random())
    return [rows[index] for index in sorted(ranked[:most])]
