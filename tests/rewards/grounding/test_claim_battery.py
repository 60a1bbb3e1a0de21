"""Verdicts of claims whose truth is known: claims made from templates, and claims written by hand.

``tests/rewards/claims/*.jsonl`` are free-written, one hand per file, about the clips of
``clips.json``; the templates are ``tests/support/claim_*.py``.
Run with ``-s`` for the tables; run this file as a script (``python tests/rewards/grounding/test_claim_battery.py``,
with ``tests/support`` on ``PYTHONPATH``) for every failure.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from claim_templates import known_claims

from emoreason.records import CueSet
from emoreason.records.convert import from_json, to_json
from emoreason.rewards import grounding

CLAIMS = Path(__file__).parents[1] / "claims"
WRITTEN = sorted(CLAIMS.glob("*.jsonl"))
VERDICTS = ("supported", "contradicted", "unverifiable")
#: Share of verdicts that must be right, over all and in each subset of at least ``ENOUGH`` claims.
OVERALL, EACH, ENOUGH = 0.90, 0.85, 10


@dataclass(frozen=True)
class Checked:
    """One claim and the verdict it got (None: it was not read as a claim)."""

    name: str
    subset: str
    language: str
    claim: str
    expected: str
    got: str | None

    @property
    def right(self) -> bool:
        return self.got == self.expected


def verdict_of(claim: str, cueset: CueSet) -> str | None:
    """Verdict of a text that makes one claim: the worst of its parts, where several were read."""
    found = {item.verdict for item in grounding.verdicts(claim, cueset)}
    return next((verdict for verdict in ("contradicted", "unverifiable", "supported") if verdict in found), None)


def check_templates(seed: int, each: int = 20) -> list[Checked]:
    return [
        Checked(
            f"{seed}-{n}", item.subset, item.language, item.claim, item.expected, verdict_of(item.claim, item.cueset)
        )
        for n, item in enumerate(known_claims(seed, each))
    ]


@cache
def clips() -> dict[str, CueSet]:
    """What was measured in the clips that the hands wrote about."""
    return {name: from_json(value, CueSet) for name, value in json.loads((CLAIMS / "clips.json").read_text()).items()}


@cache
def check_file(path: Path) -> list[Checked]:
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [
        Checked(
            str(row["id"]), row["subset"], row["language"], row["claim"], row["expected"],
            verdict_of(row["claim"], clips()[row["clip"]]),
        )
        for row in rows
    ]  # fmt: skip


def shares(checked: Iterable[Checked]) -> dict[str, tuple[int, int]]:
    """Right verdicts and claims: over all, by language, by subset, by subset and language."""
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for item in checked:
        for key in ("all", item.language, item.subset, f"{item.subset} {item.language}"):
            total[key] += 1
            right[key] += item.right
    return {key: (right[key], total[key]) for key in total}


def table(title: str, checked: Sequence[Checked]) -> str:
    lines = [f"\n{title}", f"{'':24}{'right':>6}{'of':>6}{'share':>8}"]
    for key, (right, total) in sorted(shares(checked).items(), key=lambda row: (row[0] != "all", row[0])):
        lines.append(f"{key:24}{right:6d}{total:6d}{right / total:8.3f}")
    return "\n".join(lines)


def markdown(checked: Sequence[Checked]) -> str:
    """The table of the documentation: a row per subset, English, Chinese and both."""
    counts = shares(checked)
    lines = ["| subset | English | Chinese | both |", "|---|---|---|---|"]
    for subset in [*sorted({item.subset for item in checked}), "all"]:
        keys = ("en", "zh", "all") if subset == "all" else (f"{subset} en", f"{subset} zh", subset)
        cells = [f"{counts[k][0] / counts[k][1]:.2f} ({counts[k][1]})" if k in counts else "" for k in keys]
        lines.append(f"| {subset.replace('_', ' ')} | {' | '.join(cells)} |")
    return "\n".join(lines)


def require(title: str, checked: Sequence[Checked]) -> None:
    sys.stdout.write(table(title, checked) + "\n")
    counts = shares(checked)
    low = {
        key: f"{right} of {total}"
        for key, (right, total) in counts.items()
        if right / total < (OVERALL if key == "all" else EACH) and (key == "all" or total >= ENOUGH)
    }
    wrong = [f"{c.name} {c.expected} not {c.got}: {c.claim}" for c in checked if not c.right]
    assert not low, f"{low}\n" + "\n".join(wrong)


def test_verdicts_of_generated_claims() -> None:
    checked = check_templates(1)
    assert len(checked) >= 300
    require("templates, seed 1", checked)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [20260, 77])
def test_verdicts_of_claims_generated_otherwise(seed: int) -> None:
    require(f"templates, seed {seed}", check_templates(seed, 40))


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_verdicts_of_claims_written_by_hand(path: Path) -> None:
    require(path.name, check_file(path))


@pytest.mark.skipif(not WRITTEN, reason="no claims written by hand")
def test_verdicts_of_written_claims_of_all_hands_together() -> None:
    require("written by hand", [item for path in WRITTEN for item in check_file(path)])


def test_generated_claims_are_the_same_every_time_and_speak_of_valid_cuesets() -> None:
    first = list(known_claims(5, 4))
    assert first == list(known_claims(5, 4))
    for item in first:
        assert from_json(to_json(item.cueset), CueSet) == item.cueset
    assert {item.expected for item in first} == set(VERDICTS)


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.stem)
def test_written_claims_are_well_formed(path: Path) -> None:
    rows: list[dict[str, Any]] = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    assert len({row["id"] for row in rows}) == len(rows)
    for row in rows:
        assert row["expected"] in VERDICTS
        assert row["language"] in ("en", "zh")
        clips()[row["clip"]]


def main() -> None:
    """Print the tables (the last one as Markdown for the documentation), then every claim whose verdict is wrong."""
    batteries = [(f"templates, seed {seed}", check_templates(seed)) for seed in (1, 20260, 77)]
    batteries += [(path.name, check_file(path)) for path in WRITTEN]
    batteries.append(("everything", [item for _, checked in batteries for item in checked]))
    out = sys.stdout.write
    for title, checked in batteries:
        out(table(title, checked) + "\n")
    out("\n" + markdown(batteries[-1][1]) + "\n")
    for title, checked in batteries[:-1]:
        out(f"\n{title}\n")
        for item in checked:
            if not item.right:
                out(f"  {item.name} {item.subset} {item.language}: {item.expected}, got {item.got}: {item.claim}\n")


if __name__ == "__main__":
    main()
