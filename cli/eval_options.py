"""Options that ``emoreason eval score`` and ``emoreason eval compare`` share."""

from dataclasses import dataclass
from typing import Final

import click

from .completion import complete_files, complete_folders, complete_names
from .options import gathered_into


@dataclass(frozen=True, slots=True, kw_only=True)
class EvalOptions:
    """What the user asked of an evaluation."""

    gold: tuple[str, ...]
    suite: tuple[str, ...]
    out: str | None
    as_json: bool
    tables: str | None
    language: str
    resamples: int
    seed: int
    by: tuple[str, ...]
    speaker: str | None
    valence_scale: float | None
    cues: str | None
    controls: bool
    train_gold: str | None
    judge_url: str | None
    judge_model: str | None
    judge_key_file: str | None
    dry_run: bool


def suite_names() -> list[str]:
    """Name the suites."""
    from ..eval.suite import SUITES

    return list(SUITES)


_GOLD: Final = click.option(
    "--gold",
    metavar="FILE",
    multiple=True,
    required=True,
    shell_complete=complete_files,
    help="What is known of the clips: .jsonl, .csv, .tsv or .parquet with a column clip. For mer-unibench: official "
    "label files, as SET=FILE, or the folder they are in.",
)
_OPTIONS: Final = (
    _GOLD,
    click.option(
        "--suite",
        metavar="NAME",
        multiple=True,
        shell_complete=complete_names(suite_names, or_files=True),
        help="What to measure, or your own as file.py:function. [default: every suite that fits the files]",
    ),
    click.option(
        "--out",
        metavar="DIR",
        shell_complete=complete_folders,
        help="Write report.json, report.html, report.md and report.tex there.",
    ),
    click.option("--json", "as_json", is_flag=True, help="The report as JSON on stdout, without single clips."),
    click.option(
        "--tables",
        type=click.Choice(["v2025", "v2026", "mended"]),
        help="Wheel tables. [default: those a benchmark is published with]",
    ),
    click.option("--language", type=click.Choice(["en", "zh"]), default="en", show_default=True, help="Of the texts."),
    click.option(
        "--resamples",
        type=click.IntRange(100, 1_000_000),
        default=2000,
        show_default=True,
        help="Bootstrap drawings, and permutations of a test.",
    ),
    click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of everything drawn."),
    click.option("--by", metavar="COLUMN", multiple=True, help="Column of the gold to make subgroups of."),
    click.option(
        "--speaker",
        metavar="COLUMN",
        help="Column of the gold that says who speaks: clips of one speaker are drawn together. [default: speaker]",
    ),
    click.option(
        "--valence-scale",
        type=click.FloatRange(min=0, min_open=True),
        metavar="N",
        help="Valence and arousal of the gold go from -N to N (3 for MOSI, 5 for MER). [default: 1]",
    ),
    click.option(
        "--cues",
        metavar="FILE",
        shell_complete=complete_files,
        help="Cues of the clips, as emoreason cues writes them, for grounding. [default: those beside PREDICTIONS]",
    ),
    click.option(
        "--controls/--no-controls",
        default=True,
        show_default=True,
        help="Score predictions that never looked at the clip as well: majority, a constant list, shuffled …",
    ),
    click.option(
        "--train-gold",
        metavar="FILE",
        shell_complete=complete_files,
        help="Gold of training clips, for the controls that learn. [default: the gold itself, and the report says so]",
    ),
    click.option("--judge-url", metavar="URL", help="Server of the judge (OpenAI's protocol), for suites with one."),
    click.option("--judge-model", metavar="NAME", help="Model of the judge; it is pinned."),
    click.option(
        "--judge-key-file",
        metavar="FILE",
        shell_complete=complete_files,
        help="File that holds the server's key alone. [env: EMOREASON_API_KEY, OPENAI_API_KEY hold the key itself]",
    ),
    click.option("--dry-run", is_flag=True, help="Say what would be scored by what, and what is missing."),
)

eval_options = gathered_into(EvalOptions, "options", _OPTIONS)
