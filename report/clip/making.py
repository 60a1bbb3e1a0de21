"""What happens in the child process: one clip is looked at, and everything a page shows of it is made.

``make_illustration`` works in this process; for files from others use ``illustrate`` (``illustrate.py``).
"""

import os
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ...cues.child import Progress, Task
from ...cues.container import StrPath
from ...cues.frames import DecodeReport, read_frames
from ...cues.limits import LimitError, Limits
from ...cues.media import probe
from ...cues.waveform import read_audio
from ...errors import MediaError, ModelFileError
from ...records import Clip, CueSet
from ...records.convert import from_json
from .blur import blurred
from .illustration import Illustration, Keyframe, Media
from .looking import Looked, look
from .moments import keyframe_of, shrunk, thumbnail_of, webp
from .playable import copied
from .proxy import Encoded, TooLargeError, encode_sound, encode_video, form_for
from .wire import to_wire

Picture = npt.NDArray[np.uint8]

#: Largest media a page carries.
MAX_MEDIA_BYTES: Final = 24 << 20
PROXY_HEIGHT_PX: Final = 640
PEAKS: Final = 1000
_PICTURE_QUALITY: Final = 88
_SAME_TIME_S: Final = 1e-6


class _UnseenFrameError(Exception):
    """The second pass met a frame that the first one did not: it was never searched for faces."""


def illustration_task(task: Task) -> dict[str, Any]:
    """Do what ``illustrate.py`` asks for, in the child process."""
    made = make_illustration(
        from_json(task.arguments["cueset"], CueSet),
        task.path,
        media=task.arguments["media"],
        blur_faces=task.arguments["blur_faces"],
        limits=task.limits,
        progress=task.tell,
    )
    return to_wire(made)


