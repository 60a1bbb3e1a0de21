"""Cues that must not reach a model: those that carry a label, and those that could not be cited."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from ..cues.emotion_words import emotion_words_in
from ..cues.wording import LANGUAGES
from ..records import Cue
from .untrusted import shown_id

#: Codes of cues whose text was taken word for word from the clip, beside the modality speech.
VERBATIM_CODES: Final = frozenset({"on_screen_text"})

_DIGITS = re.compile(r"\d+")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Dropped:
    """A cue that is not in the prompt, and why."""

    cue_id: str
    reason: str


def screen(cues: Sequence[Cue]) -> tuple[list[Cue], list[Dropped]]:
    """Part the cues that may be shown from those that may not.

    A cue named, graded or described with an emotion word (another tool's ``happy`` score, prose that says how someone
    feels) is a label and not an observation; words that were spoken or stood on the screen are exempt. Two cues whose
    ids look the same once neutralised cannot be told apart: the second goes.
    """
    usable: dict[str, Cue] = {}
    dropped: list[Dropped] = []
    for cue in cues:
        words = _emotion_words(cue)
        shown = shown_id(cue.id)
        if words:
            dropped.append(Dropped(cue.id, f"names an emotion ({words[0]}): a label, not an observation"))
        elif shown in usable:
            dropped.append(Dropped(cue.id, f"its id is shown as {shown}, which another cue has"))
        else:
            usable[shown] = cue
    return list(usable.values()), dropped


def _emotion_words(cue: Cue) -> tuple[str, ...]:
    # Not the subject: people are called Joy and Grace.
    own = None if cue.modality == "speech" or cue.code in VERBATIM_CODES else cue.text
    return _words_of((cue.id.removeprefix(cue.subject or ""), cue.code, cue.level, cue.direction, cue.unit, own))


@lru_cache(maxsize=4096)
def _words_of(fields: tuple[str | None, ...]) -> tuple[str, ...]:
    # Codes are often written in one ("mouthHappyLeft"); without their numbers most cues of a clip look alike.
    text = _CAMEL.sub(" ", " | ".join(field for field in fields if field))
    return _words_in(_DIGITS.sub("0", text))


@lru_cache(maxsize=4096)
def _words_in(text: str) -> tuple[str, ...]:
    return tuple(word for language in LANGUAGES for word in emotion_words_in(text, language))
