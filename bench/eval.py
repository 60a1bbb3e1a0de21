"""Speed of evaluation: ``python bench/eval.py [--rounds N] [--xlsx]``, one thread, no data, no model.

- ov-mer: twelve metrics on 332 clips (random words), by the suite (with its pictures, notes and rows of clips), by its
  sums and F alone, and by a re-creation of the published code: tables as lists in memory, a wheel read from its file
  for each metric, labels mapped one by one. All are checked to give the same scores. Files are CSV, or spreadsheets as
  published with ``--xlsx`` (openpyxl is put into a temporary folder). The metrics alone: at least 10 times faster;
- tables: built from the package's files, cold, under 0.1 s; the re-creation reads its CSV (or spreadsheets) anew;
- MER-UniBench: all nine sets at full size (12,799 random answers), scored without a language model, under 2 s;
- bootstrap: 10,000 resamples of all measures, of ov-mer and of the whole of MER-UniBench, each under 2 s.

Ends with 1 when a target is missed. Seconds are processor time; they depend on the machine, the ratio hardly.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported

import pandas as pd  # noqa: E402

from emoreason.eval.measure import differences, intervals  # noqa: E402
from emoreason.eval.open_vocab import ov_mer  # noqa: E402
from emoreason.eval.sample import Gold, Prediction, Sample  # noqa: E402
from emoreason.eval.suite import SuiteSettings  # noqa: E402
from emoreason.eval.unibench import SETS, mer_unibench  # noqa: E402
from emoreason.eval.wheel_sums import mean_f, wheel_sums  # noqa: E402
from emoreason.records import Reference  # noqa: E402
from emoreason.rewards.tables import read_rows  # noqa: E402
from emoreason.rewards.wheel import tables as wheel_tables  # noqa: E402
from emoreason.rewards.wheel.tables import METRICS, classes_by_word  # noqa: E402

CLIPS = 332
RESAMPLES = 10_000
TABLES = "v2025"


@dataclass(frozen=True)
class Target:
    """One figure and what it must be."""

    what: str
    values: list[float]
    unit: str
    bound: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the median is."""
        median = statistics.median(self.values)
        return self.bound is None or (median >= self.bound if self.at_least else median <= self.bound)

    def __str__(self) -> str:
        said = "" if self.bound is None else f"{'at least' if self.at_least else 'at most'} {self.bound:g}"
        verdict = "" if self.bound is None else "met" if self.met else "MISSED"
        spread = f"{min(self.values):,.3f}-{max(self.values):,.3f}"
        return f"| {self.what} | {statistics.median(self.values):,.3f} {self.unit} | {spread} | {said} | {verdict} |"


