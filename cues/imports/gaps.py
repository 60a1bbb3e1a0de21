"""What an imported face table does not tell, and why."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from ...formats.face_table import FaceTable
from ...records import Gap
from ...records.labels import Modality
from ..face.absence import SHORTEST_S
from ..face.action_units import true_spans
from .person import ImportedFace
from .scales import Scale

#: A table may end this much before or after its clip, seconds, and this share of the clip's length.
ALLOWED_S: Final = 0.5
ALLOWED_SHARE: Final = 0.02


def allowed_s(duration_s: float) -> float:
    """How far a table's time axis may miss the clip's end before it is said."""
    return max(ALLOWED_S, ALLOWED_SHARE * duration_s)


def said(modality: Modality, name: str, tool: str, notes: Sequence[str]) -> Gap:
    """Say that a modality was not measured here, by whom it was, and everything that was assumed."""
    return Gap(modality=modality, reason="imported", detail="; ".join([f"{name} ({tool})", *notes]))


def check_that_they_match(covered_s: tuple[float, float], duration_s: float) -> str:
    """Say that a table and its clip are not equally long."""
    covered = f"the table covers {covered_s[0]:.2f}-{covered_s[1]:.2f} s of a clip of {duration_s:.2f} s"
    return f"{covered}: check that they belong together"


def uncovered(modality: Modality, covered_s: tuple[float, float] | None, duration_s: float | None) -> Iterator[Gap]:
    """Say which part of the clip the table does not reach."""
    if not duration_s or covered_s is None:
        return
    first_s, last_s = covered_s
    detail = check_that_they_match(covered_s, duration_s)
    if first_s > allowed_s(duration_s):
        yield Gap(modality=modality, reason="not_covered", start_s=0.0, end_s=round(first_s, 3), detail=detail)
    if last_s < duration_s - allowed_s(duration_s):
        yield Gap(
            modality=modality, reason="not_covered", start_s=round(last_s, 3), end_s=round(duration_s, 3), detail=detail
        )


def face_gaps(table: FaceTable, faces: Sequence[ImportedFace], scale: Scale) -> Iterator[Gap]:
    """Frames in which the tool followed nobody, or not this person."""
    detail = f"{scale.name}: {scale.untracked}"
    if not faces:
        yield Gap(modality="face", reason="no_face", detail=f"{scale.name} tracked no face in any frame")
        return
    at_once = np.sum([face.seen for face in faces], axis=0)
    first = min(int(np.argmax(face.seen)) for face in faces)
    yield from _holes(table.times_s, at_once == 0, slice(0, first), None, detail)
    if at_once.max() > 1:
        several = f"{len(faces)} faces were followed, up to {int(at_once.max())} at once; each has its own cues"
        yield Gap(modality="face", reason="several_faces", detail=several)
    for face in faces:
        own_first = int(np.argmax(face.seen))
        yield from _holes(table.times_s, ~face.seen, slice(own_first, None), face.name, detail)


def _holes(
    times_s: npt.NDArray[np.float64], mask: npt.NDArray[np.bool_], part: slice, subject: str | None, detail: str
) -> Iterator[Gap]:
    times = times_s[part]
    for start, end in true_spans(mask[part]):
        if times[end - 1] - times[start] >= SHORTEST_S or len(times_s) == 1:
            yield Gap(
                modality="face", reason="no_face", start_s=round(float(times[start]), 3),
                end_s=round(float(times[end - 1]), 3), subject=subject, detail=detail,
            )  # fmt: skip
