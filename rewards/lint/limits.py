"""Runs a user's code so that whatever it does ends in one error: it raises, ends the program, or never returns."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

from ...errors import ConfigError


class _OverdueError(KeyboardInterrupt):
    """Time is up. A KeyboardInterrupt, since code that catches everything else lets those pass."""


@contextlib.contextmanager
def user_code(name: str, doing: str, timeout_s: float | None = None) -> Iterator[None]:
    """Turn what a user's code raises inside into a ConfigError; interrupts pass.

    Parameters
    ----------
    name : str
        Name of the reward.
    doing : str
        What fails, for the message: ``cannot be called``.
    timeout_s : float, optional
        Stop after so many seconds. It takes an alarm signal: no limit on Windows and outside the main thread.

    Raises
    ------
    ConfigError
        The code raised, ended the program, or took too long.
    """
    try:
        with _alarm(timeout_s):
            yield
    except ConfigError:
        raise
    except _OverdueError as error:
        raise ConfigError(f"reward {name!r} {doing}: it took longer than {timeout_s:g} s (--timeout)") from error
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        raise ConfigError(f"reward {name!r} {doing}: {said(error)}") from error


def said(error: BaseException) -> str:
    """Name the class of an error before its message.

    Examples
    --------
    >>> said(ValueError("no")), said(SystemExit(0))
    ('ValueError: no', 'it ends the program (SystemExit: 0)')
    """
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    return text if isinstance(error, Exception) else f"it ends the program ({text})"


@contextlib.contextmanager
def _alarm(timeout_s: float | None) -> Iterator[None]:
    if timeout_s is None or not hasattr(signal, "setitimer") or not _in_main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        raise _OverdueError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, timeout_s, 1.0)  # again each second, should the code swallow the first
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
