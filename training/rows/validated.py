"""JSON value -> record, as ``records.convert.from_json`` does it, ten times faster for what needs no mending.

A data set of 10,000 rows would else spend a minute in a general validator before the first step. Schemas are compiled,
and what is valid and canonical already (as everything that this package wrote) is restored as it stands; anything else
takes the long way, which mends what other tools leave out and says what is wrong.
"""

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar, cast

from ...records import CueSet, TrainingRow
from ...records.convert import SCHEMA_NAMES, from_json, restore, schema
from ...records.labels import parse_action_unit

R = TypeVar("R", CueSet, TrainingRow)


def validated(value: object, cls: type[R]) -> R:
    """Record of class ``cls`` from a JSON value; the same record and the same errors as ``from_json``.

    Raises
    ------
    RecordError
        The value does not fit the schema, or cue ids are not unique.

    Examples
    --------
    >>> cue = {"id": "face1.AU12.1", "modality": "face", "code": "AU12"}
    >>> validated({"id": "a", "cueset": {"clip": {"id": "a.mp4"}, "cues": [cue]}}, TrainingRow).cueset.cues[0].code
    'AU12'
    """
    if isinstance(value, Mapping) and fits_schema(value, SCHEMA_NAMES[cls]) and _is_canonical(value, cls):
        return restore(value, cls)
    return from_json(value, cls)


def fits_schema(value: object, name: str) -> bool:
    """Whether a value surely fits a schema, by its compiled form; what does not is for ``records.convert.check``."""
    from fastjsonschema import JsonSchemaValueException

    try:
        _compiled(name)(value)
    except JsonSchemaValueException:
        return False
    return True


@cache
def _compiled(name: str) -> Callable[[Any], Any]:
    import fastjsonschema

    return cast("Callable[[Any], Any]", fastjsonschema.compile(_inlined(schema(name)), use_default=False))


def _inlined(part: Any) -> Any:
    """Return a schema with each ``{"$ref": "cue.json"}`` replaced by that schema; none of them refers to itself."""
    if isinstance(part, list):
        return [_inlined(item) for item in part]
    if not isinstance(part, dict):
        return part
    if isinstance(reference := part.get("$ref"), str):
        return _inlined(schema(reference.removesuffix(".json")))
    return {key: _inlined(item) for key, item in part.items() if key not in ("$id", "$schema", "title", "description")}


def _is_canonical(value: Mapping[str, Any], cls: type[CueSet] | type[TrainingRow]) -> bool:
    """Whether nothing is left out that ``from_json`` would fill in or check beyond the schema."""
    if cls is CueSet:
        return _is_canonical_cueset(value)
    reference = value.get("reference")
    nested = None if reference is None else reference.get("cueset")
    return _is_canonical_cueset(value["cueset"]) and (nested is None or _is_canonical_cueset(nested))


def _is_canonical_cueset(value: Mapping[str, Any]) -> bool:
    cues = value.get("cues") or ()
    return (
        isinstance(value["clip"], Mapping)
        and len({cue.get("id") for cue in cues}) == len(cues)
        and all(_is_canonical_cue(cue) for cue in cues)
    )


def _is_canonical_cue(cue: Mapping[str, Any]) -> bool:
    if not cue.get("id") or not cue.get("modality"):
        return False
    if cue["modality"] == "face":
        action_unit = parse_action_unit(cue["code"])
        if action_unit is not None and action_unit != (cue["code"], None):
            return False
    start, end = cue.get("start_s"), cue.get("end_s")
    return start is None or end is None or bool(start <= end)
