"""Draws of groups of clips, and the sums of what they add: the arithmetic under :mod:`.measure`."""

from collections.abc import Hashable, Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: Most cells of a matrix of draws at a time: 32 MiB of float64.
_CELLS: Final = 1 << 22


def at_a_time(resamples: int, n_groups: int) -> int:
    """Return how many draws to hold at a time."""
    return max(1, min(resamples, _CELLS // max(n_groups, 1)))


def draw_groups(rng: np.random.Generator, count: int, n_groups: int) -> Floats:
    """Return how often each group comes in ``count`` drawings with replacement, ``[count, n_groups]``."""
    # Short integers: several come of one random word. Row by row: the counts of a row stay in the cache.
    kind = np.uint16 if n_groups <= 1 << 16 else np.uint32
    often = np.empty((count, n_groups))
    for row in often:
        row[:] = np.bincount(rng.integers(0, n_groups, n_groups, dtype=kind), minlength=n_groups)
    return often


def toss_coins(rng: np.random.Generator, count: int, n_groups: int) -> Floats:
    """Return zeros and ones, ``[count, n_groups]``."""
    words = rng.integers(0, 256, (count, (n_groups + 7) // 8), dtype=np.uint8)
    return np.unpackbits(words, axis=1, count=n_groups).astype(np.float64)


class Stack:
    """Arrays of sums side by side, summed by group: one product of matrices serves all measures.

    Measures that share an array of sums (precision, recall and F of one metric) share its columns.
    """

    def __init__(self, keyed: Mapping[Hashable, Floats], group_of: NDArray[np.intp], n_groups: int) -> None:
        self._places: dict[Hashable, slice] = {}
        width = 0
        for key, sums in keyed.items():
            self._places[key] = slice(width, width + sums.shape[1])
            width += sums.shape[1]
        rows = np.concatenate([np.zeros((len(group_of), 0)), *keyed.values()], axis=1)
        if n_groups < len(rows):
            sums = np.zeros((n_groups, width))
            np.add.at(sums, group_of, rows)
        else:
            sums = rows
        self.width = width
        self._blocks = [(at, columns, sums[at, columns]) for at, columns in _blocks(sums)]

    def totals(self, often: Floats) -> Floats:
        """Sum all columns, ``[draws, columns]``, for how often each group counts, ``[draws, groups]``."""
        found = np.zeros((len(often), self.width))
        for rows, columns, block in self._blocks:
            found[:, columns] = often[:, rows] @ block
        return found

    def part(self, totals: Floats, key: Hashable) -> Floats:
        """Columns of one array."""
        return totals[..., self._places[key]]


def _blocks(sums: Floats) -> list[tuple[slice, slice]]:
    """Ranges of rows and columns outside of which all is zero: measures of parts of the clips need the parts only."""
    found: list[tuple[slice, slice]] = []
    for column in range(sums.shape[1]):
        filled = np.flatnonzero(sums[:, column])
        first, end = (int(filled[0]), int(filled[-1]) + 1) if filled.size else (0, 0)
        if found and (first == end or (first < found[-1][0].stop and end > found[-1][0].start)):
            rows, columns = found.pop()
            first, end = (min(first, rows.start), max(end, rows.stop)) if first < end else (rows.start, rows.stop)
            found.append((slice(first, end), slice(columns.start, column + 1)))
        else:
            found.append((slice(first, end), slice(column, column + 1)))
    return found
