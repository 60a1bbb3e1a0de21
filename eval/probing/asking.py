"""Asking an engine about many variants of clips: each only once, several at a time, remembered in a file.

A variant is known by the digest of all that decides the answer (engine, model, cues, question). Probes that ask the
same thing, and the same command run again, cost nothing. Errors are remembered for this run alone.
"""

import hashlib
import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Any, TypeVar

from ... import __version__
from ...errors import EmoreasonError, RecordError
from ...prompts.version import PROMPT_VERSION
from ...reasoning.engines import Engine, Reply, Request
from ...reasoning.engines.base import ManyAnswers, answer_each, broken
from ...reasoning.explain import explanation_of
from ...records import CueSet, Explanation
from ...records.convert import to_json
from .thought import can_take_thoughts, with_thought

K = TypeVar("K", bound=Hashable)

#: Chats of a model side by side where it works on several.
_SIDE_BY_SIDE = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One variant: the cues, the prompt, and, where it is put into the model's mouth, its chain of thought."""

    cueset: CueSet
    preset: str = "explain"
    language: str = "en"
    thought: str | None = None

    def key(self, engine: str) -> str:
        """Digest of all that decides the answer; ``engine`` stands for everything about the engine."""
        asked = [engine, to_json(self.cueset), self.preset, self.language, self.thought]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode("utf-8", "surrogatepass")).hexdigest()

    def request(self) -> Request:
        """As engines take it."""
        return Request(cueset=self.cueset, preset=self.preset, language=self.language)


Told = Explanation | EmoreasonError


class Asker:
    """Asks one engine.

    Parameters
    ----------
    engine : Engine
        Stays open.
    identity : str, optional
        What decides its answers beside the question; by default its name and model. Answers of a file that was
        written under another identity are not taken.
    memory : Path, optional
        JSON Lines file of answers; read at first, then appended to. Without one, answers last as long as this object.
    step : callable, optional
        Called after each answer.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        identity: str | None = None,
        memory: Path | None = None,
        step: Callable[[], None] = lambda: None,
    ) -> None:
        self.engine = engine
        # Other prompts, or other tables of the evidence engine, give other answers.
        self.identity = f"{identity or f'{engine.name} {engine.model}'} {__version__} {PROMPT_VERSION}"
        self.asked = 0
        self.step = step
        self._texts: dict[str, Reply] = {}
        self._errors: dict[str, EmoreasonError] = {}
        self._file: IO[str] | None = None
        if memory is not None:
            self._texts.update(_remembered(memory))
            memory.parent.mkdir(parents=True, exist_ok=True)
            self._file = open(memory, "a", encoding="utf-8")  # noqa: SIM115 - closed by close()
            if _is_torn(memory):  # what is written next must not stand in the same line
                self._file.write("\n")

    def __enter__(self) -> "Asker":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file of answers; the engine stays open."""
        if self._file is not None:
            self._file.close()

    @property
    def failed(self) -> int:
        """How many questions have no answer so far."""
        return len(self._errors)

    @property
    def takes_thoughts(self) -> bool:
        """Whether a chain of thought can be put into the engine's mouth."""
        return can_take_thoughts(self.engine)

    def ask(self, questions: Mapping[K, Question]) -> dict[K, Told]:
        """Answer all of them; an error costs its own question alone.

        Returns
        -------
        dict
            An Explanation or the error for each key, in the order of the questions.
        """
        keys = {name: question.key(self.identity) for name, question in questions.items()}
        open_questions = {
            key: questions[name] for name, key in keys.items() if key not in self._texts and key not in self._errors
        }
        plain = {key: question for key, question in open_questions.items() if question.thought is None}
        forced = {key: question for key, question in open_questions.items() if question.thought is not None}
        requests = ((key, question.request()) for key, question in plain.items())
        for key, reply in answer_each(self.engine, requests):
            self._keep(key, reply)
        for key, reply in self._forced(forced):
            self._keep(key, reply)
        return {name: self._told(keys[name], question) for name, question in questions.items()}

    def _forced(self, questions: Mapping[str, Question]) -> Iterator[tuple[str, Reply | EmoreasonError]]:
        def told(item: tuple[str, Question]) -> tuple[str, Reply | EmoreasonError]:
            key, question = item
            try:
                return key, with_thought(self.engine, question.request(), question.thought or "")
            except EmoreasonError as error:
                return key, error
            except Exception as error:  # a plug-in's own mistake costs one question
                return key, broken(self.engine.name, error)

        if not isinstance(self.engine, ManyAnswers):
            yield from map(told, questions.items())
            return
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            yield from pool.map(told, questions.items())

    def _keep(self, key: str, reply: Reply | EmoreasonError) -> None:
        self.asked += 1
        if isinstance(reply, EmoreasonError):
            self._errors[key] = reply
        else:
            self._texts[key] = reply
            if self._file is not None:
                row = {"key": key, "text": reply.text, "prompt_version": reply.prompt_version}
                self._file.write(json.dumps(row, ensure_ascii=False) + "\n")
                self._file.flush()
        self.step()

    def _told(self, key: str, question: Question) -> Told:
        if key in self._errors:
            return self._errors[key]
        try:
            return explanation_of(self._texts[key], question.cueset, self.engine, question.preset)
        except EmoreasonError as error:
            return error


def _remembered(path: Path) -> Iterator[tuple[str, Reply]]:
    """Answers of earlier runs; a line that a killed run left torn is passed over."""
    if not path.exists():
        return
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror or error}") from error
    for row in _rows(lines):
        key, text, version = row.get("key"), row.get("text"), row.get("prompt_version")
        if isinstance(key, str) and isinstance(text, str):
            yield key, Reply(text=text, prompt_version=version if isinstance(version, str) else None)


def _is_torn(path: Path) -> bool:
    with open(path, "rb") as file:
        if file.seek(0, 2) == 0:
            return False
        file.seek(-1, 2)
        return file.read(1) != b"\n"


def _rows(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            yield row
