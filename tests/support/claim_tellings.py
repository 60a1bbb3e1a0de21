"""Sentences of the template claims: an action unit, pose or moment told in several ways, in English and Chinese."""

import random
from dataclasses import dataclass

from claim_phrases import ACTIONS, STRENGTH, UNMEASURED, Action

from emoreason.cues.wording import wording


@dataclass(frozen=True, kw_only=True)
class Telling:
    """What is to be told of one action unit; ``when`` is a phrase of :func:`moment` or :func:`part_of_clip`."""

    code: str
    negated: bool = False
    level: str | None = None
    when: str = ""
    person: str | None = None
    side: str | None = None
    cites: tuple[str, ...] = ()


def tell(rng: random.Random, language: str, what: Telling) -> str:
    """One sentence; which of the templates is drawn."""
    return _english(rng, what) if language == "en" else _chinese(rng, what)


def cite(rng: random.Random, ids: tuple[str, ...], language: str) -> str:
    """Citation for the end of a sentence; nothing for half of them."""
    if not ids or rng.random() < 0.5:
        return ""
    return f" [{', '.join(ids)}]" if language == "en" else f"[{'，'.join(ids)}]"


def moment(rng: random.Random, language: str, start_s: float, end_s: float) -> str:
    """Say when: a moment inside a span, or the span."""
    middle = f"{(start_s + end_s) / 2:.1f}"
    first, last = f"{start_s:.1f}", f"{end_s:.1f}"
    if language == "en":
        forms = (
            f"at {middle} s", f"between {first} and {last} s", f"from {first} s to {last} s",
            f"around {middle} seconds", f"at about {middle}s",
        )  # fmt: skip
    else:
        forms = (
            f"在{middle}秒时", f"从{first}秒到{last}秒", f"{first}-{last}秒之间", f"{middle}秒左右",
            f"在第{middle}秒",
        )  # fmt: skip
    return rng.choice(forms)


def part_of_clip(rng: random.Random, language: str, third: int) -> str:
    """Say in which third (0 or 2), or in which half, something happens."""
    forms = {
        ("en", 0): ("at the beginning", "at the start of the clip", "in the first half of the clip"),
        ("en", 2): ("at the end", "towards the end of the clip", "in the second half of the clip"),
        ("zh", 0): ("在片段开头", "一开始", "在片段的前半段"),
        ("zh", 2): ("在片段结尾", "最后", "在片段的后半段"),
    }
    return rng.choice(forms[language, third])


def _action(code: str) -> Action:
    return ACTIONS[code] if code in ACTIONS else UNMEASURED[code]


def article(words: str) -> str:
    """Put "a" or "an" in front."""
    return f"{'an' if words[0] in 'aeiouA' else 'a'} {words}"


def capital(sentence: str) -> str:
    """Begin with a capital, unless it begins with a person's name."""
    return sentence if sentence.startswith("face") else sentence[0].upper() + sentence[1:]


def _english(rng: random.Random, what: Telling) -> str:
    action, adverb, adjective = _action(what.code), "", ""
    if what.level is not None:
        adjective = rng.choice(STRENGTH[what.level][0]) + " "
        adverb = rng.choice(STRENGTH[what.level][1])
    owner = f"{what.person}'s" if what.person else rng.choice(("her", "his", "their"))
    part = (action.one_side if what.side else action.part).format(her=owner, side=what.side)
    plural = action.plural and what.side is None
    verb, rest = action.verb.partition(" ")[::2]
    rest = f" {rest}" if rest else ""
    tail, front = (f" {what.when}", f"{what.when}, ") if what.when else ("", "")
    on = f" on {what.person}" if what.person else ""
    if what.person and what.person not in part:
        front = f"on {what.person}, " + front
    name = wording("en")["actions"][what.code]
    who = what.person or rng.choice(("she", "he", "the person"))
    one_side = f" on the {what.side} side" if what.side else ""
    if what.negated:
        forms = [
            f"there is no {adjective}{action.noun}{one_side}{on}{tail}",
            f"{what.code} ({name}){one_side} is absent{on}{tail}",
            f"{who} shows no {adjective}{action.noun}{one_side}{tail}",
            f"no {adjective}{what.code}{one_side} is visible{on}{tail}",
            f"{who} does not show {article(adjective + action.noun)}{one_side}{tail}",
        ]
        if not adverb:
            forms.append(f"{front}{part} {'do' if plural else 'does'} not {verb}{rest}")
        elif what.level != "barely":
            forms.pop(1)
    else:
        third_person = verb if plural else f"{verb}es" if verb.endswith(("sh", "o")) else f"{verb}s"
        degree = f" {adverb}" if adverb else ""
        forms = [
            f"there is {article(adjective + action.noun)}{one_side}{on}{tail}",
            f"{front}{part} {third_person}{rest}{degree}",
            f"{what.code} ({name}){one_side} is{degree} active{on}{tail}",
            f"{what.when + ', ' if what.when else ''}{who} shows {article(adjective + action.noun)}{one_side}",
            f"the {name}{one_side} is{degree} engaged{on}{tail}",
            f"{article(adjective + what.code)} can be seen{one_side}{on}{tail}",
        ]
        if degree in (" to a moderate degree", " a little"):
            forms[2] = f"{what.code} ({name}){one_side} is active{degree}{on}{tail}"
            forms[4] = f"the {name}{one_side} is engaged{degree}{on}{tail}"
    return capital(rng.choice(forms)) + cite(rng, what.cites, "en") + "."


def _chinese(rng: random.Random, what: Telling) -> str:
    action, adverb, adjective, degree = _action(what.code), "", "", ""
    if what.level is not None:
        adverb, adjective = rng.choice(STRENGTH[what.level][2]), rng.choice(STRENGTH[what.level][3])
        degree = "，强度" + wording("zh")["levels"][what.level]
    front = f"{what.when}，" if what.when else ""
    owner = f"{what.person}的" if what.person else rng.choice(("她的", "他的", ""))
    who = what.person or rng.choice(("她", "他", "画面中的人"))
    name = wording("zh")["actions"][what.code]
    sides = {"left": "左侧", "right": "右侧", None: ""}
    side = sides[what.side]
    part = f"{owner}{side}{action.zh_part}"
    if what.negated:
        forms = [
            f"{front}{who}没有出现{adjective}{side}{action.zh_noun}",
            f"{front}看不到{owner}{adjective}{side}{action.zh_noun}",
            f"{front}{who}并未出现{adjective}{side}{action.zh_noun}",
        ]
        if not adverb:
            forms.append(f"{front}{part}没有{action.zh_verb}")
            forms.append(f"{front}未检测到{owner}{side}{what.code}（{name}）")
    else:
        forms = [
            f"{front}{who}出现{adjective}{side}{action.zh_noun}",
            f"{front}{part}{adverb}{action.zh_verb}",
            f"{front}可以看到{owner}{side}{what.code}（{name}）激活{degree}",
            f"{front}{who}有一个{adjective}{side}{action.zh_noun}",
            f"{front}画面显示{part}{adverb}{action.zh_verb}",
        ]
    return rng.choice(forms) + cite(rng, what.cites, "zh") + "。"