class Published:
    """The published way, re-created: files read with pandas, lists of words, every label taken through them anew."""

    def __init__(self, folder: Path, xlsx: bool) -> None:
        self.folder, self.xlsx = folder, xlsx
        forms = [
            {
                "name": row["base"],
                "format": ",".join(filter(None, f"{row['forms']}|{row['forms_v2025_only']}".split("|"))),
            }
            for row in read_rows("wheel_forms.csv")
        ]
        pd.DataFrame(forms).to_csv(folder / "format.csv", index=False)
        self._write("synonym", self._synonyms())
        for wheel in range(1, 6):
            rows = [row for row in read_rows("wheels.csv") if row["wheel"] == str(wheel)]
            self._write(f"wheel{wheel}", pd.DataFrame(rows)[["level1", "level2", "level3"]])
        self.bases: dict[str, list[str]] = {}
        self.words: dict[str, list[str]] = {}

    def _synonyms(self) -> pd.DataFrame:
        words = list(dict.fromkeys(row["wheel_word"] for row in read_rows("wheel_synonyms.csv")))
        columns: dict[str, list[str]] = {}
        for run in "12345678":
            known: dict[str, list[str]] = {word: [] for word in words}
            for row in read_rows("wheel_synonyms.csv"):
                if run in row["runs"]:
                    known[row["wheel_word"]].append(row["synonym"])
            columns |= {f"word_run{run}": words, f"synonym_run{run}": [", ".join(known[word]) for word in words]}
        return pd.DataFrame(columns)

    def _write(self, name: str, frame: pd.DataFrame) -> None:
        frame.to_excel(self.folder / f"{name}.xlsx", index=False) if self.xlsx else frame.to_csv(
            self.folder / f"{name}.csv", index=False
        )

    def _read(self, name: str) -> pd.DataFrame:
        if self.xlsx:
            return pd.read_excel(self.folder / f"{name}.xlsx")
        return pd.read_csv(self.folder / f"{name}.csv")

    def read_tables(self) -> None:
        """Read the forms and the eight runs of synonyms."""
        self.bases, self.words = {}, {}
        for _, row in pd.read_csv(self.folder / "format.csv").iterrows():
            listed = [] if pd.isna(row["format"]) else [word.strip() for word in row["format"].split(",")]
            for surface in [*listed, row["name"]]:
                self.bases.setdefault(surface, []).append(row["name"])
        for run in "12345678":
            for _, row in self._read("synonym").iterrows():
                word = row[f"word_run{run}"].strip().lower()
                cell = row[f"synonym_run{run}"]
                listed = [] if pd.isna(cell) else [synonym.strip().lower() for synonym in cell.split(",")]
                for synonym in [word, *filter(None, listed)]:
                    self.words[synonym] = list({*self.words.get(synonym, []), word})

    def wheel(self, name: str, level: str) -> dict[str, str]:
        """Class map of one wheel, from its file."""
        tree: dict[str, dict[str, list[str]]] = {}
        for _, row in self._read(name).iterrows():
            inner, middle, outer = (row[at].lower().strip() for at in ("level1", "level2", "level3"))
            tree.setdefault(inner, {}).setdefault(middle, []).append(outer)
        found: dict[str, str] = {}
        for inner, middles in tree.items():
            found[inner] = inner if level == "level1" else sorted(middles)[0]
            for middle, outers in middles.items():
                found[middle] = inner if level == "level1" else middle
                found.update(dict.fromkeys(outers, found[middle]))
        return found

    def _class(self, label: str, metric: str, wheel: dict[str, str]) -> str:
        if label not in self.bases:
            return ""
        if metric == "case1":
            return sorted(self.bases[label])[0]
        if metric == "case2":
            return sorted(self.words[sorted(self.bases[label])[0]])[0]
        words = sorted(word for base in self.bases[label] for word in self.words[base])
        return next((wheel[word] for word in words if word in wheel), "")

    def f(self, gold: dict[str, list[str]], predicted: dict[str, list[str]], metric: str) -> float:
        """F of one metric, clip by clip."""
        wheel = self.wheel(*metric.removeprefix("case3_").split("_")) if metric.startswith("case3") else {}
        precisions, recalls = [], []
        for clip, labels in gold.items():
            truth = {self._class(label.lower().strip(), metric, wheel) for label in labels} - {""}
            answer = {self._class(label.lower().strip(), metric, wheel) for label in predicted[clip]} - {""}
            if truth:
                precisions.append(len(truth & answer) / len(answer) if answer else 0.0)
                recalls.append(len(truth & answer) / len(truth))
        p, r = statistics.fmean(precisions), statistics.fmean(recalls)
        return 2 * p * r / (p + r)

    def all(self, gold: dict[str, list[str]], predicted: dict[str, list[str]]) -> list[float]:
        """F of the twelve metrics."""
        return [self.f(gold, predicted, metric) for metric in METRICS]


