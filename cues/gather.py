"""Gathering: one clip through every extractor, in one pass, and what could not be observed said aloud.

``gather_cues`` works in this process; for files from others use ``gather_in_child`` and ``gather_many``, which run it
in a process that may die. An extractor that lacks a package or a model, or that fails, is a gap of its modality; the
others go on.
"""

import re
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from itertools import takewhile
from typing import Any, Final

from ..errors import MediaError
from ..records import Clip, Cue, CueSet, Gap
from ..records.labels import MODALITIES, GapReason
from .child import Progress, Task
from .container import StrPath
from .extractor import Frame, Job, Settings, Stream
from .gathered import Gathered, to_wire
from .limits import LimitError, Limits, core_count
from .media import DecodeReport, probe, read_audio, read_frames
from .running import EXTRACTORS, Running, start, with_imports
from .sandbox import gather_in_child, gather_many
from .sidecar import read_sidecar
from .speech.annotation import read_annotation

__all__ = ["DEFAULT", "EXTRACTORS", "Gathered", "gather_cues", "gather_in_child", "gather_many"]

#: Names of the extractors that run when none are named, in this order.
DEFAULT: Final[tuple[str, ...]] = tuple(EXTRACTORS)

#: A track that ends this much earlier than the file declares is damaged; less is rounding of headers.
_MISSING_S: Final = 1.0
#: Headers may misjudge the length by this much before what was decoded is believed instead.
_LENGTH_ERROR_S: Final = 0.1
_PROGRESS_EVERY_S: Final = 0.5


def gather_cues(
    path: StrPath,
    *,
    settings: Settings | None = None,
    extractors: Sequence[str] = DEFAULT,
    limits: Limits | None = None,
    progress: Progress | None = None,
) -> Gathered:
    """Extract the cues of one clip in this process.

    Parameters
    ----------
    path : str or path
        Video, audio file or picture.
    settings : Settings, optional
        What the user asked of extraction. Without a transcript, ``clip.srt``, ``.vtt``, ``.txt``, ``.eaf`` or
        ``.TextGrid`` beside the clip is taken.
    extractors : sequence of str
        Names of :data:`EXTRACTORS`, ``package.module:Class`` or ``file.py:Class``; they run in this order.
    limits : Limits, optional
        What the clip may cost. Time and memory are only enforced in a child process.
    progress : callable, optional
        Called with the clip and the seconds of it that have been looked at, now and then.

    Raises
    ------
    MediaError
        The clip cannot be read or breaks a limit.
    ConfigError
        An extractor is named that does not exist.
    """
    limits = limits or Limits()
    clip = probe(path, limits)
    settings, gaps = _with_sidecar(path, settings or Settings())
    limits = replace(limits, threads=limits.threads or core_count())
    job = Job(clip, settings, threads=limits.threads or 1)
    pass_ = _Pass(path, job, limits, progress or (lambda clip, time_s: None))
    pass_.progress(clip, 0.0)
    gaps += pass_.run([start(name) for name in with_imports(extractors, settings)])
    found = pass_.job.found
    cueset = CueSet(
        clip=_with_transcript(pass_.measured_clip(), settings, found.cues),
        cues=tuple(sorted(found.cues, key=_cue_order)),
        gaps=tuple(sorted(dict.fromkeys((*found.gaps, *gaps)), key=_gap_order)),
    )
    curves = tuple(sorted(found.curves, key=lambda curve: (curve.modality, curve.subject or "", curve.code)))
    return Gathered(cueset=cueset, curves=curves, seconds=pass_.seconds)


def gather_task(task: Task) -> dict[str, Any]:
    """Do what ``sandbox.py`` asks for, in the child process: :func:`gather_cues`, in and out as JSON values."""
    settings = dict(task.arguments["settings"])
    if settings["speaker_baseline"] is not None:
        settings["speaker_baseline"] = {name: tuple(norm) for name, norm in settings["speaker_baseline"].items()}
    gathered = gather_cues(
        task.path,
        settings=Settings(**settings),
        extractors=task.arguments["extractors"],
        limits=task.limits,
        progress=task.tell,
    )
    return to_wire(gathered)


