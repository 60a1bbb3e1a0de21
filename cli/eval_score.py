"""``emoreason eval score``: predictions against gold, one report."""

from typing import Final

import click

from .completion import complete_files
from .eval_inputs import read_inputs
from .eval_options import EvalOptions, eval_options
from .eval_running import evaluate

_HELP: Final = """Score predictions against gold, with intervals, controls and tests.

PREDICTIONS is the folder of explain --out or batch --out, or a file (.jsonl, .csv, .tsv, .parquet) whose rows have a
clip and any of labels, emotion, distribution, valence, arousal, action_units and text. A file may hold several systems
(column system). Every value has a 95 % bootstrap interval by clip, or by speaker where the gold names them; each system
is tested against controls that never looked at the clips. A clip without a prediction is scored as wrong. Rows that
cannot be used are named with their line and passed over.

\b
Examples:
  emoreason eval results/ --gold labels.csv --dry-run
  emoreason eval results/ --gold labels.csv --out report
  emoreason eval answers.jsonl --gold gold.jsonl --suite ov-mer --suite closed-set --by sex
  emoreason eval answers.jsonl --gold meld=test_sent_emo.csv --gold mosi=label.csv --suite mer-unibench

\b
Exit codes: 0 all rows scored, 1 some could not be used, 2 usage or configuration error."""


@click.command(help=_HELP)
@click.argument("predictions", metavar="PREDICTIONS", shell_complete=complete_files)
@click.option("--system", metavar="NAME", help="Of a file that holds several systems: this one only.")
@click.option("--name", metavar="NAME", help="What to call the system. [default: the name of the file]")
@eval_options
@click.pass_context
def score(ctx: click.Context, predictions: str, system: str | None, name: str | None, options: EvalOptions) -> None:
    """Score one file or folder."""
    inputs = read_inputs([predictions], options, system=system, names=[name] if name else ())
    evaluate(ctx, inputs, options, compare=False)
