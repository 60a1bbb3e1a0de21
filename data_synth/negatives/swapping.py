"""A target whose observations of one modality are those of another clip: swapped modality.

A model that writes what usually stands there, without looking, writes like this. Citations are put on cues of the clip,
of the same code where there is one, so that only what is said tells.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cached_property
from random import Random
from typing import Final

from ...prompts.sentences import cited_ids, spellings, split_sentences
from ...records import CueSet, TrainingRow
from ...records.labels import MODALITIES
from ...training.rows.summary import emotion_of
from .claims import thought

_CITATION: Final = re.compile(r"\[[^\[\]\n]*\]")


class Observing:
    """A row, with what is looked for in its target; worked out once, as a row is set beside many others.

    Attributes
    ----------
    row : TrainingRow
    """

    def __init__(self, row: TrainingRow) -> None:
        self.row = row

    @cached_property
    def emotion(self) -> str:
        """Class of its gold label."""
        return emotion_of(self.row.reference)

    @cached_property
    def think(self) -> str:
        """Chain of thought of its target."""
        return thought(self.row.target or "")

    @cached_property
    def observations(self) -> Mapping[str, Sequence[str]]:
        """Modality -> the observing sentences that cite cues of it alone."""
        return _observations(self.think, self.row.cueset)


def swapped(row: Observing, other: Observing, chance: Random) -> tuple[str, str] | None:
    """Write the observations of another row's clip, of one modality, into the target of a row.

    Parameters
    ----------
    row, other : Observing
        Of the same language and style, with targets.
    chance : Random
        Chooses the modality.

    Returns
    -------
    tuple of str or None
        The target with other observations, and their modality; None where the two have none in common.
    """
    target, think = row.row.target or "", row.think
    begin = target.find(think) if think else -1
    if begin < 0:
        return None
    ours, theirs = row.observations, other.observations
    common = [name for name in MODALITIES if ours.get(name) and theirs.get(name) and ours[name] != theirs[name]]
    if not common:
        return None
    modality = chance.choice(common)
    changed = _replaced(
        think, ours[modality], _cited_here(theirs[modality], other.row.cueset, row.row.cueset, modality)
    )
    if changed is None:
        return None
    return f"{target[:begin]}{changed}{target[begin + len(think) :]}", modality


def _observations(think: str, cueset: CueSet) -> dict[str, list[str]]:
    known, cues = spellings([cue.id for cue in cueset.cues]), cueset.by_id()
    found: dict[str, list[str]] = {}
    for sentence in split_sentences(think):
        if sentence.section not in (None, "observations"):
            continue
        there = {cues[cue_id].modality for cue_id in cited_ids(sentence.text, known)[0]}
        if len(there) == 1 and sentence.text in think:
            found.setdefault(there.pop(), []).append(sentence.text)
    return found


def _cited_here(sentences: Sequence[str], theirs: CueSet, ours: CueSet, modality: str) -> list[str]:
    """Sentences with our cues in the place of theirs."""
    names = _our_ids(theirs, ours, modality)
    known = spellings([cue.id for cue in theirs.cues])

    def cited(match: re.Match[str]) -> str:
        ids = dict.fromkeys(names[cue_id] for cue_id in cited_ids(match[0], known)[0] if cue_id in names)
        return f"[{', '.join(ids)}]" if ids else ""

    return [_CITATION.sub(cited, sentence) for sentence in sentences]


def _our_ids(theirs: CueSet, ours: CueSet, modality: str) -> Mapping[str, str]:
    there = [cue for cue in ours.cues if cue.modality == modality]
    by_code: dict[str, str] = {}
    for cue in there:
        by_code.setdefault(cue.code, cue.id)
    rest = [cue.id for cue in there]
    used: Counter[str] = Counter()
    names: dict[str, str] = {}
    for cue in theirs.cues:
        if cue.modality == modality and rest:
            names[cue.id] = by_code.get(cue.code) or min(rest, key=lambda cue_id: (used[cue_id], cue_id))
            used[names[cue.id]] += 1
    return names


def _replaced(think: str, ours: Sequence[str], theirs: Sequence[str]) -> str | None:
    """Put their sentences where ours stand; those that are more stand beside the last."""
    if len(theirs) >= len(ours):
        rest = " ".join(theirs[len(ours) - 1 :])
        pairs = [*zip(ours[:-1], theirs, strict=False), (ours[-1], rest)]
    else:
        pairs = [*zip(ours, theirs, strict=False), *((one, "") for one in ours[len(theirs) :])]
    changed = think
    for one, other in pairs:
        if one not in changed:
            return None
        changed = changed.replace(one, other, 1)
    lines = [line for line in changed.splitlines() if line.strip(" -*•·") or not line.strip()]
    return "\n".join(lines)
