"""Where explanations go: the terminal, JSON Lines on stdout, the folder that ``--out`` names."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Protocol

from ..errors import EmoreasonError
from ..reasoning.purpose import NOTICE
from ..records import Explanation
from ..records.jsonl import dump_line
from .inputs import Input
from .results import OutFolder
from .terminal import print_json, print_line, show


class Sink(Protocol):
    """Takes explanations one by one, in input order, and hears of inputs that failed."""

    def take(self, source: Input, explanation: Explanation) -> None:
        """One explained input."""
        ...

    def miss(self, place: str, error: EmoreasonError) -> None:
        """One input that could not be explained."""
        ...


class Lines:
    """One Explanation per line on stdout."""

    def take(self, source: Input, explanation: Explanation) -> None:
        """Print the line."""
        print_json(dump_line(explanation))

    def miss(self, place: str, error: EmoreasonError) -> None:
        """Nothing: errors are on stderr."""


class Screen:
    """Readable text on stdout: in full, or one line per clip where files hold the whole (``brief``)."""

    def __init__(self, *, brief: bool) -> None:
        self._brief = brief

    def take(self, source: Input, explanation: Explanation) -> None:
        """Print the explanation."""
        from .readable import brief, readable

        show(brief(explanation) if self._brief else readable(explanation, source.cueset))

    def miss(self, place: str, error: EmoreasonError) -> None:
        """Nothing: errors are on stderr."""


class Folder:
    """``explanations.jsonl``, ``cues.jsonl`` and, where something failed, ``errors.jsonl``."""

    def __init__(self, out: OutFolder) -> None:
        self._out = out

    def take(self, source: Input, explanation: Explanation) -> None:
        """Append to both files."""
        explained, cues = dump_line(explanation), dump_line(source.cueset)  # both lines or none
        self._out.add_text("explanations.jsonl", explained)
        self._out.add_text("cues.jsonl", cues)

    def miss(self, place: str, error: EmoreasonError) -> None:
        """Append to ``errors.jsonl``."""
        self._out.add_error(place, error)


@contextmanager
def open_sinks(out: str | None, as_json: bool | None, *, many: bool) -> Iterator[Sequence[Sink]]:
    """Open the sinks that the options ask for; files take their names when the block is left, however it is left."""
    with ExitStack() as stack:
        sinks: list[Sink] = []
        if out is not None:
            sinks.append(Folder(stack.enter_context(OutFolder(out, "explanations.jsonl", "cues.jsonl"))))
        lines = not sys.stdout.isatty() if as_json is None else as_json
        brief = many and out is not None and not lines
        sinks.append(Lines() if lines else Screen(brief=brief))
        yield sinks
        if brief:  # in full, each explanation carries it
            print_line(NOTICE)
