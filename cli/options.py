"""Options that several verbs share."""

import functools
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, TypeVar

import click

from ..prompts.presets import PRESETS
from .completion import complete_files, complete_names, purposes

T = TypeVar("T")
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def _set_offline(_: click.Context, __: click.Parameter, offline: bool) -> bool:
    # Through the environment, so that child processes know as well.
    if offline:
        os.environ["EMOREASON_OFFLINE"] = "1"
    return offline


offline_option = click.option(
    "--offline",
    is_flag=True,
    expose_value=False,
    callback=_set_offline,
    help="Download nothing; a missing model file becomes a gap. [env: EMOREASON_OFFLINE=1]",
)

purpose_option = click.option(
    "--purpose",
    metavar="PURPOSE",
    shell_complete=complete_names(purposes),
    help="What this is for: research, media, personal, accessibility, medical or safety. "
    "Workplace and education are refused. [env: EMOREASON_PURPOSE]",
)

json_option = click.option(
    "--json/--text",
    "as_json",
    default=None,
    help="JSON Lines or readable text on stdout. [default: text on a terminal, JSON Lines when piped]",
)

clips_argument = click.argument("clips", nargs=-1, metavar="[CLIP]...", shell_complete=complete_files)

cues_option = click.option(
    "--cues",
    "cue_files",
    metavar="FILE",
    multiple=True,
    shell_complete=complete_files,
    help="Lines of cues (one CueSet per line, of any tool or human coder) instead of clips; - is stdin.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What an engine is asked."""

    preset: str
    language: str
    compounds: bool


_QUESTION_OPTIONS: Final = (
    click.option(
        "--preset", type=click.Choice(list(PRESETS)), default="explain", show_default=True, help="Which prompt."
    ),
    click.option("--language", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Of the prompt."),
    click.option("--compounds", is_flag=True, help="Compound emotions too (happily surprised)."),
)


def gathered_into(cls: type[T], name: str, options: Sequence[Decorator]) -> Decorator:
    """Return a decorator that adds ``options`` to a verb and hands their values over as one ``cls`` named ``name``."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            values = {field.name: kwargs.pop(field.name) for field in fields(cls)}  # type: ignore[arg-type]
            return function(*args, **{name: cls(**values)}, **kwargs)

        for option in reversed(options):
            wrapper = option(wrapper)  # type: ignore[assignment]
        return wrapper

    return decorate


question_options = gathered_into(Question, "question", _QUESTION_OPTIONS)
