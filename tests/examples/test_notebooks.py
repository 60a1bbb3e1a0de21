"""The notebooks in ``examples/`` run from the first cell to the last, and are committed without their outputs."""

import json
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from known_truth import require_face_models
from nbclient import NotebookClient

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_committed_without_outputs(path: Path) -> None:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    ran = [
        number
        for number, cell in enumerate(notebook["cells"])
        if cell.get("outputs") or cell.get("execution_count") or cell["metadata"]
    ]
    assert ran == [], f"clear the outputs: jupyter nbconvert --clear-output --inplace examples/{path.name}"
    assert set(notebook["metadata"]["kernelspec"]) == {"display_name", "language", "name"}
    nbformat.validate(nbformat.from_dict(notebook))


@pytest.fixture(scope="module")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The notebook about one clip after a run of all its cells, offline."""
    require_face_models()
    folder = tmp_path_factory.mktemp("outputs")
    notebook = nbformat.read(EXAMPLES / "explore_a_clip.ipynb", as_version=4)
    environment = {**os.environ, "EMOREASON_OFFLINE": "1", "OMP_NUM_THREADS": "1", "TMPDIR": str(folder)}
    client = NotebookClient(notebook, timeout=240, resources={"metadata": {"path": str(EXAMPLES)}})
    client.execute(env=environment)
    return notebook, folder


def outputs(notebook: Any, kind: str) -> list[str]:
    return [
        output["data"][kind]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if kind in output.get("data", {})
    ]


def test_every_cell_runs_and_shows_what_it_should(explored: Any) -> None:
    notebook, _ = explored
    assert all(cell.execution_count for cell in notebook.cells if cell.cell_type == "code")
    assert len(outputs(notebook, "image/png")) == 4  # figures show themselves though pyplot was never imported
    shown = "\n".join(outputs(notebook, "text/html"))
    for part in ("AU12", "Expressed:", "must be informed", "Looked for and not there", "no audio track"):
        assert part in shown


def test_the_files_it_writes_are_there(explored: Any) -> None:
    _, folder = explored
    written = {path.name for path in folder.glob("emoreason-*/*")}
    assert {"clip.svg", "cues.csv", "cues.parquet", "clip.eaf", "clip.TextGrid", "clip.vtt", "report"} <= written
    assert list(folder.glob("emoreason-*/report/pages/*.html"))
