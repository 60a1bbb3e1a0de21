"""What ``emoreason convert`` writes: one file for all clips, or a file per clip. The registry is :data:`TARGETS`."""

import json
import os
import re
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol

from ..errors import ConfigError, RecordError
from ..formats import spreadsheet, table
from ..formats.loss import Loss, Say
from ..records import CueSet, Curve, Explanation
from ..records.convert import to_json
from ..records.jsonl import dump_line
from .convertible import Found
from .results import AtomicLines
from .terminal import notice, print_json, print_line

_NOT_IN_NAMES: Final = re.compile(r"[^\w.+@=,-]+")
_LONGEST_NAME: Final = 120
_TAKEN_BY_WINDOWS: Final = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")


class Writer(Protocol):
    """Takes clips one by one; a context manager that finishes what it wrote. ``written`` lists the files."""

    written: list[str]

    def __enter__(self) -> "Writer": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def take(self, found: Found) -> None:
        """Write one clip. Raises RecordError when it has not what the format needs."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be written: which part of the clips (``what``), where, and where to say what is left out."""

    what: str
    out: str | None
    say: Say


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A format that can be written; ``what`` are the parts of a clip it can hold, the first by default."""

    open: Callable[[Job], Writer]
    about: str
    what: tuple[str, ...]


def cueset_of(found: Found) -> CueSet:
    """Cues of a clip; RecordError when the input has none."""
    if found.cueset is None:
        raise RecordError(
            f"{found.clip}: its input has no cues; give the folder that explain --out or cues --out wrote"
        )
    return found.cueset


def explanation_of(found: Found) -> Explanation:
    """Explanation of a clip; RecordError when the input has none."""
    if found.explanation is None:
        raise RecordError(f"{found.clip}: its input has no explanation; give explanations.jsonl or the results folder")
    return found.explanation


def curves_of(found: Found) -> tuple[Curve, ...]:
    """Curves of a clip; RecordError when the input has none."""
    if not found.curves:
        raise RecordError(
            f"{found.clip}: its input has no curves; extract them with `emoreason cues … --out DIR --curves`"
        )
    return found.curves


def rows_of(what: str, found: Found) -> Iterator[table.Row]:
    """Rows that one clip adds to a table."""
    if what == "cues":
        return table.cue_rows(cueset_of(found))
    if what == "gaps":
        return table.gap_rows(cueset_of(found))
    if what == "claims":
        return table.claim_rows(explanation_of(found))
    if what == "curves":
        return table.curve_rows(found.clip, curves_of(found))
    duration_s = found.cueset.clip.duration_s if found.cueset is not None else None
    return table.explanation_rows(explanation_of(found), duration_s)


class Lines:
    """Lines for all clips, to a file or to stdout."""

    def __init__(
        self, job: Job, lines: Callable[[Found], Iterable[str]], header: str | None = None, *, is_json: bool = False
    ) -> None:
        self.written: list[str] = []
        self._lines = lines
        self._taken = 0
        self._file = None if job.out is None else _opened(job.out)
        self._print = print_json if is_json else print_line
        if header is not None:
            (self._file.write_header if self._file is not None else self._print)(header)

    def __enter__(self) -> "Lines":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            if self._taken:  # a run that did nothing must not replace what an earlier one did
                _say_replaced([self._file.path])
                self.written.append(str(self._file.path))
            self._file.close(nothing_done=not self._taken)

    def take(self, found: Found) -> None:
        """Write the clip's lines."""
        write = self._file.write if self._file is not None else self._print
        for line in self._lines(found):
            write(line)
        self._taken += 1


def _opened(out: str) -> AtomicLines:
    path = _file_path(out)
    try:
        return AtomicLines(path)
    except OSError as error:
        raise ConfigError(f"--out {out}: cannot be written: {error.strerror or error}") from error


def _file_path(out: str) -> Path:
    path = Path(out)
    if path.is_dir():
        raise ConfigError(f"--out {out}: is a folder; this format is one file for all clips, name it")
    with suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _open_jsonl(job: Job) -> Writer:
    def lines(found: Found) -> Iterator[str]:
        if job.what == "cues":
            yield dump_line(cueset_of(found))
        elif job.what == "explanations":
            yield dump_line(explanation_of(found))
        else:
            value = {"clip": found.clip, "curves": [to_json(curve) for curve in curves_of(found)]}
            yield json.dumps(value, ensure_ascii=False, allow_nan=False)

    return Lines(job, lines, is_json=True)


def _open_csv(job: Job) -> Writer:
    columns = table.TABLES[job.what]

    def lines(found: Found) -> Iterator[str]:
        for row in rows_of(job.what, found):
            yield spreadsheet.line(columns, row)
        if job.what == "cues":
            for loss in spreadsheet.losses([cueset_of(found)]):
                job.say(loss)

    return Lines(job, lines, spreadsheet.header(columns))


class _Parquet:
    """One Parquet file, which takes its name when it is complete."""

    def __init__(self, job: Job) -> None:
        from ..formats.parquet import ParquetFile

        if job.out is None:
            raise ConfigError("--to parquet writes no text; name a file with --out FILE")
        self.written: list[str] = []
        self._what = job.what
        self._path = _file_path(job.out)
        self._partial = _partial(self._path)
        self._taken = 0
        try:
            self._file = ParquetFile(self._partial, table.TABLES[job.what])
        except OSError as error:
            raise ConfigError(f"--out {job.out}: cannot be written: {error.strerror or error}") from error

    def __enter__(self) -> "_Parquet":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
            if self._taken:
                _say_replaced([self._path])
                os.replace(self._partial, self._path)
                self.written.append(str(self._path))
        finally:
            self._partial.unlink(missing_ok=True)

    def take(self, found: Found) -> None:
        self._file.add(rows_of(self._what, found), found.cueset if self._what == "cues" else None)
        self._taken += 1


