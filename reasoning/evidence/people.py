"""Whose cues are whose, and how strongly each counts.

Strength is 1 for an action that somebody saw without saying how strong it was; that is what the weights were fitted
on. Everything else about a cue scales it: intensity, confidence, marks, repetition.

* intensity ``v`` (0-5): ``min(sqrt(v / 2.5), 1.25)``, so the middle of the scale counts like bare presence; concave,
  because that an action was seen at all is most of what it tells;
* confidence: a factor as it stands (none given: 1); mark ``low_confidence``: 0.5;
* mark ``during_speech``: 0.35 for actions that talking makes (``moves_with_speech_or_blink`` in the AU table),
  0.8 for the rest of the lower face;
* intensity 0 or below is no faint action but an absent one, whatever the cue's state says;
* repeated events of one action: the strongest counts in full, each further one a quarter of the one before, at
  most 1.5 in all.
"""

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from itertools import accumulate
from typing import Final

from ...cues.wording import action_unit_table
from ...records import Cue, CueSet
from ...records.labels import parse_action_unit

#: Lip corners and parted lips: without them a face cannot be called still.
MOUTH: Final = frozenset({"AU12", "AU25"})
_MIDDLE_INTENSITY: Final = 2.5
_MOST_PER_EVENT: Final = 1.25
_MOST_PER_ACTION: Final = 1.5
_REPEAT_FACTOR: Final = 0.25
_LOW_CONFIDENCE: Final = 0.5
_SPEECH_MOUTH: Final = 0.35
_SPEECH_LOWER_FACE: Final = 0.8
#: Level words (``cues/`` writes them at .1/.2/1/2.5/5) as the middle of their range, for cues without a value.
_LEVEL_INTENSITY: Final = {"barely": 0.15, "slightly": 0.6, "moderately": 1.75, "strongly": 3.75, "very_strongly": 5.0}
#: Voice level words and a cue's own z-score, in standard deviations of the norm the level was read against.
_LEVEL_Z: Final = {"very_low": -2.0, "low": -1.0, "normal": 0.0, "high": 1.0, "very_high": 2.0}
_LARGEST_Z: Final = 2.5
#: A pooled norm also carries who is speaking, not only how: half the weight of the speaker's own baseline.
_POOLED_NORM: Final = 0.5


@dataclass(frozen=True, slots=True)
class Action:
    """One action unit of one person over the whole clip.

    ``cue_ids`` are its cues, the strongest first. ``strength`` is 0 to 1.5 (absent actions: 0 to 1); ``intensity``
    is the peak 0-5 or None when nobody said.
    ``spans`` are their (start_s, end_s), one for each of ``cue_ids``; None where the span is not known.
    """

    code: str
    strength: float
    cue_ids: tuple[str, ...]
    intensity: float | None = None
    one_sided: bool = False
    spans: tuple[tuple[float, float] | None, ...] = ()

    def meets(self, other: "Action") -> tuple[str, str] | None:
        """Ids of the strongest events of both that happen at the same time; an unknown span may be any time."""
        anytime = None in other.spans
        known = sorted(span for span in other.spans if span is not None)
        starts = [start for start, _ in known]
        latest_ends = list(accumulate((end for _, end in known), max))
        for mine, my_id in zip(self.spans, self.cue_ids, strict=True):
            begun = 0 if mine is None else bisect_right(starts, mine[1])
            if mine is None or anytime or (begun and latest_ends[begun - 1] >= mine[0]):
                # Theirs that meets it exists; only now look which is the strongest.
                events = zip(other.spans, other.cue_ids, strict=True)
                return my_id, next(theirs for span, theirs in events if _overlap(mine, span))
        return None


@dataclass(frozen=True, slots=True)
class VoiceReading:
    """One voice measure as standard deviations from the norm, already scaled by its reliability."""

    code: str
    z: float
    cue_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """An action or measure that could not be measured (state ``unknown``) and was not seen in another cue either."""

    modality: str
    code: str
    cue_id: str


@dataclass(frozen=True, slots=True)
class Person:
    """What was seen and heard of one person; ``name`` is None when cues name nobody."""

    name: str | None
    present: tuple[Action, ...] = ()
    absent: tuple[Action, ...] = ()
    voice: tuple[VoiceReading, ...] = ()
    unmeasured: tuple[Unmeasured, ...] = ()

    @property
    def mouth_unmeasured(self) -> bool:
        """Whether cues say that neither the lip corners nor the parting of the lips could be measured."""
        return {one.code for one in self.unmeasured if one.modality == "face"} >= MOUTH


