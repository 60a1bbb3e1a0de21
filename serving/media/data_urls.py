"""Data URLs: media within the request itself."""

import base64
import binascii
from dataclasses import dataclass, field
from typing import Final

from ..refusals import ApiError

_MARK: Final = ";base64"
_LONGEST_HEAD: Final = 200
#: How a list of frames says that it is one.
_FRAME_LISTS: Final = ("video/jpeg", "video/png")


@dataclass(frozen=True, slots=True)
class DataUrl:
    """A data URL taken apart; ``texts`` is base64, several of them where it is a list of frames."""

    media_type: str
    texts: tuple[str, ...] = field(repr=False)

    @property
    def is_frames(self) -> bool:
        """Whether it is a list of pictures, one after the other."""
        return self.media_type in _FRAME_LISTS


def is_data_url(url: str) -> bool:
    """Whether it says that it holds its own data."""
    return url[:5].lower() == "data:"


def read_data_url(url: str, *, most: int, param: str | None = None) -> DataUrl:
    """Take a data URL apart; what it holds is not decoded yet.

    Parameters
    ----------
    url : str
        From anyone.
    most : int
        Frames that a list may have.
    param : str, optional
        Which field, for the error.

    Raises
    ------
    ApiError
        400: it is not in base64, or a list of too many frames.

    Examples
    --------
    >>> read_data_url("data:video/jpeg;base64,AAAA,BBBB", most=256)
    DataUrl(media_type='video/jpeg')
    """
    head, comma, body = url[5:].partition(",")
    if not comma or len(head) > _LONGEST_HEAD or not head.lower().rstrip().endswith(_MARK):
        raise ApiError(
            400,
            "the data URL is not in base64; expected data:video/mp4;base64,…",
            param=param,
            code="invalid_data_url",
        )
    media_type = head.partition(";")[0].strip().lower()
    if media_type not in _FRAME_LISTS:
        return DataUrl(media_type, (body,))
    count = body.count(",") + 1
    if count > most:
        message = f"the list has {count} frames; expected at most {most}: send fewer of them, and say how many a second"
        raise ApiError(400, message, param=param, code="too_many_frames")
    return DataUrl(media_type, tuple(body.split(",")))


def decoded(text: str, param: str | None = None) -> bytes:
    """Decode base64; blank space within it is passed over, nothing else.

    Raises
    ------
    ApiError
        400: it is no base64.

    Examples
    --------
    >>> decoded("aGVs bG8=")
    b'hello'
    """
    try:
        # Not text.split(): of "A A A …" that makes millions of pieces.
        return base64.b64decode(text.encode("ascii").translate(None, b" \t\r\n"), validate=True)
    except (binascii.Error, ValueError):
        message = "the media are no base64 (letters, digits, + and /, = at the end)"
        raise ApiError(400, message, param=param, code="invalid_base64") from None
