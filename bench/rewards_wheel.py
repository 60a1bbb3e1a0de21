"""Speed of the wheel reward: ``python bench/rewards_wheel.py [--rounds N] [--xlsx]``.

The same 64 pairs of label lists go, interleaved and on one thread, through five wheels on level 1:

- a minimal loop over a precomputed table word -> five classes (what the reward may take 1.3 times of);
- the reward by the published rule, and its strict form;
- the published way with its tables in memory: surface -> bases -> wheel words -> class, sorted anew for each label;
- the published way as it is shipped, which reads the five wheel tables from their spreadsheets for each call
  (``--xlsx``; openpyxl is put into a temporary folder. Without it: from CSV files, which is faster).

All of them are checked to give the same scores. Ratios are the result; microseconds depend on the machine.
"""

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from emoreason.rewards.wheel import wheel_f, wheel_f_strict
from emoreason.rewards.wheel.tables import LEVEL, WHEELS, classes_by_word, sources, translated_classes

TARGET = 1.3
PAIRS = 64
TABLES = "v2026"
Pair = tuple[list[str], list[str]]


def some_pairs(seed: int = 7) -> list[Pair]:
    """Draw label lists of the size people and models write; one word in ten is unknown."""
    draw = random.Random(seed)
    common = [word for word, _ in sorted(classes_by_word(TABLES).items()) if len(word) < 12]

    def labels(most: int) -> list[str]:
        return [draw.choice(common) if draw.random() < 0.9 else "unheard-of" for _ in range(draw.randint(1, most))]

    return [(labels(4), labels(6)) for _ in range(PAIRS)]


def minimal(table: dict[str, tuple[str | None, ...]]) -> Callable[[list[str], list[str]], float | None]:
    """Return the least that does it: look up, make sets, compare."""

    def score(gold: list[str], predicted: list[str]) -> float | None:
        ours = [table[word] for word in gold if word in table]
        theirs = [table[word] for word in predicted if word in table]
        total, wheels = 0.0, 0
        for at in range(5):
            truth = {classes[at] for classes in ours} - {None}
            if not truth:
                continue
            answer = {classes[at] for classes in theirs} - {None}
            wheels += 1
            total += 2 * len(truth & answer) / (len(truth) + len(answer))
        return total / wheels if wheels else None

    return score


def published(maps: Callable[[int], dict[str, str]]) -> Callable[[list[str], list[str]], float | None]:
    """Return the published way: every label is taken through all tables; ``maps`` gives the class map of a wheel."""
    data = sources(TABLES)

    def classes(labels: list[str], found: dict[str, str]) -> set[str]:
        kept = set()
        for label in (label.lower().strip() for label in labels):
            words = [word for base in data.bases.get(label, ()) for word in data.wheel_words[base]]
            kept.update([next((found[word] for word in sorted(words) if word in found), "")])
        return kept - {""}

    def score(gold: list[str], predicted: list[str]) -> float | None:
        total, wheels = 0.0, 0
        for wheel in WHEELS:
            found = maps(wheel)
            truth, answer = classes(gold, found), classes(predicted, found)
            if truth:
                hits = len(truth & answer)
                precision, recall = (hits / len(answer) if answer else 0.0), hits / len(truth)
                wheels += 1
                total += 2 * precision * recall / (precision + recall) if hits else 0.0
        return total / wheels if wheels else None

    return score


