"""``emoreason rewards``: play a gaming battery against a reward, score texts with rewards."""

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator
from typing import Final

import click

from .group import LazyGroup

VERBS: Final = {
    "lint": (".rewards_lint:lint", "Play a gaming battery against a reward before training with it."),
    "score": (".rewards_score:score", "Score texts against references, with one reward or many."),
}


@click.group(
    cls=LazyGroup,
    verbs=VERBS,
    help="""Check rewards before training with them, and score texts with them.

\b
Examples:
  emoreason rewards lint default              our own default blend
  emoreason rewards lint my_reward.py:reward  yours
  emoreason rewards score answers.jsonl""",
)
def rewards() -> None:
    """Verbs about rewards."""


def targets() -> list[str]:
    """Name the presets and the registered rewards."""
    from ..rewards.reward import REWARDS

    return presets() + list(REWARDS)


def presets() -> list[str]:
    """Name the presets of the blend."""
    from ..rewards.blend import PRESETS

    return list(PRESETS)


@contextlib.contextmanager
def own_stdout() -> Iterator[None]:
    """Send what a user's reward prints to stderr, also from C and from processes it starts: stdout holds results."""
    with contextlib.redirect_stdout(sys.stderr), _own_descriptor():
        yield


@contextlib.contextmanager
def _own_descriptor() -> Iterator[None]:
    _flush()
    try:
        kept = os.dup(1)
    except OSError:  # there is no stdout
        yield
        return
    try:
        with contextlib.suppress(OSError):  # no stderr
            os.dup2(2, 1)
        yield
    finally:
        _flush()
        os.dup2(kept, 1)
        os.close(kept)


def _flush() -> None:
    """Write out what Python and C hold back, while it still goes where it belongs."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        sys.__stdout__.flush()  # type: ignore[union-attr]
    if os.name == "posix":
        ctypes.CDLL(None).fflush(None)
