"""What a batch will take, told beforehand: rows, minutes of media, tokens. Nothing is decoded."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ...cues.child import Task
from ...cues.limits import Limits
from ...cues.sandbox import run_in_child
from ...errors import EmoreasonError
from ...prompts.render import DEFAULT_BUDGET_TOKENS, render_messages
from ...records import Clip, CueSet
from ..conversation import Manner
from .row import Row

#: Headers of more clips than this are not read: the rest is taken to be like them.
SAMPLE: Final = 200
#: Cues of one second of a person who speaks to the camera, as text (``examples/clip.mp4``).
_TOKENS_PER_S: Final = 350
#: Patches of 28 x 28 pixels are one token for most models.
_PIXELS_PER_TOKEN: Final = 28 * 28
_PROBLEMS: Final = 5


@dataclass(slots=True, kw_only=True)
class Estimate:
    """What a manifest holds.

    Attributes
    ----------
    rows, with_media, with_cues : int
        All rows, those with a file, and those whose cues are given.
    problems : int
        Rows that cannot be worked on; ``problem_examples`` are the first of them.
    looked_at, unreadable : int
        Files whose headers were read, and of them those that could not be.
    minutes : float or None
        Length of all media; extrapolated where ``looked_at`` is less than ``with_media``.
    """

    rows: int = 0
    with_media: int = 0
    with_cues: int = 0
    problems: int = 0
    problem_examples: list[str] = field(default_factory=list)
    looked_at: int = 0
    unreadable: int = 0
    minutes: float | None = None

    @property
    def to_explain(self) -> int:
        """Rows that the engine will be asked about."""
        return self.rows - self.problems


def estimate(rows: Iterable[Row], limits: Limits | None = None) -> Estimate:
    """Count rows and read the headers of some of their files, each in a child process.

    Parameters
    ----------
    rows : iterable of Row
        Read once; a sample of at most :data:`SAMPLE` files is held.
    limits : Limits, optional
        What looking at one file may cost.
    """
    found = Estimate()
    sample: list[str] = []
    chooser = random.Random(0)  # noqa: S311 - a sample, the same each time
    for listed in rows:
        row = listed.checked()
        found.rows += 1
        if row.problem is not None:
            found.problems += 1
            if len(found.problem_examples) < _PROBLEMS:
                found.problem_examples.append(f"{row.id}: {row.problem}")
        elif row.cueset is not None:
            found.with_cues += 1
        elif row.path is not None:
            found.with_media += 1
            if len(sample) < SAMPLE:
                sample.append(row.path)
            elif (place := chooser.randrange(found.with_media)) < SAMPLE:
                sample[place] = row.path
    _measure(found, sample, limits)
    return found


def _measure(found: Estimate, sample: Sequence[str], limits: Limits | None) -> None:
    lengths = []
    for path in sample:
        try:
            length = run_in_child(f"{_HERE}:length_task", path, {}, limits)
        except EmoreasonError:
            found.unreadable += 1
        else:
            lengths.append(0.0 if length is None else float(length))
    found.looked_at = len(sample)
    if lengths:
        readable = found.with_media * len(lengths) / len(sample)
        found.minutes = sum(lengths) / len(lengths) * readable / 60


_HERE: Final = "reasoning.batch.estimate"


def length_task(task: Task) -> float | None:
    """Length of a file in seconds, by its header; runs in the child process."""
    from ...cues.container import open_media

    with open_media(task.path, task.limits) as container:
        return None if container.duration is None else max(0.0, container.duration / 1e6)


def tokens(found: Estimate, manner: Manner, **question: Any) -> dict[str, int]:
    """Tokens that a language model will read and at most write, roughly.

    Parameters
    ----------
    found : Estimate
    manner : Manner
        How it will be asked.
    question
        ``preset``, ``language`` and ``compounds`` of the prompt.

    Returns
    -------
    dict
        ``prompt`` (about), ``completion`` (at most).
    """
    budget = manner.budget_tokens or DEFAULT_BUDGET_TOKENS
    instructions = render_messages(CueSet(clip=Clip(id="clip")), budget_tokens=None, **question).tokens
    seconds = (found.minutes or 0.0) * 60 / max(1, found.with_media)
    text = instructions + min(max(0, budget - instructions), round(_TOKENS_PER_S * seconds))
    pictures = min(manner.frame_tokens, manner.frames * manner.frame_pixels // _PIXELS_PER_TOKEN)
    # It is asked twice for each sample: to think, and for the answer after what it thought.
    return {
        "prompt": found.to_explain * 2 * (text + pictures),
        "completion": found.to_explain * manner.samples * manner.sampling.max_tokens,
    }
