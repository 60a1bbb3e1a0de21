"""``emoreason doctor``: what works on this machine, and how to mend what does not."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Final

import click

from .. import __version__
from .checks import Check, run_checks
from .group import OK, SOME_FAILED
from .options import offline_option
from .terminal import print_json, printable, show

_HELP: Final = """Say what works on this machine and how to mend what does not.

It looks at Python, the packages, decoders, model files and their sha256, voice activity, speech recognition, the
cache, the weights that the evidence engine uses, the declared purpose, cores and memory. It downloads nothing.

\b
Examples:
  emoreason doctor
  emoreason doctor --offline          what would fail without a network?
  emoreason doctor --json | jq '.checks[] | select(.verdict == "fail")'

\b
Exit codes: 0 everything a user expects works, 1 something does not."""

_MARKS: Final = {"ok": ("✓", "green"), "note": ("!", "yellow"), "fail": ("✗", "bold red")}


@click.command(help=_HELP)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table.")
@offline_option
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> None:
    """Run the checks and print them."""
    checks = list(run_checks())
    healthy = all(check.verdict != "fail" for check in checks)
    if as_json:
        rows = [asdict(check) for check in checks]
        print_json(json.dumps({"emoreason": __version__, "healthy": healthy, "checks": rows}, ensure_ascii=False))
    else:
        _print_table(checks)
    ctx.exit(OK if healthy else SOME_FAILED)


def _print_table(checks: Sequence[Check]) -> None:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        mark, style = _MARKS[check.verdict]
        body = Text(printable(check.found))
        if check.remedy:
            body.append(f"\n→ {printable(check.remedy)}", "cyan")
        table.add_row(Text(mark, style), Text(check.name, "bold"), body)
    failed = sum(check.verdict == "fail" for check in checks)
    verdict = Text(f"\nemoreason {__version__}: " + (f"{failed} to mend" if failed else "all well"), "bold")
    show(Group(table, verdict))
