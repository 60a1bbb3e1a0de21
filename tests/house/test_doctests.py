"""Every example in a docstring runs."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OUTSIDE = {"tests", "bench", "docs", "examples", "configs", "build", "dist", "out"}
MODULES = [
    path.relative_to(ROOT)
    for path in sorted(ROOT.rglob("*.py"))
    if path.relative_to(ROOT).parts[0] not in OUTSIDE
    and not any(part.startswith(".") for part in path.relative_to(ROOT).parts)
    and ">>> " in path.read_text()
]


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_examples_in_docstrings(path: Path) -> None:
    parts = [part for part in path.with_suffix("").parts if part != "__init__"]
    failed, tried = doctest.testmod(importlib.import_module(".".join(["emoreason", *parts])))
    assert tried > 0
    assert failed == 0
