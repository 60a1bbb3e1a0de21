"""JSON as models write it: cut off, with trailing commas, typographic quotes, Python words, NaN.

One pass over the text, no backtracking, no recursion: linear in its length whatever it holds. What the reader had to
forgive is returned with the value.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final, Literal

#: What :func:`read_json_tolerantly` can have forgiven.
Slip = Literal["truncated", "quotes", "commas", "constants", "unquoted"]

DEEPEST: Final = 40
_CLOSES = {'"': '"', "'": "'", "“": "”", "”": "”", "„": "“", "‘": "’", "’": "’", "「": "」", "『": "』"}
_SPACE = re.compile(r"[\s\ufeff]*")
_SCALAR = re.compile(r"[^\s,，:：;\[\]{}\"“”]{1,200}")
_PLAIN_STRING: Final = {closing: re.compile(rf"[^\\{closing}]*") for closing in set(_CLOSES.values()) | {'"'}}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}
_CONSTANTS: Final[dict[str, Any]] = {"true": True, "false": False, "null": None, "none": None}
_NUMBER = re.compile(r"[+-]?(?:\d{1,300}(?:\.\d{0,300})?|\.\d{1,300})(?:[eE][+-]?\d{1,4})?")
_NO_NUMBER: Final = frozenset({"nan", "infinity", "-infinity", "inf", "-inf", "+inf", "undefined"})


@dataclass(slots=True)
class _Open:
    """A container still being read; ``key`` waits for its value in an object."""

    value: dict[str, Any] | list[Any]
    key: str | None = None

    def take(self, item: Any) -> None:
        if isinstance(self.value, list):
            self.value.append(item)
        elif self.key is None:
            # A bare value where a key belongs: it is the key if it can be one.
            self.key = item if isinstance(item, str) else None
        else:
            self.value[self.key] = item
            self.key = None


@dataclass(slots=True)
class _Reader:
    text: str
    at: int
    slips: set[Slip] = field(default_factory=set)
    stack: list[_Open] = field(default_factory=list)

    def read(self) -> tuple[dict[str, Any] | None, int]:
        root: dict[str, Any] = {}
        self.stack = [_Open(root)]
        self.at += 1
        comma_pending = False
        while self.stack:
            self.at = self._after_space()
            if self.at >= len(self.text):
                self.slips.add("truncated")
                break
            sign = self.text[self.at]
            if sign in "}]" and comma_pending:
                self.slips.add("commas")
            comma_pending = sign in ",，;"
            if not self._step(sign):
                return None, self.at
        return root, self.at

    def _after_space(self) -> int:
        match = _SPACE.match(self.text, self.at)
        return match.end() if match else self.at

    def _step(self, sign: str) -> bool:
        """Take one token; False when nesting is deeper than any answer's."""
        if sign in "{[":
            if len(self.stack) >= DEEPEST:
                return False
            value: dict[str, Any] | list[Any] = {} if sign == "{" else []
            self.stack[-1].take(value)
            self.stack.append(_Open(value))
            self.at += 1
        elif sign in "}]":
            self._close(sign)
        elif sign in ",，:：;":
            if sign != "," and sign != ":":
                self.slips.add("commas")
            self.at += 1
        elif sign in _CLOSES:
            string = self._string(sign)
            if string is not None:
                self.stack[-1].take(string)
        else:
            self._scalar()
        return True

    def _close(self, sign: str) -> None:
        """Close the innermost container; a wrong bracket closes it too, and is said."""
        expected = "}" if isinstance(self.stack[-1].value, dict) else "]"
        if sign != expected:
            self.slips.add("commas")
        if sign == expected or len(self.stack) > 1:
            self.stack.pop()
        self.at += 1

    def _string(self, opening: str) -> str | None:
        """Read one string; None when the text ends inside it (half a word is no label)."""
        closing = _CLOSES[opening]
        if opening != '"':
            self.slips.add("quotes")
        parts: list[str] = []
        self.at += 1
        while True:
            match = _PLAIN_STRING[closing].match(self.text, self.at)
            assert match is not None  # noqa: S101 - the pattern matches the empty string
            parts.append(match[0])
            self.at = match.end()
            if self.at >= len(self.text):
                self.slips.add("truncated")
                return None
            self.at += 1
            if self.text[self.at - 1] == closing:
                return "".join(parts)
            parts.append(self._escape())

    def _escape(self) -> str:
        if self.at >= len(self.text):
            return ""
        letter = self.text[self.at]
        self.at += 1
        code = self.text[self.at : self.at + 4]
        if letter == "u" and re.fullmatch(r"[0-9a-fA-F]{4}", code):
            self.at += 4
            return chr(int(code, 16))
        return _ESCAPES.get(letter, letter)

    def _scalar(self) -> None:
        match = _SCALAR.match(self.text, self.at)
        word = match[0] if match else self.text[self.at]
        self.at += len(word)
        if self.at >= len(self.text):
            # Cut off: 0.8 may have become 0.
            self.slips.add("truncated")
        elif _NUMBER.fullmatch(word):
            self.stack[-1].take(float(word) if re.search(r"[.eE]", word) else int(word))
        elif word.lower() in _CONSTANTS or word.lower() in _NO_NUMBER:
            if word not in ("true", "false", "null"):
                self.slips.add("constants")
            self.stack[-1].take(_CONSTANTS.get(word.lower()))
        else:
            self.slips.add("unquoted")
            self.stack[-1].take(word)


def read_json_tolerantly(text: str, start: int) -> tuple[dict[str, Any] | None, int, frozenset[Slip]]:
    """Read the object that opens at ``text[start]``, forgiving what models get wrong.

    Returns
    -------
    tuple of (dict or None, int, frozenset)
        The object (None when it nests deeper than any answer does), where it ends, and what was forgiven. Numbers
        that are none (NaN, Infinity) become None. What was cut off in the middle is left out.

    Examples
    --------
    >>> value, _, slips = read_json_tolerantly("{'labels': ['joy',], 'valence': NaN, 'arousal': 0.", 0)
    >>> value, sorted(slips)
    ({'labels': ['joy'], 'valence': None}, ['commas', 'constants', 'quotes', 'truncated'])
    """
    reader = _Reader(text, start)
    value, end = reader.read()
    return value, end, frozenset(reader.slips)
