"""``emoreason rewards lint``: what a reward really pays for."""

import json
from typing import TYPE_CHECKING, Final

import click

from ..rewards.lint.target import COLUMNS
from . import completion
from .group import OK, SOME_FAILED
from .rewards import own_stdout, targets
from .terminal import meter, notice, print_json, show

if TYPE_CHECKING:
    from rich.console import RenderableType

    from ..rewards.lint import LintReport, Outcome

_COLUMNS: Final = "\n".join(f"  {column:<18} {content}" for column, content in COLUMNS.items())

_HELP: Final = f"""Play a gaming battery against a reward, on the CPU, before GPU hours are spent on it.

TARGET is a preset (default, emer, facial-r1, affectgpt-r1, grounded), a registered reward (wheel, grounding …),
package.module:function, package.module.function or file.py:function. A function is called as TRL calls it:
f(completions=…, prompts=…, **columns), with text, or with messages where it cannot take text; async works.

Eight scenes have an honest answer each; every attack is one way to be paid without deserving it. An attack wins when
its mean score reaches the honest mean minus 0.02 on something the reward reads; what it does not read is n/a. A reward
that reads nothing fails as a whole. None counts 0, as TRL sums it.

\b
Columns passed, one value per completion:
{_COLUMNS}

\b
Examples:
  emoreason rewards lint default
  emoreason rewards lint my_reward.py:reward --json
  emoreason rewards lint emoreason.rewards.published:score_match_format

\b
Exit codes: 0 no attack wins, 1 one wins or the reward reads nothing, 2 it cannot be loaded or called."""

_STYLES: Final = {"wins": "bold red", "loses": "green", "n/a": "dim"}


@click.command(help=_HELP)
@click.argument("target", shell_complete=completion.complete_names(targets, or_files=True))
@click.option("--json", "as_json", is_flag=True, help="The whole report as one JSON object.")
@click.option(
    "--timeout",
    "timeout_s",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Give up when loading it, or one call of it, takes longer (not on Windows).",
)
@click.pass_context
def lint(ctx: click.Context, target: str, as_json: bool, timeout_s: float) -> None:
    """Lint one reward."""
    from ..rewards.lint import lint as play

    with meter(1, "attacks") as progress, own_stdout():
        report = play(target, lambda share: progress.reach("battery", share), timeout_s)
    if as_json:
        print_json(json.dumps(report.to_dict(), ensure_ascii=False))
    else:
        show(_table(report))
    for line in _conclusion(report):
        notice(line)
    ctx.exit(OK if report.passed else SOME_FAILED)


def _conclusion(report: "LintReport") -> list[str]:
    asks = "Does it find what it expects in the columns (--help lists them)?"
    if report.honest is None:
        return [f"WARNING: {report.target} gave None to every honest answer: there is nothing to compare. {asks}"]
    if report.reads_nothing:
        return [
            f"WARNING: {report.target} reads nothing of what is written: anything is paid like an honest answer. {asks}"
        ]
    if report.won:
        return [f"{report.target}: {len(report.won)} attack(s) win: {', '.join(report.won)}"]
    return [f"{report.target}: no attack wins"]


def _table(report: "LintReport") -> "RenderableType":
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("attack", no_wrap=True)
    table.add_column("score", justify="right")
    table.add_column("honest", justify="right")
    table.add_column("verdict")
    table.add_column("what it does")
    for outcome in report.outcomes:
        verdict = Text(outcome.verdict, style=_STYLES[outcome.verdict])
        table.add_row(outcome.attack, _score(outcome), _number(outcome.honest), verdict, outcome.about)
    return Group(Text(_heading(report)), Text(), table)


def _heading(report: "LintReport") -> str:
    reads = ", ".join(name.replace("_", " ") for name, is_read in report.reads.items() if is_read) or "nothing"
    scored = f"{report.n_scenes} scenes, honest answers {_number(report.honest)} ({report.form} form)"
    return f"{report.target}: {scored}; reads {reads}"


def _score(outcome: "Outcome") -> str:
    return "" if outcome.score is None else _number(outcome.score)


def _number(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"
