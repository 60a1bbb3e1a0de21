"""Keyframes as figures: the outlines of regions that active action units move, with labels that keep apart."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ...cues.wording import cue_name, plain_name
from ...records import Cue
from ..clip.illustration import Illustration, Keyframe, Region
from ..text import data_uri
from .axis import Axis, clock
from .choice import Choice, Listed

Outline = tuple[tuple[float, float], ...]

#: Size of a label's letters as a share of the picture's width.
_LETTERS: Final = 1 / 34
#: So many thumbnails fit side by side above the timeline.
_THUMBNAILS_IN_VIEW: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionMark:
    """Region of one active action unit: polygons in pixels of the keyframe, and where its label stands."""

    listed: Listed | None
    code: str
    name: str
    polygons: tuple[str, ...]
    x: float
    y: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One keyframe, its place on the time axis (None without one) and the first zoom that has room for it there."""

    number: int
    source: str
    width: int
    height: int
    time_s: float
    time: str
    x: str | None
    zoom: int
    regions: tuple[RegionMark, ...]
    people: tuple[tuple[str, float, float, float, float], ...]
    caption: str


def figures_of(illustration: Illustration, choice: Choice, axis: Axis | None) -> Iterator[Figure]:
    """Figures of all keyframes, in order of time."""
    zooms = _zooms(illustration.keyframes, axis)
    for number, (keyframe, zoom) in enumerate(zip(illustration.keyframes, zooms, strict=True)):
        regions = tuple(_regions(keyframe, choice))
        yield Figure(
            number=number,
            source=data_uri(keyframe.mime, keyframe.data),
            width=keyframe.width,
            height=keyframe.height,
            time_s=keyframe.time_s,
            time=clock(keyframe.time_s),
            x=axis.percent(keyframe.time_s) if axis else None,
            zoom=zoom,
            regions=regions,
            people=tuple(_people(keyframe)) if len(keyframe.faces) > 1 else (),
            caption=", ".join(dict.fromkeys(mark.name for mark in regions)) or "no action unit is active",
        )


def _zooms(keyframes: Sequence[Keyframe], axis: Axis | None) -> list[int]:
    """First zoom at which each thumbnail keeps clear of those before it that are shown at that zoom."""
    if axis is None:
        return [1] * len(keyframes)
    zooms: list[int] = []
    for number, keyframe in enumerate(keyframes):
        fitting = (zoom for zoom in axis.zooms() if _has_room(keyframe, keyframes[:number], zooms, zoom, axis))
        zooms.append(next(fitting, 2 * axis.zooms()[-1]))
    return zooms


def _has_room(keyframe: Keyframe, before: Sequence[Keyframe], zooms: Sequence[int], zoom: int, axis: Axis) -> bool:
    room_s = axis.length_s / zoom / _THUMBNAILS_IN_VIEW
    shown = (other for other, other_zoom in zip(before, zooms, strict=True) if other_zoom <= zoom)
    return all(abs(keyframe.time_s - other.time_s) >= room_s for other in shown)


def _regions(keyframe: Keyframe, choice: Choice) -> Iterator[RegionMark]:
    letters = keyframe.width * _LETTERS
    taken: list[tuple[float, float]] = []
    for region in sorted(keyframe.regions, key=lambda region: _label_place(region)[1]):
        x, y = _label_place(region)
        x, y = x * keyframe.width, y * keyframe.height
        while any(abs(x - other_x) < 3.5 * letters and abs(y - other_y) < 1.2 * letters for other_x, other_y in taken):
            y += 0.4 * letters  # labels of regions that lie on each other stand one below the other
        taken.append((x, y))
        listed = choice.listed.get(region.cue_id)
        yield RegionMark(
            listed=listed,
            code=plain_name(region.code),
            name=cue_name(listed.cue if listed else Cue(id="_", modality="face", code=region.code)),
            polygons=tuple(_points(outline, keyframe) for outline in region.outlines),
            x=round(x, 1),
            y=round(y, 1),
        )


def _label_place(region: Region) -> tuple[float, float]:
    """Right end of the region, half way down: labels stand beside the feature, not on it."""
    points = [point for outline in region.outlines for point in outline] or [(0.5, 0.5)]
    ys = [y for _, y in points]
    return max(x for x, _ in points), (min(ys) + max(ys)) / 2


def _points(outline: Outline, keyframe: Keyframe) -> str:
    return " ".join(f"{x * keyframe.width:.1f},{y * keyframe.height:.1f}" for x, y in outline)


def _people(keyframe: Keyframe) -> Iterator[tuple[str, float, float, float, float]]:
    for face in keyframe.faces:
        left, top, right, bottom = face.box
        x, y = left * keyframe.width, top * keyframe.height
        width, height = (right - left) * keyframe.width, (bottom - top) * keyframe.height
        yield plain_name(face.subject), round(x, 1), round(y, 1), round(width, 1), round(height, 1)
