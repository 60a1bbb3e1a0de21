"""Request -> what the model is given: messages, pictures and sound within its context, and what was left out."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ...errors import ConfigError, ModelOutputError
from ...prompts.contract import parse_answer
from ...prompts.presets import preset_named
from ...prompts.render import DEFAULT_BUDGET_TOKENS, Dropped, Picture, Rendered, render_messages
from ...prompts.salience import estimate_tokens
from ...records import CueSet
from ..demonstrations import Demonstration
from ..engines.base import Request
from .capabilities import Capabilities
from .manner import Manner
from .pictures import Shown, pictures_of
from .sound import Heard, sound_of

#: Share of the prompt's text that demonstrations may take.
DEMONSTRATIONS_SHARE: Final = 0.4

# Tokens that a chat template puts around each message, with room to spare.
_TEMPLATE_TOKENS: Final = 64
# A reply that cannot be used is shown again to the model that wrote it, up to so many tokens.
_FOLLOW_UP_TOKENS: Final = 1_024
_FOLLOW_UP_SHARE: Final = 8

Message = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a model is given.

    Attributes
    ----------
    messages : tuple of dict
        OpenAI chat form.
    shown : tuple of str
        Ids of the cues in it.
    thinks, compounds : bool
        Whether a chain of thought and compound emotions are asked for.
    language, version : str
        Of the prompt.
    follow_up_tokens : int
        Room that is kept for asking a second time.
    notes : tuple of str
        What was left out.
    """

    messages: tuple[Message, ...]
    shown: tuple[str, ...]
    thinks: bool
    compounds: bool
    language: str
    version: str
    follow_up_tokens: int
    notes: tuple[str, ...]


def make_prompt(request: Request, able: Capabilities, manner: "Manner") -> Prompt:
    """Make the prompt for one clip, within what the model takes.

    Raises
    ------
    ConfigError
        No such preset or language; or the model's context does not hold the instructions beside the reply.
    """
    preset = preset_named(request.preset)
    room, follow_up = _room(able, manner)
    pictures, heard = _media(request.cueset, able, manner, room)
    budget = _budget(manner, room, pictures.tokens + heard.tokens)
    rendered, examples, said = _rendered(request, able, budget, pictures.pictures)
    system, user = rendered.messages
    return Prompt(
        messages=(system, *examples, _with_sound(user, heard.part)),
        shown=rendered.shown,
        thinks=preset.thinks,
        compounds=request.compounds or preset.compounds,
        language=request.language,
        version=rendered.prompt_version,
        follow_up_tokens=follow_up,
        notes=(*pictures.notes, *heard.notes, *said, *_left_out(rendered.dropped), *rendered.notes),
    )


def text_tokens(able: Capabilities, manner: "Manner") -> int:
    """Tell how long the text of a prompt may be that has neither pictures nor sound, in tokens.

    Raises
    ------
    ConfigError
        The model's context has no room for a prompt.
    """
    return _budget(manner, _room(able, manner)[0])


def _budget(manner: "Manner", room: int | None, taken: int = 0) -> int:
    budget = DEFAULT_BUDGET_TOKENS if manner.budget_tokens is None else manner.budget_tokens
    return budget if room is None else min(budget, room - taken)


