"""Is reading a reply linear in its length? Times the parser on chains of thought of 1/4, 1/2 and 1 megabyte.

``python bench/contract.py`` prints seconds and the growth per doubling (2.0 is linear); it exits 1 when the worst
growth over both doublings is above 3 per doubling.
"""

import sys
import time
from contextlib import suppress

from emoreason.errors import ModelOutputError
from emoreason.prompts.contract import read_answer
from emoreason.records import Clip, CueSet

SIZES = (250_000, 500_000, 1_000_000)
ANSWER = '{"labels": ["joy"], "emotions": {"happiness": 1}, "valence": 1, "arousal": 0, "action_units": []}'
UNITS = {
    "prose": "The lip corners rise, and there is no AU4 [face1.AU4.1]. ",
    "braces": "{",
    "empty objects": "{}",
    "quotes": '{"',
    "open strings": '{"a":"',
    "nested objects": '{"a":',
    "nested answers": '{"labels":[{"a":',
    "tags": "<think>",
    "angle and space": "<          ",
    "brackets": "[",
    "citations": "[a.b.1] ",
    "full stops": ".",
    "answers": '{"labels":["joy"]}',
    "smart quotes": "{“",
}


def seconds(text: str) -> float:
    """Time of one reading, seconds (best of two)."""
    best = float("inf")
    for _ in range(2):
        started = time.perf_counter()
        with suppress(ModelOutputError):
            read_answer(text, CueSet(clip=Clip(id="c")))
        best = min(best, time.perf_counter() - started)
    return best


def main() -> int:
    """Print the table; 1 when something grows faster than it may."""
    worst = 0.0
    print(f"{'text':16}" + "".join(f"{size:>12,}" for size in SIZES) + "  growth per doubling")
    for name, unit in UNITS.items():
        times = [seconds(f"<think>{unit * (size // len(unit))}</think>{ANSWER}") for size in SIZES]
        growth = (times[-1] / times[0]) ** 0.5
        # Below 20 ms the clock and the allocator decide.
        worst = max(worst, growth if times[-1] > 0.02 else 0.0)
        print(f"{name:16}" + "".join(f"{value:12.3f}" for value in times) + f"{growth:8.1f}")
    return int(worst > 3)


if __name__ == "__main__":
    sys.exit(main())
