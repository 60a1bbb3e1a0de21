"""Speed and memory of cue extraction: ``python bench/cues.py [--repeats N] [--clips N] [--markdown]``.

A 10 s clip of 720p at 25 frames a second with one moving face and a voice goes, every frame of it, through all
extractors; beside it, in the same run and interleaved, through MediaPipe's own FaceMesh (mediapipe 0.10.21, in an
environment of its own that this script makes in a temporary folder) and through decoding alone. Then several clips
go through one process and through as many as there are cores.

Ratios are the result; milliseconds depend on the machine and on what else runs there.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "examples"))

from face_animation.media import write_video  # noqa: E402
from face_animation.scene import Actor, Pulse, Scene, talk  # noqa: E402
from face_animation.speech import synthesise  # noqa: E402

DURATION_S = 10.0
FACEMESH = ("mediapipe==0.10.21", "numpy<2", "av>=17.1")
#: py-feat on a CPU, frames a second, as published (a range over its model combinations); not measured here.
PY_FEAT_FPS = "2–13"


@dataclass(slots=True)
class Runs:
    """Repeats of one measurement."""

    rows: list[dict] = field(default_factory=list)

    def all(self, name: str) -> list[float]:
        """One figure of every repeat; stages by their name."""
        return [row[name] if name in row else row["stages"].get(name, 0.0) for row in self.rows]


def make_clip(path: Path) -> Path:
    """Ten seconds of a face that smiles, raises its brows, blinks and talks."""
    pulses = (
        Pulse("brow_raise", 0.1, 0.8, 1.3, 2.2),
        Pulse("smile", 0.14, 4.6, 5.4, 7.6, hold_s=1.2),
        *(Pulse("blink", 0.11, t, t + 0.12, t + 0.3) for t in (0.4, 3.0, 5.8, 8.9)),
        *talk(1.0, 4.2, amplitude=0.06),
        *talk(6.6, 8.6, amplitude=0.05, seed=1),
    )
    scene = Scene(duration_s=DURATION_S, width=1280, height=720, face_px=260, actors=(Actor(pulses),))
    voice = synthesise((6, 6, 8), f0_at=lambda t: 180 - 6 * t, pause_s=1.6, lead_s=0.9).samples
    return write_video(path, scene.frames(), 25, bit_rate=3_000_000, samples=voice[: int(16_000 * DURATION_S)])


def facemesh_python(folder: Path) -> Path | None:
    """Python of an environment with MediaPipe; None when it cannot be installed here."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *FACEMESH]
    done = subprocess.run(install, capture_output=True, text=True)
    if done.returncode:
        print(f"FaceMesh left out: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
        return None
    return python


def probe(python: Path | str, name: str, clip: Path) -> dict:
    """One run of ``cues_probe.py`` in a fresh process."""
    command = [str(python), str(HERE / "cues_probe.py"), name, str(clip)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{name} failed: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout)


def measure(clip: Path, mesh_python: Path | None, repeats: int) -> dict[str, Runs]:
    """Interleave the measurements, so that what else runs on the machine hits them alike; the first round is lost."""
    kinds = {"gather": sys.executable, "decode": sys.executable}
    if mesh_python:
        kinds["facemesh"] = str(mesh_python)
    runs = {name: Runs() for name in kinds}
    for repeat in range(repeats + 1):
        for name, python in kinds.items():
            row = probe(python, name, clip)
            if repeat:
                runs[name].rows.append(row)
    return runs


def measure_scaling(clip: Path, n_clips: int, repeats: int) -> dict[int, list[float]]:
    """Wall seconds for several clips at 1 and at all cores (child processes, as the command runs them)."""
    from emoreason.cues.gather import gather_many
    from emoreason.cues.sandbox import core_count

    seconds: dict[int, list[float]] = {1: [], core_count(): []}
    for repeat in range(repeats + 1):
        for jobs, walls in seconds.items():
            began = time.perf_counter()
            for result in gather_many([clip] * n_clips, jobs=jobs):
                if isinstance(result, Exception):
                    raise result
            if repeat:
                walls.append(time.perf_counter() - began)
    return seconds


def spread(values: list[float], unit: str = "", digits: int = 2) -> str:
    """Median and range."""
    middle, low, high = statistics.median(values), min(values), max(values)
    return f"{middle:.{digits}f}{unit} ({low:.{digits}f}–{high:.{digits}f})"


def ratio(above: list[float], below: list[float]) -> str:
    """Ratio of two measurements, repeat by repeat."""
    return spread([a / b for a, b in zip(above, below, strict=True)], "×")


def report(runs: dict[str, Runs], scaling: dict[int, list[float]], n_clips: int) -> str:
    """Markdown tables."""
    ours, decode = runs["gather"], runs["decode"]
    wall = ours.all("wall_s")
    names = sorted({name for row in ours.rows for name in row["stages"]})
    lines = ["| stage | seconds, median (range) | times real time |", "|---|---|---|"]
    lines += [f"| {n} | {spread(ours.all(n))} | {DURATION_S / statistics.median(ours.all(n)):.1f} |" for n in names]
    lines.append(f"| **all, wall clock** | {spread(wall)} | **{DURATION_S / statistics.median(wall):.1f}** |")
    lines.append(f"| all, processor time | {spread(ours.all('cpu_s'))} | |")
    lines += ["", "Decoding runs ahead in threads; its row is the time the extractors waited for it.", ""]
    lines += ["| comparison (same run, repeat by repeat) | ratio, median (range) |", "|---|---|"]
    lines.append(f"| all cues : decoding alone, wall | {ratio(wall, decode.all('wall_s'))} |")
    lines.append(f"| all cues : decoding alone, processor | {ratio(ours.all('cpu_s'), decode.all('cpu_s'))} |")
    if "facemesh" in runs:
        mesh = runs["facemesh"]
        lines.append(f"| face stage : FaceMesh with iris, wall | {ratio(ours.all('face'), mesh.all('face'))} |")
        lines.append(f"| all cues : decoding + FaceMesh, wall | {ratio(wall, mesh.all('wall_s'))} |")
        lines.append(f"| all cues : decoding + FaceMesh, processor | {ratio(ours.all('cpu_s'), mesh.all('cpu_s'))} |")
    cores = max(scaling)
    if cores > 1:
        lines.append(
            f"| {n_clips} clips: one process : {cores} processes, wall | {ratio(scaling[1], scaling[cores])} |"
        )
    fps = 25 * DURATION_S / statistics.median(wall)
    n = 25 * DURATION_S * n_clips / statistics.median(scaling[cores])
    lines += ["", f"Frames a second, all cues: {fps:.0f} on one clip, {n:.0f} over {n_clips} clips on {cores} cores. "]
    lines[-1] += f"py-feat publishes {PY_FEAT_FPS} frames a second on a CPU (not measured here)."
    lines += ["", f"Peak memory of the process: {spread(ours.all('peak_rss_mb'), ' MiB', 0)}; decoding alone "]
    lines[-1] += f"{spread(decode.all('peak_rss_mb'), ' MiB', 0)}"
    if "facemesh" in runs:
        lines[-1] += f", decoding + FaceMesh {spread(runs['facemesh'].all('peak_rss_mb'), ' MiB', 0)}"
    lines[-1] += "."
    return "\n".join(lines)


def verdict(runs: dict[str, Runs]) -> str:
    """Say whether the two targets are met or missed."""
    speed = DURATION_S / statistics.median(runs["gather"].all("wall_s"))
    peak = max(runs["gather"].all("peak_rss_mb"))
    targets = ((speed >= 2, f"{speed:.1f}× real time (target 2×)"), (peak < 1024, f"{peak:.0f} MiB (target < 1 GiB)"))
    return "; ".join(f"{'met' if met else 'MISSED'}: {text}" for met, text in targets)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="measured repeats after one that is thrown away")
    parser.add_argument("--clips", type=int, default=4, help="clips of the scaling measurement")
    parser.add_argument("--markdown", action="store_true", help="print the tables alone, for docs/benchmarks.md")
    parser.add_argument("--facemesh-python", help="Python of an environment that has mediapipe 0.10.21 already")
    parser.add_argument("--no-facemesh", action="store_true", help="leave the comparison with MediaPipe out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="emoreason-bench-") as folder:
        clip = make_clip(Path(folder, "clip.mp4"))
        python = None if options.no_facemesh else Path(options.facemesh_python or "")
        if python is not None and not options.facemesh_python:
            python = facemesh_python(Path(folder, "facemesh"))
        runs = measure(clip, python, options.repeats)
        scaling = measure_scaling(clip, options.clips, max(1, options.repeats // 2))
    print(report(runs, scaling, options.clips))
    print(f"\n{verdict(runs)}")
    if not options.markdown:
        print(json.dumps({name: one.rows for name, one in runs.items()}))


if __name__ == "__main__":
    main()
