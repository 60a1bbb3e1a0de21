"""Options that several verbs share."""

import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


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
    help="What this is for: research, media, personal, accessibility, medical or safety. "
    "Workplace and education are refused. [env: EMOREASON_PURPOSE]",
)

json_option = click.option(
    "--json/--text",
    "as_json",
    default=None,
    help="JSON Lines or readable text on stdout. [default: text on a terminal, JSON Lines when piped]",
)
