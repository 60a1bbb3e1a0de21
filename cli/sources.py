"""What ``emoreason convert`` reads: files of cues and results, clip by clip. The registry is :data:`SOURCES`.

A reader takes a path and yields, in order, what it found of each clip or the error that stands in its place.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Final

from ..errors import ConfigError, EmoreasonError, RecordError
from ..formats.loss import Say
from ..records import CueSet, Curve, Explanation
from ..records.convert import from_json, parse_json
from ..records.jsonl import read_rows
from .stored import LONGEST_LINE, Stored, curves_by_clip, read_results
from .terminal import complain

#: Input that is JSON Lines on standard input.
STDIN: Final = "-"
#: Endings of the tables that other tools write.
_TABLES: Final = (".csv", ".tsv", ".txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is known of one clip: its cues, its explanation, its curves, as far as the input has them."""

    clip: str
    cueset: CueSet | None = None
    explanation: Explanation | None = None
    curves: tuple[Curve, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How inputs are to be read: where to say what was left out, and what tiers hold (ELAN, Praat)."""

    say: Say
    tiers: Mapping[str, str] = field(default_factory=dict)


Reader = Callable[[Path, Reading], Iterator[tuple[str, Found | EmoreasonError]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A format that can be read.

    ``endings`` are the names it goes by; where several formats share one, ``holds`` says from the first bytes of a
    file whether it is this one (the first that says so is taken).
    """

    read: Reader
    about: str
    endings: tuple[str, ...] = ()
    holds: Callable[[bytes], bool] = lambda head: True


def _read_jsonl(path: Path, reading: Reading) -> Iterator[tuple[str, Found | EmoreasonError]]:
    """Read lines of cues, explanations or curves, told apart line by line."""
    with _opened(path) as file:
        for number, line in enumerate(_lines(file), 1):
            place = f"{path}:{number}"
            if len(line) > LONGEST_LINE:
                raise RecordError(f"{place}: line is longer than {LONGEST_LINE >> 20} MiB")
            if line.strip():
                try:
                    yield place, _of_line(line)
                except RecordError as error:
                    yield place, RecordError(f"{place}: {error}")


def _opened(path: Path) -> AbstractContextManager[IO[bytes]]:
    return nullcontext(sys.stdin.buffer) if str(path) == STDIN else open(path, "rb")


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: file.readline(LONGEST_LINE + 1), b"")


def _of_line(line: bytes) -> Found:
    value = parse_json(line)
    keys = set(value) if isinstance(value, dict) else set()
    if "curves" in keys and "cues" not in keys:
        return _curves_of(value)
    if keys & {"claims", "emotions", "labels"} and "cues" not in keys:
        explanation = from_json(value, Explanation)
        return Found(clip=explanation.clip, explanation=explanation)
    return _of_cueset(from_json(value, CueSet))


def _of_cueset(cueset: CueSet) -> Found:
    return Found(clip=cueset.clip.id, cueset=cueset)


def _curves_of(value: Mapping[str, Any]) -> Found:
    if not isinstance(value.get("clip"), str) or not isinstance(value["curves"], list):
        raise RecordError('expected {"clip": id, "curves": [...]}')
    return Found(clip=value["clip"], curves=tuple(from_json(curve, Curve) for curve in value["curves"]))


def _read_folder(path: Path, reading: Reading) -> Iterator[tuple[str, Found | EmoreasonError]]:
    """Read what ``explain --out`` or ``cues --out`` wrote."""
    if (path / "explanations.jsonl").exists():
        for place, stored in read_results(path, complain):
            yield place, _of_stored(stored) if isinstance(stored, Stored) else stored
        return
    if not (path / "cues.jsonl").exists():
        raise ConfigError(
            f"{path}: a folder without cues.jsonl; expected what `explain --out` or `cues --out` wrote, or the files "
            f"themselves: {path}{os.sep}*.csv"
        )
    with ExitStack() as stack:
        cues = stack.enter_context(open(path / "cues.jsonl", "rb"))
        curves = curves_by_clip(path, stack, complain)
        for place, row in read_rows(cues, CueSet, cues.name):
            if isinstance(row, RecordError):
                yield place, row
            else:
                yield place, Found(clip=row.clip.id, cueset=row, curves=curves(row.clip.id))


def _of_stored(stored: Stored) -> Found:
    return Found(
        clip=stored.explanation.clip, cueset=stored.cueset, explanation=stored.explanation, curves=stored.curves
    )


def _read_csv(path: Path, reading: Reading) -> Iterator[tuple[str, Found | EmoreasonError]]:
    from ..formats.spreadsheet import read_csv_rows

    for place, row in read_csv_rows(path, say=reading.say):
        yield place, row if isinstance(row, RecordError) else _of_cueset(row)


def _read_parquet(path: Path, reading: Reading) -> Iterator[tuple[str, Found | EmoreasonError]]:
    from ..formats.parquet import read_parquet_rows

    for place, row in read_parquet_rows(path, say=reading.say):
        yield place, row if isinstance(row, RecordError) else _of_cueset(row)


def _read_eaf(path: Path, reading: Reading) -> Iterator[tuple[str, Found | EmoreasonError]]:
    from ..formats.elan import read_eaf, read_eaf_explanation

    cueset = read_eaf(path, tiers=reading.tiers, say=reading.say)
    explanation = read_eaf_explanation(path, say=lambda text: None)
    yield str(path), Found(clip=cueset.clip.id, cueset=cueset, explanation=explanation)


