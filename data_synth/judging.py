"""A judge over drafts: what a language model says of them is measured, and rejects nothing.

The rubric is that of the reward ``judge`` (grounding, relevance, coherence; ``rewards/judge``): the judge sees cues,
chain of thought and answer, never the gold label. Judged is what can become a row, and of a clip without a draft that
passed the last one, so that people's decisions on both kinds can be compared with it (``agreement.py``). It comes after
the drafting: a judge may be added to a synthesis, or another one asked, and no draft is written again.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Final, Protocol

from ..errors import UpstreamError
from ..reasoning.batch.outputs import StorageError
from ..reasoning.batch.row import plain_id
from ..records import Score
from ..rewards.reward import Case
from .checked import Checked
from .kept import CheckedFile, ClipFile
from .labelled import LabelledClip

#: What it is called among the measures of a draft.
MEASURE: Final = "judge"
#: File of the scores, in the working state.
JUDGED: Final = "judged.jsonl"
_CLIPS_AT_ONCE: Final = 32

#: Clip, number of the draft, how often it had been sent back.
Key = tuple[str, int, int]


class DraftJudge(Protocol):
    """Scores many completions, 0 to 1; None where no verdict could be had.

    :class:`emoreason.rewards.judge.Judge` is one; it counts what went wrong in ``failures``.
    """

    def score_many(self, cases: Sequence[Case], /) -> Sequence[Score | None]:
        """Score the cases, in their order."""
        ...


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of asking a judge.

    Attributes
    ----------
    drafts, scored : int
        Drafts that it was asked about, and those of them that it gave a verdict on.
    failures : mapping
        Why it gave none -> how often.
    """

    drafts: int
    scored: int
    failures: Mapping[str, int]


class JudgedFile(CheckedFile):
    """Checked drafts with what the judge said of them among their measures.

    Parameters
    ----------
    scores : mapping
        Of :func:`read_scores`.
    *paths : Path
        Files of one round after the other.
    """

    def __init__(self, scores: Mapping[Key, float], *paths: Path) -> None:
        super().__init__(*paths)
        self._scores = scores

    def of(self, clip_id: str) -> tuple[Checked, ...]:
        """Return the checked drafts of a clip."""
        name = plain_id(clip_id)
        return tuple(self._with_score(name, one) for one in super().of(clip_id))

    def _with_score(self, name: str, one: Checked) -> Checked:
        score = self._scores.get((name, one.draft.number, one.draft.retries))
        return one if score is None else replace(one, measures={**one.measures, MEASURE: score})


def judge_drafts(
    clips: ClipFile,
    drafts: CheckedFile,
    judge: DraftJudge,
    path: Path,
    *,
    on_clips: Callable[[int], None] = lambda number: None,
) -> Judged:
    """Have drafts judged and write ``judged.jsonl``, whole or not at all.

    Parameters
    ----------
    clips : ClipFile
    drafts : CheckedFile
    judge : DraftJudge
        Asked about many drafts at a time; what it was asked before it may remember.
    path : Path
        The file.
    on_clips : callable, optional
        Told how many clips are done.

    Raises
    ------
    ConfigError
        The judge cannot be used at all.
    UpstreamError
        It gave no verdict on any of the first drafts, and would give none on the others.
    StorageError
        The file cannot be written.
    """
    asked, scored, done = 0, 0, 0
    partial = path.with_name(f".{path.name}.partial")
    try:
        with open(partial, "w", encoding="utf-8") as file:
            every = clips.read_each()
            while some := list(islice(every, _CLIPS_AT_ONCE)):
                pairs = [(clip, one) for clip in some for one in _judgeable(drafts.of(clip.id))]
                found = judge.score_many([_case(clip, one) for clip, one in pairs])
                for (clip, one), score in zip(pairs, found, strict=True):
                    asked += 1
                    if score is not None and score.value is not None:
                        scored += 1
                        file.write(_line(clip, one, score.value, score.parts))
                _refuse_silence(asked, scored, judge)
                done += len(some)
                on_clips(done)
        os.replace(partial, path)
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror or error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return Judged(asked, scored, dict(getattr(judge, "failures", {})))


def _refuse_silence(asked: int, scored: int, judge: DraftJudge) -> None:
    if asked and not scored:
        why = next(iter(getattr(judge, "failures", {})), "it gave no reason")
        raise UpstreamError(
            f"the judge gave no verdict on any of the first {asked} drafts ({why}); expected grades as one "
            "JSON object. The drafts are kept: the same command goes on, and without --judge-model it asks no judge"
        )


def read_scores(path: Path) -> dict[Key, float]:
    """Read what a judge said; nothing where none was asked."""
    if not path.exists():
        return {}
    with open(path, encoding="utf-8") as file:
        return {(one["clip"], one["number"], one["retries"]): one["value"] for one in map(json.loads, file)}


def _judgeable(checked: Iterable[Checked]) -> Iterator[Checked]:
    """Yield drafts that passed; where none did, the last one that has a chain of thought."""
    thinking = [one for one in checked if one.draft.text and one.draft.manner.style != "direct"]
    passed = [one for one in thinking if one.passed]
    yield from passed or thinking[-1:]


def _case(clip: LabelledClip, one: Checked) -> Case:
    return Case.of(one.draft.text, replace(clip.reference, cueset=clip.cueset))


def _line(clip: LabelledClip, one: Checked, value: float, parts: Mapping[str, Any] | None) -> str:
    line: dict[str, Any] = {
        "clip": plain_id(clip.id),
        "number": one.draft.number,
        "retries": one.draft.retries,
        "value": round(value, 4),
        "parts": dict(parts or {}),
    }
    return json.dumps(line, ensure_ascii=False) + "\n"
