"""From distances on the mesh to action-unit intensities.

Per feature a neutral baseline is taken off (the level the face dwells on most, weighed by how plausible that level
is as somebody's neutral face); features are summed into one measure per action unit; what other movements fake is
taken off; the rest is scaled to 0-5. All distances are in inter-ocular distances (IOD), in the head frame.
"""

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt

from .tables import ActionUnit, action_units, crosstalk, features, neutral

Array = npt.NDArray[np.float64]

#: Width of the dwell histogram's smoothing, IOD: a little over the tremble of a motionless face.
DWELL_WIDTH_IOD: Final = 0.006
#: A closure of the lids this short is a blink; the rest of the face is bridged over it.
BLINK_MAX_S: Final = 1.0
#: How much of the lids' movement the rest of the mesh can follow during a blink.
BLINK_SHARE: Final = 1.0
#: Turning the head changes foreshortening: distrust this much per degree beyond the free ones.
TURN_IOD_PER_DEG: Final = 0.0015
TURN_FREE_DEG: Final = 3.0
#: Action units the lids themselves make.
LID_UNITS: Final = ("AU5", "AU6", "AU7", "AU45")


@dataclass(frozen=True, slots=True)
class Movements:
    """What moved on one face.

    ``iod`` holds, per action unit, the movement from the neutral baseline in IOD (negative: the other way), float64
    (n,), NaN where the face was not measured. ``held_iod`` holds how far the baseline itself lies from the
    population's neutral: a face at rest, or an expression held through the whole clip; nobody can tell.
    """

    iod: dict[str, Array]
    held_iod: dict[str, float]

    def is_fake(self, code: str, time: int) -> bool:
        """Whether another movement explains this one at a frame (by number)."""
        return any(
            self.iod[code][time] < share * self.iod[moving][time]
            for moving, reads_as, share in crosstalk("gate")
            if reads_as == code
        )

    def intensity(self, code: str) -> Array:
        """Movement on the 0-5 scale, NaN where not measured."""
        return np.clip(5.0 * self.iod[code] / action_units()[code].full_scale_iod, 0.0, 5.0)


def measure_features(head_points: npt.ArrayLike) -> Array:
    """Features of one mesh in the head frame, float64 (n_features,), IOD."""
    return np.asarray(_feature_weights() @ np.asarray(head_points, np.float64)[:, :2].reshape(-1), np.float64)


@cache
def _feature_weights() -> Array:
    """Matrix (n_features, 2 * 468) that takes the means and differences of all features at once."""
    weights = np.zeros((len(features()), 468, 2))
    for row, feature in zip(weights, features(), strict=True):
        row[list(feature.plus), feature.axis] += 1.0 / len(feature.plus)
        row[list(feature.minus), feature.axis] -= 1.0 / len(feature.minus)
    return weights.reshape(len(weights), -1)


def population_neutral() -> Array:
    """Features of the population's neutral face, float64 (n_features,), IOD."""
    return np.array([neutral()[feature.name].mean_iod for feature in features()])


def track_neutral(values: npt.ArrayLike) -> Array:
    """Neutral features of one person from all of a clip's frames.

    The most visited level of each feature, where each level counts by its plausibility as a neutral face. Neither
    the first frames (a clip may open with an expression) nor the median (it may mostly show one).

    Parameters
    ----------
    values : (n_frames, n_features)
        NaN rows where the face was not measured.
    """
    seen = np.asarray(values, np.float64)
    seen = seen[~np.isnan(seen).any(axis=1)]
    priors = neutral()
    return np.array(
        [_likely_level(seen[:, i], priors[f.name].mean_iod, priors[f.name].sd_iod) for i, f in enumerate(features())]
    )


def _likely_level(values: Array, mean: float, spread: float) -> float:
    """Mode of the dwell histogram times the prior (heavy-tailed: an unusual face keeps its own rest)."""
    from scipy.ndimage import gaussian_filter1d

    low, high = float(values.min()), float(values.max())
    step = DWELL_WIDTH_IOD / 3
    if high - low < step:
        return float(np.median(values))
    edges = np.arange(low - 3 * step, high + 4 * step, step)
    counts, _ = np.histogram(values, edges)
    dwell = gaussian_filter1d(counts.astype(np.float64), 3.0, mode="constant")
    centres = (edges[:-1] + edges[1:]) / 2
    best = centres[int(np.argmax(dwell / (1.0 + ((centres - mean) / spread) ** 2)))]
    return float(np.median(values[np.abs(values - best) <= DWELL_WIDTH_IOD]))


