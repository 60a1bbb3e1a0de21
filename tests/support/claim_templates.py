"""Template claims: sentences about drawn worlds whose verdict is known from how they are made.

The verdicts follow from the rules in ``emoreason.rewards.grounding``; what the rules leave open (an intensity one step
off, a claim about nobody in particular where two people differ, a level contour told of a moving one) is not asked.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import claim_actions as actions
import claim_measures as measures
from claim_choices import Made, Verdict
from claim_world import draw_world

from emoreason.records import CueSet

Maker = Callable[[random.Random, CueSet, str], Made]

#: Subset -> ways to make a claim of it; one named twice is drawn twice as often.
SUBSETS: dict[str, tuple[Maker, ...]] = {
    "supported": (
        actions.true_action,
        actions.true_action,
        actions.true_action,
        actions.true_side,
        measures.true_pose,
        measures.swing,
        measures.true_level,
        measures.true_level,
        measures.true_number,
        measures.true_contour,
        measures.true_pause,
        measures.true_quote,
        measures.described,
        measures.true_count,
    ),
    "negated": (
        actions.negated_present,
        actions.negated_present,
        actions.negated_absent,
        actions.negated_absent,
        actions.negated_strength,
        actions.negated_elsewhen,
        measures.no_pause,
    ),
    "not_there": (actions.affirmed_absent, measures.wrong_quote),
    "wrong_direction": (measures.wrong_pose, measures.wrong_contour),
    "wrong_intensity": (
        actions.wrong_strength,
        actions.wrong_strength,
        measures.wrong_level,
        measures.wrong_number,
        measures.wrong_count,
    ),
    "wrong_side": (actions.wrong_side, actions.wrong_side, actions.wrong_side, actions.doubtful_side),
    "wrong_person": (actions.wrong_person, actions.wrong_person, actions.wrong_person, actions.cited_other_person),
    "wrong_time": (
        actions.wrong_time,
        actions.wrong_time,
        actions.wrong_time,
        measures.wrong_pause_time,
        measures.wrong_pose_time,
    ),
    "unknown": (
        actions.unknown_action,
        actions.unknown_action,
        actions.unmeasured_action,
        actions.faceless,
        actions.hidden_then,
        measures.no_level,
        measures.silent_contour,
        measures.unknown_quote,
        measures.unseen,
    ),
}
#: These hold several kinds of claims, and twice as many.
TWICE = frozenset({"supported", "unknown"})


@dataclass(frozen=True, kw_only=True)
class KnownClaim:
    """One claim, the clip it is about, and the verdict it must get."""

    subset: str
    language: str
    claim: str
    expected: Verdict
    cueset: CueSet


def known_claims(seed: int, each: int = 20) -> Iterator[KnownClaim]:
    """``each`` claims per subset and language (twice as many of :data:`TWICE`), no text twice; seeded."""
    for subset, makers in SUBSETS.items():
        for language in ("en", "zh"):
            rng = random.Random(f"{seed} {subset} {language}")
            told: set[str] = set()
            while len(told) < each * (1 + (subset in TWICE)):
                world = draw_world(rng.randrange(10**9))
                made = rng.choice(makers)(rng, world, language)
                if made is not None and made[0] not in told:
                    told.add(made[0])
                    yield KnownClaim(
                        subset=subset, language=language, claim=made[0], expected=made[1], cueset=world
                    )  # fmt: skip
