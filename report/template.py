"""Fill the HTML templates: everything is escaped but the styles and scripts of this package."""

import base64
import hashlib
from functools import cache
from importlib import resources
from typing import Any, Final

from jinja2 import FunctionLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from .text import fragment, language_attribute, shown

_FOLDER: Final = resources.files(__package__)


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    def load(name: str) -> str:
        return (_FOLDER / "templates" / name).read_text(encoding="utf-8")

    environment = ImmutableSandboxedEnvironment(
        loader=FunctionLoader(load), undefined=StrictUndefined, autoescape=True, trim_blocks=True, lstrip_blocks=True,
        finalize=shown,
    )  # fmt: skip
    environment.globals.update(asset=asset, digest=digest, fragment=fragment, lang=language_attribute)
    environment.filters.update(clock=clock)
    return environment


@cache
def asset(name: str) -> Markup:
    """Text of ``assets/{name}``, for a ``<style>`` or ``<script>``."""
    return Markup((_FOLDER / "assets" / name).read_text(encoding="utf-8"))  # noqa: S704 - our own file


def clock(seconds: float) -> str:
    """Write a length as hours, minutes and seconds.

    Examples
    --------
    >>> clock(6.04), clock(185.5), clock(3725)
    ('6.0 s', '3:06 min', '1:02:05 h')
    """
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02} min" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02}:{rest:02} h"


@cache
def digest(*names: str) -> str:
    """Name assets (joined as they are in one element) in a content security policy: only they may run."""
    text = "".join(asset(name) for name in names)
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def fill(template: str, **values: Any) -> str:
    """Fill ``templates/{template}.html.jinja``.

    Raises
    ------
    jinja2.UndefinedError
        The template uses a value that was not given.
    """
    return _environment().get_template(f"{template}.html.jinja").render(**values)
