"""Copying: sentences that say of a cue just what the prompt says, whole or trimmed.

A sentence copies the line of a cue (:func:`emoreason.cues.wording.cue_text`) when it holds the whole of it, or when
nearly all its words are words of that line in the line's order: "AU4 brow lowerer: strongly." is what is left of a
line when its numbers are cut off. Ids, numbers, punctuation and case do not matter.
"""

import re
from collections.abc import Hashable, Iterator, Sequence
from functools import lru_cache
from typing import Final

from ...cues.wording import LANGUAGES, cue_name, cue_text
from ...records import Cue
from .assertion import Assertion
from .cue_index import CueIndex, Entry

_CITATION = re.compile(r"[\[［【][^\[\]［］【】\n]{0,2000}[\]］】]")
_NOT_TELLING = re.compile(r"[\W_]+")
#: Longer lines are also found inside a sentence, characters.
_SHORTEST_INSIDE: Final = 16
#: Words; of Chinese, characters. Persons ("face1") are ids, "au12" is a word.
_WORD = re.compile(r"[\u4e00-\u9fff]|(?<![a-z-])(?!(?:face|person|speaker|body)\d)[a-z]+(?:-[a-z]+)*\d*")
_CODE = re.compile(r"au\d")
#: Share of the words of a sentence that make it a copy, and how many words of it are read.
_NEARLY_ALL: Final = 0.8
_MOST_WORDS: Final = 60
_MOST_READ: Final = 2000
#: A code counts as two words: people write it behind the name, the lines in front of it.
_CODE_WEIGHT: Final = 2
#: Words of a cue's line in each language, in order and as a set.
Lines = tuple[tuple[tuple[str, ...], frozenset[str]], ...]
_MOST_LINES: Final = 4096
_LINES: Final[dict[Hashable, Lines]] = {}


class Copies:
    """Looks for the lines of a clip's cues in the sentences of one text.

    Only the whole lines that occur in the text at all are looked for in its sentences; trimmed lines are those of the
    cues that bear a claim out.
    """

    def __init__(self, index: CueIndex, text: str) -> None:
        whole = _bare(_CITATION.sub(" ", text))
        self._lines = tuple(sorted({line for line in _lines_named(index, whole) if line in whole}, key=len))
        self._worded = index.worded
        self._seen: dict[str, bool] = {}
        self._words: dict[str, tuple[str, ...]] = {}
        self._trimmed: dict[tuple[str, str, tuple[str, ...]], bool] = {}

    def has(self, assertion: Assertion, entries: Sequence[Entry] = ()) -> bool:
        """Whether the sentence of a claim holds a whole line, or it or its clause is a trimmed line of these cues."""
        if self._has_line(assertion.sentence):
            return True
        key = (assertion.sentence, assertion.clause, tuple([entry.cue.id for entry in entries]))
        if key not in self._trimmed:
            told = [words for words in self._words_of(assertion) if words]
            self._trimmed[key] = any(
                len(there.intersection(words)) * 2 >= len(words) and is_trimmed(words, line)
                for entry in entries
                for line, there in self._lines_of(entry.cue)
                for words in told
            )
        return self._trimmed[key]

    def _lines_of(self, cue: Cue) -> Lines:
        """Lines of a cue of the clip; to look it up by what it holds takes longer than by what it is."""
        kept = self._worded.get(id(cue))
        if kept is None or kept[0] is not cue:
            kept = self._worded[id(cue)] = cue, _lines_of(cue)
        return kept[1]

    def _words_of(self, assertion: Assertion) -> tuple[tuple[str, ...], ...]:
        """Words of the sentence and of the clause; Chinese names stand for themselves where no code is before them."""
        sentence = self._words.get(assertion.sentence)
        if sentence is None:
            sentence = self._words[assertion.sentence] = _told(assertion.sentence[:_MOST_READ])
        if assertion.clause == assertion.sentence:
            return (sentence,)
        clause = _told(assertion.clause[:_MOST_READ])
        if clause and clause[0] >= "\u4e00":
            return (sentence,)
        return sentence, clause

    def _has_line(self, sentence: str) -> bool:
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


