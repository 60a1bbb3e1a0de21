"""How long the command takes to start: ``python bench/startup.py [--repeats N]``.

``emoreason --help`` and ``import emoreason`` against a bare interpreter, interleaved in the same run.
Targets: 0.3 s and 0.15 s.
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

TARGETS_S = {"emoreason --help": 0.3, "import emoreason": 0.15}
BARE = "python -c pass"


def commands() -> dict[str, list[str]]:
    """Name what is started; the command is the installed script where there is one."""
    script = Path(sys.executable).with_name("emoreason")
    help_ = [str(script), "--help"] if script.exists() else [sys.executable, "-m", "emoreason", "--help"]
    return {
        BARE: [sys.executable, "-c", "pass"],
        "import emoreason": [sys.executable, "-c", "import emoreason"],
        "emoreason --help": help_,
    }


def measure(repeats: int) -> dict[str, list[float]]:
    """Wall seconds of each command; the first round, which fills caches, is thrown away."""
    seconds: dict[str, list[float]] = {name: [] for name in commands()}
    for repeat in range(repeats + 1):
        for name, command in commands().items():
            began = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            if repeat:
                seconds[name].append(time.perf_counter() - began)
    return seconds


def report(seconds: dict[str, list[float]]) -> str:
    """Markdown table with the targets."""
    lines = ["| start | ms, median (range) | : bare interpreter | target |", "|---|---|---|---|"]
    for name, walls in seconds.items():
        middle = statistics.median(walls)
        ratio = statistics.median(wall / bare for wall, bare in zip(walls, seconds[BARE], strict=True))
        target = TARGETS_S.get(name)
        said = "" if target is None else f"{target * 1000:.0f} ms: {'met' if middle <= target else 'MISSED'}"
        span = f"{middle * 1000:.0f} ({min(walls) * 1000:.0f}–{max(walls) * 1000:.0f})"
        lines.append(f"| `{name}` | {span} | {ratio:.1f}× | {said} |")
    return "\n".join(lines)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=15, help="measured repeats after one that is thrown away")
    options = parser.parse_args()
    print(report(measure(options.repeats)))


if __name__ == "__main__":
    main()
