"""What a format has no place for, and what in a file is not understood, is said and never dropped in silence."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..errors import RecordError


@dataclass(frozen=True, slots=True)
class Loss:
    """Something a format leaves out, said in one sentence.

    ``sentence`` has ``{}`` where ``count`` and its noun stand, so that the losses of many clips add up to one.
    """

    sentence: str
    count: int = 0
    one: str = ""

    def __str__(self) -> str:
        return self.sentence.format(counted(self.count, self.one))


#: Takes what was left out, changed or not understood: a :class:`Loss` from writers, one plain sentence from readers.
Say = Callable[[Loss | str], object]

#: A larger annotation file is refused unread: an hour of densely coded video is a tenth of it.
MAX_BYTES: Final = 64 * 1024 * 1024


class FormatWarning(UserWarning):
    """A format has no place for something, or something in a file was not understood; the rest went through."""


def warn(said: Loss | str) -> None:
    """Say it as a :class:`FormatWarning`: what readers and writers do unless another ``say`` is given."""
    warnings.warn(str(said), FormatWarning, stacklevel=3)


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
