"""Where explanations go: the terminal, JSON Lines on stdout, the folder that ``--out`` names, the pages of a report."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Protocol

from ..errors import EmoreasonError
from ..records import Explanation
from ..records.jsonl import dump_line
from .cue_files import CURVE_FORMATS
from .headings import headings
from .inputs import Input
from .pages import Pages
from .results import OutFolder
from .terminal import print_json, print_line, show

if TYPE_CHECKING:
    from ..report.folder import ReportFolder


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

    def __init__(self, *, brief: bool, language: str = "en") -> None:
        self._brief = brief
        self._language = language

    def take(self, source: Input, explanation: Explanation) -> None:
        """Print the explanation."""
        from .readable import brief, readable

        if self._brief:
            show(brief(explanation, self._language))
        else:
            show(readable(explanation, source.cueset, self._language))

    def miss(self, place: str, error: EmoreasonError) -> None:
        """Nothing: errors are on stderr."""


class Folder:
    """``explanations.jsonl``, ``cues.jsonl``, for a report ``curves.jsonl``; ``errors.jsonl`` if something failed."""

    def __init__(self, out: OutFolder) -> None:
        self._out = out

    def take(self, source: Input, explanation: Explanation) -> None:
        """Append to each file."""
        lines = {"explanations.jsonl": dump_line(explanation), "cues.jsonl": dump_line(source.cueset)}
        if "curves.jsonl" in self._out:
            lines["curves.jsonl"] = next(CURVE_FORMATS["jsonl"].lines(source))
        self._out.add_together(lines.items())

    def miss(self, place: str, error: EmoreasonError) -> None:
        """Append to ``errors.jsonl``."""
        self._out.add_error(place, error)


@contextmanager
def open_sinks(
    out: str | None,
    as_json: bool | None,
    *,
    many: bool,
    report: "ReportFolder | None" = None,
    language: str = "en",
) -> Iterator[Sequence[Sink]]:
    """Open the sinks that the options ask for; files take their names when the block is left, however it is left.

    ``report`` is the open folder of a report; its pages come after the files they can be made from again.
    ``language`` is that of the text on a terminal.
    """
    with ExitStack() as stack:
        sinks: list[Sink] = []
        if out is not None:
            names = ["explanations.jsonl", "cues.jsonl", *(["curves.jsonl"] if report is not None else [])]
            sinks.append(Folder(stack.enter_context(OutFolder(out, *names))))
        if report is not None:
            stack.enter_context(report)
        lines = not sys.stdout.isatty() if as_json is None else as_json
        brief = many and out is not None and not lines
        sinks.append(Lines() if lines else Screen(brief=brief, language=language))
        if report is not None:
            sinks.append(Pages(report))  # last: it may have to wait for pages in the making
        yield sinks
        if brief:  # in full, each explanation carries it
            print_line(headings(language).notice)
