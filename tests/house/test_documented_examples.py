"""The README's and the pages' examples run as they are printed, and their links lead somewhere."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from known_truth import require_face_models
from upstream import upstream

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
RUN = [
    ROOT / "README.md",
    *(
        ROOT / "docs" / f"{name}.md"
        for name in ("batch", "explain", "formats", "report", "rewards", "scientist", "researcher", "engineer")
    ),
]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def examples() -> list[tuple[str, str, str]]:
    """(page, language, code) of every block that shows a use of the tool; `make` is what runs these tests."""
    return [
        (page.name, language, code)
        for page in RUN
        for language, code in BLOCK.findall(page.read_text(encoding="utf-8"))
        if language == "python" or "emoreason " in code
    ]


@pytest.fixture(scope="module")
def workplaces(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Folder in which a reader follows one page: what a block leaves there, the blocks after it may use."""

    @cache
    def workplace(page: str) -> Path:
        folder = tmp_path_factory.mktemp(page.removesuffix(".md"))
        shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))
        return folder

    return workplace


@pytest.mark.parametrize(("page", "language", "code"), examples())
def test_examples_run_as_printed(page: str, language: str, code: str, workplaces: Callable[[str], Path]) -> None:
    if "emoreason models" in code:
        require_face_models()
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-c", code] if language == "python" else ["bash", "-euc", code]
    with upstream() as server:  # for the examples that ask a model
        environment["EMOREASON_BASE_URL"] = server.url
        done = subprocess.run(
            command, cwd=workplaces(page), env=environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, f"{page}: {code}\n{done.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if not re.match(r"\w+:", target)]
    assert [target for target in local if not (page.parent / target).exists()] == []
