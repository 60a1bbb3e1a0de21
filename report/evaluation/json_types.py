"""Reading the JSON of a report that may be incomplete or made by others: what is missing is empty, never an error."""

from collections.abc import Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]


def mapping(value: Any) -> Json:
    """Return the object, or an empty one where there is none."""
    return value if isinstance(value, Mapping) else {}


def sequence(value: Any) -> Sequence[Any]:
    """Return the array, or an empty one where there is none."""
    return value if isinstance(value, Sequence) and not isinstance(value, str | bytes) else ()


def objects(value: Any) -> list[Json]:
    """Objects of an array; what is none is left out."""
    return [entry for entry in sequence(value) if isinstance(entry, Mapping)]


def words(value: Any) -> str:
    """Write any JSON value as one line for a reader.

    Examples
    --------
    >>> words(None), words(True), words(["joy", "pride"]), words({"tables": "v2026", "seed": 0}), words(0.25)
    ('–', 'yes', 'joy, pride', 'tables v2026, seed 0', '0.25')
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {words(entry)}" for key, entry in value.items()) or "–"
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return ", ".join(map(words, value)) or "–"
    return str(value)
