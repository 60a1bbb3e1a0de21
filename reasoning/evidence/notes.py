"""Notes for the reader, in the language of the request: whom else the engine saw, what it could not take."""

from collections.abc import Iterable
from typing import Final

from ...cues.wording import plain_name, wording
from ...records import Cue
from ...records.labels import parse_action_unit
from .chain import MOST_OTHERS, Story, person_name
from .score import Scored
from .tables import Table

_MOST_CODES: Final = 12


def write_notes(story: Story, table: Table) -> tuple[str, ...]:
    """Say who else was seen, which codes have no weight and whether the mouth could not be measured."""
    say = story.phrases
    notes = []
    if story.others:
        shown = [_told(one, story) for one in story.others[:MOST_OTHERS]]
        if len(story.others) > MOST_OTHERS:
            shown.append(say["and_more"].format(count=len(story.others) - MOST_OTHERS))
        others = say["comma"].join(shown)
        notes.append(say["note.people"].format(name=person_name(story.scored, say), others=others))
    unread = _unread((cue for cue in story.cueset.cues if cue.state != "unknown"), table)
    if unread:
        notes.append(say["note.unread"].format(codes=_listed(unread, story)))
    if story.scored.person.mouth_unmeasured:
        notes.append(say["note.mouth"])
    return tuple(notes)


def _told(one: Scored, story: Story) -> str:
    say = story.phrases
    emotion, probability = one.ranked[0]
    return say["note.person"].format(name=person_name(one, say), emotion=say[emotion], probability=f"{probability:.2f}")


def _unread(cues: Iterable[Cue], table: Table) -> dict[str, set[str]]:
    """Codes that no weight reads, by modality."""
    found: dict[str, set[str]] = {}
    for cue in cues:
        if not _reads(cue, table):
            found.setdefault(cue.modality, set()).add(plain_name(cue.code))
    return found


def _reads(cue: Cue, table: Table) -> bool:
    if cue.modality == "voice":
        return cue.code in table.voice_family
    parsed = parse_action_unit(cue.code) if cue.modality == "face" else None
    return parsed is not None and table.reads_action(parsed[0])


def _listed(unread: dict[str, set[str]], story: Story) -> str:
    """``face AU99, scene brightness, scene shot``: the first codes of every modality, and how many more there are."""
    say, modalities = story.phrases, wording(story.language)["modalities"]
    told = []
    for modality, codes in sorted(unread.items()):
        ordered = sorted(codes)
        more = [f"+{len(ordered) - _MOST_CODES}"] if len(ordered) > _MOST_CODES else []
        told.append(f"{modalities[modality]} ({say['list'].join(ordered[:_MOST_CODES] + more)})")
    return say["comma"].join(told)
