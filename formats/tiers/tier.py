"""Tiers: named rows of labelled spans, as ELAN and Praat have them.

A tier of ours is named after what it holds, with the person in front: ``face1 AU12``, ``face1 L12`` (left side only),
``voice.f0_mean``, ``speech.utterance``. What is *not* there never sits on the tier of its code, where other software
would count it as an occurrence: actions looked for and not found are listed on ``face1 absent``, those that could not
be seen on ``face1 unknown``.

Neither program lets spans of one tier overlap: those that do go to ``face1 AU12 (2)``, ``(3)`` …
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from ...records import Cue
from ...records.labels import MODALITIES, Modality, Side, State, parse_action_unit

#: A label is sorted into its tier by these; people look for speech and the face first.
_ORDER: Final[tuple[Modality, ...]] = ("speech", "face", "head", "gaze", "body", "voice", "scene", "physiology")
_SIDE_LETTERS: Final[dict[Side, str]] = {"left": "L", "right": "R", "top": "T", "bottom": "B"}
_NUMBERED: Final = re.compile(r" \((\d{1,6})\)$")
_NOT_PLAIN: Final = re.compile(r"[\s%;()]|[^\x21-\x7e\xa1-\ud7ff\uf900-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Segment:
    """One labelled span, seconds; ``start_s == end_s`` is a moment. ``cue_ids`` are the cues it stands for."""

    start_s: float
    end_s: float
    label: str
    cue_ids: tuple[str, ...] = ()

    @property
    def is_moment(self) -> bool:
        """Whether it has no length."""
        return self.start_s == self.end_s


@dataclass(frozen=True, slots=True)
class Tier:
    """Segments in order of time. ``person`` and ``coder`` are ELAN's participant and annotator."""

    name: str
    segments: tuple[Segment, ...] = ()
    person: str | None = None
    coder: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What the segments of a tier are about: one code (with its side), or a list of codes in one ``state``."""

    person: str | None = None
    modality: Modality | None = None
    code: str | None = None
    side: Side | None = None
    state: State = "present"


def code_word(cue: Cue) -> str:
    """Say what a cue observes in one word: ``AU12``, ``L12``, ``head.nod``."""
    if cue.modality == "face" and parse_action_unit(cue.code) == (cue.code, None):
        return cue.code if cue.side is None else _SIDE_LETTERS[cue.side] + cue.code[2:]
    return _encoded(f"{cue.modality}.{cue.code}")


def parse_code_word(word: str) -> Subject | None:
    """Undo :func:`code_word`; None when it is no such word.

    Examples
    --------
    >>> parse_code_word("L12")
    Subject(person=None, modality='face', code='AU12', side='left', state='present')
    >>> parse_code_word("voice.f0_mean").code
    'f0_mean'
    """
    if re.fullmatch(r"AU[1-9]\d?|[LRTB][1-9]\d?", word):
        action_unit = parse_action_unit(word)
        assert action_unit is not None  # noqa: S101 - the pattern above is narrower
        return Subject(None, "face", *action_unit)
    modality, _, code = word.partition(".")
    for known in MODALITIES:
        if modality == known and code:
            return Subject(None, known, unquote(code))
    return None


def tier_name(cue: Cue) -> str:
    """Name of the tier a cue belongs to."""
    what = code_word(cue) if cue.state == "present" else cue.state
    return what if cue.subject is None else f"{_encoded(cue.subject)} {what}"


def parse_tier_name(name: str) -> Subject | None:
    """Undo :func:`tier_name`; None when the tier is not named by us.

    Examples
    --------
    >>> parse_tier_name("face1 AU12 (2)")
    Subject(person='face1', modality='face', code='AU12', side=None, state='present')
    >>> parse_tier_name("face1 absent").state
    'absent'
    >>> parse_tier_name("Anna's smile") is None
    True
    """
    words = base_name(name).split(" ")
    person = unquote(words[0]) if len(words) == 2 else None
    if len(words) > 2 or person == "":
        return None
    if words[-1] in ("absent", "unknown"):
        return Subject(person, state="absent" if words[-1] == "absent" else "unknown")
    found = parse_code_word(words[-1])
    return Subject(person, found.modality, found.code, found.side) if found else None


def base_name(name: str) -> str:
    """Name without the number of a further tier for overlapping spans."""
    return _NUMBERED.sub("", name)


def _encoded(word: str) -> str:
    return _NOT_PLAIN.sub(lambda match: "".join(f"%{byte:02X}" for byte in _utf8(match[0])), word)


def _utf8(character: str) -> bytes:
    return character.encode("utf-8", "replace")


def sort_key(cue: Cue) -> tuple[int, int, str, int, str]:
    """Order of tiers: speech, faces (by person and number of the action), …, then what is absent or unknown."""
    number = re.search(r"\d+", cue.code) if cue.modality == "face" else None
    return (
        ("present", "absent", "unknown").index(cue.state),
        _ORDER.index(cue.modality),
        cue.subject or "",
        int(number[0]) if number else 0,
        cue.code,
    )


def packed(groups: Mapping[str, Iterable[Segment]], *, persons: Mapping[str, str | None]) -> Iterator[Tier]:
    """Tiers without overlap, in the order of the groups; a group that overlaps becomes numbered tiers.

    Moments do not share a tier with spans, nor two of them a time: Praat keeps them on tiers of another kind.
    """
    for name, segments in groups.items():
        rows: list[list[Segment]] = []
        for segment in sorted(segments, key=lambda segment: (segment.start_s, segment.end_s)):
            row = next((row for row in rows if _fits(row[-1], segment)), None)
            if row is None:
                rows.append([segment])
            else:
                row.append(segment)
        for number, row in enumerate(rows, 1):
            yield Tier(name if number == 1 else f"{name} ({number})", tuple(row), persons.get(name))


def _fits(last: Segment, segment: Segment) -> bool:
    if last.is_moment != segment.is_moment:
        return False
    return last.end_s < segment.start_s if segment.is_moment else last.end_s <= segment.start_s
