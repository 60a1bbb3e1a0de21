"""What a verb works on: clips to extract cues from, or lines of cues that exist already."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from ..errors import ConfigError, EmoreasonError
from ..records import CueSet, Curve
from ..records.jsonl import read_rows


@dataclass(frozen=True, slots=True)
class Input:
    """One input: what the user knows it by (the path, or ``FILE:LINE``), and its cues or why there are none."""

    place: str
    found: CueSet | EmoreasonError
    curves: tuple[Curve, ...] = ()

    @property
    def name(self) -> str:
        """The clip's id, or the place where there is no clip."""
        return self.found.clip.id if isinstance(self.found, CueSet) else self.place

    @property
    def cueset(self) -> CueSet:
        """The cues; raises the error that stands in their place."""
        if isinstance(self.found, EmoreasonError):
            raise self.found
        return self.found


def read_inputs(files: Iterable[str]) -> Iterator[Input]:
    """CueSet lines of the files in order (``-`` is stdin); a bad line is an Input with its error.

    Raises
    ------
    ConfigError
        A file cannot be read.
    """
    for name in files:
        with _opened(name) as (file, shown):
            for place, row in read_rows(file, CueSet, shown):
                yield Input(place, row)


@contextmanager
def _opened(name: str) -> Iterator[tuple[IO[bytes], str]]:
    if name == "-":
        yield sys.stdin.buffer, "stdin"
        return
    try:
        file = open(name, "rb")  # noqa: SIM115 - closed below; only its opening may become a ConfigError
    except OSError as error:
        raise ConfigError(f"--cues {name}: cannot be read: {error.strerror or error}") from error
    with file:
        yield file, name
