"""The answer's JSON Schema in the form that engines can enforce while a model writes.

It is ``records/schemas/answer.json`` in the few keywords that vLLM's grammars (outlines, xgrammar) and OpenAI's strict
mode all take: every key is required, in the contract's order; strings are bounded by ``pattern`` (``maxLength`` is not
in strict mode, and xgrammar takes no pattern beside it); no text runs on in white space. Whatever it allows is valid by
``answer.json``. Cue ids are those that were shown: an id that does not exist cannot be written.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final

from ...prompts.untrusted import shown_id
from ...records.convert import schema
from ...records.labels import EMOTIONS

#: Up to so many cue ids are listed one by one.
MOST_LISTED_IDS: Final = 200

# One character that is no white space, control, quotation mark or backslash: written in JSON as it stands.
_VISIBLE: Final = r'[^\x00-\x20"\\\x7f-\xa0\u2028\u2029\u3000]'
_ID: Final = r'^[^\x00-\x20"\\\[\],;\x7f-\xa0\u2028\u2029\u3000]{1,128}$'
# xgrammar 0.2.8 breaks on repetitions over 128 (mlc-ai/xgrammar#863).
_MOST_REPEATED: Final = 100
_COARSE_ITEMS: Final = 4
_COARSE_TEXT: Final = 60


def answer_schema(shown: Sequence[str], *, compounds: bool = False) -> dict[str, Any]:
    """Return the schema of the answer about one clip.

    Parameters
    ----------
    shown : sequence of str
        Ids of the cues in the prompt.
    compounds : bool
        Compound emotions were asked for.

    Examples
    --------
    >>> found = answer_schema(["face1.AU12.1"])
    >>> found["required"][:3], found["properties"]["labels"]["items"]["properties"]["cues"]["items"]
    (['labels', 'emotions', 'valence'], {'type': 'string', 'enum': ['face1.AU12.1']})
    """
    answer = _answer()
    fields = {name: field for name, field in answer["properties"].items() if compounds or name != "compounds"}
    fields = {name: _enforceable(field) for name, field in fields.items()}
    fields["emotions"]["minItems"] = len(EMOTIONS)
    labels = fields["labels"]["items"]["properties"]
    limits = answer["properties"]["labels"]["items"]["properties"]["cues"]
    ids = list(dict.fromkeys(name for name in map(shown_id, shown) if len(name) <= limits["items"]["maxLength"]))
    labels["cues"] = _cues(ids, limits["maxItems"])
    return _object(fields)


@cache
def _answer() -> dict[str, Any]:
    return schema("answer")


def _enforceable(value: Mapping[str, Any]) -> dict[str, Any]:
    """Rewrite one field of ``answer.json``."""
    kind = value.get("type")
    if isinstance(kind, list):
        rest = {name: item for name, item in value.items() if name != "type"}
        return {"anyOf": [_enforceable({"type": one, **(rest if one == "string" else {})}) for one in kind]}
    if kind == "object":
        return _object({name: _enforceable(field) for name, field in value["properties"].items()})
    if kind == "array":
        return {"type": "array", "items": _enforceable(value["items"]), "maxItems": value["maxItems"]}
    if "enum" in value:
        return {"type": "string", "enum": list(value["enum"])}
    if kind == "string":
        return {"type": "string", "pattern": value.get("pattern") or _text(value["maxLength"])}
    return dict(value)


def _object(fields: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": fields, "required": list(fields), "additionalProperties": False}


def _text(longest: int) -> str:
    """Pattern of a text that is not empty, of at most so many characters: each visible one, one space behind it."""
    visible = longest // 2
    parts = [min(_MOST_REPEATED, visible - begun) for begun in range(0, visible, _MOST_REPEATED)]
    first, *others = parts
    return f"^({_VISIBLE} ?){{1,{first}}}" + "".join(f"({_VISIBLE} ?){{0,{part}}}" for part in others) + "$"


def _cues(ids: list[str], most: int) -> dict[str, Any]:
    if len(ids) > MOST_LISTED_IDS:
        return {"type": "array", "items": {"type": "string", "pattern": _ID}, "maxItems": most}
    if not ids:
        return {"type": "array", "items": {"type": "string", "pattern": _ID}, "maxItems": 0}
    return {"type": "array", "items": {"type": "string", "enum": ids}, "maxItems": most}


def coarse(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a coarser schema for grammars that unroll every repetition and know no ranges of numbers (outlines).

    Numbers come in steps of a hundredth: outlines passes ``minimum`` and ``maximum`` over, and digits would never end.
    Lists and texts are shorter, so that the automaton stays small; it still takes a vocabulary of a few thousand
    tokens at most (10,000 states). What it allows, the schema allows.

    Examples
    --------
    >>> coarse({"type": "number", "minimum": 0, "maximum": 1})["enum"][:3]
    [0.0, 0.01, 0.02]
    """
    coarser: dict[str, Any] = _coarse(schema)
    return coarser


def _coarse(value: Any) -> Any:
    if isinstance(value, list):
        return [_coarse(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if value.get("type") == "number" and "minimum" in value and "maximum" in value:
        steps = range(round(value["minimum"] * 100), round(value["maximum"] * 100) + 1)
        return {"type": "number", "enum": [step / 100 for step in steps]}
    coarser = {key: _coarse(item) for key, item in value.items()}
    if "maxItems" in coarser:
        coarser["maxItems"] = max(min(coarser["maxItems"], _COARSE_ITEMS), coarser.get("minItems", 0))
    if _VISIBLE in coarser.get("pattern", "") and coarser["pattern"] != _ID:
        coarser["pattern"] = _text(_COARSE_TEXT)
    return coarser
