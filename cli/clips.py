"""Clips as the command line names them: files, folders (searched through) and patterns."""

import glob
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from ..errors import MediaError

#: What a folder is searched for. A file named directly may have any ending.
# fmt: off
MEDIA_SUFFIXES: Final = frozenset((
    "3gp", "avi", "flv", "m2ts", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "ogv", "ts", "webm", "wmv",
    "aac", "aif", "aiff", "flac", "m4a", "mp3", "oga", "ogg", "opus", "wav", "wma",
    "bmp", "gif", "jpeg", "jpg", "png", "tif", "tiff", "webp",
))
# fmt: on


def find_clips(arguments: Iterable[str]) -> tuple[list[str], list[tuple[str, MediaError]]]:
    """Clips named by the arguments, each once, in the order given (folders and patterns sorted).

    Returns
    -------
    clips : list of str
        Paths. One that does not exist stays in the list: opening it says why.
    failures : list of (str, MediaError)
        Folders without any media file.
    """
    clips: dict[str, None] = {}
    failures: list[tuple[str, MediaError]] = []
    for argument in arguments:
        if os.path.isdir(argument):
            inside = _in_folder(Path(argument))
            if not inside:
                failures.append((argument, MediaError(f"{argument}: the folder holds no video, audio or picture file")))
            clips.update(dict.fromkeys(inside))
        elif not os.path.lexists(argument) and glob.has_magic(argument):
            matches = sorted(match for match in glob.glob(argument, recursive=True) if not os.path.isdir(match))
            clips.update(dict.fromkeys(matches or [argument]))
        else:
            clips[argument] = None
    return list(clips), failures


def _in_folder(folder: Path) -> list[str]:
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        names = (name for name in files if not name.startswith("."))
        found += [os.path.join(parent, name) for name in names if Path(name).suffix[1:].lower() in MEDIA_SUFFIXES]
    return sorted(found)
