"""Checking: what the cues of a clip say about claims, by the rules in :mod:`emoreason.rewards.grounding`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from ...records import CueSet
from ...records.convert import from_json
from . import scales
from .assertion import Assertion
from .comparing import Window, compare, window_of
from .cue_index import CueIndex, Entry, index_of
from .quoting import check_quote, nothing_was_said
from .scales import kind_of
from .utterances import told_by
from .verdict import Finding, Ruling, Verdict

_FLIPPED: Final[dict[Ruling, Ruling]] = {
    "supported": "contradicted",
    "contradicted": "supported",
    "unverifiable": "unverifiable",
}

_SPEAKING: Final = frozenset({"segment", "utterance"})


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
    if assertion.negated and assertion.part == "throughout":
        assertion = replace(assertion, part=None)  # "does not smile throughout": at no time
    found = _check_affirmed(assertion, index)
    ruling = _FLIPPED[found.ruling] if assertion.negated else found.ruling
    ids, why = found.ids, found.why
    miscited = found.strange or (
        bool(assertion.cited or assertion.unknown_ids) and _miscited(assertion, ruling, ids, index)
    )
    if ruling == "supported" and assertion.cited and not miscited:
        cited = frozenset(assertion.cited)
        ids = tuple([cue_id for cue_id in ids if cue_id in cited]) or ids
        why = why.replace(found.ids[0], ids[0]) if found.ids else why
    return Verdict(
        claim=assertion.clause,
        verdict=ruling,
        cue_ids=ids,
        why=why,
        miscited=miscited,
        assertion=assertion,
    )


def _check_affirmed(assertion: Assertion, index: CueIndex) -> Finding:
    """Check the claim as if it were not negated."""
    stranger = _cites_another_person(assertion, index)
    if stranger is not None:
        return Finding("contradicted", (stranger,), f"{stranger.cue.id} is not of {assertion.subject}", strange=True)
    if assertion.quote is not None:
        return check_quote(assertion, assertion.quote, index)
    found = _check_codes(assertion, index) if assertion.codes else None
    if found is not None and _SPEAKING.intersection(assertion.codes):
        found = _check_speaking(found, assertion, index)
    if found is not None and (found.ruling != "unverifiable" or found.entries):
        return found
    told = told_by(assertion.clause, index.descriptions)
    if told is not None:
        return Finding("supported", (), f"{told.cue_id} describes it", (told.cue_id,))
    return found or Finding("unverifiable", (), "nothing was measured that could tell")


def _check_speaking(found: Finding, assertion: Assertion, index: CueIndex) -> Finding:
    """Check whether anybody speaks against what the cues say of it, the words that are known, and the gaps."""
    if found.ruling == "unverifiable" and not found.entries and index.words.passages:
        found = Finding("supported", (), "words of the clip are known")
    if not nothing_was_said(index, window_of(assertion, index)):
        return found
    if found.ruling == "supported":
        return Finding("unverifiable", found.entries, f"{found.why}, but no speech was found")
    return Finding("contradicted", found.entries, "nothing was said")


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


def _check_codes(assertion: Assertion, index: CueIndex) -> Finding:
    """Check against the cues of all codes the claim may be about; any one of them will do."""
    window = window_of(assertion, index)
    sorted_out = _Sorted()
    for entry, implied in _candidates(assertion, index).values():
        _sort_out(sorted_out, assertion, entry, implied, window, index)
    if sorted_out.yes and not _whole_says_otherwise(assertion, window, sorted_out.yes, sorted_out.no):
        return Finding("supported", tuple(sorted_out.yes), f"{sorted_out.yes[0].cue.id} says so")
    if sorted_out.unsure and not _another_measure_tells(sorted_out.unsure, sorted_out.no):
        return Finding("unverifiable", tuple(sorted_out.unsure), sorted_out.whys[sorted_out.unsure[0].cue.id])
    if sorted_out.no:
        return Finding("contradicted", tuple(sorted_out.no), sorted_out.whys[sorted_out.no[0].cue.id])
    if sorted_out.absent and not sorted_out.unknown:
        first = sorted_out.absent[0].cue.id
        return Finding("contradicted", tuple(sorted_out.absent), f"{first} was looked for and is not there")
    if sorted_out.unknown:
        return Finding("unverifiable", (), f"{sorted_out.unknown[0].cue.id} could not be measured")
    return Finding("unverifiable", (), _nothing(assertion, index, others=sorted_out.others))


@dataclass(slots=True)
class _Sorted:
    """Cues that a claim may be about, by what they say to it."""

    yes: list[Entry] = field(default_factory=list)
    no: list[Entry] = field(default_factory=list)
    unsure: list[Entry] = field(default_factory=list)
    absent: list[Entry] = field(default_factory=list)
    unknown: list[Entry] = field(default_factory=list)
    others: bool = False
    whys: dict[str, str] = field(default_factory=dict)


def _candidates(assertion: Assertion, index: CueIndex) -> dict[str, tuple[Entry, str | None]]:
    """Cues of the codes of a claim, each once, with the direction that the code says."""
    found: dict[str, tuple[Entry, str | None]] = {}
    for code in assertion.codes:
        if code == "f0_slope" and found and "f0_contour" in assertion.codes:
            continue  # the same movement, measured more coarsely
        entries, implied = index.find(assertion.modality, code)
        for entry in entries:
            if not scales.on_another_axis(assertion.direction or implied, entry.direction):
                found.setdefault(entry.cue.id, (entry, implied))
    return found


def _sort_out(
    sorted_out: _Sorted, assertion: Assertion, entry: Entry, implied: str | None, window: Window | None, index: CueIndex
) -> None:
    state = entry.cue.state
    if not _of_the_person(entry, assertion, index):
        sorted_out.others = True
    elif state == "unknown":
        sorted_out.unknown.append(entry)
    elif state == "absent" or (entry.is_none and assertion.level is None and assertion.value is None):
        if _tells_absence(entry, window, index):
            sorted_out.absent.append(entry)
    else:
        agrees, why = compare(assertion, entry, implied, window, index)
        (sorted_out.unsure if agrees is None else sorted_out.yes if agrees else sorted_out.no).append(entry)
        sorted_out.whys[entry.cue.id] = why


def _another_measure_tells(unsure: list[Entry], no: list[Entry]) -> bool:
    """Whether the cues that cannot tell are measures, and another measure says otherwise."""
    codes = {entry.kind.code for entry in unsure}
    return not unsure[0].is_action and any(entry.kind.code not in codes for entry in no)


def _whole_says_otherwise(
    assertion: Assertion, window: Window | None, supporting: list[Entry], contradicting: list[Entry]
) -> bool:
    """Whether a level claimed of no time in particular is only that of a phrase, while the whole clip has another."""
    if window is not None or assertion.level is None or not contradicting or contradicting[0].is_action:
        return False
    whole = max(contradicting, key=lambda entry: entry.end_s - entry.start_s)
    return whole.has_span and all(
        whole.start_s <= entry.start_s and entry.end_s <= whole.end_s and entry.kind == whole.kind
        for entry in supporting
    )


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
