"""Clips as the command line names them: files, folders (searched through) and patterns."""

import glob
import os
from collections.abc import Iterable

from ..errors import MediaError
from ..reasoning.batch.media_folder import walk_media


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
            inside = sorted(walk_media(argument))
            if not inside:
                failures.append((argument, MediaError(f"{argument}: the folder holds no video, audio or picture file")))
            clips.update(dict.fromkeys(inside))
        elif not os.path.lexists(argument) and glob.has_magic(argument):
            matches = sorted(match for match in glob.glob(argument, recursive=True) if not os.path.isdir(match))
            clips.update(dict.fromkeys(matches or [argument]))
        else:
            clips[argument] = None
    return list(clips), failures
