"""Judges: language models that grade, behind any engine or OpenAI-compatible address.

A judge is pinned (greedy, seeded, one model) and its replies are kept on disk by everything that decides them, so a
repeated evaluation asks nothing and gives the same numbers. A reply that cannot be read is asked for once more; then it
is a *failure*: counted, reported and left out, never a bad grade. What was written and what is known of the clip go to
the judge as quoted data, under a case name that no text can know (:mod:`.judge_questions`). No quality is claimed of
any judge: suites print its agreement with people where the gold has their scores, else that it was not measured.
"""

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Final, TypeVar

from ...errors import ConfigError, EmoreasonError, UpstreamError
from ...reasoning.conversation.turn import Chat, Completion, Sampling
from ...reasoning.engines.base import LanguageModel, broken
from ...rewards.judge.cache import VerdictCache
from ..suite import SuiteSettings

T = TypeVar("T")
S = TypeVar("S")

Ask = Callable[[Sequence[Mapping[str, Any]]], str]

#: Clips that are judged a second time, in the other order.
MOST_SWAPPED: Final = 50
_LONGEST_REASON: Final = 80
_MOST_REASONS: Final = 3
_SAMPLING: Final = Sampling(temperature=0.0, max_tokens=2048, seed=0)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a judge gave no verdict."""

    reason: str

    @classmethod
    def of(cls, error: Exception) -> "Failure":
        """Put an error into a few words.

        Raises
        ------
        UpstreamError
            Any other question would fare no better.
        """
        if isinstance(error, UpstreamError) and error.for_all:
            raise error
        said = " ".join(str(error).split())
        return cls(f"{type(error).__name__}: {said[:_LONGEST_REASON]}" if said else type(error).__name__)


class _Replies(VerdictCache):
    what = "the judge's replies"


class Judge:
    """A pinned judge: messages in, text out, nothing asked twice.

    Parameters
    ----------
    model : LanguageModel
        Any engine with ``complete``.
    identity : str, optional
        What stands for the model in the cache, besides its name: its address.
    cache_folder : path, optional
        Where replies are kept; by default ``eval_judge`` in the user's cache folder.
    use_cache : bool
        False: nothing is kept.
    sampling : Sampling
        Greedy and seeded by default.
    at_once : int
        Questions that suites may ask at a time.
    progress : callable, optional
        Called after every reply.

    Attributes
    ----------
    asked, remembered : int
        Replies that the model wrote, and that were found in the cache.

    Examples
    --------
    >>> class Echo:
    ...     name, model = "echo", "echo-1"
    ...     def complete(self, chat):
    ...         return Completion(texts=(chat.messages[-1]["content"],), finish=("stop",))
    >>> judge = Judge(Echo(), use_cache=False)
    >>> judge([{"role": "user", "content": "Hello"}]), judge.asked
    ('Hello', 1)
    """

    def __init__(
        self,
        model: LanguageModel,
        *,
        identity: str = "",
        cache_folder: str | os.PathLike[str] | None = None,
        use_cache: bool = True,
        sampling: Sampling = _SAMPLING,
        at_once: int = 1,
        progress: Callable[[], None] | None = None,
    ) -> None:
        self.model = model.model
        self.at_once = max(1, at_once)
        self.asked = self.remembered = 0
        self._model, self._sampling, self._progress = model, sampling, progress
        self._identity = f"{model.name} {identity} {model.model}"
        self._replies = _Replies(cache_folder or _default_folder()) if use_cache else None
        self._lock = Lock()

    @classmethod
    def at(
        cls,
        url: str,
        model: str,
        *,
        key_file: str | Path | None = None,
        at_once: int = 8,
        timeout_s: float = 300.0,
        retries: int = 4,
        **options: Any,
    ) -> "Judge":
        """Return a judge behind an OpenAI-compatible address.

        Key, ``timeout_s`` and ``retries`` are as for the engine ``openai``; ``options`` as for the class.

        Raises
        ------
        ConfigError
            No model is named (a judge is pinned), or the address cannot be used.
        """
        if not model:
            raise ConfigError("a judge is pinned: name its model (--judge-model), not only its address")
        from ...reasoning.engines.openai import OpenAIEngine

        engine = OpenAIEngine(
            model,
            url=url,
            key_file=key_file,
            concurrency=at_once,
            timeout_s=timeout_s,
            retries=retries,
            accepts="text",
        )
        return cls(engine, identity=url, at_once=at_once, **options)

    def __call__(self, messages: Sequence[Mapping[str, Any]], /) -> str:
        """Return the reply.

        Raises
        ------
        UpstreamError
            The model fails.
        """
        chat = Chat(messages=tuple(dict(message) for message in messages), sampling=self._sampling)
        key = chat.key(self._identity)
        kept = self._replies.get(key) if self._replies is not None else None
        if kept is not None and isinstance(kept.get("text"), str):
            text, new = str(kept["text"]), False
        else:
            text, new = self._written(chat), True
            if self._replies is not None:
                self._replies.put(key, {"text": text})
        with self._lock:
            self.asked += new
            self.remembered += not new
            if self._progress is not None:
                self._progress()
        return text

    def close(self) -> None:
        """Close the engine, where it can be closed."""
        close = getattr(self._model, "close", None)
        if callable(close):
            close()

    def _written(self, chat: Chat) -> str:
        try:
            completion = self._model.complete(chat)
        except EmoreasonError:
            raise
        except Exception as error:  # a plug-in's own mistake costs one question, and says where it is
            raise broken(self._model.name, error) from error
        if not completion.texts:
            raise UpstreamError(f"judge {self.model} completed a chat with no text at all; expected one")
        return completion.texts[0]


def _default_folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("emoreason", appauthor=False) / "eval_judge"


class AskedModel:
    """A judge in the place of an engine, for what asks engines (:mod:`emoreason.reasoning.free_text`)."""

    name: str = "judge"

    def __init__(self, ask: Ask, model: str) -> None:
        self.model = model
        self._ask = ask

    def complete(self, chat: Chat) -> Completion:
        """Continue one chat; the judge's own sampling counts."""
        return Completion(texts=(self._ask(chat.messages),), finish=("stop",))


