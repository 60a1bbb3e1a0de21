"""Write docs/cli.md from the commands themselves: ``python docs/make_cli_reference.py`` (``make docs`` runs it).

Only what the commands say is written, in a form that does not depend on click's version or the terminal's width;
``tests/house/test_cli_reference.py`` compares the page with a fresh one.
"""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from emoreason.cli.group import EXIT_CODES
from emoreason.cli.main import emoreason

PAGE: Final = Path(__file__).with_name("cli.md")

_HEAD: Final = """# Command line reference

<!-- Made by docs/make_cli_reference.py from the commands themselves; change their help and run `make docs`. -->
"""
_EXIT_CODES_LINK: Final = "Exit codes: [as everywhere](#emoreason)."


def reference() -> str:
    """Return the whole page."""
    root = click.Context(emoreason, info_name="emoreason")
    sections = [_section(root, level=2)]
    sections += [_section(context, level=2 + _depth(context)) for context in _commands(root)]
    return "\n".join([_HEAD, *sections])


def _commands(parent: click.Context) -> Iterator[click.Context]:
    group = parent.command
    assert isinstance(group, click.Group)  # noqa: S101 - told to mypy
    for name in group.list_commands(parent):
        command = group.get_command(parent, name)
        assert command is not None  # noqa: S101 - it was listed
        context = click.Context(command, info_name=name, parent=parent)
        yield context
        if isinstance(command, click.Group):
            yield from _commands(context)


def _depth(context: click.Context) -> int:
    return len(context.command_path.split()) - 2


def _section(context: click.Context, level: int) -> str:
    usage = " ".join([context.command_path, *context.command.collect_usage_pieces(context)])
    options = [option for option in context.command.params if isinstance(option, click.Option) and not option.hidden]
    parts = [
        f"{'#' * level} {context.command_path}",
        f"```text\n{usage}\n```",
        *_prose(context.command.help or "", is_root=context.parent is None),
        _table(options),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _prose(text: str, *, is_root: bool) -> Iterator[str]:
    """Yield the paragraphs of a help text; what click keeps as it stands becomes a block of code."""
    text = inspect.cleandoc(text)
    if not is_root:
        text = text.replace(EXIT_CODES.strip(), _EXIT_CODES_LINK)
    for paragraph in re.split(r"\n\s*\n", text):
        title, _, lines = paragraph.removeprefix("\b\n").partition("\n")
        if not paragraph.startswith("\b\n"):
            yield " ".join(paragraph.split())
        elif lines:
            yield f"{title}\n\n```text\n{inspect.cleandoc(' ' * 2 + lines.strip())}\n```"
        else:
            yield title


def _table(options: list[click.Option]) -> str:
    rows = [f"| {_names(option)} | {_meaning(option)} |" for option in options]
    return "\n".join(["| option | meaning |", "|---|---|", *rows]) if rows else ""


def _names(option: click.Option) -> str:
    names = "/".join(", ".join(spellings) for spellings in (option.opts, option.secondary_opts) if spellings)
    value = "" if option.is_flag or option.count else f" {_value(option)}"
    return _cell(f"`{names}{value}`")


def _value(option: click.Option) -> str:
    if option.metavar:
        return option.metavar
    return (
        "|".join(map(str, option.type.choices)) if isinstance(option.type, click.Choice) else option.type.name.upper()
    )


def _meaning(option: click.Option) -> str:
    extra = [
        f"[default: {option.default}]" if option.show_default else "",
        f"[env: {option.envvar}]" if option.show_envvar and option.envvar else "",
        "[may be repeated]" if option.multiple else "",
    ]
    return _cell(" ".join(filter(None, [" ".join((option.help or "").split()), *extra])))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(reference(), encoding="utf-8", newline="\n")
