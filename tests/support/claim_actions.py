"""Template claims about action units."""

import random
from dataclasses import replace

from claim_choices import Made, mention, people_of, pick_action, say_elsewhen, true_telling
from claim_phrases import ACTIONS, OPPOSITE, STEPS, UNMEASURED
from claim_tellings import Telling, moment, tell
from claim_world import PRESENCE_ONLY, SIDED

from emoreason.cues.wording import cue_text
from emoreason.records import CueSet


def true_action(rng: random.Random, world: CueSet, language: str) -> Made:
    cue = pick_action(rng, world, "present")
    if cue is None:
        return None
    if rng.random() < 0.1:
        return cue_text(cue, language) + (f" [{cue.id}]." if language == "en" else f"[{cue.id}]。"), "supported"
    return tell(rng, language, true_telling(rng, world, language, cue)), "supported"


def true_side(rng: random.Random, world: CueSet, language: str) -> Made:
    cue = pick_action(rng, world, "present", sided=True)
    return None if cue is None else (tell(rng, language, true_telling(rng, world, language, cue)), "supported")


def negated_present(rng: random.Random, world: CueSet, language: str) -> Made:
    cue = pick_action(rng, world, "present")
    if cue is None:
        return None
    what = Telling(code=cue.code, negated=True, person=mention(rng, world, cue, "present"), cites=(cue.id,))
    if len(people_of(world)) > 1 and what.person is None:
        return None
    if rng.random() < 0.3 and cue.code != "AU45":
        what = replace(what, level=cue.level)
    return tell(rng, language, what), "contradicted"


def negated_absent(rng: random.Random, world: CueSet, language: str) -> Made:
    cue = pick_action(rng, world, "absent")
    if cue is None:
        return None
    return tell(
        rng, language, Telling(code=cue.code, negated=True, person=mention(rng, world, cue), cites=(cue.id,))
    ), "supported"


def affirmed_absent(rng: random.Random, world: CueSet, language: str) -> Made:
    cue = pick_action(rng, world, "absent")
    if cue is None:
        return None
    return tell(rng, language, Telling(code=cue.code, person=mention(rng, world, cue), cites=(cue.id,))), "contradicted"


def negated_strength(rng: random.Random, world: CueSet, language: str) -> Made:
    """ "No strong smile", and the smile is slight."""
    cue = pick_action(rng, world, "present")
    if cue is None or cue.level not in ("barely", "slightly") or cue.code == "AU45" or len(people_of(world)) > 1:
        return None
    return tell(rng, language, Telling(code=cue.code, negated=True, level="strongly", cites=(cue.id,))), "supported"


def negated_elsewhen(rng: random.Random, world: CueSet, language: str) -> Made:
    cue = pick_action(rng, world, "present")
    when = None if cue is None or len(people_of(world)) > 1 else say_elsewhen(rng, world, language, cue)
    if cue is None or when is None:
        return None
    return tell(rng, language, Telling(code=cue.code, negated=True, when=when)), "supported"


def wrong_strength(rng: random.Random, world: CueSet, language: str) -> Made:
    cue = pick_action(rng, world, "present")
    if cue is None or cue.level is None or cue.code == "AU45":
        return None
    is_step = STEPS.index(cue.level)
    wrong = [step for step in range(5) if abs(step - is_step) >= 2]
    level = STEPS[rng.choice(wrong)]
    if rng.random() < 0.1:
        told = replace(cue, level=level, value=None, confidence=None, apex_s=None, marks=())
        return cue_text(told, language) + ("." if language == "en" else "。"), "contradicted"
    return tell(rng, language, replace(true_telling(rng, world, language, cue), level=level)), "contradicted"


def wrong_side(rng: random.Random, world: CueSet, language: str) -> Made:
    cue = pick_action(rng, world, "present", sided=True)
    if cue is None or cue.side is None:
        return None
    what = replace(true_telling(rng, world, language, cue), side=OPPOSITE[cue.side])
    return tell(rng, language, what), "contradicted"


def doubtful_side(rng: random.Random, world: CueSet, language: str) -> Made:
    cue = pick_action(rng, world, "present")
    if cue is None or cue.code not in SIDED:
        return None
    what = replace(true_telling(rng, world, language, cue), side=rng.choice(("left", "right")))
    return tell(rng, language, replace(what, level=None, when="")), "unverifiable"


def wrong_person(rng: random.Random, world: CueSet, language: str) -> Made:
    """Name the person who does not; now and then with a citation of the one who does."""
    cue = pick_action(rng, world, "present")
    others = [] if cue is None else [name for name in people_of(world) if name != cue.subject]
    if cue is None or not others:
        return None
    rival = next((c for c in world.cues if c.code == cue.code and c.subject == others[0]), None)
    if rival is None or rival.state != "absent":
        return None
    level = cue.level if cue.code != "AU45" and rng.random() < 0.4 else None
    cites = rng.choice((("",), (cue.id,), (rival.id,)))
    what = Telling(code=cue.code, person=others[0], level=level, cites=tuple(filter(None, cites)))
    return tell(rng, language, what), "contradicted"


def cited_other_person(rng: random.Random, world: CueSet, language: str) -> Made:
    """Name one person, cite another's cue, in a world where the named one was not measured for it."""
    cue = pick_action(rng, world, "present")
    if cue is None or len(people_of(world)) > 1:
        return None
    text = tell(rng, language, Telling(code=cue.code, person="face2", cites=(cue.id,)))
    return text, "contradicted" if cue.id in text else "unverifiable"


def wrong_time(rng: random.Random, world: CueSet, language: str) -> Made:
    cue = pick_action(rng, world, "present")
    when = None if cue is None else say_elsewhen(rng, world, language, cue)
    if cue is None or when is None:
        return None
    return tell(rng, language, replace(true_telling(rng, world, language, cue), when=when, level=None)), "contradicted"


def hidden_then(rng: random.Random, world: CueSet, language: str) -> Made:
    """While the only face was hidden."""
    gaps = [gap for gap in world.gaps if gap.modality == "face" and gap.start_s is not None]
    cue = pick_action(rng, world, "present")
    if not gaps or cue is None or len(people_of(world)) > 1 or cue.code in PRESENCE_ONLY:
        return None
    middle = ((gaps[0].start_s or 0.0) + (gaps[0].end_s or 0.0)) / 2
    if cue.start_s is None or cue.end_s is None or cue.start_s - 1 < middle < cue.end_s + 1:
        return None
    return tell(
        rng, language, Telling(code=cue.code, when=moment(rng, language, middle - 0.2, middle + 0.2))
    ), "unverifiable"


def unknown_action(rng: random.Random, world: CueSet, language: str) -> Made:
    cue = pick_action(rng, world, "unknown")
    if cue is None:
        return None
    what = Telling(
        code=cue.code, negated=rng.random() < 0.4, person=mention(rng, world, cue, "unknown"), cites=(cue.id,)
    )
    return tell(rng, language, what), "unverifiable"


def unmeasured_action(rng: random.Random, world: CueSet, language: str) -> Made:
    code = rng.choice(tuple(UNMEASURED))
    return tell(rng, language, Telling(code=code, negated=rng.random() < 0.3)), "unverifiable"


def faceless(rng: random.Random, world: CueSet, language: str) -> Made:
    """Nobody's face was found."""
    if people_of(world):
        return None
    what = Telling(code=rng.choice(tuple(ACTIONS)), negated=rng.random() < 0.4)
    return tell(rng, language, what), "unverifiable"
