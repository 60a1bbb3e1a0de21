"""Record <-> JSON value, checked against the JSON Schemas at the boundary.

``from_json`` accepts what other tools and human coders write (ids and optional keys absent or null, FACS codes in
any spelling, the clip as a bare string) and ``to_json`` writes one canonical form; record -> JSON -> record is exact.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, TypeVar, cast

import cattrs
from cattrs.gen import make_dict_unstructure_fn, override

from ..errors import RecordError
from .clip import Clip
from .cue import Cue, CueSet
from .curve import Curve
from .explanation import Explanation
from .labels import action_unit_intensity, parse_action_unit
from .reference import Reference
from .row import TrainingRow
from .score import Score

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

R = TypeVar("R")

#: Values in these may be null: parts of a score, how a model was run, where a row comes from.
_MAY_BE_NULL = frozenset(("parts", "generation", "origin"))

#: What an id may not hold: ids are cited in square brackets, separated by commas.
_NOT_IN_IDS = re.compile(r"[\s\[\],;]")

#: Record class -> its schema in ``records/schemas``.
SCHEMA_NAMES: dict[type, str] = {
    Clip: "clip",
    CueSet: "cueset",
    Curve: "curve",
    Explanation: "explanation",
    Reference: "reference",
    TrainingRow: "row",
    Score: "score",
}


@cache
def schema(name: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) ``records/schemas/{name}.json``."""
    text = (resources.files(__package__) / "schemas" / f"{name}.json").read_text(encoding="utf-8")
    return cast("dict[str, Any]", json.loads(text))


@cache
def _validator(name: str) -> "Validator":
    from jsonschema import Draft202012Validator
    from referencing import Registry
    from referencing.jsonschema import DRAFT202012

    parts = ("clip", "cue", "gap", "claim", "cueset", "reference")
    registry: Registry[Any] = Registry().with_resources(
        [(f"{part}.json", DRAFT202012.create_resource(schema(part))) for part in parts]
    )
    return Draft202012Validator(schema(name), registry=registry)


def check(value: Any, name: str) -> None:
    """Check a JSON value against ``records/schemas/{name}.json``.

    Raises
    ------
    RecordError
        Names the place in the value (``cues/3/confidence``), what was found and what was expected.
    """
    from jsonschema.exceptions import best_match

    error = best_match(_validator(name).iter_errors(value))
    if error is not None:
        place = "/".join(str(step) for step in error.absolute_path) or "the top level"
        message = error.message if len(error.message) <= 200 else error.message[:197] + "..."
        raise RecordError(f"not a valid {name}: at {place}: {message}")


