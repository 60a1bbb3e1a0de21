"""``emoreason explain``: the emotion clips express, and the moment behind every claim."""

import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import click

from ..errors import ConfigError, EmoreasonError
from .aids import AidOptions, aid_options
from .asking import Asking, open_engine
from .completion import complete_folders
from .engine_options import EngineOptions, engine_options
from .extraction import MediaOptions, media_options, select
from .group import EXIT_CODES, Tally
from .grouped import GroupedCommand
from .inputs import Input
from .options import (
    Question,
    clips_argument,
    cues_option,
    json_option,
    offline_option,
    purpose_option,
    question_options,
)
from .pages import DEFAULT_FOLDER, PageOptions, page_jobs, page_options, uri_of
from .results import written
from .sinks import Sink, open_sinks
from .terminal import Meter, check_purpose, complain, meter, notice, print_line

if TYPE_CHECKING:
    from ..records import Explanation
    from ..report.folder import ReportFolder

_HELP: Final = f"""Explain the emotion that clips express, with the moment behind every claim.

A CLIP is a video, an audio file, a picture, a folder (searched through) or a pattern. On a terminal you get readable
text; when piped, or with --json, one Explanation per line (JSON Lines). Progress and notices go to stderr, results
alone to stdout. One broken file does not stop the rest.

\b
Examples:
  emoreason explain clip.mp4 --purpose research
  emoreason explain interviews/ --out results
  emoreason explain clip.mp4 --report
  emoreason explain take.wav --transcript take.txt --compounds
  emoreason explain clip.mp4 --json | jq .labels
  emoreason cues clip.mp4 | emoreason explain --cues -
  emoreason explain clip.mp4 --engine openai --url http://127.0.0.1:8000/v1
  emoreason explain clip.mp4 --engine transformers --model ./Qwen3-VL-2B --describe-scene
  emoreason explain clip.mp4 --engine mine.py:MyEngine

{EXIT_CODES}
"""


@click.command(cls=GroupedCommand, help=_HELP)
@clips_argument
@cues_option
@engine_options
@aid_options
@question_options
@media_options
@click.option(
    "--out",
    metavar="DIR",
    shell_complete=complete_folders,
    help="Also write explanations.jsonl, cues.jsonl and errors.jsonl there.",
)
@click.option(
    "--report",
    "with_report",
    is_flag=True,
    help=f"Also make a page per clip to look at, and an index, in --out's DIR or {DEFAULT_FOLDER}/.",
)
@page_options
@json_option
@purpose_option
@offline_option
@click.option("--dry-run", is_flag=True, help="List what would be explained, and do nothing.")
@click.pass_context
def explain(
    ctx: click.Context,
    clips: tuple[str, ...],
    cue_files: tuple[str, ...],
    engine: EngineOptions,
    aids: AidOptions,
    question: Question,
    media: MediaOptions,
    out: str | None,
    with_report: bool,
    pages: PageOptions,
    as_json: bool | None,
    purpose: str | None,
    dry_run: bool,
) -> None:
    """Explain clips or cue lines, in order."""
    if (pages.blur_faces or pages.no_media) and not with_report:
        raise click.UsageError("--blur-faces and --no-media are about the pages of a report: add --report")
    chosen = select(clips, cue_files, media)
    check_purpose(purpose)
    if dry_run:
        _list(engine, [*chosen.clips, *chosen.cue_files])
        return
    total = chosen.total
    tally = Tally()
    report = None
    with open_engine(engine, aids, question, media.limits()) as asking:
        if with_report:
            out = out or DEFAULT_FOLDER
            report = pages.open(out, jobs=page_jobs(media.jobs), limits=media.limits())
        try:
            with (
                meter(len(chosen.clips), "explaining") as progress,
                open_sinks(out, as_json, many=total != 1, report=report, language=question.language) as sinks,
            ):
                _explain_all(chosen.inputs(media, progress), asking, sinks, progress, tally)
        finally:
            if not isinstance(sys.exception(), ConfigError) or tally.done + tally.failed:
                _sum_up(tally, total, out, report)
    ctx.exit(tally.exit_code())


def _explain_all(inputs: Iterable[Input], asking: Asking, sinks: Sequence[Sink], progress: Meter, tally: Tally) -> None:
    for source in inputs:
        try:
            asked = asking.described(source)
            explanation = asking.explained(asked)
            with progress.paused():
                _write(asked, explanation, sinks)
        except EmoreasonError as error:
            tally.failed += 1
            complain(source.place, error)
            for sink in sinks:
                sink.miss(source.place, error)
        else:
            tally.done += 1
        progress.reach(source.name, 1.0)


def _write(source: Input, explanation: "Explanation", sinks: Sequence[Sink]) -> None:
    with written("its explanation"):
        for sink in sinks:
            sink.take(source, explanation)


def _sum_up(tally: Tally, total: int, out: str | None, report: "ReportFolder | None") -> None:
    if tally.failed or tally.done == 0 or out is not None:
        where = f"; see {out}" if out is not None and tally.done + tally.failed else ""
        notice(tally.summary(total, "explained") + where)
    if report is not None and (report.made or report.lost or report.failed):
        tally.lost = report.lost
        if report.start.is_file():
            notice(f"report: {uri_of(report.start)}")


def _list(engine: EngineOptions, names: Sequence[str]) -> None:
    engine.check()
    for name in names:
        print_line(name)
    model = "" if engine.model is None else f" ({engine.model})"
    notice(f"dry run: {len(names)} would be explained by {engine.engine}{model}")
