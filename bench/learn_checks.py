"""What are the checks worth? ``OMP_NUM_THREADS=1 python bench/learn_checks.py [--quick] [--out DIR]``.

A noisy teacher (``learning/world.py``) answers clips of a made-up world with a rule: about three labels in ten are
wrong, four answers in ten tell what bears on nothing or what is not there, one in ten breaks the form. The same small
language model is trained from scratch on its answers, for the same number of steps, in four ways:

- ``unchecked``: all it wrote;
- ``as many``: as many of these as pass the checks, drawn at random, each seen as often as a checked one;
- ``no gold``: what passes all checks but the one that compares the answer with the right label;
- ``checked``: what passes the checks of ``emoreason synth``, at their own limits.

All answer the same held-out clips, whose pairs of evidence were never together in any row. Each seed is a replicate:
its own weights and rows. Nothing was tuned: sizes are those of ``learn.py``, limits those of the package. **Fixed
before any run**: the checks are worth something if ``checked`` exceeds ``unchecked`` in wheel F and in grounding
precision, greedy and sampled, by intervals above 0 and in every seed.

Every result is a file of its own in DIR; the same command goes on where it was.
"""

import argparse
import json
import os
import random
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "bench")]
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TQDM_DISABLE", "1")

from learning import runs, tables  # noqa: E402 - where it lies is known now
from learning.base import Size, pretrain  # noqa: E402
from learning.shelf import Shelf, say  # noqa: E402
from learning.world import NOISY, draw_rows  # noqa: E402

from emoreason.data_synth.check import check_draft  # noqa: E402
from emoreason.data_synth.draft import Draft, Manner  # noqa: E402
from emoreason.data_synth.labelled import LabelledClip  # noqa: E402
from emoreason.records import TrainingRow  # noqa: E402

#: Arm -> title.
ARMS: Final = {
    "unchecked": "unchecked",
    "as many": "unchecked, as many as checked",
    "no gold": "checked, not against the label",
    "checked": "checked",
}
PAIRS: Final = (("checked", "unchecked"), ("checked", "as many"), ("checked", "no gold"), ("no gold", "unchecked"))
#: What the claim is made of.
CLAIMED: Final = ("wheel", "precision")


def faults_of(row: TrainingRow) -> frozenset[str]:
    """Reasons for which the checks reject what the teacher wrote about a clip; none: it passes."""
    clip = LabelledClip(id=row.id, cueset=row.cueset, reference=row.reference, source="made up")
    draft = Draft(number=0, text=row.target or "", manner=Manner(mode="label-blind"), writer="noisy teacher")
    return frozenset(fault.reason for fault in check_draft(clip, draft).faults)


class Taught:
    """What the teacher wrote in one replicate, and which of it an arm learns from."""

    def __init__(self, seed: int, size: Size) -> None:
        self.seed, self.needed = seed, size.steps * size.batch
        self.rows = list(draw_rows("train", self.needed, 1_000 + seed, NOISY))
        self.faults = [faults_of(row) for row in self.rows]

    def rows_of(self, arm: str) -> list[TrainingRow]:
        """Rows of an arm, each once."""
        if arm == "unchecked":
            return self.rows
        forgiven = {"label"} if arm == "no gold" else set()
        passed = [row for row, faults in zip(self.rows, self.faults, strict=True) if not faults - forgiven]
        if arm == "as many":
            return random.Random(self.seed).sample(self.rows, len(passed))
        return passed

    def lesson(self, arm: str) -> Iterator[TrainingRow]:
        """Rows in the order in which they are learnt: all of an arm, then all again, as many as there are steps for."""
        return islice(cycle(self.rows_of(arm)), self.needed)

    def told(self) -> dict[str, Any]:
        """Return how many rows each arm has, and why the others were rejected."""
        reasons = Counter(reason for faults in self.faults for reason in faults)
        return {"rows": {arm: len(self.rows_of(arm)) for arm in ARMS}, "reasons": dict(reasons.most_common())}


def replicate(shelf: Shelf, seed: int, size: Size, plan: runs.Plan) -> dict[str, Any]:
    """Train and ask each arm of one seed; arm -> its result, and ``taught``."""
    taught: list[Taught] = []

    def teach() -> Taught:
        if not taught:
            taught.append(Taught(seed, size))
        return taught[0]

    found: dict[str, Any] = {}
    for arm in ARMS:
        name = arm.replace(" ", "-")
        base = shelf.folder / f"seed{seed}" / name
        shelf.result(f"seed{seed}/{name}-run", lambda: pretrain(base, seed, size, teach().lesson(arm)))  # noqa: B023
        found[arm] = shelf.result(
            f"seed{seed}/{name}-test",
            lambda: runs.answers(base, None, "test", seed, plan),  # noqa: B023 - called at once
        )
    found["taught"] = shelf.result(f"seed{seed}/taught", lambda: teach().told())
    return found


def claim(found: dict[str, Any]) -> dict[str, bool]:
    """Return each condition of the claim and whether it holds."""
    return {
        f"{tables.MEASURES[name][0]}, {manner}": bool(min(one["low"], *one["seeds"]) > 0)
        for manner in tables.MANNERS
        for name in CLAIMED
        for one in (found["differences"][manner]["checked - unchecked"][name],)
    }


def report(results: dict[int, Any], shelf: Shelf) -> str:
    """Return tables, and whether the claim holds."""
    answers = {seed: {arm: by_arm[arm] for arm in ARMS} for seed, by_arm in results.items()}
    found = tables.figures(answers, states=tuple(ARMS), pairs=PAIRS)
    lines = [f"Seeds: {', '.join(map(str, results))}. {shelf.minutes():.0f} min of processor time on one core.", ""]
    for seed, by_arm in results.items():
        counted = by_arm["taught"]
        rows, why = ("; ".join(f"{key} {n}" for key, n in counted[part].items()) for part in ("rows", "reasons"))
        lines.append(f"Seed {seed}, rows: {rows}. Rejected for: {why}.")
    titles = {f"{late} - {early}": f"{ARMS[late]} − {ARMS[early]}" for late, early in PAIRS}
    for manner in tables.MANNERS:
        lines += ["", f"### Held-out clips, {manner}", "", *tables.table(found["states"][manner], ARMS, signed=False)]
        lines += ["", *tables.table(found["differences"][manner], titles, signed=True)]
    conditions = claim(found)
    lines += ["", "The checks are worth something: " + ("**shown**." if all(conditions.values()) else "**not shown**.")]
    lines += [f"- {what}: {'holds' if holds else 'does not hold'}" for what, holds in conditions.items()]
    everything = {"plan": shelf.plan, "figures": found, "claim": conditions, "results": results}
    (shelf.folder / "learn_checks.json").write_text(json.dumps(everything))
    return "\n".join(lines)


def main() -> int:
    """Run what is not there yet, then print and write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="folder of the results (default: out/learn_checks)")
    parser.add_argument("--quick", action="store_true", help="only show that it runs")
    parser.add_argument("--seeds", default="0,1,2")
    options = parser.parse_args()
    size, plan = runs.quick_sizes() if options.quick else (Size(), runs.Plan())
    out = options.out or ROOT / "out" / ("learn_checks-quick" if options.quick else "learn_checks")
    shelf = Shelf(out.resolve(), runs.as_json(plan, size, NOISY))
    results = {int(seed): replicate(shelf, int(seed), size, plan) for seed in options.seeds.split(",")}
    text = report(results, shelf)
    (shelf.folder / "learn_checks.md").write_text(text + "\n")
    print(text)
    say(f"tables and all answers: {shelf.folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
