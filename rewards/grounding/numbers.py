"""Numbers in prose: times, spans of time, and measured values with their units, English and Chinese."""

import re
from typing import Final, NamedTuple

_UNITS: Final[tuple[tuple[str, str], ...]] = (
    (r"semitones?(?:/s| per sec(?:ond)?)|st/s|个?半音(?:/|每)秒", "semitones/s"),
    (r"semitones?|st(?![a-z])|个?半音", "semitones"),
    (r"syll?(?:ables?)?\.?\s?(?:/|per)\s?s(?:ec(?:ond)?)?(?![a-z])|个?音节(?:(?:/|每)秒钟?)?|syllables?", "syll/s"),
    (r"kilohertz|kHz", "kHz"),
    (r"hertz|Hz|赫兹|赫", "Hz"),
    (r"dBFS|dB|decibels?|分贝", "dB"),
    (r"(?:out )?of 5(?![\d.])|out of five|of five|\s?/\s?5(?![\d.])|[（(]\s?满分\s?5\s?[)）]|分(?!钟|贝)", "0-5"),
    (r"%|percent|per cent", "%"),
    (r"degrees?|deg(?![a-z])|°|度", "deg"),
    (r"bpm|(?:beats|times|blinks|breaths)?\s?(?:/\s?min(?:ute)?|per minute|a minute)|次(?:/|每)分钟?", "bpm"),
    (r"milliseconds?|msec|ms(?![a-z])|毫秒", "ms"),
    (r"seconds?|secs?(?![a-z])|s(?![a-z'’])|秒钟?", "s"),
    (r"times|次", "times"),
)
_UNIT: Final = "|".join(f"(?:{spelling})" for spelling, _ in _UNITS)
_SPELLED: Final = tuple((re.compile(spelling, re.IGNORECASE), unit) for spelling, unit in _UNITS)
_NUMBER: Final = r"\d{1,6}(?::\d{2}){0,2}(?:\.\d{1,4})?"
#: A number with its unit, or a stretch between two; to be put into a larger pattern.
NUMBER: Final = (
    rf"(?<![A-Za-z0-9.])(?P<a>{_NUMBER})(?:[\s-]?(?P<ua>{_UNIT}))?"
    rf"(?:\s{{0,2}}(?:-|–|—|~|～|to|and|until|till|through|到|至|和|与)\s{{0,2}}(?:第\s?)?(?P<b>{_NUMBER})(?:[\s-]?(?P<ub>{_UNIT}))?)?"
)

_BEFORE_SPAN: Final = re.compile(r"(?:from|between|during|within|over|在|从|自|于)\W{0,2}(?:第\s?)?$", re.IGNORECASE)
_BEFORE: Final = re.compile(
    r"(?:(?P<from>(?:\bfrom|\bafter|\bsince|starting (?:at|from)|beginning at|从|自)(?: about| around| roughly)?"
    r"|\bpast)"
    r"|(?P<until>\b(?:until|till|before|up to)|直到|到|至)"
    r"|(?P<first>\bfirst|\bopening|前|开头|最初|开始)"
    r"|(?P<last>\blast|\bfinal|\bclosing|最后|末尾)"
    r"|(?P<at>(?:\bat|\bnear|\baround|\bby|\bsecond|\bthe|\bt ?=|@|在|第|于)"
    r"(?: the| about| around| roughly| approximately"
    r"| time| exactly| t ?=)?|约|大约)"
    r"|(?P<about>\b(?:about|approximately|roughly|circa|some)|~|～))[\s约]{0,2}(?:第\s?)?$",
    re.IGNORECASE,
)
_LASTING: Final = re.compile(
    r"(?:\bfor|\blast(?:s|ed|ing)|\bof|持续|长达|长约|共|达|停顿了?|长)"
    r"(?: about| around| roughly| approximately| some|约|大约)?"
    r"\s{0,2}$",
    re.IGNORECASE,
)
_NOT_A_TIME: Final = re.compile(r"(?:apex at|certainty|confidence|顶点|把握)\s{0,2}$", re.IGNORECASE)
_AFTER: Final = re.compile(
    r"[\s-]{0,2}(?:(?P<at>前后|处|时候|时|左右|那一刻|附近|mark\b|in\b(?! the)|into\b)"
    r"|(?P<from>起|开始|才|以后|之后|后|on(?:wards?)?\b)"
    r"|(?P<until>以前|之前|前)|(?P<long>的?停顿|的?间隔|long\b|pauses?\b|gaps?\b|silences?\b))"
)


