"""One turn with a language model: the chat it is given, how it is sampled, what it wrote."""

import hashlib
import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, TypeVar

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """How a model is sampled. ``temperature`` 0 is greedy; ``seed`` makes other temperatures repeatable.

    ``max_tokens`` is the longest reply, chain of thought and answer together.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 2048
    seed: int = 0

    def with_seed(self, seed: int) -> "Sampling":
        """Return the same with another seed."""
        return replace(self, seed=seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chat:
    """What a model is asked.

    Attributes
    ----------
    messages : tuple of dict
        OpenAI chat form. Pictures are ``image_url`` parts with data URLs, sound ``input_audio`` parts (WAV, base64).
    sampling : Sampling
        How to sample.
    n : int
        How many texts to sample; each is given its own seed.
    schema : dict or None
        JSON Schema that everything after ``opening`` must fit; None leaves the text free. For a grammar of outlines,
        :func:`~emoreason.reasoning.conversation.structure.coarse` makes it smaller.
    opening : str
        Beginning of the model's own turn, which it is to continue.
    stop : tuple of str
        Texts that end the turn (they are not part of it).
    """

    messages: tuple[dict[str, Any], ...]
    sampling: Sampling
    n: int = 1
    schema: Mapping[str, Any] | None = None
    opening: str = ""
    stop: tuple[str, ...] = ()

    def key(self, model: str) -> str:
        """Digest of everything that decides what the model writes, for caches."""
        asked = json.dumps([model, asdict(self)], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What a model wrote.

    Attributes
    ----------
    texts : tuple of str
        ``n`` texts without the opening. Reasoning that a server hands over separately stands in think tags again.
    finish : tuple of str
        Why each ended: ``stop`` or ``length``.
    prompt_tokens, completion_tokens : int or None
        What it cost, over all texts.
    notes : tuple of str
        What the reader must know (what a server did otherwise than asked).
    """

    texts: tuple[str, ...]
    finish: tuple[str, ...]
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    notes: tuple[str, ...] = ()


def converse(conversation: Generator[Chat, Completion, R], complete: Callable[[Chat], Completion]) -> R:
    """Hold a conversation with a model that continues one chat after the other.

    What ``complete`` raises is raised inside the conversation, at the chat that failed.

    Examples
    --------
    >>> def greeting():
    ...     completion = yield Chat(messages=({"role": "user", "content": "Hello?"},), sampling=Sampling())
    ...     return completion.texts[0]
    >>> converse(greeting(), lambda chat: Completion(texts=("Hello.",), finish=("stop",)))
    'Hello.'
    """
    try:
        chat = next(conversation)
        while True:
            try:
                completion = complete(chat)
            except Exception as error:
                chat = conversation.throw(error)
            else:
                chat = conversation.send(completion)
    except StopIteration as end:
        result: R = end.value
        return result
    finally:
        conversation.close()
