"""Agreement of raters: Krippendorff's alpha, and how a judge's scores go with those of people.

Source: Krippendorff, Content Analysis (4th ed. 2018, ch. 12), interval and nominal differences.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ..sample import Gold
from ..stats import Interval, bootstrap_drawn

#: Columns of the gold with what people gave: ``human_NAME``, and ``human_NAME_1`` … where several rated.
COLUMN: Final = "human_"
#: With fewer clips that both scored, agreement is not measured.
FEWEST: Final = 3
_RESAMPLES: Final = 1000


def krippendorff_alpha(
    ratings: Sequence[Sequence[float | None]], metric: Literal["interval", "nominal"] = "interval"
) -> float:
    """Agreement of raters beyond chance: 1 is perfect, 0 is chance, below 0 they disagree systematically.

    Parameters
    ----------
    ratings : sequence of sequences
        One row a rater, one column a unit; None or NaN where a unit was not rated.
    metric : str
        ``interval`` (squared difference) or ``nominal`` (same or not).

    Returns
    -------
    float
        NaN when no unit was rated twice, or all ratings are the same.

    Examples
    --------
    >>> round(krippendorff_alpha([[1, 2, 3, 4], [1, 2, 3, 5]]), 3)
    0.937
    >>> krippendorff_alpha([[1, 1], [1, 1]])
    nan
    """
    table = np.array([[math.nan if cell is None else cell for cell in row] for row in ratings], dtype=np.float64)
    return _alpha(table, metric) if table.ndim == 2 else math.nan


def _alpha(table: NDArray[np.float64], metric: str) -> float:
    rated = np.isfinite(table)
    paired = rated.sum(axis=0) >= 2
    table, rated = table[:, paired], rated[:, paired]
    values = table[rated]
    if not values.size or (values == values[0]).all():
        return math.nan
    if metric == "nominal":  # two values differ by 1 where they differ: half the sum over the codes' indicators
        codes = np.unique(values)
        within = sum((_differences(table == code, rated) for code in codes), start=np.zeros(table.shape[1])) / 2
        every = sum(_differences_of_all(values == code) for code in codes) / 2
    else:
        centred = table - values.mean()
        within, every = _differences(centred, rated), _differences_of_all(values - values.mean())
    observed = float((within / (rated.sum(axis=0) - 1)).sum()) / values.size
    return float(1 - observed * values.size * (values.size - 1) / every)


def _differences(table: NDArray[Any], rated: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Sum of squared differences over the ordered pairs of ratings of each unit."""
    kept = np.where(rated, table, 0.0)
    found = 2 * (rated.sum(axis=0) * (kept**2).sum(axis=0) - kept.sum(axis=0) ** 2)
    return np.asarray(np.maximum(found, 0.0), dtype=np.float64)


def _differences_of_all(values: NDArray[Any]) -> float:
    kept = values.astype(np.float64)
    return float(2 * (kept.size * (kept**2).sum() - kept.sum() ** 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How scores of a judge go with those of people.

    Attributes
    ----------
    alpha, rho : Interval
        Krippendorff's alpha (interval) between the judge and the people's mean; Spearman's rank correlation.
    raters : int
        Columns of people's scores.
    humans_alpha : float or None
        Alpha among the people themselves, where at least two rated.
    """

    alpha: Interval
    rho: Interval
    raters: int
    humans_alpha: float | None

    def sentence(self, what: str) -> str:
        """Say it in a report."""
        among = "" if self.humans_alpha is None else f"; among the {self.raters} people alpha {self.humans_alpha:.3f}"
        return (
            f"Judge–human agreement on {what}: Krippendorff's alpha {self.alpha}, Spearman's rho {self.rho}, "
            f"{self.alpha.n_clips} clips{among}."
        )


def ratings_of(columns: Mapping[str, str]) -> list[str]:
    """Name the columns that hold what people gave."""
    return [column for column in columns if column.strip().lower().startswith(COLUMN)]


def without_ratings(columns: Mapping[str, str]) -> dict[str, str]:
    """Return all other columns.

    Examples
    --------
    >>> without_ratings({"sex": "f", "human_rec_1": "3"})
    {'sex': 'f'}
    """
    rated = set(ratings_of(columns))
    return {column: value for column, value in columns.items() if column not in rated}


def judge_and_people(golds: Sequence[Gold], name: str, judged: Sequence[float | None], seed: int) -> Agreement | None:
    """Compare a judge's scores with the columns ``human_NAME`` and ``human_NAME_1`` … of the gold.

    Parameters
    ----------
    golds : sequence of Gold
    name : str
        What was scored (``clue_overlap``, ``rec``).
    judged : sequence of float or None
        The judge's score of each clip, on the people's scale (alpha counts a difference of scale as disagreement).
    seed : int
        Of the bootstrap.

    Returns
    -------
    Agreement or None
        None: fewer than three clips were scored by both.
    """
    rows = [_human(gold, name) for gold in golds]
    both = [number for number, row in enumerate(rows) if row and judged[number] is not None]
    if len(both) < FEWEST:
        return None
    judge = np.array([judged[number] for number in both], dtype=np.float64)
    means = np.array([np.mean(list(rows[number].values())) for number in both], dtype=np.float64)

    def alpha(drawn: NDArray[np.intp]) -> float:
        return _alpha(np.stack([judge[drawn], means[drawn]]), "interval")

    def rho(drawn: NDArray[np.intp]) -> float:
        if np.ptp(judge[drawn]) == 0 or np.ptp(means[drawn]) == 0:
            return math.nan
        return float(stats.spearmanr(judge[drawn], means[drawn]).statistic)

    columns = sorted({column for number in both for column in rows[number]})
    among = krippendorff_alpha([[rows[number].get(column) for number in both] for column in columns])
    return Agreement(
        alpha=bootstrap_drawn(alpha, len(both), seed=seed, resamples=_RESAMPLES),
        rho=bootstrap_drawn(rho, len(both), seed=seed, resamples=_RESAMPLES),
        raters=len(columns),
        humans_alpha=None if math.isnan(among) else among,
    )


def _human(gold: Gold, name: str) -> dict[str, float]:
    """Ratings of a clip by column; cells that are no number are left out."""
    wanted = f"{COLUMN}{name}"
    found: dict[str, float] = {}
    for column, text in gold.columns.items():
        rater = column.strip().lower().removeprefix(wanted)
        if not column.strip().lower().startswith(wanted) or (rater and not rater.removeprefix("_").isdigit()):
            continue
        try:
            value = float(text)
        except (TypeError, ValueError):
            continue
        if math.isfinite(value):
            found[column] = value
    return found
