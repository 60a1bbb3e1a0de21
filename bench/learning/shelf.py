"""Results of a long experiment in files: what is there is not made again."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def say(text: str) -> None:
    """Tell how far it is."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


class Shelf:
    """Results in files, made once for the same plan."""

    def __init__(self, folder: Path, plan: list[dict[str, Any]]) -> None:
        self.folder, self.plan = folder, plan

    def result(self, name: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """Read a result, or make and keep it."""
        path = self.folder / f"{name}.json"
        if path.exists():
            kept: dict[str, Any] = json.loads(path.read_text())
            if kept["plan"] != self.plan:
                raise SystemExit(f"{path} comes from another plan; expected a new --out, or the folder removed")
            return kept
        cpu, wall = time.process_time(), time.perf_counter()
        made = make()
        seconds = {"cpu": time.process_time() - cpu, "wall": time.perf_counter() - wall}
        made = {"plan": self.plan, "seconds_taken": seconds, **made}
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(json.dumps(made))
        partial.replace(path)
        say(f"{name}: {seconds['cpu']:.0f} s of processor, {seconds['wall']:.0f} s of clock")
        return made

    def minutes(self) -> float:
        """Minutes of processor time that everything on the shelf took."""
        kept = (json.loads(path.read_text()) for path in sorted(self.folder.glob("seed*/*.json")))
        return float(sum(one["seconds_taken"]["cpu"] for one in kept)) / 60
