"""Which of the words named in a sentence the sentence denies (English and Chinese).

A sentence may name several things and deny some of them: "AU6 without AU12", "not joy but relief", "AU1, AU2 and AU4
are absent", "没有AU12，但AU4明显". A negator before a name denies what follows it in its clause (and on through a plain
list); one behind the name ("… is absent", "… is not visible", "不成立") denies what stands before it in its clause.
"""

import re
from collections.abc import Sequence
from heapq import merge
from typing import Final

Span = tuple[int, int]

_BRACKETED = re.compile(r"[\[［【][^\[\]［］【】\n]{1,2000}[\]］】]")

_NO_DENIAL = re.compile(
    r"\bno[,:](?= )|"
    r"\b(?:not (?:only|just|merely|simply|least)|no (?:doubt|less|fewer|more than|matter)|without (?:a )?doubt"
    r"|nothing but|(?:not|never) (?:absent|missing|without)|(?:can|could)(?:not| not|n['’]t) (?:hide|conceal|help"
    r"|contain|suppress|hold back|be (?:missed|overlooked|denied)))\b"
    r"|无[论疑非力神辜奈聊助比数意言语]|不仅|不但|不只|不禁|毫无疑问|不得不|没错|不是没有|有没有|有无",
    re.IGNORECASE,
)
_SEEN: Final = (
    r"(?:present|visible|seen|observed|detected|found|supported|likely|shown|active|activated|evident|apparent|there"
    r"|expressed|indicated|justified|noticeable|recorded|measured|displayed|warranted|plausible)"
)
_PATTERN = re.compile(
    r"(?P<behind>(?:\bnot|\bnever|n['’]t|\bcannot)(?: be| been| being| \w{1,20}ly| clearly| yet| very){0,2} "
    + _SEEN
    + r"\b(?!:)|\b(?:absent|missing|ruled out|unlikely|(?:less|least) likely|implausible|unsupported|invisible)\b(?!:)"
    r"|未出现|没有出现|不存在|未检测到|未被观察到|不明显|不成立|可能性[较更很]?[小低]|不太可能)"
    r"|(?P<absence>\b(?:without|lack(?:s|ed|ing)?(?: of)?|absence of|devoid of|free of|in place of)\b|缺乏|缺少|缺失)"
    r"|(?P<before>\b(?:absent|missing|not \w{1,20}):"
    r"|\b(?:no|not|never|neither|nor|none|nothing|nobody|cannot|fail(?:s|ed)? to|rather than|instead of"
    r"|as opposed to|in contrast (?:to|with)|unlike|exclud(?:es?|ing)|rul(?:es?|ing) out)\b|n['’]t\b"
    r"|没有|没见|未见|未|无法|无|并不|毫无|没|而不是|而非|并非|不是|不见|不再|不能|不会|不像|不属于"
    r"|不(?:太|很|怎么|那么|算|觉得|感到|显得|够))"
    r"|(?P<adjoining>不)"
    r"|(?P<verb>\b(?:suggest|indicate|impl(?:y|ie)|mean|point|speak|signal|express|support|make)(?:s|ed|es)?\b|表明|说明"
    r"|表示|显示|意味)"
    r"|(?P<ends>[;；。!?！？\n]|\.(?=\s|$)|\b(?:but|however|whereas|while|although|though|yet|because|since|with|only|so)\b|但|却"
    r"|而是|不过|因为|所以|因此)"
    r"|(?P<comma>[,，、])",
    re.IGNORECASE,
)
#: What may stand between a comma and a negator that looks back: "AU4 (brow lowerer), which is absent".
_LEADS_ON: Final = frozenset(
    ("", "is", "are", "was", "were", "which is", "which are", "which was", "it is", "both", "all")
)
_UNTIL_MARK = re.compile(r"[^,，、.。;；\n]{1,120}")
_WORD = re.compile(r"[^\W_]+")
_LIST_WORDS: Final = frozenset(
    ("and", "or", "nor", "the", "a", "an", "any", "of", "both", "either", "sign", "signs")
) | frozenset(("au", "aus", "action", "unit", "units", "和", "或", "与", "及", "以及", "或者", "也", "都"))


