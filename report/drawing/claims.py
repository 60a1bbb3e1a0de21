"""The reasoning as a page shows it: what was observed, taken together, what else is possible; each claim playable."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ...cues.wording import LANGUAGES, cue_name, cue_text, repeats, wording
from ...records import Claim, Cue, Explanation
from ...records.citation import without_citations
from ...records.labels import State
from .axis import span
from .choice import Choice, Listed

#: So many cues are named beside a claim; the rest is counted.
_MOST_NAMED: Final = 4
#: Of these a cue without details is there, and that is all: words are not seen, and a shot is no finding.
_NOT_SEEN: Final = ("speech", "scene")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """One claim.

    ``name`` and ``details`` are set where the sentence only repeats its cue; otherwise ``sentence`` is shown.
    ``numbers`` are the cited cues' numbers on the page; ``cues`` those named beside it, ``unnamed`` how many are not.
    """

    number: int
    sentence: str
    name: str | None
    details: str
    time: str
    start_s: float | None
    end_s: float | None
    is_negated: bool
    numbers: str
    cues: tuple[Listed, ...]
    unnamed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoning:
    """Claims in the order of the argument, and the prose between them that cites nothing."""

    observed: tuple[ClaimRow, ...]
    not_there: tuple[ClaimRow, ...]
    unmeasured: tuple[ClaimRow, ...]
    together: tuple[ClaimRow, ...]
    prose: str
    alternatives: tuple[tuple[str, str, tuple[ClaimRow, ...]], ...]

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to show."""
        claims = (self.observed, self.not_there, self.unmeasured, self.together)
        return not (any(claims) or self.prose or self.alternatives)


def reasoning_of(explanation: Explanation, choice: Choice) -> Reasoning:
    """Part the claims of an explanation by their place in the argument."""
    interpretation = explanation.interpretation or ""
    reasons = [alternative.reason for alternative in explanation.alternatives]
    rows = [(claim, _row(number, claim, choice)) for number, claim in enumerate(explanation.claims, 1)]
    together = [(claim, row) for claim, row in rows if claim.sentence in interpretation]
    elsewhere = {row.number for _, row in together}
    elsewhere |= {row.number for claim, row in rows if any(claim.sentence in reason for reason in reasons)}
    observed = [(_what_is_said(row, claim, choice), row) for claim, row in rows if row.number not in elsewhere]
    return Reasoning(
        observed=tuple(row for said, row in observed if said == "present"),
        not_there=tuple(row for said, row in observed if said == "absent"),
        unmeasured=tuple(_without_heading(row) for said, row in observed if said == "unknown"),
        together=tuple(row for _, row in together),
        prose=_rest(interpretation, [claim for claim, _ in together]),
        alternatives=tuple(_alternatives(explanation, rows)),
    )


def _row(number: int, claim: Claim, choice: Choice) -> ClaimRow:
    cited = [choice.listed[cue_id] for cue_id in dict.fromkeys(claim.cue_ids) if cue_id in choice.listed]
    name, details = _said_plainly(claim, cited) or (None, "")
    named = cited if len(cited) <= _MOST_NAMED + 1 else cited[:_MOST_NAMED]
    return ClaimRow(
        number=number,
        sentence=without_citations(claim.sentence) if claim.cue_ids else claim.sentence,
        name=name,
        details=details,
        time=span(claim.start_s, claim.end_s),
        start_s=claim.start_s,
        end_s=claim.end_s,
        is_negated=claim.polarity == "negated" if name is None else cited[0].cue.state != "present",
        numbers=choice.numbers(claim.cue_ids),
        cues=tuple(named),
        unnamed=len(dict.fromkeys(claim.cue_ids)) - len(named),
    )


def _said_plainly(claim: Claim, cited: Sequence[Listed]) -> tuple[str, str] | None:
    """Name and details of the one cue that a claim repeats in the package's own words (its time is shown apart)."""
    if len(cited) != 1 or len(claim.cue_ids) != 1:
        return None
    cue = cited[0].cue
    language = repeats(without_citations(claim.sentence), cue)
    if language is None:
        return None
    return cue_name(cue, language), details_of(cue, language) if cue.state != "absent" else ""


def details_of(cue: Cue, language: str = "en") -> str:
    """Say of a cue what there is beyond its name, person and time: level, value, direction, certainty, caveats.

    Examples
    --------
    >>> details_of(Cue(id="v.1", modality="voice", code="f0_mean", value=212.0, unit="Hz", level="high"))
    'high, 212 Hz'
    """
    bare = replace(cue, subject=None, start_s=None, end_s=None, apex_s=None)
    details = cue_text(bare, language).removeprefix(cue_name(cue, language)).lstrip(":： ")
    return "" if cue.modality in _NOT_SEEN and details == wording(language)["line"]["seen"] else details


def _what_is_said(row: ClaimRow, claim: Claim, choice: Choice) -> State:
    """Which state a claim only says its cues to be in; ``present`` for every other claim."""
    cited = {choice.listed[cue_id].cue.state for cue_id in claim.cue_ids if cue_id in choice.listed}
    if not cited or "present" in cited or not row.is_negated:
        return "present"
    return "unknown" if cited == {"unknown"} else "absent"


def _without_heading(row: ClaimRow) -> ClaimRow:
    """Leave out of a claim about what could not be measured the words that stand above it."""
    sentence = row.sentence
    for language in LANGUAGES:
        line = wording(language)["line"]
        sentence = sentence.removeprefix(line["unknown"] + line["colon"])
    return replace(row, sentence=sentence)


def _rest(text: str, claims: Sequence[Claim]) -> str:
    for claim in claims:
        text = text.replace(claim.sentence, " ", 1)
    return " ".join(without_citations(text).split())


def _alternatives(
    explanation: Explanation, rows: Sequence[tuple[Claim, ClaimRow]]
) -> Iterator[tuple[str, str, tuple[ClaimRow, ...]]]:
    told: set[int] = set()
    for alternative in explanation.alternatives:
        own = [(claim, row) for claim, row in rows if claim.sentence in alternative.reason and row.number not in told]
        told |= {row.number for _, row in own}
        reason = alternative.reason
        for claim, _ in own:
            reason = reason.replace(claim.sentence, " ", 1)
        words = " ".join(without_citations(reason).split()).removeprefix(f"{alternative.label}: ")
        yield alternative.label, words, tuple(row for _, row in own)