def make_illustration(
    cueset: CueSet,
    path: StrPath,
    *,
    media: bool = True,
    blur_faces: bool = False,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Illustration:
    """Make what a page shows of a clip, in this process; see :func:`emoreason.report.clip.illustrate.illustrate`."""
    limits = limits or Limits()
    clip = probe(path, limits)
    if progress is not None:
        progress(clip, 0.0)
    if cueset.clip.sha256 and clip.sha256 != cueset.clip.sha256:
        raise MediaError(f"{os.fsdecode(path)}: the file has changed since its cues were found")
    return _Making(cueset, clip, path, limits, blur=blur_faces).illustration(media=media)


class _Making:
    """One clip at work; ``notes`` collects what the reader must know."""

    def __init__(self, cueset: CueSet, clip: Clip, path: StrPath, limits: Limits, *, blur: bool) -> None:
        self.cueset, self.clip, self.path, self.limits, self.blur = cueset, clip, path, limits, blur
        self.duration_s = clip.duration_s or 0.0
        self.is_picture = bool(clip.has_video) and self.duration_s == 0.0
        self.has_sound = bool(clip.has_audio)
        self.notes: list[str] = []
        self.failures: list[MediaError] = []

    def illustration(self, *, media: bool) -> Illustration:
        """Everything, in the order in which it is found out."""
        peaks = self._peaks()
        looked = self._looked()
        if len(self.failures) == bool(self.clip.has_video) + bool(self.clip.has_audio):
            raise self.failures[0]
        if self.clip.has_video and looked is None and not self.failures:
            return Illustration(peaks=peaks, notes=tuple(self.notes))  # faces could not be blurred
        keyframes, thumbnail = ((), None) if looked is None else self._keyframes(looked)
        shown = self._media(looked) if media else None
        if not media:
            self.notes.append("The clip itself was left out on request.")
        if looked is not None and self.blur:
            self._say_what_is_blurred(looked)
        return Illustration(
            media=shown,
            keyframes=keyframes,
            thumbnail=thumbnail,
            peaks=peaks,
            blurred=self.blur and looked is not None,
            notes=tuple(self.notes),
        )

    def _peaks(self) -> tuple[tuple[float, float], ...]:
        if not self.has_sound:
            return ()
        try:
            audio = read_audio(self.path, self.limits)
        except LimitError:
            raise
        except MediaError as error:
            self.failures.append(error)
            self.has_sound = False
            self.notes.append("The sound of the clip cannot be decoded and is left out.")
            return ()
        return () if audio is None else peaks_of(audio.samples, audio.rate_hz, self.duration_s)

    def _looked(self) -> Looked | None:
        """See the pictures; None when there are none, or nothing of them can or may be shown."""
        if not self.clip.has_video:
            return None
        try:
            looked = look(self.path, self.clip, self.cueset, self.limits, blur=self.blur)
        except LimitError:
            raise
        except MediaError as error:
            self.failures.append(error)
            self.notes.append("The pictures of the clip cannot be decoded and are left out.")
            return None
        except (ModelFileError, ImportError) as error:
            if not self.blur:
                raise
            self.notes.append(f"Faces cannot be blurred, so neither the clip nor keyframes are shown: {error}")
            return None
        self.notes += looked.notes
        return looked

    def _keyframes(self, looked: Looked) -> tuple[tuple[Keyframe, ...], bytes | None]:
        """Keyframes, and one of them very small."""
        images = [_hidden(looked, frame.image, frame.time_s) for frame in looked.frames]
        keyframes = tuple(
            keyframe_of(frame, image, faces, self.cueset, picture=self.is_picture)
            for frame, image, faces in zip(looked.frames, images, looked.faces, strict=True)
        )
        return keyframes, thumbnail_of(keyframes, images)

    def _media(self, looked: Looked | None) -> Media | None:
        try:
            if looked is None:
                return self._sound_alone()
            return self._picture(looked) if self.is_picture else self._video(looked)
        except TooLargeError:
            self.notes.append(
                f"The clip itself is left out: {self.duration_s / 60:.0f} minutes of it do not fit into "
                f"{MAX_MEDIA_BYTES >> 20} MiB at a bearable quality."
            )
        except _UnseenFrameError:
            self.notes.append("The clip itself is left out: not every frame of it could be searched for faces.")
        return None

    def _picture(self, looked: Looked) -> Media:
        frame = looked.frames[0]
        image = _hidden(looked, frame.image, frame.time_s)
        height, width = image.shape[:2]
        return Media(kind="picture", mime="image/webp", data=webp(image, _PICTURE_QUALITY), width=width, height=height)

    def _sound_alone(self) -> Media | None:
        encoded = None if self.clip.has_video else copied(self.path, self.limits, MAX_MEDIA_BYTES)
        form = form_for(video=False)
        if encoded is None and form is not None:
            encoded = encode_sound(self.path, self.limits, form, duration_s=self.duration_s, max_bytes=MAX_MEDIA_BYTES)
            self.notes.append("The sound was encoded anew for this page.")
        return self._media_of(encoded, "audio")

    def _video(self, looked: Looked) -> Media | None:
        encoded = None if self.blur or self.failures else copied(self.path, self.limits, MAX_MEDIA_BYTES)
        form = form_for(video=True)
        if encoded is None and form is not None:
            report = DecodeReport()
            with closing(self._proxy_frames(looked, report)) as frames:
                encoded = encode_video(
                    frames, self.path, self.limits, form, duration_s=self.duration_s,
                    end_s=lambda: report.end_s or self.duration_s, has_sound=self.has_sound, max_bytes=MAX_MEDIA_BYTES,
                )  # fmt: skip
            self.notes.append(
                f"The clip was encoded anew for this page, at most {PROXY_HEIGHT_PX} pixels high; the analysis saw the "
                "original."
            )
        return self._media_of(encoded, "video")

    def _media_of(self, encoded: Encoded | None, kind: Any) -> Media | None:
        if encoded is None:
            self.notes.append("The clip itself is left out: no encoder that browsers understand is installed.")
            return None
        return Media(kind=kind, mime=encoded.mime, data=encoded.data, width=encoded.width, height=encoded.height)

    def _proxy_frames(self, looked: Looked, report: DecodeReport) -> Generator[tuple[float, Picture], None, None]:
        """Frames as small as the copy will be, their faces blurred when asked."""
        shown = shrunk(looked.frames[0].image, self.limits.long_side_px, PROXY_HEIGHT_PX)
        limits = replace(self.limits, long_side_px=max(shown.shape[:2]))
        with closing(read_frames(self.path, limits, report=report)) as frames:
            for frame in frames:
                if self.blur and not _was_searched(looked, frame.index, frame.time_s):
                    raise _UnseenFrameError
                yield frame.time_s, _hidden(looked, frame.image, frame.time_s)

    def _say_what_is_blurred(self, looked: Looked) -> None:
        if looked.hidden is not None and looked.hidden.any:
            found = "Faces are blurred wherever one was found; look through the result before you pass it on."
        else:
            found = "No face was found that could be blurred; look through the result before you pass it on."
        self.notes.append(f"{found} The voice is not changed." if self.has_sound else found)


def peaks_of(
    samples: npt.NDArray[np.float32], rate_hz: int, duration_s: float, count: int = PEAKS
) -> tuple[tuple[float, float], ...]:
    """Lowest and highest sample of equal stretches of a clip.

    Parameters
    ----------
    samples : (n,)
        Mono, -1 to 1, from the clip's start.
    duration_s : float
        Length of the clip; what the sound does not reach is silence.

    Examples
    --------
    >>> peaks_of(np.array([0.5, -0.25, 0.0, 1.0], np.float32), 2, 4.0, count=4)
    ((-0.25, 0.5), (0.0, 1.0), (0.0, 0.0), (0.0, 0.0))
    """
    length = max(len(samples), round(duration_s * rate_hz), 1)
    edges = np.linspace(0, length, min(count, length) + 1).astype(int)
    found = []
    for first, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = samples[first:end]
        found.append((round(float(part.min()), 3), round(float(part.max()), 3)) if len(part) else (0.0, 0.0))
    return tuple(found)


def _hidden(looked: Looked, image: Picture, time_s: float) -> Picture:
    """Blur what must not be seen, where that was asked for."""
    return image if looked.hidden is None else blurred(image, looked.hidden.at(time_s))


def _was_searched(looked: Looked, index: int, time_s: float) -> bool:
    return index < len(looked.times_s) and abs(looked.times_s[index] - time_s) < _SAME_TIME_S
