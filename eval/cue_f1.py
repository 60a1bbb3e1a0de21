"""Cue suites: ``emocue-360`` exactly as published, and ``cue-robust``, which is harder to please.

emocue-360
    Per clip, recall is the mean over the reference's cues of the best cosine with a predicted cue, precision the mean
    over the predicted cues of the best cosine with a reference cue; F1 per clip, then the mean over clips. No
    prediction scores 0, a clip without reference cues is skipped. With a judge, it splits both texts into visual,
    auditory and emotional cues, as in the publication (whose model and prompt are others); without one the sentences
    are the cues, all kinds together.

cue-robust
    One cue for one cue (the assignment with the most credit), no credit below a threshold, none where two cues
    contradict each other in polarity, half where their intensities are apart, and none for the words of the subtitle.
    What the same text would earn against the cues of *other* clips is the floor; the score is
    ``(F1 - floor) / (1 - floor)`` of the means over clips, corrected for chance as Cohen's kappa is. Text that fits
    every clip scores 0, on average, whatever its length.

Sources: XEmoGPT (W11H08Z/XEmoGPT), ``EmoCue-360/compute_prf.py``; :mod:`emoreason.rewards.cue_match`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from ..errors import ConfigError, EmoreasonError
from ..prompts.sentences import split_sentences
from ..reasoning.free_text import extract_cues
from ..rewards.cue_match import CueMatch
from ..rewards.cue_match.clauses import LONGEST_CLAUSE
from ..rewards.cue_match.emocue360 import emocue360
from ..rewards.embedders import Cached, Embedder, default_embedder
from ..rewards.reward import Case
from .judging.judge import AskedModel, Failure, at_once_of, each
from .measure import Floats, Measure, mean_measure
from .pictures import Bars
from .sample import Sample
from .suite import SuiteResult, SuiteSettings
from .written import completion_of, counted, gold_sentences, reasoning_of, reference_of_text

#: Kinds of cues that EmoCue-360 tells apart.
KINDS: Final = ("visual", "auditory", "emotional")
#: What no splitting tells apart.
ALL: Final = "all"
#: With fewer other clips the floor is made of built-in clues too.
_FEWEST_FOR_FLOOR: Final = 5

Cues = Mapping[str, Sequence[str]]
#: Recall, precision and F1 of a kind of cue; None: the reference has none.
Scored = Mapping[str, tuple[float, float, float] | None]


def emocue_360(samples: Sequence[Sample], settings: SuiteSettings, /) -> SuiteResult:
    """Score texts by EmoCue-360.

    Parameters
    ----------
    samples : sequence of Sample
        Golds with clues or an explanation in prose.
    settings : SuiteSettings
        ``embedder`` (the published one is MiniLM-L6-v2); ``ask``, where given, splits the texts.

    Raises
    ------
    ConfigError
        No gold has clues or an explanation.
    """
    usable = _with_sentences(samples, "emocue-360")
    embedder = _cached(settings.embedder or default_embedder())
    kinds = (ALL,) if settings.ask is None else KINDS
    split = _split(samples, usable, settings)
    texts = {
        text for pair in split if isinstance(pair, tuple) for side in pair for cues in side.values() for text in cues
    }
    embedder(sorted(texts))  # in one go; what follows finds them kept
    scored = [_published(pair, kinds, embedder) if isinstance(pair, tuple) else None for pair in split]
    failed = sum(isinstance(pair, Failure) for pair in split)
    counts = counted(samples, usable) | ({"judge_failed": failed} if settings.ask else {})
    return SuiteResult(
        suite="emocue-360",
        measures=_published_measures(scored, kinds),
        counts=counts,
        settings={"embedder": embedder.name, "cues": "sentences" if settings.ask is None else "split by the judge"}
        | ({"judge": settings.judge} if settings.ask else {}),
        notes=_published_notes(embedder, settings, failed),
        clips={sample.clip: _shown(one) for sample, one in zip(samples, scored, strict=True) if one},
    )


def cue_robust(samples: Sequence[Sample], settings: SuiteSettings, /) -> SuiteResult:
    """Score texts by one-to-one matching above the floor of other clips' cues.

    Parameters
    ----------
    samples : sequence of Sample
        Golds with clues or an explanation in prose; a transcript lets it leave out what only repeats the words spoken.
    settings : SuiteSettings
        ``embedder``; its threshold is used.

    Raises
    ------
    ConfigError
        No gold has clues or an explanation besides what is said.
    """
    _with_sentences(samples, "cue-robust")
    embedder = _cached(settings.embedder or default_embedder())
    references = [reference_of_text(sample.gold) for sample in samples]
    given = {reference.clues for reference in references if reference.clues}
    # Of the gold alone, so that every system and control has the same floor.
    background = sorted(given) if len(given) >= _FEWEST_FOR_FLOOR else None
    cases = [
        Case(completion_of(sample.prediction), reference) for sample, reference in zip(samples, references, strict=True)
    ]
    scores = CueMatch(embedder, background=background).score_many(cases)
    parts = [score.parts if score is not None else None for score in scores]
    values = [score.value if score is not None else None for score in scores]
    if not any(parts):
        raise ConfigError("the gold's clues only repeat what is said: cue-robust has nothing to compare with")
    measures = _robust_measures(parts, values)
    return SuiteResult(
        suite="cue-robust",
        measures=measures,
        counts=counted(samples, [part is not None for part in parts]),
        settings={"embedder": embedder.name, "threshold": embedder.threshold, "floor_from": _floor_from(parts)},
        notes=_robust_notes(embedder, settings, background is None),
        pictures=(_own_and_other(measures),),
        clips={
            sample.clip: {"cue_match": value, **{name: part[name] for name in ("f1", "floor", "n_clauses", "n_clues")}}
            for sample, part, value in zip(samples, parts, values, strict=True)
            if part is not None
        },
    )


def _with_sentences(samples: Sequence[Sample], suite: str) -> list[bool]:
    usable = [bool(gold_sentences(sample.gold)) for sample in samples]
    if not any(usable):
        raise ConfigError(
            f"{suite} compares texts, and no clip of the gold has clues or an explanation; "
            "give a gold file with a column 'clues' or 'text'"
        )
    return usable


def _cached(embedder: Embedder) -> Cached:
    return embedder if isinstance(embedder, Cached) else Cached(embedder)


def _split(
    samples: Sequence[Sample], usable: Sequence[bool], settings: SuiteSettings
) -> list[tuple[Cues, Cues] | Failure | None]:
    """Cues of what was predicted and of the reference, by kind."""
    ask = settings.ask
    if ask is None:
        return [
            ({ALL: _sentences(reasoning_of(sample.prediction))}, {ALL: gold_sentences(sample.gold)}) if use else None
            for sample, use in zip(samples, usable, strict=True)
        ]
    model = AskedModel(ask, settings.judge or "judge")

    def cues_of(text: str) -> Cues | Failure:
        try:
            found = extract_cues(text, None, model, seed=settings.seed, language=settings.language)
        except EmoreasonError as error:
            return Failure.of(error)
        kinds: dict[str, list[str]] = {kind: [] for kind in KINDS}
        for kind, quotes in found.by_kind().items():
            spoken = {clue.quote for clue in found.clues if clue.modality == "speech"}  # the subtitle's words
            kinds[kind] = [quote for quote in quotes if kind != "auditory" or quote not in spoken]
        return kinds

    def both(sample: Sample) -> tuple[Cues, Cues] | Failure:
        theirs = cues_of(sample.gold.text or "\n".join(gold_sentences(sample.gold)))
        ours = cues_of(reasoning_of(sample.prediction))
        if isinstance(theirs, Failure):
            return theirs
        return ours if isinstance(ours, Failure) else (ours, theirs)

    asked = [sample if use else None for sample, use in zip(samples, usable, strict=True)]
    return each(both, asked, at_once_of(ask))


def _sentences(text: str) -> list[str]:
    return [sentence.text[:LONGEST_CLAUSE] for sentence in split_sentences(text)]


def _published(pair: tuple[Cues, Cues], kinds: Sequence[str], embedder: Embedder) -> Scored:
    scored: dict[str, tuple[float, float, float] | None] = {}
    for kind in kinds:
        ours, theirs = (side.get(kind, ()) for side in pair)
        if kind == "auditory":  # the published rule for subtitles
            ours, theirs = ([cue for cue in side if "text" not in cue] for side in (ours, theirs))
        scored[kind] = emocue360(ours, theirs, embedder)
    return scored


def _published_measures(scored: Sequence[Scored | None], kinds: Sequence[str]) -> tuple[Measure, ...]:
    def values(kind: str, place: int) -> list[float | None]:
        return [one[kind][place] if one and one[kind] is not None else None for one in scored]  # type: ignore[index]

    f1s = [mean_measure(f"{kind} F1", values(kind, 2)) for kind in kinds]
    sums = np.concatenate([measure.sums for measure in f1s], axis=-1)
    applies = np.any([measure.applies for measure in f1s], axis=0)
    main = Measure(name="EmoCue-360 F1", sums=sums, of=_mean_of_shares, applies=applies)
    if kinds == (ALL,):
        others = [mean_measure("recall", values(ALL, 0)), mean_measure("precision", values(ALL, 1))]
        return (main, *others)
    return (main, *f1s)


def _mean_of_shares(sums: Floats) -> Floats:
    """Mean over the kinds of cue of the mean over clips; kinds that no drawn clip has are left out."""
    shares = sums[..., 0::2] / np.where(sums[..., 1::2] > 0, sums[..., 1::2], np.nan)
    known = np.isfinite(shares)
    total = np.where(known, shares, 0.0).sum(axis=-1)
    return np.asarray(total / np.where(known.any(axis=-1), known.sum(axis=-1), np.nan), dtype=np.float64)


def _published_notes(embedder: Embedder, settings: SuiteSettings, failed: int) -> tuple[str, ...]:
    notes = [
        "EmoCue-360 has no threshold and no assignment: sentences that fit any clip score well under it. "
        "Read it beside cue-robust and the constant-list control."
    ]
    if settings.ask is None:
        notes.append(
            "Without a judge the sentences are the cues; the published numbers split the texts with a language model "
            "and are not comparable."
        )
    else:
        notes.append("The published splitting used another model and prompt; the formula is the published one.")
    if failed:
        notes.append(f"The judge failed on {failed} clips, which are left out.")
    return (*notes, *_of_the_embedder(embedder, settings))


def _of_the_embedder(embedder: Embedder, settings: SuiteSettings) -> tuple[str, ...]:
    if embedder.name.startswith("hashed"):
        return (f"Cosines are of hashed words ({embedder.name}), not of MiniLM: compare only with scores of the same.",)
    if settings.language == "zh" and "MiniLM" in embedder.name:
        return (f"{embedder.name} reads English only: scores of Chinese texts mean little.",)
    return ()


def _shown(scored: Scored) -> dict[str, Any]:
    return {
        f"{kind} {name}": round(value, 4)
        for kind, found in scored.items()
        if found is not None
        for name, value in zip(("recall", "precision", "F1"), found, strict=True)
    }


Parts = Mapping[str, float | str | None]


def _robust_measures(parts: Sequence[Parts | None], values: Sequence[float | None]) -> tuple[Measure, ...]:
    def column(name: str) -> list[float | None]:
        return [None if part is None else float(part[name] or 0.0) for part in parts]

    f1, floor = mean_measure("F1", column("f1")), mean_measure("floor", column("floor"), higher_is_better=None)
    sums = np.stack([f1.sums[:, 0], floor.sums[:, 0], f1.sums[:, 1]], axis=-1)
    return (
        Measure(name="cue match", sums=sums, of=_above_floor, applies=f1.applies),
        f1,
        floor,
        mean_measure("precision", column("precision")),
        mean_measure("recall", column("recall")),
        mean_measure("reward per clip", values),
        mean_measure("sentences per clip", column("n_clauses"), higher_is_better=None),
        mean_measure("sentences about the words spoken", column("n_speech_left_out"), higher_is_better=None),
    )


def _above_floor(sums: Floats) -> Floats:
    """(mean F1 - mean floor) / (1 - mean floor) from their sums and the number of clips."""
    return np.asarray((sums[..., 0] - sums[..., 1]) / (sums[..., 2] - sums[..., 1]), dtype=np.float64)


def _floor_from(parts: Sequence[Parts | None]) -> str:
    return ", ".join(sorted({str(part["floor_from"]) for part in parts if part is not None}))


def _robust_notes(embedder: Embedder, settings: SuiteSettings, few: bool) -> tuple[str, ...]:
    notes = ["cue match is what the text earns on its own clip beyond what it would earn on other clips; 0 is chance."]
    if few:
        notes.append("The gold has fewer than five clips with clues: the floor is made of built-in clues as well.")
    return (*notes, *_of_the_embedder(embedder, settings))


def _own_and_other(measures: Sequence[Measure]) -> Bars:
    by_name: Mapping[str, Measure] = {measure.name: measure for measure in measures}
    bars = [("against its own clip", by_name["F1"].value), ("against other clips", by_name["floor"].value)]
    return Bars(
        title="One-to-one F1 of the same text",
        value_title="F1",
        bars=[(name, value, None, None) for name, value in bars],
    )
