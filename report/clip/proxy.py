"""Encoding a clip anew, in a form every browser plays: small, its pictures and its sound and nothing else of the file.

Pictures keep their own times, also where the frame rate varies, and the sound starts where it started, so that every
moment of the clip is the same moment of the copy.
"""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import av
import av.error
import numpy as np
import numpy.typing as npt
from av.video.frame import PictureType
from av.video.reformatter import Colorspace, VideoReformatter

from ...cues.container import StrPath
from ...cues.limits import Limits
from .soundtrack import RATE_HZ, Samples, blocks, channels_of, read_sound

Picture = npt.NDArray[np.uint8]

_CLOCK_HZ: Final = 90_000
#: Bits per second of the sound, per channel, and what is left of them when room is scarce.
_SOUND_BPS: Final = 56_000
_SCARCE_SOUND_BPS: Final = 28_000
#: With less than this for the pictures there is nothing to be seen in them.
MIN_PICTURE_BPS: Final = 120_000
#: No clip needs more than this.
_MOST_PICTURE_BPS: Final = 4_000_000
#: Containers and what encoders overshoot take up to this share of a file.
_SAFETY: Final = 0.85
#: A seek lands on a key frame: one at least this often keeps jumping to a moment quick.
_KEY_EVERY_S: Final = 2.0
#: The last picture is shown at least this long.
_SHORTEST_S: Final = 0.02


class TooLargeError(Exception):
    """The clip cannot be made small enough at a bearable quality."""


@dataclass(frozen=True, slots=True)
class Form:
    """One way to encode: libav's names of the encoders and the container, and what the file is then called."""

    video: str
    audio: str
    container: str
    video_mime: str
    audio_mime: str
    options: tuple[tuple[str, str], ...]


#: In order of preference; which encoders there are depends on how libav was built.
FORMS: Final = (
    Form("libx264", "aac", "mp4", "video/mp4", "audio/mp4", (("preset", "veryfast"), ("crf", "25"), ("bf", "0"))),
    Form("libopenh264", "aac", "mp4", "video/mp4", "audio/mp4", ()),
    Form("libvpx", "libopus", "webm", "video/webm", "audio/webm", (("crf", "12"), ("cpu-used", "6"))),
)


@dataclass(frozen=True, slots=True)
class Encoded:
    """A finished file; ``width`` and ``height`` are None for sound alone."""

    mime: str
    data: bytes
    width: int | None = None
    height: int | None = None


def form_for(*, video: bool) -> Form | None:
    """First form whose encoders libav has; None when there is none."""
    for form in FORMS:
        if _has(form.audio) and (not video or _has(form.video)):
            return form
    return None


def encode_sound(path: StrPath, limits: Limits, form: Form, *, duration_s: float, max_bytes: int) -> Encoded:
    """Encode the sound of a clip alone.

    Raises
    ------
    TooLargeError
        It would not fit.
    MediaError
        The file cannot be read.
    """
    channels = channels_of(path, limits)
    room_bps = max_bytes * 8 * _SAFETY / max(duration_s, 1.0)
    if room_bps < _SCARCE_SOUND_BPS:
        raise TooLargeError
    file = io.BytesIO()
    with av.open(file, "w", format=form.container) as container:
        sound = _Sound(container, form, channels, min(_SOUND_BPS * channels, room_bps))
        sound.write(read_sound(path, limits, channels), np.inf)
        sound.end()
    return _checked(Encoded(form.audio_mime, file.getvalue()), max_bytes)


def encode_video(
    frames: Iterable[tuple[float, Picture]],
    path: StrPath,
    limits: Limits,
    form: Form,
    *,
    duration_s: float,
    end_s: Callable[[], float],
    has_sound: bool,
    max_bytes: int,
) -> Encoded:
    """Encode pictures with the sound of the clip they came from.

    Parameters
    ----------
    frames : iterable of (time_s, picture)
        Upright uint8 RGB pictures, in order of time; each is shown until the next one comes.
    duration_s : float
        How long the file says the clip is: what room there is for every second of it.
    end_s : callable
        Asked after the last picture: until when it is shown.

    Raises
    ------
    TooLargeError
        It would not fit.
    MediaError
        The file cannot be read.
    """
    channels = channels_of(path, limits) if has_sound else 0
    room_bps = max_bytes * 8 * _SAFETY / max(duration_s, 1.0)
    sound_bps = min(_SOUND_BPS if room_bps > 3 * MIN_PICTURE_BPS else _SCARCE_SOUND_BPS, _SOUND_BPS) * channels
    if room_bps - sound_bps < MIN_PICTURE_BPS:
        raise TooLargeError
    file = io.BytesIO()
    with av.open(file, "w", format=form.container) as container:
        pictures = _Pictures(container, form, min(_MOST_PICTURE_BPS, room_bps - sound_bps))
        sound = _Sound(container, form, channels, sound_bps) if channels else None
        pieces = read_sound(path, limits, channels) if channels else iter(())
        for time_s, lasts_s, picture in _lasting(_from_zero(frames), end_s):
            pictures.write(picture, time_s, lasts_s)
            if sound is not None:
                sound.write(pieces, time_s)
        pictures.end()
        if sound is not None:
            sound.write(pieces, np.inf)
            sound.end()
        size = pictures.size
    return _checked(Encoded(form.video_mime, file.getvalue(), *size), max_bytes)


