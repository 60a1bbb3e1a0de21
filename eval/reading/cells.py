"""Cells of a row as values: labels, classes, shares of raters, action units. Bad ones cost their row (RecordError)."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ...errors import RecordError
from ...records.labels import EMOTIONS, action_unit_intensity, parse_action_unit
from ...rewards.classes import class_of
from ...rewards.labels import parse_labels
from .rows import Row, first_of, is_nothing, number_of

LABEL_COLUMNS: Final = ("labels", "open_vocab_labels", "openset", "ov_labels")
EMOTION_COLUMNS: Final = ("emotion", "label", "class", "prediction", "discrete")
DISTRIBUTION_COLUMNS: Final = ("distribution", "crowd", "emotions")
ACTION_UNIT_COLUMNS: Final = ("action_units", "facs", "aus")
INTENSITY_COLUMNS: Final = ("intensities", "au_intensities")

_FINEST_SUM: Final = 1e-9


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


def labels_in(row: Row, name: str) -> tuple[str, ...] | None:
    """Labels of a column, each once; None where the row has none.

    Examples
    --------
    >>> labels_in({"openset": "[happy, proud, happy]"}, "openset"), labels_in({}, "openset")
    (('happy', 'proud'), None)
    """
    return tuple(dict.fromkeys(filter(None, labels_from(row[name], name)))) if name in row else None


def emotion_from(word: str | None) -> str | None:
    """Class that a label plainly names, else the label as it stands: *frustrated* is none of the seven.

    Examples
    --------
    >>> emotion_from("Joy"), emotion_from("frustrated"), emotion_from(None)
    ('happiness', 'frustrated', None)
    """
    if word is None:
        return None
    return class_of(word) or " ".join(word.casefold().split()) or None


def distribution_from(value: object, name: str, *, closed: bool = False) -> dict[str, float] | None:
    """Shares per class, summing to 1; None where all are 0.

    Classes go by the names of ``records.labels.EMOTIONS`` where they plainly mean one, else by their own; ``closed``:
    others are refused.

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
        if closed and known not in EMOTIONS:
            raise RecordError(f"{name} has {str(key)[:40]!r}; expected classes: {', '.join(EMOTIONS)}")
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
    return _coded(value, name, 0, 5)


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


def _coded(value: Mapping[Any, Any], name: str, low: float = -math.inf, high: float = math.inf) -> dict[str, float]:
    found: dict[str, float] = {}
    for code, cell in value.items():
        parsed = parse_action_unit(str(code))
        if parsed is None:
            raise RecordError(f"{name} has {str(code)[:40]!r}; expected FACS codes, as AU12")
        if not is_nothing(cell):
            found[parsed[0]] = number_of(float(cell) if isinstance(cell, bool) else cell, f"{name}/{code}", low, high)
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
