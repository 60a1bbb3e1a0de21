"""The Jinja environment of the templates."""

from functools import cache
from importlib import resources
from typing import Any

from jinja2 import FunctionLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    folder = resources.files(__package__) / "templates"

    def load(name: str) -> str:
        return folder.joinpath(*name.split("/")).read_text(encoding="utf-8")

    # Chat messages are plain text: HTML escaping would damage them, and untrusted text is quoted before it gets here.
    return ImmutableSandboxedEnvironment(loader=FunctionLoader(load), undefined=StrictUndefined, autoescape=False)


def fill(template: str, **values: Any) -> str:
    """Fill ``templates/{template}.jinja``; white space at both ends is taken off.

    Raises
    ------
    jinja2.UndefinedError
        The template uses a value that was not given.
    """
    return _environment().get_template(f"{template}.jinja").render(**values).strip()
