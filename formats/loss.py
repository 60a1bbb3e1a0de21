"""What a format has no place for, and what in a file is not understood, is said and never dropped in silence."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..errors import RecordError

#: Takes one plain sentence about what was left out or not understood; what writers leave out is a :class:`Loss`.
Say = Callable[[str], object]

#: A larger annotation file is refused unread: an hour of densely coded video is a tenth of it.
MAX_BYTES: Final = 64 * 1024 * 1024


class FormatWarning(UserWarning):
    """A format has no place for something, or something in a file was not understood; the rest went through."""


class Loss(str):
    """One sentence about something a format leaves out, in parts, so that the losses of many clips add up to one.

    ``sentence`` has ``{}`` where ``number`` and its noun ``one`` stand.

    Examples
    --------
    >>> Loss("WebVTT has no place for {} without a time", 3, "claim")
    'WebVTT has no place for 3 claims without a time'
    """

    sentence: str
    number: int
    one: str

    def __new__(cls, sentence: str, number: int = 0, one: str = "") -> "Loss":
        """Fill in the number."""
        loss = super().__new__(cls, sentence.format(counted(number, one)))
        loss.sentence, loss.number, loss.one = sentence, number, one
        return loss


def warn(text: str) -> None:
    """Say it as a :class:`FormatWarning`: what readers and writers do unless another ``say`` is given."""
    warnings.warn(text, FormatWarning, stacklevel=3)


def counted(count: int, one: str, many: str | None = None) -> str:
    """Count in words: ``1 cue``, ``3 cues``."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def read_limited(path: str | Path, limit: int = MAX_BYTES) -> bytes:
    """Bytes of a file.

    Raises
    ------
    RecordError
        It cannot be read or is larger than ``limit`` bytes.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror or error}") from error
    if len(data) > limit:
        raise RecordError(f"{path}: larger than {limit >> 20} MiB; such files are split by clip")
    return data
