"""SceneExtractor: shots, keyframes, and how bright, colourful, moving and peopled the picture is in each shot.

Level words come from fixed thresholds (``LEVELS``): colourfulness from the categories of Hasler and Süsstrunk (2003,
"Measuring colourfulness in natural images", table 2); brightness and motion are our own even grading.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from ..records import Cue, Curve, Gap
from ..records.labels import parse_action_unit
from .extractor import Audio, Extraction, Frame, Job, Stream
from .shots import SIZE, CutFinder
from .wording import action_unit_table

NAME: Final = "emoreason.scene"
VERSION: Final = "1"
SOURCE: Final = f"{NAME}/{VERSION}"

WORDS: Final = ("very_low", "low", "normal", "high", "very_high")
#: Code -> upper edges of the first four level words. Brightness: mean luma, 0-1. Colourfulness: Hasler-Süsstrunk M
#: (15 slightly, 33 moderately, 59 quite, 82 highly). Motion: mean optical flow, % of the picture's width per second.
LEVELS: Final[dict[str, tuple[float, float, float, float]]] = {
    "brightness": (0.10, 0.25, 0.65, 0.85),
    "colourfulness": (15.0, 33.0, 59.0, 82.0),
    "motion": (1.5, 6.0, 20.0, 60.0),
}
_UNITS: Final = {"brightness": "0-1", "colourfulness": None, "motion": "%/s"}
#: Brightness, colourfulness and motion are sampled this often; cuts are looked for in every frame.
_SAMPLE_S: Final = 0.2
_WIDTH_PX: Final = 96
#: Below this, even the brightest twentieth of the picture is too dark to see a face's movements in.
_DARK: Final = 0.25
#: Sum of AU intensities (0-5 each) from which a face counts as having an apex.
_MIN_APEX: Final = 1.0
#: A number of faces counts when it is seen in this share of a shot's frames.
_MIN_SHARE: Final = 0.1

Picture = npt.NDArray[np.uint8]


@dataclass(slots=True)
class _Sample:
    time_s: float
    brightness: float
    highlight: float
    colourfulness: float
    motion: float | None = None


@dataclass(frozen=True, slots=True)
class Shot:
    """One shot: its number from 1, first frame's time and end, in seconds."""

    number: int
    start_s: float
    end_s: float

    def holds(self, time_s: float) -> bool:
        """Whether a moment lies in the shot (a picture is a shot of no length)."""
        return self.start_s <= time_s < self.end_s or time_s == self.start_s


