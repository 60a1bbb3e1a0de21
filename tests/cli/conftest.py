"""A scripted engine as a plug-in file, cue lines, and ways to run the command."""

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ENGINE_SOURCE = '''
from emoreason.errors import ModelOutputError
from emoreason.prompts.contract import write_answer
from emoreason.reasoning.engines import Reply

SHARES = dict(happiness=0.71, sadness=0.02, anger=0.03, fear=0.04, surprise=0.1, disgust=0.01, neutral=0.09)


class Scripted:
    """Cites every cue; refuses the clip called refused, breaks on the one called broken, abstains on thin."""

    name = "scripted"
    model = "scripted/1"

    def answer(self, request):
        cueset = request.cueset
        if cueset.clip.id == "refused":
            raise ModelOutputError("the engine has nothing to say about it")
        if cueset.clip.id == "broken":
            raise ZeroDivisionError("a mistake of the plug-in")
        seen = [f"- Cue {cue.code} is seen [{cue.id}]." for cue in cueset.cues]
        lines = ["Observations:", *seen, "Interpretation: It looks glad.", "Conclusion: happiness."]
        answer = {
            "labels": [{"label": "happy", "cues": [cue.id for cue in cueset.cues][:1]}],
            "emotions": [{"label": label, "probability": share} for label, share in SHARES.items()],
            "valence": 0.6,
            "arousal": 0.3,
            "action_units": ["AU12"],
            "alternatives": [{"label": "surprised", "reason": "the brows are raised too"}],
        }
        if cueset.clip.id == "thin":
            answer |= {"abstained": True, "abstain_reason": "one weak cue only"}
        return Reply(text=write_answer("\\n".join(lines), answer), notes=("scripted for a test",))
'''

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def engine(tmp_path: Path) -> str:
    """Name of the scripted engine, as ``--engine`` takes it."""
    path = tmp_path / "scripted.py"
    path.write_text(ENGINE_SOURCE, encoding="utf-8")
    return f"{path}:Scripted"


def _cue_line(clip: str) -> str:
    """One CueSet as another tool may write it: a smile from 1.2 to 2.8 s, no frown, no sound."""
    cues = [
        {"id": "face1.AU12.1", "code": "AU12", "value": 4.1, "start_s": 1.2, "end_s": 2.8, "subject": "face1"},
        {"code": "AU4", "state": "absent"},
    ]
    gaps = [{"modality": "voice", "reason": "no_audio_track", "detail": "give a clip with sound"}]
    return json.dumps({"clip": clip, "cues": cues, "gaps": gaps})


@pytest.fixture
def cue_line() -> Callable[[str], str]:
    """Make a line of cues for a clip of that name."""
    return _cue_line


@pytest.fixture
def cue_file(tmp_path: Path) -> Path:
    """Two lines of cues."""
    path = tmp_path / "two.jsonl"
    path.write_text(f"{_cue_line('a.mp4')}\n{_cue_line('b.mp4')}\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def run_in() -> Run:
    """Run ``emoreason`` in a folder and a process of its own, with no purpose, no network and nothing in the cache."""
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("EMOREASON_")}
    inherited |= {"EMOREASON_OFFLINE": "1", "PYTHONIOENCODING": "utf-8", "OMP_NUM_THREADS": "1"}

    def run_command(
        folder: Path, *args: str | Path, env: dict[str, str] | None = None, stdin: str = ""
    ) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, "-m", "emoreason", *map(str, args)],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            env=inherited | {"XDG_CACHE_HOME": str(folder / "cache")} | (env or {}),
            cwd=folder,
            check=False,
            timeout=240,
        )

    return run_command


@pytest.fixture
def run(run_in: Run, tmp_path: Path) -> Run:
    """Run ``emoreason`` in a folder of the test's own; see ``run_in``."""
    return functools.partial(run_in, tmp_path)