def the_judge(settings: SuiteSettings, suite: str) -> Ask:
    """Return the judge of the settings.

    Raises
    ------
    ConfigError
        There is none.
    """
    if settings.ask is None:
        raise ConfigError(f"{suite} is graded by a language model; give one with --judge-url and --judge-model")
    return settings.ask


def at_once_of(ask: Ask) -> int:
    """How many questions may be asked at a time; 1 where the judge does not say."""
    return int(getattr(ask, "at_once", 1))


def each(work: Callable[[S], T], items: Sequence[S | None], at_once: int) -> list[T | None]:
    """Do the work for all items that are not None, several at a time; the first error ends it."""

    def one(item: S | None) -> T | None:
        return None if item is None else work(item)

    if at_once <= 1:
        return [one(item) for item in items]
    pool = ThreadPoolExecutor(at_once)
    try:
        return list(pool.map(one, items))
    finally:
        pool.shutdown(cancel_futures=True)


def chosen(usable: Sequence[bool], seed: int, most: int = MOST_SWAPPED) -> list[bool]:
    """Choose at most so many of the clips, the same ones for every system."""
    import numpy as np

    numbers = np.flatnonzero(np.asarray(usable, dtype=bool))
    kept = set(np.random.default_rng(seed).permutation(numbers)[:most].tolist())
    return [number in kept for number in range(len(usable))]


def failures_note(verdicts: Sequence[object], unit: str = "clips") -> tuple[str, ...]:
    """Say how often and why the judge failed; nothing where it did not."""
    reasons = Counter(one.reason for one in verdicts if isinstance(one, Failure))
    if not reasons:
        return ()
    listed = "; ".join(f"{reason}: {count}" for reason, count in reasons.most_common(_MOST_REASONS))
    return (
        f"The judge gave no verdict on {reasons.total()} of {sum(one is not None for one in verdicts)} {unit} "
        f"({listed}); they are left out, not scored 0.",
    )


def swap_consistency(pairs: Sequence[tuple[object, object]], order: str) -> tuple[dict[str, int], str]:
    """Count how often a judge gave the same verdict in another order, and say it.

    Examples
    --------
    >>> swap_consistency([(4, 4), (2, 9), (5, Failure("timeout"))], "the sides swapped")[1]
    'Swap consistency: with the sides swapped the judge gave the same verdict in 1 of 2 cases (50 %).'
    """
    whole = [pair for pair in pairs if not any(isinstance(one, Failure | None) for one in pair)]
    same = sum(one == other for one, other in whole)
    counts = {"swap_asked": len(whole), "swap_same": same}
    if not whole:
        return counts, "Swap consistency: not measured."
    part = f"{same} of {len(whole)} cases ({100 * same / len(whole):.0f} %)"
    return counts, f"Swap consistency: with {order} the judge gave the same verdict in {part}."
