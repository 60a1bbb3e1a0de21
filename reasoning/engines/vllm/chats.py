"""Chats in vLLM's own terms, and its outputs in ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ....errors import ConfigError, EmoreasonError, UpstreamError
from ....torch_imports import import_heavy
from ...conversation import Chat, Completion
from ..grammar import grammar_text
from ..message_parts import read_picture, read_sound
from .loading import Loaded

_THINK, _END_THINK = "<think>", "</think>"
_UNENFORCED: Final = "the schema was not enforced: xgrammar does not take it"
_SAMPLE_RATE: Final = 16_000

#: Role of a message that is put behind the prompt just as it stands. A template would rewrite the model's own words
#: (Qwen's moves the think part), and the model is to go on from what it wrote, as it wrote it.
_OPENING: Final = "emoreason-opening"
_HEAD: Final = (
    "{%- if messages and messages[-1].role == '" + _OPENING + "' -%}"
    "{%- set opened = messages[-1].content -%}"
    "{%- set opening = opened if opened is string else opened[0].text -%}"
    "{%- set messages = messages[:-1] -%}"
    "{%- endif -%}"
)
_TAIL: Final = "{{- opening | default('', true) -}}"


@dataclass(frozen=True, slots=True)
class Asked:
    """A chat that vLLM is at."""

    internal: str
    n: int
    prefix: str
    notes: tuple[str, ...]


def put(loaded: Loaded, chat: Chat) -> str:
    """Hand a chat in; return its ticket.

    Raises
    ------
    UpstreamError
        vLLM refuses the chat.
    MediaError
        A picture or sound cannot be read.
    """
    opening, prefix = _opening(loaded, chat)
    messages = [{**message, "content": _content(message["content"], loaded)} for message in chat.messages]
    if opening:
        messages.append({"role": _OPENING, "content": opening})
    notes: tuple[str, ...] = ()
    try:
        internal = _enqueued(loaded, messages, chat, chat.schema)
    except (ConfigError, UpstreamError):
        if chat.schema is None:
            raise
        internal, notes = _enqueued(loaded, messages, chat, None), (_UNENFORCED,)
    ticket = internal.rpartition("-")[0] or internal  # vLLM adds eight characters to a ticket, and takes them off again
    loaded.asked[ticket] = Asked(internal, chat.n, prefix, notes)
    return ticket


def step(loaded: Loaded) -> list[tuple[str, Completion | EmoreasonError]]:
    """Have vLLM go on by one token of every chat it is at; return those that are done."""
    return [
        (output.request_id, _completion(output, asked))
        for output in loaded.llm.llm_engine.step()
        if output.finished and (asked := loaded.asked.pop(output.request_id, None)) is not None
    ]


def drop(loaded: Loaded, ticket: str) -> None:
    """Give a chat up."""
    asked = loaded.asked.pop(ticket, None)
    if asked is not None:
        loaded.llm.llm_engine.abort_request([asked.internal], internal=True)


def _opening(loaded: Loaded, chat: Chat) -> tuple[str, str]:
    """Return what stands behind the prompt, and what the template itself has begun the reply with."""
    if not loaded.opens_thinking:
        return chat.opening, ""
    if chat.opening:  # the template has written the tag and the end of its line
        begun = chat.opening.lstrip()
        return (begun.removeprefix(_THINK).removeprefix("\n") if begun.startswith(_THINK) else chat.opening), ""
    if chat.schema is not None:  # an answer alone: nothing is to be thought
        return f"\n{_END_THINK}\n\n", ""
    return "", f"{_THINK}\n"


def _content(content: Any, loaded: Loaded) -> Any:
    if isinstance(content, str):
        return content
    return [_part(part, loaded) for part in content]


def _part(part: Mapping[str, Any], loaded: Loaded) -> dict[str, Any]:
    """Check a part of a message; vLLM itself would follow addresses."""
    kind = part.get("type")
    if kind == "text":
        return {"type": "text", "text": str(part["text"])}
    if kind == "image_url" and loaded.able.pictures:
        return {"type": "image_pil", "image_pil": read_picture(str(part["image_url"]["url"]))}
    if kind == "input_audio" and loaded.able.sound:
        data = str(part["input_audio"]["data"])
        read_sound(data, _SAMPLE_RATE)
        return {"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}
    raise UpstreamError(f"the chat holds a part of type {kind!r}, which {loaded.llm.model_config.model} does not take")


def _enqueued(loaded: Loaded, messages: list[dict[str, Any]], chat: Chat, schema: Mapping[str, Any] | None) -> str:
    """Put a chat into vLLM's queue; return its own name for it."""
    errors = import_heavy("vllm.exceptions")
    try:
        (name,) = loaded.llm.enqueue_chat(
            [messages],
            _sampling(loaded, chat, schema),
            lora_request=loaded.lora,
            use_tqdm=False,
            chat_template=_HEAD + loaded.template + _TAIL,
        )
    except errors.VLLMServerError:
        raise  # the engine is dead, not the chat wrong
    except Exception as error:  # validation, the template, processors: all raise what they like
        raise UpstreamError(
            f"vLLM refuses the chat: {' '.join(f'{type(error).__name__}: {error}'.split())[:300]}"
        ) from error
    return str(name)


def _sampling(loaded: Loaded, chat: Chat, schema: Mapping[str, Any] | None) -> Any:
    vllm, params = import_heavy("vllm"), import_heavy("vllm.sampling_params")
    greedy = chat.sampling.temperature == 0
    return vllm.SamplingParams(
        n=1 if greedy else chat.n,
        temperature=chat.sampling.temperature,
        top_p=1.0 if greedy else chat.sampling.top_p,
        max_tokens=chat.sampling.max_tokens,
        seed=chat.sampling.seed % 2**63,
        stop=list(chat.stop) or None,
        skip_special_tokens=not loaded.keeps_special,
        structured_outputs=None if schema is None else params.StructuredOutputsParams(grammar=grammar_text(schema)),
    )


def _completion(output: Any, asked: Asked) -> Completion | EmoreasonError:
    written = sorted(output.outputs, key=lambda one: one.index)
    wrong = [str(one.finish_reason) for one in written if one.finish_reason not in ("stop", "length")]
    if wrong or not written:
        return UpstreamError(f"vLLM ended a reply before it was done ({wrong[0] if wrong else 'nothing was written'})")
    copies = asked.n if len(written) == 1 else 1  # greedy texts are all the same
    return Completion(
        texts=tuple(asked.prefix + one.text for one in written) * copies,
        finish=tuple(str(one.finish_reason) for one in written) * copies,
        prompt_tokens=len(output.prompt_token_ids or ()),
        completion_tokens=sum(len(one.token_ids) for one in written) * copies,
        notes=asked.notes,
    )
