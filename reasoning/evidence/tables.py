"""The shipped log-odds, loaded once, with where each comes from.

Columns are log-odds added to each of the six emotions, in the order of :data:`SIX`; each row of an action-unit table
sums to zero, so a number says "more (or less) than the average emotion". ``neutral`` has its own table, because the
faces behind the weights have no neutral class (``docs/evidence.md``).
"""

import csv
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final, Literal

from ...errors import ConfigError
from ...records.labels import EMOTIONS

#: The six emotions that compete; neutral is decided beforehand (``score.py``).
SIX: Final = EMOTIONS[:6]

WeightsName = Literal["fitted", "literature"]
#: ``fitted``: the default. ``literature``: published FACS tables alone.
WEIGHTS: Final[tuple[WeightsName, ...]] = ("fitted", "literature")

#: What must be known about the default weights.
RESEARCH_NOTICE: Final = (
    "The default weights were fitted on human annotations of the RAF-AU and RAF-ML databases, which their owners "
    "release for non-commercial research only; --weights literature uses published FACS tables alone."
)

#: base: log-odds before any cue; present/absent: of one action; one_sided: added when only one side moves;
#: together: added when both actions happen at the same time; voice: per standard deviation above the norm.
Kind = Literal["base", "present", "absent", "one_sided", "together", "voice"]


@dataclass(frozen=True, slots=True)
class Weight:
    """Log-odds of one term for each of :data:`SIX`, for ``neutral`` against the rest, and their source."""

    log_odds: tuple[float, ...]
    neutral: float
    source: str


@dataclass(frozen=True, slots=True)
class Table:
    """All weights of one engine: (kind, code) -> weight. A pair's code is ``AU4+AU9``, lower number first."""

    name: WeightsName
    weights: dict[tuple[str, str], Weight]
    neutral: dict[tuple[str, str], float]
    voice_family: dict[str, str]

    def find(self, kind: Kind, code: str) -> Weight | None:
        """Weight of a term; None when the table says nothing about it."""
        return self.weights.get((kind, code))

    def neutral_of(self, kind: Literal["base", "present", "absent", "absent_most"], code: str = "") -> float:
        """Log-odds that a term adds to neutral; an action without a row of its own has the default row's.

        A code that no table of weights lists (a typo, ``AU99``) says nothing, neither of the six nor of neutral.
        """
        own = self.neutral.get((kind, code))
        if own is not None:
            return own
        return self.neutral[kind, ""] if self.reads_action(code) else 0.0

    def reads_action(self, code: str) -> bool:
        """Whether any table says something about an action unit.

        One that only the other shipped table weighs still moves a face, and counts against neutral.
        """
        return ("present", code) in self.weights or ("present", code) in self.neutral or code in _weighed_actions()


@cache
def load_table(name: str = "fitted") -> Table:
    """Load the table ``fitted`` or ``literature`` together with the voice and neutral tables.

    Raises
    ------
    ConfigError
        There is no such table.
    """
    if name not in WEIGHTS:
        raise ConfigError(f"weights {name!r} are not available; expected one of {', '.join(WEIGHTS)}")
    neutral = {(row["kind"], row["code"]): float(row["log_odds"]) for row in rows("evidence_neutral.csv")}
    weights: dict[tuple[str, str], Weight] = {}
    for row in rows(f"evidence_{name}.csv"):
        weights[row["kind"], row["code"]] = Weight(_six(row), 0.0, row["source"])
    family: dict[str, str] = {}
    for row in rows("evidence_voice.csv"):
        weights["voice", row["code"]] = Weight(_six(row), float(row["neutral"]), row["source"])
        family[row["code"]] = row["family"]
    return Table("fitted" if name == "fitted" else "literature", weights, neutral, family)


@cache
def _weighed_actions() -> frozenset[str]:
    """Collect the action units that either shipped table has a weight for."""
    return frozenset(
        row["code"] for name in WEIGHTS for row in rows(f"evidence_{name}.csv") if row["kind"] == "present"
    )


def _six(row: dict[str, str]) -> tuple[float, ...]:
    return tuple(float(row[emotion]) for emotion in SIX)


@cache
def rows(name: str) -> tuple[dict[str, str], ...]:
    """Rows of a table in ``reasoning/data``; lines that begin with ``#`` say where it comes from."""
    text = (resources.files(__package__.removesuffix(".evidence")) / "data" / name).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return tuple(csv.DictReader(lines))
