"""Syllable nuclei: moments where the sound is loud, voiced and louder than around it.

After N. H. de Jong and T. Wempe, "Praat script to detect syllable nuclei and measure speech rate automatically",
Behavior Research Methods 41 (2009), 385-390: peaks of the intensity contour, at most 25 dB below the loudest, with a
dip of 2 dB before the next, and voiced.
"""

import numpy as np
import numpy.typing as npt

from ..sound import power_to_db

Floats = npt.NDArray[np.float64]

#: A nucleus is at most this far below the loudest speech (dB) and stands out by at least this much (dB).
BELOW_LOUDEST_DB = 25.0
DIP_DB = 2.0

#: Length of the smoothing window, hops of 10 ms; Praat's intensity at a lowest pitch of 50 Hz uses 64 ms.
_SMOOTHING = 7


def find_nuclei(level_db: Floats, is_voiced: npt.NDArray[np.bool_], loudest_db: float) -> npt.NDArray[np.int64]:
    """Hops in which a syllable has its nucleus.

    Parameters
    ----------
    level_db : ndarray, shape (n,)
        Level per hop of one stretch of speech.
    is_voiced : ndarray of bool, shape (n,)
        Whether the hop has an F0.
    loudest_db : float
        Level of the clip's loudest speech (99th percentile).
    """
    from scipy.signal import find_peaks

    weight = np.hanning(_SMOOTHING + 2)[1:-1]
    power = np.convolve(10 ** (level_db / 10), weight / weight.sum(), mode="same")[: len(level_db)]
    # Ends are padded low so that a nucleus at the very edge still counts as a peak.
    contour = np.concatenate([[-200.0], power_to_db(power), [-200.0]])
    peaks, _ = find_peaks(contour, height=loudest_db - BELOW_LOUDEST_DB, prominence=DIP_DB)
    nuclei: npt.NDArray[np.int64] = np.array([peak - 1 for peak in peaks if is_voiced[peak - 1]], dtype=np.int64)
    return nuclei
