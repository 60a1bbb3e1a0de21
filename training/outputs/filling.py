"""Fill the templates of this folder: pages as ``report/template.py`` fills its own, cards with Markdown escaped."""

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any, Final

from jinja2 import FunctionLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from ...report.template import asset as shared_asset
from ...report.template import clock
from ...report.text import language_attribute, shown

_FOLDER: Final = resources.files(__package__)
_SHARED: Final = frozenset({"theme.css"})
#: What Markdown and the HTML within it would take for something else than text.
_MARKS: Final = re.compile(r"([\\`*_{}\[\]#+!|<>~$])")
_LONGEST: Final = 2_000


@cache
def _environment(pages: bool) -> ImmutableSandboxedEnvironment:
    def load(name: str) -> str:
        return (_FOLDER / "templates" / name).read_text(encoding="utf-8")

    environment = ImmutableSandboxedEnvironment(
        loader=FunctionLoader(load), undefined=StrictUndefined, autoescape=pages, trim_blocks=True, lstrip_blocks=True,
        finalize=shown, keep_trailing_newline=True,
    )  # fmt: skip
    environment.globals.update(asset=asset, digest=digest, lang=language_attribute)
    environment.filters.update(clock=clock, md=markdown, json=json.dumps, counts=counts)
    return environment


def fill(template: str, **values: Any) -> str:
    """Fill ``templates/{template}.jinja``; names that end in ``.html`` are escaped for HTML.

    Raises
    ------
    jinja2.UndefinedError
        The template uses a value that was not given.
    """
    return _environment(template.endswith(".html")).get_template(f"{template}.jinja").render(**values)


@cache
def asset(name: str) -> Markup:
    """Text of a style or script, of this folder or shared with the pages of clips."""
    if name in _SHARED:
        return shared_asset(name)
    return Markup((_FOLDER / "assets" / name).read_text(encoding="utf-8"))  # noqa: S704 - our own file


@cache
def digest(*names: str) -> str:
    """Name assets (joined as they are in one element) in a content security policy: only they may run."""
    text = "".join(asset(name) for name in names)
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def markdown(text: object) -> str:
    r"""Text as Markdown shows it literally, on one line, cut where it is endless.

    Examples
    --------
    >>> print(markdown("a|b\n<img src=x> [c](d)"))
    a\|b \<img src=x\> \[c\](d)
    """
    line = " ".join(shown(str(text)).split())
    return _MARKS.sub(r"\\\1", line if len(line) <= _LONGEST else line[:_LONGEST] + " …")


def counts(found: Mapping[str, int]) -> str:
    """Write counts in words.

    Examples
    --------
    >>> counts({"anger": 3, "fear": 1})
    'anger 3, fear 1'
    """
    return ", ".join(f"{name} {count}" for name, count in found.items())
