"""Move the muscles of a photographed face by a known amount: a thin-plate warp in pixel space.

Amounts are fractions of the inter-ocular distance (IOD: between the centres of the eyes). Landmarks are a committed
table, so nothing that measures faces takes part in making the truth it is measured against.

The field maps each *output* pixel to where it comes from: control points at their moved places carry the way back,
so every control point arrives exactly where it should and no inversion is left to converge.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: What each movement is called in FACS, with its share of the movement's amplitude.
ACTION_UNITS: dict[str, tuple[str, ...]] = {
    "smile": ("AU12",),
    "brow_raise": ("AU1", "AU2"),
    "brow_lower": ("AU4",),
    "blink": ("AU45",),
    "lips_part": ("AU25",),
    "jaw_drop": ("AU26", "AU25"),
}

#: Beyond these amplitudes (IOD) the photograph has too little skin to unroll and the warp would fold over.
LARGEST = {"smile": 0.2, "brow_raise": 0.12, "brow_lower": 0.08, "blink": 0.11, "lips_part": 0.12, "jaw_drop": 0.16}

#: The region that moves, in IOD right of and below the middle between the eyes: left, top, right, bottom.
REGION = (-1.7, -1.2, 1.7, 2.6)
#: The field is solved on a grid of this many photograph pixels and interpolated between.
GRID_PX = 2
#: Teeth end this far (IOD) above the inner lower lip; what opens below them is the dark of the mouth.
TEETH_GAP = 0.045
MOUTH_COLOUR = (52, 20, 20)
#: How far along the jaw (from the tip of the chin, by vertex number) each contour point follows a jaw drop.
JAW_SHARE = {152: 1.0, 148: 1.0, 377: 1.0, 176: 0.95, 400: 0.95, 149: 0.8, 378: 0.8, 150: 0.55, 379: 0.55,
             136: 0.3, 365: 0.3, 172: 0.1, 397: 0.1}  # fmt: skip
#: Between these points of the upper lid and the brow lies the fold of skin that a blink unrolls.
LID_TO_BROW = {
    "right": ((246, 46), (161, 53), (160, 53), (159, 52), (158, 65), (157, 65), (173, 55)),
    "left": ((466, 276), (388, 283), (387, 283), (386, 282), (385, 295), (384, 295), (398, 285)),
}
FOLD_WAY = (0.35, 0.75)
FOLD_SHARE = (0.55, 0.1)
CHIN_SHARE = {200: 0.35, 199: 0.15, 175: 0.0}


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """The photograph and where its landmarks are (px), with the face's own axes.

    ``points`` is (n, 2); ``groups`` and ``vertices`` name its rows; ``across`` and ``down`` are unit vectors
    in the picture, ``origin`` the middle between the eyes, ``local`` the points in IOD along those axes.
    """

    photo: npt.NDArray[np.uint8]
    points: Floats
    groups: npt.NDArray[np.str_]
    vertices: npt.NDArray[np.int64]
    origin: Floats
    across: Floats
    down: Floats
    iod_px: float
    width_px: float

    @property
    def local(self) -> Floats:
        """Landmarks in IOD right of and below the origin."""
        return (self.points - self.origin) @ np.stack([self.across, self.down], axis=1) / self.iod_px

    def rows(self, *prefixes: str) -> npt.NDArray[np.bool_]:
        """Which landmarks belong to groups that start with one of these names."""
        return np.array([group.startswith(prefixes) for group in self.groups])


@cache
def photographed_face() -> Face:
    """Load the photograph (scikit-image's public-domain astronaut) and its table of landmarks."""
    import skimage.data

    with Path(__file__).with_name("astronaut_face.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    points = np.array([[float(row["x"]), float(row["y"])] for row in rows])
    groups = np.array([row["group"] for row in rows])
    vertices = np.array([int(row["point"]) for row in rows])
    right, left = (points[groups == f"eye_corner_{side}"].mean(axis=0) for side in ("right", "left"))
    iod_px = float(np.linalg.norm(left - right))
    across = (left - right) / iod_px
    down = np.array([-across[1], across[0]])
    behind = (groups == "lower_lip_inner") & ~np.isin(vertices, [95, 324])
    folds = [
        (f"crease_{side}", lid, points[vertices == lid][0] * (1 - way) + points[vertices == brow][0] * way)
        for side, pairs in LID_TO_BROW.items()
        for lid, brow in pairs
        for way in FOLD_WAY
    ]
    width_px = float(np.ptp((points - right) @ across))
    return Face(
        photo=skimage.data.astronaut(),  # type: ignore[no-untyped-call]
        points=np.concatenate([points, points[behind] - TEETH_GAP * iod_px * down, [fold[2] for fold in folds]]),
        groups=np.concatenate([groups, np.full(behind.sum(), "teeth"), [fold[0] for fold in folds]]),
        vertices=np.concatenate([vertices, vertices[behind], [fold[1] for fold in folds]]),
        origin=(right + left) / 2,
        across=across,
        down=down,
        iod_px=iod_px,
        width_px=width_px,
    )


def _smile(face: Face, u: Floats, v: Floats) -> Floats:
    corner = np.abs(u[face.rows("mouth_corner")]).max()
    share = np.where(face.rows("mouth_corner", "upper_lip", "lower_lip", "teeth"), np.abs(u / corner) ** 1.5, 0.0)
    for vertices, cheek in (((205, 425), 0.5), ((50, 280, 207, 427), 0.25)):
        share = np.where(face.rows("cheek") & np.isin(face.vertices, vertices), cheek, share)
    return np.stack([0.6 * np.sign(u) * share, -0.8 * share], axis=1)


def _brow(face: Face, share: Floats) -> Floats:
    """Share of the brows, which the skin between them and the lids follows in part; the lids stay."""
    fold = np.zeros_like(share)
    fold[face.rows("crease")] = np.resize(FOLD_WAY, int(face.rows("crease").sum()))
    return share * (face.rows("brow") + fold)


def _brow_raise(face: Face, u: Floats, v: Floats) -> Floats:
    return np.stack([np.zeros_like(u), -_brow(face, np.ones_like(u))], axis=1)


def _brow_lower(face: Face, u: Floats, v: Floats) -> Floats:
    inner = _brow(face, np.clip(1.2 - np.abs(u), 0.0, 1.0))
    return np.stack([-0.5 * np.sign(u) * inner, 0.85 * inner], axis=1)


def _blink(face: Face, u: Floats, v: Floats) -> Floats:
    travel = np.zeros_like(u)
    for side in ("right", "left"):
        lid = face.rows(f"upper_lid_{side}")
        rest = face.rows(f"lower_lid_{side}", f"eye_corner_{side}")
        order = np.argsort(u[rest])
        gap = np.interp(u[lid], u[rest][order], v[rest][order]) - v[lid]
        travel[lid] = np.clip(gap, 0.0, None) / gap.max()
        fold = face.rows(f"crease_{side}")
        of_lid = dict(zip(face.vertices[lid].tolist(), travel[lid].tolist(), strict=True))
        travel[fold] = [of_lid[int(i)] for i in face.vertices[fold]] * np.resize(FOLD_SHARE, int(fold.sum()))
    return np.stack([np.zeros_like(u), travel], axis=1)


def _lower_lip(face: Face, u: Floats, at_corner: float) -> Floats:
    corner = np.abs(u[face.rows("mouth_corner")]).max()
    share = at_corner + (1 - at_corner) * np.clip(1 - (u / corner) ** 2, 0.0, 1.0)
    return np.where(face.rows("lower_lip"), share, 0.0)


def _of_vertex(face: Face, group: str, shares: dict[int, float]) -> Floats:
    return np.array([shares.get(int(i), 0.0) for i in face.vertices]) * face.rows(group)


def _lips_part(face: Face, u: Floats, v: Floats) -> Floats:
    return np.stack([np.zeros_like(u), _lower_lip(face, u, 0.0) + _of_vertex(face, "chin", CHIN_SHARE)], axis=1)


def _jaw_drop(face: Face, u: Floats, v: Floats) -> Floats:
    down = _lower_lip(face, u, 0.35) + _of_vertex(face, "jaw", JAW_SHARE) + face.rows("chin")
    down += 0.35 * face.rows("mouth_corner") + 0.25 * _of_vertex(face, "cheek", {207: 1.0, 427: 1.0})
    return np.stack([np.zeros_like(u), down], axis=1)


MOVEMENTS = {
    "smile": _smile,
    "brow_raise": _brow_raise,
    "brow_lower": _brow_lower,
    "blink": _blink,
    "lips_part": _lips_part,
    "jaw_drop": _jaw_drop,
}


@cache
def pattern(movement: str) -> Floats:
    """Displacement (px) of each landmark for an amplitude of one IOD, shape (n, 2)."""
    face = photographed_face()
    u, v = face.local.T
    shift = MOVEMENTS[movement](face, u, v) * face.iod_px
    return shift @ np.stack([face.across, face.down])


def displacement(amplitudes: dict[str, float]) -> Floats:
    """Displacement (px) of each landmark when movements with these amplitudes (IOD) act together."""
    total = np.zeros_like(photographed_face().points)
    for movement, amplitude in amplitudes.items():
        if abs(amplitude) > LARGEST[movement]:
            raise ValueError(f"{movement} by {amplitude:.3f} IOD: at most {LARGEST[movement]} can be drawn")
        total = total + amplitude * pattern(movement)
    return total


@dataclass(frozen=True, slots=True)
class Field:
    """Where each pixel comes from: ``offsets`` (rows, columns, 2) in photograph px, every GRID_PX from ``corner``."""

    corner: tuple[int, int]
    offsets: npt.NDArray[np.float32]


def _border() -> Floats:
    """Place fixed points round the region, so that the field fades before its edge."""
    left, top, right, bottom = REGION
    across, along = np.linspace(left, right, 8), np.linspace(top, bottom, 9)
    ring = [(u, v) for u in across for v in (top, bottom)] + [(u, v) for u in (left, right) for v in along[1:-1]]
    face = photographed_face()
    return face.origin + np.array(ring) @ np.stack([face.across, face.down]) * face.iod_px


def _kernel(squared: Floats) -> Floats:
    return squared * np.log(squared + 1e-9)


def backward_field(shift: Floats) -> Field:
    """Thin-plate spline through the moved landmarks that leads back to where they were.

    Parameters
    ----------
    shift : array of shape (n, 2)
        Displacement of each landmark, px (see :func:`displacement`).
    """
    face = photographed_face()
    centres = np.concatenate([face.points + shift, _border()])
    back = np.concatenate([-shift, np.zeros_like(_border())])
    n = len(centres)
    affine = np.concatenate([np.ones((n, 1)), centres], axis=1)
    system = np.zeros((n + 3, n + 3))
    system[:n, :n] = _kernel(((centres[:, None] - centres[None]) ** 2).sum(axis=2))
    system[:n, n:], system[n:, :n] = affine, affine.T
    weights = np.linalg.solve(system, np.concatenate([back, np.zeros((3, 2))]))
    low, high = np.floor(_border().min(axis=0)), np.ceil(_border().max(axis=0))
    xs, ys = (np.arange(low[i], high[i] + GRID_PX, GRID_PX) for i in (0, 1))
    grid = np.stack(np.meshgrid(xs, ys), axis=2)
    squared = ((grid**2).sum(axis=2)[..., None] + (centres**2).sum(axis=1)) - 2 * grid @ centres.T
    offsets = _kernel(np.clip(squared, 0.0, None)) @ weights[:n] + weights[n] + grid @ weights[n + 1 :]
    offsets *= (_fade(len(ys))[:, None] * _fade(len(xs)))[..., None]
    return Field((int(low[0]), int(low[1])), offsets.astype(np.float32))


def _fade(n: int) -> Floats:
    """Zero at both ends, one from an eighth of the way in: nothing may tear at the edge of the region."""
    way = np.clip(np.minimum(np.arange(n), np.arange(n)[::-1]) / (n / 8), 0.0, 1.0)
    return 0.5 - 0.5 * np.cos(np.pi * way)


def jacobian(field: Field) -> Floats:
    """Return the determinant of the field's derivative on its grid: positive everywhere means nothing folds over."""
    dy, dx = np.gradient(field.offsets.astype(float), GRID_PX, axis=(0, 1))
    return np.asarray((1 + dx[..., 0]) * (1 + dy[..., 1]) - dx[..., 1] * dy[..., 0])


def mouth_opening(amplitudes: dict[str, float]) -> tuple[Floats, float]:
    """Outline (px) of what opens between teeth and lower lip, and how dark it is drawn (0-1)."""
    face = photographed_face()
    moved = face.points + displacement(amplitudes)
    upper, lower = moved[face.rows("teeth")], moved[face.rows("lower_lip_inner")]
    opened = amplitudes.get("jaw_drop", 0.0) + amplitudes.get("lips_part", 0.0)
    below_teeth = upper + 0.6 * TEETH_GAP * face.iod_px * face.down
    return np.concatenate([below_teeth, lower[::-1]]), float(np.clip(opened / 0.05, 0.0, 1.0))
