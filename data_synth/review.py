"""``review.html``: a sample of rows and of rejected drafts for people to judge; and what they decided, taken over.

The page needs nothing but a browser: it shows what was observed beside what was written, takes decisions by keyboard,
keeps them in the browser and writes them to a file (``decisions.json``). Rows that a person rejects are taken out by
:func:`~emoreason.data_synth.reviewed.apply_review`. A decision on a rejected draft says whether the checks were right;
it brings no row back.
"""

import hashlib
import heapq
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from ..cues.wording import cue_name, cue_text, gap_text
from ..errors import RecordError
from ..prompts.contract import parse_answer
from ..reasoning.purpose import NOTICE
from ..records import CueSet, Reference, TrainingRow
from ..report.text import THEME_KEY
from ..training.examples.drawing import draw
from ..training.rows.summary import emotion_of
from .checked import REASONS
from .labelled import LabelledClip
from .variants import written
from .writing.filling import fill
from .writing.rejected import read_rejected
from .writing.rows import clip_of, mode_of, read_rows, variant_of

PAGE: Final = "review.html"
_LONGEST: Final = 20_000
_MOST_CUES: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """What is shown.

    Attributes
    ----------
    rows : int
        Rows at most, drawn evenly over the classes.
    rejected : int
        Rejected drafts at most, drawn evenly over their first reasons.
    seed : int
        Of the draw.
    """

    rows: int = 100
    rejected: int = 100
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing to judge.

    Attributes
    ----------
    id : str
        Of the row; of a rejected draft: its clip and number.
    kind : {"row", "rejected"}
    clip, mode, language : str
    about : str
        Split and variant, where there are any.
    emotion, gold : str
        Class of the gold label, and what is known of it in words.
    reasons : tuple of (str, str)
        What the checks found: reason and detail.
    observed : tuple of str
        Lines of the cues and gaps.
    think : tuple of str
        Lines of the chain of thought; of a text that cannot be read: all of it.
    answer : str
        Labels, valence, arousal and action units.
    """

    id: str
    kind: Literal["row", "rejected"]
    clip: str
    mode: str
    language: str
    about: str
    emotion: str
    gold: str
    reasons: tuple[tuple[str, str], ...]
    observed: tuple[str, ...]
    think: tuple[str, ...]
    answer: str


def write_review(
    folder: Path,
    sampling: Sampling | None = None,
    *,
    clip: Callable[[str], LabelledClip | None] | None = None,
    sample: "RowSample | None" = None,
) -> int:
    """Write ``review.html``; return how many rows and drafts stand on it.

    Parameters
    ----------
    folder : Path
        That holds ``rows.jsonl`` and ``rejected.jsonl``.
    sampling : Sampling, optional
        What is shown.
    clip : callable, optional
        Clip of an id, for rejected drafts: without it their cues and gold are not shown.
    sample : RowSample, optional
        Of the rows, where somebody has read them already.

    Raises
    ------
    RecordError
        A file cannot be read or written.
    """
    sampling = sampling or Sampling()
    if sample is None:
        sample = RowSample(sampling)
        for row in read_rows(folder):
            sample.add(row)
    items = [*sample.items(), *_drafts(folder, sampling, clip or (lambda _: None))]
    path = folder / PAGE
    partial = path.with_name(f".{PAGE}.{os.getpid()}.partial")
    try:
        partial.write_text(render_review(items), encoding="utf-8", errors="backslashreplace", newline="\n")
        os.replace(partial, path)
    except OSError as error:
        raise RecordError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            partial.unlink()
    return len(items)


def render_review(items: Sequence[Item]) -> str:
    """Write the page: one HTML document that asks nothing of the network."""
    names = "\n".join(f"{item.id}\0{item.think}\0{item.answer}" for item in items)
    return fill(
        "review.html",
        items=items,
        sample=hashlib.sha256(names.encode("utf-8", "backslashreplace")).hexdigest()[:16],
        kinds=Counter(item.kind for item in items),
        reasons=Counter(reason for item in items for reason in dict.fromkeys(name for name, _ in item.reasons)),
        classes=sorted({item.emotion for item in items if item.emotion}),
        explained=REASONS,
        notice=NOTICE,
        theme_key=THEME_KEY,
    )


class RowSample:
    """Rows that a writer wrote, drawn evenly over the classes from those that are added one by one."""

    def __init__(self, sampling: Sampling | None = None) -> None:
        self._sampling = sampling or Sampling()
        self._drawn = _Drawn(self._sampling.rows)

    def add(self, row: TrainingRow) -> None:
        """Add a row."""
        if written(row):
            self._drawn.add(emotion_of(row.reference), draw(row.id, self._sampling.seed, "review").random(), row)

    def items(self) -> Iterator[Item]:
        """Yield what is shown of them."""
        for row in self._drawn.evenly():
            about = ", ".join(filter(None, (row.split, variant_of(row), "cues held back" if row.held_back else "")))
            yield _item(
                id=row.id, kind="row", clip=clip_of(row), mode=mode_of(row) or "", language=row.language, about=about,
                text=row.target or "", cueset=row.cueset, reference=row.reference, held_back=row.held_back,
            )  # fmt: skip


def _drafts(folder: Path, sampling: Sampling, clip: Callable[[str], LabelledClip | None]) -> Iterator[Item]:
    """Draw rejected drafts, evenly over the first reasons."""
    drawn = _Drawn(sampling.rejected)
    for line in read_rejected(folder):
        drafts = [one for one in line.get("drafts") or () if one.get("text")]
        for place, one in enumerate(drafts):
            reason = next((fault["reason"] for fault in one["faults"]), str(line["reasons"][0]))
            name = f"{line['clip']}#{one['number']}"
            drawn.add(reason, draw(f"{name} {place}", sampling.seed, "review").random(), (line, one, place))
    for line, one, place in drawn.evenly():
        found = clip(line["clip"])
        reasons = [(fault["reason"], fault["detail"]) for fault in one["faults"]]
        yield _item(
            id=f"{line['clip']}#{one['number']}" + (f" try {place + 1}" if place else ""), kind="rejected",
            clip=line["clip"], mode=str(one.get("mode", "")), language="", about="", text=one["text"],
            cueset=None if found is None else found.cueset, reference=None if found is None else found.reference,
            reasons=tuple(reasons) or tuple((str(name), "") for name in line["reasons"]),
        )  # fmt: skip


class _Drawn:
    """Holds of each group those with the smallest draws, and gives about as many of each."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._groups: dict[str, list[tuple[float, int, Any]]] = {}
        self._number = 0

    def add(self, group: str, rank: float, value: Any) -> None:
        """Add one; at most ``most`` of a group are kept."""
        self._number += 1
        heap = self._groups.setdefault(group, [])
        entry = (-rank, -self._number, value)
        if len(heap) < self._most:
            heapq.heappush(heap, entry)
        elif heap:
            heapq.heappushpop(heap, entry)

    def evenly(self) -> list[Any]:
        """Return at most ``most``, the groups in turn."""
        groups = [sorted(heap, reverse=True) for _, heap in sorted(self._groups.items())]
        longest = max(map(len, groups), default=0)
        turns = [group[place][2] for place in range(longest) for group in groups if place < len(group)]
        return turns[: self._most]


