"""Cues, claims and what is expressed <-> tiers (``tier.py``, ``label.py``), for ELAN and Praat alike."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ...records import Claim, Clip, Cue, CueSet, Explanation
from ...records.convert import from_json, to_json
from ..loss import Say, counted
from .coder import Coding, TierMap, as_id, facs_codes, presence_only, slug, understand, without_none
from .label import label_of, parse_label
from .tier import Segment, Subject, Tier, base_name, code_word, parse_code_word, sort_key, tier_name

CLAIMS: Final = "claims"
NEGATED_CLAIMS: Final = "claims negated"
EXPRESSED: Final = "expressed"

_CITED: Final = re.compile(r"\[([^\[\]\s]+(?:, ?[^\[\]\s]+)*)\]")
_MOST_NAMED: Final = 5


@dataclass(slots=True)
class Layout:
    """Segments by tier name, in the order of the tiers; ``unplaced`` cues have no time."""

    groups: dict[str, list[Segment]] = field(default_factory=dict)
    persons: dict[str, str | None] = field(default_factory=dict)
    unplaced: list[Cue] = field(default_factory=list)


def lay_out(cueset: CueSet, explanation: Explanation | None = None) -> Layout:
    """Sort cues, claims and the expressed emotion onto tiers (spans may still overlap)."""
    layout = Layout()
    not_there: dict[tuple[str, float, float], list[Cue]] = {}
    for cue in sorted(cueset.cues, key=sort_key):
        if cue.start_s is None or cue.end_s is None:
            layout.unplaced.append(cue)
            continue
        name = tier_name(cue)
        layout.persons[name] = cue.subject
        if cue.state == "present":
            segment = Segment(cue.start_s, cue.end_s, label_of(cue), (cue.id,))
            layout.groups.setdefault(name, []).append(segment)
        else:
            not_there.setdefault((name, cue.start_s, cue.end_s), []).append(cue)
    for (name, start_s, end_s), cues in not_there.items():
        layout.groups.setdefault(name, []).append(Segment(start_s, end_s, state_label(cues), _ids(cues)))
    if explanation is not None:
        _lay_out_explanation(layout, explanation, clip_end_s(cueset, explanation))
    return layout


def state_label(cues: Iterable[Cue]) -> str:
    """List codes that share a state and a span: ``AU4; AU5; head.nod``."""
    return "; ".join(code_word(cue) for cue in cues)


def _ids(cues: Iterable[Cue]) -> tuple[str, ...]:
    return tuple(cue.id for cue in cues)


def _lay_out_explanation(layout: Layout, explanation: Explanation, end_s: float) -> None:
    for claim in explanation.claims:
        if claim.start_s is not None and claim.end_s is not None and claim.start_s <= claim.end_s:
            name = CLAIMS if claim.polarity == "affirmed" else NEGATED_CLAIMS
            segment = Segment(claim.start_s, claim.end_s, claim.sentence.strip() or "…")
            layout.groups.setdefault(name, []).append(segment)
    layout.groups[EXPRESSED] = [Segment(0.0, end_s, expressed_label(explanation))]


def expressed_label(explanation: Explanation) -> str:
    """Say the result in one line: labels or why there are none, the distribution, valence and arousal."""
    named = ", ".join(explanation.labels) or "no label"
    if explanation.abstained:
        named = f"abstained ({explanation.abstain_reason or 'no reason given'})"
    shares = sorted(explanation.emotions, key=lambda emotion: -emotion.probability)
    parts = [
        named,
        ", ".join(f"{emotion.label} {emotion.probability:.2f}" for emotion in shares),
        f"valence {explanation.valence:+.2f}" if explanation.valence is not None else "",
        f"arousal {explanation.arousal:+.2f}" if explanation.arousal is not None else "",
    ]
    return "; ".join(part for part in parts if part)


def clip_end_s(cueset: CueSet, explanation: Explanation | None = None) -> float:
    """End of the clip, or of what is known of it when its length is not known or too small."""
    claims = explanation.claims if explanation is not None else ()
    ends = [end for end in (*(cue.end_s for cue in cueset.cues), *(claim.end_s for claim in claims)) if end is not None]
    return max([cueset.clip.duration_s or 0.0, *ends])


def unplaced_claims(explanation: Explanation | None) -> int:
    """Count the claims that have no time."""
    claims = explanation.claims if explanation is not None else ()
    return sum(claim.start_s is None or claim.end_s is None or claim.start_s > claim.end_s for claim in claims)


def is_of_explanation(tier: Tier) -> bool:
    """Whether a tier holds claims or the result, which are no cues."""
    return base_name(tier.name) in (CLAIMS, NEGATED_CLAIMS, EXPRESSED)


def claims_from(tiers: Iterable[Tier]) -> tuple[Claim, ...]:
    """Claims on the claim tiers, in order of time; their cues are those that the sentences cite in brackets."""
    claims = [
        Claim(
            sentence=segment.label,
            cue_ids=tuple(cited for part in _CITED.findall(segment.label) for cited in re.split(", ?", part)),
            polarity="affirmed" if base_name(tier.name) == CLAIMS else "negated",
            start_s=segment.start_s,
            end_s=segment.end_s,
        )
        for tier in tiers
        if base_name(tier.name) in (CLAIMS, NEGATED_CLAIMS)
        for segment in tier.segments
    ]
    return tuple(sorted(claims, key=lambda claim: (claim.start_s, claim.end_s)))


def cue_values(tiers: Sequence[Tier], source: str, say: Say, tier_map: TierMap) -> list[dict[str, Any]]:
    """JSON values of the cues on tiers, in order of time, without ids; what is not understood is said.

    Raises
    ------
    ValueError
        ``tier_map`` names something that is no code.
    """
    found: list[dict[str, Any]] = []
    for tier in tiers:
        if is_of_explanation(tier) and tier.name not in tier_map:
            continue
        coding = understand(tier, tier_map)
        if coding is None:
            if tier.segments and base_name(tier.name) not in tier_map:
                say(_not_understood(tier))
            continue
        values, strange = _tier_values(tier, coding)
        if strange:
            shown = ", ".join(repr(label[:40]) for label, _ in strange.most_common(_MOST_NAMED))
            say(f"tier {tier.name!r}: {counted(strange.total(), 'label')} not understood and left out: {shown}")
        own = f"{source}/{tier.coder}" if tier.coder else source
        found += [value | {"source": own} for value in values]
    return sorted(found, key=lambda value: (value["start_s"], -value["end_s"]))


def _not_understood(tier: Tier) -> str:
    return (
        f"tier {tier.name!r} ({counted(len(tier.segments), 'segment')}) left out: its name tells no action unit, no "
        f"modality and no speech; say what it holds, for example {tier.name}=AU12 or {tier.name}=speech.utterance"
    )


def _tier_values(tier: Tier, coding: Coding) -> tuple[list[dict[str, Any]], Counter[str]]:
    values: list[dict[str, Any]] = []
    strange: Counter[str] = Counter()
    presence = presence_only(tier)
    for segment in tier.segments:
        label = "present" if presence and segment.label.strip() == "1" else segment.label
        said = _segment_values(label, coding)
        if said is None:
            strange[segment.label] += 1
        else:
            span = {"start_s": max(0.0, segment.start_s), "end_s": max(0.0, segment.end_s)}
            values += [without_none(value) | span for value in said]
    return values, strange


def _segment_values(label: str, coding: Coding) -> list[dict[str, Any]] | None:
    subject = coding.subject
    if coding.codes_in_labels:
        codes = facs_codes(label)
        return [{"modality": "face", "code": code, "subject": subject.person} for code in codes] if codes else None
    if coding.silences:
        quiet = label.strip() == "silent"
        return [{"modality": "voice" if quiet else "speech", "code": "pause" if quiet else "segment"}]
    if subject.state != "present":
        return _listed(label, subject)
    about = {"modality": subject.modality, "subject": subject.person, "side": subject.side}
    if subject.code is None:
        code = slug(label)
        return [about | {"code": code, "text": label if label.strip() != code else None}]
    assert subject.modality is not None  # noqa: S101 - a code has one
    return [about | {"code": subject.code} | parse_label(label, subject.modality, subject.code)]


def _listed(label: str, subject: Subject) -> list[dict[str, Any]] | None:
    found = [parse_code_word(word.strip()) for word in label.split(";")]
    if None in found:
        return None
    return [
        {"modality": about.modality, "code": about.code, "side": about.side}
        | {"subject": as_id(subject.person), "state": subject.state}
        for about in found
        if about is not None
    ]


def cueset_of(clip: Clip, values: Sequence[dict[str, Any]]) -> CueSet:
    """CueSet of JSON cue values; RecordError when one does not fit the schema."""
    return from_json({"clip": to_json(clip), "cues": list(values)}, CueSet)
