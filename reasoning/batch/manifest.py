"""What a batch is to work on: folders, patterns, clips and manifests (CSV, TSV, JSON Lines, Parquet) as rows.

Rows are read one by one, so that a manifest may be larger than memory. A line that cannot be read becomes a row with
its problem: it is counted and ends up in the errors, and the next one is read.

Columns (JSON keys) of a manifest, all but the clip's own optional:

- ``path`` (also ``file``, ``video``, ``audio``, ``clip``): the clip, as seen from the manifest's folder;
- ``cues``: a file with one CueSet, or in JSON Lines the CueSet itself; then nothing is extracted;
- ``id``: by default the path as it is written;
- ``transcript``, ``context`` (earlier turns), ``sex`` of the speaker;
- ``reference``, ``labels``, ``emotion``, ``distribution``, ``valence``, ``arousal``, ``action_units``: what is known
  about the right answer, read only when answers are scored.

A JSON Lines file may also hold what ``emoreason cues`` writes, or requests of OpenAI's batch format
(``openai_lines.py``).
"""

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Final

from ...errors import ConfigError
from .manifest_fields import Reading, row_of, valid_text
from .manifest_tables import csv_lines, json_lines, parquet_lines
from .media_folder import walk_media
from .row import Row

Say = Callable[[str], None]

_READERS: Final = {
    ".csv": csv_lines,
    ".tsv": csv_lines,
    ".jsonl": json_lines,
    ".ndjson": json_lines,
    ".parquet": parquet_lines,
}


def read_manifest(
    sources: Iterable[str | Path],
    *,
    say: Say = lambda text: None,
    references: bool = False,
    spool: Path | None = None,
    leave_out: Path | None = None,
) -> Iterator[Row]:
    """Read what the sources name, row by row; ids are unique.

    Parameters
    ----------
    sources : iterable of path
        Folders (searched through, sorted), patterns, manifests (by their ending), clips.
    say : callable
        Told once each what was passed over, and how many ids occur more than once.
    references : bool
        Read what is known about the right answers.
    spool : Path, optional
        Folder for media that stand in the manifest itself (data URLs); None refuses them.
    leave_out : Path, optional
        Folder that is not searched: the batch's own.

    Yields
    ------
    Row
        A media file that is named twice comes once; a manifest's second row of an id gets the id ``id#2``.

    Raises
    ------
    ConfigError
        A source names nothing; a manifest cannot be read at all, or has no column that names clips.
    """
    ids = _Ids()
    skipped = None if leave_out is None else os.path.realpath(leave_out)
    for source in sources:
        name = os.fspath(source)
        if is_manifest(name):
            reading = Reading(Path(name), references=references, spool=spool)
            for place, line in _READERS[Path(name).suffix.lower()](Path(name)):
                row = row_of(place, line, reading)
                yield row if ids.add(row.id) else replace(row, id=ids.another(row.id))
            for text in reading.remarks():
                say(f"{name}: {text}")
        else:
            yield from _clips(name, skipped, ids)
    if ids.repeated:
        say(
            f"{ids.repeated} rows have the id of an earlier row and are told apart by a number "
            f"({ids.first_repeated!r} is the first)"
        )


def is_manifest(name: str) -> bool:
    """Whether a source is a list of inputs, by its ending (a folder is none)."""
    return os.path.splitext(name)[1].lower() in _READERS and not os.path.isdir(name)


def _clips(name: str, leave_out: str | None, ids: "_Ids") -> Iterator[Row]:
    """Rows of a folder, a pattern or a file; each file once."""
    empty = True
    for path in _paths(name, leave_out):
        empty = False
        row_id = valid_text(path)
        if ids.add(row_id):
            yield Row(id=row_id, path=path)
    if empty:
        raise ConfigError(f"{valid_text(name)}: {_nothing_there(name)}")


def _paths(name: str, leave_out: str | None) -> Iterator[str]:
    if os.path.isdir(name):
        yield from walk_media(name, leave_out=leave_out)
    elif os.path.lexists(name):
        yield name
    elif glob.has_magic(name):
        yield from (match for match in sorted(glob.iglob(name, recursive=True)) if not os.path.isdir(match))


def _nothing_there(name: str) -> str:
    if os.path.isdir(name):
        return "the folder holds no video, audio or picture file"
    return "no file fits this pattern" if glob.has_magic(name) else "there is no such file or folder"


class _Ids:
    """Ids so far, as 64-bit digests: a set of the texts would be what a run holds most of."""

    def __init__(self) -> None:
        self._seen: set[int] = set()
        self._last: dict[str, int] = {}
        self.repeated = 0
        self.first_repeated = ""

    def add(self, row_id: str) -> bool:
        """Whether it is new."""
        before = len(self._seen)
        self._seen.add(int.from_bytes(blake2b(row_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()))
        return len(self._seen) > before

    def another(self, row_id: str) -> str:
        """Make it unique by a number."""
        self.first_repeated = self.first_repeated or row_id
        self.repeated += 1
        number = self._last.get(row_id, 1) + 1
        while not self.add(f"{row_id}#{number}"):
            number += 1
        self._last[row_id] = number
        return f"{row_id}#{number}"
