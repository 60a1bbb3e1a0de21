"""Illustrating a clip: its media in a form every browser plays, keyframes, the waveform; made in a child process."""

import os
from pathlib import Path
from typing import Final

from ...cues.limits import Limits
from ...cues.sandbox import run_in_child
from ...errors import MediaError, RecordError
from ...records import CueSet
from ...records.convert import to_json
from .illustration import Illustration
from .wire import from_wire

_UNPROVEN: Final = (
    "The clip is not shown: its cues name a file but not its sha256, so any file could stand there; say yourself where "
    "the clip is (emoreason report DIR --media FOLDER)."
)

__all__ = ["Illustration", "illustrate"]


def illustrate(
    cueset: CueSet,
    *,
    path: str | os.PathLike[str] | None = None,
    media: bool = True,
    blur_faces: bool = False,
    limits: Limits | None = None,
) -> Illustration:
    """Make what a page shows of a clip itself.

    Parameters
    ----------
    cueset : CueSet
        Says which moments to show and what is active on the faces there.
    path : str or path, optional
        Where the clip lies. By default ``cueset.clip.path``, if the cues also say what sha256 the file there has: cues
        come from anyone, and must not bring any file of this machine into a page.
    media : bool
        Whether the clip itself goes along; keyframes and the waveform do in any case.
    blur_faces : bool
        Blur every face, in every frame, beyond recovery. When that cannot be done, nothing that shows a face is
        returned.
    limits : Limits, optional
        What it may cost; as for extraction.

    Returns
    -------
    Illustration
        Its ``notes`` say what is not shown and why: the file is unknown, gone or too long to embed.

    Raises
    ------
    MediaError
        The file cannot be read, breaks a limit, has changed since its cues were extracted, or the process that read it
        died.
    """
    if path is None and cueset.clip.path is not None and cueset.clip.sha256 is None:
        return Illustration(notes=(_UNPROVEN,))
    path = cueset.clip.path if path is None else path
    if path is None:
        return Illustration(notes=("Only the cues of this clip are known, not its file: nothing of it can be shown.",))
    if not os.path.lexists(path):
        where = "where its cues say it is" if os.fspath(path) == cueset.clip.path else "there"
        return Illustration(notes=(f"The clip's file {Path(os.fsdecode(path)).name} is not {where} any more.",))
    arguments = {"cueset": to_json(cueset), "media": media, "blur_faces": blur_faces}
    answer = run_in_child("report.clip.making:illustration_task", path, arguments, limits)
    try:
        return from_wire(answer)
    except RecordError as error:
        raise MediaError(f"{os.fsdecode(path)}: {error}") from error
