"""Agreement of two columns of numbers, from their moments: CCC, RMSE, Pearson's r, ICC(3,1).

Sources: Lin (1989; CCC, with moments over n); Shrout & Fleiss (1979; ICC(3,1), which for two raters is twice the
covariance over the sum of the variances).
"""

from typing import Final

import numpy as np

from .measure import Floats

#: Moments that a clip adds for one pair of columns.
MOMENTS: Final = 6
#: A variance at or below this is rounding: the column is constant.
_CONSTANT: Final = 1e-12


def moments(gold: Floats, answer: Floats, applies: Floats) -> Floats:
    """Return what each clip adds, ``[clips, 6]``: n, both values, their squares, their product; zeros if left out."""
    columns = np.stack([np.ones_like(gold), gold, answer, gold**2, answer**2, gold * answer], axis=-1)
    return np.asarray(np.where(applies[:, None] > 0, columns, 0.0), dtype=np.float64)


def _spread(sums: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Means, variances and covariance, over n; a variance of rounding is 0."""
    n, gold, answer, gold_2, answer_2, product = np.moveaxis(np.asarray(sums, dtype=np.float64), -1, 0)
    mean_gold, mean_answer = gold / n, answer / n
    variances = [gold_2 / n - mean_gold**2, answer_2 / n - mean_answer**2]
    of_gold, of_answer = (np.where(variance > _CONSTANT, variance, 0.0) for variance in variances)
    covariance = np.where((of_gold > 0) & (of_answer > 0), product / n - mean_gold * mean_answer, 0.0)
    return mean_gold, mean_answer, of_gold, of_answer, covariance


def ccc(sums: Floats) -> Floats:
    """Concordance correlation coefficient; 0 for a constant answer, NaN where gold and answer are the same constant."""
    mean_gold, mean_answer, of_gold, of_answer, covariance = _spread(sums)
    apart = (mean_gold - mean_answer) ** 2
    whole = of_gold + of_answer + np.where(apart > _CONSTANT, apart, 0.0)
    return np.asarray(2 * covariance / np.where(whole > 0, whole, np.nan), dtype=np.float64)


def pearson(sums: Floats) -> Floats:
    """Pearson's r; NaN where one of the two is constant."""
    _, _, of_gold, of_answer, covariance = _spread(sums)
    whole = np.sqrt(of_gold * of_answer)
    return np.asarray(covariance / np.where(whole > 0, whole, np.nan), dtype=np.float64)


def icc(sums: Floats) -> Floats:
    """ICC(3,1) of two raters: consistency, so a shift of the whole scale costs nothing; NaN where both are constant."""
    _, _, of_gold, of_answer, covariance = _spread(sums)
    whole = of_gold + of_answer
    return np.asarray(2 * covariance / np.where(whole > 0, whole, np.nan), dtype=np.float64)


def rmse(sums: Floats) -> Floats:
    """Root of the mean squared error."""
    n, _, _, gold_2, answer_2, product = np.moveaxis(np.asarray(sums, dtype=np.float64), -1, 0)
    return np.asarray(np.sqrt(np.maximum(gold_2 + answer_2 - 2 * product, 0.0) / n), dtype=np.float64)
