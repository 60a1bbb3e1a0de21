"""What CI leaves out of its second pass is what the first has shown and no heavy extra can change."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from earlier_pass import EXTRA, SEES_NO_EXTRA, sees_extras

ROOT = Path(__file__).parents[2]
#: Asks for a package that is heavy, or whether it is there.
ASKS = re.compile(
    r"import_heavy|find_spec|importlib\.metadata|^\s*(?:import|from) (?:torch|transformers|vllm|ray|trl)\b", re.M
)
#: ``cues/models.py`` looks for model files in packages; the tests of the other name vLLM, so they are repeated.
KNOWN = {"cues/models.py", "serving/upstreams/vllm_command.py"}


def test_the_folders_that_are_left_out_ask_for_no_extra() -> None:
    files = [file for folder in SEES_NO_EXTRA for file in (ROOT / folder).rglob("*.py")]
    assert len(files) > 200
    asks = {str(file.relative_to(ROOT)) for file in files if ASKS.search(file.read_text(encoding="utf-8"))}
    assert asks == KNOWN


@pytest.mark.parametrize(
    ("file", "sees"),
    [
        ("records/test_jsonl.py", False),
        ("serving/test_chat_relaying.py", False),
        ("serving/test_upstream_vllm.py", True),
        ("serving/test_hostile_crowd.py", True),  # by what it uses of tests/support
        ("cues/test_voice_measures.py", True),
        ("training/test_train_settings.py", True),
        ("cli/test_doctor.py", True),
        ("house/test_packaging.py", True),
    ],
)
def test_files_that_name_an_extra_or_use_what_does_are_repeated(file: str, sees: bool) -> None:
    assert sees_extras(ROOT / "tests" / file) is sees


def test_every_extra_of_the_second_pass_is_known() -> None:
    for name in (
        "torch",
        "vllm",
        "peft",
        "trl",
        "ray",
        "datasets",
        "parselmouth",
        "opensmile",
        "EMOREASON_RESEARCH_DATA",
    ):
        assert EXTRA.search(f'pytest.importorskip("{name}")')


def test_what_passed_is_left_out_and_what_did_not_is_not(tmp_path: Path) -> None:
    def ran(*options: str) -> str:
        chosen = ["tests/records/test_jsonl.py", "tests/house/test_earlier_pass.py", "-k", "jsonl or is_known"]
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *chosen, *options]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    note = tmp_path / "passed.txt"
    ran(f"--note-passed={note}")
    names = note.read_text().splitlines()
    repeated = [name for name in names if name.startswith("tests/house/")]
    assert 0 < len(repeated) < len(names) - 5
    note.write_text("".join(f"{name}\n" for name in names[1:]))  # the first did not pass
    assert f"{len(repeated) + 1} passed" in ran(f"--leave-out={note}")
