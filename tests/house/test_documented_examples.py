"""The README's and the pages' examples run as they are printed, and their links lead somewhere."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
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
        for name in (
            *("batch", "evaluation", "explain", "formats", "probes", "report", "rewards", "synthesis"),
            *("scientist", "researcher", "engineer"),
        )
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
    if "emoreason serve" in code:
        pytest.importorskip("fastapi", reason="pip install 'emoreason[serve]'")
    if "curl " in code and shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, "-c", code] if language == "python" else ["bash", "-euc", code]
    with upstream() as server:  # for the examples that ask a model
        environment["EMOREASON_BASE_URL"] = server.url
        code_of_end, said = _run(command, workplaces(page), environment)
    assert code_of_end == 0, f"{page}: {code}\n{said}"


def _run(command: list[str], folder: Path, environment: dict[str, str]) -> tuple[int, str]:
    """Exit code and stderr; what a block starts in the background ends with it, also where the block fails."""
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=errors, start_new_session=True
        )
        try:
            process.wait()
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait()
        errors.seek(0)
        return process.returncode, errors.read()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text(encoding="utf-8"))
    local = [target for target in targets if not re.match(r"\w+:", target)]
    assert [target for target in local if not (page.parent / target).exists()] == []
