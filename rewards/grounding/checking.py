"""Checking: what the cues of a clip say about claims, by the rules in :mod:`emoreason.rewards.grounding`."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from ...records import CueSet
from ...records.convert import from_json
from . import scales
from .assertion import Assertion
from .cue_index import CueIndex, Entry, index_of
from .scales import kind_of
from .utterances import Passage, stands_in, told_by
from .verdict import Ruling, Verdict

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
_FLIPPED: Final[dict[Ruling, Ruling]] = {
    "supported": "contradicted",
    "contradicted": "supported",
    "unverifiable": "unverifiable",
}


class Finding(NamedTuple):
    """What the cues say about the affirmed form of a claim."""

    ruling: Ruling
    entries: tuple[Entry, ...] = ()
    why: str = ""
    cue_ids: tuple[str, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the cues that decided it."""
        return self.cue_ids or tuple([entry.cue.id for entry in self.entries])


class Window(NamedTuple):
    """When something is said to happen, seconds, tolerance included; infinite where it is open."""

    start_s: float
    end_s: float
    slack_s: float


def verdicts(text: str, cueset: CueSet | Mapping[str, Any]) -> list[Verdict]:
    """Read a text as claims and check each against the cues of a clip.

    Parameters
    ----------
    text : str
        A chain of thought, an explanation, any prose; English or Chinese, with or without cited cue ids.
    cueset : CueSet or mapping
        All cues of the clip, or their JSON value.

    Returns
    -------
    list of Verdict
        In the order of the text.

    Raises
    ------
    RecordError
        ``cueset`` is a mapping and no valid CueSet.
    """
    from .reading import read_assertions

    record = cueset if isinstance(cueset, CueSet) else from_json(cueset, CueSet)
    return check_all(read_assertions(text, record), record)


def check_all(assertions: Iterable[Assertion], cueset: CueSet) -> list[Verdict]:
    """Check claims that were read before."""
    index = index_of(cueset)
    return [check(assertion, index) for assertion in assertions]


def check(assertion: Assertion, index: CueIndex) -> Verdict:
    """Check one claim.

    Examples
    --------
    >>> from emoreason.records import Clip, Cue
    >>> smile = Cue(id="face1.AU12.1", modality="face", code="AU12", level="slightly")
    >>> index = index_of(CueSet(clip=Clip(id="clip.mp4"), cues=(smile,)))
    >>> claim = dict(sentence="", clause="", modality="face", codes=("AU12",), level=4)
    >>> check(Assertion(**claim), index).verdict, check(Assertion(**claim, negated=True), index).verdict
    ('contradicted', 'supported')
    """
    found = _check_affirmed(assertion, index)
    ruling = _FLIPPED[found.ruling] if assertion.negated else found.ruling
    ids = found.ids
    miscited = bool(assertion.cited or assertion.unknown_ids) and _miscited(assertion, ruling, ids, index)
    if ruling == "supported" and assertion.cited and not miscited:
        cited = frozenset(assertion.cited)
        ids = tuple([cue_id for cue_id in ids if cue_id in cited]) or ids
    return Verdict(
        claim=assertion.clause,
        verdict=ruling,
        cue_ids=ids,
        why=found.why,
        miscited=miscited,
        assertion=assertion,
    )


def _check_affirmed(assertion: Assertion, index: CueIndex) -> Finding:
    """Check the claim as if it were not negated."""
    stranger = _cites_another_person(assertion, index)
    if stranger is not None:
        return Finding("contradicted", (stranger,), f"{stranger.cue.id} is not of {assertion.subject}")
    if assertion.quote is not None:
        return _check_quote(assertion, assertion.quote, index)
    found = _check_codes(assertion, index) if assertion.codes else None
    if found is not None and (found.ruling != "unverifiable" or found.entries):
        return found
    told = told_by(assertion.clause, index.descriptions)
    if told is not None:
        return Finding("supported", (), f"{told.cue_id} describes it", (told.cue_id,))
    return found or Finding("unverifiable", (), "nothing was measured that could tell")


def _cites_another_person(assertion: Assertion, index: CueIndex) -> Entry | None:
    """Return a cited cue of another person, if the claim names one and cites none of that person or of nobody."""
    if assertion.subject is None or not assertion.cited or not (assertion.codes or assertion.quote):
        return None
    cited = [index.by_id[cue_id] for cue_id in assertion.cited if cue_id in index.by_id]
    if not cited or any(entry.cue.subject in (None, assertion.subject) for entry in cited):
        return None
    return cited[0]


def _miscited(assertion: Assertion, ruling: Ruling, ids: tuple[str, ...], index: CueIndex) -> bool:
    """Whether nothing that is cited bears the claim out or, where it is not borne out, is about the same thing."""
    cited = [index.by_id[cue_id] for cue_id in assertion.cited if cue_id in index.by_id]
    if any(entry.cue.id in ids for entry in cited):
        return False
    if ruling == "supported" and ids:
        return True
    if assertion.quote is not None:
        return not any(entry.cue.modality in ("speech", "voice") for entry in cited)
    if not assertion.codes:
        return not cited
    keys = {
        key for code in assertion.codes for key in scales.looked_up(kind_of(assertion.modality or "face", code))
    }  # fmt: skip
    return not any((entry.kind.group, entry.kind.code) in keys for entry in cited)


# ---- codes -----------------------------------------------------------------------------------------------------------


