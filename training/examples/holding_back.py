"""What a prompt does not show although it was observed.

Two things keep a model from learning to copy cues or to write what is not there. A share of the cues is held back: the
prompt does not show them, the rewards know them. And a modality is taken away from some rows, and said to be missing:
what is claimed about it then has no ground.

What was said is a cue, too. Where a clip's words would come back as its transcript once the utterances are gone, the
transcript goes with them.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ...records import Cue, CueSet, Gap, TrainingRow
from ...records.labels import MODALITIES, Modality
from ..settings import DataSettings
from .drawing import draw

#: Draws of cues to hold back before a row is left whole.
_DRAWS: Final = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """What a prompt may show of a row, and what is said about the rest."""

    cueset: CueSet
    notes: tuple[str, ...] = ()


def plans_for(row: TrainingRow, data: DataSettings, seed: int) -> Iterator[Plan]:
    """Yield what may be shown of a row: as it was drawn, then with less taken away.

    A later plan is for a row whose target would cite nothing, or lose a whole part, under the one before: first other
    cues are drawn to be held back, then none. The last one holds back ``row.held_back`` alone, which is never shown.
    """
    always = frozenset(row.held_back)
    modality = _masked_modality(row, data, seed)
    draws = list(dict.fromkeys(_drawn_ids(row, data, seed, again) for again in range(_DRAWS)))
    refused: tuple[str, ...] = ()
    if modality is not None:
        said = f"the modality {modality} was taken away"
        yield _plan(row, always | draws[0], modality, (said,))
        refused = (f"{modality} was not taken away: too little of the target would be left",)
    if draws[0]:
        yield from (_plan(row, always | drawn, None, refused) for drawn in draws)
        refused += ("no cues were drawn to be held back: too little of the target would be left",)
    yield _plan(row, always, None, refused)


def _masked_modality(row: TrainingRow, data: DataSettings, seed: int) -> Modality | None:
    """Modality to take away; never the only one there is."""
    chance = draw(row.id, seed, "modality")
    if chance.random() >= data.mask_modality:
        return None
    held = frozenset(row.held_back)
    there = {cue.modality for cue in row.cueset.cues if cue.state == "present" and cue.id not in held}
    return chance.choice([name for name in MODALITIES if name in there]) if len(there) > 1 else None


def _drawn_ids(row: TrainingRow, data: DataSettings, seed: int, again: int) -> frozenset[str]:
    """Cues to hold back, all but one at most; the share is met on average also in short lists."""
    if data.hold_back <= 0:
        return frozenset()
    held = frozenset(row.held_back)
    ids = [cue.id for cue in row.cueset.cues if cue.id not in held]
    number = min(int(len(ids) * data.hold_back + draw(row.id, seed, "number").random()), len(ids) - 1)
    return frozenset(draw(row.id, seed, f"cues {again}").sample(ids, number)) if number > 0 else frozenset()


def _plan(row: TrainingRow, held: Collection[str], modality: Modality | None, notes: tuple[str, ...]) -> Plan:
    whole = row.cueset
    kept = tuple(cue for cue in whole.cues if cue.id not in held and cue.modality != modality)
    clip, gaps = whole.clip, whole.gaps
    if clip.transcript and (modality == "speech" or (_words(whole.cues) and not _words(kept))):
        clip = replace(clip, transcript=None)
    if modality is not None:
        gaps = (*gaps, Gap(modality=modality, reason="not_requested"))
    number = sum(cue.id in held for cue in whole.cues)
    if number:
        notes = (*notes, f"{number} of {len(whole.cues)} cues were held back")
    return Plan(CueSet(clip=clip, cues=kept, gaps=gaps), notes)


def _words(cues: Sequence[Cue]) -> bool:
    """Whether the words spoken stand in the cues: the prompt then shows no transcript (``prompts/render.py``)."""
    return any(cue.modality == "speech" and cue.text and cue.state == "present" for cue in cues)
