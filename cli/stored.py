"""Results of an earlier run, read back: explanations in order, with the cues and curves that belong to them."""

from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final, Generic, TypeVar

from ..errors import ConfigError, RecordError
from ..records import CueSet, Curve, Explanation
from ..records.convert import from_json, parse_json
from ..records.jsonl import read_rows

R = TypeVar("R")
Say = Callable[[str, RecordError], None]

#: An hour of curves is about 60 MiB.
LONGEST_LINE: Final = 512 << 20


@dataclass(frozen=True, slots=True)
class Stored:
    """One explained clip."""

    explanation: Explanation
    cueset: CueSet
    curves: tuple[Curve, ...] = ()


def read_results(folder: Path, say: Say) -> Iterator[tuple[str, Stored | RecordError]]:
    """Yield the clips of ``explanations.jsonl`` in order, each with its place in the file or its id.

    Cues and curves belong to an explanation by clip id; where an id occurs twice, by order. A line that cannot be
    read is an error in its place, and the next one is read.

    Parameters
    ----------
    folder : Path
        What ``explain --out`` wrote; ``curves.jsonl`` may be missing.
    say : callable
        Told the place and the error of lines of cues and curves that cannot be read.

    Raises
    ------
    ConfigError
        ``explanations.jsonl`` or ``cues.jsonl`` cannot be read.
    """
    with ExitStack() as stack:
        explanations = stack.enter_context(_opened(folder / "explanations.jsonl"))
        cues = _LinesByClip(stack.enter_context(_opened(folder / "cues.jsonl")), _cueset, say)
        curves = curves_by_clip(folder, stack, say)
        for place, row in read_rows(explanations, Explanation, explanations.name):
            if isinstance(row, RecordError):
                yield place, row
            elif (cueset := cues.take(row.clip)) is None:
                yield row.clip, RecordError(f"{cues.name} has no line for it: its page cannot be made")
            else:
                yield row.clip, Stored(row, cueset, curves(row.clip))


def curves_by_clip(folder: Path, stack: ExitStack, say: Say) -> Callable[[str], tuple[Curve, ...]]:
    """Give what ``curves.jsonl`` has for one clip after the other; nothing where there is no such file.

    Raises
    ------
    ConfigError
        It cannot be read.
    """
    if not (folder / "curves.jsonl").exists():
        return lambda clip: ()
    lines = _LinesByClip(stack.enter_context(_opened(folder / "curves.jsonl")), _curves, say)
    return lambda clip: lines.take(clip) or ()


def count_lines(path: Path) -> int:
    """Count the lines of a file that ``read_results`` can open."""
    with _opened(path) as file:
        return sum(1 for line in file if line.strip())


def read_failures(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield clip and message of every line of ``errors.jsonl``; nothing where there is no such file."""
    path = folder / "errors.jsonl"
    if not path.exists():
        return
    with _opened(path) as file:
        while line := file.readline(LONGEST_LINE):
            try:
                value = parse_json(line)
                yield str(value["clip"]), str(value["message"])
            except (RecordError, TypeError, KeyError):
                continue  # a line that names no clip


class _LinesByClip(Generic[R]):
    """Lines of a JSON Lines file by the clip they belong to.

    Lines that come in the order in which they are asked for are read once. Those passed over are remembered by their
    place in the file and read again when their clip's turn comes.
    """

    def __init__(self, file: IO[bytes], parse: Callable[[Any], tuple[str, R]], say: Say) -> None:
        self.name = file.name
        self._file = file
        self._parse = parse
        self._say = say
        self._number = 0
        self._end = 0
        self._passed: defaultdict[str, deque[int]] = defaultdict(deque)

    def take(self, clip: str) -> R | None:
        """Return what that clip's next line says; None when there is none."""
        if self._passed[clip]:
            self._file.seek(self._passed[clip].popleft())
            return self._parse(parse_json(self._file.readline(LONGEST_LINE)))[1]
        while True:
            begin = self._end
            self._file.seek(begin)
            if not (line := self._file.readline(LONGEST_LINE)):
                return None
            self._end = self._file.tell()
            self._number += 1
            if line.strip() and (found := self._read(line)) is not None:
                if found[0] == clip:
                    return found[1]
                self._passed[found[0]].append(begin)

    def _read(self, line: bytes) -> tuple[str, R] | None:
        place = f"{self.name}:{self._number}"
        try:
            return self._parse(parse_json(line))
        except RecordError as error:
            self._say(place, error)
        except (TypeError, KeyError) as error:
            self._say(place, RecordError(f"expected a clip and its curves, {error} is missing or of another kind"))
        return None


def _cueset(value: Any) -> tuple[str, CueSet]:
    cueset = from_json(value, CueSet)
    return cueset.clip.id, cueset


def _curves(value: Any) -> tuple[str, tuple[Curve, ...]]:
    return str(value["clip"]), tuple(from_json(curve, Curve) for curve in value["curves"])


def _opened(path: Path) -> IO[bytes]:
    try:
        return open(path, "rb")
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read: {error.strerror or error}; expected a folder that "
            "`emoreason explain --out` or `emoreason explain --report` has written"
        ) from error
