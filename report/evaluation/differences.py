"""Paired differences of a measure, and what they say of the controls in plain words."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from .heat_map import HeatMap, heat_map
from .json_types import Json, objects
from .scale import finite, written, written_interval, written_p

#: A difference counts as clear below this corrected p-value.
LEVEL: Final = 0.05

Outcome = Literal["better", "worse", "open"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """``ours`` minus ``theirs`` on the same clips."""

    ours: str
    theirs: str
    value: float | None
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None

    @property
    def words(self) -> str:
        """The difference with its interval."""
        return f"{written(self.value, signed=True)} {written_interval(self.low, self.high, signed=True)}".strip()

    @property
    def p_words(self) -> tuple[str, str]:
        """The p-value, and the corrected one."""
        return written_p(self.p), written_p(self.p_holm)

    def turned(self) -> "Gap":
        """Theirs minus ours."""
        value, low, high = (None if number is None else -number for number in (self.value, self.high, self.low))
        return replace(self, ours=self.theirs, theirs=self.ours, value=value, low=low, high=high)

    def outcome(self, higher_is_better: bool) -> Outcome:
        """Whether ours is clearly better: by the corrected p-value, or by the interval where there is no test."""
        if self.value is None or self.value == 0:
            return "open"
        p_value = self.p if self.p_holm is None else self.p_holm
        clear = self._beyond_zero() if p_value is None else p_value < LEVEL
        if not clear:
            return "open"
        return "better" if (self.value > 0) == higher_is_better else "worse"

    def _beyond_zero(self) -> bool:
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


def gaps_of(measure: Json) -> dict[tuple[str, str], Gap]:
    """Differences of a measure by (ours, theirs), each in both directions."""
    found: dict[tuple[str, str], Gap] = {}
    for entry in objects(measure.get("differences")):
        value, low, high, p, p_holm = (finite(entry.get(key)) for key in ("value", "low", "high", "p", "p_holm"))
        gap = Gap(
            ours=str(entry.get("ours")), theirs=str(entry.get("theirs")), value=value, low=low, high=high, p=p,
            p_holm=p_holm,
        )  # fmt: skip
        found.setdefault((gap.theirs, gap.ours), gap.turned())
        found[gap.ours, gap.theirs] = gap
    return found


def verdict(
    system: str, controls: Sequence[str], gaps: dict[tuple[str, str], Gap], *, higher_is_better: bool
) -> str | None:
    """Say which controls a system is clearly better than, and which not; None without a comparison.

    Examples
    --------
    >>> gap = Gap(ours="ours", theirs="majority", value=0.2, low=0.1, high=0.3, p=0.001, p_holm=0.004)
    >>> verdict("ours", ["majority"], {("ours", "majority"): gap}, higher_is_better=True)
    'ours is clearly better than every control.'
    """
    outcomes = {
        name: gaps[system, name].outcome(higher_is_better) for name in controls if (system, name) in gaps
    }  # fmt: skip
    if not outcomes:
        return None
    worse = [name for name, outcome in outcomes.items() if outcome == "worse"]
    undecided = [name for name, outcome in outcomes.items() if outcome == "open"]
    if not worse and not undecided:
        return f"{system} is clearly better than every control."
    parts = [f"not clearly better than {_listed(undecided)}"] if undecided else []
    parts += [f"clearly worse than {_listed(worse)}"] if worse else []
    better = len(outcomes) - len(worse) - len(undecided)
    rest = f"; clearly better than {better} of {len(outcomes)} controls" if better else ""
    return f"{system} is {' and '.join(parts)}{rest}."


def duels(
    systems: Sequence[str], measure_name: str, gaps: dict[tuple[str, str], Gap], *, higher_is_better: bool
) -> HeatMap | None:
    """Differences of every two systems as a matrix, row minus column, stars where they are clear; None for one system.

    Shaded by size; below zero in another colour.
    """
    if len(systems) < 2 or not any((one, other) in gaps for one in systems for other in systems):
        return None
    values = [[_value(gaps.get((one, other))) for other in systems] for one in systems]
    drawn = heat_map(
        {
            "title": f"Every two systems: {measure_name}, row minus column", "rows": systems, "columns": systems,
            "values": values, "of": f"difference; * where p (Holm) < {LEVEL:g}",
        },
        signed=True,
    )  # fmt: skip
    rows = tuple(
        (one, tuple(
            replace(cell, text=f"{cell.text}*") if _clear(gaps.get((one, other)), higher_is_better) else cell
            for other, cell in zip(systems, cells, strict=True)
        ))
        for one, (_, cells) in zip(systems, drawn.rows, strict=True)
    )  # fmt: skip
    return replace(drawn, rows=rows)


def _value(gap: Gap | None) -> float | None:
    return gap.value if gap else None


def _clear(gap: Gap | None, higher_is_better: bool) -> bool:
    return gap is not None and gap.outcome(higher_is_better) != "open"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