def _room(able: Capabilities, manner: "Manner") -> tuple[int | None, int]:
    """Tokens for the prompt (None: no limit is known), and tokens kept for asking a second time."""
    if able.context_tokens is None:
        return None, _FOLLOW_UP_TOKENS
    follow_up = min(_FOLLOW_UP_TOKENS, able.context_tokens // _FOLLOW_UP_SHARE)
    reply = manner.sampling.max_tokens
    room = able.context_tokens - reply - follow_up - _TEMPLATE_TOKENS
    if room <= 0:
        raise ConfigError(
            f"the model's context of {able.context_tokens} tokens has no room for a prompt beside a reply of {reply}; "
            "lower max_tokens"
        )
    return room, follow_up


def _media(cueset: CueSet, able: Capabilities, manner: "Manner", room: int | None) -> tuple[Shown, Heard]:
    """Pictures and sound; together they take at most half of the room."""
    if room is None:
        return pictures_of(cueset, able, manner), sound_of(cueset, able, manner)
    most = room // 2
    pictures = pictures_of(cueset, able, replace(manner, frame_tokens=min(manner.frame_tokens, most)))
    heard = sound_of(cueset, able, manner)
    if heard.part is not None and pictures.tokens + heard.tokens > most:
        heard = Heard(notes=(*heard.notes, "the sound was left out: the model's context has no room for it"))
    return pictures, heard


def _rendered(
    request: Request, able: Capabilities, budget: int, pictures: tuple[Picture, ...]
) -> tuple[Rendered, tuple[Message, ...], tuple[str, ...]]:
    """Write the prompt's text, with as many demonstrations as have room beside the instructions."""
    count = able.count_tokens or estimate_tokens

    def render(text_tokens: int) -> Rendered:
        return render_messages(
            request.cueset,
            preset=request.preset,
            language=request.language,
            budget_tokens=text_tokens,
            frames=pictures,
            count_tokens=count,
            compounds=request.compounds,
        )

    examples, said = _demonstrations(request, count, int(budget * DEMONSTRATIONS_SHARE))
    if examples:
        try:
            return render(budget - sum(count(message["content"]) for message in examples)), examples, said
        except ConfigError:  # the instructions need the room themselves
            said = (f"all {len(request.demonstrations)} demonstrations were left out for length",)
    return render(budget), (), said


def _demonstrations(
    request: Request, count: Callable[[str], int], share: int
) -> tuple[tuple[Message, ...], tuple[str, ...]]:
    """Earlier turns that show how it is done, the most similar clip last, next to the question."""
    turns: list[Message] = []
    spent = kept = unreadable = 0
    for demonstration in request.demonstrations:  # the most similar first
        pair = _turns(demonstration, request)
        if pair is None:
            unreadable += 1
            continue
        spent += sum(count(message["content"]) for message in pair)
        if spent > share:
            break
        kept += 1
        turns[:0] = pair
    notes = []
    if unreadable:
        notes.append(f"{unreadable} demonstrations were left out: their answers cannot be read")
    if short := len(request.demonstrations) - kept - unreadable:
        notes.append(f"{short} demonstrations, the least similar ones, were left out for length")
    return tuple(turns), tuple(notes)


def _turns(demonstration: Demonstration, request: Request) -> tuple[Message, Message] | None:
    try:
        parsed = parse_answer(demonstration.answer)
    except ModelOutputError:
        return None
    if not parsed.answer:
        return None
    answer = demonstration.answer
    if not preset_named(request.preset).thinks and parsed.think:
        answer = json.dumps(parsed.answer, ensure_ascii=False)
    rendered = render_messages(
        demonstration.cueset,
        preset=request.preset,
        language=request.language,
        budget_tokens=None,
        compounds=request.compounds,
    )
    return {"role": "user", "content": rendered.messages[1]["content"]}, {"role": "assistant", "content": answer}


def _with_sound(user: Message, part: dict[str, Any] | None) -> Message:
    if part is None:
        return user
    content = user["content"]
    parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
    return {**user, "content": [part, *parts]}


def _left_out(dropped: Sequence[Dropped]) -> tuple[str, ...]:
    """One line for all cues that are not in the prompt."""
    if not dropped:
        return ()
    reasons = Counter(cue.reason for cue in dropped)
    listed = [f"{reason} ({number})" for reason, number in reasons.most_common(3)]
    if len(reasons) > len(listed):
        listed.append("…")
    what = "1 cue was" if len(dropped) == 1 else f"{len(dropped)} cues were"
    return (f"{what} left out of the prompt: {'; '.join(listed)}",)
