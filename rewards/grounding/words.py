"""A text -> sentences of items: its words, and between them quotations, citations and numbers, in one pass."""

import re
from collections.abc import Mapping
from typing import Final, cast

from ...prompts.sentences import cited_ids
from .codes import AU as _AU
from .codes import BEFORE_NUMBERS, joint_of, read_code
from .codes import NUMBERED as _NUMBERED
from .items import Item, Sentence
from .numbers import NUMBER, read_number
from .plain import LETTER, PlainReader

#: Where a quotation, a citation or a number begins: one scan that passes over everything else at once.
_SPECIAL: Final = re.compile(
    r"[\[［【](?P<bracket>[^\[\]［］【】\n]{1,2000})[\]］】]"
    r"|“(?P<q1>[^“”\n]{1,500})”|\"(?P<q2>[^\"\n]{1,500})\"|「(?P<q3>[^「」\n]{1,500})」|『(?P<q4>[^『』\n]{1,500})』"
    r"|‘(?P<q5>[^‘\n]{2,120})’(?![a-z])|'(?<=[\s(:,，：]')(?P<q6>(?:[^'\n]|'(?=[a-z])){2,120})'(?![A-Za-z])"
    r"|(?P<digit>[0-9])"
)
_WORD_BEFORE: Final = re.compile(rf"[{LETTER}_][\w:+#@%~=.-]{{0,80}}\Z")
_BARE: Final = re.compile(rf"[{LETTER}_]\w{{0,60}}(?:\.[\w:+#@%~=-]{{1,60}}){{1,5}}")
_QUANTITY: Final = re.compile(NUMBER)
_DIGITS: Final = re.compile(r"[0-9]+")
_LOOKS_LIKE_ID: Final = re.compile(r"[^\W\d][\w:+\-#@%~=]*(?:\.[\w:+\-#@%~=]+)*\.\d{1,6}")
_SAYING: Final = re.compile(
    r"\W{0,3}\w{0,12}\s?(?:\b(?:says?|said|asks?|asked|repl\w{1,5}|shouts?|whispers?|adds?)\b|说|道|问|喊)"
)


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


class _Reader(PlainReader):
    def __init__(self, text: str, known: Mapping[str, str], people: Mapping[str, str]) -> None:
        super().__init__(text, people)
        self.known = known

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
