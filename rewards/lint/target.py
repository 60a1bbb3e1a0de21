"""What is linted: a reward of ours, a blend, or a function of the user's that is called as TRL calls it."""

import asyncio
import contextlib
import importlib
import inspect
import math
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Final, cast

from ...errors import ConfigError
from ...plugin import load_plugin
from ..blend import PRESETS, Blend, blend_named
from ..reward import REWARDS, BatchReward, Case, Reward, made, score_cases, shown, usable
from .limits import said, user_code
from .scenes import Scene

#: Column -> what is in it. The battery passes these, beside ``prompts``, ``completions`` and ``completion_ids``.
COLUMNS: Final[dict[str, str]] = {
    "reference": "everything below as one JSON string (emoreason.records.Reference)",
    "gold_labels": "list of str: open-vocabulary labels",
    "gold_emotion": "str: one of the seven classes",
    "gold_distribution": "JSON string: class -> share of raters",
    "gold_action_units": "list of str: coded action units",
    "gold_clues": "list of str: reference sentences, one clue each",
    "cueset": "JSON string: all cues of the clip (emoreason.records.CueSet)",
    "shown": "list of str: ids of the cues the prompt showed",
    "transcript": "str: what is said in the clip",
    "solution": "str: <answer>label, label</answer>",
}

Scores = list[float | None]
#: Completions and the scene of each -> a score each.
Score = Callable[[Sequence[str], Sequence[Scene]], Scores]
_Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Target:
    """A reward that can be scored with."""

    name: str
    score: Score


def load_target(name: str, timeout_s: float | None = None) -> Target:
    """Find what is to be linted.

    Parameters
    ----------
    name : str
        A preset of the blend, a registered reward, ``package.module:name``, ``file.py:name`` or a dotted path
        ``package.module.name`` as TRL's command line takes it. A :class:`~emoreason.rewards.blend.Blend`, a batch
        reward and a function of ``(completion, reference)`` are called as this package calls them, everything else
        as TRL calls it; a class is made without arguments first.
    timeout_s : float, optional
        Seconds that loading it, and each call, may take (:func:`.limits.user_code`).

    Raises
    ------
    ConfigError
        There is none, or it cannot be loaded or is no function.
    """
    if name in PRESETS:
        return Target(name, _ours(name, blend_named(name), timeout_s))
    registry = dict.fromkeys(PRESETS, "") | REWARDS
    with user_code(name, "cannot be loaded", timeout_s):
        found = made(name, load_plugin(_with_colon(name), registry, "reward"))
        if isinstance(found, Blend | BatchReward) or _takes_a_completion(found):
            return Target(name, _ours(name, usable(name, found), timeout_s))
        if not callable(found):
            raise ConfigError(f"reward {name!r} is of type {type(found).__name__}; expected a function")
        return Target(name, _as_trl(name, found, timeout_s))


def _with_colon(name: str) -> str:
    """``package.module.name`` as ``package.module:name``, where there is such a module."""
    module, dot, attribute = name.rpartition(".")
    if not dot or name.endswith(".py") or not all(part.isidentifier() for part in name.split(".")):
        return name
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if f"{module}.".startswith(f"{error.name}."):
            return name
        raise  # there is one, and it imports what is not there
    return f"{module}:{attribute}"


def _takes_a_completion(found: object) -> bool:
    try:
        names = list(inspect.signature(cast("_Function", found)).parameters)
    except (TypeError, ValueError):
        return False
    return names[:2] == ["completion", "reference"]


def _ours(name: str, reward: Reward | BatchReward, timeout_s: float | None) -> Score:
    def score(texts: Sequence[str], scenes: Sequence[Scene]) -> Scores:
        cases = [Case.of(text, scene.reference) for text, scene in zip(texts, scenes, strict=True)]
        with user_code(name, "cannot be called", timeout_s), contextlib.redirect_stdout(sys.stderr):
            found = score_cases(reward, cases, name)
        return [None if one is None else one.value for one in found]

    return score