def _check_codes(assertion: Assertion, index: CueIndex) -> Finding:
    """Check against the cues of all codes the claim may be about; any one of them will do."""
    window = _window(assertion, index)
    supporting: list[Entry] = []
    contradicting: list[Entry] = []
    absent: list[Entry] = []
    unsure: list[Entry] = []
    whys: dict[str, str] = {}
    others = False
    for code in assertion.codes:
        entries, implied = index.find(assertion.modality, code)
        for entry in entries:
            if not _of_the_person(entry, assertion, index):
                others = True
            elif entry.cue.state == "present":
                agrees, why = _compare(assertion, entry, implied, window, index)
                (unsure if agrees is None else supporting if agrees else contradicting).append(entry)
                whys[entry.cue.id] = why
            elif entry.cue.state == "absent" and _tells_absence(entry, window, index):
                absent.append(entry)
            else:
                whys["unknown"] = f"{entry.cue.id} could not be measured" if entry.cue.state == "unknown" else ""
    if supporting:
        return Finding("supported", tuple(supporting), f"{supporting[0].cue.id} says so")
    if unsure:
        return Finding("unverifiable", tuple(unsure), whys[unsure[0].cue.id])
    if contradicting:
        return Finding("contradicted", tuple(contradicting), whys[contradicting[0].cue.id])
    if absent and "unknown" not in whys:
        return Finding("contradicted", tuple(absent), f"{absent[0].cue.id} was looked for and is not there")
    return Finding("unverifiable", (), whys.get("unknown") or _nothing(assertion, index, others=others))


def _nothing(assertion: Assertion, index: CueIndex, *, others: bool) -> str:
    if others:
        return f"it was measured of others, not of {assertion.subject}"
    group = kind_of(assertion.modality or "face", "").group
    for gap in index.gaps.get(group, ()):
        return f"nothing was measured that could tell ({gap.modality}: {gap.reason.replace('_', ' ')})"
    return "nothing was measured that could tell"


def _of_the_person(entry: Entry, assertion: Assertion, index: CueIndex) -> bool:
    """Whether the cue may be of the person the claim names; a voice is that of the only person there is."""
    if assertion.subject is None or entry.cue.subject == assertion.subject or entry.kind.group == "scene":
        return True
    return entry.cue.subject is None and index.people <= {assertion.subject}


def _tells_absence(entry: Entry, window: Window | None, index: CueIndex) -> bool:
    """Whether the time of the claim was looked at when the action was looked for and not found."""
    if window is None or not entry.has_span:
        return True
    if window.start_s > entry.end_s + window.slack_s or window.end_s < entry.start_s - window.slack_s:
        return False
    return not index.hidden_at(entry.cue.modality, entry.cue.subject, window.start_s, window.end_s)


Check = Callable[[Assertion, Entry, CueIndex], tuple[bool | None, str]]


def _compare(
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
        _time(assertion, entry, window, index) if window is not None else (True, ""),
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


# ---- time ------------------------------------------------------------------------------------------------------------


def _window(assertion: Assertion, index: CueIndex) -> Window | None:
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


def _time(assertion: Assertion, entry: Entry, window: Window, index: CueIndex) -> tuple[bool | None, str]:
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
    if entry.vague:
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


# ---- words -----------------------------------------------------------------------------------------------------------


def _check_quote(assertion: Assertion, quote: str, index: CueIndex) -> Finding:
    """Check a quotation against what was said."""
    said = index.words.passages
    own = [passage for passage in said if _said_by(passage, assertion.subject, index)]
    for passage in own:
        if stands_in(quote, passage):
            return _quoted_when(assertion, passage, index)
    if any(stands_in(quote, passage) for passage in said):
        if any(passage.subject is not None for passage in said if stands_in(quote, passage)):
            return Finding("contradicted", (), "somebody else says these words")
        return Finding("unverifiable", (), "it is not known who says these words")
    if any(stands_in(quote, passage) for passage in index.words.context):
        return Finding("unverifiable", (), "the words were said before the clip")
    if said:
        ids = tuple(passage.cue_id for passage in said if passage.cue_id is not None)
        partly = any(gap.modality == "speech" for gap in index.gaps.get("sound", ())) and not _has_transcript(index)
        if partly:
            return Finding("unverifiable", (), "not all words of the clip are known")
        return Finding("contradicted", (), "other words were said", ids)
    for gap in index.gaps.get("sound", ()):
        if gap.reason in ("no_speech", "silent") and gap.start_s is None and gap.end_s is None:
            return Finding("contradicted", (), "nothing was said")
    return Finding("unverifiable", (), "it is not known what was said")


def _has_transcript(index: CueIndex) -> bool:
    return bool(index.cueset.clip.transcript)


def _said_by(passage: Passage, subject: str | None, index: CueIndex) -> bool:
    return subject is None or passage.subject == subject or (passage.subject is None and index.people <= {subject})


def _quoted_when(assertion: Assertion, passage: Passage, index: CueIndex) -> Finding:
    """Words that were said, perhaps at another time than claimed."""
    if passage.cue_id is None:
        return Finding("supported", (), "the words stand in the transcript")
    entry = index.by_id[passage.cue_id]
    window = _window(assertion, index)
    agrees, why = _time(assertion, entry, window, index) if window is not None else (True, "")
    ruling: Ruling = "unverifiable" if agrees is None else "supported" if agrees else "contradicted"
    return Finding(ruling, (entry,), why or f"{passage.cue_id} has these words")