def read_people(cueset: CueSet) -> tuple[Person, ...]:
    """Sort a clip's cues by person and weigh them; the order of the cues does not matter.

    Action units go to their cue's subject. Voice cues go to the person they name; a voice that names nobody, or
    nobody whose face is seen, is the only face's voice if there is exactly one, and else a person of its own (if it
    has a name) or everybody's (if it has none).

    Returns
    -------
    tuple of Person
        Sorted by name; empty when no cue is an action unit or a voice measure that says something.
    """
    faces: dict[str | None, list[Cue]] = defaultdict(list)
    voices: dict[str | None, list[Cue]] = defaultdict(list)
    for cue in cueset.cues:
        if cue.modality == "face" and cue.state != "unknown" and parse_action_unit(cue.code) is not None:
            faces[cue.subject].append(cue)
        elif cue.modality == "voice" and cue.state == "present":
            voices[cue.subject].append(cue)
    heard = _voices_by_person(faces.keys(), voices)
    names = sorted({*faces, *heard}, key=lambda name: (name is None, name or ""))
    people = (_person(name, faces.get(name, []), heard.get(name, [])) for name in names)
    said = (person for person in people if person.present or person.absent or person.voice)
    return tuple(replace(person, unmeasured=_unmeasured(person, cueset)) for person in said)


def nobody(cueset: CueSet) -> Person:
    """Stand in for the person of a clip that says nothing: what could not be measured is all there is."""
    person = Person(None)
    return replace(person, unmeasured=_unmeasured(person, cueset))


def _unmeasured(person: Person, cueset: CueSet) -> tuple[Unmeasured, ...]:
    measured = {("face", action.code) for action in (*person.present, *person.absent)}
    measured |= {("voice", reading.code) for reading in person.voice}
    found: dict[tuple[str, str], Unmeasured] = {}
    for cue in sorted(cueset.cues, key=lambda cue: cue.id):
        somebody_else = None not in (cue.subject, person.name) and cue.subject != person.name
        if cue.state != "unknown" or cue.modality not in ("face", "voice") or somebody_else:
            continue
        parsed = parse_action_unit(cue.code) if cue.modality == "face" else None
        code = parsed[0] if parsed is not None else cue.code
        if (cue.modality, code) not in measured:
            found.setdefault((cue.modality, code), Unmeasured(cue.modality, code, cue.id))
    return tuple(found[key] for key in sorted(found, key=lambda key: (key[0], len(key[1]), key[1])))


def _voices_by_person(faces: Iterable[str | None], voices: dict[str | None, list[Cue]]) -> dict[str | None, list[Cue]]:
    seen = list(faces)
    heard: dict[str | None, list[Cue]] = defaultdict(list)
    shared: list[Cue] = []
    for name, cues in voices.items():
        if name in seen and name is not None:
            heard[name] += cues
        elif len(seen) == 1:
            heard[seen[0]] += cues
        elif name is None:
            shared = cues
        else:
            heard[name] += cues
    for name in {*seen, *heard} or {None}:
        heard[name] += shared
    return heard


def _person(name: str | None, face: list[Cue], voice: list[Cue]) -> Person:
    present: dict[str, list[Cue]] = defaultdict(list)
    absent: dict[str, list[Cue]] = defaultdict(list)
    for cue in sorted(face, key=lambda cue: cue.id):
        parsed = parse_action_unit(cue.code)
        if parsed is not None:
            # OpenFace and its kin list every action with its intensity: 0 (or a little below) is "not there".
            there = cue.state == "present" and intensity(cue) != 0.0
            (present if there else absent)[parsed[0]].append(cue)
    return Person(
        name,
        tuple(_present_action(code, present[code]) for code in sorted(present, key=_number)),
        # Seen once is seen: an "absent" beside it speaks of another stretch of the clip.
        tuple(_absent_action(code, absent[code]) for code in sorted(absent, key=_number) if code not in present),
        _voice_readings(voice),
    )


def _number(code: str) -> int:
    return int(code.removeprefix("AU"))


def _present_action(code: str, cues: list[Cue]) -> Action:
    by_span: dict[tuple[float, float] | None, float] = {}
    for cue in cues:
        span = _span(cue)
        by_span[span] = max(by_span.get(span, 0.0), event_strength(cue))
    ordered = sorted(by_span.values(), reverse=True)
    strength = sum(value * _REPEAT_FACTOR**rank for rank, value in enumerate(ordered))
    sides = {_side(cue) for cue in cues}
    strongest_first = sorted(cues, key=lambda cue: (-event_strength(cue), cue.id))
    intensities = [value for cue in cues if (value := intensity(cue)) is not None]
    return Action(
        code,
        min(strength, _MOST_PER_ACTION),
        tuple(cue.id for cue in strongest_first),
        max(intensities, default=None),
        sides in ({"left"}, {"right"}),
        tuple(_span(cue) for cue in strongest_first),
    )


