"""The chats about one clip: think, then answer; and once more when the reply cannot be used."""

from collections.abc import Callable, Generator
from dataclasses import replace
from typing import Any, Final

from ...prompts.salience import estimate_tokens
from .capabilities import Structure
from .drafts import LONGEST_THOUGHT, Draft, Wrong, read_draft, thought_of
from .prompt import Message, Prompt
from .structure import answer_schema
from .turn import Chat, Completion, Sampling

#: Tokens of the reply that are kept for the answer when the thinking is written first, at most half of them.
ANSWER_TOKENS: Final = 1_024

_CLOSE: Final = "</think>"
_NOTHING: Final = "(nothing)"

Chats = Generator[Chat, Completion, list[Draft]]

# What the model is told: our words alone, nothing of what it wrote.
_AGAIN: Final[dict[str, dict[Wrong | str, str]]] = {
    "en": {
        "": "Your reply cannot be used: {wrong}. {what}",
        "empty": "it is empty",
        "cut": "it was cut off before its end; be shorter",
        "no_json": "it holds no JSON object of the form asked for",
        "no_labels": "its JSON object holds neither labels nor emotions",
        "too_long": "it is too long",
        "answer": "Write the JSON object again, and nothing else.",
        "whole": "Write the whole reply again, in the form asked for.",
    },
    "zh": {
        "": "你的回复无法使用：{wrong}。{what}",
        "empty": "回复是空的",
        "cut": "回复在结束之前被截断，请写得短一些",
        "no_json": "其中没有所要求形式的 JSON 对象",
        "no_labels": "其中的 JSON 对象既没有 labels 也没有 emotions",
        "too_long": "回复太长",
        "answer": "请重新写出 JSON 对象，不要写别的。",
        "whole": "请按所要求的形式重新写出完整的回复。",
    },
}


class Talk:
    """The chats about one clip, and what they cost.

    Parameters
    ----------
    prompt : Prompt
        What the model is given.
    structure : Structure
        How the answer's schema is enforced.
    sampling : Sampling
        How to sample.
    count_tokens : callable, optional
        ``str -> int`` of the model's tokenizer; by default an estimate on the high side.
    """

    def __init__(
        self,
        prompt: Prompt,
        structure: Structure,
        sampling: Sampling,
        count_tokens: Callable[[str], int] | None = None,
    ) -> None:
        self.prompt, self.structure, self.sampling = prompt, structure, sampling
        self.count = count_tokens or estimate_tokens
        self.notes: list[str] = []
        self.prompt_tokens: int | None = 0
        self.completion_tokens: int | None = 0
        self.schema = None if structure == "none" else answer_schema(prompt.shown, compounds=prompt.compounds)

    def first(self, samples: int) -> Chats:
        """Have the model write so many replies."""
        return self._drafts(self.prompt.messages, self.sampling, samples)

    def again(self, draft: Draft, seed: int) -> Chats:
        """Tell the model what was wrong with its reply and have it write another; thinking that is there is kept."""
        sampling = self.sampling.with_seed(seed)
        if not (self.prompt.thinks and draft.think and self.structure in ("opening", "whole")):
            return self._drafts(self._follow_up(draft, "whole"), sampling, 1)
        return self._answer_alone(draft, sampling)

    def _answer_alone(self, draft: Draft, sampling: Sampling) -> Chats:
        chat = Chat(messages=self._follow_up(draft, "answer"), sampling=sampling, schema=self.schema)
        ((text, finish),) = yield from self._complete(chat)
        return [read_draft(f"{_thinking(draft.think[:LONGEST_THOUGHT])}{text}", finish)]

    def _drafts(self, messages: tuple[Message, ...], sampling: Sampling, samples: int) -> Chats:
        if self.prompt.thinks and self.structure == "opening":
            return (yield from self._think_then_answer(messages, sampling, samples))
        # ``whole`` leaves no room for thinking before the answer: there the first reply is free.
        enforced = self.structure == "reasoning" or not self.prompt.thinks
        chat = Chat(messages=messages, sampling=sampling, n=samples, schema=self.schema if enforced else None)
        written = yield from self._complete(chat)
        return [read_draft(text, finish) for text, finish in written]

    def _think_then_answer(self, messages: tuple[Message, ...], sampling: Sampling, samples: int) -> Chats:
        most = sampling.max_tokens
        room = max(1, most - min(ANSWER_TOKENS, most // 2))
        thinking = Chat(
            messages=messages,
            sampling=replace(sampling, max_tokens=room),
            n=samples,
            opening=_thinking(None),
            stop=(_CLOSE,),
        )
        drafts = []
        for number, (text, finish) in enumerate((yield from self._complete(thinking))):
            if finish == "length" and _CLOSE not in text:
                self._say(f"a chain of thought was cut off after {room} tokens and closed")
            thought = thought_of(text)
            used = room if finish == "length" else min(room, self.count(thought))
            answering = Chat(
                messages=messages,
                sampling=replace(sampling, max_tokens=most - used, seed=sampling.seed + number),
                schema=self.schema,
                opening=_thinking(thought),
            )
            ((answer, finish),) = yield from self._complete(answering)
            drafts.append(read_draft(answering.opening + answer, finish))
        return drafts

    def _complete(self, chat: Chat) -> Generator[Chat, Completion, list[tuple[str, str]]]:
        """Give one chat away; count what it cost; return ``n`` texts and why each ended."""
        completion = yield chat
        for note in completion.notes:
            self._say(note)
        self.prompt_tokens = _sum(self.prompt_tokens, completion.prompt_tokens)
        self.completion_tokens = _sum(self.completion_tokens, completion.completion_tokens)
        texts = (*completion.texts, *[""] * chat.n)[: chat.n]
        finish = (*completion.finish, *["stop"] * chat.n)[: chat.n]
        return list(zip(texts, finish, strict=True))

    def _follow_up(self, draft: Draft, what: str) -> tuple[Message, ...]:
        words = _AGAIN[self.prompt.language]
        said = words[""].format(wrong=words[draft.wrong or "no_json"], what=words[what])
        reply = {"role": "assistant", "content": self._shortened(draft.text)}
        return (*self.prompt.messages, reply, {"role": "user", "content": said})

    def _shortened(self, text: str) -> str:
        """Return the beginning of a reply, in the room that is kept for it."""
        room = self.prompt.follow_up_tokens
        begin = text[: 4 * room].strip()
        while begin and self.count(begin) > room:
            begin = begin[: len(begin) // 2]
        return begin or _NOTHING

    def _say(self, note: str) -> None:
        if note not in self.notes:
            self.notes.append(note)


def _thinking(thought: str | None) -> str:
    """Beginning of a reply: the opening tag alone, or the whole chain of thought."""
    return "<think>\n" if thought is None else f"<think>\n{thought}\n</think>\n"


def _sum(total: int | None, more: int | None) -> int | None:
    return None if total is None or more is None else total + more


def spent(talk: Talk, samples: int) -> dict[str, Any]:
    """Return sampling and cost, as they are recorded in :attr:`~emoreason.records.Explanation.generation`."""
    return {
        "temperature": talk.sampling.temperature,
        "top_p": talk.sampling.top_p,
        "max_tokens": talk.sampling.max_tokens,
        "seed": talk.sampling.seed,
        "samples": samples,
        "prompt_tokens": talk.prompt_tokens,
        "completion_tokens": talk.completion_tokens,
    }
