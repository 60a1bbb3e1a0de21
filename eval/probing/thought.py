"""Putting a chain of thought into a model's mouth, to see what it would answer had it thought this.

The prompt is the one the engine is always given. Where the engine can continue its own turn, the thought is the
beginning of that turn; elsewhere it stands as the turn before, and the answer is asked for after it.
"""

from typing import Final, Protocol, runtime_checkable

from ...reasoning.conversation import Capabilities, Chat, Completion, Manner
from ...reasoning.conversation.prompt import make_prompt
from ...reasoning.conversation.structure import answer_schema
from ...reasoning.engines import Reply, Request

_GO_ON: Final = {
    "en": "Now write the JSON object that follows from this, and nothing else.",
    "zh": "现在请写出由此得出的 JSON 对象，不要写别的。",
}


@runtime_checkable
class Opened(Protocol):
    """An engine that asks a language model in the package's own way."""

    name: str
    model: str
    manner: Manner

    def capabilities(self) -> Capabilities:
        """Say what the model takes."""
        ...

    def complete(self, chat: Chat) -> Completion:
        """Continue one chat."""
        ...


def can_take_thoughts(engine: object) -> bool:
    """Whether :func:`with_thought` works with an engine."""
    return isinstance(engine, Opened)


def with_thought(engine: object, request: Request, thought: str) -> Reply:
    """Have a model answer after a chain of thought that it did not write.

    Raises
    ------
    EmoreasonError
        The model cannot answer.
    TypeError
        The engine has no language model of this kind.
    """
    if not isinstance(engine, Opened):
        raise TypeError("this engine takes no chain of thought")
    able, manner = engine.capabilities(), engine.manner
    prompt = make_prompt(request, able, manner)
    opening = f"<think>\n{thought}\n</think>\n"
    enforced = manner.enforce and able.structure in ("opening", "whole")
    schema = answer_schema(prompt.shown, compounds=prompt.compounds) if enforced else None
    if able.structure == "opening":
        chat = Chat(messages=prompt.messages, sampling=manner.sampling, schema=schema, opening=opening)
    else:
        said = {"role": "assistant", "content": opening.strip()}
        follow_up = {"role": "user", "content": _GO_ON[prompt.language]}
        chat = Chat(messages=(*prompt.messages, said, follow_up), sampling=manner.sampling, schema=schema)
    completion = engine.complete(chat)
    return Reply(
        text=opening + (completion.texts[0] if completion.texts else ""),
        notes=completion.notes,
        prompt_version=prompt.version,
    )
