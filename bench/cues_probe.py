"""One measured run, in a process of its own: ``python bench/cues_probe.py {gather|child|decode|facemesh} CLIP [FPS]``.

Prints one JSON object: ``wall_s`` (the work alone: the tool's own import excluded; loading models, and what is
imported while working, included), ``cpu_s`` of the same span, ``stages``, and ``peak_rss_mb`` of the whole process.
``gather`` works in this process; ``child`` the way the command does, in a process that may die, whose own peak is
``child_peak_rss_mb``. ``facemesh`` imports nothing of emoreason: it runs in MediaPipe's own environment.
"""

import json
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Report = dict[str, Any]


def decoded(path: str) -> Iterator[Any]:
    """All pictures of a clip, RGB, decoded by one thread: the plain way."""
    import av

    with av.open(path) as container:
        container.streams.video[0].thread_count = 1
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")


def decode(path: str, max_fps: float) -> Report:
    """Decode to RGB and look at nothing."""
    for _ in decoded(path):
        pass
    return {"stages": {}}


def gather(path: str, max_fps: float) -> Report:
    """Every cue of the clip; seconds per extractor."""
    from emoreason.cues.gather import gather_cues
    from emoreason.cues.limits import Limits

    return said(gather_cues(path, limits=Limits(max_fps=max_fps, max_duration_s=36_000)))


def child(path: str, max_fps: float) -> Report:
    """Every cue of the clip, as the command extracts them; the largest memory of any child process."""
    from emoreason.cues.gather import gather_in_child
    from emoreason.cues.limits import Limits

    with Watch() as watch:
        gathered = gather_in_child(path, limits=Limits(max_fps=max_fps, max_duration_s=36_000))
    return {**said(gathered), "child_peak_rss_mb": watch.peak_mb}


def said(gathered: Any) -> Report:
    """Seconds per extractor; refuses figures of a run in which a part was missing."""
    missing = {gap.reason for gap in gathered.cueset.gaps} & {"missing_model", "missing_package", "extractor_failed"}
    if missing:
        raise SystemExit(f"a stage did not run ({', '.join(sorted(missing))}); see: emoreason doctor")
    return {"stages": dict(gathered.seconds), "n_cues": len(gathered.cueset.cues), "n_curves": len(gathered.curves)}


def facemesh(path: str, max_fps: float) -> Report:
    """MediaPipe's FaceMesh with iris on the same frames (tracking, one face)."""
    import mediapipe

    spent = 0.0
    with mediapipe.solutions.face_mesh.FaceMesh(refine_landmarks=True, max_num_faces=1) as mesh:
        for image in decoded(path):
            began = time.perf_counter()
            mesh.process(image)
            spent += time.perf_counter() - began
    return {"stages": {"face": spent}}


def warm(name: str) -> None:
    """Import what the run is made of, so that the first import is not timed as work."""
    import av  # noqa: F401

    if name in ("gather", "child"):
        import emoreason.cues.face
        import emoreason.cues.gather
        import emoreason.cues.scene
        import emoreason.cues.speech
        import emoreason.cues.voice  # noqa: F401
    elif name == "facemesh":
        import mediapipe  # noqa: F401


class Watch:
    """Looks at the memory of all child processes, and theirs, while the block runs (0 where there is no /proc)."""

    def __enter__(self) -> "Watch":
        self.peak_mb = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(0.25):
            self.peak_mb = max([self.peak_mb, *(peak_rss_mb(pid) for pid in children("self"))])


def children(pid: str) -> Iterator[str]:
    """Process numbers of all descendants (Linux)."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found = task.read_text().split()
        except OSError:
            continue
        for one in found:
            yield one
            yield from children(one)


def peak_rss_mb(pid: str = "self") -> float:
    """Largest resident memory of a process so far, MiB; 0 when it has ended."""
    try:
        # Linux hands the parent's ru_maxrss down to a child; VmHWM starts anew with the program.
        return int(Path(f"/proc/{pid}/status").read_text().split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        if pid != "self":
            return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Run one measurement."""
    name, path, *rest = sys.argv[1:]
    runs: dict[str, Callable[[str, float], Report]] = {
        "decode": decode,
        "gather": gather,
        "child": child,
        "facemesh": facemesh,
    }
    warm(name)
    wall, cpu = time.perf_counter(), time.process_time()
    report = runs[name](path, float(rest[0]) if rest else 30.0)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    sys.stdout.write(json.dumps({"wall_s": wall, "cpu_s": cpu, **report, "peak_rss_mb": peak_rss_mb()}) + "\n")


if __name__ == "__main__":
    main()
