"""``emoreason synth``: labelled clips -> training rows that deserve trust; and what goes with them."""

from typing import TYPE_CHECKING, Final

import click

from .group import OK
from .options import json_option, offline_option, purpose_option
from .synth_judging import Judging
from .synth_options import GroupedSynth, Input, Loop, Making, Selecting, Teaching, Writing, synth_options

if TYPE_CHECKING:
    from pathlib import Path

VERBS: Final = {
    "review": (".synth_review:review", "Take over what people decided on the review page."),
    "vignettes": (".synth_vignettes:vignettes", "Make situations that name no emotion, and counterfactual pairs."),
}

_HELP: Final = """Make training rows of labelled clips: written, checked, selected, split.

FILE holds clips with labels and cues: JSON Lines, CSV, Parquet, or a data set as it is published (MELD, MERR, RAF,
EMER, bundles of cues). Without --engine a template writes, offline and around the label (mode template). An engine
writes without seeing the label (mode label-blind) unless --mode says otherwise. What each row was made with stands in
the row.

DIR gets rows.jsonl and rejected.jsonl (with reasons): every clip is in one of them; a card (README.md), a page for
people to review (review.html), preference pairs and exports for other trainers. The same command goes on where it
ended, whatever ended it; --fresh begins anew. Selection, split and judge may change from run to run, drafts stay.

\b
Examples:
  emoreason synth --input labelled.jsonl --out rows
  emoreason synth --input labelled.jsonl --engine evidence --out rows
  emoreason synth --input MELD/train.csv --input cues.jsonl --style long --style short --language en --out rows
  emoreason synth --input labelled.jsonl --engine openai --url http://127.0.0.1:8000/v1 --drafts 4 --out rows
  emoreason synth --input labelled.jsonl --judge-url http://127.0.0.1:8001/v1 --judge-model NAME --out rows
  emoreason synth --input labelled.jsonl --out rows --dry-run
  emoreason synth --input labelled.jsonl --out rows --iterate 3 --train mine.toml
  emoreason synth review rows --apply decisions.json
  emoreason synth vignettes --number 140 --out probes

\b
Exit codes:
  0    every clip is in rows.jsonl or rejected.jsonl
  2    usage or configuration error, or a refused purpose
  3    it could not go on (disk full, engine gone); the same command goes on
  70   a bug in emoreason (EMOREASON_DEBUG=1 shows where)
  130  interrupted; the same command goes on"""


@click.group(cls=GroupedSynth, verbs=VERBS, help=_HELP, invoke_without_command=True, subcommand_metavar="")
@synth_options
@json_option
@purpose_option
@offline_option
@click.pass_context
def synth(
    ctx: click.Context,
    given: Input,
    writing: Writing,
    teaching: Teaching,
    judging: Judging,
    selecting: Selecting,
    making: Making,
    loop: Loop,
    out: "Path | None",
    fresh: bool,
    retry_failed: bool,
    dry_run: bool,
    as_json: bool | None,
    purpose: str | None,
) -> None:
    """Make rows, unless another verb follows."""
    if ctx.invoked_subcommand is not None:
        _refuse_options(ctx)
        return
    from .synth_dry_run import foresee
    from .synth_run import Run, run
    from .terminal import check_purpose

    if not given.sources:
        raise click.UsageError("Missing option '--input': a file of labelled clips")
    if out is None and not dry_run:
        raise click.UsageError("Missing option '--out': the folder that rows go to")
    check_purpose(purpose)
    wanted = Run(given, writing, teaching, judging, selecting, making, loop, fresh=fresh, retry_failed=retry_failed)
    if dry_run:
        foresee(wanted, out, as_json=as_json)
    else:
        assert out is not None  # noqa: S101 - seen above
        run(wanted, out, as_json=as_json)
    ctx.exit(OK)


def _refuse_options(ctx: click.Context) -> None:
    """Refuse options in front of another verb: they would mean nothing there."""
    given = [
        parameter.opts[0]
        for parameter in ctx.command.params
        if parameter.name is not None
        and ctx.get_parameter_source(parameter.name) is click.core.ParameterSource.COMMANDLINE
    ]
    if given:
        raise click.UsageError(f"{given[0]} means nothing to 'synth {ctx.invoked_subcommand}'; put its options behind")