class FilePerClip:
    """A file per clip, in a folder, under a safe name made of the clip's id; or one file where there is one clip.

    ``render`` makes its bytes of a clip and the folder it will lie in.
    """

    def __init__(self, job: Job, suffix: str, render: Callable[[Found, Path], bytes]) -> None:
        if job.out is None:
            raise ConfigError(f"this format is a file per clip; name a folder (or a {suffix} file) with --out")
        self.written: list[str] = []
        self._suffix = suffix
        self._render = render
        self._replaced: list[Path] = []
        self._names: Counter[str] = Counter()
        out = Path(job.out)
        self._single = out if out.suffix.lower() == suffix.lower() and not out.is_dir() else None
        self._folder = out if self._single is None else out.parent
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"--out {job.out}: cannot be written: {error.strerror or error}") from error

    def __enter__(self) -> "FilePerClip":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _say_replaced(self._replaced, already=True)

    def take(self, found: Found) -> None:
        """Write the clip's file."""
        data = self._render(found, self._folder)
        path = self._single or self._folder / self._name(found.clip)
        if self._single is not None and self.written:
            raise RecordError(f"{found.clip}: {path} holds one clip already; name a folder with --out")
        existed = path.exists()
        partial = _partial(path)
        try:
            partial.write_bytes(data)
            os.replace(partial, path)
        except OSError as error:
            raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from error
        finally:
            partial.unlink(missing_ok=True)
        self.written.append(str(path))
        if existed:
            self._replaced.append(path)

    def _name(self, clip: str) -> str:
        stem = safe_name(clip)
        self._names[stem.casefold()] += 1
        number = self._names[stem.casefold()]
        if number == 1:
            return stem + self._suffix
        numbered = f"{stem}-{number}"
        self._names[numbered.casefold()] += 1
        return numbered + self._suffix


def safe_name(clip: str) -> str:
    """Name of a file made of a clip's id: its last part without its ending, and only what every system takes.

    Examples
    --------
    >>> safe_name("clips/Anna's talk (1).mp4"), safe_name("../..")
    ('Anna_s_talk_1', 'clip')
    """
    last = re.split(r"[/\\]", clip.rstrip("/\\"))[-1]
    stem = last.rsplit(".", 1)[0] if "." in last[1:] else last
    name = _NOT_IN_NAMES.sub("_", stem).strip("._-")
    while len(name.encode()) > _LONGEST_NAME:
        name = name[:-1]
    return f"{name}_" if _TAKEN_BY_WINDOWS.fullmatch(name) else name or "clip"


def _partial(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")


def _say_replaced(paths: Sequence[Path], *, already: bool = False) -> None:
    replaced = [path for path in paths if already or path.exists()]
    if len(replaced) == 1:
        notice(f"{replaced[0]}: replaces an earlier file")
    elif replaced:
        notice(f"{len(replaced)} earlier files in {replaced[0].parent} were replaced")


def _open_eaf(job: Job) -> Writer:
    from ..formats.elan import eaf

    return FilePerClip(
        job, ".eaf", lambda found, folder: eaf(cueset_of(found), found.explanation, folder=folder, say=job.say)
    )


def _open_textgrid(job: Job) -> Writer:
    from ..formats.textgrid import textgrid

    return FilePerClip(
        job, ".TextGrid", lambda found, _: textgrid(cueset_of(found), found.explanation, say=job.say).encode()
    )


def _open_vtt(job: Job) -> Writer:
    from ..formats.webvtt import claims_vtt, transcript_vtt

    def render(found: Found, _: Path) -> bytes:
        if job.what == "transcript":
            return transcript_vtt(cueset_of(found)).encode()
        return claims_vtt(explanation_of(found), say=job.say).encode()

    return FilePerClip(job, ".vtt", render)


def _open_openface(job: Job) -> Writer:
    from ..formats.openface import write_openface

    def render(found: Found, _: Path) -> bytes:
        text = StringIO()
        cues = found.cueset.cues if found.cueset is not None else ()
        for sentence in write_openface(curves_of(found), cues, text):
            job.say(Loss(sentence, 1, "clip"))
        return text.getvalue().encode()

    return FilePerClip(job, ".csv", render)


_TABLES: Final = ("cues", "gaps", "claims", "explanations", "curves")

#: Format -> how it is written. A further one is an entry here.
TARGETS: Final[dict[str, Target]] = {
    "jsonl": Target(
        open=_open_jsonl, about="lines, everything a record holds", what=("cues", "explanations", "curves")
    ),
    "csv": Target(open=_open_csv, about="for R and spreadsheets", what=_TABLES),
    "parquet": Target(open=_Parquet, about="for pandas", what=_TABLES),
    "eaf": Target(open=_open_eaf, about="ELAN: cues and claims as tiers", what=("tiers",)),
    "textgrid": Target(open=_open_textgrid, about="Praat: cues and claims as tiers", what=("tiers",)),
    "openface": Target(open=_open_openface, about="a frame table in OpenFace's shape", what=("curves",)),
    "vtt": Target(open=_open_vtt, about="WebVTT captions", what=("claims", "transcript")),
}