class SceneExtractor:
    """Describes the picture shot by shot. Runs last: the keyframe is the apex of the faces that were found."""

    name = NAME
    version = VERSION
    needs: frozenset[Stream] = frozenset({"frames"})

    def __init__(self) -> None:
        self._reset()

    def _reset(self) -> None:
        self._finder = CutFinder()
        self._times_s = array("d")
        self._samples: list[_Sample] = []
        self._flow_from: Picture | None = None

    def begin(self, job: Job) -> None:
        """Forget the last clip; there are no models to load."""
        self._reset()

    def hear(self, audio: Audio) -> None:
        """Sound says nothing about the picture."""

    def see(self, frame: Frame) -> None:
        """Look for a cut, and sample the measures five times a second."""
        small = _small(frame.image)
        self._finder.add(frame.time_s, cv2.resize(small, SIZE, interpolation=cv2.INTER_AREA).astype(np.uint8))
        if self._flow_from is not None:
            self._measure_motion(frame.time_s, small)
        if not self._samples or frame.time_s - self._samples[-1].time_s >= _SAMPLE_S - 1e-6:
            luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY).astype(np.uint8)
            highlight = float(np.percentile(luma, 95)) / 255
            self._samples.append(_Sample(frame.time_s, float(luma.mean()) / 255, highlight, colourfulness(small)))
            self._flow_from = luma
        self._times_s.append(frame.time_s)

    def _measure_motion(self, time_s: float, small: Picture) -> None:
        """Flow from the sampled frame to the one right after it."""
        luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
        flow = cv2.calcOpticalFlowFarneback(self._flow_from, luma, None, 0.5, 3, 11, 2, 5, 1.1, 0)  # type: ignore[call-overload]
        moved_px = float(np.hypot(flow[..., 0], flow[..., 1]).mean())
        self._samples[-1].motion = 100 * moved_px / luma.shape[1] / (time_s - self._times_s[-1])
        self._flow_from = None

    def finish(self, job: Job) -> Extraction:
        """Cues of every shot, gaps where it is dark, curves of brightness and motion."""
        if not self._times_s:
            return Extraction()
        self._finder.end()
        shots = find_shots(np.asarray(self._times_s), self._finder.cuts_s)
        effort = _facial_effort(job.found.curves)
        cues: list[Cue] = []
        gaps: list[Gap] = []
        for shot in shots:
            samples = [sample for sample in self._samples if shot.holds(sample.time_s)]
            cues += [_cue(shot, "shot"), self._keyframe(shot, effort), *_measures(shot, samples)]
            cues += _faces(shot, job.found.curves)
            gaps += _dark(shot, samples)
        if any((gap.modality, gap.reason) == ("face", "low_light") for gap in job.found.gaps):
            gaps = []  # the face extractor has said so of the very faces
        return Extraction(cues=tuple(cues), gaps=tuple(gaps), curves=self._curves())

    def _keyframe(self, shot: Shot, effort: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]) -> Cue:
        """Frame with the strongest facial action that is neither speech nor blink; else the middle of the shot."""
        times_s, sums = effort
        inside = (times_s >= shot.start_s) & (times_s < max(shot.end_s, shot.start_s + 1e-9))
        apex_s: float | None = None
        if inside.any() and sums[inside].max() >= _MIN_APEX:
            apex_s = float(times_s[inside][np.argmax(sums[inside])])
        frames_s = np.asarray(self._times_s)
        wanted_s = (shot.start_s + shot.end_s) / 2 if apex_s is None else apex_s
        moment_s = float(frames_s[np.argmin(np.abs(frames_s - wanted_s))])
        return _cue(shot, "keyframe", start_s=moment_s, end_s=moment_s, apex_s=None if apex_s is None else moment_s)

    def _curves(self) -> tuple[Curve, ...]:
        times_s = tuple(sample.time_s for sample in self._samples)
        brightness = tuple(sample.brightness for sample in self._samples)
        motion = tuple(sample.motion for sample in self._samples)
        return (
            Curve(modality="scene", code="brightness", times_s=times_s, values=brightness, unit="0-1"),
            Curve(modality="scene", code="motion", times_s=times_s, values=motion, unit="%/s"),
        )


def colourfulness(picture: Picture) -> float:
    """Hasler and Süsstrunk's M of an RGB picture: 0 grey, 15 slightly, 33 moderately, 59 quite, 109 extremely.

    Examples
    --------
    >>> colourfulness(np.full((4, 4, 3), 128, np.uint8))
    0.0
    """
    red, green, blue = (part.astype(np.float32) for part in cv2.split(picture))
    red_green = red - green
    yellow_blue = (red + green) / 2 - blue
    spread = np.hypot(red_green.std(), yellow_blue.std())
    centre = np.hypot(red_green.mean(), yellow_blue.mean())
    return float(spread + 0.3 * centre)


def level_of(code: str, value: float) -> str:
    """Level word of a measure.

    Examples
    --------
    >>> level_of("brightness", 0.4)
    'normal'
    """
    return WORDS[sum(value >= edge for edge in LEVELS[code])]


def find_shots(times_s: npt.NDArray[np.float64], cuts_s: Sequence[float]) -> list[Shot]:
    """Shots between the cuts; the last one ends one frame after the last frame's time."""
    step_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.0
    edges = [float(times_s[0]), *cuts_s, float(times_s[-1]) + step_s]
    return [Shot(index, round(edges[index - 1], 6), round(edges[index], 6)) for index in range(1, len(edges))]


