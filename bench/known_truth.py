"""How closely the face cues follow movements of known truth.

    python bench/known_truth.py [--number N] [--family tuned|held-out]

The scenes are drawn like those of ``tests/cues/test_known_truth_battery.py``: one photograph, animated. The figures
show that movement is measured where and when it happens; they say nothing about validity across people.
"""

import argparse
import statistics
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "examples"), str(ROOT / "tests" / "support")]

from drawn_scenes import FAMILIES, MOVES, Family, camera_moving, motionless, moving  # noqa: E402
from known_truth import Agreement, agreement, events, watch  # noqa: E402


def measure(number: int, family: Family) -> dict[str, list[tuple[Agreement, bool]]]:
    """Agreement of every action unit over so many drawn scenes of each movement, and whether it meets the bounds."""
    results: dict[str, list[tuple[Agreement, bool]]] = {}
    for movement, action_units in MOVES.items():
        for n in range(number):
            scene, bit_rate = moving(movement, n, family)
            found = watch(scene, bit_rate)
            for action_unit in action_units:
                one = agreement(found, scene, action_unit)
                results.setdefault(action_unit, []).append((one, one.meets(action_unit, scene.fps)))
    return results


def row(action_unit: str, results: list[tuple[Agreement, bool]]) -> str:
    """One line of the table: medians, with the worst in brackets."""
    correlations = [one.correlation for one, _ in results]
    apexes, rises = ([abs(getattr(one, name)) for one, _ in results] for name in ("apex_error_s", "half_rise_error_s"))
    cells = [
        f"{statistics.median(correlations):.3f} ({min(correlations):.3f})",
        *(f"{statistics.median(errors):.3f} ({max(errors):.3f})" for errors in (apexes, rises)),
        f"{sum(met for _, met in results)} of {len(results)}",
    ]
    return f"| {action_unit} | " + " | ".join(cells) + " |"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--number", type=int, default=8, help="drawn scenes of each kind")
    parser.add_argument("--family", choices=FAMILIES, default="tuned", help="held-out: nothing was tuned on it")
    options = parser.parse_args()
    family = FAMILIES[options.family]
    print("| action unit | correlation (worst) | apex error, s (worst) | half-rise error, s (worst) | within bounds |")
    print("|---|---|---|---|---|")
    for action_unit, results in sorted(measure(options.number, family).items(), key=lambda item: int(item[0][2:])):
        print(row(action_unit, results))
    for name, draw in (("a motionless face", motionless), ("a motionless face before a moving camera", camera_moving)):
        wrong = [len(events(watch(*draw(n, family)))) for n in range(options.number)]
        print(f"\n{sum(wrong)} events in {options.number} clips of {name}.")


if __name__ == "__main__":
    main()
