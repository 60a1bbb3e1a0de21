"""What every engine takes and gives."""

from dataclasses import dataclass
from typing import Protocol

from ...records import CueSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One clip to explain.

    ``preset`` and ``language`` choose the prompt (``prompts/``); ``compounds`` asks for compound emotions too.
    """

    cueset: CueSet
    preset: str = "explain"
    language: str = "en"
    compounds: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What an engine wrote: the contract's text, and notes for the reader (what it could not take).

    ``prompt_version`` is the version of the prompt it was given; None for an engine that reads cues, not prompts.
    """

    text: str
    notes: tuple[str, ...] = ()
    prompt_version: str | None = None


class Engine(Protocol):
    """Turns a request into a reply in the output contract's form (``prompts/contract.py`` is its only parser)."""

    name: str
    model: str

    def answer(self, request: Request) -> Reply:
        """Explain one clip. Raises an EmoreasonError when it cannot; it never returns an empty answer."""
        ...
