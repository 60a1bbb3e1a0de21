"""Leave out what an earlier pass over the same tree has shown, with less installed.

    pytest --note-passed=FILE        # writes down what passed
    pytest --leave-out=FILE          # runs the rest

CI runs the tests twice: in the environment of the core, and with the heavy extras. What cannot see those extras need
not run again: a test that passed, in a folder of the product that asks for none of them, and whose file, with what it
uses of ``tests/support``, names none. ``tests/house/test_earlier_pass.py`` holds the folders to that. Everything else
is repeated, and ``make test-all`` by hand repeats it all.

One thing is given up. The extras hold back a few packages that the core uses too (numpy, with vLLM); the folders below
then run with the newest ones alone, and reach the older ones in their slow tests and through all that is built on them.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest

_TESTS: Final = Path(__file__).parents[1]
#: Folders of tests whose part of the product asks for no heavy package.
SEES_NO_EXTRA: Final = ("cues", "examples", "formats", "prompts", "records", "report", "serving")
#: What names a heavy package, asks whether one is there, or asks for data that the first pass does not have.
EXTRA: Final = re.compile(
    r"import_heavy|torch|transformers|\b(?:accelerate|audformat|datasets|faster_whisper|opensmile|outlines_core|"
    r"parselmouth|peft|pyworld|qwen_vl_utils|ray|safetensors|tokenizers|trl|vllm|xgrammar)\b|RESEARCH_DATA|vllm_"
)
_IMPORT: Final = re.compile(r"^\s*(?:from|import) (\w+)", re.MULTILINE)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("emoreason")
    group.addoption("--note-passed", metavar="FILE", help="write the names of the tests that passed")
    group.addoption("--leave-out", metavar="FILE", help="leave out tests named there that cannot see heavy extras")


def pytest_configure(config: pytest.Config) -> None:
    place = config.getoption("--note-passed")
    if place and not hasattr(config, "workerinput"):  # with xdist all reports come to the first process
        config.pluginmanager.register(_Notes(Path(place)))


class _Notes:
    def __init__(self, place: Path) -> None:
        self._place = place.absolute()
        self._passed: dict[str, bool] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._passed[report.nodeid] = self._passed.get(report.nodeid, True) and report.passed

    def pytest_sessionfinish(self) -> None:
        self._place.write_text("".join(f"{name}\n" for name, passed in self._passed.items() if passed), "utf-8")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    place = config.getoption("--leave-out")
    if not place:
        return
    passed = set(Path(place).read_text("utf-8").splitlines())
    left_out = [item for item in items if item.nodeid in passed and not sees_extras(item.path)]
    if left_out:
        gone = set(left_out)
        items[:] = [item for item in items if item not in gone]
        config.hook.pytest_deselected(items=left_out)


@cache
def sees_extras(file: Path) -> bool:
    """Whether a test of this file could come to something else with the heavy extras."""
    if not any(file.is_relative_to(_TESTS / folder) for folder in SEES_NO_EXTRA):
        return True
    return any(EXTRA.search(path.read_text("utf-8")) for path in {file, *_used(file, set())})


def _used(file: Path, seen: set[Path]) -> Iterator[Path]:
    """Modules of tests/support that a file imports, and those that they import."""
    for name in _IMPORT.findall(file.read_text("utf-8")):
        path = _TESTS / "support" / f"{name}.py"
        if path not in seen and path.is_file():
            seen.add(path)
            yield path
            yield from _used(path, seen)


def pytest_report_header(config: pytest.Config) -> Any:
    place = config.getoption("--leave-out")
    return f"left out is what passed before and sees no extra: {place}" if place else None
