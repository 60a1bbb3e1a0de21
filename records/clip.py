"""Clip: one video, audio file or picture, and what is known about it before any cue is extracted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier turn of the dialogue a clip belongs to."""

    speaker: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One media file.

    Attributes
    ----------
    id : str
        Identifies the clip in every record made from it; by default the path as the user gave it.
    path : str or None
        Where the media lies; None when only its cues are known.
    sha256 : str or None
        Hex digest of the file's bytes.
    duration_s : float or None
        Length in seconds; 0.0 for a picture.
    fps : float or None
        Average frame rate of the video track, frames per second.
    has_video, has_audio : bool or None
        Whether such a track exists (a picture counts as video); None when not known.
    transcript : str or None
        What is said in the clip, if a person or tool supplied it.
    context : tuple of Turn
        Earlier turns of the dialogue, oldest first.
    """

    id: str
    path: str | None = None
    sha256: str | None = None
    duration_s: float | None = None
    fps: float | None = None
    has_video: bool | None = None
    has_audio: bool | None = None
    transcript: str | None = None
    context: tuple[Turn, ...] = ()
