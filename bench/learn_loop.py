"""Does the loop improve the model? ``OMP_NUM_THREADS=1 python bench/learn_loop.py [--quick] [--out DIR]``.

``emoreason synth --iterate`` trains on the rows, has the new adapter write about what was rejected or uncertain, checks
that, and trains anew from the base. This measures it in a made-up world with a rule (``learning/world.py``). The base
is a small language model that was trained from scratch on noisy answers, as in ``learn.py``. It writes, label-blind,
about 480 labelled clips; what passes the checks are the first rows. Then ``data_synth.loop`` runs two rounds, once with
its stop rule as it stands, and on without it, so that each round is measured whatever the rule decides. Compared are:

- ``base``: the model before any of it;
- ``first``: SFT on the first rows, before the loop;
- ``round 1``, ``round 2``: the adapters of the loop;
- ``steps``: SFT on the first rows alone, for as many steps as round 2 took: is a gain just more training?
- ``untaught``: the same two rounds with the base as the writer, then the same SFT on what they came to: is a gain just
  more drafts?
- ``delivered``: the adapter of the rows that the stop rule kept.

All answer the test clips, whose pairs of evidence were never together in any row; nothing in the loop looks at them.
The clips by which the stop rule decides have pairs that the rows have too. Each seed is a replicate: its own weights,
clips and orders. Nothing was tuned: the model and the rate of SFT are those of ``learn.py``, everything else is the
default of the package but what ``learning/looping.py`` says.

**Fixed before any run.** The loop improves the model if ``round 2`` exceeds ``first`` in wheel F and in grounding
precision, greedy and sampled, by intervals above 0 and in every seed. The gain is more than training if it exceeds
``steps`` so, and more than drafting if it exceeds ``untaught`` so. Self-improvement is shown if all three hold. What
the rule gives is told of ``delivered`` against ``first``. Format validity may not fall by 0.02 or more.

Every result is a file of its own in DIR; the same command goes on where it was.
"""

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "bench")]
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TQDM_DISABLE", "1")

from learning import looping, runs, tables  # noqa: E402 - where it lies is known now
from learning.base import Size, pretrain  # noqa: E402
from learning.looping import Loop, Sft  # noqa: E402
from learning.shelf import Shelf, say  # noqa: E402
from learning.world import NOISY  # noqa: E402

#: State -> title.
STATES: Final = {
    "base": "base",
    "first": "first rows",
    "round 1": "round 1",
    "round 2": "round 2",
    "steps": "first rows, more steps",
    "untaught": "drafts of the base",
    "delivered": "delivered",
}
PAIRS: Final = (
    ("first", "base"),
    ("round 1", "first"),
    ("round 2", "first"),
    ("round 1", "steps"),
    ("round 2", "steps"),
    ("round 2", "untaught"),
    ("delivered", "first"),
)
#: What each part of the claim compares, and the measures it is made of.
CLAIMED: Final = {
    "the loop improves the model": ("round 2", "first"),
    "by more than training": ("round 2", "steps"),
    "by more than drafting": ("round 2", "untaught"),
}
MEASURED: Final = ("wheel", "precision")
#: Models of the loop.
ROUNDS: Final = ("round 1", "round 2")
QUICK: Final = Loop(clips=60, rounds=2, epochs=1, first="teacher")


class Replicate:
    """One seed."""

    def __init__(self, shelf: Shelf, seed: int, size: Size, plan: runs.Plan, loop: Loop, bases: Path | None) -> None:
        self.shelf, self.seed, self.size, self.plan, self.loop = shelf, seed, size, plan, loop
        self.folder = shelf.folder / f"seed{seed}"
        self.base, self._bases = self.folder / "base", bases
        self.split: Any = "test"

    def run(self) -> dict[str, Any]:
        """Return state -> its answers, and what the loops came to."""
        self._result("base-run", self._made_base)
        looped = self._result("loop", lambda: looping.run_loop(self.folder / "loop", *self._how()))
        drafted = self._result("untaught", lambda: looping.run_untaught(self.folder / "untaught", *self._how()))
        rows, state = self.folder / "loop" / looping.FIRST, self.folder / "loop" / ".emoreason"
        steps = looped["steps"]
        adapters: dict[str, Path | None] = {"base": None, "first": state / "adapter-0"}
        for number in range(1, self.loop.rounds + 1):
            # Where a round wrote nothing new, there is nothing new to learn: the model stays as it is.
            adapters[f"round {number}"] = state / f"adapter-{min(number, len(steps) - 1)}"
        adapters["steps"] = self._trained("steps", rows, steps[-1])
        adapters["untaught"] = self._trained("untaught-sft", self.folder / "untaught" / looping.LAST, -1)
        found = {name: self._answers(name, adapter) for name, adapter in adapters.items()}
        kept = max(one["number"] for one in looped["ruled"]["rounds"] if one["kept"])
        found["delivered"] = found["first" if kept == 0 else f"round {kept}"]
        return {"answers": found, "loop": looped, "drafted": drafted, "delivered": kept}

    def _made_base(self) -> dict[str, Any]:
        """Train the base; or take it, with what it cost, from results of ``learn_checks.py``."""
        there = None if self._bases is None else self._bases / f"seed{self.seed}" / "unchecked"
        if there is None or not (told := there.with_name("unchecked-run.json")).exists():
            return pretrain(self.base, self.seed, self.size)
        kept: dict[str, Any] = json.loads(told.read_text())
        if kept.pop("plan")[1:] != runs.as_json(self.size, NOISY):
            raise SystemExit(f"{there} is of another size; expected the base of this plan, or no --bases")
        shutil.copytree(there, self.base, dirs_exist_ok=True)
        return kept

    def _how(self) -> tuple[Path, int, runs.Plan, Loop]:
        return self.base, self.seed, self.plan, self.loop

    def _trained(self, name: str, rows: Path, steps: int) -> Path:
        folder = self.folder / name

        def train() -> dict[str, Any]:
            return {"steps": Sft(*self._how()).train(rows, folder, steps).steps}

        self._result(f"{name}-run", train)
        return folder

    def _answers(self, name: str, adapter: Path | None) -> dict[str, Any]:
        name = f"{name.replace(' ', '-')}-{self.split}"
        return self._result(name, lambda: runs.answers(self.base, adapter, self.split, self.seed, self.plan))

    def _result(self, name: str, make: Any) -> dict[str, Any]:
        return self.shelf.result(f"seed{self.seed}/{name}", make)


