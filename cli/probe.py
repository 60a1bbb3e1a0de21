"""``emoreason probe``: what an engine's answers depend on."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from ..errors import ConfigError
from .completion import complete_files, complete_folders, complete_names
from .engine_options import EngineOptions, engine_options
from .group import NOTHING_DONE, OK, SOME_FAILED
from .grouped import GroupedCommand
from .options import purpose_option
from .probe_inputs import ProbeInputs, read_probe_inputs
from .results import written
from .rewards import own_stdout
from .terminal import check_purpose, meter, notice, print_json, print_line, printable

if TYPE_CHECKING:
    from ..eval.probes import ProbeReport, ProbeSettings
    from ..eval.probing.settings import FindLeak

_HELP: Final = """Change what an engine is given, ask again, and measure what becomes of its answers.

PROBE is one or more of those that --list shows, package.module:function or file.py:function; all of them by default.
Each gives effects with intervals, and one plain sentence of what they mean; what cannot be measured says so.

Answers are kept in --out's DIR: the same command goes on where it ended and asks nothing twice.

\b
Examples:
  emoreason probe cited proxy --input cues.jsonl
  emoreason probe --input cues.jsonl --gold labels.csv --out probes
  emoreason probe filler think-direct --input cues.jsonl --engine openai --limit 50
  emoreason probe vignettes --engine transformers --model ./Qwen3-VL-2B
  emoreason probe leakage --input cues.jsonl --gold labels.csv
  emoreason probe counterfactuals --counterfactuals probes/counterfactuals.jsonl
  emoreason probe --list

