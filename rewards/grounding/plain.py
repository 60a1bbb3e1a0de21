"""Words and signs of a text, looked up in the lexicon sentence by sentence."""

import re
from collections.abc import Mapping
from typing import Final

from ...prompts.sentences import HEADINGS
from .items import Item, Sentence
from .lexicon import Lexicon, lexicon, spelled_out
from .numbers import read_seconds

LETTER: Final = "A-Za-z\u00c0-\u024f"
_TOKEN: Final = re.compile(
    rf"([{LETTER}][{LETTER}0-9]*(?:['’][A-Za-z]{{1,2}}\b)?)|([\u3400-\u9fff]+)|[,，、;；.。!！?？…:：\n()（）—–]"
)
_ABBREVIATIONS: Final = frozenset(("e.g", "i.e", "vs", "cf", "approx", "ca", "resp", "mr", "mrs", "dr", "ms", "fig"))
_ALTERNATIVES: Final = frozenset(name.lower() for name in HEADINGS["alternatives"])
_TITLES: Final = frozenset(name.lower() for names in HEADINGS.values() for name in names)
_LONGEST_HEADING: Final = 40
_SIGNS: Final = dict.fromkeys(",，)）—–", "comma") | {
    "、": "list",
    ":": "colon",
    "：": "colon",
    "(": "paren",
    "（": "paren",
}
_CLOSERS: Final = frozenset(" \t\n\r\u3000\"'”’)]）】」』[［【*_")
#: Makes an Item in half the time of its constructor; one is made for every word that means something.
_item = tuple.__new__


class PlainReader:
    """Reads stretches of a text in which there are no quotations, citations and numbers.

    Parameters
    ----------
    text : str
    people : mapping
        Name in lower case -> subject of the clip.

    Attributes
    ----------
    done : list of Sentence
        Those that have ended.
    """

    def __init__(self, text: str, people: Mapping[str, str]) -> None:
        self.text = text
        self.people = people
        self.lexicon: Lexicon = lexicon()
        self.done: list[Sentence] = []
        self.sentence = Sentence(0)
        self.place = 0
        lower = text.lower()
        #: As long as the text: positions are the same in both.
        self.lower = lower if len(lower) == len(text) else "".join(char.lower()[:1] for char in text)
        self.alternative = False

    def _put(self, kind: str, value: object, start: int, end: int) -> None:
        self.sentence.items.append(Item(kind, value, start, end, self.place))

    def _plain(self, start: int, end: int) -> None:
        """Read a stretch of words and signs."""
        run: list[tuple[str, int, int, int]] = []
        trie, vocabulary, people = self.lexicon.english, self.lexicon.vocabulary, self.people
        place, unknown = self.place, 0
        following = -1  # the place at which a word can go on with a phrase
        for match in _TOKEN.finditer(self.lower, start, end):
            word = match[0]
            place += 1
            if word in trie or (place == following and word in vocabulary) or word in people:
                run.append((word, match.start(), match.end(), place))
                following = place + 1
                continue
            group = match.lastindex
            if group == 1:
                if "'" in word or "’" in word or word == "cannot":
                    begin, stop = match.span()
                    for part in spelled_out(word.replace("’", "'")):
                        run.append((part, begin, stop, place))
                        place += 1
                    following = place
                    place -= 1
                else:
                    unknown += 1
                continue
            self.place = place
            if run:
                self._look_up(run)
                run = []
            if group == 2:
                self._chinese(word, match.start())
            else:
                self.sentence.words += unknown
                unknown = 0
                self._punctuation(word, match.start(), match.end())
            place = self.place
        self.place = place + 1
        self.sentence.words += unknown
        self._look_up(run)

    def _look_up(self, run: list[tuple[str, int, int, int]]) -> None:
        """Look up English words that follow each other, the longest phrase first."""
        trie, items, i, n = self.lexicon.english, self.sentence.items, 0, len(run)
        while i < n:
            word, start, end, place = run[i]
            i += 1
            found = trie.get(word)
            if found is None:
                if word in self.people:
                    items.append(Item("who", self.people[word], start, end, place))
                continue
            meanings, node = found
            j, at = i, place
            while node and j < n and run[j][3] == at + 1 and (found := node.get(run[j][0])) is not None:
                at += 1
                j += 1
                if found[0] is not None:
                    meanings, i, end = found[0], j, run[j - 1][2]
                node = found[1]
            for kind, value in meanings or ():
                if kind == "seconds":
                    items.append(self._seconds(value, start, end, place))
                else:
                    items.append(_item(Item, (kind, value, start, end, place)))

    def _seconds(self, value: str, start: int, end: int, place: int) -> Item:
        """Return "two seconds" as a quantity."""
        before, after = self.text[max(start - 24, 0) : start], self.text[end : end + 12]
        return Item("quantity", read_seconds(float(value), before, after), start, end, place)

    def _chinese(self, run: str, offset: int) -> None:
        chinese, lengths, items = self.lexicon.chinese, self.lexicon.lengths, self.sentence.items
        i, n = 0, len(run)
        while i < n:
            self.place += 1
            for length in lengths.get(run[i], ()):
                meanings = chinese.get(run[i : i + length])
                if meanings is not None and i + length <= n:
                    start, end = offset + i, offset + i + length
                    for kind, value in meanings:
                        if kind == "seconds":
                            items.append(self._seconds(value, start, end, self.place))
                        else:
                            items.append(_item(Item, (kind, value, start, end, self.place)))
                    i += length
                    break
            else:
                self.sentence.words += 1
                i += 1

    def _punctuation(self, sign: str, start: int, end: int) -> None:
        self.place += 1
        value = _SIGNS.get(sign)
        if value is not None:
            if value == "colon" and start - self.sentence.start < _LONGEST_HEADING:
                self._heading(start)
            self._put("sep", value, start, end)
        elif sign != "." or self._is_full_stop(start, end):
            self._end(end)

    def _heading(self, end: int) -> None:
        """Note whether a section of alternatives begins, or one ends, with the words up to a colon."""
        title = self.text[self.sentence.start : end].strip(" \t\r\n*_#-0123456789.").lower()
        if title in _TITLES:
            self.alternative = self.sentence.alternative = title in _ALTERNATIVES

    def _is_full_stop(self, start: int, end: int) -> bool:
        if end < len(self.text) and self.text[end] not in _CLOSERS:
            return False
        return self.text[max(start - 12, 0) : start].lower().split(" ")[-1] not in _ABBREVIATIONS

    def _end(self, end: int) -> None:
        if self.sentence.items or self.sentence.words:
            self.sentence.end = end
            self.done.append(self.sentence)
        self.sentence = Sentence(end, alternative=self.alternative)