class Spreadsheets:
    """The wheels as files, blank cells under the word they repeat, read anew for each call."""

    def __init__(self, folder: Path, xlsx: bool) -> None:
        self.folder = folder
        self.suffix = "xlsx" if xlsx else "csv"
        from emoreason.rewards.tables import read_rows

        for wheel in WHEELS:
            frame = pd.DataFrame([row for row in read_rows("wheels.csv") if row["wheel"] == str(wheel)])
            frame = frame[["level1", "level2", "level3"]]
            frame.loc[frame["level1"].eq(frame["level1"].shift()), "level1"] = None
            write = frame.to_excel if xlsx else frame.to_csv
            write(folder / f"wheel{wheel}.{self.suffix}", index=False)

    def __call__(self, wheel: int) -> dict[str, str]:
        """Class map of level 1."""
        path = self.folder / f"wheel{wheel}.{self.suffix}"
        frame = pd.read_excel(path) if self.suffix == "xlsx" else pd.read_csv(path)
        found: dict[str, str] = {}
        inner = ""
        for _, row in frame.iterrows():
            inner = inner if pd.isna(row["level1"]) else row["level1"]
            found.update({inner: inner, row["level2"]: inner, row["level3"]: inner})
        return found


def timed(score: Callable[..., object], pairs: list[Pair]) -> float:
    """Microseconds per pair."""
    began = time.perf_counter()
    for gold, predicted in pairs:
        score(gold, predicted)
    return (time.perf_counter() - began) / len(pairs) * 1e6


def measure(rounds: int, folder: Path, xlsx: bool) -> dict[str, list[float]]:
    """Microseconds per pair of each way, a value a round; the ways take turns."""
    pairs = some_pairs()
    table = {word: classes[LEVEL[1]] for word, classes in translated_classes(TABLES).items()}
    maps = dict(zip(WHEELS, sources(TABLES).class_maps[:5], strict=True))
    from_files = published(Spreadsheets(folder, xlsx))
    ways: dict[str, Callable[..., object]] = {
        "minimal loop": minimal(table),
        "wheel_f (published rule)": wheel_f,
        "wheel_f_strict": wheel_f_strict,
        "published way, tables in memory": published(maps.__getitem__),
    }
    for pair in pairs:
        scores = {way(*pair) for name, way in ways.items() if name != "wheel_f_strict"}
        rounded = {None if score is None else round(score, 9) for score in scores}  # type: ignore[call-overload]
        assert len(rounded) == 1, (pair, scores)
    micros: dict[str, list[float]] = {name: [] for name in ways}
    name = f"published way, {'spreadsheets' if xlsx else 'CSV files'} read each call"
    micros[name] = []
    assert [from_files(*pair) for pair in pairs[:2]] == [ways["published way, tables in memory"](*p) for p in pairs[:2]]
    for at in range(rounds):
        order = list(ways)
        random.Random(at).shuffle(order)
        for way in order:
            micros[way].append(timed(ways[way], pairs * 4))
        if at % 20 == 0:
            micros[name].append(timed(from_files, pairs[:2]))
    return micros


def spread(values: list[float]) -> str:
    """Median and the range that nine in ten values lie in."""
    cuts = statistics.quantiles(values, n=20) if len(values) > 1 else [values[0], values[0]]
    return f"{statistics.median(values):,.2f} ({cuts[0]:,.2f} to {cuts[-1]:,.2f})"


def report(micros: dict[str, list[float]]) -> bool:
    """Print times and ratios to the minimal loop; whether the target is met."""
    base = micros["minimal loop"]
    print(f"{'five wheels, level 1, one pair':52} {'µs':>28}   times the minimal loop")
    for name, values in micros.items():
        ratios = [value / other for value, other in zip(values, base, strict=False)]
        print(f"{name:52} {spread(values):>28}   {spread(ratios)}")
    met = True
    for name in ("wheel_f (published rule)", "wheel_f_strict"):
        ratio = statistics.median(value / other for value, other in zip(micros[name], base, strict=True))
        met = met and ratio <= TARGET
        said = "met" if ratio <= TARGET else "MISSED"
        print(f"target: {name} at most {TARGET} times the minimal loop: {said} ({ratio:.2f})")
    return met


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--xlsx", action="store_true", help="read real spreadsheets (fetches openpyxl)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        if options.xlsx:
            packages = Path(folder) / "packages"
            install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(packages), "openpyxl"]
            subprocess.run(install, check=True)
            sys.path.append(str(packages))
        met = report(measure(options.rounds, Path(folder), options.xlsx))
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
