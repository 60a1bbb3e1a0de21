"""One labelled example."""

from dataclasses import dataclass

from ...records import CueSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Demonstration:
    """One labelled clip: its cues, and an answer in the contract's form (``prompts/contract.py``)."""

    cueset: CueSet
    answer: str
