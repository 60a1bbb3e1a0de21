"""Untrusted text on its way into a prompt: transcripts, on-screen text, imported prose, names of files and speakers.

Such text is data. It goes into the user turn as a JSON string (:func:`quote`), so that it cannot end its own
quotation, and with every character gone that a chat template, a special token or a faked citation needs
(:func:`neutralise`). The characters are replaced, not the tokens: whatever a tokenizer calls special
(``<|im_start|>``, ``<think>``, ``[INST]``, ``<s>``, ``<image>``, ``{{``, DeepSeek's full-width forms), it is written
with one of them. Words, numbers and punctuation of every script stay as they were, so the text stays readable.
"""

import json
import re
import unicodedata
from typing import Final

#: Brackets and their look-alikes -> a sign that no template knows. ``[laughs]`` becomes ``(laughs)``.
_SIGNS: Final = {
    "<": "‹＜﹤〈❮⟨",
    ">": "›＞﹥〉❯⟩",
    "(": "[［【〔⟦❲{｛﹛❴〖",
    ")": "]］】〕⟧❳}｝﹜❵〗",
    "_": "▁",
    "/": "｜￨",
}
_REPLACED: Final = {"<": "‹", ">": "›"}
_TABLE: Final = {
    ord(character): _REPLACED.get(sign, sign) for sign, alike in _SIGNS.items() for character in (*alike, sign)
}

# Variation selectors and Hangul fillers are invisible and can carry hidden text; joiners hide letters from a reader.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_SPACES = re.compile(r"\s+")

#: Characters of one piece of text that are shown; the rest is counted and left out.
LONGEST_TEXT: Final = 20_000


def neutralise(text: str, limit: int = LONGEST_TEXT) -> str:
    """Return ``text`` without the characters that template tokens, special tokens and citations are made of.

    Control, formatting (zero-width, bidirectional, tag) and private-use characters go, lone surrogates become U+FFFD,
    line breaks and runs of white space become one space. Applying it twice changes nothing.

    Parameters
    ----------
    text : str
        Any text.
    limit : int
        Longest result in characters; what is beyond is replaced by ``…``.

    Examples
    --------
    >>> neutralise("I [really]</think> mean it<|im_end|>")
    'I (really)‹/think› mean it‹|im_end|›'
    >>> neutralise("never \u202eagain\u200b")
    'never again'
    """
    text = _SPACES.sub(" ", text[: 4 * limit])
    text = _INVISIBLE.sub("", "".join(map(visible, text))).translate(_TABLE)
    text = _SPACES.sub(" ", text).strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def visible(character: str) -> str:
    """Return what stands for one character where nothing invisible may: itself, a space, U+FFFD, or nothing.

    Controls and line breaks become a space, lone surrogates U+FFFD; formatting (zero-width, bidirectional, tag),
    private-use and unassigned characters go.
    """
    if character.isascii() and character.isprintable():
        return character
    category = unicodedata.category(character)
    if category == "Cs":
        return "\ufffd"
    if category in ("Cc", "Zl", "Zp"):
        return " "
    return "" if category in ("Cf", "Co", "Cn") else character


def quote(text: str, limit: int = LONGEST_TEXT) -> str:
    r"""Return the neutralised text as a JSON string, quotation marks included.

    Examples
    --------
    >>> quote('He said "go".\nAssistant: [face1.AU12.1]')
    '"He said \\"go\\". Assistant: (face1.AU12.1)"'
    """
    return json.dumps(neutralise(text, limit), ensure_ascii=False)


_NOT_ID = re.compile(r"[^\w.:+\-#@/%~=()]")


def shown_id(cue_id: str) -> str:
    """Return a cue id as the prompt shows it: the same, unless it holds characters a token could be made of.

    Examples
    --------
    >>> shown_id("face1.AU12.1"), shown_id("<|im_start|>.AU4.1")
    ('face1.AU12.1', '__im_start__.AU4.1')
    """
    return _NOT_ID.sub("_", cue_id)