def claim(found: dict[str, Any]) -> dict[str, bool]:
    """Return each condition of the claim and whether it holds."""
    made = {}
    for what, (late, early) in CLAIMED.items():
        by_manner = {manner: found["differences"][manner][f"{late} - {early}"] for manner in tables.MANNERS}
        for manner, by_measure in by_manner.items():
            for name in MEASURED:
                one = by_measure[name]
                made[f"{what}: {tables.MEASURES[name][0]}, {manner}"] = bool(min(one["low"], *one["seeds"]) > 0)
            form = by_measure["format"]
            lost = min(form["low"], *form["seeds"])
            made[f"{what}: format valid, {manner}, does not fall"] = bool(lost > -tables.FORMAT_MARGIN)
    return made


def rounds_told(results: dict[int, Any], found: dict[str, Any]) -> list[str]:
    """Say what each round came to, and what the stop rule made of it."""
    lines = ["| seed | model | rows | SFT steps | held-out reward | gain (rule: above 0) | written again | passed |"]
    lines.append("|---" * 8 + "|")
    for seed, result in results.items():
        looped = result["loop"]
        for one, steps in zip(looped["all"]["rounds"], looped["steps"], strict=True):
            gain, reward = ("–" if each is None else _interval(each) for each in (one["gain"], one["reward"]))
            cells = (seed, one["number"], one["rows"], steps, reward, gain, one["rewritten"], one["added"])
            lines.append("| " + " | ".join(map(str, cells)) + " |")
    lines.append("")
    for at, (seed, result) in enumerate(results.items()):
        gains = {late: found["differences"]["greedy"][f"{late} - first"]["reward"]["seeds"][at] for late in ROUNDS}
        lines.append(
            f"Seed {seed}: {result['loop']['ruled']['ended']}; delivered is the model of round {result['delivered']}. "
            f"Clips with a row: {result['loop']['kept'][0]} at first, {result['loop']['kept'][1]} after all rounds, "
            f"{result['drafted']['kept'][1]} where the base wrote again. Reward on the test, greedy, against the first "
            "rows: " + ", ".join(f"{late} {gain:+.3f}" for late, gain in gains.items()) + "."
        )
    return lines


def _interval(one: dict[str, Any]) -> str:
    return f"{one['value']:.3f} [{one['low']:.3f}, {one['high']:.3f}]"


def report(results: dict[int, Any], shelf: Shelf) -> str:
    """Return tables, and whether the claim holds."""
    found = tables.figures({seed: one["answers"] for seed, one in results.items()}, states=tuple(STATES), pairs=PAIRS)
    lines = [f"Seeds: {', '.join(map(str, results))}. {shelf.minutes():.0f} min of processor time on one core.", ""]
    lines += rounds_told(results, found)
    titles = {f"{late} - {early}": f"{STATES[late]} − {STATES[early]}" for late, early in PAIRS}
    for manner in tables.MANNERS:
        lines += ["", f"### Test clips, {manner}", "", *tables.table(found["states"][manner], STATES, signed=False)]
        lines += ["", *tables.table(found["differences"][manner], titles, signed=True)]
    conditions = claim(found)
    lines += ["", "Self-improvement: " + ("**shown**." if all(conditions.values()) else "**not shown**."), ""]
    lines += [f"- {what}: {'holds' if holds else 'does not hold'}" for what, holds in conditions.items()]
    everything = {"plan": shelf.plan, "figures": found, "claim": conditions, "results": results}
    (shelf.folder / "learn_loop.json").write_text(json.dumps(everything))
    return "\n".join(lines)


def main() -> int:
    """Run what is not there yet, then print and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="folder of the results (default: out/learn_loop)")
    parser.add_argument("--quick", action="store_true", help="only show that it runs")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--split", choices=("dev", "test"), default="test", help="dev: to see that all is well")
    parser.add_argument(
        "--bases",
        type=Path,
        metavar="DIR",
        help="results of learn_checks.py: its arm unchecked is the same base, taken where it is there",
    )
    options = parser.parse_args()
    size, plan = runs.quick_sizes() if options.quick else (Size(), runs.Plan())
    loop = QUICK if options.quick else Loop()
    out = options.out or ROOT / "out" / ("learn_loop-quick" if options.quick else "learn_loop")
    shelf = Shelf(out.resolve(), runs.as_json(plan, size, NOISY, loop))
    bases = None if options.bases is None else options.bases.resolve()
    results = {}
    for seed in map(int, options.seeds.split(",")):
        replicate = Replicate(shelf, seed, size, plan, loop, bases)
        replicate.split = options.split
        results[seed] = replicate.run()
    text = report(results, shelf)
    (shelf.folder / "learn_loop.md").write_text(text + "\n")
    print(text)
    say(f"tables and all answers: {shelf.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
