"""Changed clips: without some cues, without a modality, with another clip's, in another order, in other words."""

import csv
import random
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import cache
from importlib import resources
from typing import Final

from ...prompts.screening import VERBATIM_CODES
from ...records import Cue, CueSet, Gap
from ...records.labels import Modality, parse_action_unit

#: Channels that are masked and swapped as a whole.
CHANNELS: Final[dict[str, tuple[Modality, ...]]] = {
    "face": ("face", "head", "gaze", "body"),
    "voice": ("voice",),
    "words": ("speech",),
    "scene": ("scene",),
}


def without_cues(cueset: CueSet, cue_ids: Collection[str]) -> CueSet:
    """Clip without these cues."""
    return replace(cueset, cues=tuple(cue for cue in cueset.cues if cue.id not in cue_ids))


def has_channel(cueset: CueSet, channel: str) -> bool:
    """Whether anything of this channel is known."""
    spoken = channel == "words" and bool(cueset.clip.transcript)
    return spoken or any(cue.modality in CHANNELS[channel] and cue.state != "unknown" for cue in cueset.cues)


def masked(cueset: CueSet, channel: str) -> CueSet:
    """Clip without a channel; that it is missing is said as a gap."""
    out = CHANNELS[channel]
    gaps = [gap for gap in cueset.gaps if gap.modality not in out]
    gaps += [Gap(modality=modality, reason="not_requested") for modality in out[:1]]
    clip = replace(cueset.clip, transcript=None) if channel == "words" else cueset.clip
    return replace(
        cueset,
        clip=clip,
        cues=tuple(cue for cue in cueset.cues if cue.modality not in out),
        gaps=tuple(gaps),
    )


def swapped(cueset: CueSet, donor: CueSet, channel: str) -> CueSet:
    """Clip with the cues of one channel of another clip; their times are stretched to this clip's length."""
    out = CHANNELS[channel]
    kept = masked(cueset, channel)
    stretch = _stretch(donor.clip.duration_s, cueset.clip.duration_s)
    person = _person(cueset, out) if channel in ("face", "voice") else None
    taken = {cue.id for cue in kept.cues}
    cues = [_moved_cue(cue, stretch, person) for cue in donor.cues if cue.modality in out]
    cues = [replace(cue, id=f"{cue.id}.other") if cue.id in taken else cue for cue in cues]
    clip = replace(kept.clip, transcript=donor.clip.transcript) if channel == "words" else kept.clip
    gaps = [gap for gap in cueset.gaps if gap.modality not in out]
    gaps += [gap for gap in donor.gaps if gap.modality in out and gap.start_s is None]
    return replace(kept, clip=clip, cues=(*kept.cues, *cues), gaps=tuple(gaps))


def _stretch(theirs: float | None, ours: float | None) -> float:
    return ours / theirs if ours and theirs else 1.0


def _person(cueset: CueSet, channel: Collection[Modality]) -> str | None:
    """Whom the clip's own cues of the channel belong to, where they all belong to one."""
    names = {cue.subject for cue in cueset.cues if cue.modality in channel and cue.subject}
    return names.pop() if len(names) == 1 else None


def _moved_cue(cue: Cue, stretch: float, person: str | None) -> Cue:
    def time(at: float | None) -> float | None:
        return None if at is None else at * stretch

    subject = person if person is not None and cue.subject is not None else cue.subject
    return replace(cue, start_s=time(cue.start_s), end_s=time(cue.end_s), apex_s=time(cue.apex_s), subject=subject)


def shuffled(cueset: CueSet, rng: random.Random) -> CueSet:
    """Clip with its cues in another order."""
    cues = list(cueset.cues)
    rng.shuffle(cues)
    return replace(cueset, cues=tuple(cues))


def reworded(cueset: CueSet) -> CueSet:
    """Clip that says the same in other words.

    Cues get other ids (``c1``, ``c2`` …) and people other names (``person1`` …); a level word goes where the number is
    there too; times are given in tenths of a second; in sentences about the scene, plain words are replaced by
    synonyms (``data/plain_synonyms.csv``). Words that were spoken stay.
    """
    people: dict[str, str] = {}
    for cue in cueset.cues:
        if cue.subject:
            people.setdefault(cue.subject, f"person{len(people) + 1}")
    cues = tuple(_reworded_cue(cue, f"c{number}", people) for number, cue in enumerate(cueset.cues, 1))
    gaps = tuple(
        replace(gap, subject=people.get(gap.subject, gap.subject)) if gap.subject else gap for gap in cueset.gaps
    )
    return replace(cueset, cues=cues, gaps=gaps)


