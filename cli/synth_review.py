"""``emoreason synth review``: what people decided on the page for review, taken over into the rows."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

import click

from ..errors import ConfigError
from .completion import complete_files, complete_folders
from .group import OK
from .options import json_option
from .terminal import print_json, print_line, printable
from .train_configs import stdout_is_json

_HELP: Final = """Take over what people decided on review.html.

DIR is the folder of a synthesis; FILE is what its page saved. Rows that people rejected are taken out, with the
variants made of them; a clip without any row left goes to rejected.jsonl. Pairs, exports and the card are written
anew, and the card tells how often people agreed, and how far a judge (synth --judge-model) agrees with them. Decisions
stay: the synthesis takes them over again when it is run again.

\b
Examples:
  emoreason synth review rows --apply decisions.json

\b
Exit codes: 0 taken over, 2 usage error or no such file."""


@click.command(help=_HELP)
@click.argument("folder", type=click.Path(path_type=Path), metavar="DIR", shell_complete=complete_folders)
@click.option("--apply", "file", required=True, type=click.Path(path_type=Path), metavar="FILE",
              shell_complete=complete_files, help="Decisions that the page saved.")  # fmt: skip
@json_option
@click.pass_context
def review(ctx: click.Context, folder: Path, file: Path, as_json: bool | None) -> None:
    """Take decisions over."""
    from ..data_synth.folder import held, write_synced
    from ..data_synth.manifest import renew_manifest
    from ..data_synth.reviewed import FORMAT, apply_review, read_decisions
    from ..data_synth.writing.rows import ROWS

    new = read_decisions(file)
    if not (folder / ROWS).exists():
        raise ConfigError(f"{folder}: holds no {ROWS}; expected the folder of a synthesis")
    with held(folder) as place:
        old = read_decisions(place.decisions) if place.decisions.exists() else []
        # Of two on the same the last one counts.
        every = {(one["kind"], one["id"]): one for one in (*old, *new)}
        made = place.begin(copied=True)
        outcome = apply_review(made, list(every.values()))
        renew_manifest(made)
        # Noted before the outputs change: where this ends in between, the next run takes the decisions over.
        noted = {"format": FORMAT, "decisions": [dict(one) for one in every.values()]}
        write_synced(place.decisions, json.dumps(noted))
        place.place()
    if stdout_is_json(as_json):
        print_json(json.dumps({"event": "reviewed", "out": str(folder), **asdict(outcome)}))
    else:
        for name, value in outcome.facts().items():
            print_line(printable(f"{name}: {value}"))
        print_line(
            printable(f"{outcome.removed} rows taken out, {outcome.clips} clips without a row ({folder / ROWS})")
        )
    ctx.exit(OK)
