"""Bearing: which emotions a claim speaks for, so that true but irrelevant claims earn nothing.

``rewards/data/bearing.csv`` lists what published tables name for the basic emotions: action units (FACS, Du et al.
2014, openDBM), voice (Juslin & Laukka 2003, Scherer 1986), eyes (Adams & Kleck 2005); each row with its source. It says
"has to do with", not "how much"; contempt counts as disgust.
"""

from functools import cache
from typing import Final

from ..tables import read_rows
from .assertion import Assertion
from .cue_index import Entry

#: Level of a measure -> word in the table.
_LEVELS: Final = {-1: "low", 0: "normal", 1: "high"}
_RELATIVE: Final = {"higher": "high", "lower": "low"}
#: What everybody's eyes do says nothing by its absence.
_NO_STILLNESS: Final = frozenset({"AU43", "AU45", "AU46"})


@cache
def _table() -> dict[tuple[str, str], tuple[tuple[str, str], ...]]:
    """(group, code) -> (when, emotion) …; code ``*``: any of the group."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for row in read_rows("bearing.csv"):
        found.setdefault((row["group"], row["code"]), []).append((row["when"], row["emotion"]))
    return {key: tuple(rows) for key, rows in found.items()}


def emotions_borne(assertion: Assertion, entry: Entry) -> frozenset[str]:
    """Classes of ``records.labels.EMOTIONS`` that a claim speaks for, given a cue that bears it out.

    Examples
    --------
    >>> from emoreason.records import Cue, CueSet, Clip
    >>> from .cue_index import index_of
    >>> cue = Cue(id="a", modality="face", code="AU15", state="absent")
    >>> entry = index_of(CueSet(clip=Clip(id="c"), cues=(cue,))).by_id["a"]
    >>> emotions_borne(Assertion(sentence="", clause="", codes=("AU15",), negated=True), entry)
    frozenset({'neutral'})
    """
    when = _conditions(assertion, entry)
    if not when:
        return frozenset()
    group, code = entry.kind.group, entry.kind.code
    rows = (*_table().get((group, code), ()), *_table().get((group, "*"), ()))
    return frozenset(emotion for condition, emotion in rows if condition in when)


def _conditions(assertion: Assertion, entry: Entry) -> frozenset[str]:
    if entry.cue.state == "absent":
        says_so = assertion.negated and entry.kind.code not in _NO_STILLNESS
        return frozenset(("absent",)) if says_so else frozenset()
    if assertion.negated:
        return frozenset()  # "no strong smile": true, but what speaks for something is the slight one
    found = {"present"}
    if not entry.is_action:
        level = assertion.level if assertion.level is not None else entry.degree
        if level is not None:
            found.add(_LEVELS[(level > 0) - (level < 0)])
    direction = assertion.direction or entry.direction
    if direction is not None:
        found.add(_RELATIVE.get(direction, direction))
    return frozenset(found)
