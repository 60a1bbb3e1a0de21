"""What tiers of human coders are about, told from their names; what cannot be told is asked for, never guessed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ...records.labels import Modality, Side, parse_action_unit
from .tier import Subject, Tier, base_name, parse_tier_name

#: ``{tier name: what it holds}``: a code (``AU12``, ``speech.utterance``, ``Anna AU12``), ``AU`` when its labels are
#: FACS codes (``1+2``, ``12C``), or ``-`` to leave it out.
TierMap = Mapping[str, str]

LEAVE_OUT: Final = "-"
CODES_IN_LABELS: Final = "AU"

_ACTION_UNIT: Final = re.compile(
    r"(?<![A-Za-z0-9])AU[ _.-]*(?:0*[1-9]\d?)(?:[ _-]*[LRT](?![A-Za-z]))?(?!\d)", re.IGNORECASE
)
_BARE_CODE: Final = re.compile(r"[LRTB]?0*[1-9]\d?[LRT]?")
_FACS: Final = re.compile(r"(?<![a-z])(facs|aus?|action[ _-]?units?)(?![a-z])", re.IGNORECASE)
_NO_WORDS: Final = re.compile(r"phone|phoneme|segment.*phon|syllab|morph|gloss|transl|comment|note", re.IGNORECASE)
_WORDS: Final = re.compile(r"(?<![a-z])words?(?![a-z])", re.IGNORECASE)
_SPEECH: Final = re.compile(
    r"speech|spch|spoken|utter|transcri|ortho|sentence|dialog|subtitle|(?<![a-z])(text|says|said)(?![a-z])",
    re.IGNORECASE,
)
_SIDES: Final[dict[str, Side]] = {"left": "left", "right": "right"}
_MODALITIES: Final[tuple[tuple[str, Modality], ...]] = (
    (r"gaze|eyes?", "gaze"),
    (r"head", "head"),
    (r"body|posture|gestures?|hands?", "body"),
    (r"voice|prosody|intonation|pitch", "voice"),
    (r"fac(e|ial)", "face"),
    (r"scene|shots?", "scene"),
)
_NOT_IN_IDS: Final = re.compile(r"[\s\[\],;]+")
_DULL: Final = re.compile(r"(?i)(?<![a-z])(facs|intensity|presence|coder|tier|left|right|r|c)(?![a-z])|[_\W]+")


@dataclass(frozen=True, slots=True)
class Coding:
    """How the labels of one tier are to be read; ``codes_in_labels`` where they name the action units themselves."""

    subject: Subject
    codes_in_labels: bool = False
    silences: bool = False


def understand(tier: Tier, tiers: TierMap) -> Coding | None:
    """Say what a tier holds; None when its name does not tell (or says that it is none of our business).

    Raises
    ------
    ValueError
        ``tiers`` maps this tier to something that is no code.
    """
    wanted = tiers.get(tier.name, tiers.get(base_name(tier.name)))
    if wanted is not None:
        return _wanted(tier, wanted)
    subject = parse_tier_name(tier.name)
    if subject is not None:
        return Coding(_with_person(subject, tier.person))
    return _from_name(base_name(tier.name), tier)


def _wanted(tier: Tier, wanted: str) -> Coding | None:
    if wanted == LEAVE_OUT:
        return None
    if wanted == CODES_IN_LABELS:
        return Coding(Subject(as_id(tier.person)), codes_in_labels=True)
    subject = parse_tier_name(wanted)
    if subject is None:
        raise ValueError(
            f"tier {tier.name!r}: {wanted!r} is no code; expected AU12, L12, speech.utterance, head.nod "
            f"(modality.code), {CODES_IN_LABELS} for labels such as 1+2 or 12C, or {LEAVE_OUT} to leave it out"
        )
    return Coding(_with_person(subject, tier.person))


def _from_name(name: str, tier: Tier) -> Coding | None:
    person = as_id(tier.person)
    found = {parse_action_unit(_DULL.sub("", match[0])) for match in _ACTION_UNIT.finditer(name)}
    if len(found) == 1 and (action_unit := found.pop()) is not None:
        code, side = action_unit
        side = side or next((side for word, side in _SIDES.items() if word in name.lower()), None)
        rest = _DULL.sub(" ", _ACTION_UNIT.sub(" ", name)).strip()
        return Coding(Subject(person or as_id(rest), "face", code, side))
    if _BARE_CODE.fullmatch(name) and (action_unit := parse_action_unit(name)) is not None:
        return Coding(Subject(person, "face", *action_unit))
    if _FACS.search(name):
        return Coding(Subject(person), codes_in_labels=True)
    labels = {segment.label.strip() for segment in tier.segments} - {""}
    if labels and labels <= {"silent", "sounding"}:  # Praat's own To TextGrid (silences)...
        return Coding(Subject(person, "speech"), silences=True)
    if _NO_WORDS.search(name):
        return None
    if _WORDS.search(name):
        return Coding(Subject(person, "speech", "word"))
    if _SPEECH.search(name):
        return Coding(Subject(person, "speech", "utterance"))
    for pattern, modality in _MODALITIES:
        if re.search(rf"(?<![a-z])({pattern})(?![a-z])", name, re.IGNORECASE):
            return Coding(Subject(person, modality))
    return None


def _with_person(subject: Subject, person: str | None) -> Subject:
    own = as_id(subject.person or person)
    return Subject(own, subject.modality, subject.code, subject.side, subject.state)


def as_id(name: str | None) -> str | None:
    """Name of a person as a subject may be called (no blanks, no brackets), or None.

    Examples
    --------
    >>> as_id("Anna [left]")
    'Anna_left'
    """
    return _NOT_IN_IDS.sub("_", name or "").strip("_")[:100] or None


def facs_codes(label: str) -> list[str] | None:
    """Split a FACS label into its codes; None when it is none.

    Examples
    --------
    >>> facs_codes("L12C+25")
    ['L12C', '25']
    >>> facs_codes("smile") is None
    True
    """
    words = re.split(r"[+,;\s]+", label.strip())
    return words if words and all(parse_action_unit(word) for word in words) else None


def slug(label: str) -> str:
    """Code made of a label, for tiers that name a modality and say the rest in their labels (head: ``nod``)."""
    return re.sub(r"\W+", "_", label.strip().lower()).strip("_")[:60] or "event"


def presence_only(tier: Tier) -> bool:
    """Whether a tier codes presence as 0 and 1 (then 1 is no intensity)."""
    labels = {segment.label.strip() for segment in tier.segments}
    return "1" in labels and labels <= {"0", "1"}


def without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    """Drop what is None."""
    return {name: value for name, value in values.items() if value is not None}
