"""Score: a named number and the parts it was made of."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One score. ``value`` is None when the score does not apply; it is never 0 for that reason."""

    name: str
    value: float | None = None
    parts: dict[str, float | str | None] | None = None
