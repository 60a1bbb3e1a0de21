"""The page: tables with intervals, and what they mean. It holds numbers and names of systems, no word of a clip."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from emoreason.eval.outcome import EvalReport, MeasureOutcome, PairedDifference
from emoreason.eval.probing.result import ProbeReport
from emoreason.eval.stats import Interval
from emoreason.eval.writing.grid import arrow, p_written, written

#: Measures of a suite that the page shows; all are in the files that the command writes.
SHOWN: Mapping[str, tuple[str, ...]] = {
    "ov-mer": ("M-avg", "level 1 F", "level 1 precision", "level 1 recall", "labels per clip"),
    "closed-set": ("accuracy (WAR)", "UAR", "weighted F1", "macro F1"),
    "emocue-360": ("EmoCue-360 F1", "recall", "precision"),
    "cue-robust": ("cue match", "F1", "floor", "sentences per clip"),
    "grounding": (
        "supported, mean of clips",
        "contradicted",
        "unverifiable",
        "claims that cite a cue",
        "grounding reward",
    ),
    "valence-arousal": ("CCC valence", "RMSE valence", "Pearson r valence"),
    "distribution": ("KL", "JS", "EMD", "Brier", "ECE", "AURC", "coverage"),
    "mer-unibench": ("MER2023 hit rate", "MELD hit rate", "IEMOCAP hit rate", "MELD mscore"),
}


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Markdown table."""
    lines = [f"| {' | '.join(header)} |", "|" + "|".join(["---", *("---:" for _ in header[1:])]) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def values(report: EvalReport, suite: str) -> str:
    """Systems, then controls in italics, by the measures shown of one suite."""
    shown = [one for one in report.suite(suite).measures if one.name in SHOWN[suite]]
    kinds = {one.name: one.kind for one in report.systems}
    names = [name for kind in ("system", "control") for name in kinds if kinds[name] == kind]
    rows = [
        (f"*{name}*" if kinds[name] == "control" else name, *(_cell(one, name) for one in shown))
        for name in names
        if any(name in one.values for one in shown)
    ]
    return table(("system", *(one.name + arrow(one) for one in shown)), rows)


def _cell(measure: MeasureOutcome, name: str) -> str:
    return written(measure.values[name]) if name in measure.values else "–"


def differences(report: EvalReport, suite: str) -> str:
    """Paired differences of the main measure, with corrected p-values."""
    main = report.suite(suite).measures[0]
    rows = [(f"{one.ours} − {one.theirs}", written(one.interval), p_written(one.p_holm)) for one in main.differences]
    return table((f"difference of {main.name}", "value", "p (Holm)"), rows)


def value(report: EvalReport, suite: str, name: str, measure: str | None = None) -> Interval:
    """One value; of the main measure unless told."""
    found = report.suite(suite).measures
    return next(one for one in found if measure in (None, one.name)).values[name]


def said(interval: Interval) -> str:
    """Value and interval in a sentence."""
    return written(interval)


def against(report: EvalReport, suite: str, control: str) -> dict[str, str]:
    """System -> ``above``, ``below`` or ``not told from`` a control, by the interval of the paired difference."""
    found: dict[str, str] = {}
    for one in report.suite(suite).measures[0].differences:
        if one.theirs == control or one.theirs == f"{control}: {one.ours}":
            found[one.ours] = _side(one, better_is_higher=report.suite(suite).measures[0].higher_is_better is not False)
    return found


def sure(report: EvalReport, suite: str, control: str) -> str:
    """Name the systems whose difference to a control remains after correction."""
    main = report.suite(suite).measures[0]
    left = [one.ours for one in main.differences if one.theirs == control and (one.p_holm or 0.0) < 0.05]
    return f"only that of {', '.join(left)} is told from it" if left else "none is told from it"


def _side(one: PairedDifference, *, better_is_higher: bool) -> str:
    low, high = one.interval.low, one.interval.high
    if not better_is_higher:
        low, high = -high, -low
    return "better than" if low > 0 else "worse than" if high < 0 else "not told from"


def counted(sides: Mapping[str, str], side: str) -> str:
    """``2 of 3 (A, B)``."""
    names = [name for name, one in sides.items() if one == side]
    return f"{len(names)} of {len(sides)}" + (f" ({', '.join(names)})" if names and len(names) < len(sides) else "")


def tally(report: EvalReport, suite: str, control: str) -> str:
    """Sentence: how the systems stand to a control."""
    sides = against(report, suite, control)
    parts = [
        f"{counted(sides, side)} {'is' if list(sides.values()).count(side) == 1 else 'are'} {side} it"
        for side in ("worse than", "not told from", "better than")
        if side in sides.values()
    ]
    return f"`{control}`: {'; '.join(parts)}."


def probes(found: Mapping[str, Any], *, most: int = 3) -> str:
    """Return one row for each probe: its first effects, and its sentence."""
    rows = []
    for one in found["probes"]:
        effects = [effect for effect in one["effects"] if effect["value"] is not None][:most]
        shown = "<br>".join(f"{effect['name']}: {_effect(effect)}" for effect in effects) or "–"
        rows.append((f"`{one['probe']}`", shown, one["sentence"]))
    head = ("probe", "first effects", "in a sentence")
    lines = [f"| {' | '.join(head)} |", "|---|---|---|", *(f"| {' | '.join(row)} |" for row in rows)]
    return "\n".join(lines)


def _effect(effect: Mapping[str, Any]) -> str:
    numbers = [effect[key] for key in ("value", "low", "high")]
    if any(number is None for number in numbers):
        return "–" if numbers[0] is None else f"{numbers[0]:.3f}"
    return "{:.3f} [{:.3f}, {:.3f}]".format(*numbers)


#: What tells the planted engines apart: (probe, effect).
TELLING = (
    ("cited", "cited minus uncited"),
    ("cited", "all cited cues dropped (comprehensiveness)"),
    ("cited", "only cited cues kept (sufficiency)"),
    ("proxy", "AU12: label changed, minus other units"),
    ("proxy", "AU12: turned into happiness"),
    ("swap", "face swapped: towards the other clip's answer"),
    ("swap", "scene swapped: towards the other clip's answer"),
)


def planted(found: Mapping[str, ProbeReport]) -> str:
    """Planted engines by the effects that tell them apart."""
    rows = []
    for probe, effect in TELLING:
        cells = []
        for report in found.values():
            result = next(one for one in report.results if one.probe == probe)
            cells.append(written(result.effect(effect).interval))
        rows.append((f"`{probe}`: {effect}", *cells))
    return table(("effect", *found), rows)


def inputs(folder: Path, names: Sequence[str]) -> str:
    """Files the page was made from, by sha256."""
    rows = [(name, hashlib.sha256((folder / name).read_bytes()).hexdigest()[:16]) for name in names]
    return table(("file", "sha256, first 16 digits"), rows)
