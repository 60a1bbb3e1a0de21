"""A transcript that lies beside its clip ``clip.mp4``: ``clip.srt``, ``.vtt``, ``.txt``, ``.eaf`` or ``.TextGrid``."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from .container import StrPath, media_error, open_regular
from .speech.annotation import SUFFIXES as ANNOTATIONS
from .speech.annotation import is_annotation, read_annotation

#: Looked for in this order.
SUFFIXES: Final = (".srt", ".vtt", ".txt", *ANNOTATIONS)
#: A longer file is no transcript of a clip.
MAX_BYTES: Final = 4 * 1024 * 1024
_BYTE_ORDER_MARKS: Final = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}


def read_sidecar(clip: StrPath, tiers: Sequence[str] = ()) -> str | None:
    """Text of the transcript beside a clip; None when there is none. ``tiers``: as :func:`read_annotation`.

    Raises
    ------
    MediaError
        There is one and it cannot be read: no regular file, too long, in no encoding that can be told for sure, or
        with several tiers that could be meant.
    """
    for suffix in SUFFIXES:
        place = Path(os.fsdecode(clip)).with_suffix(suffix)
        if place.exists() and not place.samefile(clip):
            return read_annotation(place, tiers) if is_annotation(place) else _read(place)
    return None


def _read(place: Path) -> str:
    with open_regular(place) as file:
        data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise media_error(place, f"larger than {MAX_BYTES >> 20} MiB, which is no transcript of a clip")
    try:
        return decode_transcript(data)
    except UnicodeDecodeError as error:
        raise media_error(place, "not UTF-8 text; convert it, or give --transcript FILE") from error


def decode_transcript(data: bytes) -> str:
    """Text of a transcript: UTF-8, or what its byte order mark says.

    Raises
    ------
    UnicodeDecodeError
        It is in no encoding that can be told for sure.
    """
    encoding = next((name for mark, name in _BYTE_ORDER_MARKS.items() if data.startswith(mark)), "utf-8")
    return data.decode(encoding)
