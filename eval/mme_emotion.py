"""MME-Emotion's protocol: a judge splits an answer into steps and grades each 0 or 1.

The last step is the emotion concluded: *Rec* is the share of the right labels that it names (0 or 1 for one label,
``C/K`` for several, as published: further labels cost nothing, so their precision stands beside it). *Rea* is the share
of the other steps that do not clearly contradict the evidence, 0 for an answer without any. *CoT* is half of each.
All are 0 to 1. The benchmark's eight tasks, and what triggers the emotion, are columns of the gold (``task``,
``trigger``): each value of such a column has its own CoT and a row of a table.

What differs from the publication: its judge sees up to ten frames and prepared notes on the sound, this one what the
gold says of the clip (clues, explanation or cues) and the words spoken; clips whose reply cannot be read leave its mean
silently and are counted and named here; the prompts are in our own words.

Source: MME-Emotion (FunAudioLLM/MME-Emotion), ``extract_step/``, ``eval_cot/``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..cues.wording import cue_text
from ..errors import ConfigError
from ..prompts.salience import by_salience
from .judging.judge import Ask, Failure, at_once_of, chosen, each, failures_note, swap_consistency, the_judge
from .judging.questions import judge_question, prompt_version, speaks_to_grader, verdict
from .judging.rater_agreement import judge_and_people
from .measure import Measure, mean_measure
from .pictures import Matrix
from .sample import Gold, Sample
from .suite import SuiteResult, SuiteSettings
from .written import counted, gold_labels, gold_sentences, labels_of, reasoning_of

#: Columns of the gold that get a table of their own.
COLUMNS: Final = ("task", "trigger")
#: The benchmark's tasks, as it names them.
TASKS: Final = ("ER-Lab", "ER-Wild", "Noise-ER", "FG-ER", "ML-ER", "SA", "FG-SA", "IR")
MOST_STEPS: Final = 20
_MOST_VALUES: Final = 40
_MOST_EVIDENCE: Final = 120
_MOST_EMOTIONS: Final = 20


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was answered about a clip: steps of reasoning, and the emotions concluded."""

    steps: tuple[str, ...]
    emotions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Grades:
    """0 or 1 for each step, each right label and each emotion that was concluded; None: not known for this clip."""

    steps: tuple[int, ...] | None
    labels: tuple[int, ...] | None
    emotions: tuple[int, ...] = ()

    @property
    def rea(self) -> float | None:
        return None if self.steps is None else _mean(self.steps)

    @property
    def rec(self) -> float | None:
        return None if self.labels is None else _mean(self.labels)

    @property
    def cot(self) -> float | None:
        return None if self.rea is None or self.rec is None else (self.rea + self.rec) / 2

    @property
    def precision(self) -> float | None:
        return None if self.labels is None else _mean(self.emotions)


Graded = Sequence[_Grades | Failure | None]


def mme_emotion(samples: Sequence[Sample], settings: SuiteSettings, /) -> SuiteResult:
    """Grade answers step by step.

    Parameters
    ----------
    samples : sequence of Sample
        Golds with labels, and with clues, an explanation or cues as evidence.
    settings : SuiteSettings
        ``ask``: the judge.

    Raises
    ------
    ConfigError
        No gold has labels or evidence, or there is no judge.
    UpstreamError
        The judge cannot be had at all.
    """
    usable = [bool(gold_labels(sample.gold) or evidence_of(sample.gold)) for sample in samples]
    if not any(usable):
        raise ConfigError("mme-emotion grades against labels and clues, and no clip of the gold has either")
    ask = the_judge(settings, "mme-emotion")
    at_once = at_once_of(ask)
    asked = [sample if use else None for sample, use in zip(samples, usable, strict=True)]
    answers = each(lambda sample: _answer(sample, ask), asked, at_once)
    work = [
        (sample, answer) if isinstance(answer, _Answer) else None
        for sample, answer in zip(samples, answers, strict=True)
    ]
    graded = each(lambda one: _grade(*one, ask), work, at_once)
    kept = chosen([one is not None and _asks(*one) and _can_turn(one[0].gold) for one in work], settings.seed)
    swapped = each(
        lambda one: _grade(*one, ask, swapped=True),
        [one if keep else None for one, keep in zip(work, kept, strict=True)],
        at_once,
    )
    swaps, said = swap_consistency(
        [pair for pair in zip(graded, swapped, strict=True) if pair[1] is not None],
        "evidence and labels in reverse order",
    )
    found: Graded = [
        answer if isinstance(answer, Failure) else grades for answer, grades in zip(answers, graded, strict=True)
    ]
    tables = [table for column in COLUMNS if (table := _table(samples, found, column)) is not None]
    return SuiteResult(
        suite="mme-emotion",
        measures=_measures(samples, found, answers),
        counts=counted(samples, usable) | {"judge_failed": sum(isinstance(one, Failure) for one in found)} | swaps,
        settings={"judge": settings.judge, "judge_prompt": prompt_version(), "evidence": "text"},
        notes=_notes(samples, found, said, settings),
        pictures=tuple(tables),
        clips={
            sample.clip: _shown(answer, grades)
            for sample, answer, grades in zip(samples, answers, found, strict=True)
            if grades is not None
        },
    )


