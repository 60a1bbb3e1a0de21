"""Another tool's action-unit curves as cues: events, presences, what is absent and what the tool does not measure."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from ...records import Cue
from ...records.labels import Mark
from ..face.absence import SHORTEST_S as SHORTEST_GAP_S
from ..face.action_units import true_spans
from ..face.events import SHORTEST_S, Event, find_events
from ..face.report import LOW_CONFIDENCE, SPEECH_SHARE, level_of
from ..face.tables import action_units
from ..wording import action_unit_table
from .person import ImportedFace
from .scales import Scale

Array = npt.NDArray[np.float64]
Spans = Sequence[tuple[float, float]]

#: Holes in a presence (0/1) that are shorter than this are flicker, seconds.
FLICKER_S: Final = 0.2
#: A face is at rest for at least this share of most clips, percent.
REST_PERCENTILE: Final = 10
#: Fewer tracked frames than this (of a moving picture) do not tell that something is absent.
LEAST_FRAMES: Final = 3


def stretched(curve: Array, full_scale: float) -> Array:
    """Intensity on 0-5, whatever the tool's own largest value is."""
    return curve * (5.0 / full_scale)


def imported_cues(face: ImportedFace, scale: Scale, full_scale: float, speech: Spans) -> Iterator[Cue]:
    """Cues of every action unit that the tool or this package knows.

    A unit whose curve stays below the floor is absent; a unit that the table has no column for is unknown.

    Parameters
    ----------
    speech : sequence of (start_s, end_s)
        When somebody talks.
    """
    intensity, presence = face.track.intensity, face.track.presence
    codes = {*intensity, *presence, *action_units()}
    for code in sorted(codes, key=lambda code: int(code[2:])):
        if code in intensity:
            curve = stretched(intensity[code], full_scale)
            found = _events(face, curve, scale.floor)
            cues = [_event_cue(face, code, scale, event, number, speech) for number, event in enumerate(found, 1)]
        elif code in presence:
            curve = presence[code]
            spans = _presences(face, curve)
            cues = [_presence_cue(face, code, scale, span, number, speech) for number, span in enumerate(spans, 1)]
        else:
            yield _nothing(face, code, scale, known=False)
            continue
        measured = int((~np.isnan(curve)).sum())
        yield from cues or [_nothing(face, code, scale, known=measured >= (1 if face.is_still else LEAST_FRAMES))]


def _events(face: ImportedFace, curve: Array, floor: float) -> list[Event]:
    if face.is_still:
        moment = float(face.times_s[0])
        return [Event(moment, moment, moment, float(curve[0]))] if curve[0] >= floor else []
    rest = _rest(curve, floor)
    found = find_events(face.times_s, _bridged(face, curve) - rest, floor - rest)
    return [replace(event, peak=event.peak + rest) for event in found]


def _rest(curve: Array, floor: float) -> float:
    """Return what the tool says of this face at rest: networks seldom say 0, and movements begin from there.

    At most half the floor, or an expression held through most of a clip would be taken for rest.
    """
    known = curve[~np.isnan(curve)]
    return float(np.clip(np.percentile(known, REST_PERCENTILE), 0.0, floor / 2)) if len(known) else 0.0


def _bridged(face: ImportedFace, curve: Array) -> Array:
    """Curve drawn through holes too short to be a gap: trackers lose single frames, and one smile is not two."""
    known = np.flatnonzero(~np.isnan(curve))
    if not len(known):
        return curve
    bridged = np.interp(face.times_s, face.times_s[known], curve[known])
    bridged[: known[0]] = bridged[known[-1] + 1 :] = np.nan
    for start, end in true_spans(np.isnan(curve)):
        if face.times_s[end - 1] - face.times_s[start] >= SHORTEST_GAP_S:
            bridged[start:end] = np.nan
    return bridged


def _presences(face: ImportedFace, curve: Array) -> list[tuple[float, float]]:
    """Spans in which a unit is there, flicker bridged and left out."""
    spans: list[tuple[float, float]] = []
    for first, last in true_spans(curve > 0.5):
        start_s, end_s = float(face.times_s[first]), float(face.times_s[last - 1])
        if spans and start_s - spans[-1][1] < FLICKER_S:
            spans[-1] = (spans[-1][0], end_s)
        else:
            spans.append((start_s, end_s))
    return [span for span in spans if face.is_still or span[1] - span[0] >= SHORTEST_S - 1e-9]


def _event_cue(face: ImportedFace, code: str, scale: Scale, event: Event, number: int, speech: Spans) -> Cue:
    span = (event.onset_s, event.offset_s)
    value = min(event.peak, 5.0)
    return Cue(
        id=f"{face.name}.{code}.{number}", modality="face", code=code, value=round(value, 2), unit="0-5",
        level=level_of(value) if scale.has_words else None, start_s=round(span[0], 3), end_s=round(span[1], 3),
        apex_s=round(event.apex_s, 3), subject=face.name, confidence=_confidence(face, span), source=scale.source,
        marks=_marks(face, code, span, speech),
    )  # fmt: skip


def _presence_cue(
    face: ImportedFace, code: str, scale: Scale, span: tuple[float, float], number: int, speech: Spans
) -> Cue:
    return Cue(
        id=f"{face.name}.{code}.{number}", modality="face", code=code, start_s=round(span[0], 3),
        end_s=round(span[1], 3), subject=face.name, confidence=_confidence(face, span), source=scale.source,
        marks=_marks(face, code, span, speech),
    )  # fmt: skip


def _nothing(face: ImportedFace, code: str, scale: Scale, *, known: bool) -> Cue:
    start_s, end_s = face.span_s
    return Cue(
        id=f"{face.name}.{code}.1", modality="face", code=code, state="absent" if known else "unknown",
        start_s=round(start_s, 3), end_s=round(end_s, 3), subject=face.name,
        confidence=_confidence(face, face.span_s) if known else None, source=scale.source,
        marks=("other_scale",) if known else (),
    )  # fmt: skip


def _confidence(face: ImportedFace, span: tuple[float, float]) -> float | None:
    confidence = face.confidence(*span)
    return None if confidence is None else round(confidence, 2)


def _marks(face: ImportedFace, code: str, span: tuple[float, float], speech: Spans) -> tuple[Mark, ...]:
    marks: set[Mark] = {"other_scale"}
    confidence = face.confidence(*span)
    if confidence is not None and confidence < LOW_CONFIDENCE:
        marks.add("low_confidence")
    length = max(span[1] - span[0], 1e-6)
    talking = sum(max(0.0, min(span[1], end) - max(span[0], start)) for start, end in speech) / length
    if code in _moved_by_speech() and talking >= SPEECH_SHARE:
        marks.add("during_speech")
    return tuple(sorted(marks))


@cache
def _moved_by_speech() -> frozenset[str]:
    """Name the action units of the mouth that talking makes, as the tables of this package have it."""
    named = {
        row["au"]
        for row in action_unit_table()
        if row["face_half"] == "lower" and row["moves_with_speech_or_blink"] == "1"
    }
    return frozenset(named | {code for code, unit in action_units().items() if unit.speech})