def _checked(encoded: Encoded, max_bytes: int) -> Encoded:
    if len(encoded.data) > max_bytes:
        raise TooLargeError
    return encoded


def _has(codec: str) -> bool:
    try:
        av.Codec(codec, "w")
    except (av.error.FFmpegError, ValueError):
        return False
    return True


def _from_zero(frames: Iterable[tuple[float, Picture]]) -> Iterator[tuple[float, Picture]]:
    """Show the first picture from the clip's start: players disagree on what to show before the first one."""
    for number, (time_s, picture) in enumerate(frames):
        if number == 0 and time_s > 0:
            yield 0.0, picture
        yield time_s, picture


def _lasting(
    frames: Iterator[tuple[float, Picture]], end_s: Callable[[], float]
) -> Iterator[tuple[float, float, Picture]]:
    """Yield (time, how long it is shown, picture); ``end_s`` is asked once the last one has come."""
    shown: tuple[float, Picture] | None = None
    for time_s, picture in frames:
        if shown is not None:
            yield shown[0], time_s - shown[0], shown[1]
        shown = time_s, picture
    if shown is not None:
        yield shown[0], max(end_s() - shown[0], _SHORTEST_S), shown[1]


class _Pictures:
    """The video track."""

    def __init__(self, container: Any, form: Form, most_bps: float) -> None:
        self._container, self._form, self._most_bps = container, form, most_bps
        self._reformatter = VideoReformatter()  # keeps its tables between frames
        self._lasts: dict[int, int] = {}
        self._last_pts = -1
        self._key_s = -np.inf
        # Every track must stand before the first packet is written; its size is set with the first picture.
        self._stream: Any = container.add_stream(form.video, rate=Fraction(25), options=self._options())
        self._started = False

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self._stream.width, self._stream.height

    def write(self, picture: Picture, time_s: float, lasts_s: float) -> None:
        """Add one picture."""
        picture = self._fitted(even(picture))
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame = self._reformatter.reformat(frame, format="yuv420p", dst_colorspace=Colorspace.ITU709, threads=1)
        pts = max(self._last_pts + 1, round(time_s * _CLOCK_HZ))
        self._last_pts = pts
        self._lasts[pts] = max(1, round((time_s + lasts_s) * _CLOCK_HZ) - pts)
        frame.pts, frame.time_base = pts, Fraction(1, _CLOCK_HZ)
        if time_s - self._key_s >= _KEY_EVERY_S:
            self._key_s = time_s
            frame.pict_type = PictureType.I
        self._mux(self._stream.encode(frame))

    def end(self) -> None:
        """Write what the encoder still holds."""
        self._mux(self._stream.encode())

    def _mux(self, packets: list[Any]) -> None:
        for packet in packets:
            packet.duration = self._lasts.pop(packet.pts, packet.duration)
            self._container.mux(packet)

    def _options(self) -> dict[str, str]:
        most = str(round(self._most_bps))
        limits = {"b": most} if self._form.video != "libx264" else {}
        return {**dict(self._form.options), **limits, "maxrate": most, "bufsize": str(round(2 * self._most_bps))}

    def _fitted(self, picture: Picture) -> Picture:
        """Give every picture the size of the first one: some streams change it on the way."""
        if not self._started:
            self._start(picture)
        width, height = self.size
        if picture.shape[:2] == (height, width):
            return picture
        import cv2

        return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)

    def _start(self, picture: Picture) -> None:
        self._started = True
        stream, context = self._stream, self._stream.codec_context
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.time_base = context.time_base = Fraction(1, _CLOCK_HZ)
        # ITU-T H.273: 1 is BT.709; browsers would otherwise guess from the size
        context.colorspace = context.color_primaries = context.color_trc = 1
        context.color_range = 1


class _Sound:
    """The audio track."""

    def __init__(self, container: Any, form: Form, channels: int, rate_bps: float) -> None:
        self._container = container
        self._layout = "mono" if channels == 1 else "stereo"
        self._stream: Any = container.add_stream(form.audio, rate=RATE_HZ, layout=self._layout)
        self._stream.bit_rate = round(rate_bps)
        self._format = "fltp" if form.audio == "aac" else "flt"
        self._stream.format = self._format
        self._blocks: Iterator[Samples] | None = None
        self._pts = 0

    def write(self, pieces: Iterator[Samples], until_s: float) -> None:
        """Add sound up to a moment; ``pieces`` must be the same iterator every time."""
        if self._blocks is None:
            self._blocks = blocks(pieces, 1024)
        while self._pts < until_s * RATE_HZ:
            block = next(self._blocks, None)
            if block is None:
                return
            samples = block if self._format == "fltp" else block.T.reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), self._format, self._layout)
            frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, self._pts, Fraction(1, RATE_HZ)
            self._pts += block.shape[1]
            self._container.mux(self._stream.encode(frame))

    def end(self) -> None:
        """Write what the encoder still holds."""
        self._container.mux(self._stream.encode())


def even(picture: Picture) -> Picture:
    """Picture with an even number of rows and columns, as 4:2:0 video needs it; the last ones are repeated."""
    height, width = picture.shape[:2]
    if height % 2 or width % 2:
        picture = np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    return np.ascontiguousarray(picture)
