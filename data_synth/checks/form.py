"""unreadable: whether a draft has the form that its prompt asks for, to the letter."""

import re
from collections.abc import Iterator
from typing import Final

from ...rewards.length import CHARACTER
from ..checked import Fault
from .case import Case

_CITATION: Final = re.compile(r"[\[［【][^\[\]［］【】\n]{0,2000}[\]］】]")
_LATIN: Final = re.compile(r"[A-Za-z]{2,}(?!\d)")

_WRONG: Final = {
    "tags": "<think> and </think> must stand once each, in this order, and in a direct answer not at all",
    "think": "nothing stands between the think tags",
    "think_only": "a JSON object stands inside the chain of thought",
    "answer": "the JSON object is missing, not valid, names nothing, or its probabilities do not sum to 1",
    "nothing_else": "text stands before or behind the chain of thought and its JSON object",
}


def check_form(case: Case) -> Iterator[Fault]:
    """Yield what is wrong with the form (:func:`emoreason.rewards.format.score_format`)."""
    if case.thinks and (written := another_language(case)):
        yield Fault(reason="unreadable", detail=f"the chain of thought is written in {written}")
    score = case.scores["format"]
    if score is None or score.value:
        return
    wrong = [name for name, kept in (score.parts or {}).items() if not kept]
    # Without its tags nothing of the form is found; what else is missing follows from that.
    yield Fault(
        reason="unreadable", detail="; ".join(_WRONG[name] for name in (wrong if "tags" not in wrong else ["tags"]))
    )


def another_language(case: Case) -> str | None:
    """Script that a chain of thought is written in, where it is not that of the language asked for.

    Citations and quotations of the clip do not count, nor do codes ("AU12") in a Chinese text.
    """
    chinese = case.draft.manner.language == "zh"
    if not chinese and CHARACTER.search(case.think) is None:
        return None
    text = case.without_speech(_CITATION.sub(" ", case.think))
    characters, words = len(CHARACTER.findall(text)), len(_LATIN.findall(text))
    if chinese:
        return "English letters" if words > characters else None
    return "Chinese characters" if characters > words else None
