"""All measurements of the evidence engine as one Markdown page and one picture."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from emoreason.prompts.contract import read_answer
from emoreason.reasoning.engines.base import Request
from emoreason.reasoning.engines.evidence import EvidenceEngine
from emoreason.reasoning.evidence.abstain import LEAST_PROBABILITY
from emoreason.reasoning.evidence.compound import COMPOUNDS, pair_shares
from emoreason.reasoning.evidence.tables import Table, load_table
from emoreason.records import CueSet

from . import measure
from .faces import CONVENTIONS, Face, crowd_of, vocabulary_of
from .reliability_plot import reliability_svg

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_FOLDS = 5
_THRESHOLDS = (0.0, 0.25, LEAST_PROBABILITY, 0.3, 0.35, 0.4, 0.45, 0.5, 0.6)
_WORDS = {
    "present": "present only",
    "all": "present, all others absent",
    "some": "present, some absent, rest unknown",
    "masked": "0-30 % of all codes hidden, present ones too",
}


@dataclass(frozen=True, slots=True)
class Report:
    """The page and the picture."""

    markdown: str
    svg: str


def read_through_engine(cueset: CueSet, table: Table) -> tuple[float, ...]:
    """Seven probabilities as a user gets them: engine, text, parser, Explanation."""
    reply = EvidenceEngine(table=table).answer(Request(cueset=cueset))
    return tuple(item.probability for item in read_answer(reply.text, cueset).emotions)


def measure_all(faces: list[Face], repeats: int) -> Report:
    """Measure everything (a minute per repeat)."""
    vocabulary = vocabulary_of(faces)
    crowd = crowd_of(faces)
    direct = measure.cross_validate(faces, vocabulary, repeats, _FOLDS, measure.read_directly)
    whole = measure.cross_validate(faces, vocabulary, 1, _FOLDS, read_through_engine)
    literature = measure.cross_validate(faces, vocabulary, 1, _FOLDS, measure.read_directly, load_table("literature"))
    pooled = {name: (crowd[held.index], np.array(held.seven)) for name, held in direct.items()}
    gold, seven = pooled["present"]
    spread, spread_error = measure.calibration(gold, seven)
    answered, answered_error = measure.confidence_calibration(gold, seven)
    text = "\n".join(
        [
            "# Evidence engine: figures",
            "",
            f"Made by `python bench/fit_evidence.py --repeats {repeats}` on {len(faces)} coded faces; every figure is",
            f"held out ({_FOLDS}-fold, {repeats} repeats; ± is the standard deviation over folds).",
            "",
            *_controls(faces, crowd),
            *_accuracy("Fitted weights", direct),
            *_accuracy("Fitted weights, through the command's whole path (JSON, cues, engine, text, parser)", whole),
            *_accuracy("Literature weights (nothing fitted)", literature),
            *_calibration("Calibration: every stated probability against the crowd's share", spread, spread_error),
            *_calibration("Calibration: the answer's probability against the crowd's share", answered, answered_error),
            *_coverage(gold, seven),
            *_compounds(faces, direct["present"]),
        ]
    )
    return Report(text + "\n", reliability_svg(spread, answered))


def _controls(faces: list[Face], crowd: Array) -> list[str]:
    majority = crowd.argmax(axis=1)
    share = np.bincount(majority).max() / len(faces)
    mean_kl = measure.kl_to_crowd(crowd, np.tile(crowd.mean(axis=0), (len(faces), 1))).mean()
    return [
        "## Controls",
        "",
        "| answer | accuracy | KL to the crowd (nats) |",
        "|---|---|---|",
        f"| the majority emotion / the mean distribution | {share:.3f} | {mean_kl:.3f} |",
        "",
    ]


def _accuracy(title: str, held: dict[str, measure.Held]) -> list[str]:
    lines = [
        f"## {title}",
        "",
        "KL over seven counts the mass given to neutral as lost; KL over six renormalises without it.",
        "",
        "| how the codes are written | accuracy | KL over seven | KL over six |",
        "|---|---|---|---|",
    ]
    for name in CONVENTIONS:
        figures = np.array(held[name].by_fold)
        cells = [f"{mean:.3f} ± {sd:.3f}" for mean, sd in zip(figures.mean(axis=0), figures.std(axis=0), strict=True)]
        lines.append(f"| {_WORDS[name]} | {' | '.join(cells)} |")
    return [*lines, ""]


def _calibration(title: str, bins: list[measure.Bin], error: float) -> list[str]:
    rows = [f"| {b.stated:.3f} | {b.observed:.3f} | {b.count} |" for b in bins]
    return [
        f"## {title}",
        "",
        f"Expected calibration error {error:.3f} (present only, ten bins, all repeats pooled).",
        "",
        "| stated | crowd's share | count |",
        "|---|---|---|",
        *rows,
        "",
    ]


def _coverage(crowd: Array, seven: Array) -> list[str]:
    found = measure.risk_coverage(crowd, seven, _THRESHOLDS)
    below = seven.max(axis=1) < LEAST_PROBABILITY
    right = seven.argmax(axis=1) == crowd.argmax(axis=1)
    return [
        "## Risk and coverage",
        "",
        f"The engine abstains when the likeliest emotion has less than {LEAST_PROBABILITY}. Of the answers withheld "
        f"that way ({below.mean():.1%}) {right[below].mean():.0%} would have been right.",
        "",
        "| least probability | answered | accuracy of the answered |",
        "|---|---|---|",
        *(f"| {threshold:.2f} | {covered:.3f} | {accuracy:.3f} |" for threshold, covered, accuracy in found),
        "",
    ]


def _compounds(faces: list[Face], held: measure.Held) -> list[str]:
    names = list(COMPOUNDS)
    count = len(faces)
    # One answer per face: the first repeat.
    index = np.array(held.index[:count])
    gold = np.array([names.index(faces[i].compound) for i in index])
    predicted = np.array([int(np.argmax(pair_shares(_six(seven)))) for seven in held.seven[:count]])
    majority = np.full(count, np.bincount(gold).argmax())
    lines = [
        "## Compound emotions",
        "",
        f"{len(names)} classes, present only, one answer per face; 95 % bootstrap intervals over faces.",
        "",
        "| answer | macro F1 | weighted F1 | accuracy |",
        "|---|---|---|---|",
    ]
    for name, answer in (("pair-wise aggregation", predicted), ("majority class", majority)):
        cells = [_with_interval(gold, answer, which) for which in range(3)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _six(seven: tuple[float, ...]) -> list[float]:
    rest = 1.0 - seven[6]
    return [value / rest for value in seven[:6]]


def _with_interval(gold: Ints, answer: Ints, which: int) -> str:
    def statistic(rows: Ints) -> float:
        if which == 2:
            return float((gold[rows] == answer[rows]).mean())
        return measure.f1_scores(gold[rows], answer[rows], len(COMPOUNDS))[which]

    low, high = measure.bootstrap(statistic, len(gold))
    return f"{statistic(np.arange(len(gold))):.3f} [{low:.3f}, {high:.3f}]"
