"""Items: the words of a text that mean something to the lexicon, sentence by sentence, in one pass."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, cast

from ...prompts.sentences import HEADINGS, cited_ids
from .codes import AU as _AU
from .codes import BEFORE_NUMBERS, joint_of, read_code
from .codes import NUMBERED as _NUMBERED
from .lexicon import Lexicon, lexicon, spelled_out
from .numbers import NUMBER, read_number, read_seconds

_LETTER: Final = "A-Za-z\u00c0-\u024f"
#: Where a quotation, a citation or a number begins: one scan that passes over everything else at once.
_SPECIAL: Final = re.compile(
    r"[\[［【](?P<bracket>[^\[\]［］【】\n]{1,2000})[\]］】]"
    r"|“(?P<q1>[^“”\n]{1,500})”|\"(?P<q2>[^\"\n]{1,500})\"|「(?P<q3>[^「」\n]{1,500})」|『(?P<q4>[^『』\n]{1,500})』"
    r"|‘(?P<q5>[^‘\n]{2,120})’(?![a-z])|'(?<=[\s(:,，：]')(?P<q6>(?:[^'\n]|'(?=[a-z])){2,120})'(?![A-Za-z])"
    r"|(?P<digit>[0-9])"
)
_WORD_BEFORE: Final = re.compile(rf"[{_LETTER}_][\w:+#@%~=.-]{{0,80}}\Z")
_BARE: Final = re.compile(rf"[{_LETTER}_]\w{{0,60}}(?:\.[\w:+#@%~=-]{{1,60}}){{1,5}}")
_QUANTITY: Final = re.compile(NUMBER)
_DIGITS: Final = re.compile(r"[0-9]+")
_TOKEN: Final = re.compile(
    rf"([{_LETTER}][{_LETTER}0-9]*(?:['’][A-Za-z]{{1,2}}\b)?)|([\u3400-\u9fff]+)|[,，、;；.。!！?？…:：\n()（）—–]"
)
_LOOKS_LIKE_ID: Final = re.compile(r"[^\W\d][\w:+\-#@%~=]*(?:\.[\w:+\-#@%~=]+)*\.\d{1,6}")
_ABBREVIATIONS: Final = frozenset(("e.g", "i.e", "vs", "cf", "approx", "ca", "resp", "mr", "mrs", "dr", "ms", "fig"))
_SAYING: Final = re.compile(
    r"\W{0,3}\w{0,12}\s?(?:\b(?:says?|said|asks?|asked|repl\w{1,5}|shouts?|whispers?|adds?)\b|说|道|问|喊)"
)
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


class Item(NamedTuple):
    """One meaning of one word: kind and value as in the lexicon, where it stands, its number among the words."""

    kind: str
    value: object
    start: int
    end: int
    place: int


#: Makes an Item in half the time of its constructor; one is made for every word that means something.
_item = tuple.__new__


@dataclass(slots=True)
class Sentence:
    """Where a sentence stands, its items, whether it stands among the alternatives."""

    start: int
    end: int = 0
    items: list[Item] = field(default_factory=list)
    alternative: bool = False
    words: int = 0
    looked_at: int = 0
    speaks: bool = False

    def is_speech(self) -> bool:
        """Whether somebody says or is quoted in what was read so far; every item is looked at once."""
        if not self.speaks:
            new = self.items[self.looked_at :] if self.looked_at else self.items
            self.speaks = any(item.kind in ("say", "quote") for item in new)
            self.looked_at = len(self.items)
        return self.speaks


def sentences(text: str, known: Mapping[str, str], people: Mapping[str, str]) -> list[Sentence]:
    """Read a text into sentences of items.

    Parameters
    ----------
    text : str
    known : mapping
        Spelling -> cue id (``prompts.sentences.spellings``).
    people : mapping
        Name in lower case -> subject of the clip.
    """
    return _Reader(text, known, people).read()


class _Reader:
    def __init__(self, text: str, known: Mapping[str, str], people: Mapping[str, str]) -> None:
        self.text = text
        self.known = known
        self.people = people
        self.lexicon: Lexicon = lexicon()
        self.done: list[Sentence] = []
        self.sentence = Sentence(0)
        self.place = 0
        lower = text.lower()
        #: As long as the text: positions are the same in both.
        self.lower = lower if len(lower) == len(text) else "".join(char.lower()[:1] for char in text)
        self.alternative = False

    def read(self) -> list[Sentence]:
        text, position = self.text, 0
        match = _SPECIAL.search(text)
        while match is not None:
            if match["digit"] is not None:
                position = self._digit(position, match.start())
            else:
                if match.start() > position:
                    self._plain(position, match.start())
                if not (self._citation if match["bracket"] is not None else self._quote)(match):
                    self._plain(match.start(), match.start() + 1)
                    position = match.start() + 1
                else:
                    position = match.end()
            match = _SPECIAL.search(text, position)
        self._plain(position, len(text))
        self._end(len(text))
        return self.done

    def _put(self, kind: str, value: object, start: int, end: int) -> None:
        self.sentence.items.append(Item(kind, value, start, end, self.place))

    # ------------------------------------------------------------------ words

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

    # --------------------------------------------------------------- specials

    def _digit(self, position: int, at: int) -> int:
        """Take in what a digit belongs to: a code, a person, a cue id, a quantity, a word; return where it ends."""
        text = self.text
        word = self._word_before(position, at)
        bare = _BARE.match(text, word) if word < at else None
        if bare is not None and bare.end() > at and _LOOKS_LIKE_ID.fullmatch(bare[0]):
            self._plain(position, bare.start())
            self._cite(bare[0], bare.start(), bare.end())
            return bare.end()
        if text[max(at - 16, position) : at].rstrip(" -_#0").endswith(BEFORE_NUMBERS):
            numbered = _NUMBERED.search(text, max(at - 22, position), min(at + 100, len(text)))
            if numbered is not None and numbered.start() <= at < numbered.end():
                self._plain(position, numbered.start())
                self._numbered(numbered)
                return numbered.end()
        if word < at:
            end = at + 1
            while end < len(text) and text[end].isalnum() and text[end] < "\u3400":
                end += 1
            self._plain(position, end)
            return end
        self._plain(position, at)
        match = _QUANTITY.match(text, at)
        if match is None:  # the rest of a very long number
            return cast("re.Match[str]", _DIGITS.match(text, at)).end()
        quantity = read_number(match, text)
        if quantity is not None:
            self._put("quantity", quantity, match.start(), match.end())
        self.place += 1
        return match.end()

    def _word_before(self, position: int, at: int) -> int:
        """Where the word or id begins that a digit belongs to; ``at`` if it begins none."""
        if at == position or self.text[at - 1].isspace():
            return at
        last = self.text[max(at - 60, position) : at].split()[-1]
        found = _WORD_BEFORE.search(last)
        return at if found is None else at - len(last) + found.start()

    def _numbered(self, match: re.Match[str]) -> None:
        if match["au"] is not None:
            self._action_units(match)
        elif match["sided"] is not None:
            self._action_unit(match["sided"], match.start(), match.end())
        else:
            self._put("who", match["who"] or match["nth"] or match["zh_who"], match.start(), match.end())
        self.place += 1

    def _citation(self, match: re.Match[str]) -> bool:
        return self._cite(match["bracket"], match.start(), match.end())

    def _cite(self, content: str, start: int, end: int) -> bool:
        """Take in cited ids; False if there are none."""
        found, unknown = cited_ids(f"[{content}]", self.known)
        if not found and not unknown:
            return False
        if not self.sentence.items and not self.sentence.words and self.done:
            self.done[-1].items.append(Item("cite", (found, unknown), start, end, self.place))
        else:
            self._put("cite", (found, unknown), start, end)
        return True

    def _quote(self, match: re.Match[str]) -> bool:
        """Take in what was said; False if it is only a word in quotation marks."""
        said = match[str(match.lastgroup)].strip()
        self.place += 1
        long = len(said) >= (12 if said.isascii() else 4)
        if not long and not self.sentence.is_speech() and not self._is_said_behind(match.end()):
            return False
        self._put("quote", said, match.start(), match.end())
        behind = self.text[match.end() : match.end() + 3].strip()
        ends = said[-1:] in ".!?。！？…" and (not behind or behind[0].isupper() or behind[0] >= "\u3400")
        if ends and not self._is_said_behind(match.end()):
            self._end(match.end())
        return True

    def _is_said_behind(self, end: int) -> bool:
        return _SAYING.match(self.text, end, min(end + 40, len(self.text))) is not None

    def _action_units(self, match: re.Match[str]) -> None:
        for found in re.finditer(_AU, match["au"]):
            offset = match.start("au")
            if found.start():
                at = offset + found.start()
                self._put("sep", joint_of(match["au"], found.start()), at, at)
            self._action_unit(
                found[0], offset + found.start() if found.start() else match.start(), offset + found.end()
            )
            self.place += 1

    def _action_unit(self, code: str, start: int, end: int) -> None:
        for kind, value in read_code(code):
            self._put(kind, value, start, end)
