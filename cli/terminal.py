"""The terminal: results alone go to stdout, everything else (notices, errors, progress) to stderr."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from ..prompts.untrusted import visible
from ..reasoning.purpose import UNDECLARED, declared_purpose

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.progress import Progress

#: Wider text is hard to read.
MAX_WIDTH = 100


def printable(text: str) -> str:
    """Text without what a terminal would obey instead of show (file names, transcripts); tabs and newlines stay."""
    return "".join(character if character in "\n\t" else visible(character) for character in text)


def _escaped(character: str) -> str:
    r"""One character of a JSON text, as ``\uXXXX`` where a terminal would not show it as it is."""
    shown = character.isascii() and character.isprintable()
    return character if shown or visible(character) == character else json.dumps(character)[1:-1]


def notice(text: str) -> None:
    """One line for the person at the terminal."""
    click.echo(f"emoreason: {_one_line(text)}", err=True)


def complain(place: str, error: BaseException | str) -> None:
    """One line about an input that failed; the place is not repeated when the message begins with it."""
    message = str(error)
    spellings = (place, place.encode("unicode_escape").decode("ascii"))
    notice(f"error: {message}" if message.startswith(spellings) else f"error: {place}: {message}")


def _one_line(text: str) -> str:
    return printable(" ".join(text.split()))


def check_purpose(purpose: str | None) -> str | None:
    """Refuse a forbidden purpose (PurposeError); say once that none was declared."""
    accepted = declared_purpose(purpose)
    if accepted is None:
        notice(UNDECLARED)
    return accepted


def print_line(line: str) -> None:
    """One line of results on stdout, UTF-8 on every system, at once (a reader may be waiting)."""
    _write(printable(line) if sys.stdout.isatty() else line)


def print_json(line: str) -> None:
    r"""One line of JSON on stdout; on a terminal what it would obey is written ``\uXXXX``, which means the same."""
    _write("".join(map(_escaped, line)) if sys.stdout.isatty() else line)


def _write(line: str) -> None:
    stream = sys.stdout.buffer
    stream.write(line.encode("utf-8", "backslashreplace") + b"\n")  # a file name may hold what is no Unicode
    stream.flush()


def show(renderable: "RenderableType") -> None:
    """Print text for a reader on stdout, at most :data:`MAX_WIDTH` wide; without blanks at line ends when piped."""
    from rich.console import Console

    console = Console(highlight=False, emoji=False)
    console.width = min(console.width, MAX_WIDTH)
    if console.is_terminal:
        console.print(renderable)
        return
    with console.capture() as captured:
        console.print(renderable)
    for line in captured.get().splitlines():
        print_line(line.rstrip())


class Meter:
    """Progress over clips with time elapsed and time left; silent where stderr is no terminal."""

    def __init__(self, progress: "Progress | None", total: int, doing: str) -> None:
        self._progress = progress
        self._shares: dict[str, float] = {}
        self._task = progress.add_task(doing, total=total or None) if progress else None

    def reach(self, name: str, share: float) -> None:
        """Say how much of one clip is done (0-1). Clips side by side may do so from threads of their own."""
        if self._progress and self._task is not None:
            self._shares[name] = max(share, self._shares.get(name, 0.0))
            self._progress.update(self._task, completed=sum(self._shares.values()))

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Take the progress line away while results are printed to the same screen."""
        if self._progress is None:
            yield
            return
        self._progress.stop()
        try:
            yield
        finally:
            self._progress.start()


@contextmanager
def meter(total: int, doing: str, of: str = "clips") -> Iterator[Meter]:
    """Show progress over ``total`` clips (0: not known), or whatever else ``of`` says, on stderr in the block."""
    if not sys.stderr.isatty():
        yield Meter(None, total, doing)
        return
    from rich import progress as parts
    from rich.console import Console

    name = parts.TextColumn("{task.description}", markup=False)
    share = [parts.BarColumn(bar_width=24), parts.TaskProgressColumn()] if total else []
    count = [parts.TextColumn(f"of {total} {of}")] if total > 1 else []
    left = [parts.TextColumn("left"), parts.TimeRemainingColumn()] if total else []
    columns = [parts.SpinnerColumn(), name, *share, *count, parts.TimeElapsedColumn(), *left]
    # Never redirect: rich would send the results on stdout to stderr.
    with parts.Progress(
        *columns, console=Console(stderr=True), transient=True, redirect_stdout=False, redirect_stderr=True
    ) as progress:
        yield Meter(progress, total, doing)
