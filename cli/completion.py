"""``emoreason completion``: what a shell needs to complete verbs, options, choices and files; and the completers."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click
from click.shell_completion import CompletionItem

from ..errors import ConfigError

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem[str]]]

SHELLS: Final = ("bash", "zsh", "fish")

_HELP: Final = """Print the script that makes a shell complete verbs, options, choices and files.

SHELL is bash (4.4 or newer), zsh or fish; without it, the shell that $SHELL names. Nothing is installed: put the line
into your shell's own start file.

\b
Examples:
  eval "$(emoreason completion bash)"        in ~/.bashrc
  eval "$(emoreason completion zsh)"         in ~/.zshrc, after compinit
  emoreason completion fish > ~/.config/fish/completions/emoreason.fish

\b
Exit codes: 0 printed, 2 no such shell."""


@click.command(help=_HELP)
@click.argument("shell", type=click.Choice(SHELLS), required=False, metavar="[SHELL]")
@click.pass_context
def completion(ctx: click.Context, shell: str | None) -> None:
    """Print click's completion script for one shell."""
    from click.shell_completion import get_completion_class

    name = shell or Path(os.environ.get("SHELL", "")).name
    script = get_completion_class(name) if name in SHELLS else None
    if script is None:
        raise ConfigError(f"$SHELL is {name!r}; name the shell: emoreason completion {'|'.join(SHELLS)}")
    click.echo(script(ctx.find_root().command, {}, "emoreason", "_EMOREASON_COMPLETE").source(), nl=False)


def complete_files(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Leave it to the shell to name files and folders."""
    return [CompletionItem(incomplete, type="file")]


def complete_folders(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Leave it to the shell to name folders."""
    return [CompletionItem(incomplete, type="dir")]


def complete_names(names: Callable[[], "list[str]"], *, or_files: bool = False) -> Completer:
    """Return a completer for registered names (asked for when completing); where none fits, files if wanted."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
        fitting = [CompletionItem(name) for name in names() if name.startswith(incomplete)]
        return fitting or (complete_files(ctx, param, incomplete) if or_files else [])

    return complete


def purposes() -> list[str]:
    """Name the purposes that are accepted."""
    from ..reasoning.purpose import ACCEPTED

    return list(ACCEPTED)


def engines() -> list[str]:
    """Name the engines that ship."""
    from ..reasoning.engines import ENGINES

    return list(ENGINES)


def extractors() -> list[str]:
    """Name the extractors that ship."""
    from ..cues.running import EXTRACTORS

    return list(EXTRACTORS)


def models() -> list[str]:
    """Name the model files."""
    from ..cues.models import MODELS

    return list(MODELS)
