"""``emoreason report``: pages to look at, from results that were written earlier."""

import json
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ..errors import ConfigError, RecordError
from .completion import complete_folders
from .group import EXIT_CODES, Tally
from .options import json_option
from .pages import PageOptions, page_options, show_in_browser, uri_of
from .stored import count_lines, read_failures, read_results
from .terminal import complain, meter, notice, print_json, print_line

if TYPE_CHECKING:
    from ..records import Clip
    from ..report.folder import ReportFolder

_HELP: Final = f"""Make pages to look at from the results of an earlier run, and an index over them.

DIR is a folder that `explain --out` or `explain --report` wrote. It gets index.html and pages/: self-contained files
that open in any browser and may be passed on. Nothing is analysed again. The clips are looked for where they were, in
DIR and in --media.

\b
Examples:
  emoreason report results
  emoreason report results --blur-faces
  emoreason report results --media /mnt/archive --open

{EXIT_CODES}
"""


@click.command(help=_HELP)
@click.argument("folder", metavar="DIR", shell_complete=complete_folders)
@page_options
@click.option(
    "--media", "media_folder", metavar="FOLDER", shell_complete=complete_folders, help="Where the clips are now."
)
@click.option("--open", "open_it", is_flag=True, help="Open the report in a browser.")
@json_option
@click.pass_context
def report(
    ctx: click.Context,
    folder: str,
    pages: PageOptions,
    media_folder: str | None,
    open_it: bool,
    as_json: bool | None,
) -> None:
    """Make the page of every explanation in a folder."""
    from ..cues.limits import core_count

    if pages.no_media and media_folder is not None:
        raise click.UsageError("--no-media leaves the clips out and --media says where they are: name one of them")
    if media_folder is not None and not Path(media_folder).is_dir():
        raise ConfigError(f"--media {media_folder}: there is no such folder")
    results, tally = Path(folder), Tally()
    total = count_lines(results / "explanations.jsonl")
    made = None
    try:
        with (
            meter(total, "making pages") as progress,
            pages.open(results, jobs=core_count(), done=lambda clip: progress.reach(clip, 1.0)) as made,
        ):
            make_pages(results, media_folder, made, tally)
    finally:
        if made is not None:
            tally.done, tally.failed = made.made, tally.failed + made.lost
            notice(tally.summary(total, "pages made"))
    _say_where(made, as_json)
    if open_it:
        show_in_browser(made.start)
    ctx.exit(tally.exit_code())


def make_pages(results: Path, media_folder: str | None, made: "ReportFolder", tally: Tally) -> None:
    """Have every page made that can be; ``tally`` counts the lines that cannot be read."""
    gone = 0
    for place, row in read_results(results, complain):
        if isinstance(row, RecordError):
            tally.failed += 1
            complain(place, row)
            made.fail(place, row)
        else:
            path = _find(row.cueset.clip, results, media_folder)
            gone += path is None and row.cueset.clip.path is not None
            made.add(row.explanation, row.cueset, row.curves, path=path)
    for place, message in read_failures(results):
        made.fail(place, message)
    if gone:
        notice(f"not found, so not shown: {gone} of the clips (--media FOLDER says where they are now)")


def _find(clip: "Clip", results: Path, media_folder: str | None) -> str | None:
    """Where the clip is now: where ``--media`` says, where it was, or there as seen from the results.

    Results come from anyone: outside the folders that were named, a file is only taken if they know its sha256, which
    is compared before anything of it is shown.
    """
    if clip.path is None:
        return None
    parts = [part for part in re.split(r"[/\\]", clip.path) if part not in ("", ".", "..")]
    inside = [os.path.join(*parts), parts[-1]] if parts else []
    named = [results] if media_folder is None else [Path(media_folder), results]
    candidates = [os.path.join(folder, part) for folder in named for part in inside]
    if clip.sha256 is not None:
        candidates += [clip.path, *(os.path.join(folder, clip.path) for folder in (results, results.parent))]
    return next((path for path in candidates if os.path.isfile(path)), None)


def _say_where(made: "ReportFolder", as_json: bool | None) -> None:
    if not sys.stdout.isatty() if as_json is None else as_json:
        summary = {
            "report": uri_of(made.start),
            "index": str(made.index),
            "pages": made.made,
            "lost": made.lost,
            "failed": made.failed,
        }
        print_json(json.dumps(summary, ensure_ascii=False))
    else:
        print_line(uri_of(made.start))