def _small(image: Picture) -> Picture:
    """Picture of about 96 columns; its proportions may be off by a fifth, which nothing here minds."""
    factor = max(1, image.shape[1] // _WIDTH_PX)
    # Averaging every pixel would cost more than all the rest; four lines of each block do. OpenCV is quick only at
    # whole factors, so the picture is cut to a multiple of them.
    lines = image[:: max(1, factor // 4)]
    down = min(4, factor)
    height, width = max(1, lines.shape[0] // down), image.shape[1] // factor
    block = lines[: height * down, : width * factor]
    return np.asarray(cv2.resize(block, (width, height), interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _cue(
    shot: Shot,
    code: str,
    *,
    value: float | None = None,
    start_s: float | None = None,
    end_s: float | None = None,
    apex_s: float | None = None,
) -> Cue:
    return Cue(
        id=f"scene.{code}.{shot.number}",
        modality="scene",
        code=code,
        value=value,
        unit=_UNITS.get(code),
        level=None if value is None else level_of(code, value),
        start_s=shot.start_s if start_s is None else start_s,
        end_s=shot.end_s if end_s is None else end_s,
        apex_s=apex_s,
        source=SOURCE,
    )


def _measures(shot: Shot, samples: Sequence[_Sample]) -> list[Cue]:
    """Medians over the shot. A flow that was measured across a cut is an outlier that the median passes over."""
    if not samples:
        return []
    cues = [
        _cue(shot, "brightness", value=round(float(np.median([sample.brightness for sample in samples])), 3)),
        _cue(shot, "colourfulness", value=round(float(np.median([sample.colourfulness for sample in samples])), 1)),
    ]
    motions = [sample.motion for sample in samples if sample.motion is not None]
    if motions:
        cues.append(_cue(shot, "motion", value=round(float(np.median(motions)), 2)))
    return cues


def _dark(shot: Shot, samples: Sequence[_Sample]) -> list[Gap]:
    if not samples or float(np.median([sample.highlight for sample in samples])) >= _DARK:
        return []
    detail = "even the brightest parts of the picture are dark: faces cannot be measured reliably there"
    return [Gap(modality="face", reason="low_light", start_s=shot.start_s, end_s=shot.end_s, detail=detail)]


def _faces(shot: Shot, curves: Sequence[Curve]) -> list[Cue]:
    """Count people: the largest number of faces seen in a tenth of the shot's frames or more."""
    counts = [
        int(value)
        for curve in curves
        if curve.code == "n_faces"
        for time_s, value in zip(curve.times_s, curve.values, strict=True)
        if value is not None and shot.holds(time_s)
    ]
    if not counts:
        return []
    number = max(n for n in set(counts) if sum(count >= n for count in counts) >= _MIN_SHARE * len(counts))
    return [
        Cue(
            id=f"scene.n_faces.{shot.number}",
            modality="scene",
            code="n_faces",
            state="present" if number else "absent",
            value=float(number) if number else None,
            unit="count",
            start_s=shot.start_s,
            end_s=shot.end_s,
            source=SOURCE,
        )
    ]


def _facial_effort(curves: Sequence[Curve]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Sum intensities over people and action units that neither speech nor blinks move; return (times, sums)."""
    driven = {row["au"] for row in action_unit_table() if row["moves_with_speech_or_blink"] == "1"}
    times: list[float] = []
    values: list[float] = []
    for curve in curves:
        unit = parse_action_unit(curve.code) if curve.modality == "face" else None
        if unit is None or unit[0] in driven:
            continue
        pairs = [pair for pair in zip(curve.times_s, curve.values, strict=True) if pair[1] is not None]
        times += [time_s for time_s, _ in pairs]
        values += [max(0.0, value or 0.0) for _, value in pairs]
    moments, place = np.unique(np.asarray(times, dtype=np.float64), return_inverse=True)
    sums = np.zeros(len(moments))
    np.add.at(sums, place, values)
    return moments, sums
