"""The flags of ``emoreason synth``, in groups."""

from pathlib import Path
from typing import Final

import click

from ..data_synth.draft import MODES, STYLES
from .completion import complete_files, complete_folders, complete_names
from .options import Decorator

_COUNT: Final = click.IntRange(min=1)
_ANY_COUNT: Final = click.IntRange(min=0)
_SHARE: Final = click.FloatRange(0, 1)
_PATH: Final = click.Path(path_type=Path)
_PARTS: Final = 3


def _numbers(_: click.Context, __: click.Parameter, value: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"{value!r}; expected numbers between commas, such as 0,0.7,1") from None


def _shares(_: click.Context, __: click.Parameter, value: str) -> tuple[float, ...]:
    try:
        parts = tuple(float(part) for part in value.split("/"))
    except ValueError:
        parts = ()
    if len(parts) != _PARTS:
        raise click.BadParameter(f"{value!r}; expected shares of train, dev and test, such as 80/10/10")
    return parts


def _limits(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    return tuple(_limit(value) for value in values)


def _limit(text: str) -> tuple[str, float]:
    name, _, value = text.partition("=")
    try:
        return name.strip().replace("-", "_"), float(value)
    except ValueError:
        raise click.BadParameter(f"{text!r}; expected NAME=NUMBER, such as unverifiable=0.5") from None


def _layouts() -> list[str]:
    from ..data_synth.read import LAYOUTS

    return list(LAYOUTS)


def _presets() -> list[str]:
    from ..training.settings.reading import presets

    return [name for name in presets() if name.endswith("sft")]


INPUT: Final[tuple[Decorator, ...]] = (
    click.option(
        "--input", "sources", multiple=True, metavar="FILE", shell_complete=complete_files,
        help="Labelled clips; several files are one input. A file of cues (emoreason cues) gives the cues of clips "
        "that the others only name.",
    ),
    click.option(
        "--layout", metavar="NAME", shell_complete=complete_names(_layouts),
        help="Of all files: bundles, emer, meld, merr, raf or rows. [default: told by the columns]",
    ),
    click.option("--source", metavar="NAME", help="Name of the data set, for lines that say none."),
    click.option(
        "--text-language", type=click.Choice(["en", "zh"]), default="en", show_default=True,
        help="Of texts that a file has in several languages.",
    ),
)  # fmt: skip

WRITING: Final[tuple[Decorator, ...]] = (
    click.option(
        "--mode", type=click.Choice(MODES),
        help="Who sees the label. template: sentences around it, no engine. label-blind: the engine never sees it, and "
        "what arrives there by itself is kept. label-hidden-until-end: it is told after the observations. rationalise: "
        "from the start; what is written then is no evidence. [default: label-blind with --engine, else template]",
    ),
    click.option(
        "--style", "styles", multiple=True, type=click.Choice(STYLES),
        help="long, short (about 130 words) or direct (the answer alone); may be given several times. [default: long]",
    ),
    click.option(
        "--language", "languages", multiple=True, type=click.Choice(["en", "zh"]),
        help="Of what is written; may be given several times. [default: en]",
    ),
    click.option(
        "--needs-evidence",
        is_flag=True,
        help="Of mode template: reject clips in which nothing measured speaks for the label. [default: their text says "
        "so, and is unsure]",
    ),
    click.option(
        "--drafts", type=_COUNT, default=1, show_default=True, metavar="N",
        help="Drafts of each clip, style and language; the best one is taken. The evidence engine writes one.",
    ),
    click.option(
        "--temperatures", callback=_numbers, default="0,0.7,1", show_default=True, metavar="T,T,…",
        help="Of a model: of the first draft, the second …",
    ),
    click.option(
        "--rewrites", type=_ANY_COUNT, metavar="N",
        help="How often a draft is sent back with what the checks found. [default: 2; template: 1; evidence: 0]",
    ),
    click.option(
        "--seed", type=_ANY_COUNT, default=0, show_default=True, metavar="N", help="Of everything that is drawn."
    ),
    click.option(
        "--limit", "limits", multiple=True, callback=_limits, metavar="NAME=NUMBER",
        help="Threshold of a check, such as unverifiable=0.5 or agreement=0.7; a wrong name lists them all.",
    ),
)  # fmt: skip

SELECTING: Final[tuple[Decorator, ...]] = (
    click.option(
        "--per-manner", type=_COUNT, default=1, show_default=True, metavar="N",
        help="Drafts kept of each clip, style and language.",
    ),
    click.option(
        "--near-duplicate", type=_SHARE, default=0.8, show_default=True, metavar="J",
        help="Two texts are one from this Jaccard similarity of their words on; 0: all stay.",
    ),
    click.option(
        "--embedder", metavar="NAME|DIR",
        help="Also compare texts by meaning: a sentence-transformers model on this machine, or hashed (no model; by "
        "words and letters). [default: not compared]",
    ),
    click.option(
        "--cosine", type=_SHARE, metavar="C",
        help="With --embedder: two texts are one from this cosine on. [default: 0.98]",
    ),
    click.option(
        "--per-class", type=click.FloatRange(min=0), default=3.0, show_default=True, metavar="X",
        help="A class has at most X times the clips of the class in the middle; 0: no limit.",
    ),
    click.option(
        "--per-combination", type=_SHARE, default=0.2, show_default=True, metavar="SHARE",
        help="Of the clips of a class at most this share has the same cues; 0: no limit.",
    ),
    click.option(
        "--split", callback=_shares, default="80/10/10", show_default=True, metavar="TRAIN/DEV/TEST",
        help="Shares of the clips.",
    ),
    click.option(
        "--split-by", type=click.Choice(["speaker", "source"]), default="speaker", show_default=True,
        help="What never stands in two splits: speakers, sessions or dialogues; or whole data sets.",
    ),
)  # fmt: skip

_FORMS: Final = ("trl-sft", "trl-grpo", "trl-dpo", "swift", "easyr1", "sharegpt", "none")

MAKING: Final[tuple[Decorator, ...]] = (
    click.option(
        "--perception", type=_ANY_COUNT, default=0, show_default=True, metavar="N",
        help="Questions about single cues with answers from them: N more rows of each clip that has one.",
    ),
    click.option(
        "--held-back", "held_back_rows", type=_SHARE, default=0.2, show_default=True, metavar="SHARE",
        help="Of the rows that hold back cues which the rewards know.",
    ),
    click.option(
        "--masked", "masked_rows", type=_SHARE, default=0.1, show_default=True, metavar="SHARE",
        help="Of the rows that come again without one modality.",
    ),
    click.option(
        "--pairs", type=_SHARE, default=1.0, show_default=True, metavar="SHARE",
        help="Of the rows that get preference pairs: swapped modality, flipped claim, failed draft.",
    ),
    click.option(
        "--export", "exports", multiple=True, type=click.Choice(_FORMS),
        help="For another trainer, to DIR/export; may be given several times. [default: all]",
    ),
    click.option("--title", metavar="TEXT", help="Of the data set, on its card."),
)  # fmt: skip

LOOP: Final[tuple[Decorator, ...]] = (
    click.option(
        "--iterate", type=_ANY_COUNT, default=0, show_default=True, metavar="N",
        help="Train on the rows, have the adapter write anew what was rejected or uncertain, check, grow; at most N "
        "times, while held-out clips get surely better.",
    ),
    click.option(
        "--train", metavar="SETTINGS", shell_complete=complete_names(_presets, or_files=True),
        help="With --iterate: settings of emoreason train sft (TOML file or preset); rows and folder are filled in.",
    ),
    click.option(
        "--train-set", multiple=True, metavar="KEY=VALUE", help="With --iterate: sets a key of these settings."
    ),
)  # fmt: skip

COMMON: Final[tuple[Decorator, ...]] = (
    click.option("--out", type=_PATH, metavar="DIR", shell_complete=complete_folders, help="Where rows go."),
    click.option("--fresh", is_flag=True, help="Begin anew: remove what an earlier run wrote to DIR."),
    click.option("--retry-failed", is_flag=True, help="Take up again the clips for which the engine failed."),
    click.option("--dry-run", is_flag=True, help="Read the input and say what there is to write; write nothing."),
)
