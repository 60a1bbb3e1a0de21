"""Which moments of a clip a model is shown, and the pictures of them, within its budget of pixels and tokens."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...prompts.render import Picture
from ...records import CueSet
from .capabilities import Capabilities

if TYPE_CHECKING:
    from .asking import Manner


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a model is shown of a clip.

    Attributes
    ----------
    pictures : tuple of Picture
        In order of time; JPEG in data URLs.
    tokens : int
        What they take of the model's context, their captions included; rather too high than too low.
    notes : tuple of str
        What is not shown, and why.
    """

    pictures: tuple[Picture, ...] = ()
    tokens: int = 0
    notes: tuple[str, ...] = ()


def pictures_of(cueset: CueSet, able: Capabilities, manner: "Manner") -> Shown:
    """Take pictures of the moments of a clip that say most, as many and as large as the budget allows."""
    return Shown()