class Quantity(NamedTuple):
    """A number of a text: a time (``start_s`` to ``end_s``; ``last_s``: counted from the end), or a value with a unit.

    ``loose``: a length or a time, which only what it stands with can tell ("about 0.8 s").
    """

    start_s: float | None = None
    end_s: float | None = None
    last_s: float | None = None
    value: float | None = None
    unit: str | None = None
    is_time: bool = False
    loose: bool = False


def read_number(match: re.Match[str], text: str) -> Quantity | None:
    """Read a match of :data:`NUMBER`; None for a number that belongs to nothing here ("certainty 0.91").

    Examples
    --------
    >>> text = "from 1.2 to 2.4 s"
    >>> read_number(re.compile(NUMBER).search(text), text)[:2]
    (1.2, 2.4)
    """
    before = text[max(match.start("a") - 24, 0) : match.start("a")]
    unit = _unit(match["ub"]) or _unit(match["ua"])
    if _NOT_A_TIME.search(before):
        return None
    first, second = _seconds(match["a"]), _seconds(match["b"]) if match["b"] else None
    clock = ":" in match["a"]
    if unit == "ms":
        first, second, unit = first / 1000, None if second is None else second / 1000, "s"
    if second is not None:
        return _span(first, second, unit, clock, before)
    if unit == "s" or clock:
        return read_seconds(first, before, text[match.end() : match.end() + 12])
    sign = -1.0 if before[-1:] in ("-", "−") and (before[-2:-1] in ("", " ") or before[-2:-1] >= "\u3400") else 1.0
    return Quantity(value=sign * first, unit=unit)


def _span(first: float, second: float, unit: str | None, clock: bool, before: str) -> Quantity:
    decimal = first != int(first) or second != int(second)
    if unit == "s" or clock or (unit is None and (_BEFORE_SPAN.search(before) or decimal)):
        return Quantity(start_s=min(first, second), end_s=max(first, second), is_time=True)
    return Quantity(value=(first + second) / 2, unit=unit)


def read_seconds(at: float, before: str, after: str) -> Quantity:
    """Tell by the words around it what a number of seconds is: a moment, a stretch, a length."""
    ahead, behind = _BEFORE.search(before), _AFTER.match(after)
    if (behind and behind["long"]) or (_LASTING.search(before) and not (behind and behind["at"])):
        return Quantity(value=at, unit="s")
    word = (ahead and ahead.lastgroup) or None
    if behind and behind.lastgroup in ("from", "until") and word != "first":
        word = behind.lastgroup
    if word == "from":
        return Quantity(start_s=at, is_time=True)
    if word == "until":
        return Quantity(end_s=at, is_time=True)
    if word == "first" and (ahead is None or ahead["first"] != "开始" or not behind):
        return Quantity(start_s=0.0, end_s=at, is_time=True)
    if word == "last":
        return Quantity(last_s=at, is_time=True)
    known = word == "at" or bool(behind and behind["at"])
    return Quantity(start_s=at, end_s=at, value=at, unit="s", is_time=True, loose=not known)


def _seconds(number: str) -> float:
    total = 0.0
    for part in number.split(":"):
        total = total * 60 + float(part)
    return total


def _unit(written: str | None) -> str | None:
    if not written:
        return None
    return next((unit for spelling, unit in _SPELLED if spelling.fullmatch(written.strip())), None)
