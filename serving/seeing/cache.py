"""Cues that were measured before: kept by content, the least recently used ones dropped first."""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from ...cues.gathered import Gathered
from .measuring import Measured

#: One clip may take at most this share of the cache: a single long one is not to push out all others.
_SHARE: Final = 4


@dataclass(frozen=True, slots=True)
class Key:
    """Everything that decides the cues of a clip, within one server: its bytes, and what is said in it."""

    sha256: str
    transcript: str | None

    @classmethod
    def of(cls, sha256: str, transcript: str | None) -> "Key":
        """Return the key of a clip; a transcript stands in it as its digest.

        Examples
        --------
        >>> Key.of("ab", None) == Key.of("ab", ""), Key.of("ab", "yes") == Key.of("ab", "yes")
        (False, True)
        """
        said = None if transcript is None else hashlib.sha256(transcript.encode("utf-8", "surrogatepass")).hexdigest()
        return cls(sha256, said)


class Cache:
    """Cues by content, within a number of bytes. It belongs to one event loop.

    Parameters
    ----------
    most_bytes : int
        0 keeps nothing.

    Attributes
    ----------
    size_bytes : int
        What is kept now.
    """

    def __init__(self, most_bytes: int) -> None:
        self.size_bytes = 0
        self._most_bytes = most_bytes
        self._kept: OrderedDict[Key, Measured] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Key) -> Gathered | None:
        """Return what is kept of a clip; None: nothing."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found.gathered

    def put(self, key: Key, measured: Measured) -> None:
        """Keep what was measured, if it has room."""
        if measured.weight > self._most_bytes // _SHARE:
            return
        old = self._kept.pop(key, None)
        self.size_bytes += measured.weight - (0 if old is None else old.weight)
        self._kept[key] = measured
        while self.size_bytes > self._most_bytes:
            _, dropped = self._kept.popitem(last=False)
            self.size_bytes -= dropped.weight
