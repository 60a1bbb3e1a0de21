"""Rows of gold and prediction files: JSON Lines, CSV, TSV and Parquet as mappings, and their cells as values.

Names of columns are lower-cased and stripped of blanks, so that the same file means the same in every format. What one
row has wrong costs that row.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from ...errors import ConfigError, RecordError
from ...reasoning.batch.manifest_tables import csv_lines, json_lines, parquet_lines
from ...records.labels import EMOTIONS, action_unit_intensity, parse_action_unit
from ...rewards.classes import class_of
from ...rewards.labels import parse_labels

Row = Mapping[str, Any]

#: What the clip's id may be called, in this order of preference.
CLIP_COLUMNS: Final = (
    "clip",
    "clip_id",
    "custom_id",
    "id",
    "sample",
    "name",
    "image",
    "video",
    "file",
    "filename",
    "path",
)
LABEL_COLUMNS: Final = ("labels", "open_vocab_labels", "openset", "ov_labels")
EMOTION_COLUMNS: Final = ("emotion", "label", "class", "prediction", "discrete")
DISTRIBUTION_COLUMNS: Final = ("distribution", "crowd", "emotions")
ACTION_UNIT_COLUMNS: Final = ("action_units", "facs", "aus")
INTENSITY_COLUMNS: Final = ("intensities", "au_intensities")

_LONGEST_CLIP: Final = 4096
_FINEST_SUM: Final = 1e-9


def read_rows(path: str | Path) -> Iterator[tuple[str, Row | RecordError]]:
    """Yield ``("FILE:LINE", row)``; a line that cannot be read gives a RecordError that says why, without its place.

    Raises
    ------
    ConfigError
        The file cannot be read at all, is of another kind, or no column names clips.
    """
    file = Path(path)
    ending = file.suffix.lower()
    if ending in (".csv", ".tsv"):
        lines = csv_lines(file, CLIP_COLUMNS)
    elif ending == ".parquet":
        lines = parquet_lines(file, CLIP_COLUMNS, None)
    elif ending in (".jsonl", ".ndjson"):
        lines = json_lines(file)
    else:
        raise ConfigError(f"{path}: expected a file that ends in .jsonl, .csv, .tsv or .parquet")
    for place, line in lines:
        yield place, line if isinstance(line, RecordError) else lowered(line)


def lowered(line: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row with plain names of columns, without what is empty (null, "", NaN)."""
    return {str(name).strip().lower(): value for name, value in line.items() if not is_nothing(value)}


def is_nothing(value: object) -> bool:
    """Whether a cell says nothing."""
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))


def first_of(row: Row, names: Iterable[str]) -> tuple[str, Any] | None:
    """Return the first of these columns that the row has, and its cell."""
    return next(((name, row[name]) for name in names if name in row), None)


def clip_of(row: Row) -> str:
    """Id of the row's clip.

    Raises
    ------
    RecordError
        It names none, or in no way that can be an id.
    """
    found = first_of(row, CLIP_COLUMNS)
    if found is None:
        raise RecordError(f"names no clip; expected a column {CLIP_COLUMNS[0]} (or {', '.join(CLIP_COLUMNS[1:])})")
    name, value = found
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise RecordError(f"{name} is of type {type(value).__name__}; expected the clip's id")
    clip = str(value).strip()
    if not clip or len(clip) > _LONGEST_CLIP:
        raise RecordError(f"{name} has {len(clip)} characters; expected the clip's id")
    return clip


def text_of(row: Row, names: Iterable[str]) -> str | None:
    """Text of the first of these columns; RecordError when it is no text."""
    found = first_of(row, names)
    if found is None:
        return None
    if not isinstance(found[1], str):
        raise RecordError(f"{found[0]} is of type {type(found[1]).__name__}; expected text")
    return found[1]


def number_of(value: object, name: str, low: float = -math.inf, high: float = math.inf) -> float:
    """Finite number of a cell, within a range; RecordError when it is none."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if not (math.isfinite(number) and low <= number <= high):
        expected = "a number" if math.isinf(high) else f"a number from {low:g} to {high:g}"
        raise RecordError(f"{name} is {str(value)[:40]!r}; expected {expected}")
    return number


def labels_from(value: object, name: str) -> tuple[str, ...]:
    """Labels of a cell: a list (of words, or of objects with ``label``), or text as the benchmarks write it."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        value = [item["label"] if isinstance(item, Mapping) and "label" in item else item for item in value]
        if not all(isinstance(item, str) for item in value):
            raise RecordError(f"{name} holds what is no label; expected words")
    try:
        return tuple(parse_labels(value))
    except TypeError as error:
        raise RecordError(f"{name}: {error}") from error


