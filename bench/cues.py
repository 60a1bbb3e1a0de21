"""Speed and memory of cue extraction: ``python bench/cues.py [--repeats N] [--clips N] [--markdown]``.

A 10 s clip of 720p at 25 frames a second with one moving face and a voice goes, every frame of it, through all
extractors; beside it, in the same run and interleaved, through MediaPipe's own FaceMesh (mediapipe 0.10.21, in an
environment of its own that this script makes in a temporary folder) and through decoding alone; at 12 analysed frames
a second; with four faces; and through the whole command. Then several clips go one at a time and as many at a time as
there are cores, and scenes of known movements are watched at 25 and at 12 frames a second. ``--hour`` (or
``--minutes 5 10``) measures long clips instead: the same ten seconds again and again.

Ratios are the result; milliseconds depend on the machine and on what else runs there.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The tests' support first: its known_truth is meant, not the script of that name beside this one.
sys.path[:0] = [str(HERE.parent / "tests" / "support"), str(HERE.parent / "examples"), str(HERE)]

from cues_probe import children  # noqa: E402
from cues_scenes import four_faces, one_face, repeated  # noqa: E402
from cues_tables import (  # noqa: E402
    Runs,
    Several,
    comparisons,
    fewer_frames,
    long_clips,
    scaling,
    speeds,
    stages,
    verdict,
)  # fmt: skip

FACEMESH = ("mediapipe==0.10.21", "numpy<2", "av>=17.1")
HOUR = (5.0, 10.0, 20.0, 60.0)
FEWER_FPS = 12.0


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


def probe(python: Path | str, name: str, clip: Path, max_fps: float = 30.0) -> dict:
    """One run of ``cues_probe.py`` in a fresh process."""
    command = [str(python), str(HERE / "cues_probe.py"), name, str(clip), str(max_fps)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{name} failed: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout)


def command(clip: Path) -> dict:
    """Run the command as a user types it, from start to end."""
    began = time.perf_counter()
    done = subprocess.run([sys.executable, "-m", "emoreason", "cues", str(clip)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"emoreason cues failed: {done.stderr.strip().splitlines()[-1]}")
    return {"wall_s": time.perf_counter() - began, "stages": {}}


def measure(clip: Path, four: Path, mesh_python: Path | None, repeats: int) -> dict[str, Runs]:
    """Interleave the measurements, so that what else runs on the machine hits them alike; the first round is lost."""
    kinds = {
        "gather": lambda: probe(sys.executable, "gather", clip),
        "decode": lambda: probe(sys.executable, "decode", clip),
        "fewer": lambda: probe(sys.executable, "gather", clip, FEWER_FPS),
        "four": lambda: probe(sys.executable, "gather", four),
        "command": lambda: command(clip),
    }
    if mesh_python:
        kinds["facemesh"] = lambda: probe(mesh_python, "facemesh", clip)
    runs = {name: Runs() for name in kinds}
    for repeat in range(repeats + 1):
        for name, run in kinds.items():
            row = run()
            if repeat:
                runs[name].rows.append(row)
    return runs


def measure_scaling(clip: Path, n_clips: int, repeats: int) -> list[Several]:
    """Several clips one at a time and on all cores (child processes, as the command runs them), interleaved."""
    from emoreason.cues.gather import gather_many
    from emoreason.cues.limits import core_count

    results = []
    for repeat in range(repeats + 1):
        for jobs in sorted({1, core_count()}):
            wall, cpu = time.perf_counter(), _workers_cpu_s()
            for result in gather_many([clip] * n_clips, jobs=jobs):
                if isinstance(result, Exception):
                    raise result
            if repeat:
                results.append(Several(jobs, time.perf_counter() - wall, _workers_cpu_s() - cpu))
    return results


def _workers_cpu_s() -> float:
    """Processor seconds of all worker processes and of the children they have waited for (0 without /proc)."""
    total = 0
    for pid in children("self"):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += sum(int(field) for field in fields[11:15])
    return total / os.sysconf("SC_CLK_TCK")


def measure_fewer_frames(number: int) -> dict[str, list]:
    """Events at every frame against events at 12 frames a second, by kind of scene."""
    from fewer_frames import compared, quick_blinks, several_movements, single_movements, talking

    results: dict[str, list] = {}
    drawn = chain(
        single_movements(number), quick_blinks(2 * number), several_movements(number), talking((number + 1) // 2)
    )
    for kind, scene in drawn:
        results.setdefault(kind.replace("_", " "), []).append(compared(*scene))
    return results


def measure_long(clip: Path, folder: Path, minutes: list[float], max_fps: float) -> dict[float, dict]:
    """Long clips, each in a fresh process; a line on stderr as each is done."""
    rows = {}
    for length in minutes:
        path = repeated(clip, folder / "long.mp4", length)
        rows[length] = probe(sys.executable, "child", path, max_fps)
        path.unlink()
        print(f"{length:g} min: {json.dumps(rows[length])}", file=sys.stderr, flush=True)
    return rows


def report(options: argparse.Namespace, folder: Path) -> Iterator[str]:
    """Measure, and write the tables, each as soon as it is known."""
    from emoreason.cues.limits import core_count

    clip = one_face(folder / "clip.mp4")
    if options.minutes:
        yield from long_clips(measure_long(clip, folder, options.minutes, options.fps), options.fps)
        return
    python = None if options.no_facemesh else Path(options.facemesh_python or "")
    if python is not None and not options.facemesh_python:
        python = facemesh_python(folder / "facemesh")
    runs = measure(clip, four_faces(folder / "four.mp4"), python, options.repeats)
    yield from (*speeds(runs), *stages(runs["gather"]), *comparisons(runs))
    several = measure_scaling(clip, options.clips, max(1, options.repeats // 2))
    yield from scaling(several, options.clips, core_count())
    if options.scenes:
        yield from fewer_frames(measure_fewer_frames(options.scenes))
    one, four = runs["gather"].speed, runs["four"].speed
    peak = max(runs["gather"].all("peak_rss_mb"))
    yield verdict(one >= 3, f"one face {one:.1f}× real time (target 3×)")
    yield verdict(four >= 1, f"four faces {four:.1f}× real time (target 1×)")
    yield verdict(peak < 1024, f"{peak:.0f} MiB (target < 1 GiB)")
    if not options.markdown:
        yield json.dumps({name: one.rows for name, one in runs.items()})


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="measured repeats after one that is thrown away")
    parser.add_argument("--clips", type=int, default=6, help="clips of the scaling measurement")
    parser.add_argument("--scenes", type=int, default=8, help="drawn scenes of each kind at 12 fps; 0: none")
    parser.add_argument("--markdown", action="store_true", help="print the tables alone, for docs/benchmarks.md")
    parser.add_argument("--facemesh-python", help="Python of an environment that has mediapipe 0.10.21 already")
    parser.add_argument("--no-facemesh", action="store_true", help="leave the comparison with MediaPipe out")
    parser.add_argument("--minutes", type=float, nargs="+", metavar="N", help="measure clips of this length instead")
    parser.add_argument("--hour", dest="minutes", action="store_const", const=[*HOUR], help=f"--minutes {HOUR}")
    parser.add_argument("--fps", type=float, default=30.0, help="frames analysed per second of long clips, at most")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="emoreason-bench-") as folder:
        for line in report(options, Path(folder)):
            print(line, flush=True)


if __name__ == "__main__":
    main()
