"""Which file belongs to a clip, and opening it safely."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Final, TypeVar

from ...errors import MediaError, RecordError
from ..container import StrPath, media_error, one_line, open_regular

T = TypeVar("T")

#: Larger tables are refused: an hour of OpenFace with every column takes half a GiB.
MAX_BYTES: Final = 2 << 30


class ImportedFileError(MediaError):
    """A file the user named cannot be used: that ends the clip, as leaving its modality silent would hide it."""


def of_another_clip(place: Path, first_s: float, duration_s: float) -> ImportedFileError:
    """Error that a table begins after the end of its clip."""
    ends = f"after the end of the clip ({duration_s:.2f} s)"
    return ImportedFileError(one_line(f"{place}: begins at {first_s:.2f} s, {ends}: it belongs to another one"))


def table_for(given: StrPath, clip: StrPath | None, suffixes: Sequence[str]) -> Path:
    """Find the table of a clip: the file given, or in the folder given the one of the clip's name.

    Raises
    ------
    ImportedFileError
        The folder holds none, or the clip has no name to look for.
    """
    place = Path(os.fsdecode(given))
    if not place.is_dir():
        return place
    if clip is None:
        raise ImportedFileError(f"{place}: is a folder; expected a file, as there is no clip to choose one by")
    stem = Path(os.fsdecode(clip)).stem
    for suffix in suffixes:
        if (place / f"{stem}{suffix}").is_file():
            return place / f"{stem}{suffix}"
    names = " or ".join(f"{stem}{suffix}" for suffix in suffixes)
    raise ImportedFileError(str(media_error(place, f"the folder holds no {names} for {os.fsdecode(clip)}")))


def read_table(place: Path, read: Callable[[IO[bytes]], T]) -> T:
    """Read a table; every failure names the file, in one line.

    Raises
    ------
    ImportedFileError
        It is no regular file, too large, or not what ``read`` expects.
    """
    try:
        with open_regular(place) as file:
            size = os.fstat(file.fileno()).st_size
            if size > MAX_BYTES:
                raise RecordError(f"{size} bytes are more than the limit of {MAX_BYTES}")
            return read(file)
    except MediaError as error:
        raise ImportedFileError(str(error)) from error
    except RecordError as error:
        raise ImportedFileError(str(media_error(place, str(error)))) from error
