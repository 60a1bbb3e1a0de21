"""What both verbs of ``emoreason eval`` do between reading and writing: choose suites, make controls, run."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from ..errors import ConfigError
from .eval_inputs import Inputs, tell_problems
from .eval_options import EvalOptions
from .eval_outputs import check_out, deliver
from .rewards import own_stdout
from .terminal import meter, notice
from .train_quiet import quiet_libraries

if TYPE_CHECKING:
    from ..eval.outcome import EvalReport, System
    from ..eval.suite import SuiteSettings

_PROGRAMS: Final = ("emoreason", "emoreason.exe", "__main__.py")


def evaluate(ctx: click.Context, inputs: Inputs, options: EvalOptions, *, compare: bool) -> None:
    """Score what was read, and write it; ends with the exit code."""
    suites, left_out = chosen_suites(inputs, options)
    if options.dry_run:
        from .eval_dry_run import tell

        tell(inputs, options, suites, left_out)
        return
    if not suites:
        raise ConfigError("no suite fits these files: " + "; ".join(f"{name}: {why}" for name, why in left_out.items()))
    if not options.suite:
        notice(f"suites that fit: {', '.join(suites)} (emoreason eval suites lists all)")
    folder = check_out(options.out)
    with ExitStack() as stack:
        settings = stack.enter_context(suite_settings(options))
        stack.enter_context(own_stdout())
        stack.enter_context(quiet_libraries())
        report = _run(inputs, options, suites, settings, compare=compare, command=_command())
    deliver(report, folder, as_json=options.as_json, told=inputs.notes)
    inputs.tally.done = sum(len(system.predictions) for system in inputs.systems)
    ctx.exit(inputs.tally.exit_code())


def chosen_suites(inputs: Inputs, options: EvalOptions) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the suites that were asked for, else those that fit; and why the others do not."""
    from ..eval.catalogue import fitting_suites
    from ..eval.suite import suite_named

    if options.suite:
        for name in options.suite:
            with own_stdout():
                suite_named(name)
        return tuple(dict.fromkeys(options.suite)), {}
    if inputs.from_label_files:
        return ("mer-unibench",), {}
    choice = fitting_suites(inputs.golds, inputs.predictions(), judge=options.judge_model is not None)
    return choice.fitting, dict(choice.left_out)


@contextmanager
def suite_settings(options: EvalOptions) -> "Iterator[SuiteSettings]":
    """Give what the suites are told, with the judge where one was named."""
    from ..eval.suite import SuiteSettings

    told: dict[str, Any] = {"tables": options.tables, "language": options.language, "seed": options.seed}
    if options.judge_model is None:
        if options.judge_url is not None:
            raise ConfigError("--judge-url names no model, and a judge is pinned: name it with --judge-model")
        yield SuiteSettings(**told)
        return
    from ..eval.judging.judge import Judge
    from ..reasoning.engines.openai.address import find_address

    key_file = Path(options.judge_key_file) if options.judge_key_file else None
    judge = Judge.at(find_address(options.judge_url).url, options.judge_model, key_file=key_file)
    try:
        yield SuiteSettings(**told, ask=judge, judge=options.judge_model)
    finally:
        judge.close()


def _run(
    inputs: Inputs,
    options: EvalOptions,
    suites: Sequence[str],
    settings: "SuiteSettings",
    *,
    compare: bool,
    command: Sequence[str],
) -> "EvalReport":
    from ..eval.manifest import manifest_of
    from ..eval.run import RunOptions, run_suites

    files = list(inputs.files) + ([("train-gold", Path(options.train_gold))] if options.train_gold else [])
    manifest = manifest_of(
        files,
        seed=options.seed,
        resamples=options.resamples,
        level=0.95,
        settings={"tables": options.tables, "language": options.language, "judge": options.judge_model},
        command=command,
    )
    systems = [*inputs.systems, *(_controls(inputs, options, settings) if options.controls else ())]
    with meter(1, "scoring") as progress:
        return run_suites(
            inputs.golds,
            systems,
            suites,
            settings,
            RunOptions(
                resamples=options.resamples,
                seed=options.seed,
                by=options.by,
                compare=compare,
                must_fit=bool(options.suite),
            ),
            manifest=manifest,
            notes=inputs.notes,
            reach=lambda name, share: progress.reach(name, share / len(suites)),
        )


def _controls(inputs: Inputs, options: EvalOptions, settings: "SuiteSettings") -> "list[System]":
    from ..eval.controls.systems import control_systems
    from ..eval.reading.gold import read_gold

    train = None
    if options.train_gold is not None:
        read = read_gold(
            options.train_gold,
            speaker=options.speaker,
            valence_scale=options.valence_scale,
            language=options.language,
        )
        tell_problems(options.train_gold, read.problems, inputs.tally)
        train = read.golds
    return control_systems(inputs.golds, inputs.systems, settings, train=train)


def _command() -> list[str]:
    """Return the command line as it was given; empty where it was called from a program."""
    return ["emoreason", *sys.argv[1:]] if Path(sys.argv[0]).name in _PROGRAMS else []
