"""Worker processes: started when needed, kept for the next clip, killed with all they forked when one fails."""

import atexit
import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

#: A longer line is no answer of ours (ten hours of curves stay below it).
_MAX_LINE_BYTES: Final = 2 * 1024**3
#: One thread each: clips run side by side, and decoding has threads of its own.
_ONE_THREAD: Final = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENCV_FOR_THREADS_NUM"), "1"
)
#: onnxruntime reports to its maker from a thread of its own; a server that forks must have no other threads.
_SILENT: Final = {"ORT_DISABLE_TELEMETRY": "1"}
_SECRET: Final = re.compile("key|token|secret|passw|credential", re.IGNORECASE)


def without_secrets(environment: Mapping[str, str]) -> dict[str, str]:
    """Return variables without those whose names say that they are secret: who decodes foreign files needs none.

    Examples
    --------
    >>> without_secrets({"HOME": "/home/me", "OPENAI_API_KEY": "sk-1"})
    {'HOME': '/home/me'}
    """
    return {name: value for name, value in environment.items() if not _SECRET.search(name)}


class Deadline:
    """Kills a worker when its time is over; may be extended."""

    def __init__(self, worker: "Worker", seconds: float) -> None:
        self.seconds = seconds
        self.passed = False
        self._worker = worker
        self._extended = False
        self._timer = self._start(seconds)

    def extend(self, seconds: float) -> None:
        """Allow this much from now on instead; only the first call counts, so that no file buys itself more."""
        if not self._extended and not self.passed:
            self._extended = True
            self.seconds = seconds
            self._timer.cancel()
            self._timer = self._start(seconds)

    def cancel(self) -> None:
        """Stop the clock."""
        self._timer.cancel()

    def _start(self, seconds: float) -> threading.Timer:
        timer = threading.Timer(min(seconds, threading.TIMEOUT_MAX), self._expire)
        timer.daemon = True
        timer.start()
        return timer

    def _expire(self) -> None:
        self.passed = True
        self._worker.kill()


class Worker:
    """One server process (``worker.py``), in a session of its own so that Ctrl-C reaches only the parent."""

    def __init__(self) -> None:
        self.owner = os.getpid()
        self._answering = False
        program = (
            f"import sys, json; sys.path[:] = json.loads(sys.argv[1]); from {__package__}.worker import serve; serve()"
        )
        # -P: without it a file of the user's folder called json.py would be imported instead of the real one.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", program, json.dumps(sys.path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=_ONE_THREAD | without_secrets(os.environ) | _SILENT,
        )

    @property
    def ready(self) -> bool:
        """Whether it can take a request: it runs, is not in the middle of one, and was not started before a fork."""
        return self.owner == os.getpid() and not self._answering and self._process.poll() is None

    def ask(self, request: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Send one request; yield the messages that come back, ``exit`` last. Ends early when the process dies."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the worker has no pipes")
        self._answering = True
        try:
            stdin.write(json.dumps(request).encode() + b"\n")
            stdin.flush()
            while line := stdout.readline(_MAX_LINE_BYTES):
                message = _message(line)
                if message is None:
                    continue
                self._answering = "exit" not in message
                yield message
                if not self._answering:
                    return
        except (BrokenPipeError, ValueError):
            return  # it died, or it was killed and its pipes closed by another thread

    @contextmanager
    def deadline(self, seconds: float) -> Iterator[Deadline]:
        """Kill the worker if the block takes longer."""
        deadline = Deadline(self, seconds)
        try:
            yield deadline
        finally:
            deadline.cancel()

    def kill(self) -> None:
        """End the process and whatever it forked, at once."""
        if self.owner != os.getpid():
            return
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()


def _message(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None  # a blank line, or one whose writer died in the middle
    return value if isinstance(value, dict) else None


class Pool:
    """Workers to borrow. A pool with a parent takes idle workers from it and gives them back to it."""

    def __init__(self, parent: "Pool | None" = None) -> None:
        self._parent = parent
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._busy: list[Worker] = []
        self._closed = False
        if parent is None:
            atexit.register(self.kill)

    @contextmanager
    def borrowed(self) -> Iterator[Worker]:
        """Lend a worker; it is kept for the next clip unless it died or was left in the middle of a request."""
        worker = self._take()
        try:
            yield worker
        finally:
            self._return(worker)

    def kill(self) -> None:
        """End every worker that is lent or idle here."""
        with self._lock:
            self._closed = self._parent is not None
            workers = self._busy + self._idle
            self._busy, self._idle = [], []
        for worker in workers:
            worker.kill()

    def _take(self) -> Worker:
        worker = self._pop_idle() or Worker()
        with self._lock:
            self._busy.append(worker)
            closed = self._closed
        if closed:
            worker.kill()
        return worker

    def _pop_idle(self) -> Worker | None:
        source = self._parent or self
        with source._lock:
            while source._idle:
                worker = source._idle.pop()
                if worker.ready:
                    return worker
        return None

    def _return(self, worker: Worker) -> None:
        with self._lock:
            if worker in self._busy:
                self._busy.remove(worker)
        if worker.ready:
            home = self._parent or self
            with home._lock:
                home._idle.append(worker)
        else:
            worker.kill()
