"""Claims as rows: when, what, which cues. Sentences that only say what a cue says become one short line per kind."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Group, RenderableType
from rich.text import Text

from ..cues.wording import cue_name, format_number, repeats, wording
from ..records.citation import without_citations
from .headings import ENGLISH, Headings
from .page import span, two_columns
from .terminal import printable

if TYPE_CHECKING:
    from ..records import Claim, Cue

_MOST_IDS: Final = 3
#: Units that say "a bare number".
_NO_UNIT: Final = (None, "1", "0-1", "count")


def cue_details(cue: "Cue", words: Headings = ENGLISH) -> Text:
    """Say what a cue says beyond its name: words, level, value, direction, caveats."""
    known = {} if words is ENGLISH else wording(words.language)
    unit = "/5" if cue.unit == "0-5" else "" if cue.unit in _NO_UNIT else f" {cue.unit}"
    parts = (
        f"“{cue.text}”" if cue.text else None,
        _word(cue.level, known.get("levels", {})),
        f"{format_number(cue.value)}{unit}" if cue.value is not None else None,
        _word(cue.direction, known.get("directions", {})),
    )
    details = Text(printable(words.comma.join(part for part in parts if part is not None)))
    caveats = words.comma.join(words.marks[mark] for mark in cue.marks)
    return details.append(words.brackets.format(caveats) if caveats else "", "dim")


def _word(word: str | None, known: Mapping[str, str]) -> str | None:
    return None if word is None else known.get(word, word.replace("_", " "))


def claim_rows(claims: Iterable["Claim"], words: Headings = ENGLISH) -> RenderableType:
    """Lay out each claim with its time, its sentence without brackets, and the cues it cites."""
    table = two_columns("cyan")
    for claim in claims:
        table.add_row(span(claim.start_s, claim.end_s), _sentence(claim, words))
    return table


def observed(claims: Sequence["Claim"], cues: Mapping[str, "Cue"], words: Headings = ENGLISH) -> RenderableType:
    """Lay out what was observed.

    Parameters
    ----------
    claims : sequence of Claim
    cues : mapping of str to Cue
        The clip's cues by id; a claim that says no more than its cue is shortened, and those of one kind are joined.
    """
    table = two_columns("cyan")
    kinds: dict[tuple[str | None, str], list[Cue]] = {}
    rows: list[Claim | list[Cue]] = []
    not_there: list[str] = []
    for claim in claims:
        cue = _said_plainly(claim, cues)
        if cue is None:
            rows.append(claim)
        elif cue.state != "present":
            not_there.append(cue_name(cue, words.language))
        else:
            kind = kinds.setdefault((cue.subject, cue_name(cue, words.language)), [])
            if not kind:
                rows.append(kind)
            kind.append(cue)
    for row in rows:
        if isinstance(row, list):
            table.add_row(_span_of(row), _kind(row, words))
        else:
            table.add_row(span(row.start_s, row.end_s), _sentence(row, words))
    parts: list[RenderableType] = [table] if rows else []
    if not_there:
        parts.append(Text(words.not_there + words.colon + printable(words.comma.join(not_there)), "dim"))
    return Group(*parts)


def _said_plainly(claim: "Claim", cues: Mapping[str, "Cue"]) -> "Cue | None":
    """Cue that the claim repeats in the package's own words; None when it says anything else."""
    if len(claim.cue_ids) != 1 or claim.cue_ids[0] not in cues:
        return None
    cue = cues[claim.cue_ids[0]]
    return cue if repeats(without_citations(claim.sentence), cue) is not None else None


def _span_of(cues: Sequence["Cue"]) -> str:
    starts = [cue.start_s for cue in cues if cue.start_s is not None]
    ends = [cue.end_s for cue in cues if cue.end_s is not None]
    return span(min(starts, default=None), max(ends, default=None))


def _kind(cues: Sequence["Cue"], words: Headings) -> Text:
    strongest = max(cues, key=lambda cue: cue.value or 0.0)
    text = Text(printable(cue_name(strongest, words.language)))
    details = cue_details(strongest, words)
    if len(cues) > 1:
        text.append(words.times.format(count=len(cues)) + (words.at_most if details.plain else ""))
    text.append(" " if len(cues) > 1 else words.colon if details.plain else "").append_text(details)
    return text.append_text(_ids([cue.id for cue in cues], words))


def _sentence(claim: "Claim", words: Headings) -> Text:
    sentence = printable(without_citations(claim.sentence) if claim.cue_ids else claim.sentence)
    return Text(sentence).append_text(_ids(claim.cue_ids, words))


def _ids(cue_ids: Sequence[str], words: Headings) -> Text:
    if not cue_ids:
        return Text()
    more = words.more.format(count=len(cue_ids) - _MOST_IDS) if len(cue_ids) > _MOST_IDS + 1 else ""
    shown = cue_ids[:_MOST_IDS] if more else cue_ids
    return Text(f"  {printable(', '.join(shown))}{more}", "dim")
