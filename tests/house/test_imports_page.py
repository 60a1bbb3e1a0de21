"""The page about imports: its example runs as printed, and what it says of numbers is what the code does."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from known_truth import require_face_models

from emoreason.cues.imports.gaps import ALLOWED_S, ALLOWED_SHARE
from emoreason.cues.imports.scales import SCALES
from emoreason.cues.speech.annotation import PHRASE_PAUSE_S
from emoreason.formats import openface, pyfeat
from emoreason.formats.blendshapes import ACTION_UNITS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/imports.md").read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_example_runs_as_printed(tmp_path: Path) -> None:
    require_face_models()
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    [code] = re.findall(r"^```sh\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euc", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "face1.AU12.1" in done.stdout


def test_the_numbers_on_the_page_are_those_of_the_code() -> None:
    page = " ".join(PAGE.split())
    floors = SCALES["openface"].floor, SCALES["pyfeat"].floor / 5, SCALES["blendshapes"].floor / 5
    assert "an apex of {:g} of 5 (OpenFace), {:g} of 1 (py-feat), {:g} of 1 (blendshapes)".format(*floors) in page
    assert f"`confidence` under {openface.LEAST_CONFIDENCE:g}, `FaceScore` under {pyfeat.LEAST_SCORE:g}" in page
    assert f"more than {ALLOWED_S:g} s ({ALLOWED_SHARE * 100:g} % of a long clip)" in page
    assert f"joined into phrases at pauses of {PHRASE_PAUSE_S:g} s" in page
    assert f"{len(ACTION_UNITS)} action units" in page
