"""What a page shows of the clip itself: the media, keyframes with the regions that moved, the waveform.

Made in a killable child process (``illustrate.py``); everything that shows a face is blurred there when asked, before
it reaches this process.
"""

from dataclasses import dataclass
from typing import Literal

MediaKind = Literal["video", "audio", "picture"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """The clip in a form every browser plays.

    ``data`` are the bytes of a file of type ``mime``; ``width`` and ``height`` are in pixels (None for audio).
    """

    kind: MediaKind
    mime: str
    data: bytes
    width: int | None = None
    height: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """Outline of the part of one face that an active action unit moves.

    ``outlines`` are closed polygons, one or two (both sides of the face); points are (x, y) in 0-1 of the picture's
    width and height. ``cue_id`` is the event it belongs to.
    """

    cue_id: str
    code: str
    subject: str
    outlines: tuple[tuple[tuple[float, float], ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FaceArea:
    """Where one tracked person's face is in a keyframe: left, top, right, bottom in 0-1 of the picture."""

    subject: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyframe:
    """One picture out of the clip, at the time of a ``scene.keyframe`` cue, and what is active on its faces."""

    time_s: float
    mime: str
    data: bytes
    width: int
    height: int
    faces: tuple[FaceArea, ...] = ()
    regions: tuple[Region, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Illustration:
    """Everything a page shows of the clip itself.

    Attributes
    ----------
    media : Media or None
        None when it was not wanted, cannot be found any more or is too long to embed; ``notes`` say which.
    keyframes : tuple of Keyframe
        In order of time.
    thumbnail : bytes or None
        The keyframe on which most is active as a small WebP, for the index; None without pictures.
    peaks : tuple of (float, float)
        Waveform: lowest and highest sample (-1 to 1) of equal stretches of the clip; empty without sound.
    blurred : bool
        Whether faces were blurred in the media and the keyframes.
    notes : tuple of str
        Plain sentences for the reader: what is not shown and why, what was re-encoded.
    """

    media: Media | None = None
    keyframes: tuple[Keyframe, ...] = ()
    thumbnail: bytes | None = None
    peaks: tuple[tuple[float, float], ...] = ()
    blurred: bool = False
    notes: tuple[str, ...] = ()
