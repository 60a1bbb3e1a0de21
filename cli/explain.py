"""``emoreason explain``: the emotion clips express, and the moment behind every claim."""

import sys
import traceback
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

import click

from ..errors import ConfigError, EmoreasonError
from .completion import complete_folders, complete_names, engines
from .extraction import MediaOptions, media_options, select
from .group import EXIT_CODES, Tally
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
    from ..reasoning.engines import Engine
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
  emoreason explain clip.mp4 --engine mine.py:MyEngine

{EXIT_CODES}
"""


@click.command(help=_HELP)
@clips_argument
@cues_option
@click.option(
    "--engine",
    "engine_name",
    default="evidence",
    show_default=True,
    metavar="NAME",
    shell_complete=complete_names(engines, or_files=True),
    help="What reasons: evidence (needs no GPU), package.module:Class or file.py:Class.",
)
@click.option(
    "--weights",
    type=click.Choice(["fitted", "literature"]),
    envvar="EMOREASON_WEIGHTS",
    show_envvar=True,
    help="Of the evidence engine: fitted on research-only annotations (default), or published FACS tables alone.",
)
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
    engine_name: str,
    weights: str | None,
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
    from ..reasoning.engines import load_engine

    if (pages.blur_faces or pages.no_media) and not with_report:
        raise click.UsageError("--blur-faces and --no-media are about the pages of a report: add --report")
    chosen = select(clips, cue_files, media)
    check_purpose(purpose)
    engine = load_engine(engine_name, weights=weights)
    if dry_run:
        _list(engine, [*chosen.clips, *chosen.cue_files])
        return
    total = chosen.total
    tally = Tally()
    report = None
    if with_report:
        out = out or DEFAULT_FOLDER
        report = pages.open(out, jobs=page_jobs(media.jobs), limits=media.limits())
    try:
        with (
            meter(len(chosen.clips), "explaining") as progress,
            open_sinks(out, as_json, many=total != 1, report=report, language=question.language) as sinks,
        ):
            _explain_all(chosen.inputs(media, progress), engine, question, sinks, progress, tally)
    finally:
        if not isinstance(sys.exception(), ConfigError) or tally.done + tally.failed:
            _sum_up(tally, total, out, report)
    ctx.exit(tally.exit_code())


def _explain_all(
    inputs: Iterable[Input],
    engine: "Engine",
    question: Question,
    sinks: Sequence[Sink],
    progress: Meter,
    tally: Tally,
) -> None:
    for source in inputs:
        try:
            explanation = _explained(source, engine, question)
            with progress.paused():
                _write(source, explanation, sinks)
        except EmoreasonError as error:
            tally.failed += 1
            complain(source.place, error)
            for sink in sinks:
                sink.miss(source.place, error)
        else:
            tally.done += 1
        progress.reach(source.name, 1.0)


def _explained(source: Input, engine: "Engine", question: Question) -> "Explanation":
    from ..reasoning.explain import explain_cues

    cueset = source.cueset
    try:
        return explain_cues(
            cueset, engine, preset=question.preset, language=question.language, compounds=question.compounds
        )
    except EmoreasonError:
        raise
    except Exception as error:  # a plug-in's own mistake costs one input, and says where it is
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{last.filename}:{last.lineno}"
        raise EmoreasonError(f"engine {engine.name} broke: {type(error).__name__}: {error} ({place})") from error


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


def _list(engine: "Engine", names: Sequence[str]) -> None:
    for name in names:
        print_line(name)
    notice(f"dry run: {len(names)} would be explained by {engine.name} ({engine.model})")
