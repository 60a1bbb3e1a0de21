"""The child side of the sandbox: a small server that imports everything once and forks for every clip.

It speaks JSON lines on the pipes it was started with: requests in (a task of this package by name, a file, its
arguments); ``clip`` and ``at_s``, ``answer`` or ``error``, and ``exit`` messages out. Nothing is ever unpickled. Where
the system cannot fork, one server serves one clip.
"""

import importlib
import json
import os
import select
import signal
import sys
from contextlib import suppress
from typing import IO, Any, Final, NoReturn

#: Imported before the first clip: with them in memory a clip costs a fork instead of a second of imports.
PRELOAD: Final = (
    "numpy",
    "av",
    "cv2",
    "scipy.signal",
    "scipy.ndimage",
    "onnxruntime",
    "ai_edge_litert.interpreter",
    f"{__package__}.gather",
    f"{__package__}.speech",
    f"{__package__}.voice",
    f"{__package__}.face.extractor",
    f"{__package__}.scene",
)
_LIKELIEST_VICTIM: Final = "1000"


def serve() -> None:
    """Answer requests until the parent closes the pipe. The parent's death closes it too."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    _silence()
    for module in PRELOAD:
        with suppress(ImportError):
            importlib.import_module(module)
    for line in requests:
        request = json.loads(line)
        if not hasattr(os, "fork"):
            _answer(request, answers)
            _send(answers, {"exit": 0})
            return
        _send(answers, {"exit": _fork_and_wait(request, requests, answers)})


def _silence() -> None:
    """Keep libraries and plug-ins that print away from the pipes."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)


def _fork_and_wait(request: dict[str, Any], requests: IO[bytes], answers: IO[bytes]) -> int:
    """Serve one request in a child; return its exit status, negative for the signal that ended it."""
    alive, held_by_child = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(alive)
        _child(request, answers)
    os.close(held_by_child)
    # The pipe ends when the child does. The request pipe ends when the parent does: then nobody waits for an answer.
    ready, _, _ = select.select([requests.fileno(), alive], [], [])
    if requests.fileno() in ready:
        os.kill(pid, signal.SIGKILL)
        os._exit(1)
    os.close(alive)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _child(request: dict[str, Any], answers: IO[bytes]) -> NoReturn:
    status = 1
    try:
        _cap(request["limits"]["memory_mb"])
        _answer(request, answers)
        status = 0
    finally:
        os._exit(status)  # no clean-up of what was inherited from the server


def _cap(memory_mb: int) -> None:
    """Limit the memory of this process, and make it the one to go when the machine runs out."""
    try:
        import resource
    except ImportError:
        return  # Windows has no such limits; time is still limited by the parent
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with suppress(ValueError, OSError):
        # Private writable memory. RLIMIT_AS would also count address space that libraries reserve and never use.
        resource.setrlimit(resource.RLIMIT_DATA, (memory_mb << 20, memory_mb << 20))
    with suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write(_LIKELIEST_VICTIM)


def _answer(request: dict[str, Any], answers: IO[bytes]) -> None:
    from ..errors import EmoreasonError
    from .container import one_line

    path = request["path"]
    try:
        answer: dict[str, Any] = {"answer": _done(request, answers)}
    except EmoreasonError as error:
        answer = {"error": type(error).__name__, "message": one_line(str(error))}
    except Exception as error:  # a bug of ours or of a library: it costs this clip, and the message says what it was
        answer = {"error": "MediaError", "message": one_line(f"{path}: {_reason(error, request)}")}
    _send(answers, answer)


def _reason(error: Exception, request: dict[str, Any]) -> str:
    if isinstance(error, MemoryError) or "Insufficient memory" in str(error):
        return f"needs more memory than the limit of {request['limits']['memory_mb']} MiB (memory_mb)"
    return f"extraction failed: {type(error).__name__}: {error}"


def _done(request: dict[str, Any], answers: IO[bytes]) -> Any:
    """Load the task and do it, where and as the parent would."""
    from ..records.convert import to_json
    from .child import Task
    from .limits import Limits

    os.chdir(request["cwd"])
    for name in [name for name in os.environ if name.startswith("EMOREASON_")]:
        del os.environ[name]
    os.environ.update(request["environment"])
    module, _, function = request["task"].partition(":")
    task = getattr(importlib.import_module(f"..{module}", __package__), function)
    return task(
        Task(
            path=request["path"],
            arguments=request["arguments"],
            limits=Limits(**request["limits"]),
            tell=lambda clip, time_s: _send(answers, {"clip": to_json(clip), "at_s": time_s}),
        )
    )


def _send(answers: IO[bytes], message: dict[str, Any]) -> None:
    # A child that died in the middle of a line must not spoil the next message.
    answers.write(b"\n" + json.dumps(message, allow_nan=False).encode() + b"\n")
    answers.flush()


if __name__ == "__main__":
    sys.exit("start this through emoreason.cues.sandbox")
