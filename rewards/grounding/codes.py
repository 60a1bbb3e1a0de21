"""Codes in prose: action units in any spelling, alone and in lists, and numbered people."""

import re
from typing import Final

from ...records.labels import action_unit_intensity, parse_action_unit

#: One action unit as a number, with its side or intensity.
AU: Final = r"[LRTB]?\d{1,2}(?:[A-E]\b|[LRT]\b)?(?:_[rc])?(?![\d])(?!\.\d)"
_MORE: Final = r"(?:\s?[+/&、和与及]\s?|,\s?(?:and\s|or\s)?|\s(?:and|or|nor)\s)(?:AU\s?-?)?"
_NO_UNIT: Final = r"(?!\s?(?:s|sec\w*|Hz|dB|%|°|of\b|/|ms|st|秒|分|度)\b|\s?[秒分度:：])"
#: What a digit can belong to, from a little before it.
NUMBERED: Final = re.compile(
    r"(?:(?<![A-Za-z])(?:(?i:AUs|action[ -]units|AU|action[ -]unit|facial action unit)|动作单元)\s?[-_#]?\s?"
    rf"(?P<au>{AU}(?:{_MORE}{AU}{_NO_UNIT}){{0,15}})"
    r"|(?<![A-Za-z0-9])(?P<sided>[LR]\d{1,2}[A-E]?)(?!\w|\.\w)"
    r"|(?<![A-Za-z0-9_])(?:[Ff]ace|[Pp]erson|[Ss]peaker|[Ss]ubject|[Ii]ndividual|[Cc]haracter|[Pp]articipant)[\s_#-]{0,2}"
    r"(?P<who>\d{1,2})(?![A-Za-z0-9_])(?!\.\w)"
    r"|第\s?(?P<nth>\d{1,2})\s?(?:个|位|张|名)(?:人物|人脸|人|脸|面孔|说话人)?"
    r"|(?:人物|人脸|面孔|说话人|角色)\s?(?P<zh_who>\d{1,2})(?![\d.]))"
)


#: How the text before a number ends where the number may be a code's or a person's.
BEFORE_NUMBERS: Final = (
    *("AU", "au", "Au", "AUs", "aus", "Units", "Unit", "UNITS", "UNIT", "units", "unit", "单元", "L", "R", "T", "B"),
    *("face", "Face", "person", "Person", "speaker", "Speaker", "subject", "Subject", "individual", "Individual"),
    *("character", "Character", "participant", "Participant", "第", "人物", "人脸", "面孔", "说话人", "角色"),
)


def read_code(code: str) -> list[tuple[str, str]]:
    """Return what an action unit's code says, as kinds and values of the lexicon.

    Examples
    --------
    >>> read_code("12C"), read_code("L12")
    ([('fact', 'AU12'), ('degree', '3')], [('fact', 'AU12'), ('side', 'left')])
    """
    unit = parse_action_unit(code)
    if unit is None:
        return []
    found = [("fact", unit[0])]
    if unit[1] is not None:
        found.append(("side", unit[1]))
    intensity = action_unit_intensity(code)
    if intensity is not None:
        found.append(("degree", str(int(intensity))))
    return found


def joint_of(text: str, end: int) -> str:
    """Return how two codes of a list are joined."""
    before = text[max(end - 6, 0) : end]
    return "nor" if "nor" in before else "or" if "or" in before else "and"
