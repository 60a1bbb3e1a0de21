"""Copying: sentences that say of a cue just what the prompt says."""

import re
from typing import Final

from ...cues.wording import LANGUAGES, cue_text
from .cue_index import CueIndex

_CITATION = re.compile(r"[\[［【][^\[\]［］【】\n]{0,2000}[\]］】]")
_NOT_TELLING = re.compile(r"[\W_]+")
#: Longer lines are also found inside a sentence, characters.
_SHORTEST_INSIDE: Final = 16


class Copies:
    """Looks for the lines of a clip's cues (:func:`emoreason.cues.wording.cue_text`) in the sentences of one text.

    Only the lines that occur in the text at all are looked for in its sentences.
    """

    def __init__(self, index: CueIndex, text: str) -> None:
        if index.lines is None:
            cues = index.cueset.cues
            lines = {_bare(cue_text(cue, language)) for cue in cues for language in LANGUAGES}
            index.lines = tuple(sorted(lines, key=len))
        whole = _bare(_CITATION.sub(" ", text))
        self._lines = tuple(line for line in index.lines if line in whole)
        self._seen: dict[str, bool] = {}

    def has(self, sentence: str) -> bool:
        """Whether a sentence holds such a line; case, punctuation and cited ids do not matter."""
        if not self._lines:
            return False
        if sentence not in self._seen:
            self._seen[sentence] = self._holds(_bare(_CITATION.sub(" ", sentence)))
        return self._seen[sentence]

    def _holds(self, bare: str) -> bool:
        length = len(bare)
        for line in self._lines:  # a plain loop: this runs for every sentence that could earn
            if len(line) > length:
                return False
            if line in bare and (len(line) >= _SHORTEST_INSIDE or line == bare):
                return True
        return False


def _bare(text: str) -> str:
    return _NOT_TELLING.sub("", text).casefold()
