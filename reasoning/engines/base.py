"""What every engine takes and gives."""

import traceback
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from ...errors import EmoreasonError, UpstreamError
from ...records import CueSet

if TYPE_CHECKING:
    from ..conversation.memory import Memory
    from ..conversation.turn import Chat, Completion
    from ..demonstrations import Demonstration

K = TypeVar("K")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One clip to explain.

    ``preset`` and ``language`` choose the prompt (``prompts/``); ``compounds`` asks for compound emotions too.
    ``demonstrations`` are labelled examples to show the model first, most similar first; an engine that reads cues
    alone passes them over.
    """

    cueset: CueSet
    preset: str = "explain"
    language: str = "en"
    compounds: bool = False
    demonstrations: "tuple[Demonstration, ...]" = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What an engine wrote: the contract's text, and notes for the reader (what it could not take).

    ``prompt_version`` is the version of the prompt it was given; None for an engine that reads cues, not prompts.
    ``generation`` becomes :attr:`~emoreason.records.Explanation.generation`; None for an engine that generates nothing.
    """

    text: str
    notes: tuple[str, ...] = ()
    prompt_version: str | None = None
    generation: Mapping[str, float | int | str | None] | None = None


class Engine(Protocol):
    """Turns a request into a reply in the output contract's form (``prompts/contract.py`` is its only parser)."""

    name: str
    model: str

    def answer(self, request: Request) -> Reply:
        """Explain one clip. Raises an EmoreasonError when it cannot; it never returns an empty answer."""
        ...


@runtime_checkable
class ManyAnswers(Protocol):
    """An engine that works on several clips at a time."""

    def answer_each(
        self, requests: Iterable[tuple[K, Request]], memory: "Memory | None" = None
    ) -> Iterator[tuple[K, Reply | EmoreasonError]]:
        """Answer in any order, taking further requests as there is room for them; see :func:`answer_each`."""
        ...


@runtime_checkable
class LanguageModel(Protocol):
    """An engine whose model can also be asked other things: what a picture shows, which labels a text holds."""

    name: str
    model: str

    def complete(self, chat: "Chat") -> "Completion":
        """Continue one chat. Raises :class:`~emoreason.errors.UpstreamError` when that fails."""
        ...


def answer_each(
    engine: Engine, requests: Iterable[tuple[K, Request]], memory: "Memory | None" = None
) -> Iterator[tuple[K, Reply | EmoreasonError]]:
    """Answer many requests, several at a time where the engine can.

    Parameters
    ----------
    engine : Engine
        One that has ``answer_each`` itself is left to it.
    requests : iterable of (key, Request)
        Read as needed, possibly from another thread; the key comes back with the reply.
    memory : Memory, optional
        Completions of earlier runs, not generated again.

    Yields
    ------
    (key, Reply or EmoreasonError)
        One for each request, in the order in which they are done; an error costs its own request alone.
    """
    if isinstance(engine, ManyAnswers):
        yield from engine.answer_each(requests, memory)
        return
    for key, request in requests:
        yield key, _answered(engine, request)


def _answered(engine: Engine, request: Request) -> Reply | EmoreasonError:
    try:
        return engine.answer(request)
    except EmoreasonError as error:
        return error
    except Exception as error:  # a plug-in's own mistake costs one input, and says where it is
        return broken(engine.name, error)


def broken(name: str, error: Exception) -> UpstreamError:
    """Put an engine's own mistake into the form of an error of ours, with its place."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return UpstreamError(f"engine {name} broke: {type(error).__name__}: {error} ({last.filename}:{last.lineno})")