def _as_trl(name: str, function: _Function, timeout_s: float | None) -> Score:
    accepted = _accepted(name, function)
    chats: list[bool] = []  # whether it wants messages, known after the first call

    def call(texts: Sequence[str], scenes: Sequence[Scene], chat: bool) -> Scores:
        with contextlib.redirect_stdout(sys.stderr):  # what it prints is no result of ours
            found = function(**accepted(_arguments(texts, scenes, chat)))
            if inspect.isawaitable(found):
                found = _awaited(found)
        return _checked(name, found, len(texts))

    def score(texts: Sequence[str], scenes: Sequence[Scene]) -> Scores:
        with user_code(name, "cannot be called", timeout_s):
            return either(texts, scenes)

    def either(texts: Sequence[str], scenes: Sequence[Scene]) -> Scores:
        errors: list[str] = []
        for chat in chats or (False, True):
            try:
                scores = call(texts, scenes, chat)
            except Exception as error:
                errors.append(str(error) if isinstance(error, ConfigError) else said(error))
                continue
            chats[:] = [chat]
            return scores
        # Where both forms fail, what was wrong with text is said first: it is what most functions take.
        raise ConfigError(f"reward {name!r} cannot be called: {errors[0].removeprefix(f'reward {name!r} ')}")

    return score


def _accepted(name: str, function: _Function) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Leave out the columns that a function without ``**kwargs`` does not take; name those we do not have."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # written in C: let it speak for itself
        return lambda arguments: arguments
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        takes = None
    else:
        takes = {parameter.name for parameter in parameters}
    needed = [
        parameter.name
        for parameter in parameters
        if parameter.default is parameter.empty
        and parameter.kind in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY)
    ]
    missing = [column for column in needed if column not in _EXTRAS and column not in COLUMNS]
    if missing:
        raise ConfigError(
            f"reward {name!r} asks for the column {missing[0]!r}, which the battery does not pass; "
            f"it passes {', '.join([*_EXTRAS, *COLUMNS])}"
        )
    return lambda arguments: {key: arguments[key] for key in arguments if takes is None or key in takes}


_EXTRAS: Final = ("prompts", "completions", "completion_ids", "trainer_state", "log_extra", "log_metric")


def _arguments(texts: Sequence[str], scenes: Sequence[Scene], chat: bool) -> dict[str, Any]:
    rows = [scene.columns() for scene in scenes]
    return {
        "prompts": [list(scene.messages) if chat else scene.prompt for scene in scenes],
        "completions": [[{"role": "assistant", "content": text}] if chat else text for text in texts],
        # No tokenizer here: one id per character, so that lengths at least compare.
        "completion_ids": [[ord(character) for character in text] for text in texts],
        "trainer_state": None,
        "log_extra": lambda *_, **__: None,
        "log_metric": lambda *_, **__: None,
        **{column: [row[column] for row in rows] for column in COLUMNS},
    }


def _awaited(awaitable: Any) -> Any:
    """Wait for a coroutine, also where a loop runs already (a notebook)."""

    async def wait() -> Any:
        return await awaitable

    result: Future[Any] = Future()

    def run() -> None:
        try:
            result.set_result(asyncio.run(wait()))
        except BaseException as error:
            result.set_exception(error)

    threading.Thread(target=run, daemon=True).start()  # a daemon: one that never ends must not keep us from ending
    return result.result()


def _checked(name: str, found: object, expected: int) -> Scores:
    """Scores as numbers; NaN is TRL's None."""
    listed = found.tolist() if hasattr(found, "tolist") else found
    if not isinstance(listed, list | tuple):
        raise ConfigError(f"reward {name!r} returned {shown(found)}; expected a list of {expected} numbers or None")
    if len(listed) != expected:
        raise ConfigError(f"reward {name!r} returned {len(listed)} scores for {expected} completions")
    return [_number(name, item) for item in listed]


def _number(name: str, item: object) -> float | None:
    if item is None:
        return None
    try:
        value = math.inf if isinstance(item, str | bytes) else float(cast("float", item))
    except (TypeError, ValueError, OverflowError):
        value = math.inf
    if math.isinf(value):
        raise ConfigError(f"reward {name!r} returned {shown(item)}; expected a number or None for each completion")
    return None if math.isnan(value) else value
