"""Verdict: what the cues of a clip say about one claim."""

from dataclasses import dataclass
from typing import Literal, NamedTuple, TypeAlias

from .assertion import Assertion
from .cue_index import Entry

Ruling: TypeAlias = Literal["supported", "contradicted", "unverifiable"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One claim of a text and what became of it.

    Attributes
    ----------
    claim : str
        The clause it was read from.
    verdict : {"supported", "contradicted", "unverifiable"}
        The rules stand in :mod:`emoreason.rewards.grounding`.
    cue_ids : tuple of str
        The cues that decided it; of those that bear it out, the cited ones if any is cited. Empty: no cue did.
    why : str
        One plain sentence.
    miscited : bool
        It cites something, and nothing of that is about what it claims (or, where it is supported, bears it out).
    assertion : Assertion
        The claim as it was read.
    """

    claim: str
    verdict: Ruling
    cue_ids: tuple[str, ...] = ()
    why: str = ""
    miscited: bool = False
    assertion: Assertion


class Finding(NamedTuple):
    """What the cues say about the affirmed form of a claim; ``strange``: it cites the cue of another person."""

    ruling: Ruling
    entries: tuple[Entry, ...] = ()
    why: str = ""
    cue_ids: tuple[str, ...] = ()
    strange: bool = False

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the cues that decided it."""
        return self.cue_ids or tuple([entry.cue.id for entry in self.entries])
