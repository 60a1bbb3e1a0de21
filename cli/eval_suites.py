"""``emoreason eval suites``: what can be measured, and what each suite needs."""

import json
from typing import Final

import click

from .terminal import print_json, show

_HELP: Final = """List the suites, what each measures and what it needs.

\b
Examples:
  emoreason eval suites
  emoreason eval suites --json

\b
Exit codes: 0 listed."""


@click.command(help=_HELP)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def suites(as_json: bool) -> None:
    """List them."""
    from ..eval.catalogue import CATALOGUE

    if as_json:
        found = {
            name: {"about": one.about, "gold": one.gold, "predictions": one.predictions, "judge": one.judge}
            for name, one in CATALOGUE.items()
        }
        print_json(json.dumps(found, ensure_ascii=False))
        return
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("suite", "measures", "gold", "predictions"):
        table.add_column(column, overflow="fold")
    for name, one in CATALOGUE.items():
        judge = " (asks a judge)" if one.judge else ""
        table.add_row(name, one.about + judge, one.gold, one.predictions)
    show(table)
