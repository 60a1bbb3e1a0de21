"""An engine with all that it is told, asked about one input after the other."""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..errors import EmoreasonError
from .aids import AidOptions, Aids, SharedEngine
from .engine_options import EngineOptions
from .inputs import Input
from .options import Question
from .rewards import own_stdout

if TYPE_CHECKING:
    from ..cues.limits import Limits
    from ..reasoning.engines import Engine
    from ..records import Explanation


@dataclass(frozen=True, slots=True)
class Asking:
    """An engine, the question, and what helps with it."""

    engine: "Engine"
    question: Question
    aids: Aids

    def described(self, source: Input) -> Input:
        """Return the input with its scene described, if that is wanted. Raises the error that it carries."""
        cueset = source.cueset
        return source if self.aids.describe is None else replace(source, found=self.aids.describe(cueset))

    def explained(self, source: Input) -> "Explanation":
        """Explain one input.

        Raises
        ------
        EmoreasonError
            There are no cues, the engine cannot answer, or it breaks.
        """
        from ..reasoning.explain import explain_cues

        cueset, asked = source.cueset, self.question
        try:
            return explain_cues(
                cueset,
                self.engine,
                preset=asked.preset,
                language=asked.language,
                compounds=asked.compounds,
                demonstrations=self.aids.demonstrate,
            )
        except EmoreasonError:
            raise
        except Exception as error:  # a plug-in's own mistake costs one input, and says where it is
            last = traceback.extract_tb(error.__traceback__)[-1]
            place = f"{last.filename}:{last.lineno}"
            raise EmoreasonError(
                f"engine {self.engine.name} broke: {type(error).__name__}: {error} ({place})"
            ) from error


@contextmanager
def open_engine(
    options: EngineOptions, aids: AidOptions, question: Question, limits: "Limits | None" = None
) -> "Iterator[Asking]":
    """Make the engine and what helps it; close the engine at the end.

    Raises
    ------
    ConfigError
        One of them cannot be made.
    """
    shared = SharedEngine(options)
    with own_stdout():  # what a library prints while it loads a model is no result
        found = aids.load(shared, language=question.language, limits=limits)
        engine = shared()
    try:
        yield Asking(engine, question, found)
    finally:
        if callable(close := getattr(engine, "close", None)):
            close()
