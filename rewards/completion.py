"""A completion as rewards see it: the chain of thought and the answer, in any of the forms the field writes.

Two forms are read: this project's contract (``<think>…</think>`` and one JSON object, see
:mod:`emoreason.prompts.contract`) and ``<think>…</think><answer>…</answer>`` of R1-Omni, Facial-R1 and AffectGPT-R1,
whose answer is a list of labels. Nothing is limited or made unique here: a flood of labels is seen as one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from ..errors import ModelOutputError
from ..prompts.contract import parse_answer
from .labels import parse_labels

_TAG = re.compile(r"<(?:(/?)answer|/think)>", re.IGNORECASE)
_LIST_MARKS: Final = "、，；;/|\n"
_SEPARATORS = str.maketrans(dict.fromkeys(_LIST_MARKS, ","))
_MOST_LABELS_READ: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One completion, taken apart once for all rewards.

    Attributes
    ----------
    text : str
        As the model wrote it.
    think : str or None
        The chain of thought without its tags.
    answered : bool
        Whether there is an answer at all (JSON object or answer tag) outside the chain of thought.
    form : str or None
        ``contract`` (JSON) or ``tags``; None when there is no answer.
    labels : tuple of str
        Open-vocabulary labels as written, in order, duplicates kept.
    label_cues : dict
        Label -> cue ids cited for it, as written.
    distribution : dict or None
        Probability per class of ``records.labels.EMOTIONS``.
    valence, arousal : float or None
        In [-1, 1].
    action_units : tuple of str or None
        Codes listed in the answer; None when the answer has no such list.
    problems : tuple of str
        Codes of :mod:`emoreason.prompts.problems` that reading it met.
    """

    text: str
    think: str | None = None
    answered: bool = False
    form: str | None = None
    labels: tuple[str, ...] = ()
    label_cues: dict[str, tuple[str, ...]] | None = None
    distribution: dict[str, float] | None = None
    valence: float | None = None
    arousal: float | None = None
    action_units: tuple[str, ...] | None = None
    problems: tuple[str, ...] = ()

    @property
    def reasoning(self) -> str:
        """The text that claims are read from: the chain of thought, else the whole text without the answer tag."""
        if self.think is not None:
            return self.think
        if self.form == "contract":
            return ""
        span = _tagged_span(self.text)
        return self.text if span is None else f"{self.text[: span[0]]} {self.text[span[3] :]}"


@lru_cache(maxsize=4096)
def read_completion(text: str) -> Completion:
    """Take a completion apart. Never raises on a str; results are kept for the other rewards of the same text.

    Examples
    --------
    >>> done = read_completion("<think>Lips part.</think><answer>happy, calm</answer>")
    >>> done.think, done.labels, done.form
    ('Lips part.', ('happy', 'calm'), 'tags')
    """
    try:
        parsed = parse_answer(text)
    except ModelOutputError:
        return Completion(text=text[:1000], problems=("too_long",))
    problems = tuple(problem.code for problem in parsed.problems)
    if parsed.answer is None or "answer_in_think" in problems:
        return _tagged(text, parsed.think, problems)
    answer = parsed.answer
    emotions = answer.get("emotions")
    return Completion(
        text=text,
        think=parsed.think,
        answered=True,
        form="contract",
        labels=_written_labels(parsed.written or {}),
        label_cues={item["label"]: tuple(item["cues"]) for item in answer.get("labels", ())},
        distribution={item["label"]: item["probability"] for item in emotions} if emotions else None,
        valence=answer.get("valence"),
        arousal=answer.get("arousal"),
        action_units=tuple(answer["action_units"]) if "action_units" in answer else None,
        problems=problems,
    )


def _tagged(text: str, think: str | None, problems: tuple[str, ...]) -> Completion:
    """Read the answer tag, if there is one outside the chain of thought."""
    span = _tagged_span(text)
    if span is None:
        return Completion(text=text, think=think, problems=problems)
    labels = parse_labels(text[span[1] : span[2]].translate(_SEPARATORS).strip())
    kept = tuple(label for label in (_bare(label) for label in labels) if label)
    return Completion(
        text=text, think=think, answered=True, form="tags", labels=kept[:_MOST_LABELS_READ], problems=problems
    )


def _tagged_span(text: str) -> tuple[int, int, int, int] | None:
    """Find the last answer in tags behind the chain of thought: where its tags and its words begin and end."""
    found: tuple[int, int, int, int] | None = None
    opened: tuple[int, int] | None = None
    for tag in _TAG.finditer(text):
        if tag[1] is None:  # </think>: what stands before it is thought
            found = opened = None
        elif not tag[1]:
            opened = opened or tag.span()
        elif opened is not None:
            found, opened = (*opened, *tag.span()), None
    return found


def _bare(label: str) -> str:
    return label.strip().strip(".。!！[]【】").strip()


def _written_labels(answer: Mapping[str, Any]) -> tuple[str, ...]:
    """Labels of a JSON answer, all of them, in order (``labels`` and the names models give it instead)."""
    for key, value in answer.items():
        if str(key).strip().lower() in ("labels", "label", "emotion"):
            items = value if isinstance(value, list) else [value]
            names = [item.get("label", item.get("emotion")) if isinstance(item, Mapping) else item for item in items]
            split = [part for name in names if isinstance(name, str) for part in name.translate(_SEPARATORS).split(",")]
            return tuple(part for part in (_bare(part) for part in split) if part)[:_MOST_LABELS_READ]
    return ()
