"""Which cues a prompt can do without: salience, and how many tokens a text takes.

Salience of a cue = confidence x extremeness x coverage, halved for each caveat:

- confidence: the extractor's own, 0.5 when it gives none;
- extremeness: an action unit's intensity / 5, or the level word's place on its scale (normal 0.2, low and high 0.6,
  very low and very high 1); 1 for words that were said; 0.4 when neither is known;
- coverage: 1 for the strongest cue of each modality and person, then 1/2, 1/3 …, so that a voice measure is not
  crowded out by the twentieth action unit.

What could not be measured goes first (the gaps say it too), then what is absent, then what is present.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from ..records import Cue

_EXTREMENESS: Final = {
    "barely": 0.1,
    "slightly": 0.3,
    "moderately": 0.5,
    "strongly": 0.8,
    "very_strongly": 1.0,
    "very_low": 1.0,
    "low": 0.6,
    "normal": 0.2,
    "high": 0.6,
    "very_high": 1.0,
}
_UNKNOWN_EXTREMENESS: Final = 0.4
_UNKNOWN_CONFIDENCE: Final = 0.5
_CAVEAT: Final = 0.5
_STATE_RANK: Final = {"present": 0, "absent": 1, "unknown": 2}


def strength(cue: Cue) -> float:
    """Salience of one cue by itself: confidence x extremeness, halved for each caveat; 0 to 1."""
    confidence = _UNKNOWN_CONFIDENCE if cue.confidence is None else cue.confidence
    if cue.text is not None and cue.modality == "speech":
        extremeness = 1.0
    elif cue.value is not None and cue.unit == "0-5":
        extremeness = min(max(cue.value / 5, 0.05), 1.0)
    else:
        extremeness = _EXTREMENESS.get(cue.level or "", _UNKNOWN_EXTREMENESS)
    return confidence * extremeness * _CAVEAT ** len(cue.marks)


def by_salience(cues: Sequence[Cue]) -> list[Cue]:
    """Order cues from the most to the least salient; equal ones keep their order."""
    ranked = sorted(cues, key=lambda cue: (_STATE_RANK[cue.state], -strength(cue)))
    seen: Counter[tuple[str, str, str | None]] = Counter()
    keyed: list[tuple[int, float, Cue]] = []
    for cue in ranked:
        group = (cue.state, cue.modality, cue.subject)
        seen[group] += 1
        keyed.append((_STATE_RANK[cue.state], -strength(cue) / seen[group], cue))
    return [cue for _, _, cue in sorted(keyed, key=lambda item: item[:2])]


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text without a tokenizer, on the high side.

    One token per three ASCII characters (numbers and cue ids take more than prose) and one per other character.
    Pass your tokenizer's own count to :func:`emoreason.prompts.render.render_messages` for exact budgets.

    Examples
    --------
    >>> estimate_tokens("lip corner puller"), estimate_tokens("嘴角上拉")
    (6, 4)
    """
    ascii_length = len(text.encode("ascii", "ignore"))
    return -(-ascii_length // 3) + len(text) - ascii_length