def _absent_action(code: str, cues: list[Cue]) -> Action:
    return Action(code, max(_trust(cue) for cue in cues), tuple(cue.id for cue in cues))


def _span(cue: Cue) -> tuple[float, float] | None:
    start, end = cue.start_s, cue.end_s
    if start is None and end is None:
        return None
    return (0.0 if start is None else start, math.inf if end is None else end)


def _overlap(one: tuple[float, float] | None, other: tuple[float, float] | None) -> bool:
    return one is None or other is None or (one[0] <= other[1] and other[0] <= one[1])


def _side(cue: Cue) -> str | None:
    if cue.side is not None:
        return cue.side
    parsed = parse_action_unit(cue.code)
    return parsed[1] if parsed is not None else None


def intensity(cue: Cue) -> float | None:
    """Peak intensity of an action-unit cue on the 0-5 scale; None when it says presence only.

    Units ``0-5`` (or none given) are taken as they stand, ``0-1`` and ``probability`` are stretched; a value in any
    other unit is no intensity.
    """
    if "presence_only" in cue.marks:
        return None
    if cue.value is not None and math.isfinite(cue.value):
        scale = {None: 1.0, "0-5": 1.0, "0-1": 5.0, "probability": 5.0}.get(cue.unit)
        if scale is not None:
            return min(max(cue.value * scale, 0.0), 5.0)
    return _LEVEL_INTENSITY.get(cue.level or "")


def event_strength(cue: Cue) -> float:
    """How strongly one present action-unit cue counts, 0 to 1.25 (module docstring)."""
    seen = intensity(cue)
    strength = 1.0 if seen is None else min(math.sqrt(seen / _MIDDLE_INTENSITY), _MOST_PER_EVENT)
    if "during_speech" in cue.marks:
        strength *= _speech_factor(cue.code)
    return strength * _trust(cue)


def _trust(cue: Cue) -> float:
    trust = 1.0 if cue.confidence is None or not math.isfinite(cue.confidence) else min(max(cue.confidence, 0.0), 1.0)
    return trust * _LOW_CONFIDENCE if "low_confidence" in cue.marks else trust


def _speech_factor(code: str) -> float:
    parsed = parse_action_unit(code)
    moved, lower = _mouth_actions()
    if parsed is None or parsed[0] not in moved | lower:
        return 1.0
    return _SPEECH_MOUTH if parsed[0] in moved else _SPEECH_LOWER_FACE


@cache
def _mouth_actions() -> tuple[frozenset[str], frozenset[str]]:
    """Actions that talking itself makes, and all actions of the lower face (``cues/data/au_names.csv``)."""
    lower = [row for row in action_unit_table() if row["face_half"] == "lower"]
    moved = frozenset(row["au"] for row in lower if row["moves_with_speech_or_blink"] == "1")
    return moved, frozenset(row["au"] for row in lower)


def _voice_readings(cues: list[Cue]) -> tuple[VoiceReading, ...]:
    by_code: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for cue in sorted(cues, key=lambda cue: cue.id):
        z = _voice_z(cue)
        if z is not None:
            by_code[cue.code].append((z, cue.id))
    return tuple(_reading(code, by_code[code]) for code in sorted(by_code))


def _reading(code: str, found: list[tuple[float, str]]) -> VoiceReading:
    """Mean of a measure's readings; cites those that are off the norm, the farthest first."""
    telling = sorted((reading for reading in found if reading[0]), key=lambda reading: -abs(reading[0])) or found
    return VoiceReading(code, math.fsum(z for z, _ in found) / len(found), tuple(cue_id for _, cue_id in telling))


def _voice_z(cue: Cue) -> float | None:
    """Read standard deviations from the norm: the cue's own z, else its level word, else its rise or fall."""
    if cue.unit == "z" and cue.value is not None and math.isfinite(cue.value):
        z = min(max(cue.value, -_LARGEST_Z), _LARGEST_Z)
    elif cue.level in _LEVEL_Z:
        z = _LEVEL_Z[cue.level]
    elif cue.code == "f0_contour" and cue.direction in ("rising", "falling"):
        z = 1.0 if cue.direction == "rising" else -1.0
    else:
        return None
    return z * _trust(cue) * (_POOLED_NORM if "pooled_norm" in cue.marks else 1.0)
