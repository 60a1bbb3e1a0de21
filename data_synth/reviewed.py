"""What people decided on the page for review, taken over into the rows."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Final

from ..errors import ConfigError, RecordError
from ..records import TrainingRow
from ..records.convert import parse_json
from .agreement import Agreement, judge_agreement
from .card import FACTS, Told, write_card
from .checked import Checked, Fault
from .draft import MODES, Draft, Manner, Mode
from .preferences import read_preferences, write_preferences
from .writing.exports import EXPORT, FORMS, write_exports
from .writing.rejected import Rejected, read_rejected, write_rejected
from .writing.rows import PARQUET, clip_of, mode_of, read_rows, write_row_files

FORMAT: Final = "emoreason-review/1"
#: Why a clip has no row: a person rejected the only ones it had.
REVIEW: Final = "review"
#: Quantile of the normal distribution for 95 %.
_Z: Final = 1.959964

Decision = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a review.

    Attributes
    ----------
    accepted, rejected : int
        Decisions on rows.
    removed : int
        Rows that were taken out, with the variants of the same draft.
    clips : int
        Clips that have no row any more.
    right, wrong : int
        Rejected drafts on which people agreed with the checks, and those they would have accepted.
    unknown : int
        Decisions on what is not in the folder (any more).
    judge : Agreement or None
        How far a judge of the drafts agrees with people; None where none was asked.
    """

    accepted: int
    rejected: int
    removed: int
    clips: int
    right: int
    wrong: int
    unknown: int
    judge: Agreement | None = None

    def facts(self) -> dict[str, str]:
        """Figures for the card."""
        judge = {} if self.judge is None else {"agreement of the judge with people": self.judge.sentence()}
        return judge | {
            "rows that people accepted": _share(self.accepted, self.accepted + self.rejected),
            "rejected drafts on which people agreed with the checks": _share(self.right, self.right + self.wrong),
        }


