"""Which panels a clip gets: one set per person, then voice, speech and scene."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from ..cue import Cue, CueSet
from ..curve import Curve
from .lanes import Bars, Lanes, action_unit_order, lanes_of
from .panels import ClaimLanes, Curves, Strip
from .view import GREY, SERIES, Panel

if TYPE_CHECKING:
    from ..explanation import Explanation

_PERSONAL: Final = frozenset(("face", "head", "gaze", "body"))


def timed_panels(cues: Sequence[Cue], curves: Sequence[Curve]) -> Iterator[Panel]:
    """Panels of what happens in time: events with a span, and curves."""
    timed = [cue for cue in cues if cue.state == "present" and cue.start_s is not None]
    personal = [cue for cue in timed if cue.modality in _PERSONAL]
    moving = [curve for curve in curves if curve.modality in _PERSONAL]
    for subject in _subjects([*personal, *moving]):
        yield from _person(
            subject,
            [cue for cue in personal if cue.subject == subject],
            [curve for curve in moving if curve.subject == subject],
        )
    yield from _voice([cue for cue in timed if cue.modality == "voice"], [c for c in curves if c.modality == "voice"])
    yield from _speech(timed)
    yield from _scene([cue for cue in timed if cue.modality == "scene"])
    body = [cue for cue in timed if cue.modality == "physiology"]
    if body:
        yield Lanes("physiology", lanes_of(body, ()), frozenset(("physiology",)))


def _subjects(records: Sequence[Cue | Curve]) -> list[str | None]:
    return list(dict.fromkeys(record.subject for record in records if record.code != "n_faces"))


def _person(subject: str | None, cues: Sequence[Cue], curves: Sequence[Curve]) -> Iterator[Panel]:
    name = subject or "person"
    lanes = lanes_of(cues, curves)
    if lanes:
        yield Lanes(name, lanes, frozenset(("face", "head", "gaze", "body")), subject)
    if head := tuple(curve for curve in curves if curve.modality == "head"):
        yield Curves(f"{name}: head", "degrees", head, "head", subject=subject)
    if gaze := tuple(curve for curve in curves if curve.modality == "gaze"):
        yield Curves(f"{name}: gaze", "degrees", gaze, "gaze", subject=subject)


def _voice(cues: Sequence[Cue], curves: Sequence[Curve]) -> Iterator[Panel]:
    for title, unit, curve_code, level_code in (
        ("pitch (F0)", "Hz", "f0", "f0_mean"),
        ("loudness", "dB", "loudness", "loudness"),
    ):
        lines = tuple(curve for curve in curves if curve.code == curve_code)
        levels = tuple(cue for cue in _finest(cues, level_code) if cue.value is not None)
        if lines or levels:
            yield Curves(title, unit, lines, "voice", levels)


def _finest(cues: Sequence[Cue], code: str) -> list[Cue]:
    """Cues of one measure, without those over a stretch that others divide (the whole speech beside its segments)."""
    found = [cue for cue in cues if cue.code == code and cue.end_s is not None]
    return [
        cue
        for cue in found
        if not any(
            other is not cue and _within(other, cue) and not _within(cue, other) for other in found
        )
    ]  # fmt: skip


def _within(inner: Cue, outer: Cue) -> bool:
    return (outer.start_s or 0.0) <= (inner.start_s or 0.0) and (inner.end_s or 0.0) <= (outer.end_s or 0.0)


def _speech(timed: Sequence[Cue]) -> Iterator[Panel]:
    rows = (
        ("speech", tuple(cue for cue in timed if (cue.modality, cue.code) == ("speech", "segment")), SERIES[0][0]),
        ("words", tuple(cue for cue in timed if cue.modality == "speech" and cue.text), SERIES[2][0]),
        ("pauses", tuple(cue for cue in timed if (cue.modality, cue.code) == ("voice", "pause")), GREY),
    )
    if shown := tuple(row for row in rows if row[1]):
        yield Strip("speech", shown, frozenset(("speech", "voice")))


def _scene(cues: Sequence[Cue]) -> Iterator[Panel]:
    rows = (
        ("shots", tuple(cue for cue in cues if cue.code == "shot"), GREY),
        ("keyframes", tuple(cue for cue in cues if cue.code == "keyframe"), SERIES[3][0]),
        ("seen", tuple(cue for cue in cues if cue.code not in ("shot", "keyframe") and cue.text), SERIES[1][0]),
    )
    if shown := tuple(row for row in rows if row[1]):
        yield Strip("scene", shown, frozenset(("scene",)))


def still_panels(cues: Sequence[Cue]) -> Iterator[Panel]:
    """Panels of a picture: the action units of each face."""
    faces = [cue for cue in cues if cue.modality == "face" and cue.code.startswith("AU")]
    for subject in dict.fromkeys(cue.subject for cue in faces):
        own = [cue for cue in faces if cue.subject == subject]
        yield Bars(subject or "person", tuple(sorted(own, key=lambda cue: action_unit_order(cue.code))))


def is_still(cueset: CueSet) -> bool:
    """Whether this is a picture, or coded faces without any time: a timeline would be one moment wide."""
    if cueset.clip.duration_s is not None:
        return cueset.clip.duration_s == 0.0
    return bool(cueset.cues) and all(cue.end_s is None or cue.start_s == cue.end_s for cue in cueset.cues)


def claim_panels(explanation: "Explanation") -> Iterator[Panel]:
    """Claims with a time, by their number (from 1, as notebooks list them); those over one span share a bracket."""
    numbers: dict[tuple[float, float], list[int]] = {}
    for number, claim in enumerate(explanation.claims, 1):
        if claim.start_s is not None and claim.end_s is not None:
            numbers.setdefault((claim.start_s, claim.end_s), []).append(number)
    if numbers:
        yield ClaimLanes(tuple((*span, ", ".join(map(str, same))) for span, same in numbers.items()))
