"""What is done with one row: cues -> request, reply -> explanation, explanation -> line. No files, no threads."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

from ...errors import ConfigError, EmoreasonError
from ...records import CueSet, Explanation
from ...records.convert import to_json
from ...records.jsonl import dump_line
from ..engines.base import Engine, Reply, Request
from ..explain import explanation_of
from .journal import Note
from .plan import Plan
from .preparing import broke
from .row import Row, plain_id

_MOST_TOKENS: Final = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of a row: one line of one of the two files.

    Attributes
    ----------
    state : str
        ``done``: an Explanation; ``failed``: clip, stage, error and message.
    line : str
        JSON, without a newline.
    stage, error, message : str or None
        Where and why it failed.
    scores : dict or None
        Name -> Score as JSON value, or None where it does not apply.
    prompt_tokens, completion_tokens : int
        As far as the engine tells.
    model : str or None
        Engine and model that explained it.
    """

    state: Literal["done", "failed"]
    line: str
    stage: str | None = None
    error: str | None = None
    message: str | None = None
    scores: dict[str, Any] | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    model: str | None = None

    def note(self, offset: int, length: int) -> Note:
        """Say what the journal is told once the line stands."""
        return Note(
            state=self.state,
            offset=offset,
            length=length,
            stage=self.stage,
            error=self.error,
            seconds={stage: round(seconds, 4) for stage, seconds in self.seconds.items()},
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            scores=self.scores,
        )


def failure(row_id: str, stage: str, error: BaseException, seconds: Mapping[str, float] | None = None) -> Outcome:
    """Make the line of a row that failed."""
    kind, message = type(error).__name__, plain_id(str(error))
    line = json.dumps({"clip": row_id, "stage": stage, "error": kind, "message": message}, ensure_ascii=False)
    return Outcome(state="failed", line=line, stage=stage, error=kind, message=message, seconds=dict(seconds or {}))


def request_of(cueset: CueSet, plan: Plan) -> Request:
    """Make what the engine is asked about a clip.

    Raises
    ------
    EmoreasonError
        The examples to show it cannot be chosen.
    """
    demonstrations = () if plan.demonstrate is None else plan.demonstrate(cueset)
    return Request(
        cueset=cueset,
        preset=plan.preset,
        language=plan.language,
        compounds=plan.compounds,
        demonstrations=demonstrations,
    )


def outcome_of(
    row: Row, cueset: CueSet, reply: Reply | EmoreasonError, engine: Engine, plan: Plan, seconds: Mapping[str, float]
) -> Outcome:
    """Make the line of a row from what the engine said about it; never raises but for what concerns all rows.

    Raises
    ------
    ConfigError
        There is no such preset or language.
    """
    if isinstance(reply, EmoreasonError):
        return failure(row.id, "generate", reply, seconds)
    spent, stage, began = dict(seconds), "parse", time.monotonic()
    try:
        explanation = replace(explanation_of(reply, cueset, engine, plan.preset), clip=row.id)
        line = dump_line(explanation)
        spent[stage] = time.monotonic() - began
        if plan.scorers:
            stage, began = "score", time.monotonic()
            scores = _scores(row, cueset, reply, plan)
            spent[stage] = time.monotonic() - began
        else:
            scores = None
    except ConfigError:
        raise
    except EmoreasonError as error:
        return failure(row.id, stage, error, spent)
    except Exception as error:  # a mistake of ours or of a scorer costs one row, and says where it is
        return failure(row.id, stage, broke(stage, error), spent)
    prompt, completion = tokens_of(explanation)
    return Outcome(
        state="done",
        line=line,
        scores=scores,
        prompt_tokens=prompt,
        completion_tokens=completion,
        seconds=spent,
        model=f"{explanation.engine} {explanation.model}",
    )


def _scores(row: Row, cueset: CueSet, reply: Reply, plan: Plan) -> dict[str, Any]:
    found = {name: scorer(reply.text, cueset, row.reference) for name, scorer in plan.scorers.items()}
    return {name: None if score is None else to_json(score) for name, score in found.items()}


def tokens_of(explanation: Explanation) -> tuple[int, int]:
    """Prompt and completion tokens of an explanation; 0 where the engine did not tell."""
    return generation_tokens(explanation.generation)


def generation_tokens(generation: Any) -> tuple[int, int]:
    """Prompt and completion tokens of what an explanation says of its generation; 0 for what cannot be a count."""
    if not isinstance(generation, Mapping):
        return 0, 0
    return _count(generation.get("prompt_tokens")), _count(generation.get("completion_tokens"))


def _count(value: object) -> int:
    # Servers and plug-ins say what they like, and the journal holds no integer of more than 64 bits.
    return int(value) if isinstance(value, int | float) and 0 <= value <= _MOST_TOKENS else 0
