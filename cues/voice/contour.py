"""Shape of the F0 contour of a phrase."""

from typing import Final, Literal

import numpy as np
import numpy.typing as npt

Shape = Literal["rising", "falling", "level", "rising_falling", "falling_rising"]

#: Movements smaller than this are hardly heard as movements in speech (J. 't Hart, JASA 69 (1981), 811-821: only
#: differences of more than 3 semitones play a part in communication, 1.5-2 are just told apart).
MOVES_FROM_SEMITONES: Final = 2.0

#: Fewer voiced steps of 10 ms have no shape.
MIN_VOICED_HOPS: Final = 30


def contour_shape(f0: npt.NDArray[np.float64]) -> Shape | None:
    """Shape of F0 (Hz per 10 ms, NaN unvoiced, shape (n,)): medians of its voiced thirds compared in semitones.

    None with fewer than ``MIN_VOICED_HOPS`` voiced steps.

    Examples
    --------
    >>> contour_shape(np.linspace(100.0, 150.0, 60))
    'rising'
    >>> contour_shape(np.full(60, 120.0))
    'level'
    """
    voiced = f0[~np.isnan(f0)]
    if len(voiced) < MIN_VOICED_HOPS:
        return None
    first, middle, last = (float(np.median(part)) for part in np.array_split(12 * np.log2(voiced), 3))
    if middle - max(first, last) >= MOVES_FROM_SEMITONES:
        return "rising_falling"
    if min(first, last) - middle >= MOVES_FROM_SEMITONES:
        return "falling_rising"
    if abs(last - first) < MOVES_FROM_SEMITONES:
        return "level"
    return "rising" if last > first else "falling"
