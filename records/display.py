"""Records as HTML for notebooks: one self-contained block without script, readable on light and on dark pages.

Colours of text and lines are the notebook's own; styles are inline, because notebooks share one page. Everything that
comes from a clip, a file or a model is escaped.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from .cue import Cue, CueSet, Gap
from .explanation import Alternative, Claim, EmotionProbability, Explanation
from .notice import NOTICE

#: Okabe & Ito's colours (2008): they hold beside each other for colour-blind readers, on light and on dark pages.
_COLOURS: Final = {
    "happiness": "#E69F00",
    "sadness": "#56B4E9",
    "anger": "#D55E00",
    "fear": "#CC79A7",
    "surprise": "#009E73",
    "disgust": "#8F7A00",
    "neutral": "#808080",
}
_BLOCK: Final = "font-family:system-ui,sans-serif;font-size:13px;line-height:1.45;max-width:60em"
_HEAD: Final = "margin:.8em 0 .2em;font-weight:600"
_FAINT: Final = "opacity:.72"
_CELL: Final = "text-align:left;vertical-align:top;padding:.1em .9em .1em 0;background:transparent"
_MOST_ROWS: Final = 60
_MOST_TEXT: Final = 1_000


def explanation_html(explanation: Explanation) -> str:
    """HTML of one explanation; see ``Explanation._repr_html_``."""
    parts = [
        f'<div style="font-weight:600">{_text(explanation.clip)}</div>',
        _headline(explanation),
        _distribution(explanation.emotions),
        _compounds(explanation.compounds),
        _claims(explanation.claims),
        _list("Also possible", map(_alternative, explanation.alternatives)),
        _list("Not observed", map(_gap, explanation.gaps)),
        _list("Notes", explanation.notes),
        _footer(explanation),
    ]
    return _block(parts)


def cueset_html(cueset: CueSet) -> str:
    """HTML of the cues of one clip; see ``CueSet._repr_html_``."""
    present = [cue for cue in cueset.cues if cue.state == "present"]
    present.sort(key=lambda cue: (cue.start_s is None, cue.start_s or 0.0))
    more = len(present) - _MOST_ROWS
    left_out = f"{more} more: to_dataframe() holds them all" if more > 0 else ""
    parts = [
        f'<div><span style="font-weight:600">{_text(cueset.clip.id)}</span> {_faint(_clip_facts(cueset))}</div>',
        _cue_table(present[:_MOST_ROWS]) if present else "",
        f"<div>{_faint(left_out)}</div>" if left_out else "",
        _list("Looked for and not there", _names(cueset.cues, "absent")),
        _list("Could not be measured", _names(cueset.cues, "unknown")),
        _list("Not observed", map(_gap, cueset.gaps)),
        f'<div style="margin-top:.8em">{_faint(NOTICE)}</div>',
    ]
    return _block(parts)


def _block(parts: Iterable[str]) -> str:
    return f'<div style="{_BLOCK}">{"".join(parts)}</div>'


def _text(text: str) -> str:
    """Escaped, cut text; control characters and those that turn the reading direction become visible."""
    cut = text if len(text) <= _MOST_TEXT else f"{text[: _MOST_TEXT - 1]}…"
    return escape("".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in cut))


def _faint(text: str) -> str:
    return f'<span style="{_FAINT}">{_text(text)}</span>'


def _headline(explanation: Explanation) -> str:
    measures = "".join(
        f" &nbsp; {_faint(name)} {value:+.2f}"
        for name, value in (("valence", explanation.valence), ("arousal", explanation.arousal))
        if value is not None
    )
    if explanation.abstained:
        reason = _text(explanation.abstain_reason or "the evidence is too thin")
        return f"<div><b>Abstained</b>: {reason}{measures}</div>"
    labels = _text(", ".join(explanation.labels) or "no label")
    return f"<div>{_faint('Expressed:')} <b>{labels}</b>{measures}</div>"


def _distribution(emotions: Sequence[EmotionProbability]) -> str:
    rows = "".join(
        f'<tr style="background:transparent"><td style="{_CELL}">{_text(emotion.label)}</td>'
        f'<td style="{_CELL};width:16em">{_bar(emotion)}</td>'
        f'<td style="{_CELL};text-align:right">{emotion.probability:.0%}</td></tr>'
        for emotion in sorted(emotions, key=lambda emotion: -emotion.probability)
    )
    return _table(rows) if rows else ""


def _bar(emotion: EmotionProbability) -> str:
    share = min(max(emotion.probability, 0.0), 1.0)
    colour = _COLOURS.get(emotion.label, "#808080")
    return (
        '<div style="border:1px solid rgba(128,128,128,.35);height:.8em;margin-top:.3em">'
        f'<div style="background:{colour};width:{share:.1%};height:100%"></div></div>'
    )


def _compounds(compounds: Sequence[EmotionProbability]) -> str:
    return _list("Compounds", (f"{emotion.label} {emotion.probability:.0%}" for emotion in compounds[:5]))


def _alternative(other: Alternative) -> str:
    return f"{other.label}: {other.reason.removeprefix(f'{other.label}: ')}"


def _claims(claims: Sequence[Claim]) -> str:
    rows = "".join(
        f'<tr style="background:transparent"><td style="{_CELL};text-align:right">{_faint(str(number))}</td>'
        f'<td style="{_CELL};white-space:nowrap">{_span(claim.start_s, claim.end_s)}</td>'
        f'<td style="{_CELL}">{_sentence(claim)}</td></tr>'
        for number, claim in enumerate(claims, 1)
    )
    return f'<div style="{_HEAD}">Claims</div>{_table(rows)}' if rows else ""


def _sentence(claim: Claim) -> str:
    """Sentence of a claim, and the ids it cites where the sentence does not hold them itself."""
    unnamed = ", ".join(cue_id for cue_id in claim.cue_ids if cue_id not in claim.sentence)
    return _text(claim.sentence) + (f" {_faint(unnamed)}" if unnamed else "")


def _table(rows: str) -> str:
    return f'<table style="border-collapse:collapse;margin:.4em 0;font-size:inherit"><tbody>{rows}</tbody></table>'


def _list(heading: str, items: Iterable[str]) -> str:
    rows = "".join(f"<li>{_text(item)}</li>" for item in items)
    return f'<div style="{_HEAD}">{heading}</div><ul style="margin:0;padding-left:1.3em">{rows}</ul>' if rows else ""


def _span(start_s: float | None, end_s: float | None) -> str:
    if start_s is None:
        return ""
    return f"{start_s:.2f} s" if end_s is None or end_s == start_s else f"{start_s:.2f}–{end_s:.2f} s"


def _gap(gap: Gap) -> str:
    where = ", ".join(part for part in (gap.subject, _span(gap.start_s, gap.end_s)) if part)
    reason = gap.reason.replace("_", " ") + (f" ({where})" if where else "")
    return f"{gap.modality}: {reason}" + (f": {gap.detail}" if gap.detail else "")


def _footer(explanation: Explanation) -> str:
    made_by = " · ".join(part for part in (explanation.engine, explanation.model, explanation.prompt_version) if part)
    return f'<div style="margin-top:.8em">{_faint(NOTICE)}<br>{_faint(made_by)}</div>'


def _clip_facts(cueset: CueSet) -> str:
    clip = cueset.clip
    tracks = [name for name, there in (("video", clip.has_video), ("audio", clip.has_audio)) if there]
    length = [f"{clip.duration_s:.2f} s"] if clip.duration_s else []
    return ", ".join([*length, " + ".join(tracks), f"{len(cueset.cues)} cues"]).strip(", ")


def _cue_table(cues: Sequence[Cue]) -> str:
    rows = "".join(
        f'<tr style="background:transparent">'
        f'<td style="{_CELL};white-space:nowrap">{_span(cue.start_s, cue.end_s)}</td>'
        f'<td style="{_CELL}">{_faint(cue.subject or cue.modality)}</td><td style="{_CELL}">{_text(cue.code)}</td>'
        f'<td style="{_CELL}">{_said(cue)}</td>'
        f'<td style="{_CELL}">{_faint(", ".join(mark.replace("_", " ") for mark in cue.marks))}</td></tr>'
        for cue in cues
    )
    return _table(rows)


def _said(cue: Cue) -> str:
    """Words, level, value with its unit, direction: what the cue says beyond its name."""
    scale = "" if cue.unit in (None, "1", "0-1", "count") else " of 5" if cue.unit == "0-5" else f" {cue.unit}"
    parts = (
        f"“{cue.text}”" if cue.text else None,
        cue.level.replace("_", " ") if cue.level else None,
        f"{cue.value:.4g}{scale}" if cue.value is not None else None,
        cue.direction.replace("_", " ") if cue.direction else None,
    )
    return _text(", ".join(part for part in parts if part))


def _names(cues: Sequence[Cue], state: str) -> list[str]:
    """One line per person (or modality) with the codes that are in this state."""
    groups: dict[str, dict[str, None]] = {}
    for cue in cues:
        if cue.state == state:
            groups.setdefault(cue.subject or cue.modality, {})[cue.code] = None
    return [f"{who}: {', '.join(codes)}" for who, codes in groups.items()]
