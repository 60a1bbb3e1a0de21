"""Checking: what the cues of a clip say about claims, by the rules in :mod:`emoreason.rewards.grounding`."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from ...records import CueSet
from ...records.convert import from_json
from . import scales
from .assertion import Assertion
from .comparing import Window, agree_in_time, compare, window_of
from .cue_index import CueIndex, Entry, index_of
from .scales import kind_of
from .utterances import Passage, split_words, stands_in, told_by
from .verdict import Ruling, Verdict

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


def _check_codes(assertion: Assertion, index: CueIndex) -> Finding:
    """Check against the cues of all codes the claim may be about; any one of them will do."""
    window = window_of(assertion, index)
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
                agrees, why = compare(assertion, entry, implied, window, index)
                (unsure if agrees is None else supporting if agrees else contradicting).append(entry)
                whys[entry.cue.id] = why
            elif entry.cue.state == "absent" and _tells_absence(entry, window, index):
                absent.append(entry)
            else:
                whys["unknown"] = f"{entry.cue.id} could not be measured" if entry.cue.state == "unknown" else ""
    if supporting and not _whole_says_otherwise(assertion, window, supporting, contradicting):
        return Finding("supported", tuple(supporting), f"{supporting[0].cue.id} says so")
    if unsure:
        return Finding("unverifiable", tuple(unsure), whys[unsure[0].cue.id])
    if contradicting:
        return Finding("contradicted", tuple(contradicting), whys[contradicting[0].cue.id])
    if absent and "unknown" not in whys:
        return Finding("contradicted", tuple(absent), f"{absent[0].cue.id} was looked for and is not there")
    return Finding("unverifiable", (), whys.get("unknown") or _nothing(assertion, index, others=others))


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


def _check_quote(assertion: Assertion, quote: str, index: CueIndex) -> Finding:
    """Check a quotation against what was said."""
    if not split_words(quote):
        return Finding("unverifiable", (), "it quotes no words")
    said = index.words.passages
    own = [passage for passage in said if _said_by(passage, assertion.subject, index)]
    for passage in own:
        if stands_in(quote, passage):
            return _quoted_when(assertion, passage, index)
    return _not_quoted(quote, index)


def _not_quoted(quote: str, index: CueIndex) -> Finding:
    """Judge a quotation that nobody it may be of is known to have said."""
    said = index.words.passages
    elsewhere = [passage for passage in said if stands_in(quote, passage)]
    if any(passage.subject is not None for passage in elsewhere):
        return Finding("contradicted", (), "somebody else says these words")
    if elsewhere:
        return Finding("unverifiable", (), "it is not known who says these words")
    if any(stands_in(quote, passage) for passage in index.words.context):
        return Finding("unverifiable", (), "the words were said before the clip")
    if said:
        return _other_words(said, index)
    for gap in index.gaps.get("sound", ()):
        if gap.reason in ("no_speech", "silent") and gap.start_s is None and gap.end_s is None:
            return Finding("contradicted", (), "nothing was said")
    return Finding("unverifiable", (), "it is not known what was said")


def _other_words(said: Iterable[Passage], index: CueIndex) -> Finding:
    partly = any(gap.modality == "speech" for gap in index.gaps.get("sound", ()))
    if partly and not index.cueset.clip.transcript:
        return Finding("unverifiable", (), "not all words of the clip are known")
    ids = tuple(passage.cue_id for passage in said if passage.cue_id is not None)
    return Finding("contradicted", (), "other words were said", ids)


def _said_by(passage: Passage, subject: str | None, index: CueIndex) -> bool:
    return subject is None or passage.subject == subject or (passage.subject is None and index.people <= {subject})


def _quoted_when(assertion: Assertion, passage: Passage, index: CueIndex) -> Finding:
    """Words that were said, perhaps at another time than claimed."""
    if passage.cue_id is None:
        return Finding("supported", (), "the words stand in the transcript")
    entry = index.by_id[passage.cue_id]
    window = window_of(assertion, index)
    agrees, why = agree_in_time(assertion, entry, window, index) if window is not None else (True, "")
    ruling: Ruling = "unverifiable" if agrees is None else "supported" if agrees else "contradicted"
    return Finding(ruling, (entry,), why or f"{passage.cue_id} has these words")
