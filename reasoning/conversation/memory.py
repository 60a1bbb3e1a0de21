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

    ``model`` stands for everything about the model that the chat does not say (name, adapter, address).
    """
    if memory is None:
        return (yield from conversation)
    completion: Completion | None = None
    while True:
        try:
            chat = next(conversation) if completion is None else conversation.send(completion)
        except StopIteration as end:
            result: R = end.value
            return result
        key = chat.key(model)
        completion = memory.recall(key)
        if completion is None:
            completion = yield chat
            memory.keep(key, completion)