def find_movements(values: npt.ArrayLike, turns_deg: npt.ArrayLike, rate_hz: float) -> Movements:
    """Movements of every action unit over a clip.

    Parameters
    ----------
    values : (n_frames, n_features)
        From :func:`measure_features`; NaN rows where the face was not measured.
    turns_deg : (n_frames, 2)
        Yaw and pitch of the head.
    rate_hz : float
        Frames per second.
    """
    rows = np.asarray(values, np.float64)
    base = track_neutral(rows)
    measures = {code: smooth(curve, rate_hz) for code, curve in _measures(rows - base).items()}
    _allow_turns(measures, np.asarray(turns_deg, np.float64))
    _bridge_blinks(measures, rate_hz)
    held = {code: float(curve[0]) for code, curve in _measures((base - population_neutral())[None]).items()}
    return Movements(_without_crosstalk(measures), held)


def find_departures(values: npt.ArrayLike) -> Movements:
    """Find what a single picture shows, against the population's neutral."""
    row = np.asarray(values, np.float64)[None]
    measures = _measures(row - population_neutral())
    return Movements(_without_crosstalk(measures), dict.fromkeys(measures, 0.0))


def _measures(changes: Array) -> dict[str, Array]:
    columns = {feature.name: changes[:, i] for i, feature in enumerate(features())}
    return {unit.code: _measure(unit, columns) for unit in action_units().values() if unit.measure}


def _measure(unit: ActionUnit, columns: dict[str, Array]) -> Array:
    return np.asarray(sum(weight * columns[name] for name, weight in unit.measure.items()), np.float64)


def _allow_turns(measures: dict[str, Array], turns_deg: Array) -> None:
    """Shrink movements by what a turned head could fake."""
    usual = np.nanmedian(turns_deg, axis=0)
    turned = np.clip(np.abs(turns_deg - usual).sum(axis=1) - TURN_FREE_DEG, 0.0, None)
    for code, curve in measures.items():
        measures[code] = _shrink(curve, TURN_IOD_PER_DEG * turned)


def _bridge_blinks(measures: dict[str, Array], rate_hz: float) -> None:
    """Draw every other curve towards a straight line across each blink, by no more than a blink can fake.

    The mesh is one network's guess at a whole face: when the lids close, brows, nose and chin follow a little.
    """
    closure = _without_crosstalk(measures)["AU45"]  # a smile narrows the eyes for as long as it lasts
    unit = action_units()["AU45"]
    spans = [s for s in true_spans(closure > unit.floor_iod / 2) if (s[1] - s[0]) / rate_hz <= BLINK_MAX_S]
    # Two samples: where few come a second the one beside the blink is still bent by it.
    margin = max(2, round(0.06 * rate_hz))
    for start, end in spans:
        if closure[start:end].max() < unit.floor_iod:
            continue
        first, last = max(0, start - margin), min(len(closure) - 1, end - 1 + margin)
        inside = np.arange(first, last + 1)
        for code, curve in measures.items():
            if code in ("AU45",) or np.isnan(curve[[first, last]]).any():
                continue
            line = np.interp(inside, [first, last], curve[[first, last]])
            share = 1e9 if code in LID_UNITS else BLINK_SHARE
            allowance = share * np.maximum(closure[inside].max(), 0.0)
            curve[inside] = line + _shrink(curve[inside] - line, np.full(len(inside), allowance))


def _without_crosstalk(measures: dict[str, Array]) -> dict[str, Array]:
    """Take off what other movements fake; never below nothing."""
    clean = dict(measures)
    for moving, reads_as, share in crosstalk("leak"):
        fake = share * np.clip(measures[moving], 0.0, None)
        clean[reads_as] = np.where(clean[reads_as] > 0, np.maximum(clean[reads_as] - fake, 0.0), clean[reads_as])
    return clean


def _shrink(values: Array, allowance: Array) -> Array:
    """Move towards zero by the allowance, never past it."""
    return np.asarray(np.sign(values) * np.clip(np.abs(values) - allowance, 0.0, None), np.float64)


def smooth(curve: Array, rate_hz: float) -> Array:
    """Savitzky-Golay over about a fifth of a second: no delay; NaN stays NaN; short runs stay as they are."""
    from scipy.signal import savgol_filter

    window = 2 * int(0.1 * rate_hz) + 1
    smoothed = curve.copy()
    if window < 5:
        return smoothed
    for start, end in true_spans(~np.isnan(curve)):
        if end - start >= window:
            smoothed[start:end] = savgol_filter(curve[start:end], window, 2, mode="interp")
    return smoothed


def true_spans(mask: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Find runs of True, as (start, end), end excluded.

    Examples
    --------
    >>> import numpy as np
    >>> true_spans(np.array([False, True, True, False, True]))
    [(1, 3), (4, 5)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