def _read_textgrid(path: Path, reading: Reading) -> Iterator[tuple[str, Found | EmoreasonError]]:
    from ..formats.textgrid import read_textgrid, read_textgrid_claims

    cueset = read_textgrid(path, tiers=reading.tiers, say=reading.say)
    claims = read_textgrid_claims(path, say=lambda text: None)
    explanation = Explanation(clip=cueset.clip.id, claims=claims) if claims else None
    yield str(path), Found(clip=cueset.clip.id, cueset=cueset, explanation=explanation)


def _read_face(path: Path, reading: Reading) -> Iterator[tuple[str, Found | EmoreasonError]]:
    from ..cues.imports import import_face

    found = import_face(path)
    yield str(path), Found(clip=found.cueset.clip.id, cueset=found.cueset, curves=found.curves)


def _read_voice(path: Path, reading: Reading) -> Iterator[tuple[str, Found | EmoreasonError]]:
    from ..cues.imports import import_voice

    found = import_voice(path)
    yield str(path), Found(clip=found.cueset.clip.id, cueset=found.cueset, curves=found.curves)


def _has_columns(tool: str) -> Callable[[bytes], bool]:
    """Whether a table begins with the column names of one of the tools in ``formats/``."""

    def holds(head: bytes) -> bool:
        from importlib import import_module

        from ..formats.delimited import column_names

        try:
            names = column_names(BytesIO(head))
        except RecordError:
            return False
        return bool(getattr(import_module(f"..formats.{tool}", __package__), f"is_{tool}")(names))

    return holds


def _is_blendshapes(head: bytes) -> bool:
    return re.search(rb'"(categoryName|category_name|jawOpen|browInnerUp|mouthSmileLeft)"\s*:', head) is not None


def _is_cue_table(head: bytes) -> bool:
    first = head.split(b"\n", 1)[0].replace(b"\0", b"").lower()
    return b"code" in first and (b"file" in first or b"clip" in first)


#: Format -> how it is read. A further one is an entry here.
SOURCES: Final[dict[str, Source]] = {
    "jsonl": Source(
        read=_read_jsonl,
        about="lines of cues, explanations or curves",
        endings=(".jsonl", ".ndjson", ".json"),
        holds=lambda head: not _is_blendshapes(head),
    ),
    "results": Source(read=_read_folder, about="a folder that explain --out or cues --out wrote"),
    "csv": Source(read=_read_csv, about="a table of cues", endings=(".csv", ".tsv"), holds=_is_cue_table),
    "parquet": Source(read=_read_parquet, about="a table of cues", endings=(".parquet", ".pq")),
    "eaf": Source(read=_read_eaf, about="ELAN", endings=(".eaf",)),
    "textgrid": Source(read=_read_textgrid, about="Praat", endings=(".textgrid",)),
    "openface": Source(read=_read_face, about="OpenFace", endings=_TABLES, holds=_has_columns("openface")),
    "pyfeat": Source(read=_read_face, about="py-feat", endings=_TABLES, holds=_has_columns("pyfeat")),
    "blendshapes": Source(
        read=_read_face, about="MediaPipe or ARKit blendshapes", endings=(".json", ".jsonl"), holds=_is_blendshapes
    ),
    "opensmile": Source(
        read=_read_voice, about="openSMILE", endings=(*_TABLES, ".arff"), holds=_has_columns("opensmile")
    ),
}

_HEAD_BYTES: Final = 1 << 20


def source_of(path: Path) -> Source:
    """Format of an input, told from its ending and, where that is shared, its first bytes.

    Raises
    ------
    RecordError
        It is none of ours, or does not exist.
    """
    if path.is_dir():
        return SOURCES["results"]
    if str(path) == STDIN:
        return SOURCES["jsonl"]
    if not path.exists():
        raise RecordError(f"{path}: there is no such file")
    if not path.is_file():  # a pipe would be waited for, and what is read to tell its format is gone
        raise RecordError(f"{path}: is a pipe, socket or device; expected a regular file, or - for JSON Lines on stdin")
    named = {name: source for name, source in SOURCES.items() if path.suffix.lower() in source.endings}
    if not named:
        endings = sorted({ending for source in SOURCES.values() for ending in source.endings})
        raise RecordError(
            f"{path}: its ending tells no format ({', '.join(endings)} do); say it with --from {'|'.join(SOURCES)}"
        )
    with open(path, "rb") as file:
        head = file.read(_HEAD_BYTES)
    fitting = [source for source in named.values() if source.holds(head)]
    if not fitting:
        expected = ", ".join(source.about for source in named.values())
        raise RecordError(f"{path}: is none of {expected}; if it is, say so with --from {'|'.join(named)}")
    return fitting[0]


def read_found(path: Path, form: str | None, reading: Reading) -> Iterator[tuple[str, Found | EmoreasonError]]:
    """Clips of one input; what makes the whole of it unreadable is one error in its place.

    Raises
    ------
    ConfigError
        It is a folder without results.
    """
    try:
        source = SOURCES[form] if form is not None else source_of(path)
        yield from source.read(path, reading)
    except ConfigError:
        raise
    except EmoreasonError as error:
        yield str(path), error
    except OSError as error:
        yield str(path), RecordError(f"{path}: cannot be read: {error.strerror or os.strerror(error.errno or 0)}")
