"""Text from anyone on its way into a page: what cannot be seen goes, its language is named, its anchors are quoted.

Escaping is the templates' (``template.py``).
"""

import base64
from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup

from ..prompts.untrusted import visible

#: Key under which pages remember the theme (``light`` or ``dark``) a reader chose; the same for every page.
THEME_KEY: Final = "emoreason-theme"


def shown(value: Any) -> Any:
    r"""Text without characters that cannot be seen (controls, bidirectional overrides, lone surrogates).

    Every expression of a template goes through it; what is no plain text (numbers, our own markup) stays.

    Examples
    --------
    >>> shown("gpj.\u202eexe")
    'gpj.exe'
    """
    if type(value) is not str or (value.isascii() and value.isprintable()):
        return value
    return "".join(map(visible, value))


def fragment(kind: str, name: object) -> str:
    """Link to a cue or claim of the same page.

    Examples
    --------
    >>> fragment("cue", "face1.AU12.1")
    '#cue=face1.AU12.1'
    """
    return f"#{kind}={quote(shown(str(name)), safe='')}"


def language_of(text: str | None) -> str | None:
    """BCP 47 tag of a text in Chinese or Japanese script; None for any other (pages are in English).

    Examples
    --------
    >>> language_of("AU12 嘴角上拉"), language_of("lip corner puller")
    ('zh', None)
    """
    if not text or text.isascii():
        return None
    if any("\u3040" <= character <= "\u30ff" for character in text):
        return "ja"
    return "zh" if any("\u4e00" <= character <= "\u9fff" for character in text) else None


def language_attribute(text: str | None) -> Markup:
    """`` lang="zh"`` where a text needs it, else nothing."""
    language = language_of(text)
    return Markup(' lang="{}"').format(language) if language else Markup("")


def data_uri(mime: str, data: bytes) -> str:
    """Write some bytes as a ``data:`` URI."""
    return f"data:{quote(mime, safe='/+.-')};base64,{base64.b64encode(data).decode('ascii')}"
