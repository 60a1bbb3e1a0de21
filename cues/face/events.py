"""From a curve to events: onset, apex, offset."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from .action_units import true_spans

Array = npt.NDArray[np.float64]

#: An event begins and ends where the curve is a tenth of its apex, or half the floor.
EDGE_SHARE: Final = 0.1
#: Two peaks are one event unless the curve falls below this share of the smaller between them.
VALLEY_SHARE: Final = 0.5
#: The part of a hill above these shares of its apex tells when its top is (many samples; few samples).
UPPER_SHARE: Final = 0.6
TOP_SHARE: Final = 0.85
#: A hill is no plateau when its part above this share of its apex takes up less than the first of these shares of its
#: upper part (.47 for a single cosine), and is one from the second on; between, its apex moves over gradually, or a
#: little noise would decide between two times.
PLATEAU_SHARE: Final = 0.9
PLATEAU_LENGTHS: Final = (0.5, 0.62)
#: Shortest event, seconds.
SHORTEST_S: Final = 0.08
#: With samples further apart than this (seconds) a curve is drawn through so many times as many points; a spline
#: needs a few samples to bend.
COARSE_S: Final = 0.055
FINER: Final = 4
MIN_SPLINE: Final = 5


@dataclass(frozen=True, slots=True)
class Event:
    """One movement: times in seconds, ``peak`` in the curve's unit."""

    onset_s: float
    apex_s: float
    offset_s: float
    peak: float


def find_events(times_s: npt.ArrayLike, curve: npt.ArrayLike, floor: float) -> list[Event]:
    """Events of a curve that rise to ``floor`` or above.

    Parameters
    ----------
    times_s : (n,)
        Seconds, ascending.
    curve : (n,)
        Zero at rest, NaN where there is no measurement; an event never reaches across a gap.
    floor : float
        Smallest apex that counts; the same for every clip, as a multiple of a clip's own noise would call trembling
        an event where nothing else moves.

    Examples
    --------
    >>> [event] = find_events([0, 0.1, 0.2, 0.3, 0.4], [0, 1, 3, 1, 0], floor=2)
    >>> event.onset_s, round(event.apex_s, 3), event.offset_s, event.peak
    (0.05, 0.2, 0.35, 3.0)
    """
    all_times, all_values = np.asarray(times_s, np.float64), np.asarray(curve, np.float64)
    events = []
    for start, end in true_spans(~np.isnan(all_values)):
        times, values = _finer(all_times[start:end], all_values[start:end])
        for first, last in _parts(values, floor):
            event = _event(times, values, first, last)
            if event.offset_s - event.onset_s >= SHORTEST_S - 1e-9:
                events.append(event)
    return events


def _finer(times: Array, values: Array) -> tuple[Array, Array]:
    """Draw a curve of few samples a second through further points between them.

    A movement may rise and fall within three samples then, and its top and the valley before the next lie between
    them; a cubic spline finds both, as it bends the way faces move.
    """
    steps = np.diff(times)
    if len(times) < MIN_SPLINE or float(np.median(steps)) <= COARSE_S:
        return times, values
    from scipy.interpolate import CubicSpline

    parts = 1 + np.arange(len(steps) * FINER) % FINER
    fine = np.concatenate([times[:1], np.repeat(times[:-1], FINER) + np.repeat(steps, FINER) * parts / FINER])
    return fine, np.asarray(CubicSpline(times, values)(fine), np.float64)


def _parts(values: Array, floor: float) -> list[tuple[int, int]]:
    """(first, last) sample of each hill that reaches the floor."""
    parts: list[tuple[int, int]] = []
    for start, end in true_spans(values > floor / 2):
        if values[start:end].max() >= floor:
            parts.extend(_split(values, start, end, floor))
    return parts


def _split(values: Array, start: int, end: int, floor: float) -> list[tuple[int, int]]:
    from scipy.signal import find_peaks

    padded = np.concatenate([[0.0], values[start:end], [0.0]])
    peaks = find_peaks(padded, height=floor)[0] - 1 + start
    cuts = [start]
    kept = int(peaks[0])
    for peak in (int(p) for p in peaks[1:]):
        valley = kept + int(np.argmin(values[kept : peak + 1]))
        if values[valley] < VALLEY_SHARE * min(values[kept], values[peak]):
            cuts.append(valley)
            kept = peak
        elif values[peak] > values[kept]:
            kept = peak
    cuts.append(end - 1)
    return list(pairwise(cuts))


def _event(times: Array, values: Array, first: int, last: int) -> Event:
    """Widen a hill to its feet and find its apex, the middle of its top."""
    apex = first + int(np.argmax(values[first : last + 1]))
    peak = float(values[apex])
    edge = EDGE_SHARE * peak
    while first > 0 and edge < values[first - 1] <= values[first]:
        first -= 1
    while last < len(values) - 1 and edge < values[last + 1] <= values[last]:
        last += 1
    apex_s = _top(times, values, first, last, apex)
    return Event(float(times[max(first - 1, 0)]), apex_s, float(times[min(last + 1, len(times) - 1)]), peak)


def _top(times: Array, values: Array, first: int, last: int, apex: int) -> float:
    """Time of a hill's top: that of a smooth curve through its upper part, steadier than its highest sample.

    A cubic follows hills that rise faster than they fall; with few samples a parabola through the very top has to
    do; of a plateau it is the middle.
    """
    left, right = _above(values, first, last, apex, UPPER_SHARE)
    high = left + np.flatnonzero(values[left : right + 1] >= PLATEAU_SHARE * values[apex])
    middle_s, flatness = float(times[high[0]] + times[high[-1]]) / 2, 0.0
    if right - left >= 5:
        share = (times[high[-1]] - times[high[0]]) / (times[right] - times[left])
        flatness = float(np.interp(share, PLATEAU_LENGTHS, (0.0, 1.0)))
    degree = 3
    if right - left < 5:
        left, right = _above(values, first, last, apex, TOP_SHARE)
        left, right = min(left, max(apex - 1, first)), max(right, min(apex + 1, last))
        degree = 2
    if right - left < degree:
        return float(times[apex])
    fit = np.polynomial.Polynomial.fit(times[left : right + 1], values[left : right + 1], degree)
    fine = np.linspace(times[left], times[right], 20 * (right - left) + 1)
    return flatness * middle_s + (1 - flatness) * float(fine[int(np.argmax(fit(fine)))])


def _above(values: Array, first: int, last: int, apex: int, share: float) -> tuple[int, int]:
    """First and last of the samples around the apex that stay above a share of it."""
    left, right = apex, apex
    while left > first and values[left - 1] >= share * values[apex]:
        left -= 1
    while right < last and values[right + 1] >= share * values[apex]:
        right += 1
    return left, right
