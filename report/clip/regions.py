"""Which part of the face an action unit moves, as outlines on the 468-point mesh.

``data/au_regions.csv`` holds one closed outline per action unit, drawn on MediaPipe's canonical face around the muscle
that FACS (Ekman, Friesen and Hager 2002) names for it. ``where`` is ``side`` (the vertices are on the person's right;
the left side is its mirror image) or ``middle`` (the vertices run down the person's right side from the middle line to
the middle line; the mirror image closes the outline).
"""

import csv
from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
import numpy.typing as npt

from ...records import Cue
from ...records.labels import Side

Outline = tuple[tuple[float, float], ...]

_SIDES: Final[tuple[Side, ...]] = ("right", "left")


def outlines(points: npt.ArrayLike, code: str, side: Side | None = None) -> tuple[Outline, ...]:
    """Outlines of the part of a face that an action unit moves.

    Parameters
    ----------
    points : (468, 2) or (468, 3)
        The mesh; x and y in any unit.
    code : str
        ``AU12``.
    side : "left" or "right", optional
        FACS side of a one-sided action, seen from the person; both sides otherwise.

    Returns
    -------
    tuple of outlines
        One or two closed polygons of (x, y) in the unit of ``points``; none for an action unit without a region of
        its own (head and eye movements).
    """
    mesh = np.asarray(points, np.float64)
    found = []
    for part, vertices in _table().get(code, ()):
        if part is None or side not in _SIDES or part == side:
            found.append(tuple((float(x), float(y)) for x, y in mesh[list(vertices), :2]))
    return tuple(found)


def is_active(cue: Cue, time_s: float, *, picture: bool) -> bool:
    """Whether an action-unit cue says that something moves at that moment.

    A cue that says presence alone spans all the time the face was seen: it names no moment, except in a picture.
    """
    if cue.modality != "face" or cue.state != "present" or cue.code not in _table():
        return False
    if picture:
        return True
    if cue.start_s is None or cue.end_s is None or "presence_only" in cue.marks:
        return False
    return cue.start_s - _ROUNDING_S <= time_s <= cue.end_s + _ROUNDING_S


#: Times of cues are written in milliseconds.
_ROUNDING_S: Final = 0.001


@cache
def _table() -> dict[str, tuple[tuple[Side | None, tuple[int, ...]], ...]]:
    """Read the table: action unit -> (side, None for both; vertices of a closed outline)."""
    from ...cues.face.mesh import mirror_vertices

    mirror = mirror_vertices()
    table: dict[str, tuple[tuple[Side | None, tuple[int, ...]], ...]] = {}
    with files(__package__).joinpath("data/au_regions.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            right = tuple(int(number) for number in row["outline"].split())
            left = tuple(int(mirror[vertex]) for vertex in right)
            if row["where"] == "side":
                table[row["au"]] = (("right", right), ("left", left))
            else:
                # the middle line itself is its own mirror image and is not repeated
                table[row["au"]] = ((None, right + left[-2:0:-1]),)
    return table
