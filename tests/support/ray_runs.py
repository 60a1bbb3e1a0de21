"""Batches on Ray that can be killed, whole or a worker at a time.

Run as a program it is one run: ``python ray_runs.py OUT '{"media": DIR, "asked": FILE}'``.
"""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from batch_runs import SlowEngine, mixed_rows, plan_for

from emoreason.reasoning.batch.events import Event, Totals
from emoreason.reasoning.batch.ray import run_on_ray
from emoreason.records import Cue, CueSet, Reference, Score

#: Ray's own helpers, which look for their parent only now and then: about a minute.
AGENTS: Final = ("ray::DashboardAgent", "ray::RuntimeEnvAgent")
#: A small Ray.
SMALL: Final = {"num_cpus": 2, "object_store_memory": 200 << 20}


def describe(cueset: CueSet) -> CueSet:
    """Add what another model would have seen."""
    seen = Cue(id="scene.place.1", modality="scene", code="place", text="a kitchen")
    return replace(cueset, cues=(*cueset.cues, seen))


def score(text: str, cueset: CueSet, reference: Reference | None) -> Score | None:
    """Score by the number of cues."""
    return None if reference is None else Score(name="by cues", value=1.0 / (1 + len(cueset.cues)))


def processes(parent: int) -> dict[int, str]:
    """Process -> its command line, of everything that descends from a process."""
    parents, lines = {}, {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                status = (folder / "stat").read_text().rpartition(")")[2].split()
                lines[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
            except OSError:  # ended meanwhile
                continue
            parents[int(folder.name)] = int(status[1])

    def descends(process: int) -> bool:
        while process > 1:
            process = parents.get(process, 0)
            if process == parent:
                return True
        return False

    return {process: lines[process] for process in parents if process in lines and descends(process)}


def kill_worker(title: str) -> bool:
    """Kill a Ray worker of this process that is at something of that title; say whether there was one."""
    for process, line in processes(os.getpid()).items():
        if line.startswith("ray::") and title in line:
            os.kill(process, signal.SIGKILL)
            return True
    return False


def wait_for_end(alive: dict[int, str], seconds: float = 60.0) -> dict[int, str]:
    """Wait until processes have ended; return those that have not."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and (alive := {one: line for one, line in alive.items() if _runs(one, line)}):
        time.sleep(0.2)
    return alive


def _runs(process: int, line: str) -> bool:
    try:
        now = Path(f"/proc/{process}/cmdline").read_text().replace("\0", " ")
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    # Ray's workers change their titles; another program under the same number does not begin like this one.
    return state != "Z" and now[:5] == line[:5]


def start(out: Path, **options: Any) -> "subprocess.Popen[str]":
    """Start a run in a process of its own; it prints a line for every row."""
    return subprocess.Popen(
        [sys.executable, __file__, str(out), json.dumps(options, default=str)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "EMOREASON_OFFLINE": "1"},
    )


def main(out: str, text: str) -> None:
    options = json.loads(text)
    rows = mixed_rows(Path(options["media"]), options.get("count", 40))
    engine = partial(SlowEngine, options.get("seconds", 0.02), Path(options["asked"]))

    def tell(event: Event) -> None:
        print(event.kind, event.id or event.message or "", flush=True)  # noqa: T201 - read by the test

    totals: Totals = run_on_ray(rows, Path(out), plan_for(engine), address="local", on_event=tell, **SMALL)
    print(f"{totals.done_now + totals.failed_now} of {totals.rows} rows in this run")  # noqa: T201 - as above


if __name__ == "__main__":
    main(*sys.argv[1:])
