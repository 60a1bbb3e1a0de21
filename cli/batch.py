"""``emoreason batch``: explain many clips; the same command goes on after any end."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from .aids import AidOptions, SharedEngine, aid_options
from .batch_checks import checked_tables, extractors_of, refuse_single, scorers, with_imported
from .batch_dry_run import Rows, foresee
from .batch_progress import following
from .batch_summary import count_line, show_summary
from .completion import complete_files, complete_folders, complete_names
from .engine_options import EngineOptions, engine_options
from .extraction import MediaOptions, fetch_missing_models, media_options
from .group import OK, Tally
from .grouped import GroupedCommand
from .options import Question, json_option, offline_option, purpose_option, question_options
from .pages import PageOptions, page_options, uri_of
from .report import make_pages
from .rewards import own_stdout, targets
from .terminal import check_purpose, meter, notice, print_json, print_line

if TYPE_CHECKING:
    from ..reasoning.batch.events import Totals
    from ..reasoning.batch.plan import Plan
    from ..reasoning.batch.row import Row

_HELP: Final = """Explain many clips. The same command goes on where it ended, whatever ended it.

A SOURCE is a folder (searched through), a pattern, a clip, or a manifest: CSV, TSV, JSON Lines, Parquet, or requests of
OpenAI's batch format. A manifest has a column path (of a clip, as seen from the manifest) or cues, and if you like id,
transcript, context and sex; what else it holds is passed over and said.

DIR gets explanations.jsonl and errors.jsonl. Each input ends up in one of them, once, also when the run is killed and
started again. When all are done, explanations.parquet, cues.jsonl and summary.json are made of them. A folder goes on
with the options it was begun with; a run with others is refused.

\b
Examples:
  emoreason batch clips/ --out results --purpose research
  emoreason batch clips.csv --out results --engine openai --url http://127.0.0.1:8000/v1
  emoreason batch clips.csv --out results --dry-run          what it will take, what is missing
  emoreason batch clips.csv --out results --retry-failed     what failed, once more
  emoreason batch clips.csv --out results/$I --shard $I/8    one of eight jobs
  emoreason batch labelled.jsonl --out results --score wheel --score grounding
  emoreason batch interviews/ --out results --report

