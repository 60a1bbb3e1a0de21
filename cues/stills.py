"""Pictures and sound of a clip for a model to look at and listen to, decoded in the killable child process.

Frames come out of the same decoder as in extraction: upright, with square pixels, within the same limits, from video,
animations and pictures alike. They are scaled as the vision models of the Qwen families scale them, so that what a
picture costs is known before it is sent.
"""

import base64
import binascii
import hashlib
import io
import math
import os
import threading
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ..errors import MediaError
from .extractor import AUDIO_RATE_HZ
from .limits import Limits, core_count
from .sandbox import run_in_child

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ..records import Clip
    from .child import Task

StrPath = str | os.PathLike[str]

#: Longest sound that is read, seconds.
LONGEST_SOUND_S: Final = 300.0
#: Pictures longer than wide (or wider than long) by more than this are refused, as by the models' own processors.
MAX_RATIO: Final = 200
#: A picture has at least this many blocks of ``multiple`` x ``multiple`` pixels.
_LEAST_BLOCKS: Final = 4
_JPEG_QUALITY: Final = 85
#: Readings at a time, from however many threads: each has a process of its own.
_READINGS: Final = threading.BoundedSemaphore(max(2, core_count()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """One picture of a clip.

    Attributes
    ----------
    asked_s, time_s : float
        The moment asked for, and that of the frame nearest to it, seconds from the clip's start.
    width, height : int
        Pixels.
    jpeg : bytes
        The picture; the same file, moment and size give the same bytes.
    sha256 : str
        Hex digest of ``jpeg``.
    """

    asked_s: float
    time_s: float
    width: int
    height: int
    jpeg: bytes
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """The sound of a clip: a WAV file (PCM, 16 bit, mono, 16 kHz) of ``duration_s``, of ``full_s`` there are."""

    wav: bytes
    duration_s: float
    full_s: float


def read_stills(
    path: StrPath,
    times_s: Sequence[float],
    *,
    max_pixels: int,
    multiple: int | None = None,
    sha256: str | None = None,
    limits: Limits | None = None,
) -> tuple[Still, ...]:
    """Read the frames of a clip that are nearest to some moments.

    Parameters
    ----------
    path : str or path
        Video or picture, from anyone.
    times_s : sequence of float
        Seconds from the clip's start; those outside of it mean its first or last frame.
    max_pixels : int
        Most pixels of one picture; see :func:`fit_pixels`. No side is longer than ``limits.long_side_px``, but for
        rounding to ``multiple``.
    multiple : int, optional
        What both sides are to be multiples of: 28 for Qwen2.5-VL, 32 for Qwen3-VL.
    sha256 : str, optional
        Hex digest that the file is known by.
    limits : Limits, optional
        What reading may cost, as for extraction.

    Returns
    -------
    tuple of Still
        One for each moment, in that order; none of a clip without pictures.

    Raises
    ------
    MediaError
        The file cannot be read, breaks a limit, is not the one that ``sha256`` names, or is too long and thin; or the
        process that read it died.
    ValueError
        A moment is not finite, or the sizes leave no room for a picture.
    """
    if not all(map(math.isfinite, times_s)):
        raise ValueError(f"moments must be finite; got {list(times_s)}")
    fit_pixels(1, 1, max_pixels, multiple)
    if not times_s:
        return ()
    arguments = {"times_s": list(times_s), "max_pixels": max_pixels, "multiple": multiple, "sha256": sha256}
    with _READINGS:
        answer = run_in_child("cues.stills:stills_task", path, arguments, limits)
    try:
        pictures = [_still_of(picture) for picture in answer["pictures"]]
        return tuple(
            Still(asked_s=asked_s, **pictures[number])
            for asked_s, number in zip(times_s, answer["which"], strict=bool(pictures))
        )
    except _UNREADABLE as error:
        raise MediaError(f"{os.fspath(path)!r}: what was read of it makes no sense: {error}") from error


def read_wav(
    path: StrPath, *, max_s: float = LONGEST_SOUND_S, sha256: str | None = None, limits: Limits | None = None
) -> Recording | None:
    """Read the sound of a clip, at most its first ``max_s`` seconds; None when it has none.

    Raises
    ------
    MediaError
        As for :func:`read_stills`.
    """
    arguments = {"max_s": max_s, "sha256": sha256}
    with _READINGS:
        answer = run_in_child("cues.stills:wav_task", path, arguments, limits)
    if answer is None:
        return None
    try:
        wav = base64.b64decode(answer["wav"], validate=True)
        return Recording(wav=wav, duration_s=float(answer["duration_s"]), full_s=float(answer["full_s"]))
    except _UNREADABLE as error:
        raise MediaError(f"{os.fspath(path)!r}: what was read of it makes no sense: {error}") from error


#: What an answer that is not as it should be raises: it comes from the process in which the file was decoded.
_UNREADABLE: Final = (KeyError, TypeError, ValueError, IndexError, binascii.Error)


def fit_pixels(width: int, height: int, max_pixels: int, multiple: int | None = None) -> tuple[int, int]:
    """Size (width, height) at which a picture has at most ``max_pixels``, its proportions kept.

    With a ``multiple`` both sides are multiples of it, and a very small picture is enlarged to four blocks, as the
    processors of Qwen2-VL and its successors do (``smart_resize`` of qwen-vl-utils, Apache-2.0, gives the same; where
    it would give a side of 0 or too many pixels this does not). Without, a picture is never enlarged.

    Raises
    ------
    ValueError
        There is no picture, it is more than 200 times as long as wide, or not even one block has room.

    Examples
    --------
    >>> fit_pixels(1280, 720, 401_408, 28)
    (840, 448)
    >>> fit_pixels(1280, 720, 401_408)
    (844, 475)
    """
    if min(width, height) < 1 or max(width, height) > MAX_RATIO * min(width, height):
        raise ValueError(f"{width} x {height} pixels are no picture that a model takes (at most {MAX_RATIO} : 1)")
    if max_pixels < (multiple or 1) ** 2:
        raise ValueError(f"{max_pixels} pixels leave no room for a picture (multiples of {multiple or 1})")
    if multiple is not None:
        return _in_blocks(width, height, max_pixels, multiple)
    if width * height <= max_pixels:
        return width, height
    scale = math.sqrt(max_pixels / (width * height))
    return _clamped(math.floor(width * scale), math.floor(height * scale), max_pixels)


def _in_blocks(width: int, height: int, max_pixels: int, multiple: int) -> tuple[int, int]:
    most, least = max_pixels // multiple**2, _LEAST_BLOCKS * multiple**2
    wide, high = (max(1, round(side / multiple)) for side in (width, height))
    if wide * high * multiple**2 > max_pixels:
        shrink = math.sqrt(width * height / max_pixels)
        wide, high = (math.floor(side / shrink / multiple) for side in (width, height))
        wide, high = _clamped(wide, high, most)
    elif wide * high * multiple**2 < least:
        grow = math.sqrt(least / (width * height))
        larger = tuple(math.ceil(side * grow / multiple) for side in (width, height))
        if larger[0] * larger[1] <= most:
            wide, high = larger
    return wide * multiple, high * multiple


def _clamped(wide: int, high: int, most: int) -> tuple[int, int]:
    """Sides of at least 1; where that makes one larger, the other has less room."""
    wide, high = max(1, wide), max(1, high)
    return (min(wide, most // high), high) if wide > high else (wide, min(high, most // wide))


def stills_task(task: "Task") -> dict[str, Any]:
    """Do what :func:`read_stills` asks for, in the child process."""
    from .seeking import frames_near

    clip = _known(task)
    if not clip.has_video:
        return {"pictures": [], "which": []}
    last_s = clip.duration_s or 0.0
    moments_s = [min(max(0.0, time_s), last_s) for time_s in task.arguments["times_s"]]
    frames = frames_near(task.path, task.limits, moments_s, last_s)
    which = [
        min(range(len(frames)), key=lambda number: abs(frames[number].time_s - moment_s)) for moment_s in moments_s
    ]
    pictures = [
        {"time_s": frame.time_s, **_picture(task, frame.image)} if number in which else None
        for number, frame in enumerate(frames)
    ]
    return {"pictures": pictures, "which": which}


def wav_task(task: "Task") -> dict[str, Any] | None:
    """Do what :func:`read_wav` asks for, in the child process."""
    import numpy as np

    from .waveform import read_audio

    clip = _known(task)
    audio = read_audio(task.path, task.limits) if clip.has_audio else None
    if audio is None:
        return None
    samples = audio.samples[: max(1, int(task.arguments["max_s"] * AUDIO_RATE_HZ))]
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(AUDIO_RATE_HZ)
        out.writeframes(np.round(samples * 32_767).astype("<i2").tobytes())
    return {
        "wav": base64.b64encode(file.getvalue()).decode("ascii"),
        "duration_s": len(samples) / AUDIO_RATE_HZ,
        "full_s": audio.duration_s,
    }


def _known(task: "Task") -> "Clip":
    """Clip that the file is; MediaError when it is another one than asked for."""
    from .media import probe

    clip = probe(task.path, task.limits)
    task.tell(clip, 0.0)
    wanted = task.arguments["sha256"]
    if wanted is not None and clip.sha256 != wanted:
        raise MediaError(f"{task.path}: the file has changed since its cues were found")
    return clip


def _picture(task: "Task", image: "npt.NDArray[np.uint8]") -> dict[str, Any]:
    """JPEG of a uint8 RGB picture of shape (height, width, 3), scaled to fit."""
    import cv2
    import numpy as np

    from .container import media_error

    try:
        size = fit_pixels(image.shape[1], image.shape[0], task.arguments["max_pixels"], task.arguments["multiple"])
    except ValueError as error:
        raise media_error(task.path, str(error)) from error
    if size != (image.shape[1], image.shape[0]):
        smaller = size[0] * size[1] < image.shape[0] * image.shape[1]
        how = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
        image = np.asarray(cv2.resize(image, size, interpolation=how), np.uint8)
    good, jpeg = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    if not good:
        raise RuntimeError("OpenCV cannot write JPEG")
    return {"width": size[0], "height": size[1], "jpeg": base64.b64encode(jpeg.tobytes()).decode("ascii")}


def _still_of(picture: dict[str, Any] | None) -> dict[str, Any]:
    """Fields of a Still, read from the child's answer; none of a frame that is nearest to no moment."""
    if picture is None:
        return {}
    jpeg = base64.b64decode(picture["jpeg"], validate=True)
    return {
        "time_s": float(picture["time_s"]),
        "width": int(picture["width"]),
        "height": int(picture["height"]),
        "jpeg": jpeg,
        "sha256": hashlib.sha256(jpeg).hexdigest(),
    }