def is_trimmed(words: tuple[str, ...], line: tuple[str, ...]) -> bool:
    """Whether nearly all these words are words of a line, in its order.

    Examples
    --------
    >>> line = ("au4", "brow", "lowerer", "strongly", "intensity", "of")
    >>> is_trimmed(("au4", "brow", "lowerer", "strongly"), line), is_trimmed(("brow", "strongly", "lowered"), line)
    (True, False)
    """
    if not 2 <= len(words) <= _MOST_WORDS:
        return bool(words) and len(words) == 1 and words[0] in line
    there = set(line)
    weights = [_CODE_WEIGHT if _CODE.match(word) else 1 for word in words]
    needed = _NEARLY_ALL * sum(weights)
    if sum(weight for word, weight in zip(words, weights, strict=True) if word in there) < needed:
        return False
    return _in_order(words, weights, line) >= needed


def _in_order(words: tuple[str, ...], weights: list[int], line: tuple[str, ...]) -> int:
    """Weight of the longest common subsequence."""
    best = [0] * (len(line) + 1)
    for word, weight in zip(words, weights, strict=True):
        diagonal = 0
        for n, other in enumerate(line, start=1):
            above = best[n]
            best[n] = diagonal + weight if word == other else max(above, best[n - 1])
            diagonal = above
    return best[-1]


def _lines_named(index: CueIndex, whole: str) -> Iterator[str]:
    """Yield the lines, bare, of the cues that a text names: a line holds the name of what its cue observes."""
    for number, cue in enumerate(index.cueset.cues):
        for language in LANGUAGES:
            if _bare_name(cue_name(cue, language)) in whole:
                line = index.lines.get((number, language))
                if line is None:
                    line = index.lines[number, language] = _bare(cue_text(cue, language))
                yield line


@lru_cache(maxsize=4096)
def _bare_name(name: str) -> str:
    return _bare(name)


def _lines_of(cue: Cue) -> Lines:
    """Words of a cue's line in each language, in order and as a set; the same for cues that differ in numbers."""
    shape = _shape(cue)
    found = _LINES.get(shape)
    if found is None:
        if len(_LINES) >= _MOST_LINES:
            _LINES.clear()
        lines = [_words(cue_text(cue, language)) for language in LANGUAGES]
        found = _LINES[shape] = tuple((line, frozenset(line)) for line in lines)
    return found


def _shape(cue: Cue) -> Hashable:
    """Return what the words of a cue's line depend on: numbers are no words, that they are there is told in words."""
    start_s, end_s, apex_s = cue.start_s, cue.end_s, cue.apex_s
    return (
        *(cue.modality, cue.code, cue.side, cue.subject, cue.state, cue.level, cue.unit, cue.direction, cue.marks),
        *map(_plain, (cue.value, start_s, end_s, apex_s, cue.confidence)),
        start_s is not None and end_s is not None and (start_s == end_s, f"{start_s:.2f}" == f"{end_s:.2f}"),
    )


def _plain(number: float | None) -> float | str | None:
    """Return "number" for one that is written in figures alone; others ("1e-05", "inf") have letters."""
    return number if number is None or not (1e-4 <= abs(number) < 1e6 or number == 0) else "number"


@lru_cache(maxsize=4096)
def _told(piece: str) -> tuple[str, ...]:
    """Words of a sentence or clause without its citations."""
    return _words(_CITATION.sub(" ", piece))


def _words(text: str) -> tuple[str, ...]:
    """Words in order, each once: a line said twice is still that line."""
    return tuple(dict.fromkeys(_WORD.findall(text.casefold())))


def _bare(text: str) -> str:
    return _NOT_TELLING.sub("", text).casefold()
