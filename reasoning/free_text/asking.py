"""One question to a model, and once more when its reply cannot be read."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ...errors import EmoreasonError, ModelOutputError, UpstreamError
from ...prompts.ask import Question, read_reply, text_as_asked
from ...prompts.problems import excerpt
from ..conversation.turn import Chat, Sampling
from ..engines.base import LanguageModel, broken

#: Signs that models put around a word or a quotation.
EDGES: Final = " .,;:!?…·-–—\"'“”‘’`()*_。，；：！？、《》"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A reply that could be read: the value, and notes for the reader."""

    value: Mapping[str, Any]
    notes: tuple[str, ...] = ()


def ask_model(question: Question, model: LanguageModel, sampling: Sampling) -> Answered:
    """Put a question to a model; once more, saying so, when its reply cannot be read.

    Raises
    ------
    UpstreamError
        The model fails.
    ModelOutputError
        The reply cannot be read, also the second time.
    """
    chat = Chat(messages=question.messages, sampling=sampling, schema=question.schema)
    notes: list[str] = []
    reply = ""
    for attempt in range(2):
        try:
            completion = model.complete(chat)
        except EmoreasonError:
            raise
        except Exception as error:  # a plug-in's own mistake costs one text, and says where it is
            raise broken(model.name, error) from error
        if not completion.texts:
            raise UpstreamError(f"engine {model.name} completed a chat with no text at all; expected one")
        notes += completion.notes
        value = read_reply(completion.texts[0], question)
        if value is not None:
            if "length" in completion.finish[:1]:
                notes.append(f"the reply was cut off after {sampling.max_tokens} tokens; what stood before was read")
            return Answered(value=value, notes=tuple(dict.fromkeys(notes)))
        if not attempt:
            reply = completion.texts[0]
            notes.append("the model's first reply could not be read; it was asked once more")
            chat = replace(chat, messages=question.again(reply), sampling=sampling.with_seed(sampling.seed + 1))
    raise ModelOutputError(
        f"the model's reply to {question.name} cannot be read, also the second time: expected one JSON object with "
        f"{', '.join(question.schema['required'])}; the first reply begins {excerpt(reply, 80)}"
    )


def what_was_cut(text: str) -> list[str]:
    """Note that the model saw only the beginning of a text; none if it saw all of it."""
    shown = text_as_asked(text)
    return (
        [f"the text was cut to its first {len(shown)} characters"]
        if shown.endswith("…") and not text.rstrip().endswith("…")
        else []
    )
