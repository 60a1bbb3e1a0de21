"""told_label: whether a text speaks of having been told the answer ("since the label is sadness").

What a teacher was told, a model that learns from it is not; it would learn to refer to nothing.
"""

import re
from collections.abc import Iterator
from typing import Final

from ..checked import Fault
from .case import Case

_KIND: Final = r"(?:emotion(?:al)? |sentiment |class )?"
_ANSWER: Final = r"(?:labels?|answers?|annotations?|emotions?|class(?:es)?|categor(?:y|ies))"
_TOLD: Final = re.compile(
    r"\b(?:"
    + "|".join(
        (
            rf"(?:the|this|its|a|that|your|our) (?:given|gold|true|correct|provided|target|assigned|annotated|reference"
            rf"|known|expected|right|stated|specified|supplied|required) {_KIND}{_ANSWER}",
            r"ground[- ]truth|gold[- ](?:standard|labels?)|labell?ed (?:as|with)|annotators?",
            r"annotat(?:ed|ions?) (?:as|is|says?|of)",
            rf"the {_KIND}labels? (?:is|are|was|were|says?|states?|reads?|tells?|given|provided|being|of)",
            rf"(?:the|this) {_ANSWER} (?:that )?(?:(?:was|were|is|are|has been|have been|i was|we were) )?"
            rf"(?:given|provided|told|supplied|specified|assigned)",
            rf"according to the {_KIND}(?:label|annotation)",
            rf"(?:given|knowing) (?:the|that the|this) {_KIND}(?:label|answer)",
            rf"(?:since|because|as) the {_KIND}(?:label|answer)",
            r"as (?:given|told|labell?ed|instructed|stated in the (?:prompt|task|question))"
            r"(?=[,.;:]|$| (?:above|to me|to us|in the (?:prompt|task|question)))",
            r"(?:i|we) (?:was|were|am|are|have been|'ve been) (?:told|given|informed) ",
            rf"(?:match(?:es|ing)?|justif(?:y|ies|ying)|explain(?:s|ing)?|support(?:s|ing)?|consistent with"
            rf"|in line with|agree(?:s|ing)? with) the (?:given |provided )?{_KIND}(?:label|annotation)",
            r"(?:the|my) (?:instructions?|prompt) (?:says?|asks?|tells?|states?|gives?)",
        )
    )
    + ")",
    re.IGNORECASE,
)
_TOLD_ZH: Final = re.compile(
    r"标签|标注|(?:给定|给出|提供|指定|已知|告知)的?(?:情绪|情感|答案|类别)|(?:正确|标准|参考)答案|真实(?:情绪|情感)为|题目(?:给|所给|中)"
    r"|提示(?:中|词)(?:说|给|要求)|被告知"
)

#: Parts of words of which every phrase holds one: looking for them is fifty times cheaper than for the phrases.
_HINTS: Final = (
    "label", "answer", "annotat", "truth", "gold", "given", "told", "informed", "knowing", "instruct", "prompt", "true",
    "correct", "provided", "target", "assigned", "reference", "known", "expected", "right", "stated", "specified",
    "supplied", "required",
)  # fmt: skip


def check_told_label(case: Case) -> Iterator[Fault]:
    """Yield the words by which a text says that it was told the answer; what was spoken in the clip is none."""
    # The answer's own keys speak of labels.
    answer = case.draft.text.rpartition("</think>")[2].replace('"label', "")
    match = told_label(f"{case.without_speech(case.think)}\n{answer}")
    if match:
        yield Fault(reason="told_label", detail=match)


def told_label(text: str) -> str | None:
    """Words by which a text says that it was told the answer, None when there are none.

    Examples
    --------
    >>> told_label("Since the label is sadness, the mouth is downturned."), told_label("根据标签，这是悲伤。")
    ('Since the label', '标签')
    >>> told_label("As the brows are given to rising, the emotion is mild.")
    """
    folded = text.casefold()
    match = _TOLD.search(text) if any(hint in folded for hint in _HINTS) else None
    if match is None and not text.isascii():
        match = _TOLD_ZH.search(text)
    return None if match is None else match[0]
