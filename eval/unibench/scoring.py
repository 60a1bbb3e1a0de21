"""``mer-unibench``: each set by its official score, and the mean of the sets."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np

from ...errors import ConfigError
from ..closed_set import hit_measures
from ..measure import Floats, Measure
from ..pictures import Bars
from ..sample import Sample
from ..sentiment import NEGATIVE, NEUTRAL, POSITIVE, sentiment_measures, sentiment_of
from ..suite import SuiteResult, SuiteSettings
from ..wheel_sums import LEVEL_METRICS, labels_of, mean_f, wheel_sums
from .sets import SETS, BenchmarkSet, how_to_obtain, set_named

_SENTIMENTS: Final = (POSITIVE, NEGATIVE, NEUTRAL)
_WORDS_FROM: Final = {
    "word": "are the system's own words",
    "labels": "come from its labels by their broad families, where the published protocol asks a language model",
    "valence": "come from the sign of its valence",
    "none": "are missing",
}


def mer_unibench(samples: Sequence[Sample], settings: SuiteSettings, /) -> SuiteResult:
    """Score the sets that the samples are of (``columns["set"]``), each by its official score; published with v2025.

    The main measure is the plain mean over the sets that are there. A clip without a prediction is wrong.

    Raises
    ------
    ConfigError
        No clip is of a set of the benchmark, or a set holds nothing to compare with.
    """
    by_set = _by_set(samples)
    scored = [_score(one, rows, samples, settings.tables or "v2025") for one, rows in by_set.items()]
    measures = _together(scored, len(samples))
    of_no_set = len(samples) - sum(len(rows) for rows in by_set.values())
    bars = [(f"{one.of.title} ({one.of.score})", one.measures[0].value, None, None) for one in scored]
    return SuiteResult(
        suite="mer-unibench",
        measures=measures,
        counts={
            "clips": len(samples),
            "scored": int(measures[0].applies.sum()),
            "no_gold": of_no_set,
            "missing": sum(samples[row].prediction is None for rows in by_set.values() for row in rows),
            "abstained": sum(
                (made := samples[row].prediction) is not None and made.abstained
                for rows in by_set.values()
                for row in rows
            ),
            "sets": len(by_set),
        },
        settings={"tables": settings.tables or "v2025", "sets": [one.of.name for one in scored]},
        notes=_notes(scored, of_no_set),
        pictures=(Bars(title="Sets of MER-UniBench", value_title="official score", bars=bars),),
        clips={clip: shown for one in scored for clip, shown in one.clips.items()},
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Scored:
    """One set: where its clips stand among the samples, and its measures on them.

    The official measure is the first; all of them share their sums.
    """

    of: BenchmarkSet
    rows: Sequence[int]
    measures: tuple[Measure, ...]
    clips: Mapping[str, Mapping[str, Any]]
    words_from: Mapping[str, int]


def _by_set(samples: Sequence[Sample]) -> dict[BenchmarkSet, list[int]]:
    """Rows of the samples, by set, in the order of the benchmark."""
    found: dict[str, list[int]] = {}
    known: dict[str, str | None] = {}
    for row, sample in enumerate(samples):
        name = sample.gold.columns.get("set", "")
        if name not in known:
            one = set_named(name)
            known[name] = one.name if one else None
        if (place := known[name]) is not None:
            found.setdefault(place, []).append(row)
    if not found:
        raise ConfigError(
            "no clip is of a set of MER-UniBench: give the gold a column set, or give official label files. "
            f"Obtain {'; '.join(how_to_obtain())}"
        )
    return {one: found[one.name] for one in SETS.values() if one.name in found}


def _score(one: BenchmarkSet, rows: Sequence[int], samples: Sequence[Sample], tables: str) -> _Scored:
    chosen = [samples[row] for row in rows]
    labels = [labels_of(sample.prediction) or () for sample in chosen]
    gold: list[Any]
    words_from: Counter[str] = Counter()
    if one.score == "hit rate":
        gold = [sample.gold.reference.emotion or "" for sample in chosen]
        measures: tuple[Measure, ...] = hit_measures(gold, labels, tables)
    elif one.score == "weighted F1":
        gold = [sample.gold.reference.valence for sample in chosen]
        found = [_sentiment(sample) for sample in chosen]
        words_from.update(source for _, source in found)
        measures = sentiment_measures(gold, [word for word, _ in found])
    else:
        gold = [sample.gold.reference.labels for sample in chosen]
        sums = wheel_sums(gold, labels, tables, LEVEL_METRICS[1])
        of = partial(mean_f, places=range(5), undefined=float("nan") if tables == "v2025" else 0.0)
        measures = (Measure(name=one.score, sums=sums, of=of, applies=np.asarray(sums[:, 2::3].sum(axis=1) > 0)),)
    if not measures[0].applies.any():
        raise ConfigError(f"no clip of {one.title} has what {one.score} compares with; {how_to_obtain([one.name])[0]}")
    clips = {
        sample.clip: {"set": one.name, "gold": truth, "predicted": list(named)}
        for sample, truth, named in zip(chosen, gold, labels, strict=True)
    }
    return _Scored(of=one, rows=rows, measures=measures, clips=clips, words_from=words_from)


def _sentiment(sample: Sample) -> tuple[str | None, str]:
    """Sentiment word of a prediction, and what it comes from. A missing prediction gets the word that is wrong."""
    made = sample.prediction
    if made is None:
        return (NEGATIVE if (sample.gold.reference.valence or 0.0) > 0 else POSITIVE), "none"
    if made.emotion is not None and made.emotion.strip().lower() in _SENTIMENTS[:2]:
        return made.emotion, "word"
    if made.labels is None and made.valence is not None:
        return (POSITIVE if made.valence > 0 else NEGATIVE if made.valence < 0 else NEUTRAL), "valence"
    return sentiment_of(labels_of(made) or ()), "labels"


def _together(scored: Sequence[_Scored], n_clips: int) -> tuple[Measure, ...]:
    """Mean of the official scores, then all measures of the sets, as measures of all samples over one array of sums."""
    blocks = [one.measures[0].sums for one in scored]
    ends = np.cumsum([block.shape[1] for block in blocks])
    sums = np.zeros((n_clips, int(ends[-1])))
    applies = np.zeros((len(scored), n_clips), dtype=bool)
    parts: list[Measure] = []
    for number, (one, block, end) in enumerate(zip(scored, blocks, ends, strict=True)):
        at = slice(int(end) - block.shape[1], int(end))
        sums[one.rows, at] = block
        applies[number, one.rows] = one.measures[0].applies
        for measure in one.measures:
            of = partial(_of_part, of=measure.of, at=at)
            name = f"{one.of.title} {measure.name}"
            parts.append(Measure(name=name, sums=sums, of=of, applies=applies[number]))
    main = [next(part for part in parts if part.name == f"{one.of.title} {one.measures[0].name}") for one in scored]
    return (
        Measure(
            name="mean of the nine sets" if len(scored) == len(SETS) else f"mean of {len(scored)} of the nine sets",
            sums=sums,
            of=partial(_mean_of, parts=tuple(main)),
            applies=np.asarray(applies.any(axis=0), dtype=bool),
        ),
        *parts,
    )


def _of_part(sums: Floats, *, of: Callable[[Floats], Floats], at: slice) -> Floats:
    return of(sums[..., at])


def _mean_of(sums: Floats, *, parts: Sequence[Measure]) -> Floats:
    return np.asarray(np.mean([part.of(sums) for part in parts], axis=0), dtype=np.float64)


def _notes(scored: Sequence[_Scored], of_no_set: int) -> tuple[str, ...]:
    notes = []
    if len(scored) < len(SETS):
        missing = [name for name in SETS if name not in {one.of.name for one in scored}]
        notes.append(
            f"{len(scored)} of the nine sets are here: the mean is not the benchmark's. Missing: {', '.join(missing)}."
        )
    notes += [
        f"{one.of.title} has {len(one.rows)} clips here and {one.of.n_clips} in the benchmark."
        for one in scored
        if len(one.rows) != one.of.n_clips
    ]
    words = sum((Counter(one.words_from) for one in scored), Counter[str]())
    if words:
        said = [f"{words[source]} {meaning}" for source, meaning in _WORDS_FROM.items() if words[source]]
        notes.append(
            f"Sentiment words: {'; '.join(said)}. Neutral counts as negative and clips of valence 0 are left out, as "
            "published."
        )
    if any(one.of.score == "hit rate" for one in scored):
        notes.append("The hit rate asks whether the gold's class is among the labels: further labels cost nothing.")
    notes.append(
        "Published results take, for each set, the checkpoint that is best on its test part; one checkpoint chosen "
        "beforehand does not compare with them."
    )
    if of_no_set:
        notes.append(f"{of_no_set} clips are of no set of the benchmark.")
    return tuple(notes)
