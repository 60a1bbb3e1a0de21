"""Items: the words of a text that mean something to the lexicon, and the sentences in which they stand."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Item(NamedTuple):
    """One meaning of one word: kind and value as in the lexicon, where it stands, its number among the words."""

    kind: str
    value: object
    start: int
    end: int
    place: int


@dataclass(slots=True)
class Sentence:
    """Where a sentence stands, its items, whether it stands among the alternatives."""

    start: int
    end: int = 0
    items: list[Item] = field(default_factory=list)
    alternative: bool = False
    words: int = 0
    looked_at: int = 0
    speaks: bool = False

    def is_speech(self) -> bool:
        """Whether somebody says or is quoted in what was read so far; every item is looked at once."""
        if not self.speaks:
            new = self.items[self.looked_at :] if self.looked_at else self.items
            self.speaks = any(item.kind in ("say", "quote") for item in new)
            self.looked_at = len(self.items)
        return self.speaks