\b
Exit codes:
  0    every input is done, well or badly; the last line counts them
  2    usage or configuration error, or a refused purpose
  3    it could not go on (disk full, engine gone); the same command goes on
  70   a bug in emoreason (EMOREASON_DEBUG=1 shows where)
  130  interrupted; the same command goes on"""


@click.command(cls=GroupedCommand, help=_HELP)
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...", shell_complete=complete_files)
@click.option("--out", required=True, metavar="DIR", shell_complete=complete_folders, help="Where results go.")
@click.option("--retry-failed", is_flag=True, help="Take up again what failed before.")
@click.option("--shard", metavar="I/N", help="Only part I of N, for job arrays; each part needs its own --out.")
@click.option(
    "--ray",
    is_flag=False,
    flag_value="local",
    metavar="[ADDRESS]",
    help="Run as Ray Data, on this machine or the cluster at ADDRESS (extra scale).",
)
@click.option(
    "--cache",
    metavar="DIR",
    shell_complete=complete_folders,
    help="Keep cues and replies there, for several batches. [default: in --out]",
)
@click.option("--dry-run", is_flag=True, help="Say what there is to do, what it will take and what is missing.")
@engine_options
@aid_options
@question_options
@click.option(
    "--score",
    "scores",
    multiple=True,
    metavar="NAME",
    shell_complete=complete_names(targets, or_files=True),
    help="Score the answers: a reward (wheel, grounding …) or a preset of the blend; labels come from the manifest.",
)
@media_options
@click.option("--report", "with_report", is_flag=True, help="Also make a page per clip to look at, and an index.")
@page_options
@json_option
@purpose_option
@offline_option
@click.pass_context
def batch(
    ctx: click.Context,
    sources: tuple[str, ...],
    out: str,
    retry_failed: bool,
    shard: str | None,
    ray: str | None,
    cache: str | None,
    dry_run: bool,
    engine: EngineOptions,
    aids: AidOptions,
    question: Question,
    scores: tuple[str, ...],
    media: MediaOptions,
    with_report: bool,
    pages: PageOptions,
    as_json: bool | None,
    purpose: str | None,
) -> None:
    """Run a batch, or say what it would do."""
    from ..reasoning.batch.manifest import read_manifest
    from ..reasoning.batch.plan import Shard

    if (pages.blur_faces or pages.no_media) and not with_report:
        raise click.UsageError("--blur-faces and --no-media are about the pages of a report: add --report")
    check_purpose(purpose)
    refuse_single(media)
    folder, part = Path(out), None if shard is None else Shard.read(shard)

    def rows(say: Callable[[str], None], spool: Path) -> "Iterator[Row]":
        found = read_manifest(sources, say=say, references=bool(scores), spool=spool, leave_out=folder)
        return checked_tables(found, media)

    if dry_run:
        foresee(rows, engine, question, media, part, ray=ray is not None, as_json=as_json)
        return
    plan = _plan(engine, aids, question, media, scores, folder, None if cache is None else Path(cache))
    plan = replace(plan, retry_failed=retry_failed, shard=part)
    totals = _run(rows, folder, plan, ray, as_json)
    _finish(folder, plan, totals, pages if with_report else None, as_json)
    ctx.exit(OK)


def _plan(
    options: EngineOptions,
    aids: AidOptions,
    question: Question,
    media: MediaOptions,
    scores: tuple[str, ...],
    out: Path,
    cache: Path | None,
) -> "Plan":
    from ..reasoning.batch.plan import Plan
    from ..reasoning.batch.run import STATE_FOLDER

    engine = SharedEngine(options)
    scenes = (cache or out / STATE_FOLDER) / "scenes"
    aid = aids.load(engine, language=question.language, limits=media.limits(), cache=scenes)
    return Plan(
        engine=engine,
        parameters=options.parameters() | aid.parameters,
        preset=question.preset,
        language=question.language,
        compounds=question.compounds,
        settings=media.settings(),
        extractors=extractors_of(media),
        limits=media.limits(),
        jobs=media.jobs,
        describe=aid.describe,
        demonstrate=aid.demonstrate,
        scorers=scorers(scores),
        cache=cache,
    )


def _run(rows: Rows, out: Path, plan: "Plan", ray: str | None, as_json: bool | None) -> "Totals":
    """Work on what is not done yet."""
    from ..reasoning.batch.run import STATE_FOLDER, run_batch

    # What an engine or a plug-in prints must not end up between the results.
    with own_stdout(), following(as_json) as teller:
        fetch_missing_models(with_imported(plan))
        found = rows(teller.notice, out / STATE_FOLDER / "inputs")
        try:
            if ray is None:
                return run_batch(found, out, plan, on_event=teller)
            from ..reasoning.batch.ray import run_on_ray

            return run_on_ray(found, out, plan, address=ray, on_event=teller)
        except KeyboardInterrupt:
            if teller.totals is not None:
                teller.notice(f"{count_line(teller.totals, out)}; the same command goes on")
            raise


def _finish(out: Path, plan: "Plan", totals: "Totals", pages: PageOptions | None, as_json: bool | None) -> None:
    """Make tables, summary and pages of the results; the last line counts them."""
    from ..reasoning.batch.export import export_results

    summary = export_results(out, totals, cache=plan.cache).to_json(totals)
    if pages is not None:
        _report(out, pages, totals)
    if as_json:
        print_json(json.dumps(summary, ensure_ascii=False))
    else:
        show_summary(summary)
        print_line(count_line(totals, out))


def _report(out: Path, pages: PageOptions, totals: "Totals") -> None:
    """Make the pages, as ``emoreason report`` does."""
    from ..cues.limits import core_count

    tally = Tally()
    with (
        meter(totals.done, "making pages") as progress,
        pages.open(out, jobs=core_count(), done=lambda clip: progress.reach(clip, 1.0)) as report,
    ):
        make_pages(out, None, report, tally)
    notice(f"report: {uri_of(report.start)}")
