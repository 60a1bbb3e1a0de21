"""One decoded frame -> an upright RGB picture of bounded size."""

import math
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from av.video.reformatter import Colorspace, VideoReformatter

from .container import StrPath, open_regular

#: How stored axes map to shown ones, x' = a x + c y and y' = b x + d y (x to the right, y down).
Orientation = tuple[float, float, float, float]
_UPRIGHT: Final[Orientation] = (1, 0, 0, 1)
#: Exif tag 0x0112 (Exif 2.32, table 6) -> orientation.
_EXIF: Final[dict[int, Orientation]] = {
    1: _UPRIGHT,
    2: (-1, 0, 0, 1),
    3: (-1, 0, 0, -1),
    4: (1, 0, 0, -1),
    5: (0, 1, 1, 0),
    6: (0, 1, -1, 0),
    7: (0, -1, -1, 0),
    8: (0, -1, 1, 0),
}
#: ITU-T H.273 matrix coefficients -> swscale's name for them; the rest are not RGB-convertible by swscale.
_MATRICES: Final = {
    1: Colorspace.ITU709,
    4: Colorspace.FCC,
    5: Colorspace.ITU601,
    6: Colorspace.ITU601,
    7: Colorspace.SMPTE240M,
    9: Colorspace.BT2020,
}
#: First bytes of still pictures (PNG, JPEG, WebP, TIFF).
_STILLS: Final = (b"\x89PNG", b"\xff\xd8", b"RIFF", b"II*\0", b"MM\0*")
_HD_HEIGHT: Final = 720
_PAPER: Final = 255  # transparent parts are shown on white, as a browser does


class Upright:
    """Converts the frames of one clip; keeps swscale's tables between frames.

    Calling it with an ``av.VideoFrame`` gives uint8 RGB of shape (height, width, 3). ``pixel_ratio`` is the width of
    a pixel over its height as the file states it.
    """

    def __init__(self, path: StrPath, pixel_ratio: Fraction | None, long_side_px: int) -> None:
        self._path = path
        ratio = float(pixel_ratio or 1)
        self._pixel_ratio = ratio if 0.1 <= ratio <= 10.0 else 1.0  # absurd ones come from damaged headers
        self._long_side_px = long_side_px
        self._reformatter = VideoReformatter()
        self._orientation: Orientation | None = None

    def __call__(self, frame: Any) -> npt.NDArray[np.uint8]:
        """Upright RGB picture, longer side at most the limit."""
        if self._orientation is None:
            self._orientation = _orientation_of(frame, self._path)
        transparent = frame.format.has_palette or any(part.is_alpha for part in frame.format.components)
        width, height = self._shown_size(frame)
        converted = self._reformatter.reformat(
            frame,
            width=width,
            height=height,
            format="rgba" if transparent else "rgb24",
            src_colorspace=_matrix_of(frame),
            dst_colorspace=Colorspace.ITU709,
            interpolation="AREA" if width < frame.width or height < frame.height else "BILINEAR",
            threads=1,
        )
        picture = np.asarray(converted.to_ndarray(), dtype=np.uint8)
        return _turned(on_paper(picture) if transparent else picture, self._orientation)

    def _shown_size(self, frame: Any) -> tuple[int, int]:
        """(width, height) with square pixels and the longer side within the limit; no axis is ever stretched."""
        width = frame.width * min(1.0, self._pixel_ratio)
        height = frame.height * min(1.0, 1.0 / self._pixel_ratio)
        scale = min(1.0, self._long_side_px / max(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))


def _matrix_of(frame: Any) -> Colorspace | None:
    if frame.format.is_rgb or len(frame.format.components) < 3:
        return None
    default = Colorspace.ITU709 if frame.height >= _HD_HEIGHT else Colorspace.ITU601
    return _MATRICES.get(int(frame.colorspace), default)


def on_paper(rgba: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """RGBA laid over white."""
    alpha = rgba[..., 3:]
    if alpha.min() == _PAPER:
        return np.ascontiguousarray(rgba[..., :3])
    mixed = rgba[..., :3].astype(np.uint16) * alpha + _PAPER * (255 - alpha.astype(np.uint16))
    return ((mixed + 127) // 255).astype(np.uint8)


def _turned(picture: npt.NDArray[np.uint8], orientation: Orientation) -> npt.NDArray[np.uint8]:
    a, b, c, d = orientation
    if abs(a) >= abs(b):
        flip_x, flip_y = a < 0, d < 0
    else:
        picture = picture.transpose(1, 0, 2)
        flip_x, flip_y = c < 0, b < 0
    picture = picture[:: -1 if flip_y else 1, :: -1 if flip_x else 1]
    return np.ascontiguousarray(picture)


def _orientation_of(frame: Any, path: StrPath) -> Orientation:
    """Orientation from the display matrix or, for a JPEG, from its Exif block."""
    with open_regular(Path(path)) as file:
        head = file.read(65_536)
    exif = _exif_orientation(head)
    if exif is not None:
        return _EXIF.get(exif, _UPRIGHT)
    # PyAV 18.1 has no name for the Exif block among a picture's side data; with a colour profile beside it, asking for
    # any of them crashes the process.
    if not head.startswith(_STILLS):
        try:
            matrix = struct.unpack("=9i", bytes(frame.side_data["DISPLAYMATRIX"]))
            if any(matrix[:2]):
                return matrix[0], matrix[1], matrix[3], matrix[4]
        except (KeyError, ValueError, struct.error):
            pass  # no matrix: PyAV's own reading still serves
    turn = math.radians(float(frame.rotation))
    return math.cos(turn), -math.sin(turn), math.sin(turn), math.cos(turn)


def _exif_orientation(head: bytes) -> int | None:
    """Value of Exif tag 0x0112 of a JPEG file that starts like this, or None.

    libav hands on the rotation but PyAV cannot tell a mirrored picture from a turned one.
    """
    start = head.find(b"Exif\0\0") + 6
    if not head.startswith(b"\xff\xd8") or start < 6:
        return None
    tiff = head[start:]
    order = "<" if tiff[:2] == b"II" else ">"
    try:
        (ifd,) = struct.unpack_from(order + "I", tiff, 4)
        (entries,) = struct.unpack_from(order + "H", tiff, ifd)
        for entry in range(entries):
            tag, kind, count, value = struct.unpack_from(order + "HHIH", tiff, ifd + 2 + 12 * entry)
            if tag == 0x0112 and kind == 3 and count == 1:
                return int(value)
    except struct.error:
        pass  # a broken Exif block is no reason to refuse the picture
    return None
