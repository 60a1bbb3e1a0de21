"""Claims of texts about one clip that are alike but for a few lines, each line read once.

A worse answer differs from a row's target in a line or two, and reading claims costs more than all else. Lines end
sentences, so what is read in a line does not hang on the others; but for a line that begins with a citation, which
belongs to the sentence before it: a text with such a line is read whole.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from ...prompts.contract import parse_answer
from ...prompts.passages import thought_of
from ...records import CueSet
from ...rewards.grounding import Verdict, verdicts

_LINE: Final = re.compile(r"[^\n]*\n|[^\n]+")
_CITES_FIRST: Final = re.compile(r"^\W*?[\[［【]", re.MULTILINE)


class Claims:
    """What the cues of a clip say about texts.

    Parameters
    ----------
    cueset : CueSet
        What claims are checked against.
    """

    def __init__(self, cueset: CueSet) -> None:
        self._cueset = cueset
        self._read: dict[str, list[Verdict]] = {}
        self._moved: dict[tuple[int, int], tuple[Sequence[Verdict], list[Verdict]]] = {}

    def of(self, text: str) -> list[Verdict]:
        """Return what ``verdicts(text, cueset)`` does."""
        return [verdict for begins, found in self.by_line(text) for verdict in self._placed(begins, found)]

    def _placed(self, begins: int, found: Sequence[Verdict]) -> Sequence[Verdict]:
        """Claims of a line with their places in the text; texts that are alike have most of them in common."""
        key = begins, id(found)
        if key not in self._moved:
            self._moved[key] = found, [_moved(one, begins) for one in found]
        return self._moved[key][1]

    def by_line(self, text: str) -> Iterator[tuple[int, Sequence[Verdict]]]:
        """Yield the claims of each line, and the place in the text from which theirs count."""
        if _CITES_FIRST.search(text):
            yield 0, verdicts(text, self._cueset)
            return
        begins = 0
        for line in _LINE.findall(text):
            if line not in self._read:
                self._read[line] = verdicts(line, self._cueset)
            yield begins, self._read[line]
            begins += len(line)


def _moved(verdict: Verdict, by: int) -> Verdict:
    claim = verdict.assertion
    return replace(verdict, assertion=replace(claim, start=claim.start + by, end=claim.end + by)) if by else verdict


def thought(text: str) -> str:
    """Chain of thought of a target; empty where there is none."""
    return thought_of(text) or parse_answer(text).think or ""