def evidence_of(gold: Gold) -> list[str]:
    """Return what the judge is told of a clip: clues or explanation, else its cues in words, most salient first."""
    sentences = list(gold_sentences(gold))
    cueset = gold.reference.cueset
    if sentences or cueset is None:
        return sentences[:_MOST_EVIDENCE]
    return [f"{cue_text(cue)}; {cue.text}" if cue.text else cue_text(cue) for cue in by_salience(cueset.cues)][
        :_MOST_EVIDENCE
    ]


def _answer(sample: Sample, ask: Ask) -> _Answer | Failure:
    """Take a prediction apart: steps and emotions, its own labels where it names them beside its text."""
    text, named = reasoning_of(sample.prediction), labels_of(sample.prediction)
    if not text or speaks_to_grader(text):
        return _Answer((), () if text else tuple(named or ())[:_MOST_EMOTIONS])
    found = verdict(judge_question("split_steps", {"text": text}, most=MOST_STEPS), ask, _split)
    if isinstance(found, Failure) or named is None:
        return found
    return _Answer(found.steps, tuple(named)[:_MOST_EMOTIONS])


def _split(value: Mapping[str, Any]) -> _Answer | None:
    steps, emotions = _strings(value.get("steps")), _strings(value.get("emotions"))
    if steps is None or emotions is None:
        return None
    return _Answer(steps[:MOST_STEPS], emotions[:_MOST_EMOTIONS])


def _strings(value: object) -> tuple[str, ...] | None:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        return None
    return tuple(item.strip() for item in value if item.strip())


def _asks(sample: Sample, answer: _Answer) -> bool:
    """Whether there is anything to grade: no step and no emotion is 0 without a judge."""
    return bool((answer.steps and evidence_of(sample.gold)) or (answer.emotions and gold_labels(sample.gold)))


def _can_turn(gold: Gold) -> bool:
    """Whether the reverse order is another one."""
    return len(evidence_of(gold)) > 1 or len(gold_labels(gold)) > 1


def _grade(sample: Sample, answer: _Answer, ask: Ask, *, swapped: bool = False) -> _Grades | Failure:
    evidence, labels = evidence_of(sample.gold), list(gold_labels(sample.gold))
    n_steps = len(answer.steps) if evidence else 0
    if not _asks(sample, answer):
        return _Grades(() if evidence else None, (0,) * len(labels) if labels else None, (0,) * len(answer.emotions))
    turn = -1 if swapped else 1
    material = {
        "evidence": evidence[::turn],
        "said": sample.gold.transcript or "",
        "labels": labels[::turn],
        "steps": list(answer.steps[:n_steps]),
        "emotions": list(answer.emotions),
    }
    question = judge_question("grade_steps", material, steps=n_steps, labels=len(labels), emotions=len(answer.emotions))

    def read(value: Mapping[str, Any]) -> _Grades | None:
        steps = _bits(value.get("steps"), n_steps)
        right = _bits(value.get("labels"), len(labels))
        emotions = _bits(value.get("emotions"), len(answer.emotions))
        if steps is None or right is None or emotions is None:
            return None
        return _Grades(steps if evidence else None, right[::turn] if labels else None, emotions)

    return verdict(question, ask, read)


