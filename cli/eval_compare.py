"""``emoreason eval compare``: systems against each other on the same clips."""

from typing import Final

import click

from ..errors import ConfigError
from .completion import complete_files
from .eval_inputs import read_inputs
from .eval_options import EvalOptions, eval_options
from .eval_running import evaluate

_HELP: Final = """Compare systems on the same clips: paired differences with tests, and a win matrix.

Each PREDICTIONS is as for emoreason eval; one file with a column system may hold all of them. Every pair is tested by
a paired permutation test, corrected for all tests of the report by Holm's method. The win matrix says how often one
system beats another when clips (or speakers) are drawn anew.

\b
Examples:
  emoreason eval compare ours.jsonl theirs.jsonl --gold gold.jsonl
  emoreason eval compare three_systems.jsonl --gold gold.jsonl --suite ov-mer --out report
  emoreason eval compare a/ b/ --name before --name after --gold gold.csv

\b
Exit codes: 0 all rows scored, 1 some could not be used, 2 usage or configuration error."""


@click.command(help=_HELP)
@click.argument("predictions", metavar="PREDICTIONS...", nargs=-1, required=True, shell_complete=complete_files)
@click.option(
    "--name", "names", metavar="NAME", multiple=True, help="What to call each, in order. [default: names of the files]"
)
@eval_options
@click.pass_context
def compare(ctx: click.Context, predictions: tuple[str, ...], names: tuple[str, ...], options: EvalOptions) -> None:
    """Compare all systems of some files."""
    inputs = read_inputs(predictions, options, names=names)
    if len(inputs.systems) < 2:
        raise ConfigError(f"there is one system only ({inputs.systems[0].name}); name two files, or one that holds two")
    evaluate(ctx, inputs, options, compare=True)