def distribution_from(value: object, name: str) -> dict[str, float] | None:
    """Shares per class, summing to 1; None where all are 0.

    Classes go by the names of ``records.labels.EMOTIONS`` where they plainly mean one, else by their own.

    Examples
    --------
    >>> distribution_from({"happy": 3, "Anger": 1}, "crowd")
    {'happiness': 0.75, 'anger': 0.25}
    """
    if isinstance(value, str):
        value = _json_cell(value, name)
    if isinstance(value, list | tuple):
        pairs = [_labelled(item, name) for item in value]
    elif isinstance(value, Mapping):
        pairs = [(key, share) for key, share in value.items() if share is not None]
    else:
        raise RecordError(f"{name} is of type {type(value).__name__}; expected an object of class and share")
    shares: dict[str, float] = {}
    for key, share in pairs:
        word = " ".join(str(key).casefold().split())
        known = class_of(word) or word
        shares[known] = shares.get(known, 0.0) + number_of(share, f"{name}/{key}", 0)
    total = sum(shares.values())
    if not math.isfinite(total):
        raise RecordError(f"{name}: its shares are too large to be added")
    return {key: share / total for key, share in shares.items()} if total > _FINEST_SUM else None


def _labelled(item: object, name: str) -> tuple[str, Any]:
    if isinstance(item, Mapping) and isinstance(item.get("label"), str):
        return item["label"], item.get("probability", item.get("share"))
    raise RecordError(f"{name} holds {str(item)[:40]!r}; expected objects with label and probability")


def distribution_of(row: Row) -> dict[str, float] | None:
    """Return the distribution of a row: one column, or a column for each of at least two of the seven classes."""
    found = first_of(row, DISTRIBUTION_COLUMNS)
    if found is not None:
        return distribution_from(found[1], found[0])
    columns = {name: row[name] for name in EMOTIONS if name in row}
    return distribution_from(columns, "the columns of the classes") if len(columns) > 1 else None


def action_units_from(value: object, name: str) -> tuple[str, ...]:
    """FACS codes of a cell: a list, a code string (``1+4C+L12``), or an object of code and 0 or 1.

    A code that is none (a coder's slip of the pen) is left out, as long as others can be read.
    """
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        value = _json_cell(value, name)
    if isinstance(value, Mapping):
        return tuple(code for code, there in _coded(value, name).items() if there > 0)
    parts: list[Any] = re.split(r"[+,;\s]+", value.strip()) if isinstance(value, str) else _listed(value, name)
    words = [str(part).strip().removeprefix("AD") for part in parts if str(part).strip()]
    codes = tuple(word for word in words if parse_action_unit(word) is not None)
    if words and not codes and words not in (["0"], ["none"], ["neutral"]):
        raise RecordError(f"{name} is {str(value)[:40]!r}; expected FACS codes, as AU12 or 1+4C+L12")
    return codes


def intensities_from(value: object, name: str) -> dict[str, float]:
    """Intensities 0-5 per action unit (``AU12``) of a cell: an object, or codes with letters (``12C``)."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        value = _json_cell(value, name)
    if not isinstance(value, Mapping):
        raise RecordError(f"{name} is of type {type(value).__name__}; expected an object of code and intensity 0-5")
    found = _coded(value, name)
    for code, intensity in found.items():
        number_of(intensity, f"{name}/{code}", 0, 5)
    return found


def letter_intensities(codes: Iterable[str]) -> dict[str, float]:
    """Return the intensities that letters behind the codes say, the higher one where both sides are coded.

    Examples
    --------
    >>> letter_intensities(["L12C", "R12B", "4"])
    {'AU12': 3.0}
    """
    found: dict[str, float] = {}
    for code in codes:
        parsed, intensity = parse_action_unit(code), action_unit_intensity(code)
        if parsed is not None and intensity is not None:
            found[parsed[0]] = max(intensity, found.get(parsed[0], 0.0))
    return found


def _coded(value: Mapping[Any, Any], name: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for code, cell in value.items():
        parsed = parse_action_unit(str(code))
        if parsed is None:
            raise RecordError(f"{name} has {str(code)[:40]!r}; expected FACS codes, as AU12")
        if not is_nothing(cell):
            found[parsed[0]] = number_of(float(cell) if isinstance(cell, bool) else cell, f"{name}/{code}")
    return found


def _listed(value: object, name: str) -> list[Any]:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, int) and not isinstance(value, bool):
        return [value]  # "12" in a column of numbers
    if not isinstance(value, list | tuple):
        raise RecordError(f"{name} is of type {type(value).__name__}; expected FACS codes")
    return list(value)


def _json_cell(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise RecordError(f"{name} is {text[:40]!r}; expected JSON in the cell") from None