def read_decisions(path: Path) -> list[Decision]:
    """Return the decisions of a file that the page saved.

    Raises
    ------
    ConfigError
        It is no such file.
    """
    try:
        value = parse_json(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    except RecordError as error:
        raise ConfigError(f"{path}: {error}") from error
    if not isinstance(value, Mapping) or value.get("format") != FORMAT or not isinstance(value.get("decisions"), list):
        raise ConfigError(f"{path}: no file of decisions; expected what review.html saves ({FORMAT})")
    found = [one for one in value["decisions"] if isinstance(one, Mapping) and isinstance(one.get("id"), str)]
    return [
        {name: str(one.get(name) or "") for name in ("id", "kind", "decision", "comment")}
        for one in found
        if one.get("decision") in ("accept", "reject")
    ]


def apply_review(folder: Path, decisions: Sequence[Decision]) -> Outcome:
    """Take out the rows that people rejected, and write everything that follows from it.

    A clip that loses its only row goes to ``rejected.jsonl`` (reason ``review``). Variants of a rejected row (without a
    modality) go with it. Preference pairs, exports and the card are written anew.

    Parameters
    ----------
    folder : Path
        Of a synthesis, which nothing else works on meanwhile.
    decisions : sequence of mapping
        Of :func:`read_decisions`; of two on the same, the last one counts.

    Raises
    ------
    RecordError
        A file cannot be read or written.
    """
    rows = {one["id"]: one for one in decisions if one["kind"] == "row"}
    drafts = {one["id"]: one for one in decisions if one["kind"] == "rejected"}
    out = {name for name, one in rows.items() if one["decision"] == "reject"}
    seen, kept, lost, removed = set[str](), set[str](), dict[str, TrainingRow](), 0
    for row in read_rows(folder):
        seen.add(row.id)
        if _is_out(row, out):
            removed += 1
            lost.setdefault(clip_of(row), row)
        else:
            kept.add(clip_of(row))
    gone = {clip: row for clip, row in lost.items() if clip not in kept}
    if removed:
        _rewrite(folder, lambda row: not _is_out(row, out), gone, rows)
    outcome = Outcome(
        accepted=sum(name in seen and one["decision"] == "accept" for name, one in rows.items()),
        rejected=len(out & seen),
        removed=removed,
        clips=len(gone),
        right=sum(one["decision"] == "reject" for one in drafts.values()),
        wrong=sum(one["decision"] == "accept" for one in drafts.values()),
        unknown=len(rows.keys() - seen),
        judge=judge_agreement(folder, decisions),
    )
    _tell(folder, outcome)
    return outcome


def _is_out(row: TrainingRow, out: set[str]) -> bool:
    return row.id in out or (bool(row.origin.get("variant")) and row.id.rpartition("-without-")[0] in out)


def _rewrite(
    folder: Path, stays: Callable[[TrainingRow], bool], gone: Mapping[str, TrainingRow], rows: Mapping[str, Decision]
) -> None:
    """Write the files anew. Clips are noted as rejected before their rows go: an end in between loses none."""

    def rejected() -> Iterator[Rejected | Mapping[str, Any]]:
        for line in read_rejected(folder):
            if line["clip"] not in gone:
                yield line
        for clip, row in gone.items():
            yield Rejected(clip, (_as_draft(row, rows.get(row.id)),), (REVIEW,))

    write_rejected(rejected(), folder)
    pairs = list(read_preferences(folder))
    write_row_files((row for row in read_rows(folder) if stays(row)), folder, parquet=(folder / PARQUET).exists())
    if pairs:
        there = {row.id for row in read_rows(folder)}
        write_preferences((pair for pair in pairs if pair.row in there), folder)


def _as_draft(row: TrainingRow, decision: Decision | None) -> Checked:
    """Draft that a row was, with what the person said."""
    mode: Mode = next((one for one in MODES if one == mode_of(row)), "template")
    number, writer = row.origin.get("draft"), row.origin.get("writer")
    draft = Draft(
        number=number if isinstance(number, int) else 0,
        text=row.target or "",
        manner=Manner(mode=mode, language=row.language),
        writer=str(writer or "unknown"),
    )
    return Checked(draft=draft, faults=(Fault(reason=REVIEW, detail="" if decision is None else decision["comment"]),))


def _tell(folder: Path, outcome: Outcome) -> None:
    """Write exports and the card anew, as far as there were any."""
    forms = [name for name in FORMS if (folder / EXPORT / name).is_dir()]
    exports = write_exports(folder, forms)
    path = folder / FACTS
    known: dict[str, Any] = {}
    title = None
    if path.exists():
        try:
            facts = json.loads(path.read_text(encoding="utf-8"))
            known = {one.name: facts["told"][one.name] for one in fields(Told) if one.name in facts["told"]}
            title = facts.get("title")
        except (ValueError, KeyError, TypeError) as error:
            raise RecordError(f"{path}: no facts of a dataset card; run the synthesis again") from error
    counts = {name: value for name, value in asdict(outcome).items() if value and name != "judge"}
    told = Told(**{**known, "exports": exports or known.get("exports", {}), "review": {**outcome.facts(), **counts}})
    write_card(folder, told, title=title)


def _share(number: int, whole: int) -> str:
    if whole == 0:
        return "none judged"
    low, high = wilson(number, whole)
    return f"{number} of {whole} ({number / whole:.0%}, 95 % from {low:.0%} to {high:.0%})"


def wilson(number: int, whole: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson, JASA 1927), which is none of 0 width where all or none is right.

    Examples
    --------
    >>> [round(end, 3) for end in wilson(10, 10)]
    [0.722, 1.0]
    """
    share, spread = number / whole, _Z**2 / whole
    middle = (share + spread / 2) / (1 + spread)
    half = math.sqrt(share * (1 - share) * spread + spread**2 / 4) / (1 + spread)
    return max(0.0, middle - half), min(1.0, middle + half)
