"""A chat as the body of a request, and the body of a reply as texts."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ...conversation.turn import Chat, Completion
from .failure import EmptyReplyError, RefusedError, TransientError, shown

#: How vLLM and SGLang are told to continue the last message.
CONTINUE: Final = {"continue_final_message": True, "add_generation_prompt": False}

#: What a server states beyond that is no count.
_MOST_TOKENS: Final = 10**12

_THINK_END: Final = "</think>"
#: What a request can do without, and what the reader must know when it does.
_DISPENSABLE: Final = {
    "response_format": "the server does not enforce the answer's schema",
    "seed": "the server takes no seed: the reply may not be repeatable",
    "temperature": "the server takes no temperature: it samples in its own way",
    "top_p": "the server takes no top_p: it samples in its own way",
    "n": "",
    "stop": "",  # cut here instead
}
# JSON can spell halves of characters, which cannot be sent again.
_SURROGATE = re.compile("[\ud800-\udfff]")
_NOT_TAKEN = re.compile(
    r"unsupported|not (?:be )?(?:supported|permitted|allowed|available|implemented)|n[o']t support|unrecogni[sz]ed"
    r"|unknown|unexpected|extra",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Quirks:
    """What a server has turned out not to take."""

    without: frozenset[str] = frozenset()
    max_completion_tokens: bool = False  # the new name of max_tokens, the only one that some models know
    one_text: bool = False  # n is ignored or refused

    def notes(self) -> tuple[str, ...]:
        """Say what that means for the replies."""
        return tuple(note for field, note in _DISPENSABLE.items() if note and field in self.without)


@dataclass(frozen=True, slots=True)
class Written:
    """What one request brought."""

    texts: tuple[str, ...]
    finish: tuple[str, ...]
    prompt_tokens: int | None
    completion_tokens: int | None


def chat_body(chat: Chat, model: str, quirks: Quirks, *, n: int, seed: int) -> dict[str, Any]:
    """Return the body of a chat completion request.

    Fields that the OpenAI protocol does not know stand under ``extra_body``, as its client wants it.
    """
    sampling = chat.sampling
    body: dict[str, Any] = {
        "model": model,
        "messages": list(chat.messages),
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "seed": seed,
        "max_completion_tokens" if quirks.max_completion_tokens else "max_tokens": sampling.max_tokens,
    }
    if n > 1:
        body["n"] = n
    if chat.stop:
        body["stop"] = list(chat.stop)
    if chat.schema is not None:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": dict(chat.schema)},
        }
    if chat.opening:
        body["messages"].append({"role": "assistant", "content": chat.opening})
        body["extra_body"] = dict(CONTINUE)
    return {field: value for field, value in body.items() if field not in quirks.without}


def adapted(quirks: Quirks, refusal: RefusedError, body: Mapping[str, Any]) -> Quirks | None:
    """Return what to do without after a refusal; None when it is not about a field that can be left out."""
    if refusal.status not in (400, 422):
        return None
    if refusal.names("response_format") and "response_format" in body:
        return replace(quirks, without=quirks.without | {"response_format"})
    if refusal.names("n") and body.get("n", 1) > 1:
        return replace(quirks, one_text=True)
    if not _NOT_TAKEN.search(refusal.message):
        return None
    if refusal.names("max_tokens") and "max_tokens" in body:
        return replace(quirks, max_completion_tokens=True)
    for field in _DISPENSABLE:
        if field in body and refusal.names(field):
            return replace(quirks, without=quirks.without | {field})
    return None


def read_completion(value: Any, chat: Chat) -> Written:
    """Read the body of a chat completion.

    Raises
    ------
    TransientError
        It is no chat completion.
    EmptyReplyError
        It is one, and holds no text.
    """
    choices = value.get("choices") if isinstance(value, dict) else None
    if not isinstance(choices, list) or not choices:
        raise TransientError("the reply is no chat completion: it has no choices")
    read = [_choice(choice, chat) for choice in choices]
    if not any(text.strip() or stopped for text, _, stopped in read):
        raise EmptyReplyError(_why_nothing(choices[0]))
    return Written(
        tuple(text for text, _, _ in read),
        tuple(finish for _, finish, _ in read),
        prompt_tokens(value),
        _used(value, "completion_tokens"),
    )


def prompt_tokens(value: Any) -> int | None:
    """Length of the prompt, as the body of a chat completion states it."""
    return _used(value, "prompt_tokens")


def _choice(choice: Any, chat: Chat) -> tuple[str, str, bool]:
    """Text of a choice, why it ended, and whether one of the chat's stops ended it (it may then be empty)."""
    message = choice.get("message") if isinstance(choice, dict) else None
    if not isinstance(message, dict):
        raise TransientError("the reply is no chat completion: a choice has no message")
    finish = choice.get("finish_reason")
    if finish in ("abort", "error"):
        raise TransientError("the server broke off while it wrote")
    # vLLM renamed the field, and a few servers still send the old one.
    thought = _text(message.get("reasoning")) or _text(message.get("reasoning_content"))
    text = _SURROGATE.sub("\ufffd", _rejoined(thought, _text(message.get("content")), chat.opening))
    found = [text.index(stop) for stop in chat.stop if stop in text]
    # vLLM and SGLang say which stop it was.
    stopped = bool(found) or any(choice.get(field) in chat.stop for field in ("stop_reason", "matched_stop"))
    return text[: min(found, default=len(text))], "length" if finish == "length" else "stop", stopped


def _why_nothing(choice: Any) -> str:
    refusal = _text(choice["message"].get("refusal"))
    ended = (
        f"it refuses ({shown(refusal)})" if refusal else f"it ended with {shown(str(choice.get('finish_reason')))!r}"
    )
    return f"the model wrote nothing: {ended}"


def _text(content: Any) -> str:
    """Text of a content, which some servers give in parts."""
    if isinstance(content, list):
        return "".join(_text(part.get("text")) for part in content if isinstance(part, dict))
    if content is not None and not isinstance(content, str):
        raise TransientError("the reply is no chat completion: its content is no text")
    return content or ""


def _rejoined(thought: str, content: str, opening: str) -> str:
    """Put separated reasoning back before the content, as the model wrote it."""
    if not thought:
        return content
    if _THINK_END in opening:
        # The thinking had ended before: a parser that looked for its end here took the answer for thinking.
        return thought + content
    begin = "" if "<think>" in opening else "<think>\n"
    return f"{begin}{thought}\n{_THINK_END}\n{content}" if content else begin + thought


def _used(value: Any, field: str) -> int | None:
    usage = value.get("usage") if isinstance(value, dict) else None
    value = usage.get(field) if isinstance(usage, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MOST_TOKENS else None


def joined(n: int, written: Iterable[Written], notes: tuple[str, ...]) -> Completion:
    """Put the texts of several requests together."""
    parts = list(written)
    return Completion(
        texts=tuple(text for part in parts for text in part.texts)[:n],
        finish=tuple(finish for part in parts for finish in part.finish)[:n],
        prompt_tokens=_sum(part.prompt_tokens for part in parts),
        completion_tokens=_sum(part.completion_tokens for part in parts),
        notes=notes,
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    total = 0
    for count in counts:
        if count is None:
            return None
        total += count
    return total
