"""Completions of earlier runs, so that nothing is generated twice."""

from collections.abc import Generator
from typing import Protocol, TypeVar

from .turn import Chat, Completion

R = TypeVar("R")


class Memory(Protocol):
    """Keeps completions by :meth:`Chat.key`."""

    def recall(self, key: str) -> Completion | None:
        """Return what was written before, if anything."""
        ...

    def keep(self, key: str, completion: Completion) -> None:
        """Remember what was written."""
        ...


def remembered(
    conversation: Generator[Chat, Completion, R], memory: Memory | None, model: str
) -> Generator[Chat, Completion, R]:
    """Pass a conversation on, answering from memory what was asked before.

    An error that is thrown into it reaches the conversation inside, at the chat that failed; nothing is kept of that
    chat. Closing it closes the conversation.

    Parameters
    ----------
    conversation : generator
        The conversation; it belongs to this generator from now on.
    memory : Memory or None
        None: nothing is remembered.
    model : str
        Stands for everything about the model that the chat does not say (name, adapter, address).
    """
    if memory is None:
        return (yield from conversation)
    try:
        chat = next(conversation)
        while True:
            key = chat.key(model)
            completion = memory.recall(key)
            if completion is None:
                try:
                    completion = yield chat
                except Exception as error:  # not GeneratorExit: that ends both
                    chat = conversation.throw(error)
                    continue
                memory.keep(key, completion)
            chat = conversation.send(completion)
    except StopIteration as end:
        result: R = end.value
        return result
    finally:
        conversation.close()