class _Pass:
    """One pass over one clip: sound first, then the pictures in order of time."""

    def __init__(self, path: StrPath, job: Job, limits: Limits, progress: Progress) -> None:
        self.job = job
        self.progress = progress
        self.seconds: dict[str, float] = {}
        self._path = path
        self._limits = limits
        self._broken: list[tuple[Stream, MediaError]] = []
        self._end_s = 0.0

    def run(self, runnings: list[Running]) -> list[Gap]:
        """Run the extractors; return what could not be observed beside what they say themselves."""
        gaps: list[Gap] = []
        active: list[Running] = []
        for running in runnings:
            missing = _missing_track(running, self.job)
            if missing is None:
                running.begin(self.job)
                active.append(running)
            else:
                gaps.append(missing)
        gaps += self._hear([running for running in active if "audio" in running.needs])
        # What needs no picture, and follows nothing that does, is measured beside the pictures.
        early = list(takewhile(lambda running: "frames" not in running.needs, active))
        with _beside(lambda: self._finish(early), self.job.threads):
            gaps += self._see([running for running in active if "frames" in running.needs])
        if len(self._broken) == (self.job.clip.has_video or False) + (self.job.clip.has_audio or False):
            raise self._broken[0][1]
        self._finish(active[len(early) :])
        return gaps + [running.gap for running in runnings if running.gap is not None]

    def _finish(self, runnings: Sequence[Running]) -> None:
        """Collect what extractors found, each knowing what those before it found."""
        for running in runnings:
            self.job.found += running.finish(self.job)
            self.seconds[running.short_name] = round(running.seconds, 4)

    def measured_clip(self) -> Clip:
        """Clip with its length as decoded where the headers (of formats that only estimate it) said less."""
        clip = self.job.clip
        if clip.duration_s and self._end_s > clip.duration_s + _LENGTH_ERROR_S:
            return replace(clip, duration_s=round(self._end_s, 6))
        return clip

    def _hear(self, runnings: list[Running]) -> list[Gap]:
        if not runnings or not self.job.clip.has_audio:
            return []
        report = DecodeReport()
        began = time.perf_counter()
        try:
            audio = read_audio(self._path, self._limits, report=report)
        except LimitError:
            raise
        except MediaError as error:
            return self._cannot_read("audio", error, runnings)
        finally:
            self._add_decoding(began)
        self._end_s = max(self._end_s, report.end_s)
        for running in runnings:
            if audio is not None:
                running.hear(audio)
        return [gap for running in runnings for gap in _damage(running, "audio", report)]

    def _see(self, runnings: list[Running]) -> list[Gap]:
        if not runnings or not self.job.clip.has_video:
            return []
        report = DecodeReport()
        told_s = 0.0
        try:
            with closing(_timed(self._path, self._limits, report, self._add_decoding)) as frames:
                for frame in frames:
                    for running in runnings:
                        running.see(frame)
                    if time.monotonic() - told_s > _PROGRESS_EVERY_S:
                        told_s = time.monotonic()
                        self.progress(self.job.clip, frame.time_s)
                    if all(running.gap is not None for running in runnings):
                        return []  # nobody is looking any more
        except LimitError:
            raise
        except MediaError as error:
            return self._cannot_read("frames", error, runnings)
        self._end_s = max(self._end_s, report.end_s)
        return [gap for running in runnings for gap in _damage(running, "video", report)]

    def _cannot_read(self, stream: Stream, error: MediaError, runnings: list[Running]) -> list[Gap]:
        """One broken track is a gap while there is another; ``run`` refuses the clip when none is left."""
        self._broken.append((stream, error))
        return [Gap(modality=running.modality, reason="damaged", detail=str(error)) for running in runnings]

    def _add_decoding(self, began: float) -> None:
        self.seconds["decode"] = round(self.seconds.get("decode", 0.0) + time.perf_counter() - began, 4)


@contextmanager
def _beside(work: Callable[[], None], threads: int) -> Iterator[None]:
    """Do some work while the block runs; before it where a clip has one thread only."""
    if threads < 2:
        work()
        yield
        return
    with ThreadPoolExecutor(1, "emoreason-listen") as helper:
        done = helper.submit(work)
        yield
    done.result()


def _timed(
    path: StrPath, limits: Limits, report: DecodeReport, add: Callable[[float], None]
) -> Generator[Frame, None, None]:
    """Frames of a clip, with the time spent waiting for each of them counted."""
    with closing(read_frames(path, limits, report=report)) as frames:
        while True:
            began = time.perf_counter()
            frame = next(frames, None)
            add(began)
            if frame is None:
                return
            yield frame


def _with_sidecar(path: StrPath, settings: Settings) -> tuple[Settings, list[Gap]]:
    if settings.transcript is not None:
        return settings, []
    if settings.transcript_file is not None:
        said = read_annotation(settings.transcript_file, settings.transcript_tiers)
        return replace(settings, transcript=said), []
    try:
        return replace(settings, transcript=read_sidecar(path, settings.transcript_tiers)), []
    except MediaError as error:
        return settings, [Gap(modality="speech", reason="no_transcript", detail=str(error))]


def _missing_track(running: Running, job: Job) -> Gap | None:
    """Gap of an extractor none of whose streams the clip has; None when it can work."""
    has: dict[Stream, bool] = {
        "frames": bool(job.clip.has_video),
        "audio": bool(job.clip.has_audio),
        "transcript": job.settings.transcript is not None,
    }
    if running.gap is not None or not running.needs or any(has[stream] for stream in running.needs):
        return None
    reason: GapReason = "no_video_track" if "frames" in running.needs else "no_audio_track"
    return Gap(modality=running.modality, reason=reason)


def _damage(running: Running, track: str, report: DecodeReport) -> list[Gap]:
    """Gap for the part of a track that is missing or could not be decoded."""
    if report.missing_s > _MISSING_S and report.declared_s is not None:
        detail = f"the {track} ends {report.missing_s:.1f} s before the end that the file declares"
        return [
            Gap(
                modality=running.modality,
                reason="damaged",
                start_s=round(report.end_s, 6),
                end_s=round(report.declared_s, 6),
                detail=detail,
            )
        ]
    if report.damaged:
        why = "; ".join(sorted(report.reasons))
        detail = f"of the {track}, {report.damaged} part(s) could not be decoded and were left out ({why})"
        return [Gap(modality=running.modality, reason="damaged", detail=detail)]
    return []


def _with_transcript(clip: Clip, settings: Settings, cues: Sequence[Cue]) -> Clip:
    """Clip with the words of the transcript that was given, as the speech extractor read it."""
    said = [cue.text for cue in cues if cue.modality == "speech" and cue.code == "utterance" and cue.text]
    if settings.transcript is None or not said:
        return clip
    return replace(clip, transcript=" ".join(said))


def _cue_order(cue: Cue) -> tuple[float, list[tuple[int, str]]]:
    """By start (cues without one first), then by id with its numbers compared as numbers."""
    parts = [(int(part), "") if part.isdigit() else (-1, part) for part in re.split(r"(\d+)", cue.id)]
    return (-1.0 if cue.start_s is None else cue.start_s), parts


def _gap_order(gap: Gap) -> tuple[int, float, str, str]:
    start_s = -1.0 if gap.start_s is None else gap.start_s
    return MODALITIES.index(gap.modality), start_s, gap.reason, gap.subject or ""
