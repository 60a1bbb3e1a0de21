"""Where the file of a clip is, if a model may see and hear it."""

import os
from pathlib import Path

from ...cues.container import one_line
from ...records import Clip


def media_file(clip: Clip, consequence: str) -> tuple[str | None, str]:
    """Tell where a clip's file is.

    Cues come from anyone, so a path alone is not enough: it could name any file of this machine, which would then be
    sent to the model. The sha256 beside it proves that whoever wrote the cues had the file.

    Parameters
    ----------
    clip : Clip
        What is known of it.
    consequence : str
        What follows when there is no file, to begin the note with.

    Returns
    -------
    (path, note)
        The path and an empty note, or None and the reason.
    """
    if clip.path is None:
        return None, f"{consequence}: only its cues are known, not its file"
    if clip.sha256 is None:
        return None, f"{consequence}: its cues name a file but not its sha256, so any file could stand there"
    if not os.path.lexists(clip.path):
        return None, f"{consequence}: its file {one_line(Path(clip.path).name)} is not where its cues say it is"
    return clip.path, ""
