"""How much a function does, counted and not timed: the same on every machine, however busy it is."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def count_calls(function: Callable[[], Any]) -> int:
    """Count the calls of functions, those of the interpreter's own included, that a function makes.

    What goes on within one call of the interpreter's own (a regular expression) counts once; a test of a long text
    shows that: backtracking without end would reach the limit of a test.
    """
    calls = 0

    def counted(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        function()
    finally:
        sys.setprofile(before)
    return calls


def assert_work_is_linear(work: Callable[[int], Any], size: int = 8_000) -> None:
    """Three doublings of the size make at most 2.5 times as many calls each; tables are read before that."""
    work(size // 2)
    short, long = (count_calls(lambda size=size: work(size)) for size in (size, 8 * size))
    assert long < 2.5**3 * short + 1_000, f"{short} calls for {size}, {long} for {8 * size}"
