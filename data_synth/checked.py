"""What checks find in a draft, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ..errors import RecordError
from .draft import Draft

#: Why a draft can be rejected -> one sentence for the card and for a teacher who is to mend it.
REASONS: Final[Mapping[str, str]] = {
    "unreadable": "It is not in the form asked for: a chain of thought, then one JSON object.",
    "contradicted": "A claim is contradicted by the clip's cues.",
    "unverifiable": "Too many claims cannot be checked against the clip's cues.",
    "uncited": "Observations point at no cue, or at cues that were not shown.",
    "action_units": "The action units of the answer are not those of the clip.",
    "label": "The answer disagrees with the label.",
    "inconsistent": "The chain of thought and the answer disagree.",
    "emotion_in_observation": "An observation names an emotion instead of what is seen or heard.",
    "leak": "The prompt gave the label away.",
    "told_label": "The text speaks of having been told the label.",
    "copied_prompt": "It copies the instructions or the cue list.",
    "repetition": "It repeats itself.",
    "length": "It is too short or too long.",
    "no_evidence": "No cue speaks for the label.",
    "engine": "The writer failed.",
}


class NoEvidenceError(RecordError):
    """No cue speaks for the label, and the writer was told to write nothing then: it did not fail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong: a key of :data:`REASONS`, and where (at most a sentence)."""

    reason: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A draft after the checks.

    Attributes
    ----------
    draft : Draft
    faults : tuple of Fault
        Empty: it may be used.
    measures : mapping
        What was measured (``grounded``, ``unverifiable``, ``agreement``, ``words`` …), 0-1 or counts.
    reward : float or None
        Of the blend that drafts are chosen by.
    """

    draft: Draft
    faults: tuple[Fault, ...] = ()
    measures: Mapping[str, float] = field(default_factory=dict)
    reward: float | None = None

    @property
    def passed(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.faults
