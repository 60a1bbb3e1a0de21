"""What the sentences of a chain of thought claim, by section, and the cues each claim rests on."""

import re
from collections.abc import Mapping
from typing import Any

from ..records import Alternative, Claim, CueSet
from .sentences import Sentence, cited_ids, polarity_of, statements

_ALTERNATIVE = re.compile(r"(.{1,60}?)\s{0,3}[:：—–]\s{0,3}(.{1,400})")


def read_claims(
    sentences: list[Sentence], cueset: CueSet, known: Mapping[str, str], unknown: dict[str, None]
) -> list[Claim]:
    """Collect the statements that cite, with the span of their cues; cited ids that do not exist go to ``unknown``."""
    cues = cueset.by_id()
    claims: list[Claim] = []
    for sentence in sentences:
        for statement in statements(sentence.text):
            ids, strange = cited_ids(statement, known)
            unknown.update(dict.fromkeys(strange))
            if not ids and not strange:
                continue
            starts = [start for name in ids if (start := cues[name].start_s) is not None]
            ends = [end for name in ids if (end := cues[name].end_s) is not None]
            claims.append(
                Claim(
                    sentence=statement,
                    cue_ids=tuple(ids),
                    polarity=polarity_of(statement),
                    start_s=min(starts, default=None),
                    end_s=max(ends, default=None),
                )
            )
    return claims


def known_cues(names: list[str], known: Mapping[str, str], unknown: dict[str, None]) -> tuple[str, ...]:
    """Keep the ids that exist; the others go to ``unknown``."""
    found: dict[str, None] = {}
    for name in names:
        cue_id = known.get(name) or known.get(name.lower())
        (unknown if cue_id is None else found)[cue_id or name] = None
    return tuple(found)


def section_text(sentences: list[Sentence], section: str) -> str | None:
    """Join the sentences of one section; None when there are none."""
    return " ".join(sentence.text for sentence in sentences if sentence.section == section) or None


def read_alternatives(answer: Mapping[str, Any], sentences: list[Sentence]) -> tuple[Alternative, ...]:
    """Other readings: those in the JSON, else the lines ``label: reason`` under their heading."""
    if answer.get("alternatives"):
        return tuple(Alternative(item["label"], item["reason"]) for item in answer["alternatives"])
    lines = [sentence.text for sentence in sentences if sentence.section == "alternatives"]
    matches = [match for line in lines if (match := _ALTERNATIVE.match(line)) is not None]
    return tuple(Alternative(match[1].strip(), match[2].strip()) for match in matches[:5])
