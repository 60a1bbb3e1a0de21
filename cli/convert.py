"""``emoreason convert``: cues and results into the files of other tools, and back."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click

from ..errors import ConfigError, EmoreasonError
from ..formats.loss import Loss
from .completion import complete_files
from .group import EXIT_CODES, Tally
from .sources import SOURCES, Found, Reading, read_found
from .targets import TARGETS
from .terminal import complain, notice, print_line
from .writers import Job, Writer, identities

_WHAT: Final = tuple(dict.fromkeys(what for target in TARGETS.values() for what in target.what if what != "tiers"))


def _listed(formats: dict[str, str]) -> str:
    width = max(map(len, formats))
    return "\n".join(f"  {name:<{width}}  {about}" for name, about in formats.items())


_HELP: Final = f"""Convert cues and results into the files of other tools, and back.

An INPUT is a folder that `explain --out` or `cues --out` wrote, or a file; its format is told from its name. What a
format has no place for is said on stderr, one line per kind. - is JSON Lines on stdin.

\b
Examples:
  emoreason convert results --to eaf --out elan          an ELAN file per clip
  emoreason convert results --to csv --out cues.csv      cues with a (file, start, end) index
  emoreason convert results --to csv --what explanations > emotions.csv
  emoreason convert results --to vtt --out captions      claims as captions
  emoreason convert elan/*.eaf --to jsonl | emoreason explain --cues -
  emoreason cues talk.mp4 | emoreason convert - --to eaf --out talk.eaf
  emoreason convert anna.eaf --to csv --tier "Smile=AU12" --tier "Notes=-"

\b
Written (--to):
{_listed({name: f"{target.about} ({', '.join(target.what)})" for name, target in TARGETS.items()})}

\b
Read (--from):
{_listed({name: source.about for name, source in SOURCES.items()})}

{EXIT_CODES}
"""


@dataclass(slots=True)
class Said:
    """What was left out, added up over all clips; sentences that are no sums are passed on at once."""

    losses: dict[tuple[str, str], int] = field(default_factory=dict)

    def __call__(self, text: str) -> None:
        """Take one sentence."""
        if isinstance(text, Loss):
            key = (text.sentence, text.one)
            self.losses[key] = self.losses.get(key, 0) + text.number
        else:
            notice(text)

    def sentences(self) -> list[str]:
        """Losses in one sentence per kind."""
        return [str(Loss(sentence, number, one)) for (sentence, one), number in self.losses.items()]


@click.command(help=_HELP)
@click.argument("inputs", nargs=-1, required=True, metavar="INPUT...", shell_complete=complete_files)
@click.option("--to", "target", required=True, type=click.Choice(list(TARGETS)), metavar="FORMAT", help="Written.")
@click.option(
    "--from", "source", type=click.Choice(list(SOURCES)), metavar="FORMAT", help="Read. [default: told by its name]"
)
@click.option("--what", type=click.Choice(_WHAT), metavar="WHAT", help="Which part of it; in brackets above.")
@click.option(
    "--out",
    metavar="PATH",
    shell_complete=complete_files,
    help="The file, or the folder where it is a file per clip. [default: stdout]",
)
@click.option(
    "--tier",
    "tiers",
    metavar="NAME=CODE",
    multiple=True,
    help="What a tier holds: AU12, 'Anna AU12', speech.utterance, head.nod; AU when its labels are FACS codes; - "
    "leaves it out.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a summary as JSON; needs --out.")
@click.pass_context
def convert(
    ctx: click.Context,
    inputs: tuple[str, ...],
    target: str,
    source: str | None,
    what: str | None,
    out: str | None,
    tiers: Sequence[str],
    as_json: bool,
) -> None:
    """Convert input by input, clip by clip."""
    if as_json and out is None:
        raise click.UsageError("--json prints a summary where the results would go; name a file or folder with --out")
    allowed = TARGETS[target].what
    if what is not None and what not in allowed:
        only = "holds cues and claims together" if allowed == ("tiers",) else f"holds {', '.join(allowed)}"
        raise click.UsageError(f"--to {target} {only}, not {what}")
    said, tally = Said(), Tally()
    reading = Reading(say=said, tiers=_tier_map(tiers))
    job = Job(what=what or allowed[0], out=out, say=said, read=identities(map(Path, inputs)))
    with TARGETS[target].open(job) as writer:
        try:
            for name in inputs:
                _convert(Path(name), source, reading, writer, tally)
        finally:
            for sentence in said.sentences():
                notice(sentence)
            if out is not None or tally.failed:
                notice(tally.summary(0, "clips converted") + (f"; see {out}" if out and tally.done else ""))
    if as_json:
        summary = {"done": tally.done, "failed": tally.failed, "written": writer.written, "losses": said.sentences()}
        print_line(json.dumps(summary))
    ctx.exit(tally.exit_code())


def _convert(path: Path, source: str | None, reading: Reading, writer: Writer, tally: Tally) -> None:
    before = tally.done + tally.failed
    for place, found in read_found(path, source, reading):
        error = found if isinstance(found, EmoreasonError) else _written(found, writer)
        if error is None:
            tally.done += 1
        else:
            tally.failed += 1
            complain(place, error)
    if tally.done + tally.failed == before:
        notice(f"{path}: holds no clip")


def _written(found: Found, writer: Writer) -> EmoreasonError | None:
    try:
        writer.take(found)
    except ConfigError:
        raise  # the output cannot be written at all
    except EmoreasonError as error:
        return error
    return None


def _tier_map(tiers: Sequence[str]) -> dict[str, str]:
    mapping = {}
    for tier in tiers:
        match = re.fullmatch(r"(.+)=([^=]+)", tier, re.DOTALL)
        if match is None:
            raise click.UsageError(f"--tier {tier}: expected NAME=CODE, for example 'Smile=AU12'")
        mapping[match[1]] = match[2].strip()
    return mapping
