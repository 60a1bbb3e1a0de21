"""Work on one file from anyone, in a child process that may die.

A task is a function of this package, named ``folder.module:function`` so that this folder need not import the ones
that come after it; the child loads it. It takes a :class:`Task` and returns a JSON value.
"""

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .. import errors
from ..errors import EmoreasonError, MediaError
from ..records import Clip
from ..records.convert import from_json
from .limits import Limits
from .pool import Worker, without_secrets

Progress = Callable[[Clip, float], None]


@dataclass(frozen=True, slots=True)
class Task:
    """What a task function is given in the child.

    Attributes
    ----------
    path : str
        The file to work on.
    arguments : mapping
        JSON value, as the parent gave it.
    limits : Limits
        What the work may cost; time and memory are enforced from outside.
    tell : callable
        Called with the clip, once it is known, and the seconds of it that are done: from then on the clip's own
        length decides how much time there is.
    """

    path: str
    arguments: Mapping[str, Any]
    limits: Limits
    tell: Progress


@dataclass(frozen=True, slots=True)
class Request:
    """One task to be done in a child process, and the reading of what the worker answers."""

    task: str
    path: str | os.PathLike[str]
    arguments: Mapping[str, Any]
    limits: Limits
    progress: Progress | None = None

    def ask(self, worker: Worker) -> Any:
        """Have it done and return the JSON value; raise what went wrong.

        Raises
        ------
        MediaError
            The child crashed, or broke the limit on time or memory.
        EmoreasonError
            What the task itself raised.
        """
        answer: dict[str, Any] | None = None
        status: int | None = None
        with worker.deadline(self.limits.timeout_for(None)) as deadline:
            for message in worker.ask(self._wire()):
                if "at_s" in message:
                    clip = from_json(message["clip"], Clip)
                    deadline.extend(self.limits.timeout_for(clip.duration_s))
                    if self.progress is not None:
                        self.progress(clip, float(message["at_s"]))
                elif "exit" in message:
                    status = int(message["exit"])
                else:
                    answer = message
        if deadline.passed and status != 0:
            raise self.error(f"took longer than the limit of {deadline.seconds:g} s and was given up (timeout_s)")
        if status != 0 or answer is None:
            raise self.error(self._death(status))
        return self._read(answer)

    def error(self, what: str) -> MediaError:
        """Error in one line that names the file."""
        from .container import media_error

        return media_error(self.path, what)

    def _wire(self) -> dict[str, Any]:
        return {
            "task": self.task,
            "path": os.fsdecode(self.path),
            "arguments": self.arguments,
            "limits": asdict(self.limits),
            "cwd": os.getcwd(),
            "environment": {
                name: value for name, value in without_secrets(os.environ).items() if name.startswith("EMOREASON_")
            },
        }

    def _read(self, answer: dict[str, Any]) -> Any:
        if "answer" in answer:
            return answer["answer"]
        kind = getattr(errors, str(answer.get("error")), MediaError)
        if not (isinstance(kind, type) and issubclass(kind, EmoreasonError)):
            kind = MediaError
        raise kind(str(answer.get("message")))

    def _death(self, status: int | None) -> str:
        """Say why the process ended without an answer."""
        if status is not None and status < 0:
            name = signal.Signals(-status).name
            if name == "SIGKILL":
                return "the process that decoded it was killed, most likely because the machine ran out of memory"
            return (
                f"the decoder crashed ({name}): the file is damaged or hostile, or needs more than "
                f"{self.limits.memory_mb} MiB of memory (memory_mb)"
            )
        return f"the extraction process ended without an answer (exit status {status})"
