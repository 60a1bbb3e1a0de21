"""``bench/learn_checks.py``: what each arm learns from is what it says, and all of it runs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.append(str(ROOT / "bench"))

pytest.importorskip("torch", reason="needs the train extra")

import learn_checks  # noqa: E402 - where it lies is known now
from learning.base import Size  # noqa: E402


def test_each_arm_has_the_rows_that_it_says():
    taught = learn_checks.Taught(0, Size(steps=10, batch=16))
    rows = {arm: taught.rows_of(arm) for arm in learn_checks.ARMS}
    assert len(rows["unchecked"]) == 160
    assert len(rows["as many"]) == len(rows["checked"]) < len(rows["no gold"]) < 160
    right = [row for row in rows["checked"] if row.reference.emotion]
    assert right
    assert all(f"expresses {row.reference.emotion}" in (row.target or "") for row in right)
    assert any(row.reference.emotion not in (row.target or "") for row in rows["no gold"] if row.reference.emotion)
    for arm in learn_checks.ARMS:
        assert sum(1 for _ in taught.lesson(arm)) == 160, "every arm learns as many steps"


@pytest.mark.slow
def test_a_quick_run_goes_to_tables_and_goes_on(tmp_path):
    command = [
        sys.executable,
        str(ROOT / "bench" / "learn_checks.py"),
        "--quick",
        "--seeds",
        "0",
        "--out",
        str(tmp_path),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    first = json.loads((tmp_path / "learn_checks.json").read_text())
    assert set(first["results"]["0"]) == {*learn_checks.ARMS, "taught"}
    assert "Rejected for" in (tmp_path / "learn_checks.md").read_text()
    subprocess.run(command, check=True, capture_output=True, env=environment)
    assert json.loads((tmp_path / "learn_checks.json").read_text()) == first, "nothing was made again"