\b
Exit codes: 0 measured, 1 some inputs or answers failed, 2 usage or configuration error, 3 nothing could be measured."""


def _names() -> list[str]:
    from ..eval.probes import PROBES

    return list(PROBES)


@click.command(cls=GroupedCommand, help=_HELP)
@click.argument("probes", nargs=-1, metavar="[PROBE]...", shell_complete=complete_names(_names, or_files=True))
@click.option(
    "--input",
    "inputs",
    metavar="FILE",
    multiple=True,
    shell_complete=complete_files,
    help="Lines of cues (one CueSet per line, as `emoreason cues` writes them) or a folder of results; - is stdin. "
    "Without it: the cues that --gold holds.",
)
@click.option("--gold", metavar="FILE", shell_complete=complete_files, help="What is known of the clips.")
@click.option("--speaker", metavar="COLUMN", help="Column of --gold: clips of one speaker are drawn together.")
@click.option(
    "--by", metavar="COLUMN", multiple=True, help="Column of --gold that makes subgroups. [default: all that can]"
)
@click.option(
    "--vignettes",
    metavar="FILE",
    shell_complete=complete_files,
    help="Situations for the probe vignettes (id, emotion, en, zh), as `emoreason synth vignettes` writes them. "
    "[default: the package's own]",
)
@click.option(
    "--counterfactuals",
    metavar="FILE",
    shell_complete=complete_files,
    help="Pairs of clips for the probe counterfactuals, as `emoreason synth vignettes --input` writes them.",
)
@engine_options
@click.option("--preset", default="explain", show_default=True, metavar="NAME", help="Which prompt.")
@click.option("--language", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Of the prompt.")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Only so many clips, drawn by --probe-seed.")
@click.option(
    "--most-cues",
    type=click.IntRange(min=1),
    default=8,
    show_default=True,
    metavar="N",
    help="Cues of each kind dropped one by one in a clip.",
)
@click.option("--media", is_flag=True, help="Let the model see the clips: what is dropped can still be seen then.")
@click.option(
    "--resamples", type=click.IntRange(min=1), default=2000, show_default=True, metavar="N", help="For the intervals."
)
@click.option("--probe-seed", type=click.INT, default=0, show_default=True, metavar="N", help="Of all that is drawn.")
@click.option(
    "--out",
    metavar="DIR",
    shell_complete=complete_folders,
    help="Write probes.json, probes.html and answers.jsonl there.",
)
@click.option("--json", "as_json", is_flag=True, help="The whole report as one JSON object on stdout.")
@click.option("--dry-run", is_flag=True, help="Say what would be asked, and ask nothing.")
@click.option("--list", "as_list", is_flag=True, help="List the probes and what each needs.")
@purpose_option
@click.pass_context
def probe(
    ctx: click.Context,
    probes: tuple[str, ...],
    inputs: tuple[str, ...],
    gold: str | None,
    speaker: str | None,
    by: tuple[str, ...],
    vignettes: str | None,
    counterfactuals: str | None,
    engine: EngineOptions,
    preset: str,
    language: str,
    limit: int | None,
    most_cues: int,
    media: bool,
    resamples: int,
    probe_seed: int,
    out: str | None,
    as_json: bool,
    dry_run: bool,
    as_list: bool,
    purpose: str | None,
) -> None:
    """Probe an engine."""
    if as_list:
        _list()
        return
    from ..eval.probes import PROBES, ProbeSettings, probe_named

    names = probes or tuple(PROBES)
    for name in names:
        probe_named(name)
    _check_needs(names, inputs, gold)
    check_purpose(purpose)
    engine.check()
    given = read_probe_inputs(inputs, gold, speaker=speaker, language=language, limit=limit, seed=probe_seed, by=by)
    settings = ProbeSettings(
        seed=probe_seed,
        resamples=resamples,
        preset=preset,
        language=language,
        most_cues=most_cues,
        by=by,
        media=media,
        vignettes=vignettes,
        counterfactuals=counterfactuals,
        find_leak=_leak_finder(preset, language),
    )
    if dry_run:
        _foresee(names, given, engine, settings)
        return
    report, failed = _run(names, given, engine, settings, out)
    _show(report, out, as_json=as_json)
    measured = any(result.effects for result in report.results)
    ctx.exit(NOTHING_DONE if not measured else SOME_FAILED if given.failed or failed else OK)


def _list() -> None:
    from ..eval.probes import PROBES

    needs = {
        "engine": "clips and an engine",
        "model": "clips and a language model",
        "gold": "clips, an engine and --gold",
        "pairs": "an engine and --counterfactuals",
        "nothing": "clips; --gold for labels",
    }
    for name, known in PROBES.items():
        own = known.needs == "engine" and not known.cues
        print_line(f"{name:<15} {known.about} [{'an engine' if own else needs[known.needs]}]")


def _check_needs(names: tuple[str, ...], inputs: tuple[str, ...], gold: str | None) -> None:
    from ..eval.probes import PROBES

    needy = [name for name in names if name not in PROBES or PROBES[name].cues]
    if needy and not inputs and gold is None:
        raise click.UsageError(f"{needy[0]} works on clips: give their cues with --input FILE, or a --gold with cues")


def _leak_finder(preset: str, language: str) -> "FindLeak":
    """Lint of gold labels in prompts, as training rows have it."""
    from dataclasses import replace

    from ..records import CueSet, Reference, TrainingRow
    from ..training.rows.leaks import find_leak
    from ..training.rows.prompts import Prompts

    prompts = Prompts()

    def find(cueset: CueSet, reference: Reference) -> tuple[str, str, str] | None:
        known = replace(reference, cueset=None)
        row = TrainingRow(id=cueset.clip.id, cueset=cueset, reference=known, preset=preset, language=language)
        found = find_leak(row, prompts.whole(row))
        return None if found is None else (found.kind, found.word, found.place)

    return find


def _foresee(names: tuple[str, ...], given: ProbeInputs, engine: EngineOptions, settings: "ProbeSettings") -> None:
    from ..eval.probes import PROBES, most_requests

    for name in names:
        known = PROBES.get(name)
        about = known.about if known is not None else "a probe of your own"
        missing = {"gold": not given.golds, "pairs": settings.counterfactuals is None}
        if known is not None and missing.get(known.needs):
            about = f"not measured without --{'gold' if known.needs == 'gold' else 'counterfactuals'}"
        print_line(f"{name:<15} {about}")
    most = most_requests(names, len(given.cuesets), settings)
    model = "" if engine.model is None else f" ({engine.model})"
    notice(f"dry run: {len(given.cuesets)} clips, at most {most} requests to {engine.engine}{model}")


def _run(
    names: tuple[str, ...], given: ProbeInputs, options: EngineOptions, settings: "ProbeSettings", out: str | None
) -> "tuple[ProbeReport, int]":
    from ..eval.manifest import manifest_of
    from ..eval.probes import PROBES, Trial, most_requests, run_probes
    from ..eval.probing.asking import Asker

    folder = None if out is None else _folder(out)
    stimuli = (("vignettes", settings.vignettes), ("counterfactuals", settings.counterfactuals))
    manifest = manifest_of(
        (*given.files, *((role, file) for role, file in stimuli if file is not None)),
        seed=settings.seed,
        resamples=settings.resamples,
        level=settings.level,
        settings={"probes": list(names), "engine": options.parameters(), **settings.to_dict(), "clips": given.clips},
        command=["emoreason", *sys.argv[1:]],
    )
    asks = any(name not in PROBES or PROBES[name].needs != "nothing" for name in names)
    total = most_requests(names, len(given.cuesets), settings)
    with meter(total, "asking", of="requests") as progress, own_stdout():
        if not asks:
            return run_probes(Trial(given.cuesets, given.golds, None, settings), names, manifest=manifest), 0
        engine = options.load()
        try:
            memory = None if folder is None else folder / "answers.jsonl"
            identity = json.dumps(options.parameters(), sort_keys=True)
            with Asker(engine, identity=identity, memory=memory) as asker:
                asker.step = lambda: progress.reach(str(asker.asked), 1.0)
                report = run_probes(Trial(given.cuesets, given.golds, asker, settings), names, manifest=manifest)
                return report, asker.failed
        finally:
            if callable(close := getattr(engine, "close", None)):
                close()


def _folder(out: str) -> Path:
    folder = Path(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"--out {out}: cannot be written: {error.strerror or error}") from error
    return folder


def _show(report: "ProbeReport", out: str | None, *, as_json: bool) -> None:
    from ..report.evaluation.page import render_evaluation

    value = report.to_dict()
    if out is not None:
        with written("the report"):
            text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=1)
            (Path(out) / "probes.json").write_text(f"{text}\n", encoding="utf-8")
            (Path(out) / "probes.html").write_text(render_evaluation(value), encoding="utf-8")
        notice(f"see {Path(out) / 'probes.html'}")
    if as_json:
        print_json(json.dumps(value, ensure_ascii=False, allow_nan=False))
        return
    for result in report.results:
        print_line(f"{result.probe}: {printable(result.sentence)}")
        for effect in result.effects:
            shown = str(effect.interval) if effect.known else "not measured"
            print_line(f"  {effect.name:<45} {shown}  {effect.of}, n={effect.interval.n_clips}")
        for note in result.notes:
            print_line(f"  {printable(note)}")
    print_line(value["notice"])
