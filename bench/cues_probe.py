"""One measured run, in a process of its own: ``python bench/cues_probe.py {gather|decode|facemesh} CLIP``.

Prints one JSON object: ``wall_s`` (the work alone: imports, model loading and warm-up excluded where the tool lets
them be), ``cpu_s`` of the same span, ``stages`` and ``peak_rss_mb`` of the whole process. ``facemesh`` imports
nothing of emoreason: it runs in MediaPipe's own environment.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any


def decoded(path: str) -> Iterator[Any]:
    """All pictures of a clip, RGB, decoded by one thread: the plain way."""
    import av

    with av.open(path) as container:
        container.streams.video[0].thread_count = 1
        for frame in container.decode(video=0):
            yield frame.to_ndarray(format="rgb24")


def decode(path: str) -> dict[str, float]:
    """Decode to RGB and look at nothing."""
    for _ in decoded(path):
        pass
    return {}


def gather(path: str) -> dict[str, float]:
    """Every cue of the clip; seconds per extractor."""
    from emoreason.cues.gather import gather_cues

    gathered = gather_cues(path)
    missing = {gap.reason for gap in gathered.cueset.gaps} & {"missing_model", "missing_package", "extractor_failed"}
    if missing:
        raise SystemExit(f"a stage did not run ({', '.join(sorted(missing))}); see: emoreason doctor")
    return dict(gathered.seconds)


def facemesh(path: str) -> dict[str, float]:
    """MediaPipe's FaceMesh with iris on the same frames (tracking, one face)."""
    import mediapipe

    spent = 0.0
    with mediapipe.solutions.face_mesh.FaceMesh(refine_landmarks=True, max_num_faces=1) as mesh:
        for image in decoded(path):
            began = time.perf_counter()
            mesh.process(image)
            spent += time.perf_counter() - began
    return {"face": spent}


def warm(name: str, path: str) -> None:
    """Import what the run needs, so that the first import is not timed as work."""
    import av  # noqa: F401

    if name == "gather":
        import emoreason.cues.face
        import emoreason.cues.gather
        import emoreason.cues.scene
        import emoreason.cues.speech
        import emoreason.cues.voice  # noqa: F401
    elif name == "facemesh":
        import mediapipe  # noqa: F401


def peak_rss_mb() -> float:
    """Largest resident memory of this process so far, MiB."""
    status = Path("/proc/self/status")
    if status.exists():
        # Linux hands the parent's ru_maxrss down to a child; VmHWM starts anew with the program.
        return int(status.read_text().split("VmHWM:")[1].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024**2 if sys.platform == "darwin" else 1024)


def main() -> None:
    """Run one measurement."""
    name, path = sys.argv[1:]
    runs: dict[str, Callable[[str], dict[str, float]]] = {"decode": decode, "gather": gather, "facemesh": facemesh}
    warm(name, path)
    wall, cpu = time.perf_counter(), time.process_time()
    stages = runs[name](path)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = peak_rss_mb()
    sys.stdout.write(json.dumps({"wall_s": wall, "cpu_s": cpu, "stages": stages, "peak_rss_mb": peak}) + "\n")


if __name__ == "__main__":
    main()
