"""Gaps of the face: nobody there, out of the picture, hidden, too dark, too small."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from ...records import Gap
from ...records.labels import GapReason
from .action_units import true_spans
from .person import Person

#: Shorter holes are not worth a word, seconds.
SHORTEST_S: Final = 0.25


def face_gaps(persons: Sequence[Person], times_s: npt.ArrayLike) -> Iterator[Gap]:
    """Everything that the faces of a clip do not tell, and why."""
    times = np.asarray(times_s, np.float64)
    if not persons:
        yield Gap(modality="face", reason="no_face", detail="no face was found in any frame")
        return
    at_once = np.sum([person.seen for person in persons], axis=0)
    for start, end in _spans(times, at_once == 0):
        if not any(person.seen[: round(start * person.rate_hz)].any() for person in persons):
            yield Gap(modality="face", reason="no_face", start_s=start, end_s=end)
    if at_once.max() > 1:
        detail = f"{len(persons)} faces were followed, up to {int(at_once.max())} at once; each has its own cues"
        yield Gap(modality="face", reason="several_faces", detail=detail)
    for person in persons:
        yield from _missing(person)
        yield from _unmeasurable(person)


def _missing(person: Person) -> Iterator[Gap]:
    """Where a person was not followed, after having been seen once."""
    first = int(np.flatnonzero(person.seen)[0])
    reasons = dict(person.losses)
    for start, end in true_spans(~person.seen):
        if start < first or person.times_s[end - 1] - person.times_s[start] < SHORTEST_S:
            continue
        reason: GapReason = "occluded" if reasons.get(start - 1) == "occluded" else "left_frame"
        yield _gap(person, reason, start, end)


def _unmeasurable(person: Person) -> Iterator[Gap]:
    """Where a person was followed but the muscles could not be measured."""
    for obstacle in person.obstacles:
        for start, end in true_spans(obstacle.frames):
            if person.is_still or person.times_s[end - 1] - person.times_s[start] >= SHORTEST_S:
                yield _gap(person, obstacle.reason, start, end, obstacle.detail)


def _gap(person: Person, reason: GapReason, start: int, end: int, detail: str | None = None) -> Gap:
    return Gap(
        modality="face", reason=reason, start_s=round(float(person.times_s[start]), 3),
        end_s=round(float(person.times_s[end - 1]), 3), subject=person.name, detail=detail,
    )  # fmt: skip


def _spans(times: npt.NDArray[np.float64], mask: npt.NDArray[np.bool_]) -> Iterator[tuple[float, float]]:
    for start, end in true_spans(mask):
        if times[end - 1] - times[start] >= SHORTEST_S:
            yield round(float(times[start]), 3), round(float(times[end - 1]), 3)
