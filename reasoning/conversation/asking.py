"""Request -> chats -> Reply: what a language model is asked about a clip, and what is done with what it writes."""

import json
from collections.abc import Generator, Sequence
from typing import Any

from ...errors import ModelOutputError, RecordError
from ...prompts.contract import write_answer
from ...prompts.problems import excerpt
from ..engines.base import Reply, Request
from .capabilities import Capabilities
from .drafts import REASONS, Draft
from .manner import Manner
from .prompt import make_prompt
from .talk import Talk, spent
from .turn import Chat, Completion
from .vote import vote


def ask(request: Request, able: Capabilities, manner: Manner) -> Generator[Chat, Completion, Reply]:
    """Ask a model about one clip.

    Yields at most ``2 * 2 * samples`` chats. What is thrown into it (an UpstreamError, say) ends it.

    Raises
    ------
    ConfigError
        No such preset or language, or the model's context is too short.
    ModelOutputError
        What it wrote could not be read, also the second time.
    """
    prompt = make_prompt(request, able, manner)
    talk = Talk(prompt, able.structure if manner.enforce else "none", manner.sampling, able.count_tokens)
    drafts = yield from talk.first(manner.samples)
    notes: list[str] = []
    good = [draft for draft in drafts if draft.usable]
    if not any(not draft.wrong for draft in good):
        second = yield from talk.again(good[0] if good else drafts[0], manner.sampling.seed + manner.samples)
        notes.append(_asked_again(drafts))
        better = [draft for draft in second if draft.usable]
        if good and not better:
            notes.append("its second reply could not be used either; what the first one says was kept")
        good = better or good
        drafts = good or drafts
    if not good:
        raise ModelOutputError(
            f"the model's reply cannot be used, also the second time: {REASONS[drafts[0].wrong]}; the first reply "
            f"begins {excerpt(drafts[0].text, 80)}; raise max_tokens, or use a model that follows the prompt"
        )
    if len(good) < len(drafts):
        notes.append(f"{len(drafts) - len(good)} of {len(drafts)} samples could not be read and were left out")
    text, said = _joined(good)
    return Reply(
        text=text,
        notes=tuple(dict.fromkeys((*prompt.notes, *talk.notes, *notes, *said))),
        prompt_version=prompt.version,
        generation=spent(talk, manner.samples),
    )


def _asked_again(drafts: Sequence[Draft]) -> str:
    reason = REASONS[drafts[0].wrong]
    if len(drafts) == 1:
        return f"the model's first reply was not as asked for ({reason}); it was asked once more"
    return f"none of {len(drafts)} samples could be used (the first: {reason}); the model was asked once more"


def _joined(drafts: Sequence[Draft]) -> tuple[str, tuple[str, ...]]:
    """One reply of all drafts; a single one stays as it was written."""
    if len(drafts) == 1:
        return drafts[0].text, ()
    consensus = vote([draft.parsed.answer or {} for draft in drafts if draft.parsed is not None])
    chosen = drafts[consensus.chosen]
    repairs = [f"model output: {problem.detail}" for problem in chosen.parsed.problems] if chosen.parsed else []
    return _written(chosen.think, consensus.answer), (*consensus.notes, *repairs)


def _written(think: str, answer: dict[str, Any]) -> str:
    try:
        return write_answer(think, answer)
    except RecordError:  # a field is missing; what reads it says so
        body = json.dumps(answer, ensure_ascii=False).replace("<", "\\u003c")
        return f"<think>\n{think}\n</think>\n{body}" if think else body
