"""A language model that writes what it is told to, and remembers what it was asked."""

from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from grounded_clips import JOY

from emoreason.reasoning.conversation import Capabilities, Chat, Completion, Manner, ask, converse
from emoreason.reasoning.engines import Reply, Request

R = TypeVar("R")

#: What is written to one chat: a text (each of the ``n``), several texts, a whole completion, an error that is raised,
#: or a function of the chat that gives one of these.
Written = str | tuple[str, ...] | Completion | Exception
Script = Written | Callable[[Chat], Written]

#: A model that thinks first and then answers under the schema.
OPENING = Capabilities(structure="opening")

#: A chain of thought and an answer in the contract's form, about no clip in particular.
THINK = "Observations: the lip corners rise.\nInterpretation: a smile.\nConclusion: joy, fairly sure."
ANSWER = (
    '{"labels": [{"label": "joyful", "cues": []}], "emotions": [{"label": "happiness", "probability": 0.9}, '
    '{"label": "neutral", "probability": 0.1}], "valence": 0.8, "arousal": 0.4, "action_units": ["AU12"], '
    '"alternatives": [], "abstained": false, "abstain_reason": null}'
)
REPLY = f"<think>\n{THINK}\n</think>\n{ANSWER}"


class ScriptRanOutError(AssertionError):
    """The model was asked more often than the script has replies."""


@dataclass
class ScriptedModel:
    """Writes its replies in order; the last one again and again if ``endless``.

    It is an engine too, so that whatever takes an engine can be tested without a model.
    """

    replies: Iterable[Script] = ()
    able: Capabilities = field(default_factory=Capabilities)
    manner: Manner = field(default_factory=Manner)
    endless: bool = False
    name: str = "scripted"
    model: str = "script"
    chats: list[Chat] = field(default_factory=list)
    closed: bool = False

    def __post_init__(self) -> None:
        self._left: Iterator[Script] = iter(self.replies)
        self._last: Script | None = None

    def complete(self, chat: Chat) -> Completion:
        """Write the next reply of the script."""
        self.chats.append(chat)
        script = next(self._left, self._last if self.endless else None)
        if script is None:
            raise ScriptRanOutError(f"chat {len(self.chats)} was not expected: {chat.messages[-1]['content']}")
        self._last = script
        written = script(chat) if callable(script) else script
        if isinstance(written, Exception):
            raise written
        if isinstance(written, Completion):
            return written
        texts = (written,) * chat.n if isinstance(written, str) else written
        return Completion(
            texts=texts, finish=("stop",) * len(texts), prompt_tokens=100, completion_tokens=sum(map(len, texts))
        )

    def drive(self, conversation: Generator[Chat, Completion, R]) -> R:
        """Hold a conversation to its end."""
        return converse(conversation, self.complete)

    def answer(self, request: Request) -> Reply:
        return self.drive(ask(request, self.able, self.manner))

    def capabilities(self) -> Capabilities:
        return self.able

    def close(self) -> None:
        self.closed = True


def cut(text: str) -> Completion:
    """A text that ended at the limit of tokens."""
    return Completion(texts=(text,), finish=("length",))


def asked(
    *replies: Any, able: Capabilities = OPENING, request: Request | None = None, **manner: Any
) -> tuple[Reply, list[Chat]]:
    """Reply and chats, with neither pictures nor sound; the script must be used up."""
    model = ScriptedModel(replies, able, Manner(**{"frames": 0, "sound": False, **manner}))
    reply = model.answer(request or Request(cueset=JOY.cueset))
    assert len(model.chats) == len(replies)
    return reply, model.chats


def user_text(chat: Chat, at: int = -1) -> str:
    content = chat.messages[at]["content"]
    return content if isinstance(content, str) else content[-1]["text"]
