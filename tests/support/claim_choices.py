"""Choosing what a template claim tells of a drawn world: which cue, whom it names, when it says it happens."""

import random
from typing import Literal

from claim_phrases import ACTIONS
from claim_tellings import Telling, moment, part_of_clip
from claim_world import PRESENCE_ONLY

from emoreason.records import Cue, CueSet

Verdict = Literal["supported", "contradicted", "unverifiable"]
#: A sentence and its verdict; None: this world has nothing to make it from.
Made = tuple[str, Verdict] | None


def people_of(world: CueSet) -> list[str]:
    return sorted({cue.subject for cue in world.cues if cue.subject is not None})


def pick_action(rng: random.Random, world: CueSet, state: str, *, sided: bool | None = False) -> Cue | None:
    """Draw an action unit that has words; ``sided`` None: does not matter."""
    found = [
        cue
        for cue in world.cues
        if cue.code in ACTIONS and cue.state == state and (sided is None or sided == (cue.side is not None))
    ]
    return rng.choice(found) if found else None


def mention(rng: random.Random, world: CueSet, cue: Cue, others: str | None = "absent") -> str | None:
    """Draw whether to name the person: always, unless everybody else's cue of this code has the state ``others``."""
    rest = [c.state for c in world.cues if c.code == cue.code and c.subject not in (None, cue.subject)]
    alone = len(people_of(world)) == 1 or (others is not None and rest == [others])
    return None if alone and rng.random() < 0.75 else cue.subject


def third_of(world: CueSet, cue: Cue) -> int | None:
    """Third in which an event lies (first 0, last 2), None for the middle one or several."""
    length = (world.clip.duration_s or 0.0) / 3
    if cue.start_s is None or cue.end_s is None or cue.end_s - cue.start_s > length:
        return None
    return {0: 0, 2: 2}.get(int(cue.start_s / length))


def say_when(rng: random.Random, world: CueSet, language: str, cue: Cue) -> str:
    """Say when an event is, or nothing."""
    third = third_of(world, cue)
    if cue.code in PRESENCE_ONLY or rng.random() < 0.4:
        return ""
    if third is not None and rng.random() < 0.4:
        return part_of_clip(rng, language, third)
    return moment(rng, language, cue.start_s or 0.0, cue.end_s or 0.0)


def say_elsewhen(rng: random.Random, world: CueSet, language: str, cue: Cue) -> str | None:
    """Say a time at which an event is not, at least 1.2 s away; None where a gap or the event leaves no room."""
    duration_s, start_s, end_s = world.clip.duration_s or 0.0, cue.start_s or 0.0, cue.end_s or 0.0
    third = third_of(world, cue)
    if cue.code in PRESENCE_ONLY or any(gap.start_s is not None for gap in world.gaps):
        return None
    if third is not None and rng.random() < 0.4:
        return part_of_clip(rng, language, 2 - third)
    free = [span for span in ((0.3, start_s - 1.2), (end_s + 1.2, duration_s - 0.2)) if span[1] - span[0] > 0.6]
    if not free:
        return None
    low, high = rng.choice(free)
    first = rng.uniform(low, high - 0.5)
    return moment(rng, language, first, rng.uniform(first + 0.4, high))


def true_telling(rng: random.Random, world: CueSet, language: str, cue: Cue) -> Telling:
    """What is true of an action unit: its person where needed, sometimes its level and its time."""
    level = cue.level if cue.code != "AU45" and rng.random() < 0.5 else None
    return Telling(
        code=cue.code, level=level, when=say_when(rng, world, language, cue), person=mention(rng, world, cue),
        side=cue.side, cites=(cue.id,),
    )  # fmt: skip
