"""What a reward is: a function of one completion and its reference, and the names of those there are.

Every reward obeys three rules:

- it returns None when the *reference* does not hold what it needs, and never because of what was written (else a model
  could make a term vanish); only the judge may also return None when it could not be reached;
- it never raises on a completion, whatever its text, and takes time linear in its length;
- its parts say what the value was made of.
"""

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, Final, Protocol, cast, runtime_checkable

from ..errors import ConfigError
from ..plugin import load_plugin
from ..records import Reference, Score
from .completion import Completion, read_completion


class Reward(Protocol):
    """Scores one completion."""

    def __call__(self, completion: Completion, reference: Reference, /) -> Score | None:
        """Score it, or None when the reference does not hold what this reward compares with."""
        ...


@dataclass(frozen=True, slots=True)
class Case:
    """One completion and what it is compared with."""

    completion: Completion
    reference: Reference

    @classmethod
    def of(cls, text: str, reference: Reference) -> "Case":
        """Read the text (once; see :func:`emoreason.rewards.completion.read_completion`)."""
        return cls(read_completion(text), reference)


@runtime_checkable
class BatchReward(Protocol):
    """Scores many completions at once: embeddings and judges are cheaper together."""

    def score_many(self, cases: Sequence[Case], /) -> list[Score | None]:
        """Score the cases, in their order."""
        ...


#: Name -> where it stands. A class is instantiated without arguments.
REWARDS: Final[dict[str, str]] = {
    name: f"{__package__}.{place}"
    for name, place in {
        "format": "format:score_format",
        "wheel": "wheel:score_wheel",
        "wheel_official": "wheel:score_wheel_official",
        "label": "label:score_label",
        "distribution": "distribution:score_distribution",
        "valence_arousal": "valence_arousal:score_valence_arousal",
        "action_units": "action_units:score_action_units",
        "grounding": "grounding:score_grounding",
        "cue_match": "cue_match:CueMatch",
        "cue_match_emocue360": "cue_match:EmoCue360",
        "consistency": "consistency:score_consistency",
        "length": "length:score_length",
        "tree": "tree:score_tree",
        "judge": "judge:Judge",
    }.items()
}


def reward_named(name: str) -> Reward | BatchReward:
    """Reward of that name, of ``package.module:function`` or of ``file.py:function``.

    Raises
    ------
    ConfigError
        There is none, it cannot be loaded, or it cannot be called with a completion and its reference.
    """
    found = made(name, load_plugin(name, REWARDS, "reward"))
    try:
        return usable(name, found)
    except (KeyboardInterrupt, GeneratorExit, ConfigError):
        raise
    except BaseException as error:  # looking at an object runs code of it, too
        raise ConfigError(f"reward {name!r} cannot be used: {type(error).__name__}: {error}") from error


def usable(name: str, reward: object) -> Reward | BatchReward:
    """Return the reward when it can be called as one.

    Raises
    ------
    ConfigError
        It is no function, or takes other arguments.
    """
    called, arguments = (
        (reward.score_many, "(cases)") if isinstance(reward, BatchReward) else (reward, "(completion, reference)")
    )
    if not callable(called):
        raise ConfigError(f"reward {name!r} is of type {type(called).__name__}; expected a function {arguments}")
    try:
        signature = inspect.signature(called)
    except (TypeError, ValueError):  # written in C: let it speak for itself
        return cast("Reward | BatchReward", reward)
    try:
        signature.bind(*arguments.split(", "))
    except TypeError as error:
        raise ConfigError(f"reward {name!r} takes {signature}; expected {arguments}") from error
    return cast("Reward | BatchReward", reward)


def made(name: str, found: Any) -> Any:
    """Return what was loaded; a class is made without arguments.

    Raises
    ------
    ConfigError
        Making it fails or ends the program.
    """
    if not isinstance(found, type):
        return found
    try:
        return found()
    except (KeyboardInterrupt, GeneratorExit, ConfigError):
        raise
    except BaseException as error:
        raise ConfigError(f"reward {name!r} cannot be made: {type(error).__name__}: {error}") from error


def score_cases(reward: Reward | BatchReward, cases: Sequence[Case], name: str | None = None) -> list[Score | None]:
    """Score all cases, in one go where the reward can.

    Parameters
    ----------
    reward : Reward or BatchReward
    cases : sequence of Case
    name : str, optional
        What the user calls it, for the error message.

    Raises
    ------
    ConfigError
        It returned something else than a Score or None per case, a value or part that is no finite number (JSON has no
        other), or it ended the program. What else it raises is passed on.
    """
    name = name or str(getattr(reward, "__name__", type(reward).__name__))
    try:
        found = _scored(reward, cases)
    except (KeyboardInterrupt, GeneratorExit, Exception):
        raise
    except BaseException as error:
        raise ConfigError(f"reward {name!r} ends the program: {type(error).__name__}: {error}") from error
    if not isinstance(found, list | tuple) or len(found) != len(cases):
        raise ConfigError(f"reward {name!r} returned {shown(found)}; expected a list of {len(cases)}, Score or None")
    return [None if score is None else _checked(name, score) for score in found]


def _scored(reward: Reward | BatchReward, cases: Sequence[Case]) -> object:
    if isinstance(reward, BatchReward):
        return reward.score_many(cases)
    one: Callable[[Completion, Reference], Score | None] = reward
    return [one(case.completion, case.reference) for case in cases]


def _checked(name: str, score: object) -> Score:
    """Return the score, its value a float; what a user's function returns may be anything."""
    if not isinstance(score, Score):
        raise ConfigError(f"reward {name!r} returned {shown(score)}; expected an emoreason.records.Score or None")
    value: object = score.value
    if value is not None and not _is_finite(value):
        raise ConfigError(f"reward {name!r} returned a Score of value {shown(value)}; expected a finite number or None")
    parts: object = score.parts
    if not isinstance(parts, dict | None):
        raise ConfigError(f"reward {name!r} returned a Score with parts {shown(parts)}; expected a dict or None")
    for part, content in (parts or {}).items():
        if not isinstance(part, str) or not (isinstance(content, str | None) or _is_finite(content)):
            raise ConfigError(
                f"reward {name!r} returned a Score with the part {shown(part)} = {shown(content)}; "
                "expected a str with a finite number, a str or None"
            )
    numbers = [value, *(parts or {}).values()]
    return score if all(isinstance(number, float | str | None) for number in numbers) else _plain(score)


def _plain(score: Score) -> Score:
    """Values and parts that are numbers of another library (``numpy.float32``) as floats, which JSON can hold."""
    parts = score.parts and {
        part: content if isinstance(content, str | None) else float(content) for part, content in score.parts.items()
    }
    return replace(score, value=None if score.value is None else float(score.value), parts=parts)


def _is_finite(number: object) -> bool:
    try:
        return isinstance(number, Real) and math.isfinite(number)
    except OverflowError:  # an int too large for a float
        return False


def shown(found: object) -> str:
    """How an error message shows a value: its beginning on one line, and its type.

    Examples
    --------
    >>> shown("good")
    "'good' (str)"
    """
    try:
        text = repr(found)
    except Exception:
        text = "what cannot be shown"
    return f"{' '.join(text.split())[:40]} ({type(found).__name__})"
