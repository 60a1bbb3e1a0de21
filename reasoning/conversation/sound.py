"""The sound of a clip as a part of a message, for models that listen."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...records import CueSet
from .capabilities import Capabilities

if TYPE_CHECKING:
    from .asking import Manner


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What a model hears of a clip.

    Attributes
    ----------
    part : dict or None
        ``input_audio`` part of an OpenAI message: WAV, 16 kHz, mono; None when there is nothing to hear.
    tokens : int
        What it takes of the model's context; rather too high than too low.
    notes : tuple of str
        What is not heard, and why.
    """

    part: dict[str, Any] | None = None
    tokens: int = 0
    notes: tuple[str, ...] = ()


def sound_of(cueset: CueSet, able: Capabilities, manner: "Manner") -> Heard:
    """Take the sound of a clip, if it has any and the model takes it."""
    return Heard()
