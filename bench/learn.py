"""Does GRPO with our rewards teach anything? ``OMP_NUM_THREADS=1 python bench/learn.py [--quick] [--out DIR]``.

A small language model is trained from scratch on answers of which about three in ten name the wrong emotion
(``learning/world.py``: a made-up world with a rule), then taught by LoRA SFT on a few clean answers, then by GRPO with
the blend ``grounded``; and, from the same adapter, by GRPO with the wheel score alone and with all terms from the first
step. Each seed is a whole replicate: its own weights, rows and orders. All answer the same held-out clips, greedily and
sampled (temperature 1); the pairs of evidence in these were never together in any row that was learnt from.

Hyper-parameters were chosen on the dev split (``--split dev``), which holds other pairs than the test. Nothing was
chosen on the test. GRPO sees the right labels of rows for which SFT had no answers: what it gains is gained from these
as well.

Every result is a file of its own in DIR; the same command goes on where it was. Written are ``learn.md`` (tables),
``learn.json`` (everything) and the picture of the curves.
"""

import argparse
import json
import os
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "tests" / "support"), str(ROOT / "bench")]
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TQDM_DISABLE", "1")

from learning import curves, runs, tables  # noqa: E402 - where it lies is known now
from learning.base import Size, pretrain  # noqa: E402
from learning.shelf import Shelf, say  # noqa: E402
from learning.world import NOISY  # noqa: E402


def replicate(shelf: Shelf, seed: int, size: Size, plan: runs.Plan, split: Any, arms: list[str]) -> dict[str, Any]:
    """Run one seed from random weights to the last arm; state -> result."""
    folder = shelf.folder / f"seed{seed}"
    base, sft = folder / "base", folder / "sft"
    shelf.result(f"seed{seed}/pretraining", lambda: pretrain(base, seed, size))

    def after(adapter: Path | None, name: str) -> dict[str, Any]:
        return shelf.result(f"seed{seed}/{name}-{split}", lambda: runs.answers(base, adapter, split, seed, plan))

    found = {"pretrained": after(None, "pretrained")}
    shelf.result(f"seed{seed}/sft-run", lambda: _outcome(runs.run_sft(base, sft, seed, plan, say)))
    found["sft"] = after(sft, "sft")
    for arm in arms:
        name = arm.replace(" ", "-")

        def train(arm: str = arm, name: str = name) -> dict[str, Any]:
            outcome = runs.run_grpo(base, sft, folder / name, arm, seed, plan, say)
            return {**_outcome(outcome), "curve": runs.curve(folder / name)}

        made = shelf.result(f"seed{seed}/{name}-run", train)
        found[arm] = {**after(folder / name, name), "curve": made["curve"], "stopped": made["stopped"]}
    return found


def _outcome(outcome: Any) -> dict[str, Any]:
    return {"steps": outcome.steps, "stopped": outcome.stopped, "metrics": outcome.metrics}


def main() -> int:
    """Run what is not there yet, then write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, help="folder of the results (default: out/learn)")
    parser.add_argument("--quick", action="store_true", help="only show that it runs")
    parser.add_argument("--split", choices=("dev", "test"), default="test", help="dev: to choose hyper-parameters")
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--arms", default=",".join(runs.ARMS))
    parser.add_argument("--picture", type=Path, help="default: learn.svg in the folder of the results")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="of the plan or the size; dev only"
    )
    options = parser.parse_args()
    if options.set and options.split == "test" and not options.quick:
        parser.error("--set is for choosing on the dev split; the test is run as the plan stands")
    size, plan = _changed(*(runs.quick_sizes() if options.quick else (Size(), runs.Plan())), options.set)
    out = options.out or ROOT / "out" / ("learn-quick" if options.quick else "learn")
    shelf = Shelf(out.resolve(), runs.as_json(plan, size, NOISY))
    seeds = [int(seed) for seed in options.seeds.split(",")]
    arms = [arm for arm in options.arms.split(",") if arm]
    began = time.process_time()
    results = {seed: replicate(shelf, seed, size, plan, options.split, arms) for seed in seeds}
    report(results, shelf, options.split, options.picture or out / "learn.svg", time.process_time() - began)
    return 0


def _changed(size: Size, plan: runs.Plan, changes: list[str]) -> tuple[Size, runs.Plan]:
    for change in changes:
        key, _, value = change.partition("=")
        number = float(value) if "." in value or "e" in value else int(value)
        if key in asdict(plan):
            plan = replace(plan, **{key: number})
        else:
            size = replace(size, **{key: number})
    return size, plan


def report(results: dict[int, Any], shelf: Shelf, split: str, picture: Path, seconds: float) -> None:
    """Write tables, everything and the picture."""
    found = tables.figures(results)
    arms = {arm: [results[seed][arm]["curve"] for seed in results] for arm in runs.ARMS if arm in results[min(results)]}
    curves.draw(arms, picture)
    head = f"Split: {split}; seeds: {', '.join(map(str, results))}."
    text = "\n".join((head, "", *_taken(shelf, arms), "", tables.markdown(found)))
    (shelf.folder / "learn.md").write_text(text)
    everything = {"plan": shelf.plan, "split": split, "figures": found, "results": results, "cpu_seconds": seconds}
    everything["claims"] = {
        manner: tables.claim(found, manner)
        for manner in tables.MANNERS
        if "grounded - sft" in found["differences"][manner]
    }
    (shelf.folder / "learn.json").write_text(json.dumps(everything))
    print(text)
    print(f"this call took {seconds:.0f} s of processor; tables, curves and all answers: {shelf.folder}, {picture}")


def _taken(shelf: Shelf, arms: dict[str, list[dict[str, Any]]]) -> list[str]:
    """Say what it cost, early stops, and the share of a step that is spent in the rewards."""
    kept = [json.loads(path.read_text()) for path in sorted(shelf.folder.glob("seed*/*.json"))]
    lines = [f"All of it: {shelf.minutes():.0f} min of processor time on one core."]
    stopped = [one["stopped"] for one in kept if one.get("stopped")]
    lines += [f"Stopped early: {reason}." for reason in stopped]
    for arm, seeds in arms.items():
        steps = [value for seed in seeds for value in seed["seconds"] if value is not None]
        paid = [value for seed in seeds for value in seed["reward_seconds"] if value is not None]
        if steps and paid:
            share = runs.mean(paid) / runs.mean(steps)
            lines.append(f"{arm}: {runs.mean(steps):.2f} s a step, {share:.1%} of it in the rewards.")
    return lines


if __name__ == "__main__":
    sys.exit(main())
