"""Template claims about head and gaze, voice, speech and the picture."""

import random

from claim_choices import Made, people_of, say_elsewhen, say_when
from claim_phrases import CONTOURS, LEVELS, OPPOSITE, POSES, SWINGS, UNSEEN
from claim_tellings import capital, cite
from claim_world import DESCRIPTIONS, UTTERANCES, WORDS

from emoreason.records import CueSet


def _pose(rng: random.Random, world: CueSet, language: str, *, wrong: bool) -> Made:
    cues = [cue for cue in world.cues if cue.modality in ("head", "gaze") and cue.direction is not None]
    if not cues:
        return None
    cue = rng.choice(cues)
    if cue.subject is None or cue.direction is None or (wrong and len(people_of(world)) > 1):
        return None
    direction = OPPOSITE[cue.direction] if wrong else cue.direction
    english, chinese = rng.choice(POSES[cue.modality, cue.code, direction])
    person = cue.subject if rng.random() < 0.3 else None
    when = "" if wrong else say_when(rng, world, language, cue)
    ids = cite(rng, (cue.id,), language)
    if language == "zh":
        return (
            f"{when + '，' if when else ''}{person or '她'}{chinese}{ids}。",
            "contradicted" if wrong else "supported",
        )
    who = person or rng.choice(("she", "he", "the person"))
    text = f"{who} {english.format(her='her')}{' ' + when if when else ''}{ids}."
    return capital(text), "contradicted" if wrong else "supported"


def true_pose(rng: random.Random, world: CueSet, language: str) -> Made:
    return _pose(rng, world, language, wrong=False)


def wrong_pose(rng: random.Random, world: CueSet, language: str) -> Made:
    return _pose(rng, world, language, wrong=True)


def swing(rng: random.Random, world: CueSet, language: str) -> Made:
    cues = [cue for cue in world.cues if cue.code in SWINGS]
    if not cues:
        return None
    cue = rng.choice(cues)
    english, chinese = SWINGS[cue.code]
    when = say_when(rng, world, language, cue)
    if language == "zh":
        return f"{when + '，' if when else ''}她{chinese}{cite(rng, (cue.id,), 'zh')}。", "supported"
    return capital(
        f"she {english.format(her='her')}{' ' + when if when else ''}{cite(rng, (cue.id,), 'en')}."
    ), "supported"


def _level_class(level: str) -> str:
    return "low" if "low" in level else "high" if "high" in level else "normal"


def _level(rng: random.Random, world: CueSet, language: str, *, wrong: bool) -> Made:
    cues = [cue for cue in world.cues if cue.code in LEVELS and cue.level in WORDS]
    if not cues:
        return None
    cue = rng.choice(cues)
    is_class = _level_class(cue.level or "")
    options = [name for name in LEVELS[cue.code] if (name == is_class) != wrong]
    if not options:
        return None
    said = rng.choice(LEVELS[cue.code][rng.choice(options)][language == "zh"])
    end = "." if language == "en" else "。"
    return said + cite(rng, (cue.id,), language) + end, "contradicted" if wrong else "supported"


def true_level(rng: random.Random, world: CueSet, language: str) -> Made:
    return _level(rng, world, language, wrong=False)


def wrong_level(rng: random.Random, world: CueSet, language: str) -> Made:
    return _level(rng, world, language, wrong=True)


def no_level(rng: random.Random, world: CueSet, language: str) -> Made:
    """A level word where the measure has none, or where there is no sound."""
    code = rng.choice(("loudness", "speech_rate", "f0_mean"))
    cues = [cue for cue in world.cues if cue.code == code]
    if any(cue.level is not None for cue in cues):
        return None
    said = rng.choice(LEVELS[code][rng.choice(("low", "high"))][language == "zh"])
    return said + ("." if language == "en" else "。"), "unverifiable"


def _pitch_number(rng: random.Random, world: CueSet, language: str, factor: float) -> str | None:
    cue = next((cue for cue in world.cues if cue.code == "f0_mean"), None)
    if cue is None or cue.value is None:
        return None
    number = f"{cue.value * factor:.0f}"
    forms = {
        "en": (f"The mean pitch is {number} Hz", f"Her F0 averages about {number} Hz"),
        "zh": (f"平均音高为{number}赫兹", f"她的平均基频约为{number} Hz"),
    }
    return rng.choice(forms[language]) + cite(rng, (cue.id,), language) + ("." if language == "en" else "。")


def true_number(rng: random.Random, world: CueSet, language: str) -> Made:
    text = _pitch_number(rng, world, language, rng.uniform(0.96, 1.04))
    return None if text is None else (text, "supported")


def wrong_number(rng: random.Random, world: CueSet, language: str) -> Made:
    text = _pitch_number(rng, world, language, rng.choice((0.6, 1.5)))
    return None if text is None else (text, "contradicted")


def _contour(rng: random.Random, world: CueSet, language: str, *, wrong: bool) -> Made:
    cue = next((cue for cue in world.cues if cue.code == "f0_contour"), None)
    if cue is None or cue.direction is None:
        return None
    told = cue.direction
    if wrong:
        options = {"rising": ("falling",), "falling": ("rising",), "level": ("rising", "falling")}
        if told not in options:
            return None
        told = rng.choice(options[told])
    elif told == "rising_falling" and rng.random() < 0.5:
        told = "rising"
    said = rng.choice(CONTOURS[told][language == "zh"]) + cite(rng, (cue.id,), language)
    return said + ("." if language == "en" else "。"), "contradicted" if wrong else "supported"