def _reworded_cue(cue: Cue, cue_id: str, people: dict[str, str]) -> Cue:
    def tenths(at: float | None) -> float | None:
        return None if at is None else round(at, 1)

    numbered = cue.value is not None and cue.modality == "face" and parse_action_unit(cue.code) is not None
    verbatim = cue.modality == "speech" or cue.code in VERBATIM_CODES
    return replace(
        cue,
        id=cue_id,
        subject=people.get(cue.subject) if cue.subject else None,
        level=None if numbered else cue.level,
        start_s=tenths(cue.start_s),
        end_s=tenths(cue.end_s),
        apex_s=tenths(cue.apex_s),
        text=cue.text if verbatim or cue.text is None else in_other_words(cue.text),
    )


def in_other_words(text: str) -> str:
    """Replace plain words by synonyms.

    Examples
    --------
    >>> in_other_words("A woman is seated in a large room.")
    'A lady is sitting in a big room.'
    """

    def other(match: "re.Match[str]") -> str:
        word = _synonyms()[match[0].lower()]
        return word.capitalize() if match[0][0].isupper() else word

    return _pattern().sub(other, text)


@cache
def _synonyms() -> dict[str, str]:
    file = resources.files(__package__) / "data" / "plain_synonyms.csv"
    return {row["word"]: row["synonym"] for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines())}


@cache
def _pattern() -> "re.Pattern[str]":
    english = [word for word in _synonyms() if word.isascii()]
    others = [word for word in _synonyms() if not word.isascii()]
    parts = [rf"\b(?:{'|'.join(_longest_first(english))})\b", *_longest_first(others)]
    return re.compile("|".join(parts), re.IGNORECASE)


def _longest_first(words: Iterable[str]) -> list[str]:
    return [re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word))]


def main_face(cueset: CueSet) -> str | None:
    """Person with most cues of the face; None when cues name nobody."""
    names = [cue.subject for cue in cueset.cues if cue.modality == "face" and cue.subject]
    return max(sorted(set(names)), key=names.count) if names else None


def with_action(cueset: CueSet, code: str, *, present: bool, intensity: float = 3.0) -> CueSet:
    """Clip in which one action unit is there, strongly, or is looked for and not there; all else stays.

    It belongs to the person with most cues of the face and lasts as long as what else is known of that face.
    """
    person = main_face(cueset)
    kept = [cue for cue in cueset.cues if not _is_action(cue, code, person)]
    start_s, end_s = _extent(kept, person)
    name = person or "face"
    cue = Cue(
        id=_free_id(f"{name}.{code}", kept),
        modality="face",
        code=code,
        state="present" if present else "absent",
        value=intensity if present else None,
        unit="0-5" if present else None,
        level="strongly" if present else None,
        start_s=start_s,
        end_s=end_s,
        subject=person,
    )
    return replace(cueset, cues=(*kept, cue))


def with_sentence(cueset: CueSet, sentence: str) -> CueSet:
    """Clip with one more sentence about the scene."""
    cue = Cue(id=_free_id("scene.person", cueset.cues), modality="scene", code="person", text=sentence)
    return replace(cueset, cues=(*cueset.cues, cue))


def _is_action(cue: Cue, code: str, person: str | None) -> bool:
    parsed = parse_action_unit(cue.code) if cue.modality == "face" else None
    return parsed is not None and parsed[0] == code and cue.subject in (None, person)


def _extent(cues: Sequence[Cue], person: str | None) -> tuple[float | None, float | None]:
    own = [cue for cue in cues if cue.modality == "face" and cue.subject == person]
    starts = [cue.start_s for cue in own if cue.start_s is not None]
    ends = [cue.end_s for cue in own if cue.end_s is not None]
    return min(starts, default=None), max(ends, default=None)


def _free_id(stem: str, cues: Iterable[Cue]) -> str:
    taken = {cue.id for cue in cues}
    number = 1
    while f"{stem}.{number}" in taken:
        number += 1
    return f"{stem}.{number}"