def parse_json(data: bytes) -> Any:
    """JSON value of untrusted bytes: UTF-8, finite numbers only, text that can be written again.

    Raises
    ------
    RecordError
        Says what is wrong, in one line.
    """
    try:
        text = data.decode("utf-8-sig")
        value = json.loads(text, parse_constant=_finite, parse_float=_finite)
        if "\\ud" in text.lower():
            json.dumps(value, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise RecordError(f"not UTF-8 text ({error.reason}); expected one JSON object") from error
    except UnicodeEncodeError as error:
        raise RecordError("text with half a surrogate pair (\\ud800 … \\udfff) is no valid text") from error
    except (ValueError, RecursionError) as error:
        reason = "a number has too many digits" if "digits" in str(error) else str(error)
        raise RecordError(f"not JSON ({reason}); expected one JSON object") from error
    return value


def _finite(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise RecordError(f"{literal[:20]} is not a number that JSON can hold; leave the value out or write null")
    return number


@cache
def _converter() -> cattrs.Converter:
    converter = cattrs.Converter(forbid_extra_keys=False)
    # Marks have a default and are rare: leaving the empty ones out keeps cue files short.
    converter.register_unstructure_hook(
        Cue, make_dict_unstructure_fn(Cue, converter, marks=override(omit_if_default=True))
    )
    # The parts of a score, and how a model was run, are what the schema admits: numbers, words or null.
    converter.register_structure_hook(float | str | None, lambda value, _: value)
    converter.register_structure_hook(float | int | str | None, lambda value, _: value)
    return converter


def to_json(record: object) -> dict[str, Any]:
    """JSON value (dict of str, numbers, lists, None) of a record."""
    return cast("dict[str, Any]", _plain(_converter().unstructure(record)))


def _plain(value: Any) -> Any:
    """Tuples become lists: the value equals what ``json.loads(json.dumps(value))`` gives."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def from_json(value: object, cls: type[R]) -> R:
    """Record of class ``cls`` from a JSON value, checked against its schema.

    Raises
    ------
    RecordError
        The value does not fit the schema, or cue ids are not unique.
    """
    check(value, SCHEMA_NAMES[cls])
    mapping = cast("Mapping[str, Any]", value)
    if cls is CueSet:
        mapping = _canonical_cueset(mapping)
    elif cls in (Reference, TrainingRow) and mapping.get("cueset") is not None:
        mapping = {**mapping, "cueset": _canonical_cueset(mapping["cueset"])}
    try:
        return _converter().structure(_without_nulls(mapping), cls)
    except (
        cattrs.BaseValidationError,
        ValueError,
        TypeError,
    ) as error:  # pragma: no cover - schema is stricter
        raise RecordError(f"not a valid {SCHEMA_NAMES[cls]}: {error}") from error


def restore(value: Mapping[str, Any], cls: type[R]) -> R:
    """Record of class ``cls`` from what :func:`to_json` made and this program kept: unchecked, and ten times faster.

    For anything that came from elsewhere: :func:`from_json`.
    """
    return _converter().structure(_without_nulls(value), cls)


def _without_nulls(value: Any) -> Any:
    """Drop nulls: null means the same as absent, the record's defaults speak (but in ``_MAY_BE_NULL``)."""
    if isinstance(value, Mapping):
        return {
            key: item if key in _MAY_BE_NULL else _without_nulls(item)
            for key, item in value.items()
            if item is not None
        }
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _canonical_cueset(value: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in what other tools leave out: clip as an object, modality, canonical FACS codes, unique ids."""
    clip = value["clip"]
    raw_cues = value.get("cues") or []
    cues = [_canonical_cue(cue) for cue in raw_cues]
    taken = Counter(cue["id"] for cue in cues if cue.get("id"))
    repeated = [cue_id for cue_id, count in taken.items() if count > 1]
    if repeated:
        raise RecordError(
            f"not a valid cueset: cue ids must be unique, {repeated[0]!r} occurs {taken[repeated[0]]} times"
        )
    numbers: Counter[str] = Counter()
    for cue in cues:
        while not cue.get("id"):
            stem = _NOT_IN_IDS.sub("_", f"{cue.get('subject') or cue['modality']}.{cue['code']}")
            numbers[stem] += 1
            candidate = f"{stem}.{numbers[stem]}"
            if candidate not in taken:
                cue["id"] = candidate
    return {**value, "clip": {"id": clip} if isinstance(clip, str) else clip, "cues": cues}


def _canonical_cue(cue: Mapping[str, Any]) -> dict[str, Any]:
    canonical = {key: item for key, item in cue.items() if item is not None}
    action_unit = parse_action_unit(cue["code"]) if cue.get("modality") in ("face", None) else None
    if action_unit is not None:
        canonical["code"], side = action_unit
        if side is not None:
            canonical.setdefault("side", side)
        if (intensity := action_unit_intensity(cue["code"])) is not None and "value" not in canonical:
            canonical |= {"value": intensity, "unit": "0-5"}
    if "modality" not in canonical:
        if action_unit is None:
            raise RecordError(f"not a valid cueset: cue {cue['code']!r} has no modality and is no FACS action unit")
        canonical["modality"] = "face"
    if canonical.get("start_s", 0) > canonical.get("end_s", float("inf")):
        raise RecordError(
            f"not a valid cueset: cue {cue['code']!r} ends ({canonical['end_s']} s) before it starts "
            f"({canonical['start_s']} s)"
        )
    return canonical
