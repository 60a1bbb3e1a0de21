"""When the evidence is too thin to name an emotion, and why."""

import math
from typing import Final, Literal

from .score import Scored

#: The likeliest emotion must have this probability. On held-out coded faces seven of ten answers below it are wrong
#: (``docs/evidence_figures.md``, risk and coverage).
LEAST_PROBABILITY: Final = 0.27
#: What is present must at least move the six this far apart (sum of sizes, log-odds).
LEAST_EVIDENCE: Final = 0.5

Reason = Literal["nothing", "weak", "mouth", "spread"]


def abstain_reason(scored: Scored) -> Reason | None:
    """Why no emotion is named; None when one is.

    ``nothing``: no cue has a weight. ``weak``: what is there hardly tells emotions apart. ``mouth``: it would be
    neutral, but the mouth could not be measured. ``spread``: it speaks for several emotions alike. A still face,
    actions looked for and not there, is neutral and no reason to abstain.
    """
    if not scored.contributions:
        return "nothing"
    best, probability = scored.ranked[0]
    present = math.fsum(part.size for part in scored.contributions if part.term.kind != "absent")
    if best != "neutral" and present < LEAST_EVIDENCE:
        return "weak"
    if best == "neutral" and scored.person.mouth_unmeasured:
        return "mouth"
    return "spread" if probability < LEAST_PROBABILITY else None
