"""What belongs together, directly or through others."""

from collections import defaultdict
from collections.abc import Hashable, Iterable


class Together:
    """Sets of numbers that share a tie, directly or through others (union-find)."""

    def __init__(self) -> None:
        self._parents: list[int] = []
        self._first: dict[int, int] = {}

    def add(self, number: int, ties: Iterable[Hashable]) -> None:
        """Add the next number."""
        self._parents.append(number)
        for tie in ties:
            one, other = self._root(number), self._root(self._first.setdefault(hash(tie), number))
            self._parents[max(one, other)] = min(one, other)

    def members(self) -> list[list[int]]:
        """Return the sets in order of their first members."""
        found: dict[int, list[int]] = defaultdict(list)
        for number in range(len(self._parents)):
            found[self._root(number)].append(number)
        return list(found.values())

    def _root(self, number: int) -> int:
        while (parent := self._parents[number]) != number:
            self._parents[number] = self._parents[parent]
            number = parent
        return number
