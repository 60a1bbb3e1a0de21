"""Read: labelled clips from files in the layouts of the field.

Each line is told apart by its columns, so that one file may hold several layouts; ``layout`` forces one. Bad lines are
told and cost themselves. Clips keep their names; where two files, or two data sets in one file, use the same name for
two clips, the later one is ``SOURCE/clip`` or ``FILE/clip``.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from ..cues.wording import LANGUAGES
from ..errors import ConfigError, RecordError
from ..eval.reading.rows import Row
from ..training.rows.cue_pool import CuePool, holds_cues
from .importers.bundles import bundle_clip
from .importers.emer import emer_clip
from .importers.meld import meld_clip
from .importers.merr import merr_clip
from .importers.raf import raf_clip
from .importers.raf_files import is_raf_file, raf_lines
from .importers.reading import Reading
from .importers.rows import labelled_row
from .importers.tables import KINDS, table_lines
from .labelled import LabelledClip

#: Layouts by name: who makes clips of their lines, and a group of columns that tells them (all of it must be there).
LAYOUTS: Final[Mapping[str, tuple[Callable[[Row, Reading], LabelledClip] | None, tuple[tuple[str, ...], ...]]]] = {
    "bundles": (bundle_clip, (("au_intensity",),)),
    "emer": (emer_clip, (("explanation_en",), ("explanation_zh",))),
    "merr": (merr_clip, (("au_list",), ("peak_au_list",), ("visual_prior_list",), ("smp_reason_caption",))),
    "meld": (meld_clip, (("utterance", "emotion", "dialogue_id"), ("utterance", "emotion", "old_dialogue_id"))),
    "raf": (raf_clip, (("image", "crowd"), ("image", "compound"), ("image", "facs"), ("image", "labels"))),
    "rows": (None, ()),
}

_LONGEST_ID: Final = 4096
#: A longer one is a text in the wrong column.
_LONGEST_LABEL: Final = 200
_LONGEST_PROBLEM: Final = 500
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(slots=True)
class Counts:
    """What was read.

    Attributes
    ----------
    clips, problems : int
        Labelled clips; lines that could not be used, and files without any.
    layouts, sources : Counter
        Clips by layout and by data set.
    unused_cues : int
        Clips of the files of cues that no line names.
    masked_words, refused_texts : int
        Words of emotion, and of a clip's own labels, that were masked in imported prose; texts of it in which a
        language model refused, and which are no cues.
    """

    clips: int = 0
    problems: int = 0
    layouts: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    unused_cues: int = 0
    masked_words: int = 0
    refused_texts: int = 0


def read_labelled(
    sources: Sequence[str | Path],
    layout: str | None = None,
    on_problem: Callable[[str], None] = lambda text: None,
    *,
    language: str = "en",
    source: str | None = None,
    counts: Counts | None = None,
) -> Iterator[LabelledClip]:
    """Yield the labelled clips of files, in order, one by one.

    Parameters
    ----------
    sources : sequence of path
        ``.jsonl``, ``.csv``, ``.tsv``, ``.parquet``; ``.json`` (MERR); ``.txt`` of RAF, or a folder of these. A file
        that ``emoreason cues`` wrote gives the cues of the clips that the others only name.
    layout : str, optional
        One of :data:`LAYOUTS`; by default each line tells.
    on_problem : callable
        Told of each bad line as ``FILE:LINE: what is wrong``.
    language : str
        Of texts that a file has in several languages: ``en`` or ``zh``.
    source : str, optional
        Name of the data set, for lines that say none.
    counts : Counts, optional
        Is filled on the way.

    Raises
    ------
    ConfigError
        A file is not there, or of no kind that is read; there is no such layout; no line of a file can be used.
    """
    if layout is not None and layout not in LAYOUTS:
        raise ConfigError(f"there is no layout {layout!r}; expected one of {', '.join(LAYOUTS)}")
    if language not in LANGUAGES:
        raise ConfigError(f"language {language!r} is not available; expected one of {', '.join(LANGUAGES)}")
    files = list(_files(sources))
    told = _Told(on_problem, counts if counts is not None else Counts())
    pool, tables = _cues_apart(files, told)
    return _clips(tables, _How(layout, language, source, pool), told)


@dataclass(slots=True, frozen=True)
class _How:
    layout: str | None
    language: str
    source: str | None
    pool: CuePool


@dataclass(slots=True)
class _Told:
    """Problems and counts of all files, and the ids that are taken."""

    say: Callable[[str], None]
    counts: Counts
    #: Id -> the file and data set it is from.
    ids: dict[str, tuple[Path, str]] = field(default_factory=dict)
    origins: dict[tuple[Path, str], tuple[Path, str]] = field(default_factory=dict)

    def problem(self, place: str, error: RecordError) -> str:
        """Count and tell it, in one line that holds nothing a terminal would act on; return the line."""
        self.counts.problems += 1
        text = str(error)
        text = text if text.startswith(f"{place}: ") else f"{place}: {text}"
        text = _CONTROL.sub(" ", text)[:_LONGEST_PROBLEM]
        self.say(text)
        return text


def _clips(tables: Iterable[tuple[Path, list[Path]]], how: _How, told: _Told) -> Iterator[LabelledClip]:
    for file, joined in tables:
        before, first = told.counts.clips, ""
        empty = True
        reading = Reading(file, how.language, how.pool, how.source)
        lines = raf_lines(joined) if joined else table_lines(file)
        for place, line in lines:
            empty = False
            try:
                yield _clip(place, line, reading, how.layout, told)
            except RecordError as error:
                line_told = told.problem(place, error)
                first = first or line_told
        if empty:
            told.problem(file.name, RecordError("holds no row"))
        if first and told.counts.clips == before:
            raise ConfigError(f"{file}: none of its lines can be used; the first: {first}")
    told.counts.unused_cues = how.pool.unused


def _clip(
    place: str, line: Mapping[str, Any] | RecordError, reading: Reading, layout: str | None, told: _Told
) -> LabelledClip:
    if isinstance(line, RecordError):
        raise line
    name = layout or layout_of(line)
    importer = LAYOUTS[name][0]
    try:
        clip = labelled_row(line, reading, place) if importer is None else importer(line, reading)
        clip = replace(clip, line_sha256=row_sha256(line))
    except RecursionError:
        raise RecordError("is nested too deeply") from None
    _check_texts(clip)
    clip = _named(clip, reading.file, told)
    told.counts.clips += 1
    told.counts.layouts[name] += 1
    told.counts.sources[clip.source] += 1
    told.counts.masked_words += sum(clip.masked.values())
    told.counts.refused_texts += clip.refused
    return clip


def _check_texts(clip: LabelledClip) -> None:
    """Refuse names and labels that no file of ours, and no line on a terminal, should carry."""
    if len(clip.id) > _LONGEST_ID:
        raise RecordError(f"its id has {len(clip.id)} characters; expected at most {_LONGEST_ID}")
    for name, text in (("id", clip.id), ("group", clip.group), ("source", clip.source)):
        if text and _CONTROL.search(text):
            raise RecordError(f"its {name} is {text[:40]!r}; expected a name without control characters")
    for label in (*(clip.reference.labels or ()), clip.reference.emotion or ""):
        if len(label) > _LONGEST_LABEL:
            raise RecordError(f"a label has {len(label)} characters; expected at most {_LONGEST_LABEL}")


def layout_of(line: Row) -> str:
    """Layout that a line's columns tell (lower case, empty cells left out).

    Examples
    --------
    >>> layout_of({"image": "a.jpg", "facs": "1+4"}), layout_of({"path": "a.mp4", "labels": "[happy]"})
    ('raf', 'rows')
    """
    if isinstance(line.get("cueset"), Mapping):
        return "rows"
    for name, (_, groups) in LAYOUTS.items():
        if any(all(column in line for column in group) for group in groups):
            return name
    return "rows"


def row_sha256(line: Mapping[str, Any]) -> str:
    """Hash of a source row: SHA-256 of its JSON with sorted keys and no blanks, in UTF-8.

    Hashed is the row as it is read: names of columns in lower case, empty cells (null, "", NaN) left out. The same row
    gives the same hash as JSON Lines, CSV or Parquet, as far as these keep its types.

    Examples
    --------
    >>> row_sha256({"b": 1, "a": "x"}) == row_sha256({"a": "x", "b": 1})
    True
    """
    text = json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _named(clip: LabelledClip, file: Path, told: _Told) -> LabelledClip:
    """Clip under an id that no clip before it has."""
    origin = told.origins.setdefault((file, clip.source), (file, clip.source))
    names = (clip.id, f"{clip.source}/{clip.id}", f"{file.stem}/{clip.id}", f"{file}/{clip.source}/{clip.id}")
    name = next(name for name in names if told.ids.get(name, origin) is origin)
    if name in told.ids:
        raise RecordError(f"clip {clip.id!r:.80} has a row already; the first one counts")
    told.ids[name] = origin
    if name == clip.id == clip.cueset.clip.id:
        return clip
    return replace(clip, id=name, cueset=replace(clip.cueset, clip=replace(clip.cueset.clip, id=name)))


def _files(sources: Sequence[str | Path]) -> Iterator[Path]:
    for source in sources:
        path = Path(source)
        if path.is_dir():
            found = sorted(file for file in path.rglob("*.txt") if is_raf_file(file))
            if not found:
                raise ConfigError(f"{path}: is a folder without text files of RAF; give the files themselves")
            yield from found
        elif not path.exists():
            raise ConfigError(f"{path}: there is no such file")
        elif not path.is_file():  # a pipe would be waited for
            raise ConfigError(f"{path}: is no regular file; expected a file of labels")
        elif path.suffix.lower() not in KINDS:
            raise ConfigError(f"{path}: is of no kind that labels are read from; expected {', '.join(KINDS)}")
        else:
            yield path


def _cues_apart(files: Sequence[Path], told: _Told) -> tuple[CuePool, list[tuple[Path, list[Path]]]]:
    """Cues of the files of cues, and the others; text files of RAF count as one, at the place of the first."""
    pool = CuePool()
    tables: list[tuple[Path, list[Path]]] = []
    joined: list[Path] = []
    cue_files = [file for file in files if file.suffix.lower() in (".jsonl", ".ndjson") and holds_cues(file)]
    for file in files:
        if file in cue_files and len(cue_files) < len(files):
            for place, error in pool.read(file):
                told.problem(place, error)
        elif file.suffix.lower() == ".txt":
            if not joined:
                tables.append((file, joined))
            joined.append(file)
        else:
            tables.append((file, []))
    return pool, tables
