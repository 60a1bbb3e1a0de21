"""Media files in folders."""

import os
from collections.abc import Iterator
from typing import Final

#: What a folder is searched for. A file named directly may have any ending.
# fmt: off
MEDIA_SUFFIXES: Final = frozenset((
    "3gp", "avi", "flv", "m2ts", "m4v", "mkv", "mov", "mp4", "mpeg", "mpg", "mts", "ogv", "ts", "webm", "wmv",
    "aac", "aif", "aiff", "flac", "m4a", "mp3", "oga", "ogg", "opus", "wav", "wma",
    "bmp", "gif", "jpeg", "jpg", "png", "tif", "tiff", "webp",
))
# fmt: on


def is_media(name: str) -> bool:
    """Whether a file of that name is taken for a video, an audio file or a picture."""
    return os.path.splitext(name)[1][1:].lower() in MEDIA_SUFFIXES


def walk_media(folder: str, *, leave_out: str | None = None) -> Iterator[str]:
    """Yield the media files in a folder and the folders in it, sorted; hidden ones are passed over.

    One folder's names are held at a time. ``leave_out`` is the resolved path of a folder that is not searched.
    """
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:  # not ours to read: as os.walk has it
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            if leave_out is None or os.path.realpath(entry.path) != leave_out:
                yield from walk_media(entry.path, leave_out=leave_out)
        elif is_media(entry.name) and not entry.is_dir():
            yield entry.path
