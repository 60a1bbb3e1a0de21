"""What each suite measures, and what gold and predictions must hold for it: which suites fit the files at hand."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ..errors import ConfigError
from .sample import Gold, Prediction
from .suite import SUITES, suite_named


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One suite.

    Attributes
    ----------
    about : str
        What it measures, in a sentence.
    gold, predictions : str
        What it needs of each, in words.
    of_gold, of_prediction : callable
        Whether one clip's gold, or one prediction, holds that.
    judge : bool
        Whether it asks a language model.
    by_default : bool
        Whether it is run when no suite is named and the files fit.
    """

    about: str
    gold: str
    predictions: str
    of_gold: Callable[[Gold], bool]
    of_prediction: Callable[[Prediction], bool]
    judge: bool = False
    by_default: bool = True


def _labels(gold: Gold) -> bool:
    return gold.reference.labels is not None


def _class(gold: Gold) -> bool:
    return bool(gold.reference.emotion or gold.reference.distribution)


def _prose(gold: Gold) -> bool:
    return bool(gold.text or gold.reference.clues)


def _names(prediction: Prediction) -> bool:
    return prediction.labels is not None or prediction.emotion is not None


def _chooses(prediction: Prediction) -> bool:
    return _names(prediction) or prediction.distribution is not None


def _writes(prediction: Prediction) -> bool:
    return prediction.text is not None or prediction.explanation is not None


def _of_labels(about: str) -> Entry:
    return Entry(about=about, gold="labels", predictions="labels", of_gold=_labels, of_prediction=_names)


def _of_texts(about: str, *, judge: bool = False) -> Entry:
    return Entry(
        about=about, gold="text or clues", predictions="text", of_gold=_prose, of_prediction=_writes, judge=judge
    )


#: Suite -> what is to know of it before it is run.
CATALOGUE: Final[Mapping[str, Entry]] = {
    "ov-mer": _of_labels("Open labels on five emotion wheels: the twelve F scores of OV-MER."),
    "mer2025": _of_labels("Open labels by the rules of MER2025 track 2 (levels 1 and 2)."),
    "mer2026": _of_labels("Open labels by the rules of MER2026 track 2 (level 1)."),
    "mer-unibench": Entry(
        about="The official scores of the nine sets of MER-UniBench, and their mean.",
        gold="the sets' official label files",
        predictions="labels",
        of_gold=lambda gold: "set" in gold.columns,
        of_prediction=_names,
        by_default=False,
    ),
    "closed-set": Entry(
        about="One class a clip: accuracy, UAR, weighted and macro F1, confusion.",
        gold="emotion (or distribution)",
        predictions="emotion, distribution or labels",
        of_gold=_class,
        of_prediction=_chooses,
    ),
    "distribution": Entry(
        about="Distributions against a crowd's: divergences, calibration, risk over coverage.",
        gold="distribution (or emotion)",
        predictions="distribution",
        of_gold=_class,
        of_prediction=lambda prediction: prediction.distribution is not None,
    ),
    "valence-arousal": Entry(
        about="Valence and arousal: CCC, RMSE, Pearson's r.",
        gold="valence or arousal",
        predictions="valence or arousal",
        of_gold=lambda gold: gold.reference.valence is not None or gold.reference.arousal is not None,
        of_prediction=lambda prediction: prediction.valence is not None or prediction.arousal is not None,
    ),
    "action-units": Entry(
        about="Action units: F1 for each and their mean, ICC where intensities are coded.",
        gold="action_units or intensities",
        predictions="action_units or intensities",
        of_gold=lambda gold: gold.reference.action_units is not None or bool(gold.intensities),
        of_prediction=lambda prediction: prediction.action_units is not None or bool(prediction.intensities),
    ),
    "emocue-360": _of_texts("EmoCue-360 as published: best matches of clues by cosine, no floor."),
    "cue-robust": _of_texts("Clues matched one to one, above what the clues of other clips score, polarity checked."),
    "mme-emotion": Entry(
        about="MME-Emotion's protocol: a judge grades the steps; Rec, Rea and CoT.",
        gold="labels or emotion",
        predictions="text",
        of_gold=lambda gold: _labels(gold) or bool(gold.reference.emotion),
        of_prediction=_writes,
        judge=True,
    ),
    "emer-overlap": _of_texts("EMER's protocol: a judge grades the overlap of clues and labels.", judge=True),
    "grounding": Entry(
        about="Claims against cues: supported, contradicted, not verifiable, for each modality.",
        gold="cues (in the gold, beside the predictions, or --cues)",
        predictions="text with claims",
        of_gold=lambda gold: gold.reference.cueset is not None,
        of_prediction=_writes,
    ),
}


def about(suite: str) -> str:
    """Say what a suite measures: from the catalogue, else by the first line of its docstring."""
    if suite in CATALOGUE:
        return CATALOGUE[suite].about
    try:
        text = suite_named(suite).__doc__ or ""
    except ConfigError:
        return ""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")


def speaks_to(suite: str, predictions: Iterable[Prediction]) -> bool:
    """Whether any prediction holds what a suite looks at; a suite that is not in the catalogue may look at anything."""
    return suite not in CATALOGUE or any(map(CATALOGUE[suite].of_prediction, predictions))


@dataclass(frozen=True, slots=True)
class Choice:
    """Suites that fit, and why the others do not."""

    fitting: tuple[str, ...]
    left_out: Mapping[str, str]


def fitting_suites(golds: Sequence[Gold], predictions: Iterable[Prediction], *, judge: bool) -> Choice:
    """Return the suites for which gold and predictions hold what is needed, in the order of the catalogue.

    Examples
    --------
    >>> from emoreason.records import Reference
    >>> gold = [Gold(clip="a", reference=Reference(emotion="anger"))]
    >>> fitting_suites(gold, [Prediction(clip="a", labels=("mad",))], judge=False).fitting
    ('closed-set',)
    """
    made = list(predictions)
    fitting, left_out = [], {}
    for name in SUITES:
        why = _misfit(CATALOGUE[name], golds, made, judge) if name in CATALOGUE else "not run unless named"
        if why is None:
            fitting.append(name)
        else:
            left_out[name] = why
    return Choice(tuple(fitting), left_out)


def _misfit(entry: Entry, golds: Sequence[Gold], predictions: Sequence[Prediction], judge: bool) -> str | None:
    if not entry.by_default:
        return f"not run unless named; it needs {entry.gold}"
    if not any(map(entry.of_gold, golds)):
        return f"no row of the gold has {entry.gold}"
    if not any(map(entry.of_prediction, predictions)):
        return f"no prediction has {entry.predictions}"
    if entry.judge and not judge:
        return "no judge was given (--judge-url, --judge-model)"
    return None
