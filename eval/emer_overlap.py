"""EMER's overlap: a judge grades from 1 to 10 how far a description and its labels overlap with the reference's.

The published protocol (GPT-3.5, Chinese prompts) asks twice: for the overlap of what both descriptions say about the
person's emotional state, and, after both were put into emotion words by the same model, for the overlap of the words.
Here labels that a system names itself are taken as they are; the model reads them out of the text only where there are
none. A description that was not written has the lowest grade, 1.

Source: AffectGPT (zeroQiaoba/AffectGPT), ``AffectGPT/evaluation.py``; the prompts here are in our own words, so the
numbers are not comparable with published ones.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from ..errors import ConfigError, EmoreasonError
from ..reasoning.free_text import extract_labels
from .judging.judge import (
    Ask,
    AskedModel,
    Failure,
    at_once_of,
    chosen,
    each,
    failures_note,
    swap_consistency,
    the_judge,
)
from .judging.questions import judge_question, prompt_version, speaks_to_grader, verdict
from .judging.rater_agreement import judge_and_people
from .measure import mean_measure
from .sample import Sample
from .suite import SuiteResult, SuiteSettings
from .written import counted, gold_labels, gold_sentences, labels_of, reasoning_of

LOWEST: Final = 1.0
HIGHEST: Final = 10.0

Text = str | list[str]
Graded = list[float | Failure | None]


class _Pair(NamedTuple):
    """What is compared: the reference's side and the prediction's."""

    gold: Text
    written: Text

    @property
    def unasked(self) -> bool:
        """Whether the lowest grade needs no judge."""
        texts = [self.written] if isinstance(self.written, str) else self.written
        return not any(text.strip() for text in texts) or any(map(speaks_to_grader, texts))


def emer_overlap(samples: Sequence[Sample], settings: SuiteSettings, /) -> SuiteResult:
    """Grade the overlap of descriptions and of labels, 1 to 10.

    Parameters
    ----------
    samples : sequence of Sample
        Golds with an explanation or clues; labels where known.
    settings : SuiteSettings
        ``ask``: the judge.

    Raises
    ------
    ConfigError
        No gold has an explanation, clues or labels, or there is no judge.
    UpstreamError
        The judge cannot be had at all.
    """
    if not any(gold_sentences(sample.gold) or gold_labels(sample.gold) for sample in samples):
        raise ConfigError("emer-overlap compares descriptions, and no clip of the gold has a text, clues or labels")
    ask = the_judge(settings, "emer-overlap")
    texts = [_texts(sample) for sample in samples]
    clues, clue_swaps = _graded("overlap_clues", texts, ask, settings.seed)
    words = each(lambda sample: _labels(sample, ask, settings), samples, at_once_of(ask))
    labels, label_swaps = _graded("overlap_labels", words, ask, settings.seed)
    swaps, said = swap_consistency([*clue_swaps, *label_swaps], "the two sides in the other order")
    usable = [one is not None or other is not None for one, other in zip(clues, labels, strict=True)]
    return SuiteResult(
        suite="emer-overlap",
        measures=(mean_measure("clue overlap", _values(clues)), mean_measure("label overlap", _values(labels))),
        counts=counted(samples, usable)
        | {
            "judge_failed": sum(isinstance(one, Failure) for one in (*clues, *labels)),
            "lowest_unasked": sum(isinstance(pair, _Pair) and pair.unasked for pair in (*texts, *words)),
        }
        | swaps,
        settings={"judge": settings.judge, "judge_prompt": prompt_version(), "scale": [LOWEST, HIGHEST]},
        notes=(
            "The prompts are not the published ones: compare only with scores of the same judge.",
            *failures_note((*clues, *labels), "questions"),
            said,
            *(_agreement(samples, name, graded, settings) for name, graded in (("clue", clues), ("label", labels))),
        ),
        clips={
            sample.clip: _shown(clue, label)
            for sample, clue, label in zip(samples, clues, labels, strict=True)
            if clue is not None or label is not None
        },
    )


def _texts(sample: Sample) -> _Pair | None:
    known = sample.gold.text or " ".join(gold_sentences(sample.gold))
    return _Pair(known, reasoning_of(sample.prediction)) if known.strip() else None


def _labels(sample: Sample, ask: Ask, settings: SuiteSettings) -> _Pair | Failure | None:
    """Emotion words of both sides, read out of the text where none are given."""
    known: list[str] | Failure = list(gold_labels(sample.gold))
    if not known:
        text = sample.gold.text or " ".join(gold_sentences(sample.gold))
        known = _read_out(text, ask, settings)
    if isinstance(known, Failure):
        return known
    if not known:
        return None
    named = labels_of(sample.prediction)
    written = list(named) if named is not None else _read_out(reasoning_of(sample.prediction), ask, settings)
    return written if isinstance(written, Failure) else _Pair(known, written)


def _read_out(text: str, ask: Ask, settings: SuiteSettings) -> list[str] | Failure:
    if not text.strip():
        return []
    model = AskedModel(ask, settings.judge or "judge")
    (found,) = extract_labels([text], model, seed=settings.seed, language=settings.language)
    return Failure.of(found) if isinstance(found, EmoreasonError) else list(found.labels)


def _graded(
    name: str, pairs: Sequence[_Pair | Failure | None], ask: Ask, seed: int
) -> tuple[Graded, list[tuple[object, object]]]:
    """Grade all pairs, and some of them with their sides in the other order; ``(grade, grade)`` of these."""

    def grade(pair: _Pair, *, swapped: bool = False) -> float | Failure:
        if pair.unasked:
            return LOWEST
        one, other = (pair.written, pair.gold) if swapped else (pair.gold, pair.written)
        return verdict(judge_question(name, {"one": one, "other": other}), ask, _overlap)

    asked = [pair if isinstance(pair, _Pair) else None for pair in pairs]
    at_once = at_once_of(ask)
    graded = each(grade, asked, at_once)
    differ = [pair is not None and not pair.unasked and pair.gold != pair.written for pair in asked]
    kept = chosen(differ, seed)  # equal sides would be the same question
    again = [pair if keep else None for pair, keep in zip(asked, kept, strict=True)]
    second = each(lambda pair: grade(pair, swapped=True), again, at_once)
    both: list[tuple[object, object]] = [
        (one, other) for one, other in zip(graded, second, strict=True) if other is not None
    ]
    found: Graded = [pair if isinstance(pair, Failure) else value for pair, value in zip(pairs, graded, strict=True)]
    return found, both


def _overlap(value: Mapping[str, Any]) -> float | None:
    grade = value.get("overlap")
    if isinstance(grade, bool) or not isinstance(grade, int | float) or not LOWEST <= grade <= HIGHEST:
        return None
    return float(grade)


def _values(graded: Graded) -> list[float | None]:
    return [one if isinstance(one, float) else None for one in graded]


def _agreement(samples: Sequence[Sample], name: str, graded: Graded, settings: SuiteSettings) -> str:
    golds = [sample.gold for sample in samples]
    found = judge_and_people(golds, f"{name}_overlap", _values(graded), settings.seed)
    what = f"{name} overlap"
    return found.sentence(what) if found is not None else f"Judge–human agreement on {what}: not measured."


def _shown(clue: float | Failure | None, label: float | Failure | None) -> dict[str, Any]:
    shown = {"clue overlap": clue, "label overlap": label}
    return {
        name: f"no verdict: {value.reason}" if isinstance(value, Failure) else value for name, value in shown.items()
    }