def true_contour(rng: random.Random, world: CueSet, language: str) -> Made:
    return _contour(rng, world, language, wrong=False)


def wrong_contour(rng: random.Random, world: CueSet, language: str) -> Made:
    return _contour(rng, world, language, wrong=True)


def silent_contour(rng: random.Random, world: CueSet, language: str) -> Made:
    if any(cue.modality == "voice" for cue in world.cues):
        return None
    said = rng.choice(CONTOURS[rng.choice(("rising", "falling"))][language == "zh"])
    return said + ("." if language == "en" else "。"), "unverifiable"


def _pause(rng: random.Random, world: CueSet, language: str, *, negated: bool) -> Made:
    cue = next((cue for cue in world.cues if cue.code == "pause"), None)
    if cue is None:
        return None
    if negated:
        forms = {
            "en": ("There are no pauses in the speech", "She does not pause", "She speaks without any pause"),
            "zh": ("说话中没有停顿", "她没有停顿", "整段话毫无停顿"),
        }
    else:
        forms = {
            "en": ("There is a pause in the speech", "She pauses", "She makes a pause while speaking"),
            "zh": ("说话中有停顿", "她停顿了一下", "讲话时出现停顿"),
        }
    holds = (cue.state == "present") != negated
    text = rng.choice(forms[language]) + cite(rng, (cue.id,), language) + ("." if language == "en" else "。")
    return text, "supported" if holds else "contradicted"


def true_pause(rng: random.Random, world: CueSet, language: str) -> Made:
    made = _pause(rng, world, language, negated=False)
    return made if made is not None and made[1] == "supported" else None


def no_pause(rng: random.Random, world: CueSet, language: str) -> Made:
    return _pause(rng, world, language, negated=True)


def wrong_pause_time(rng: random.Random, world: CueSet, language: str) -> Made:
    cue = next((cue for cue in world.cues if cue.code == "pause" and cue.state == "present"), None)
    when = None if cue is None else say_elsewhen(rng, world, language, cue)
    if when is None:
        return None
    return (f"There is a pause {when}." if language == "en" else f"{when}，出现了停顿。"), "contradicted"


def wrong_pose_time(rng: random.Random, world: CueSet, language: str) -> Made:
    cues = [cue for cue in world.cues if cue.modality in ("head", "gaze") and cue.direction is not None]
    cue = rng.choice(cues) if cues and len(people_of(world)) == 1 else None
    when = None if cue is None else say_elsewhen(rng, world, language, cue)
    if cue is None or when is None:
        return None
    english, chinese = rng.choice(POSES[cue.modality, cue.code, cue.direction or ""])
    return (
        f"She {english.format(her='her')} {when}." if language == "en" else f"{when}，她{chinese}。"
    ), "contradicted"


def _quote(rng: random.Random, world: CueSet, language: str) -> tuple[str, bool | None]:
    """A quotation, and whether it was said (None: not known)."""
    said = world.clip.transcript
    if said is not None and rng.random() < 0.5:
        words, holds = said, True
    else:
        # Other words in the script of the clip's own: in another they might be a translation.
        script = rng.choice(("en", "zh")) if said is None else "en" if said.isascii() else "zh"
        words = rng.choice([text for text in UTTERANCES[script] if text != said])
        holds = False
    words = words.rstrip(".。")
    forms = {
        "en": (f'She says "{words}".', f'"{words}", he says.', f"The speaker says “{words}”."),
        "zh": (f"她说：“{words}”。", f"说话人说了“{words}”。", f"他说道“{words}”。"),
    }
    return rng.choice(forms[language]), None if said is None else holds


def true_quote(rng: random.Random, world: CueSet, language: str) -> Made:
    text, holds = _quote(rng, world, language)
    return (text, "supported") if holds else None


def wrong_quote(rng: random.Random, world: CueSet, language: str) -> Made:
    text, holds = _quote(rng, world, language)
    return (text, "contradicted") if holds is False else None


def unknown_quote(rng: random.Random, world: CueSet, language: str) -> Made:
    text, holds = _quote(rng, world, language)
    return (text, "unverifiable") if holds is None else None


def unseen(rng: random.Random, world: CueSet, language: str) -> Made:
    return rng.choice(UNSEEN[language]), "unverifiable"


def _count(rng: random.Random, world: CueSet, language: str, *, wrong: bool) -> Made:
    number = len(people_of(world))
    if number == 0:
        return None
    forms = {
        ("en", 1): ("There is one person in the picture.", "Only one face is visible."),
        ("en", 2): ("There are two people in the picture.", "Two faces are visible."),
        ("zh", 1): ("画面中有一个人。", "画面中只有一张人脸。"),
        ("zh", 2): ("画面中有两个人。", "画面中可以看到两张人脸。"),
    }
    said = rng.choice(forms[language, 3 - number if wrong else number])
    return said, "contradicted" if wrong else "supported"


def true_count(rng: random.Random, world: CueSet, language: str) -> Made:
    return _count(rng, world, language, wrong=False)


def wrong_count(rng: random.Random, world: CueSet, language: str) -> Made:
    return _count(rng, world, language, wrong=True)


def described(rng: random.Random, world: CueSet, language: str) -> Made:
    """Repeat what a captioner wrote."""
    text = next((cue.text for cue in world.cues if cue.code == "description"), None)
    return (text, "supported") if text is not None and text in DESCRIPTIONS[language] else None