def some_words() -> list[str]:
    """Words that people and models write, one in ten of them unknown."""
    common = [word for word in sorted(classes_by_word(TABLES)) if len(word) < 12]
    return [*common, *(f"unheard-of {at}" for at in range(len(common) // 10))]


def some_samples(seed: int, clips: int = CLIPS) -> list[Sample]:
    """Random open labels: 1 to 4 of the gold, 1 to 6 predicted."""
    draw, words = random.Random(seed), some_words()
    made = []
    for at in range(clips):
        labels = tuple(draw.choices(words[: len(words) * 9 // 10], k=draw.randint(1, 4)))
        predicted = tuple({*draw.choices(words, k=draw.randint(1, 5)), *labels[: draw.randint(0, 1)]})
        gold = Gold(clip=f"clip {at}", reference=Reference(labels=labels))
        made.append(Sample(gold, Prediction(clip=gold.clip, labels=predicted)))
    return made


def whole_benchmark(seed: int) -> list[Sample]:
    """Random answers to all nine sets, at their official sizes."""
    draw, words = random.Random(seed), some_words()
    made = []
    for one in SETS.values():
        for at in range(one.n_clips):
            reference = {
                "hit rate": lambda one=one: Reference(emotion=draw.choice(one.words)),
                "weighted F1": lambda: Reference(valence=draw.uniform(-1, 1)),
                "wheel F": lambda: Reference(labels=tuple(draw.choices(words, k=3))),
            }[one.score]()
            clip = f"{one.name}/{at}"
            gold = Gold(clip=clip, reference=reference, columns={"set": one.name})
            made.append(Sample(gold, Prediction(clip=clip, labels=tuple(draw.choices(words, k=draw.randint(1, 5))))))
    return made


def seconds(call: Callable[[], object]) -> float:
    """Processor time of one call: what else runs on the machine does not count."""
    began = time.process_time()
    call()
    return time.process_time() - began


def twelve(gold: dict[str, list[str]], predicted: dict[str, list[str]]) -> list[float]:
    """F of the twelve metrics by the arithmetic under the suite."""
    sums = wheel_sums(list(gold.values()), [predicted[clip] for clip in gold], TABLES).sum(axis=0)
    return [float(mean_f(sums, places=[at], undefined=float("nan"))) for at in range(len(METRICS))]


def build_tables() -> None:
    """Build our tables from their files, nothing kept from before."""
    for made in (wheel_tables.sources, wheel_tables.classes_by_word, wheel_tables.translated_classes):
        made.cache_clear()
    classes_by_word(TABLES)


def measure(rounds: int, folder: Path, xlsx: bool) -> list[Target]:
    """All figures; ours and the re-creation take turns."""
    settings = SuiteSettings(tables=TABLES)
    published = Published(folder, xlsx)
    published.read_tables()
    samples, benchmark = some_samples(1), whole_benchmark(2)
    gold = {sample.clip: list(sample.gold.reference.labels or ()) for sample in samples}
    predicted = {s.clip: list((s.prediction and s.prediction.labels) or ()) for s in samples}
    theirs = published.all(gold, predicted)
    result = ov_mer(samples, settings)
    ours = {one.name: one.value for one in result.measures}
    for metric, f, alone in zip(METRICS, theirs, twelve(gold, predicted), strict=True):
        assert abs(ours[f"{metric} F"] - f) + abs(alone - f) < 1e-9, f"{metric} differs: {ours[f'{metric} F']}, {f}"
    other = ov_mer(some_samples(3), settings)
    whole = mer_unibench(benchmark, SuiteSettings())
    calls: dict[str, Callable[[], object]] = {
        "ours": lambda: ov_mer(samples, settings),
        "metrics": lambda: twelve(gold, predicted),
        "published": lambda: published.all(gold, predicted),
        "tables": build_tables,
        "published tables": published.read_tables,
        "benchmark": lambda: mer_unibench(benchmark, SuiteSettings()),
        "bootstrap": lambda: intervals(result.measures, resamples=RESAMPLES),
        "whole bootstrap": lambda: intervals(whole.measures, resamples=RESAMPLES),
        "tests": lambda: differences(result.measures, other.measures, resamples=RESAMPLES),
    }
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(seconds(call))
    wholes = times["whole bootstrap"]
    files = "spreadsheets" if xlsx else "CSV files"
    ratios = [slow / fast for slow, fast in zip(times["published"], times["metrics"], strict=True)]
    with_all = [slow / fast for slow, fast in zip(times["published"], times["ours"], strict=True)]
    return [
        Target(f"ov-mer, {CLIPS} clips, the twelve metrics", times["metrics"], "s"),
        Target(f"ov-mer, {CLIPS} clips, all of the suite", times["ours"], "s"),
        Target(f"the same by the published way, wheels from {files}", times["published"], "s"),
        Target("published way / the twelve metrics", ratios, "times", 10, at_least=True),
        Target("published way / all of the suite", with_all, "times"),
        Target("our wheel tables, cold", times["tables"], "s", 0.1),
        Target(f"published tables from {files}", times["published tables"], "s"),
        Target(f"MER-UniBench, {len(benchmark):,} clips", times["benchmark"], "s", 2),
        Target(f"{RESAMPLES:,} resamples, ov-mer, {len(result.measures)} measures", times["bootstrap"], "s", 2),
        Target(f"{RESAMPLES:,} resamples, MER-UniBench, {len(whole.measures)} measures", wholes, "s", 2),
        Target(f"{RESAMPLES:,} paired resamples and permutations, ov-mer", times["tests"], "s"),
    ]


def main() -> int:
    """Measure and print; 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--xlsx", action="store_true", help="read real spreadsheets (fetches openpyxl)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.xlsx:
            packages = Path(folder) / "packages"
            install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(packages), "openpyxl"]
            subprocess.run(install, check=True)
            sys.path.append(str(packages))
        targets = measure(options.rounds, Path(folder), options.xlsx)
    print("| what | median | range | target | |\n|---|---|---|---|---|")
    print(*targets, sep="\n")
    return 0 if all(target.met for target in targets) else 1


if __name__ == "__main__":
    sys.exit(main())
