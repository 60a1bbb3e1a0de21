"""The tables of ``cues.py``."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

from cues_scenes import DURATION_S, RATE_FPS

#: py-feat on a CPU, frames a second, as published (a range over its model combinations); not measured here.
PY_FEAT_FPS = "2–13"


@dataclass(slots=True)
class Runs:
    """Repeats of one measurement."""

    rows: list[dict] = field(default_factory=list)

    def all(self, name: str) -> list[float]:
        """One figure of every repeat; stages by their name."""
        return [row[name] if name in row else row["stages"].get(name, 0.0) for row in self.rows]

    @property
    def speed(self) -> float:
        """Times real time (median)."""
        return DURATION_S / statistics.median(self.all("wall_s"))


@dataclass(frozen=True, slots=True)
class Several:
    """Several clips with so many at a time: wall seconds and processor seconds."""

    jobs: int
    wall_s: float
    cpu_s: float


def spread(values: Sequence[float], unit: str = "", digits: int = 2) -> str:
    """Median and range."""
    middle, low, high = statistics.median(values), min(values), max(values)
    return f"{middle:.{digits}f}{unit} ({low:.{digits}f}–{high:.{digits}f})"


def ratio(above: Sequence[float], below: Sequence[float]) -> str:
    """Ratio of two measurements, repeat by repeat."""
    return spread([a / b for a, b in zip(above, below, strict=True)], "×")


def stages(ours: Runs) -> list[str]:
    """Where the time of one clip goes."""
    names = sorted({name for row in ours.rows for name in row["stages"]})
    lines = ["| stage | seconds, median (range) | times real time |", "|---|---|---|"]
    lines += [f"| {n} | {spread(ours.all(n))} | {DURATION_S / statistics.median(ours.all(n)):.1f} |" for n in names]
    lines.append(f"| **all, wall clock** | {spread(ours.all('wall_s'))} | **{ours.speed:.1f}** |")
    lines.append(f"| all, processor time | {spread(ours.all('cpu_s'))} | |")
    lines += ["", "Decoding runs ahead in threads; its row is the time the extractors waited for it. Speech and voice"]
    lines += ["are measured beside the pictures, so the rows add up to more than the wall clock.", ""]
    return lines


def speeds(runs: dict[str, Runs]) -> list[str]:
    """One line for each way to extract 10 s."""
    titles = {
        "gather": "one face, every frame, fresh process",
        "fewer": "one face, `--fps 12`, fresh process",
        "four": "four faces, every frame, fresh process",
        "command": "the whole command `emoreason cues CLIP`, start-up and worker included",
    }
    lines = ["| 10 s of 720p25 | wall, s | times real time |", "|---|---|---|"]
    lines += [f"| {titles[n]} | {spread(runs[n].all('wall_s'))} | **{runs[n].speed:.1f}** |" for n in titles]
    return [*lines, ""]


def comparisons(runs: dict[str, Runs]) -> list[str]:
    """Ratios to decoding alone and to MediaPipe."""
    ours, decode = runs["gather"], runs["decode"]
    wall = ours.all("wall_s")
    lines = ["| comparison (same run, repeat by repeat) | ratio, median (range) |", "|---|---|"]
    lines.append(f"| all cues : decoding alone, wall | {ratio(wall, decode.all('wall_s'))} |")
    lines.append(f"| all cues : decoding alone, processor | {ratio(ours.all('cpu_s'), decode.all('cpu_s'))} |")
    if "facemesh" in runs:
        mesh = runs["facemesh"]
        lines.append(f"| face stage : FaceMesh with iris, wall | {ratio(ours.all('face'), mesh.all('face'))} |")
        lines.append(f"| all cues : decoding + FaceMesh, wall | {ratio(wall, mesh.all('wall_s'))} |")
        lines.append(f"| all cues : decoding + FaceMesh, processor | {ratio(ours.all('cpu_s'), mesh.all('cpu_s'))} |")
    lines.append(f"| `--fps 12` : every frame, wall | {ratio(runs['fewer'].all('wall_s'), wall)} |")
    lines.append(f"| `--fps 12` : every frame, processor | {ratio(runs['fewer'].all('cpu_s'), ours.all('cpu_s'))} |")
    return [*lines, "", memory(runs), ""]


def memory(runs: dict[str, Runs]) -> str:
    """Peaks of each tool's process."""
    names = {"gather": "all cues", "four": "four faces", "decode": "decoding alone", "facemesh": "decoding + FaceMesh"}
    parts = [f"{text} {spread(runs[n].all('peak_rss_mb'), ' MiB', 0)}" for n, text in names.items() if n in runs]
    return f"Peak memory of the process: {', '.join(parts)}."


def scaling(results: Sequence[Several], n_clips: int, cores: int) -> list[str]:
    """Several clips, one at a time and as many as there are cores."""
    lines = [f"| {n_clips} clips of 10 s | wall, s | processor, s | cores kept busy | clips a minute |"]
    lines.append("|---|---|---|---|---|")
    jobs = sorted({one.jobs for one in results})
    walls = {n: [one.wall_s for one in results if one.jobs == n] for n in jobs}
    for n in jobs:
        cpu = [one.cpu_s for one in results if one.jobs == n]
        busy = [c / w for c, w in zip(cpu, walls[n], strict=True)]
        pace = 60 * n_clips / statistics.median(walls[n])
        lines.append(f"| `--jobs {n}` | {spread(walls[n])} | {spread(cpu)} | {spread(busy)} | {pace:.0f} |")
    if len(jobs) > 1:
        fps = RATE_FPS * DURATION_S * n_clips / statistics.median(walls[jobs[-1]])
        lines += ["", f"Gain of {jobs[-1]} at a time on {cores} cores: {ratio(walls[jobs[0]], walls[jobs[-1]])};"]
        lines[-1] += f" {fps:.0f} frames a second. py-feat publishes {PY_FEAT_FPS} on a CPU (not measured here)."
    return [*lines, ""]


def fewer_frames(results: dict[str, list]) -> list[str]:
    """Compare what 12 analysed frames a second find with what every frame showed."""
    lines = ["| scenes of known movements | events at 25 | also at 12 | lost | new | largest apex shift, s |"]
    lines.append("|---|---|---|---|---|---|")
    for kind, found in results.items():
        kept, lost, added = (sum(len(getattr(one, n)) for one in found) for n in ("kept", "lost", "added"))
        shift = max((s for one in found for s in one.shifts_s), default=0.0)
        lines.append(f"| {kind} ({len(found)}) | {kept + lost} | {kept} | {lost} | {added} | {shift:.3f} |")
    return [*lines, ""]


def long_clips(rows: dict[float, dict], max_fps: float) -> list[str]:
    """Memory over length."""
    lines = [f"| length, min (at most {max_fps:g} fps) | wall, s | times real time | parent, MiB | child, MiB | cues |"]
    lines.append("|---|---|---|---|---|---|")
    for minutes, row in rows.items():
        pace = 60 * minutes / row["wall_s"]
        memory = f"{row['peak_rss_mb']:.0f} | {row['child_peak_rss_mb']:.0f}"
        lines.append(f"| {minutes:g} | {row['wall_s']:.0f} | {pace:.1f} | {memory} | {row['n_cues']} |")
    peak = max(row["peak_rss_mb"] + row["child_peak_rss_mb"] for row in rows.values())
    return [*lines, "", verdict(peak < 1536, f"{peak:.0f} MiB of parent and child together (target < 1.5 GiB)")]


def verdict(met: bool, text: str) -> str:
    """One target."""
    return f"{'met' if met else 'MISSED'}: {text}"
