"""Cue files beside tables of labels: which cues belong to a row that names its clip only."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...errors import RecordError
from ...reasoning.batch.manifest_tables import json_lines

CueLine = tuple[str, Mapping[str, Any] | RecordError]


class CuePool:
    """CueSets of files that ``emoreason cues`` wrote, found by the clip they are of.

    A row finds its cues by the clip's id, else its path, else the file's name where only one clip has that name.
    """

    def __init__(self) -> None:
        self._lines: list[tuple[str, Mapping[str, Any]]] = []
        self._by_name: dict[str, int | None] = {}
        self._used: set[int] = set()

    def __len__(self) -> int:
        """Clips in the pool."""
        return len(self._lines)

    @property
    def unused(self) -> int:
        """Clips that no row has asked for."""
        return len(self._lines) - len(self._used)

    def read(self, path: Path) -> Iterator[tuple[str, RecordError]]:
        """Take in the CueSets of a file; yield the lines that are none."""
        for place, line in json_lines(path):
            if isinstance(line, RecordError):
                yield place, line
            elif (names := _names(line)) is None:
                yield place, RecordError("expected one CueSet, as `emoreason cues` writes it")
            else:
                self._add(place, line, names)

    def find(self, row_id: str | None, path: str | None) -> Mapping[str, Any] | None:
        """CueSet of a clip, as it stands in its file; None where there is none.

        Parameters
        ----------
        row_id, path : str or None
            The row's id, and its clip's path as seen from the current folder.
        """
        for name in _spellings(row_id, path):
            index = self._by_name.get(name)
            if index is not None:
                self._used.add(index)
                return self._lines[index][1]
        return None

    def lines(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """All of them, with their places."""
        yield from self._lines

    def _add(self, place: str, line: Mapping[str, Any], names: tuple[str | None, str | None]) -> None:
        index = len(self._lines)
        self._lines.append((place, line))
        for name in dict.fromkeys(_spellings(*names)):
            # A name that two clips have names neither.
            self._by_name[name] = None if name in self._by_name else index


def holds_cues(path: Path) -> bool:
    """Whether the first line of a JSON Lines file that can be read is a CueSet."""
    for _, line in json_lines(path):
        if not isinstance(line, RecordError):
            return "cueset" not in line and "id" not in line and _names(line) is not None
    return False


def _names(line: Mapping[str, Any]) -> tuple[str | None, str | None] | None:
    """Id and path of the clip of a CueSet; None where it is none."""
    clip = line.get("clip")
    if not isinstance(line.get("cues"), list):
        return None
    if isinstance(clip, str):
        return clip, None
    if not isinstance(clip, Mapping) or not isinstance(clip.get("id"), str):
        return None
    path = clip.get("path")
    return clip["id"], path if isinstance(path, str) else None


def _spellings(row_id: str | None, path: str | None) -> Iterator[str]:
    if row_id:
        yield f"id {row_id}"
    for name in (path, row_id):
        if name and "\0" not in name:
            yield f"path {os.path.realpath(name)}"
    for name in (path, row_id):
        if name and os.path.splitext(name)[1]:
            yield f"name {os.path.basename(name)}"
