"""``README.md`` and ``card.json``: what a synthetic data set is made of, for those who are to trust it or not.

Counts come from the files themselves (``rows.jsonl``, ``rejected.jsonl``, ``preferences.jsonl``); what no file tells
(how many lines could not be read, how many drafts there were, what the selection left out) is told by the pipeline.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from .. import __version__
from ..errors import RecordError
from ..prompts.version import PROMPT_VERSION
from ..reasoning.purpose import NOTICE
from .checked import REASONS
from .counting import MEANS, RowCounts, count_rejected, count_rows
from .preferences import read_preferences
from .split import SPLITS
from .writing.filling import fill
from .writing.rejected import read_rejected
from .writing.rows import read_rows

CARD: Final = "README.md"
FACTS: Final = "card.json"

#: Mode -> how the gold label took part, for people.
CONDITIONING: Final[Mapping[str, str]] = {
    "template": "sentences of a template, made from the cues around the gold label; no model wrote them. They show how "
    "cues and label can be tied together, not that anybody saw it so.",
    "label-blind": "the writer never saw the gold label; rows are those where it arrived there by itself.",
    "label-hidden-until-end": "observations were written without the label, the conclusion with it.",
    "rationalise": "the writer saw the gold label from the start. What it wrote is a rationalisation and no evidence "
    "for the label.",
    "perception": "questions about the cues with answers read off the cues; no label takes part, and no model wrote "
    "them.",
}
#: Reasons that the selection gives.
_SELECTION: Final[Mapping[str, str]] = {
    "near_duplicate": "A draft passed, and says nearly what another one says.",
    "balance": "A draft passed, and its class or combination of cues has enough rows.",
    "review": "A person rejected it.",
    "no_draft": "No draft was written.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the files do not tell.

    Attributes
    ----------
    settings : mapping
        Name -> value: how it was made.
    files : sequence of mapping
        Input files: ``name``, ``sha256``.
    clips, unread : int or None
        Clips of the input; lines that could not be used.
    drafts, passed : int or None
        Drafts with all their tries, and those without a fault.
    reasons : mapping of str to int
        Reason -> drafts.
    before, after : mapping of str to int
        Clips by class, with a draft that passed and with a row.
    evenness : sequence of float
        Of the classes, before and after.
    candidates, duplicates : int or None
        Drafts that were compared with each other, and those that were near-duplicates.
    splits : mapping
        ``Splits.to_dict()``.
    findings : mapping
        ``check_split(…).to_dict()``.
    exports : mapping
        Form -> split -> how many.
    rounds : sequence of mapping
        Of self-training, one a round.
    review : mapping
        What people decided (``data_synth/review.py``).
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    files: Iterable[Mapping[str, Any]] = ()
    clips: int | None = None
    unread: int | None = None
    drafts: int | None = None
    passed: int | None = None
    reasons: Mapping[str, int] = field(default_factory=dict)
    before: Mapping[str, int] = field(default_factory=dict)
    after: Mapping[str, int] = field(default_factory=dict)
    evenness: Sequence[float] = ()
    candidates: int | None = None
    duplicates: int | None = None
    splits: Mapping[str, Any] = field(default_factory=dict)
    findings: Mapping[str, Any] = field(default_factory=dict)
    exports: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    rounds: Iterable[Mapping[str, Any]] = ()
    review: Mapping[str, Any] = field(default_factory=dict)


def write_card(
    folder: Path, told: Told | None = None, *, title: str | None = None, counted: RowCounts | None = None
) -> dict[str, Any]:
    """Write ``card.json`` and ``README.md``; return what stands in ``card.json``.

    Parameters
    ----------
    folder : Path
        That holds the rows.
    told : Told, optional
        What the files do not tell.
    title : str, optional
        Of the data set.
    counted : RowCounts, optional
        Of the rows, where somebody has read them already.

    Raises
    ------
    RecordError
        A file cannot be read or written.
    """
    told = told or Told()
    facts: dict[str, Any] = {
        "title": title or "Explained emotions from labelled clips",
        "emoreason": __version__,
        "prompt_version": PROMPT_VERSION,
        "told": json.loads(json.dumps({**asdict(told), "files": list(told.files), "rounds": list(told.rounds)})),
        "rows": count_rows(read_rows(folder)) if counted is None else counted.to_dict(),
        "rejected": count_rejected(read_rejected(folder)),
        "pairs": dict(Counter(pair.kind for pair in read_preferences(folder)).most_common()),
    }
    facts["yield"] = _yield(facts)
    _write(folder / FACTS, json.dumps(facts, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
    _write(folder / CARD, render_card(facts))
    return facts


def _yield(facts: Mapping[str, Any]) -> float | None:
    clips = facts["rows"]["clips"] + facts["rejected"]["clips"]
    return round(facts["rows"]["clips"] / clips, 4) if clips else None


def render_card(facts: Mapping[str, Any]) -> str:
    """Write the card: Markdown with a YAML head that the Hugging Face hub reads.

    Parameters
    ----------
    facts : mapping
        As :func:`write_card` writes them to ``card.json``.
    """
    rows = facts["rows"]
    return fill(
        "card.md",
        facts=facts,
        rows=rows,
        told=facts["told"],
        notice=NOTICE,
        size=_size(rows["rows"]),
        splits=[name for name in SPLITS if name in rows["splits"]],
        conditioning=CONDITIONING,
        reasons=list(_reasons(facts["told"]["reasons"], facts["rejected"]["reasons"])),
        means=MEANS,
        licences=sorted({one["licence"] or "not known" for one in rows["sources"].values()}),
        files=_files(facts["told"]["exports"]),
        unmeasured=list(_unmeasured(facts)),
    )


def _reasons(drafts: Mapping[str, int], clips: Mapping[str, int]) -> Iterable[tuple[str, int, int, str]]:
    """Yield reason, clips, drafts, and what it is: those of most clips first."""
    about = {**REASONS, **_SELECTION}
    for name in sorted({*drafts, *clips}, key=lambda name: (-clips.get(name, 0), -drafts.get(name, 0), name)):
        yield name, clips.get(name, 0), drafts.get(name, 0), about.get(name, "")


def _size(rows: int) -> str:
    """Size category of the hub."""
    limits = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
    return next((name for limit, name in limits if rows < limit), "1M<n<10M")


def _files(exports: Mapping[str, Mapping[str, int]]) -> list[tuple[str, list[tuple[str, str]]]]:
    """Form -> split and path of its files, for the head of the card."""
    return [
        (form, [(split, f"export/{form}/{split}.jsonl") for split in SPLITS if split in counts])
        for form, counts in exports.items()
        if counts
    ]


def _unmeasured(facts: Mapping[str, Any]) -> Iterable[str]:
    """Say in words what nobody knows about these rows."""
    rows, told = facts["rows"], facts["told"]
    if not told["review"]:
        yield "Judgements of people on these rows: none. The checks are rules, and pass what they cannot read."
    yield (
        "Whether the reasoning is why a label holds: not measured. Grounding tells whether claims are borne out by the "
        "cues; the cues themselves were measured or described by models that err."
    )
    yield "Whether the gold labels are right, or what the people in the clips felt: not measured."
    yield "Differences between groups of people (age, gender, skin colour, culture, disability): not measured."
    if rows["groups"].get("not named"):
        yield (
            f"Whether people of one split are also in another: not known for {rows['groups']['not named']} rows, whose "
            "data names no speakers."
        )
    if any(mode in rows["modes"] for mode in ("template", "rationalise", "label-hidden-until-end")):
        yield "Whether a writer who had not been told the label would have come to it: not known for conditioned rows."
    yield "What a model learns from these rows: not measured here; train, and compare on rows that people wrote."


def _write(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8", errors="backslashreplace", newline="\n")
        os.replace(partial, path)
    except OSError as error:
        raise RecordError(f"{path}: cannot be written: {error.strerror or error}") from error
    finally:
        with suppress(OSError):
            partial.unlink()