def denied(sentence: str, spans: Sequence[Span]) -> list[bool]:
    r"""Say of each span of a sentence whether the sentence denies what it names. Linear in the sentence's length.

    Parameters
    ----------
    sentence : str
        One sentence; citations in brackets are passed over.
    spans : sequence of (start, end)
        Where the names stand, in order, not overlapping; in characters.

    Examples
    --------
    >>> text = "AU6 without AU12, AU1 or AU2, but AU4 is strong."
    >>> denied(text, [match.span() for match in re.finditer(r"AU\d+", text)])
    [False, True, True, True, False]
    >>> denied("Joy is ruled out.", [(0, 3)]), denied("并非愤怒而是悲伤", [(2, 4), (6, 8)])
    ([True], [True, False])
    """
    if not spans:
        return []
    bare = _NO_DENIAL.sub(_blank, _BRACKETED.sub(_blank, sentence))
    reader = _Reader(bare, spans)
    named = ((start, -1, "name") for start, _ in spans)
    marks = ((match.start(), match.end(), match.lastgroup or "") for match in _PATTERN.finditer(bare))
    for at, end, kind in merge(named, marks):
        reader.take(at, end, kind)
    reader.close()
    return reader.denied


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


class _Reader:
    """Walks over names, negators and ends of clauses from left to right."""

    def __init__(self, text: str, spans: Sequence[Span]) -> None:
        self.text, self.spans = text, spans
        self.denied = [False] * len(spans)
        self.next = 0  # the next name
        self.first = 0  # the first name that a negator behind it would deny
        self.negator = ""  # kind of the negator in force
        self.waiting = False  # it has denied nothing yet
        self.piece = 0  # where the piece since the last comma begins
        self.piece_first = 0  # its first name
        self.earlier = 0  # the first name of the clause that a comma ended

    def take(self, at: int, end: int, kind: str) -> None:
        if kind == "name":
            self.denied[self.next] = bool(self.negator)
            self.next += 1
            self.waiting = False
        elif self.next and at < self.spans[self.next - 1][1]:
            return  # inside a name: 无聊
        elif kind == "behind":
            if self.first == self.next and self.text[self.piece : at].strip().lower() in _LEADS_ON:
                self.first = self.earlier
            self._deny_before()
            self.negator, self.waiting, self.first = "", False, self.next
        elif kind in ("before", "absence"):
            self.negator, self.waiting = kind, True
        elif kind == "adjoining" and self.next < len(self.spans) and self.spans[self.next][0] == end:
            self.negator, self.waiting = "before", True
        elif kind == "ends" or (kind == "verb" and self.negator == "absence"):
            self.close()
        elif kind == "comma":
            self._comma(at, end)

    def close(self) -> None:
        """End the clause; a negator that no name followed denies those before it."""
        if self.waiting and self.negator == "before":
            self._deny_before()
        self.negator, self.waiting, self.first = "", False, self.next
        self.earlier = self.next

    def _deny_before(self) -> None:
        for index in range(self.first, self.next):
            self.denied[index] = True

    def _comma(self, at: int, end: int) -> None:
        """End the clause unless a plain list goes on: before the comma or behind it stand nothing but names."""
        was_list = self._only_names(self.piece, at, self.piece_first)
        following = _UNTIL_MARK.match(self.text, end)
        if not was_list and not (following and self._only_names(end, following.end(), self.next)):
            first = self.first
            self.close()
            self.earlier = first
        self.piece, self.piece_first = end, self.next

    def _only_names(self, start: int, stop: int, first: int) -> bool:
        """Whether a short stretch holds at least one name, and besides names only words of lists."""
        if stop - start > 120:
            return False
        rest, at, index = [], start, first
        while index < len(self.spans) and self.spans[index][1] <= stop:
            rest.append(self.text[at : self.spans[index][0]])
            at = self.spans[index][1]
            index += 1
        rest.append(self.text[at:stop])
        return index > first and all(word.lower() in _LIST_WORDS for word in _WORD.findall(" ".join(rest)))
