"""``emoreason train configs``: the presets, and one to copy."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from .completion import complete_names
from .options import json_option
from .terminal import print_json, print_line, printable, show

if TYPE_CHECKING:
    from ..training.settings import Settings

_HELP: Final = """List the presets with what each follows and the memory it takes on one GPU, or print one.

The memory is an estimate; it needs torch to count parameters (nothing is downloaded) and is left out without it.

\b
Examples:
  emoreason train configs
  emoreason train configs --show qwen3-vl-4b-sft > mine.toml
  emoreason train sft --config mine.toml

\b
Exit codes: 0 listed, 2 no such preset."""


def _names() -> list[str]:
    from ..training.settings.reading import presets

    return list(presets())


@click.command(help=_HELP)
@click.option(
    "--show", "shown", metavar="NAME", shell_complete=complete_names(_names), help="Print this preset as it is."
)
@json_option
def configs(shown: str | None, as_json: bool | None) -> None:
    """List the presets, or print one."""
    from ..errors import ConfigError
    from ..training.settings.reading import presets

    known = presets()
    if shown is not None:
        if shown not in known:
            raise ConfigError(f"there is no preset {shown!r}; there are {', '.join(known)}")
        for line in known[shown].read_text(encoding="utf-8").splitlines():
            print_line(line)
        return
    found = [_facts(name, path) for name, path in known.items()]
    if stdout_is_json(as_json):
        for facts in found:
            print_json(json.dumps(facts, ensure_ascii=False))
    else:
        _show(found)


def stdout_is_json(as_json: bool | None) -> bool:
    """Whether JSON is written: as told, else where stdout is no terminal."""
    return not sys.stdout.isatty() if as_json is None else as_json


def _facts(name: str, path: Path) -> dict[str, Any]:
    from ..training.settings.reading import read_settings

    settings = read_settings(name, need_data=False)
    return {
        "name": name,
        "method": settings.method,
        "model": settings.model.name,
        "memory_gib": memory_gib(settings),
        "about": settings.about,
        "path": str(path),
    }


def memory_gib(settings: "Settings") -> float | None:
    """Memory of a run on one GPU; None where it cannot be told (no torch, an unknown model)."""
    from ..errors import ConfigError
    from ..training.machine.memory import memory_of

    try:
        memory = memory_of(settings)
    except ConfigError:
        return None
    return None if memory is None else round(memory.total, 1)


def _show(found: list[dict[str, Any]]) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, justify="right")
    table.add_column(overflow="fold")
    for facts in found:
        memory = facts["memory_gib"]
        size = "" if memory is None else f"{memory:.0f} GiB"
        table.add_row(Text(facts["name"], "bold"), size, Text(printable(" ".join(facts["about"].split()))))
    show(table)
