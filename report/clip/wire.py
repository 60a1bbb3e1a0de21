"""An Illustration on the wire between the child process and its parent: JSON, bytes as base64, checked on arrival."""

import base64
import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Final, get_args

from ...errors import RecordError
from .illustration import FaceArea, Illustration, Keyframe, Media, MediaKind, Region

#: The only types a page is ever given.
_MIMES: Final = {
    "video": {"video/mp4", "video/webm"},
    "audio": {"audio/mp4", "audio/mpeg", "audio/wav", "audio/flac", "audio/ogg", "audio/webm"},
    "picture": {"image/webp"},
}


def to_wire(illustration: Illustration) -> dict[str, Any]:
    """JSON value of an Illustration."""
    value = asdict(illustration)
    for part in (value["media"], *value["keyframes"]):
        if part is not None:
            part["data"] = base64.b64encode(part["data"]).decode("ascii")
    if illustration.thumbnail is not None:
        value["thumbnail"] = base64.b64encode(illustration.thumbnail).decode("ascii")
    return value


def from_wire(value: Any) -> Illustration:
    """Rebuild an Illustration from what :func:`to_wire` made.

    Raises
    ------
    RecordError
        It is not that; the other side is a process that reads files from anyone, so nothing is taken on trust.
    """
    try:
        return Illustration(
            media=None if value["media"] is None else _media(value["media"]),
            keyframes=tuple(_keyframe(item) for item in value["keyframes"]),
            thumbnail=None if value["thumbnail"] is None else base64.b64decode(value["thumbnail"], validate=True),
            peaks=tuple((_number(low), _number(high)) for low, high in value["peaks"]),
            blurred=bool(value["blurred"]),
            notes=tuple(str(note) for note in value["notes"]),
        )
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise RecordError(f"what the illustration process wrote cannot be read: {error!r}") from error


def _media(item: Mapping[str, Any]) -> Media:
    kind: MediaKind = item["kind"]
    if kind not in get_args(MediaKind) or item["mime"] not in _MIMES[kind]:
        raise ValueError(f"media of kind {kind!r} and type {item['mime']!r}")
    width, height = (None if item[side] is None else int(item[side]) for side in ("width", "height"))
    return Media(kind=kind, mime=item["mime"], data=_data(item), width=width, height=height)


def _keyframe(item: Mapping[str, Any]) -> Keyframe:
    if item["mime"] not in _MIMES["picture"]:
        raise ValueError(f"keyframe of type {item['mime']!r}")
    return Keyframe(
        time_s=_number(item["time_s"]),
        mime=item["mime"],
        data=_data(item),
        width=int(item["width"]),
        height=int(item["height"]),
        faces=tuple(_face(face) for face in item["faces"]),
        regions=tuple(
            Region(
                cue_id=str(region["cue_id"]),
                code=str(region["code"]),
                subject=str(region["subject"]),
                outlines=tuple(tuple((_number(x), _number(y)) for x, y in shape) for shape in region["outlines"]),
            )
            for region in item["regions"]
        ),
    )


def _face(item: Mapping[str, Any]) -> FaceArea:
    x0, y0, x1, y1 = (_number(edge) for edge in item["box"])
    return FaceArea(subject=str(item["subject"]), box=(x0, y0, x1, y1))


def _data(item: Mapping[str, Any]) -> bytes:
    return base64.b64decode(item["data"], validate=True)


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is no number")
    return number
