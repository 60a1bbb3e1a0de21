"""Comparing: whether one present cue says what a claim says; True, False (it says otherwise) or None (cannot tell)."""

import math
from collections.abc import Callable
from typing import Final, NamedTuple

from . import scales
from .assertion import Assertion
from .cue_index import CueIndex, Entry

#: A span that misses an event by no more than this meets it, seconds.
TOLERANCE_S: Final = 0.5
#: A part of the clip is met with less tolerance where the clip is short: this share of its length.
_PART_TOLERANCE: Final = 1 / 12
_PARTS: Final = {
    "beginning": (0.0, 1 / 3),
    "middle": (1 / 3, 2 / 3),
    "end": (2 / 3, 1.0),
    "first_half": (0.0, 0.5),
    "second_half": (0.5, 1.0),
}
#: "Throughout" is at least this share of the time in which anything of the kind was measured.
_THROUGHOUT: Final = 0.5


class Window(NamedTuple):
    """When something is said to happen, seconds, tolerance included; infinite where it is open."""

    start_s: float
    end_s: float
    slack_s: float


Check = Callable[[Assertion, Entry, CueIndex], tuple[bool | None, str]]


def compare(
    assertion: Assertion, entry: Entry, implied: str | None, window: Window | None, index: CueIndex
) -> tuple[bool | None, str]:
    """Whether a present cue says what the claim says: True, False (says otherwise), None (cannot tell)."""
    unsure = ""
    for check_one, applies in (
        (_side, assertion.side is not None),
        (_degree, assertion.level is not None),
        (_number, assertion.value is not None),
    ):
        if applies:
            agrees, why = check_one(assertion, entry, index)
            if agrees is False:
                return False, why
            unsure = unsure or ("" if agrees else why)
    direction = assertion.direction or implied
    for agrees, why in (
        _direction(direction, entry) if direction is not None else (True, ""),
        agree_in_time(assertion, entry, window, index) if window is not None else (True, ""),
    ):
        if agrees is False:
            return False, why
        unsure = unsure or ("" if agrees else why)
    return (None, unsure) if unsure else (True, "")


def _side(assertion: Assertion, entry: Entry, index: CueIndex) -> tuple[bool | None, str]:
    if entry.cue.side is None:
        return None, f"{entry.cue.id} does not say on which side"
    return entry.cue.side == assertion.side, f"{entry.cue.id} is on the {entry.cue.side} side"


def _degree(assertion: Assertion, entry: Entry, index: CueIndex) -> tuple[bool | None, str]:
    """Compare intensity or level."""
    claimed = assertion.level or 0
    why = f"{entry.cue.id} is {entry.cue.level or entry.cue.value}"
    if entry.is_action:
        if entry.degree is None or entry.vague or claimed < 1:
            return None, f"{entry.cue.id} does not say how strong it is"
        return abs(entry.degree - claimed) <= 1, why
    if entry.degree is not None and _sign(entry.degree) == _sign(claimed):
        return True, why
    if entry.direction in ("higher", "lower") and claimed:
        if (entry.direction == "higher") == (claimed > 0):
            return True, why  # compared with the clip as a whole
        return (None if entry.degree is None else False), why
    return (False, why) if entry.degree is not None else (None, f"{entry.cue.id} has no level")


def _sign(number: int) -> int:
    return (number > 0) - (number < 0)


def _number(assertion: Assertion, entry: Entry, index: CueIndex) -> tuple[bool | None, str]:
    """Compare a number with the cue's value, with how long it lasts, or with how often it happens."""
    claimed, cue = assertion.value or 0.0, entry.cue
    if cue.value is not None:
        agrees = scales.agree_in_number(claimed, assertion.unit, cue.value, cue.unit)
        if agrees is not None:
            return agrees, f"{cue.id} is {cue.value:g} {cue.unit or ''}".rstrip()
    kind = scales.measures(assertion.unit)
    if kind == "s" and cue.start_s is not None and cue.end_s is not None and not entry.vague:
        lasts = cue.end_s - cue.start_s
        agrees = scales.agree_in_number(claimed, assertion.unit, lasts, "s") or abs(claimed - lasts) <= TOLERANCE_S
        return agrees, f"{cue.id} lasts {lasts:.1f} s"
    if kind == "count" and entry.is_action and not entry.vague:
        key = (entry.kind.group, entry.kind.code)
        times = sum(other.cue.state == "present" and other.cue.subject == cue.subject for other in index.entries[key])
        return abs(times - claimed) < 0.5, f"{cue.code} happens {times} times"
    return None, f"{cue.id} has no such number"


def _direction(direction: str, entry: Entry) -> tuple[bool | None, str]:
    """Compare directions; the action units of the face are movements of one direction each."""
    if entry.kind.group == "face" and entry.is_action:
        return True, ""
    if entry.direction is None:
        return None, f"{entry.cue.id} has no direction"
    return scales.agree_in_direction(direction, entry.direction), f"{entry.cue.id} is {entry.direction}"


def window_of(assertion: Assertion, index: CueIndex) -> Window | None:
    """When the claim says it happens; None when it does not say, or when nobody knows how long the clip is."""
    if assertion.start_s is not None or assertion.end_s is not None:
        start_s = -math.inf if assertion.start_s is None else assertion.start_s
        end_s = math.inf if assertion.end_s is None else assertion.end_s
        return Window(min(start_s, end_s), max(start_s, end_s), TOLERANCE_S)
    if assertion.part is None:
        return None
    length = index.duration_s
    if length is None or assertion.part not in _PARTS:
        return Window(math.nan, math.nan, 0.0)
    first, last = _PARTS[assertion.part]
    return Window(first * length, last * length, min(TOLERANCE_S, length * _PART_TOLERANCE))


def agree_in_time(assertion: Assertion, entry: Entry, window: Window, index: CueIndex) -> tuple[bool | None, str]:
    """Whether the cue is there when the claim says so."""
    cue = entry.cue
    if not entry.has_span:
        return None, f"{cue.id} has no time"
    if assertion.part == "throughout" and math.isnan(window.start_s):
        return _throughout(entry, index)
    if math.isnan(window.start_s):
        return None, "the length of the clip is not known"
    slack = window.slack_s
    if window.start_s <= entry.start_s + slack and window.end_s >= entry.end_s - slack:
        return True, ""
    if entry.vague or entry.is_count:
        return None, f"{cue.id} does not say when"
    if window.start_s <= entry.end_s + slack and window.end_s >= entry.start_s - slack:
        return True, ""
    if index.hidden_at(cue.modality, cue.subject, window.start_s, window.end_s):
        return None, "it could not be seen or heard then"
    return False, f"{cue.id} is at another time"


def _throughout(entry: Entry, index: CueIndex) -> tuple[bool | None, str]:
    """Whether the cues of this code and person fill at least half of the time that was measured."""
    first, last = index.extents.get(entry.kind.group, (0.0, 0.0))
    if entry.vague or last <= first:
        return None, f"{entry.cue.id} does not say how long"
    spans = sorted(
        (other.start_s, other.end_s)
        for other in index.entries[entry.kind.group, entry.kind.code]
        if other.cue.state == "present" and other.cue.subject == entry.cue.subject and other.has_span
    )
    covered, reached = 0.0, first
    for start, end in spans:
        covered += max(0.0, min(end, last) - max(start, reached))
        reached = max(reached, min(end, last))
    return covered >= _THROUGHOUT * (last - first), f"{entry.cue.code} is there for {covered:.1f} s only"
