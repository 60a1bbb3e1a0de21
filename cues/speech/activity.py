"""Voice activity: the spans in which somebody speaks.

The network (Silero VAD v6, MIT) gives one probability per 32 ms. Spans open at .5 and close below .35 (the network's
own hysteresis); their edges are then moved to where the level rises and falls, because the network answers late.
"""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..extractor import AUDIO_RATE_HZ
from ..sound import HOP_S, Waveform

#: Samples per probability, and how many earlier samples the network sees with them.
STEP = 512
CONTEXT = 64
STEP_S = STEP / AUDIO_RATE_HZ

#: A span opens at the first and closes below the second probability.
OPEN_AT = 0.5
CLOSE_BELOW = 0.35

#: Shorter silences do not end a span: they are closures of stops and breaths, not pauses.
MIN_PAUSE_S = 0.2
MIN_SPEECH_S = 0.15

#: How far an edge may be moved, and the level (dB) below the span's own at which speech has ended.
_REACH_S = 0.25
_BELOW_SPEECH_DB = 30.0
_ABOVE_NOISE_DB = 6.0

_BATCH = 1024  # steps per run of the network: 33 s of sound, 2 MB


@dataclass(frozen=True, slots=True)
class Span:
    """Speech from ``start_s`` to ``end_s``; ``probability`` is the network's mean over it."""

    start_s: float
    end_s: float
    probability: float = 1.0

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.end_s - self.start_s


class SileroVad:
    """The network, loaded once per clip."""

    def __init__(self, path: Path):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = options.intra_op_num_threads = 1
        options.log_severity_level = 4
        self._session: Any = onnxruntime.InferenceSession(
            str(path), sess_options=options, providers=["CPUExecutionProvider"]
        )

    def probabilities(self, waveform: Waveform) -> npt.NDArray[np.float64]:
        """Probability of speech per step of 32 ms, shape (ceil(n / 512),); the clip is read in blocks."""
        n_steps = -(-len(waveform.samples) // STEP)
        state = {"h": np.zeros((1, 1, 128), np.float32), "c": np.zeros((1, 1, 128), np.float32)}
        parts = [np.empty(0)]
        for first in range(0, n_steps, _BATCH):
            last = min(first + _BATCH, n_steps)
            sound = waveform.cut(first * STEP - CONTEXT, last * STEP).astype(np.float32)
            steps = np.lib.stride_tricks.sliding_window_view(sound, STEP + CONTEXT)[::STEP]
            part, state["h"], state["c"] = self._session.run(None, {"input": np.ascontiguousarray(steps), **state})
            parts.append(np.asarray(part, float).ravel())
        return np.concatenate(parts)


def find_speech(waveform: Waveform, probabilities: npt.NDArray[np.float64]) -> list[Span]:
    """Spans of speech, in order of time, at least ``MIN_PAUSE_S`` apart.

    Parameters
    ----------
    waveform : Waveform
        The clip's sound.
    probabilities : ndarray, shape (ceil(n / 512),)
        From :meth:`SileroVad.probabilities`.
    """
    levels = waveform.hop_levels()
    noise_db = float(np.percentile(levels, 10)) if len(levels) else 0.0
    rough = _open_and_close(probabilities)
    limits = [0.0, *((a[1] + b[0]) / 2 * STEP_S for a, b in pairwise(rough)), waveform.duration_s]
    spans: list[tuple[float, float]] = []
    for (first, last), (earliest, latest) in zip(rough, pairwise(limits), strict=bool(rough)):
        start_s, end_s = _to_level_edges(levels, noise_db, first * STEP_S, last * STEP_S)
        start_s, end_s = max(start_s, earliest), min(end_s, latest)
        if spans and start_s - spans[-1][1] < MIN_PAUSE_S:
            spans[-1] = (spans[-1][0], end_s)
        else:
            spans.append((start_s, end_s))
    return [
        Span(round(start, 3), round(end, 3), _mean_probability(probabilities, start, end))
        for start, end in spans
        if end - start >= MIN_SPEECH_S
    ]


def _open_and_close(probabilities: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """Spans [first, last) in steps: hysteresis, silences shorter than ``MIN_PAUSE_S`` bridged."""
    spans: list[tuple[int, int]] = []
    start: int | None = None
    for step, probability in enumerate(probabilities):
        if start is None and probability >= OPEN_AT:
            start = step
        elif start is not None and probability < CLOSE_BELOW:
            spans.append((start, step))
            start = None
    if start is not None:
        spans.append((start, len(probabilities)))
    joined: list[tuple[int, int]] = []
    for span in spans:
        if joined and (span[0] - joined[-1][1]) * STEP_S < MIN_PAUSE_S / 2:
            joined[-1] = (joined[-1][0], span[1])
        else:
            joined.append(span)
    return joined


def _to_level_edges(
    levels: npt.NDArray[np.float64], noise_db: float, start_s: float, end_s: float
) -> tuple[float, float]:
    """Move both edges to where the level crosses the end-of-speech level; unmoved where noise hides it."""
    first, last = round(start_s / HOP_S), min(round(end_s / HOP_S), len(levels))
    if last - first < 2:
        return start_s, end_s
    loud_db = float(np.percentile(levels[first:last], 95))
    threshold_db = max(loud_db - _BELOW_SPEECH_DB, noise_db + _ABOVE_NOISE_DB)
    if threshold_db > loud_db - 2 * _ABOVE_NOISE_DB:
        return start_s, end_s
    above = levels > threshold_db
    first = _edge(above, first)
    from_end = _edge(above[::-1], len(above) - last)
    return first * HOP_S, (len(above) - from_end) * HOP_S


def _edge(above: npt.NDArray[np.bool_], place: int) -> int:
    """First hop of the sound that begins near ``place``: back while there is sound, else forward to the first."""
    reach = round(_REACH_S / HOP_S)
    if place < len(above) and above[place]:
        earliest = max(place - reach, 0)
        while place > earliest and above[place - 1]:
            place -= 1
        return place
    ahead = np.flatnonzero(above[place : place + reach])
    return place + int(ahead[0]) if len(ahead) else place


def _mean_probability(probabilities: npt.NDArray[np.float64], start_s: float, end_s: float) -> float:
    first, last = int(start_s / STEP_S), max(int(np.ceil(end_s / STEP_S)), int(start_s / STEP_S) + 1)
    return float(np.clip(probabilities[first:last].mean(), 0.0, 1.0))