def _bits(value: object, wanted: int) -> tuple[int, ...] | None:
    """So many grades of 0 or 1, else None."""
    listed = value if isinstance(value, list) else [] if value is None else None
    if listed is None or len(listed) != wanted or any(item not in (0, 1) for item in listed):
        return None
    return tuple(int(item) for item in listed)


def _mean(grades: Sequence[int]) -> float:
    return sum(grades) / len(grades) if grades else 0.0


def _measures(
    samples: Sequence[Sample], graded: Graded, answers: Sequence[_Answer | Failure | None]
) -> tuple[Measure, ...]:
    whole = {name: _values(graded, name) for name in ("cot", "rec", "rea", "precision")}
    steps = [
        float(len(answer.steps)) if isinstance(answer, _Answer) and isinstance(grades, _Grades) else None
        for answer, grades in zip(answers, graded, strict=True)
    ]
    parts = [
        mean_measure(f"CoT, {column} {value}", [
            cot if inside == value else None for cot, inside in zip(whole["cot"], held, strict=True)
        ])
        for column in COLUMNS
        if (held := _column(samples, column)) is not None
        for value in _listed(held)
    ]  # fmt: skip
    return (
        mean_measure("CoT", whole["cot"]),
        mean_measure("Rec", whole["rec"]),
        mean_measure("Rea", whole["rea"]),
        mean_measure("label precision", whole["precision"]),
        mean_measure("steps", steps, higher_is_better=None),
        *parts,
    )


def _values(graded: Graded, name: str) -> list[float | None]:
    return [getattr(one, name) if isinstance(one, _Grades) else None for one in graded]


def _column(samples: Sequence[Sample], name: str) -> list[str] | None:
    """Return what the gold has in a column, whatever its case; None where no clip has anything."""
    held = [
        next((text.strip() for key, text in sample.gold.columns.items() if key.strip().lower() == name), "")
        for sample in samples
    ]
    return held if any(held) else None


def _listed(held: Sequence[str]) -> list[str]:
    """Values of a column: the benchmark's tasks in its order, then by how many clips they have."""
    known = {value: -held.count(value) for value in set(held) if value}
    order = sorted(known, key=lambda value: (TASKS.index(value) if value in TASKS else len(TASKS), known[value], value))
    return order[:_MOST_VALUES]


def _table(samples: Sequence[Sample], graded: Graded, column: str) -> Matrix | None:
    held = _column(samples, column)
    if held is None:
        return None
    rows: list[str] = []
    values: list[list[float | None]] = []
    for value in _listed(held):
        inside = [one for one, text in zip(graded, held, strict=True) if text == value]
        rows.append(f"{value} ({sum(isinstance(one, _Grades) for one in inside)})")
        known = [[number for number in _values(inside, name) if number is not None] for name in ("rec", "rea", "cot")]
        values.append([sum(numbers) / len(numbers) if numbers else None for numbers in known])
    return Matrix(
        title=f"Scores by {column}",
        rows=rows,
        columns=("Rec", "Rea", "CoT"),
        values=values,
        row_title=column,
        of="mean over clips",
    )


def _notes(samples: Sequence[Sample], graded: Graded, swaps: str, settings: SuiteSettings) -> tuple[str, ...]:
    golds = [sample.gold for sample in samples]
    agreements = []
    for name in ("rec", "rea", "cot"):
        found = judge_and_people(golds, name, _values(graded, name), settings.seed)
        agreements += [found.sentence(name.capitalize())] if found is not None else []
    missing = [
        f"Not measured by {column}: the gold has no column {column!r}."
        for column in COLUMNS
        if _column(samples, column) is None
    ]
    return (
        "Rec has no precision term, as published: further labels cost nothing. Read it beside the label precision.",
        "The judge saw no frames and heard no sound: evidence is what the gold says of the clip, and the prompts are "
        "not the published ones.",
        *failures_note(graded),
        swaps,
        *(agreements or ["Judge–human agreement: not measured."]),
        *missing,
    )


def _shown(answer: object, graded: _Grades | Failure) -> dict[str, Any]:
    if isinstance(graded, Failure):
        return {"no verdict": graded.reason}
    shown: dict[str, Any] = {"CoT": graded.cot, "Rec": graded.rec, "Rea": graded.rea}
    if isinstance(answer, _Answer):
        shown |= {"steps": list(answer.steps), "emotions": list(answer.emotions)}
    return shown | {"step grades": None if graded.steps is None else list(graded.steps)}