def _item(
    *,
    text: str,
    cueset: CueSet | None,
    reference: Reference | None,
    held_back: Sequence[str] = (),
    reasons: tuple[tuple[str, str], ...] = (),
    **known: Any,
) -> Item:
    language = known["language"] or "en"
    parsed = parse_answer(text[:_LONGEST])
    readable = parsed.answer is not None
    return Item(
        **known,
        emotion="" if reference is None else emotion_of(reference),
        gold="" if reference is None else _gold(reference),
        reasons=reasons,
        observed=() if cueset is None else tuple(_observed(cueset, language, held_back)),
        think=tuple(line for line in ((parsed.think or "") if readable else text[:_LONGEST]).splitlines() if line),
        answer=_answer(parsed.answer) if parsed.answer is not None else "",
    )


def _observed(cueset: CueSet, language: str, held_back: Sequence[str]) -> Iterator[str]:
    there = [cue for cue in cueset.cues if cue.state == "present"]
    for cue in there[:_MOST_CUES]:
        line = cue_text(cue, language)
        words = f": {cue.text}" if cue.text and cue.text not in line else ""
        yield f"[{cue.id}] {line}{words}{' (held back)' if cue.id in held_back else ''}"
    if len(there) > _MOST_CUES:
        yield f"… and {len(there) - _MOST_CUES} more"
    for state, words in (("absent", "looked for and not there"), ("unknown", "could not be measured")):
        if names := [f"{cue_name(cue, language)} [{cue.id}]" for cue in cueset.cues if cue.state == state]:
            yield f"{words}: {', '.join(names[:_MOST_CUES])}"
    for gap in cueset.gaps:
        yield gap_text(gap, language)
    if cueset.clip.transcript and not any(cue.text == cueset.clip.transcript for cue in there):
        yield f"transcript: {cueset.clip.transcript}"


def _gold(reference: Reference) -> str:
    shares = sorted((reference.distribution or {}).items(), key=lambda item: -item[1])
    parts = [
        reference.emotion or "",
        ", ".join(reference.labels or ()),
        ", ".join(f"{name} {share:.0%}" for name, share in shares if share > 0),
        "" if reference.valence is None else f"valence {reference.valence:+.2f}",
        "" if reference.action_units is None else f"action units {', '.join(reference.action_units) or 'none'}",
    ]
    return "; ".join(part for part in parts if part)


def _answer(answer: Mapping[str, Any]) -> str:
    labels: Iterable[str] = (one["label"] for one in answer.get("labels", ()))
    emotions = sorted(answer.get("emotions", ()), key=lambda one: -one["probability"])[:3]
    parts = [
        ", ".join(labels) or "no label",
        ", ".join(f"{one['label']} {one['probability']:.0%}" for one in emotions),
        *(f"{name} {answer[name]:+.2f}" for name in ("valence", "arousal") if answer.get(name) is not None),
        ", ".join(answer.get("action_units") or ()),
        "abstains" if answer.get("abstained") else "",
    ]
    return "; ".join(part for part in parts if part)
