"""What is said of a person's face: cues for action units, present, absent or not to be told."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from ...records import Cue
from ...records.labels import Mark
from .events import Event, find_events
from .person import GOOD_IOD_PX, Person
from .tables import ActionUnit, action_units

SOURCE: Final = "emoreason.face/1"
#: Words for intensities on the 0-5 scale, lowest value first.
LEVELS: Final = ((5.0, "very_strongly"), (2.5, "strongly"), (1.0, "moderately"), (0.2, "slightly"), (0.0, "barely"))
#: Lids closed longer than this are closed eyes, not a blink.
BLINK_MAX_S: Final = 1.0
#: A cue with less trust than this says so.
LOW_CONFIDENCE: Final = 0.4
#: With less trust than this nothing is claimed.
MIN_CONFIDENCE: Final = 0.2
#: A single picture shows no change: an unusual face and an expression look alike.
STILL_TRUST: Final = 0.6
#: Share of a mouth event that must lie within speech to be marked.
SPEECH_SHARE: Final = 0.3

Spans = Sequence[tuple[float, float]]


def level_of(intensity: float) -> str:
    """Word for an intensity.

    Examples
    --------
    >>> level_of(0.1), level_of(1.0), level_of(4.9)
    ('barely', 'moderately', 'strongly')
    """
    return next(word for low, word in LEVELS if intensity >= low)


def action_unit_cues(person: Person, speech: Spans) -> Iterator[Cue]:
    """Cues of every action unit of one person.

    Parameters
    ----------
    speech : sequence of (start_s, end_s)
        When somebody talks.
    """
    for code, unit in action_units().items():
        events = _events(person, unit)
        sure = [event for event in events if _confidence(person, unit, event) >= MIN_CONFIDENCE]
        if not sure:
            yield _nothing(person, unit, doubtful=bool(events))
        elif "presence_only" in unit.marks:
            yield _presence(person, unit, sure)
        else:
            for number, event in enumerate(sure, 1):
                yield _event_cue(person, unit, event, f"{person.name}.{code}.{number}", speech)


def _events(person: Person, unit: ActionUnit) -> list[Event]:
    """Events in intensity units (0-5)."""
    if person.movements is None:
        return []
    code = unit.code if unit.measure else "AU45"
    curve = person.movements.iod[code]
    if person.is_still:
        found = [
            Event(t, t, t, float(v)) for t, v in zip(person.times_s, curve, strict=True) if v >= unit.still_floor_iod
        ]
        found = [event for event in found if unit.code != "AU45"]  # a picture cannot show a blink, only closed eyes
    else:
        found = find_events(person.times_s, curve, unit.floor_iod * _coarseness(person))
        found = [e for e in found if not person.movements.is_fake(code, _frame(person, e.apex_s))]
        long = [event.offset_s - event.onset_s > BLINK_MAX_S for event in found]
        if unit.code in ("AU43", "AU45"):
            found = [event for event, closed in zip(found, long, strict=True) if closed == (unit.code == "AU43")]
    scale = 5.0 / unit.full_scale_iod
    return [Event(e.onset_s, e.apex_s, e.offset_s, min(5.0, e.peak * scale)) for e in found]


def _frame(person: Person, time_s: float) -> int:
    return int(np.argmin(np.abs(person.times_s - time_s)))


def _coarseness(person: Person) -> float:
    """How much coarser than usual a small face is measured."""
    return max(1.0, GOOD_IOD_PX / float(np.nanmedian(person.column("iod_px"))))


def _event_cue(person: Person, unit: ActionUnit, event: Event, cue_id: str, speech: Spans) -> Cue:
    confidence = _confidence(person, unit, event)
    marks = set(unit.marks)
    if confidence < LOW_CONFIDENCE:
        marks.add("low_confidence")
    if unit.speech and _share(event, speech) >= SPEECH_SHARE:
        marks.add("during_speech")
    return Cue(
        id=cue_id, modality="face", code=unit.code, state="present", value=round(event.peak, 2), unit="0-5",
        level=level_of(event.peak), start_s=round(event.onset_s, 3), end_s=round(event.offset_s, 3),
        apex_s=round(event.apex_s, 3), subject=person.name, confidence=round(confidence, 2), source=SOURCE,
        marks=_ordered(marks),
    )  # fmt: skip


def _confidence(person: Person, unit: ActionUnit, event: Event) -> float:
    """Trust in one event: how well the mesh shows the action unit, how clearly it moved, how well it was seen."""
    floor = unit.still_floor_iod if person.is_still else unit.floor_iod
    margin = event.peak * unit.full_scale_iod / 5.0 / floor
    clarity = 1.0 - 0.5 * float(np.exp(1.0 - margin))
    return (
        unit.trust * clarity * person.quality(event.onset_s, event.offset_s) * (STILL_TRUST if person.is_still else 1)
    )


def _presence(person: Person, unit: ActionUnit, events: list[Event]) -> Cue:
    """One cue without intensity or timing for what the mesh shows too poorly: the span is when the face was seen."""
    seen = person.times_s[person.seen]
    start_s, end_s = float(seen[0]), float(seen[-1])
    confidence = max(_confidence(person, unit, event) for event in events)
    return Cue(
        id=f"{person.name}.{unit.code}.1", modality="face", code=unit.code, state="present",
        start_s=round(start_s, 3), end_s=round(end_s, 3), subject=person.name, confidence=round(confidence, 2),
        source=SOURCE, marks=_ordered({*unit.marks, "low_confidence"}),
    )  # fmt: skip


def _nothing(person: Person, unit: ActionUnit, *, doubtful: bool) -> Cue:
    """Absent, or unknown: not measured, doubtful, or held all the time, as a resting face of that shape would be."""
    seen = person.times_s[person.seen]
    start_s, end_s = float(seen[0]), float(seen[-1])
    held = person.movements.held_iod[unit.code if unit.measure else "AU45"] if person.movements else np.nan
    known = person.movements is not None and not doubtful and held < unit.still_floor_iod
    confidence = unit.trust * person.quality(start_s, end_s) if known else None
    low: set[Mark] = {"low_confidence"} if confidence is None or confidence < LOW_CONFIDENCE else set()
    return Cue(
        id=f"{person.name}.{unit.code}.1", modality="face", code=unit.code, state="absent" if known else "unknown",
        start_s=round(start_s, 3), end_s=round(end_s, 3), subject=person.name,
        confidence=None if confidence is None else round(confidence, 2), source=SOURCE,
        marks=_ordered({*unit.marks, *low}),
    )  # fmt: skip


def _share(event: Event, spans: Spans) -> float:
    length = max(event.offset_s - event.onset_s, 1e-6)
    return sum(max(0.0, min(event.offset_s, end) - max(event.onset_s, start)) for start, end in spans) / length


def _ordered(marks: set[Mark]) -> tuple[Mark, ...]:
    return tuple(sorted(marks))
