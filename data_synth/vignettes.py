"""Vignettes: situations that call for an emotion and name none, in English and Chinese, as many as are asked for.

They are made of frames, which lie with the data of the probes (:mod:`emoreason.eval.probing.vignette_table`, also the
form of the table that is written): in ``situations.csv``, ``{Who}``, ``{They}``, ``{their}`` … stand for one of
``people.csv``, and ``[a|b|c]`` for one of several wordings, the same one in both languages. None of them is among the
situations that the probe asks about by itself.
"""

import random
import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import count, cycle, islice, product
from typing import Final

from ..errors import ConfigError
from ..eval.probing.vignette_table import Vignette, data_rows, write_vignettes
from ..records.labels import EMOTIONS

__all__ = ["make_vignettes", "write_vignettes"]

_CHOICE: Final = re.compile(r"\[([^\]]*)\]")
_SLOT: Final = re.compile(r"\{(\w+)\}")
_FORMS: Final[Mapping[str, Mapping[str, str]]] = {
    "she": {"they": "she", "their": "her", "them": "her", "theirs": "hers"},
    "he": {"they": "he", "their": "his", "them": "him", "theirs": "his"},
}
_CHINESE: Final = {"she": "她", "he": "他"}


def make_vignettes(number: int, *, seed: int = 0) -> list[Vignette]:
    """Make different situations, every class as often as the others (within one).

    Parameters
    ----------
    number : int
        How many; there are about a thousand.
    seed : int
        Of the order in which frames, wordings and people are taken.

    Raises
    ------
    ConfigError
        There are not so many.

    Examples
    --------
    >>> found = make_vignettes(14, seed=3)
    >>> sorted({one.emotion for one in found}) == sorted(EMOTIONS), len({one.en for one in found})
    (True, 14)
    """
    if number < 1:
        raise ConfigError(f"{number} vignettes were asked for; expected 1 or more")
    streams = {emotion: _shuffled(emotion, seed) for emotion in EMOTIONS}
    made: list[Vignette] = []
    numbers = {emotion: count(1) for emotion in EMOTIONS}
    for emotion in islice(cycle(EMOTIONS), number):
        found = next(streams[emotion], None)
        if found is None:  # further ones would not be even over the classes
            raise ConfigError(f"{number} vignettes were asked for; expected {len(made)} or less")
        made.append(Vignette(f"{emotion}{next(numbers[emotion])}", emotion, *found))
    return made


def _shuffled(emotion: str, seed: int) -> Iterator[tuple[str, str]]:
    """Yield all situations of a class, frame after frame in turn: neighbours differ in more than a word."""
    rng = random.Random(f"{seed} {emotion}")  # noqa: S311 - nothing secret is drawn
    frames: list[tuple[dict[str, str], Iterator[tuple[int, int]]]] = []
    for frame in _frames(emotion):
        every = list(product(range(_choices(frame["en"])), range(len(_people()))))
        rng.shuffle(every)
        frames.append((frame, iter(every)))
    rng.shuffle(frames)
    while frames:
        left = []
        for frame, variants in frames:
            if (variant := next(variants, None)) is not None:
                choice, person = variant
                yield _said(frame["en"], choice, person, "en"), _said(frame["zh"], choice, person, "zh")
                left.append((frame, variants))
        frames = left


def _choices(frame: str) -> int:
    found = _CHOICE.search(frame)
    return 1 if found is None else len(found[1].split("|"))


def _said(frame: str, choice: int, person: int, language: str) -> str:
    text = _CHOICE.sub(lambda match: match[1].split("|")[choice], frame)
    who = _people()[person]
    forms = _FORMS[who["pronoun"]] if language == "en" else dict.fromkeys(_FORMS["he"], _CHINESE[who["pronoun"]])
    words = {"who": who[language], **forms}

    def word(match: re.Match[str]) -> str:
        found = words[match[1].lower()]
        return found[0].upper() + found[1:] if match[1][0].isupper() else found

    return _SLOT.sub(word, text)


def _frames(emotion: str) -> list[dict[str, str]]:
    return [row for row in data_rows("situations.csv") if row["emotion"] == emotion]


@cache
def _people() -> tuple[dict[str, str], ...]:
    return tuple(data_rows("people.csv"))
